# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# kill -9 of sluice-control: traffic goes on; started again it finds what was applied
play() {
	in_client wrk -t1 -c16 -d6s -H "$host" $vip/simple/nginx >"$TOPO_DIR/wrk" &
	local wrk=$!
	sleep 1
	kill -9 "$control_pid"
	wait "$control_pid" 2>/dev/null || true
	! ctl status 2>/dev/null || fail "status without control"
	expect 200 "$(status $vip/simple/nginx)"
	control_start
	expect_in "$(ctl get virtualservice -A)" 'simple'
	expect_in "$(ctl pc route)" 'simple.baihl.io'
	ctl apply -f "$top/config/examples/scenario" >/dev/null
	wait $wrk
	wrk_clean "$TOPO_DIR/wrk"
	expect 200 "$(status $vip/simple/nginx)"
}
