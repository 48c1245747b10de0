# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# Listeners, clusters, services and node ports of IPv6 said natively in sluice.conf
bare=yes
export TOPO_V6=yes
export TOPO_NGINX_EXTRA='listen [2001:db8:2::14]:80 backlog=4096;'
extra=$(cat <<'C'
listeners = ( { name = "web"; address = "::"; port = 8080;
  hosts = ( { name = "simple"; domains = [ "simple.baihl.io", "[2001:db8:1::1]" ];
    routes = ( { match = { prefix = "/simple/nginx"; }; rewrite = "/"; cluster = "nginx"; },
               { match = { prefix = "/four"; }; rewrite = "/hello"; cluster = "four"; } ); } ); } );
clusters = ( { name = "nginx"; endpoints = [ "[2001:db8:2::14]:80" ]; },
             { name = "four"; endpoints = [ "10.10.1.13:80" ]; } );
services = ( { name = "vip"; address = "fd00:10:96::18"; port = 80; listener = "web"; },
             { name = "node"; address = "::"; node_port = 31373; listener = "web"; },
             { name = "l4"; address = "fd00:10:96::19"; port = 80; cluster = "nginx"; },
             { name = "l4node"; address = "::"; node_port = 31374; cluster = "nginx"; } );
C
)
play() {
	local url
	for url in 'http://[fd00:10:96::18]' 'http://[2001:db8:1::1]:31373' 'http://[2001:db8:1::1]:8080'; do
		expect_in "$(get $url/simple/nginx)" 'Welcome to nginx'
		expect_in "$(get $url/four)" '^GET /hello HTTP/1.1'
		expect 404 "$(status $url/x)"
	done
	expect_in "$(in_client curl -sS -m 5 'http://[2001:db8:1::1]:8080/simple/nginx')" 'Welcome to nginx'
	for url in 'http://[fd00:10:96::19]' 'http://[2001:db8:1::1]:31374'; do
		expect_in "$(in_client curl -sS -m 5 $url/)" 'Welcome to nginx'
	done
	# These are in IPv6 only.
	refused client 192.0.2.1 8080
	refused client 192.0.2.1 31373
	refused client 192.0.2.1 31374
}
