# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# A router that advertises itself is the way to IPv6 clients beyond the link, for as long as it says
export TOPO_V6=yes
TOPO_CLIENT_EXTRA='router_advertisements = true;'
extra='listeners = ( { name = "web6"; address = "::"; port = 8086; hosts = ( { name = "all"; domains = [ "*" ];
  routes = ( { match = { prefix = "/"; }; cluster = "nginx"; } ); } ); } );
clusters = ( { name = "nginx"; endpoints = [ "10.10.1.14:80" ]; } );'
url='http://[2001:db8:1::1]:8086/'
far=2001:db8:77::1

far_answers() { in_client curl -s -m 2 -o /dev/null --interface $far -H "$host" $url; }
far_is_cut_off() { ! far_answers; }
routers() { [ "$(counter ra_routers)" = "$1" ]; }

play() {
	local router answer
	in_client ip addr add $far/128 dev lo nodad
	expect 200 "$(status $url)" "a client on the link"
	far_is_cut_off || fail "a way was there before anyone said so"
	topo_spawn router.log client "$top/test/peers/router" c0 3 1400
	router=$topo_pid
	wait_until 5 routers 1 || fail "the router was not learned"
	answer=$(in_client curl -sS -m 10 --interface $far -o /dev/null -w '%{http_code}' -H "$host" \
		$url)
	expect 200 "$answer" "a client beyond the router"
	# Longer than the lifetime: each word of it begins anew.
	sleep 4
	far_answers || fail "lost while the router was still there"
	# And no packet is larger than it says the link carries.
	in_client timeout 5 tcpdump -i c0 -n -c 1 'ip6 src 2001:db8:1::1 and greater 1415' >"$TOPO_DIR/large" 2>/dev/null &
	head -c 100000 /dev/urandom >"$TOPO_DIR/www/big"
	chmod a+r "$TOPO_DIR/www/big"
	in_client curl -sS -m 10 --interface $far -o /dev/null -H "$host" ${url}big
	wait $! || true
	expect 0 "$(grep -c IP6 "$TOPO_DIR/large" || true)" "packets above the advertised MTU"
	topo_stop $router
	wait_until 6 routers 0 || fail "a silent router is still believed"
	far_is_cut_off || fail "a way is left behind the router's lifetime"
	report "advertisements taken $(counter ra_taken), lost in ports $(lost_before)"
}
