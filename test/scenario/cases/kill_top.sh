# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# kill -9 of sluice-top under load: nothing else notices
play() {
	topo_spawn wrk client wrk -t1 -c16 -d5s -H "$host" $vip/simple/nginx
	local wrk=$topo_pid top_pid
	topo_spawn top.out - "$TOPO_BIN/app/sluice-top/sluice-top" -c "$TOPO_CONF" --batch -d 1
	top_pid=$topo_pid
	sleep 2
	expect_in "$(cat "$TOPO_DIR/top.out")" 'requests'
	kill -9 "$top_pid"
	wait "$top_pid" 2>/dev/null || true
	wait "$wrk"
	wrk_clean "$TOPO_DIR/wrk"
	expect 200 "$(status $vip/simple/nginx)"
	"$TOPO_BIN/app/sluice-top/sluice-top" -c "$TOPO_CONF" --batch --once >/dev/null
}
