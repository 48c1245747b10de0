# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# NAT64: IPv6 clients reach IPv4 endpoints, TCP and UDP, a large file, errors
bare=yes workers=2
export TOPO_V6=yes
extra=$(cat <<'C'
clusters = ( { name = "nginx"; endpoints = [ "10.10.1.14:80" ]; },
             { name = "echo"; endpoints = [ "10.10.1.13:7777" ]; },
             { name = "nobody"; endpoints = [ "10.10.1.13:7778" ]; } );
services = ( { name = "t"; address = "fd00:10:96::19"; port = 80; cluster = "nginx"; },
             { name = "u"; address = "fd00:10:96::19"; port = 7; protocol = "udp"; cluster = "echo"; },
             { name = "n"; address = "fd00:10:96::19"; port = 8; protocol = "udp"; cluster = "nobody"; } );
C
)
play() {
	local i
	topo_spawn udp.log backend "$top/test/peers/udpecho" 10.10.1.13 7777
	expect_in "$(in_client curl -sS -m 5 'http://[fd00:10:96::19]/')" 'Welcome to nginx'
	head -c 5000000 /dev/urandom >"$TOPO_DIR/www/big"
	chmod a+r "$TOPO_DIR/www/big"
	for i in 1 2 3; do
		expect "$(sha256sum <"$TOPO_DIR/www/big")" "$(in_client curl -sS -m 60 'http://[fd00:10:96::19]/big' | sha256sum)"
	done
	for i in 1 2 3; do
		expect "datagram $i" "$(in_client "$top/test/peers/udpask" fd00:10:96::19 7 "datagram $i")" "UDP echo"
	done
	expect_in "$(in_client "$top/test/peers/udpask" fd00:10:96::19 8 x 2>&1 || true)" 'Connection refused'
	expect_in "$(ctl sessions --proto tcp)" '\[2001:db8:1::10\]:[0-9]+ +\[fd00:10:96::19\]:80 +10.10.1.4:[0-9]+ +10.10.1.14:80'
}
