# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# One endpoint of two refuses, resets, is silent, answers garbage, dies within a body: what can't be saved fails
bare=yes
extra=$(cat <<'C'
listeners = ( { name = "web"; port = 8080; hosts = ( { domains = [ "*" ]; routes = (
  { cluster = "c"; per_try_timeout = "150ms"; } ); } ); } );
clusters = ( { name = "c"; policy = "round_robin"; endpoints = [ "10.10.1.13:9000", "10.10.1.13:9001" ]; } );
C
)
ask() { in_client "$top/test/peers/asker" 192.0.2.1 8080 a.test "$1" / 100; }

# fault MODE METHOD: answers of 100 requests in $got, those that the bad endpoint spoiled in $spoiled.
fault() {
	local pid=""
	rm -f "$TOPO_DIR/bad"
	if [ "$1" = refuse ]; then
		echo 0 >"$TOPO_DIR/bad"
	else
		topo_spawn faulty.log backend "$top/test/peers/faulty" 10.10.1.13 9001 "$1" "$TOPO_DIR/bad"
		pid=$topo_pid
		wait_until 5 [ -e "$TOPO_DIR/bad" ]
	fi
	got=$(ask "$2")
	sleep 0.1
	spoiled=$(cat "$TOPO_DIR/bad")
	report "$1, $2: $got ms; $spoiled spoiled"
	[ -z "$pid" ] || topo_stop "$pid"
}
# all_served MODE METHOD
all_served() {
	fault "$1" "$2"
	expect_in "$got" '^200 100 slowest'
}
# lost_as HOW MODE METHOD: exactly what was spoiled fails, and so.
lost_as() {
	fault "$2" "$3"
	[ "$spoiled" -ge 25 ] || fail "only $spoiled requests met the fault"
	expect_in "$got" "(^| )$1 $spoiled "
	expect_in "$got" "^200 $((100 - spoiled)) "
}
play() {
	topo_spawn well.log backend "$top/test/peers/faulty" 10.10.1.13 9000 well "$TOPO_DIR/well"
	wait_until 5 [ -e "$TOPO_DIR/well" ]
	wait_until 5 eval '[ "$(status http://192.0.2.1:8080/)" = 200 ]'
	all_served refuse GET
	all_served refuse POST
	all_served reset GET
	lost_as 503 reset POST
	all_served silent GET
	lost_as 504 silent POST
	all_served garbage GET
	lost_as 502 garbage POST
	lost_as cut midbody GET
	all_served well POST
	expect 0 "$(counter http_upstream_cx_active | sed 's/^[12]$/0/')" "connections left but the pooled ones"
}
