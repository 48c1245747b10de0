# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# 50,000 idle keep-alive connections: a normal client notices nothing
. "$top/test/scenario/pressure.sh"
extra='limits: { tcp_connections = 131072; client_connections = 0; };'
TOPO_NGINX_CONNS=16384
play() {
	pressure_begin
	normal_start
	crowd_start idle 50000 $crowd_sources 10.96.190.18 80 /simple/nginx simple.baihl.io
	wait_until 150 crowd_is answered 50000 || fail "$(tail -n 1 "$TOPO_DIR/crowd.log")"
	sleep 2
	normal_stop
	crowd_say
	say http_downstream_cx_active tcp_conns
	report "buffers free $(field mbufs_free), when idle $free_before"
	[ "$(counter http_downstream_cx_active)" -ge 50000 ] || fail "connections were lost"
	topo_stop $crowd_pid
	back_to_normal 15
}
