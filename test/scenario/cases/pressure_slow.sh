# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# 10,000 slow readers of 1 MiB each: a normal client notices nothing
. "$top/test/scenario/pressure.sh"
extra='limits: { client_connections = 0; };'
TOPO_NGINX_CONNS=16384 TOPO_NGINX_EXTRA="open_file_cache max=16;"
play() {
	dd if=/dev/urandom of="$TOPO_DIR/www/big" bs=1M count=1 status=none
	chmod a+r "$TOPO_DIR/www/big"
	expect 200 "$(status $vip/simple/nginx)"
	pressure_begin
	# From an endpoint that the crowd leaves alone: 10,000 answers of a mebibyte keep one busy.
	normal_start /simple/httpserver
	crowd_start slow 10000 $crowd_sources 10.96.190.18 80 /simple/nginx/big simple.baihl.io
	# A loaded machine takes its time to open them all. Buffers do not suffice for all: those that
	# pin most of them may be gone then, the others not.
	wait_until 90 crowd_is answered 8000 || fail "$(tail -n 1 "$TOPO_DIR/crowd.log")"
	sleep 10
	normal_stop
	crowd_say
	say http_downstream_cx_active http_upstream_cx_active http_buffers_exhausted http_rq_5xx
	report "buffers free $(field mbufs_free), when idle $free_before"
	report "shed: tcp_rst_out $(counter tcp_rst_out); tcp_no_buffers $(ctl drops -o json | jget "sum(r['count'] for r in d if r['reason'] == 'tcp_no_buffers')")"
	crowd_is open 6000 || fail "$(tail -n 1 "$TOPO_DIR/crowd.log")"
	topo_stop $crowd_pid
	back_to_normal 20
}
