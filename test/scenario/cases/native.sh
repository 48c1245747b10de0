# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# The scenario said natively in sluice.conf
bare=yes
extra=$(cat <<'C'
listeners = ( { name = "web"; address = "0.0.0.0"; port = 8080;
  hosts = ( { name = "simple"; domains = [ "simple.baihl.io" ];
    routes = ( { match = { exact = "/simple/httpserver"; }; rewrite = "/hello"; cluster = "httpserver"; },
               { match = { prefix = "/simple/nginx"; }; rewrite = "/"; cluster = "nginx"; } ); } ); } );
clusters = ( { name = "httpserver"; endpoints = [ "10.10.1.13:80" ]; },
             { name = "nginx"; endpoints = [ "10.10.1.14:80" ]; } );
services = ( { name = "vip"; address = "10.96.190.18"; port = 80; protocol = "tcp"; listener = "web"; },
             { name = "node"; node_port = 31373; protocol = "tcp"; listener = "web"; } );
C
)
play() {
	for url in $vip $node; do
		expect_in "$(get $url/simple/httpserver)" '^GET /hello HTTP/1.1'
		expect_in "$(get $url/simple/nginx)" 'Welcome to nginx'
		expect 404 "$(status $url/x)"
	done
	expect_in "$(ctl pc cluster)" 'httpserver'
}
