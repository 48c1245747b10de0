# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# kill -9 of an endpoint: 503 with flag UF while it is away, 200 when it is back
play() {
	expect 200 "$(status $vip/simple/nginx)"
	in_backend pkill -9 -F "$TOPO_DIR/nginx.pid"
	for pid in $(ip netns pids "$TOPO-backend"); do
		! grep -q nginx "/proc/$pid/comm" || kill -9 "$pid"
	done
	wait "$nginx_pid" 2>/dev/null || true
	expect 503 "$(status $vip/simple/nginx)"
	expect_in "$(get $vip/simple/nginx)" 'upstream connect error'
	expect 200 "$(status $vip/simple/httpserver)" "the other application"
	wait_until 5 grep -q '" 503 U' "$TOPO_DIR/access.log"
	topo_nginx_start
	expect 200 "$(status $vip/simple/nginx)"
}
