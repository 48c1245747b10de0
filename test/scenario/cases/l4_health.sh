# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# L4 services heed health: UDP moves off an endpoint that dies, its TCP is reset; draining keeps both
bare=yes workers=2
extra=$(cat <<'C'
clusters = (
	{ name = "echo"; policy = "round_robin"; endpoints = [ "10.10.1.13:7777", "10.10.1.14:7777" ];
	  health_check: { kind = "tcp"; interval = "200ms"; timeout = "150ms"; unhealthy = 2; healthy = 2; }; } );
services = (
	{ name = "t"; address = "10.96.7.8"; port = 7; cluster = "echo"; },
	{ name = "u"; address = "10.96.7.8"; port = 7; protocol = "udp"; cluster = "echo"; } );
C
)
at() { ctl sessions --count --endpoint 10.10.1.$1:7777 --proto $2; }

play() {
	local i tcp udp
	for i in 13 14; do
		topo_spawn server$i.log backend "$TOPO_BIN/test/peers/numbered" server 10.10.1.$i 7777
		eval "server_$i=$topo_pid"
	done
	wait_until 10 eval '[ "$(ctl pc endpoint --status HEALTHY | grep -c "OK.*echo")" = 2 ]'
	# 20 TCP and 20 UDP sessions, a number each 50 ms.
	topo_spawn numbered.log client "$TOPO_BIN/test/peers/numbered" client 10.96.7.8 7 40 50 8 2
	client_pid=$topo_pid
	wait_until 10 grep -q open "$TOPO_DIR/numbered.log"
	wait_until 5 eval '[ "$(ctl sessions --count)" = 40 ]'
	tcp=$(at 14 tcp) udp=$(at 14 udp)
	if [ "$tcp" -lt 5 ] || [ "$udp" -lt 5 ]; then
		fail "$tcp TCP and $udp UDP sessions of 20 at the second endpoint"
	fi
	ctl endpoint drain 10.10.1.14:7777
	sleep 0.5
	expect "$tcp $udp" "$(at 14 tcp) $(at 14 udp)" "sessions of a drained endpoint"
	ctl endpoint undrain 10.10.1.14:7777
	kill -9 $server_14
	wait_until 5 eval '[ "$(at 14 udp)" = 0 ]'
	wait_until 3 eval '[ "$(ctl sessions --count --endpoint 10.10.1.14:7777 --proto tcp --state ESTABLISHED)" = 0 ]'
	[ "$(at 13 udp)" -ge 20 ] || fail "only $(at 13 udp) UDP sessions at the one that lives"
	expect $((20 - tcp)) "$(ctl sessions --count --endpoint 10.10.1.13:7777 --proto tcp --state ESTABLISHED)" "TCP sessions there"
	[ "$(counter nat_endpoint_dead)" -ge $udp ] || fail "sessions of the dead were not counted"
	wait "$client_pid" || true
	report "$(tail -n 1 "$TOPO_DIR/numbered.log")"
}
