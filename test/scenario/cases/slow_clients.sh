# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# 500 clients that send heads and bodies too slowly get 408 in time; a normal client notices nothing
bare=yes
extra=$(cat <<'C'
timeouts: { head = "4s"; body = "4s"; };
listeners = ( { name = "web"; port = 8080; hosts = ( { domains = [ "*" ]; routes = ( { cluster = "c"; } ); } ); } );
clusters = ( { name = "c"; endpoints = [ "10.10.1.13:80" ]; } );
C
)
play() {
	local normal slow
	wait_until 5 eval '[ "$(status http://192.0.2.1:8080/)" = 200 ]'
	in_client "$top/test/peers/slow" 192.0.2.1 8080 a.test 500 >"$TOPO_DIR/slow" &
	slow=$!
	wait_until 10 eval '[ "$(counter http_downstream_cx_active)" -ge 400 ]' || fail "the slow clients are not there"
	normal=$(in_client "$top/test/peers/asker" 192.0.2.1 8080 a.test GET / 2000)
	wait $slow
	report "normal client: $normal ms; slow ones: $(cat "$TOPO_DIR/slow")"
	expect_in "$normal" '^200 2000 slowest'
	expect_in "$(cat "$TOPO_DIR/slow")" '^body 408: 250, head 408: 250;'
	expect 500 "$(counter http_rq_timeout)" "requests that were too slow"
	wait_until 5 eval '[ "$(counter http_downstream_cx_active)" = 0 ]' || fail "connections are left"
}
