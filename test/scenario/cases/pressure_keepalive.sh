# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# 10,000 idle keep-alive connections: a normal client notices nothing, and what they take is printed
. "$top/test/scenario/pressure.sh"
extra='limits: { client_connections = 0; };'
TOPO_NGINX_CONNS=16384
rss() { awk '/^VmRSS/ { print $2 }' "/proc/$sluiced_pid/status"; }
play() {
	local before
	pressure_begin
	before=$(rss)
	normal_start
	crowd_start idle 10000 $crowd_sources 10.96.190.18 80 /simple/nginx simple.baihl.io
	wait_until 60 crowd_is answered 10000 || fail "$(tail -n 1 "$TOPO_DIR/crowd.log")"
	sleep 2
	report "10,000 idle: $(($(rss) - before)) KiB more of resident memory, buffers free $(field mbufs_free) of $free_before"
	normal_stop
	crowd_say
	[ "$(counter http_downstream_cx_active)" -ge 10000 ] || fail "connections were lost"
	topo_stop $crowd_pid
	back_to_normal 15
}
