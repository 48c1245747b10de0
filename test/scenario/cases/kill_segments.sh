# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# A segment truncated below the programs: they end with a sentence, and a restart makes all whole
dead() { ! kill -0 "$1" 2>/dev/null; }

# cut FILE TIMES: sluiced says what was done to it, for so many times now, and is gone.
cut() {
	truncate -s 0 "/dev/shm/sluice/$TOPO/$1"
	wait_until 10 dead "$sluiced_pid" || fail "sluiced did not notice"
	wait "$sluiced_pid" 2>/dev/null || true
	expect "$2" "$(grep -c 'A segment in /dev/shm/sluice was truncated while in use' "$TOPO_DIR/sluiced.log")" "explanations"
}

play() {
	expect 200 "$(status $vip/simple/nginx)"
	cut stats 1
	sluiced_start
	wait_until 5 eval '[ "$(status $vip/simple/nginx -m 1)" = 200 ]'
	cut ctl 2
	wait_until 2 dead "$control_pid" || kill -9 "$control_pid"
	wait "$control_pid" 2>/dev/null || true
	sluiced_start
	control_start
	wait_until 10 eval '[ "$(status $vip/simple/nginx -m 1)" = 200 ]'
	wait_until 5 eval 'ctl status | grep -q running'
}
