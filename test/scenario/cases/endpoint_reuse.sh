# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# An endpoint that ends its connection at the moment of reuse, 10,000 times: no GET notices
bare=yes
extra=$(cat <<'C'
listeners = ( { name = "web"; port = 8080; hosts = ( { domains = [ "*" ]; routes = ( { cluster = "c"; } ); } ); } );
clusters = ( { name = "c"; endpoints = [ "10.10.1.13:9000" ]; } );
C
)
play() {
	local got
	topo_spawn faulty.log backend "$top/test/peers/faulty" 10.10.1.13 9000 reuse "$TOPO_DIR/counts"
	wait_until 5 [ -e "$TOPO_DIR/counts" ]
	wait_until 5 eval '[ "$(ctl pc listener | grep -c 8080)" = 1 ]'
	sleep 0.3
	got=$(in_client "$top/test/peers/asker" 192.0.2.1 8080 a.test GET / 10001)
	sleep 0.1
	report "$got ms; $(cat "$TOPO_DIR/counts") connections ended under a request, $(counter http_upstream_retries) requests sent again"
	expect_in "$got" '^200 10001 slowest'
	expect 10000 "$(cat "$TOPO_DIR/counts")" "connections ended under a request"
	expect 10000 "$(counter http_upstream_retries)" "requests sent again"
	expect 0 "$(counter http_rq_5xx)" "answers 5xx"
}
