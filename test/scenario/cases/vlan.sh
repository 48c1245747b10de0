# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# Ports in VLANs of one device, on both sides and in both families; other VLANs and MACs dropped
bare=yes
export TOPO_V6=yes
vlan_ports() {
	export TOPO_PORTS_EXTRA=",
  { name = \"client7\"; kind = \"$kind\"; device = \"sl-c0\"; vlan = 7; addresses = [ \"192.0.7.1/24\", \"2001:db8:7::1/64\" ]; },
  { name = \"backend9\"; kind = \"$kind\"; device = \"sl-b0\"; vlan = 9; mac = \"02:00:00:00:09:09\";
    addresses = [ \"10.10.9.4/24\", \"2001:db8:9::4/64\" ]; }"
}
vlan_ports
extra=$(cat <<'C'
listeners = ( { name = "web"; address = "0.0.0.0"; port = 8080;
  hosts = ( { name = "simple"; domains = [ "simple.baihl.io" ];
    routes = ( { match = { prefix = "/tagged"; }; rewrite = "/"; cluster = "tagged"; },
               { match = { prefix = "/six"; }; rewrite = "/"; cluster = "tagged6"; },
               { match = { prefix = "/plain"; }; rewrite = "/"; cluster = "plain"; } ); } ); } );
clusters = ( { name = "tagged"; endpoints = [ "10.10.9.13:80" ]; },
             { name = "tagged6"; endpoints = [ "[2001:db8:9::13]:80" ]; },
             { name = "plain"; endpoints = [ "10.10.1.14:80" ]; } );
services = ( { name = "vip"; address = "10.96.190.18"; port = 80; listener = "web"; },
             { name = "vip6"; address = "fd00:10:96::18"; port = 80; listener = "web"; },
             { name = "vip7"; address = "10.97.0.1"; port = 80; listener = "web"; },
             { name = "l4"; address = "10.97.0.1"; port = 8000; cluster = "tagged"; },
             { name = "l4v6"; address = "fd00:10:97::1"; port = 8000; cluster = "tagged6"; },
             { name = "vip7v6"; address = "fd00:10:97::1"; port = 80; listener = "web"; } );
C
)

# vlan_peer SIDE INTERFACE TAP VLAN ADDRESS...
vlan_peer() {
	local side=$1 tap=$3 a
	topo_spawn vlan.log $side "$top/test/peers/vlanpeer" $2 $tap $4
	wait_until 10 ip -n "$TOPO-$side" link show $tap
	shift 4
	for a in "$@"; do
		if [[ $a = *:* ]]; then a+=" nodad"; fi
		ip -n "$TOPO-$side" addr add $a dev $tap
	done
	ip -n "$TOPO-$side" link set $tap up
}

drops_of() { ctl drops -o json | jget "sum(r['count'] for r in d if r['reason'] == '$1')"; }

vlan_http() {
	local url path
	for url in $vip http://10.97.0.1 http://192.0.7.1:8080 'http://[fd00:10:96::18]' 'http://[fd00:10:97::1]'; do
		for path in tagged six; do
			expect_in "$(get $url/$path)" '^GET / HTTP/1.1'
		done
		expect_in "$(get $url/plain)" 'Welcome to nginx'
	done
	for url in 'http://10.97.0.1:8000' 'http://[fd00:10:97::1]:8000'; do
		expect_in "$(in_client curl -sS -m 5 $url/l4)" '^GET /l4 HTTP/1.1'
	done
	expect "$(sha256sum <"$TOPO_DIR/www/big")" "$(get http://10.97.0.1/plain/big | sha256sum)"
	expect_in "$(head -c 1000000 "$TOPO_DIR/www/big" | get http://10.97.0.1/tagged --data-binary @-)" \
		"$(head -c 1000000 "$TOPO_DIR/www/big" | sha256sum | cut -d' ' -f1)"
}

vlan_drops() {
	local before
	vlan_peer client c0 v8 8 192.0.8.10/24
	before=$(drops_of eth_vlan)
	in_client ping -c 2 -i 0.2 -W 1 192.0.8.1 >/dev/null && fail "an answer from VLAN 8"
	[ "$(drops_of eth_vlan)" -gt "$before" ] || fail "frames of VLAN 8 were not counted"
	before=$(drops_of eth_not_ours)
	ip -n "$TOPO-client" neigh replace 192.0.7.99 lladdr 02:00:00:00:99:99 dev v7
	in_client ping -c 2 -i 0.2 -W 1 192.0.7.99 >/dev/null && fail "an answer for another MAC"
	[ "$(drops_of eth_not_ours)" -ge $((before + 2)) ] || fail "frames for another MAC were not counted"
}

play() {
	head -c 2000000 /dev/urandom >"$TOPO_DIR/www/big"
	chmod a+r "$TOPO_DIR/www/big"
	vlan_peer client c0 v7 7 192.0.7.10/24 2001:db8:7::10/64
	vlan_peer backend b0 v9 9 10.10.9.13/24 2001:db8:9::13/64
	ip -n "$TOPO-client" route add 10.97.0.0/16 via 192.0.7.1
	ip -n "$TOPO-client" route add fd00:10:97::/64 via 2001:db8:7::1
	topo_spawn h9.log backend "$top/test/peers/httpserver" 10.10.9.13 80
	topo_spawn h96.log backend "$top/test/peers/httpserver" 2001:db8:9::13 80
	in_client ping -c 2 -i 0.2 -W 2 192.0.7.1 >/dev/null
	in_client ping -c 2 -i 0.2 -W 2 -s 1472 192.0.7.1 >/dev/null
	in_client ping -c 2 -i 0.2 -W 2 -s 1452 2001:db8:7::1 >/dev/null
	in_backend ping -c 2 -i 0.2 -W 2 10.10.9.4 >/dev/null
	in_client ping -c 1 -W 2 192.0.2.1 >/dev/null
	if [ "$kind" = tap ]; then in_client ping -c 2 -i 0.2 -W 2 -s 8000 192.0.7.1 >/dev/null; fi
	vlan_http
	vlan_drops
}
