# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# Two instances on one machine do not touch each other
play() {
	local first=$TOPO first_pids=("${topo_pids[@]}")
	expect 200 "$(status $vip/simple/nginx)"
	(
		topo_pids=()
		topo_init "sl-second-$$" "$build" tap 1
		trap topo_down EXIT
		topo_up
		ctl apply -f "$top/config/examples/scenario" >/dev/null
		expect 200 "$(status $vip/simple/nginx)"
		kill -9 "$sluiced_pid"
	)
	expect 200 "$(status $vip/simple/nginx)"
	! "$TOPO_BIN/app/sluiced/sluiced" -c "$TOPO_CONF" 2>"$TOPO_DIR/second" || fail "a second data plane started"
	expect_in "$(cat "$TOPO_DIR/second")" 'running already'
	expect 200 "$(status $vip/simple/nginx)"
}
