# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# A backend port with a smaller MTU: too big is told from our address and heeded by clients
bare=yes
export TOPO_V6=yes TOPO_BACKEND_EXTRA='mtu = 1400;'
extra=$(cat <<'C'
listeners = ( { name = "web"; address = "0.0.0.0"; port = 8080;
  hosts = ( { name = "all"; domains = [ "*" ]; routes = ( { cluster = "http"; } ); } ); } );
clusters = ( { name = "http"; endpoints = [ "10.10.1.13:80" ]; },
             { name = "echo"; endpoints = [ "10.10.1.13:7" ]; },
             { name = "echo6"; endpoints = [ "[2001:db8:2::13]:7" ]; } );
services = ( { name = "web"; address = "10.96.8.8"; port = 80; listener = "web"; },
             { name = "l4"; address = "10.96.8.9"; port = 80; cluster = "http"; },
             { name = "udp"; address = "10.96.8.9"; port = 7; protocol = "udp"; cluster = "echo"; },
             { name = "udp6"; address = "fd00:10:96::89"; port = 7; protocol = "udp"; cluster = "echo6"; } );
C
)

probe() { in_client "$top/test/peers/probe" "$@"; }

play() {
	local url
	ip -n "$TOPO-backend" link set b0 mtu 1400
	topo_spawn echo.log backend "$top/test/peers/udpecho" 10.10.1.13 7
	topo_spawn echo.log backend "$top/test/peers/udpecho" 2001:db8:2::13 7
	wait_until 5 in_backend "$top/test/peers/udpask" 10.10.1.13 7 ready
	wait_until 5 in_backend "$top/test/peers/udpask" 2001:db8:2::13 7 ready
	expect "10.96.8.9 answered" "$(probe udp 10.96.8.9 7 64 1372)" "IPv4 that fits"
	expect "192.0.2.1 mtu 1400" "$(probe udp 10.96.8.9 7 64 1373)" "IPv4"
	expect "fd00:10:96::89 answered" "$(probe udp fd00:10:96::89 7 64 1352)" "IPv6 that fits"
	expect "2001:db8:1::1 mtu 1400" "$(probe udp fd00:10:96::89 7 64 1353)" "IPv6"
	expect_in "$(ip -n "$TOPO-client" route get 10.96.8.9)" 'mtu 1400'
	expect_in "$(ip -n "$TOPO-client" -6 route get fd00:10:96::89)" 'mtu 1400'
	head -c 300000 /dev/urandom >"$TOPO_DIR/big"
	for url in http://10.96.8.8/ http://10.96.8.9/; do
		expect_in "$(in_client curl -sS -m 10 --data-binary @"$TOPO_DIR/big" $url)" \
			"^300000 $(sha256sum <"$TOPO_DIR/big" | cut -d' ' -f1)"
	done
}
