# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# kill -9 of sluiced: started again it serves at once, also while control is dead
play() {
	local t
	expect 200 "$(status $vip/simple/nginx)"
	kill -9 "$sluiced_pid"
	wait "$sluiced_pid" 2>/dev/null || true
	expect_in "$(ctl status)" 'not running'
	t=$(date +%s%N)
	sluiced_start
	wait_until 5 eval '[ "$(status $vip/simple/nginx -m 1)" = 200 ]'
	report "serving again $((($(date +%s%N) - t) / 1000000)) ms after the start"
	wait_until 5 eval 'ctl status | grep -q running'
	kill -9 "$sluiced_pid" "$control_pid"
	wait "$sluiced_pid" "$control_pid" 2>/dev/null || true
	sluiced_start
	wait_until 5 eval '[ "$(status $node/simple/httpserver -m 1)" = 200 ]'
	control_start
	ctl apply -f "$top/config/examples/scenario" >/dev/null
	expect 200 "$(status $vip/simple/nginx)"
}
