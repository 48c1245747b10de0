# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# Hosts of the cluster side reach the outside from our address: curl, ping, UDP, errors
bare=yes
extra='egress = ( { from = "10.10.0.0/16"; } );'

play() {
	local i
	in_backend ip route add 192.0.2.0/24 via 10.10.1.4
	mkdir -p "$TOPO_DIR/files"
	head -c 5000000 /dev/urandom >"$TOPO_DIR/files/big"
	topo_spawn web.log client /usr/bin/python3 -u -m http.server --bind 192.0.2.10 --directory "$TOPO_DIR/files" 8081
	topo_spawn udp.log client "$top/test/peers/udpecho" 192.0.2.10 7777
	wait_until 10 in_client curl -s -o /dev/null http://192.0.2.10:8081/
	expect "$(sha256sum <"$TOPO_DIR/files/big")" \
		"$(in_backend curl -sS -m 60 --interface 10.10.1.13 http://192.0.2.10:8081/big | sha256sum)"
	expect_in "$(cat "$TOPO_DIR/web.log")" '^192.0.2.1 .*GET /big'
	for i in 13 14; do
		in_backend ping -q -c 3 -i 0.2 -W 2 -I 10.10.1.$i 192.0.2.10 >"$TOPO_DIR/ping"
		expect_in "$(cat "$TOPO_DIR/ping")" '3 packets transmitted, 3 received'
	done
	if [ "$kind" = tap ]; then
		expect_in "$(in_backend ping -q -c 2 -i 0.2 -W 2 -s 4000 192.0.2.10)" '2 packets transmitted, 2 received'
	fi
	expect_in "$(in_backend ping -c 1 -W 2 -t 1 192.0.2.10 || true)" 'From 10.10.1.4 .*Time to live exceeded'
	for i in 1 2 3; do
		expect "datagram $i" "$(in_backend "$top/test/peers/udpask" 192.0.2.10 7777 "datagram $i")" "UDP echo"
	done
	refused backend 192.0.2.10 99
	expect_in "$(ctl sessions)" '^icmp +ECHO +10.10.1.13:[0-9]+ +192.0.2.10:0 +192.0.2.1:[0-9]+ +192.0.2.10:0'
	[ "$(ctl sessions --count --proto icmp --state ECHO)" -ge 3 ] || fail "sessions of echo are missing"
	# What the box doesn't let out, and what it doesn't let in.
	! in_client ping -q -c 1 -W 1 10.10.1.13 >/dev/null || fail "the cluster side was reached from outside"
	[ "$(counter nat_created)" -ge 8 ] || fail "sessions were not counted"
}
