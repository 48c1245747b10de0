# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# Exact and prefix routes with rewrite, by virtual IP and by node port; 404 and 400
play() {
	local out
	for url in $vip $node; do
		out=$(get $url/simple/httpserver)
		expect_in "$out" '^hello \[stranger\]'
		expect_in "$out" '^GET /hello HTTP/1.1'
		expect_in "$out" '^[Xx]-[Ee]nvoy-[Oo]riginal-[Pp]ath: /simple/httpserver$'
		expect_in "$out" '^[Xx]-[Ff]orwarded-[Ff]or: 192.0.2.10$'
		expect_in "$out" '^[Xx]-[Ff]orwarded-[Pp]roto: http$'
		expect_in "$out" '^[Xx]-[Rr]equest-[Ii]d: [0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'
		expect_in "$out" '^[Xx]-[Ee]nvoy-[Aa]ttempt-[Cc]ount: 1$'
		expect_in "$out" '^Host: simple.baihl.io$'
		expect_in "$(get $url/simple/nginx)" 'Welcome to nginx'
		expect 404 "$(status $url/simple/other)" "no such route"
		expect 404 "$(status $url/simple/httpserver/more)" "exact is exact"
		expect 404 "$(in_client curl -sS -o /dev/null -w '%{http_code}' -H 'Host: other.baihl.io' $url/simple/nginx)"
	done
	expect_in "$(get "$vip/simple/httpserver?a=1&b=%20")" '^GET /hello\?a=1&b=%20 HTTP/1.1'
	expect 400 "$(printf 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n' | in_client timeout 5 \
		bash -c 'exec 3<>/dev/tcp/10.96.190.18/80; cat >&3; head -n 1 <&3' | cut -d' ' -f2)"
	expect_in "$(in_client curl -sSI -H "$host" $vip/simple/nginx)" '^server: istio-envoy'
	wait_until 5 eval "[ \$(grep -c via_upstream '$TOPO_DIR/access.log') -ge 5 ]"
	expect_in "$(cat "$TOPO_DIR/access.log")" '"GET /simple/httpserver HTTP/1.1" 200 - via_upstream - "-" 0 [0-9]+ [0-9]+ [0-9]+ "192.0.2.10" "curl/.*" "[0-9a-f-]{36}" "simple.baihl.io" "10.10.1.13:80" outbound\|80\|\|simple.simple.svc.cluster.local 10.10.1.4:[0-9]+ 10.96.190.18:80 192.0.2.10:[0-9]+ - '
	expect_in "$(cat "$TOPO_DIR/access.log")" '" 404 NR route_not_found '
}
