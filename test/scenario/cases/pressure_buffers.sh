# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# 4,096 buffers, 300 slow readers: ping, ARP and new connections go on, and all comes back
. "$top/test/scenario/pressure.sh"
memory=64M TOPO_MEMORY_EXTRA="mbufs = 4096;"
play() {
	dd if=/dev/urandom of="$TOPO_DIR/www/big" bs=1M count=1 status=none
	chmod a+r "$TOPO_DIR/www/big"
	pressure_begin
	normal_start
	crowd_start slow 300 $crowd_sources 10.96.190.18 80 /simple/nginx/big simple.baihl.io
	sleep 4
	in_client ip neigh flush dev c0
	in_client ping -q -c 20 -i 0.05 -W 2 192.0.2.1 >"$TOPO_DIR/ping" || fail "$(cat "$TOPO_DIR/ping")"
	expect_in "$(cat "$TOPO_DIR/ping")" ' 0% packet loss'
	sleep 2
	normal_stop
	crowd_say
	say http_downstream_cx_active tcp_rst_out
	report "buffers free $(field mbufs_free) of $(field mbufs_total)"
	[ "$(counter tcp_rst_out)" -gt 0 ] || fail "nothing was shed"
	topo_stop $crowd_pid
	back_to_normal 15
}
