# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# An endpoint dies, answers 500, gets slow and comes back: what clients saw, and for how long
bare=yes workers=2
extra=$(cat <<'C'
listeners = ( { name = "web"; address = "0.0.0.0"; port = 8080;
  hosts = ( { domains = [ "*" ]; routes = ( { cluster = "moody"; } ); } ); } );
clusters = ( { name = "moody"; policy = "round_robin"; connect_timeout = "500ms";
  endpoints = [ "10.10.1.13:9001", "10.10.1.13:9002", "10.10.1.13:9003" ];
  health_check: { path = "/healthz"; interval = "200ms"; timeout = "150ms"; unhealthy = 2; healthy = 2; };
  ejection: { consecutive_5xx = 5; interval = "200ms"; time = "2s"; max_percent = 50; }; } );
C
)
moody() { topo_spawn moody$1.log backend "$top/test/peers/moody" 10.10.1.13 900$1 "$TOPO_DIR/mood$1" && eval "moody_$1=$topo_pid"; }
mood() { echo "$2" >"$TOPO_DIR/mood$1.new" && mv "$TOPO_DIR/mood$1.new" "$TOPO_DIR/mood$1"; }
state_of() { ctl pc endpoint | awk -v e="10.10.1.13:900$1" '$1 == e { print $2, $3 }'; }
is_state() { [ "$(state_of $1)" = "$2" ]; }
is_out() { [ "$(state_of $1)" != "HEALTHY OK" ]; }
now() { /usr/bin/python3 -c 'import time; print(f"{time.monotonic():.3f}")'; }
event() { echo "$(now) $*" >>"$TOPO_DIR/events"; }

play() {
	for i in 1 2 3; do mood $i ok && moody $i; done
	wait_until 10 eval '[ "$(ctl pc endpoint --status HEALTHY | wc -l)" = 4 ]'
	wait_until 10 in_client curl -sf http://192.0.2.1:8080/
	topo_spawn steady.log client "$top/test/peers/steady" 192.0.2.1 8080 a / 100 "$TOPO_DIR/seen"
	sleep 1
	event "all are well"
	sleep 1
	event "2 dies" && kill -9 $moody_2
	wait_until 5 is_out 2 && event "2 is out"
	sleep 1
	event "2 comes back" && moody 2
	wait_until 5 is_state 2 "HEALTHY OK" && event "2 is in again"
	sleep 1
	event "3 answers 500 to all but checks" && mood 3 500
	wait_until 5 is_state 3 "HEALTHY FAILED" && event "3 is out"
	sleep 1
	mood 3 ok && event "3 is well again"
	wait_until 10 is_state 3 "HEALTHY OK" && event "3 is in again"
	sleep 1
	event "1 gets slow" && mood 1 slow:1
	wait_until 5 is_out 1 && event "1 is out"
	sleep 1
	mood 1 ok && event "1 is fast again"
	wait_until 5 is_state 1 "HEALTHY OK" && event "1 is in again"
	sleep 1
	event "end"
	topo_stop "$topo_pid"
	/usr/bin/python3 "$here/phases.py" "$TOPO_DIR/events" "$TOPO_DIR/seen" | while read -r line; do report "$line"; done
	/usr/bin/python3 "$here/phases.py" --check "$TOPO_DIR/events" "$TOPO_DIR/seen"
	expect_in "$(ctl stats 'endpoint.*9002.*checks_failed')" '[1-9]'
	expect_in "$(ctl stats 'endpoint.*9003.*ejections')" '[0-9]'
}
