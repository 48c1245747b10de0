# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# A broken file leaves the running configuration as it was and is named with its line
play() {
	local out
	mkdir "$TOPO_DIR/bad"
	sed 's/exact:/exakt:/' "$top/config/examples/scenario/istio-specs.yaml" >"$TOPO_DIR/bad/vs.yaml"
	out=$(ctl apply -f "$TOPO_DIR/bad" 2>&1) && fail "accepted: $out"
	expect_in "$out" "vs.yaml:[0-9]+: .*exakt.*exact"
	cp "$TOPO_CONF" "$TOPO_DIR/good.conf"
	echo 'listners = ();' >>"$TOPO_CONF"
	out=$(ctl -c "$TOPO_DIR/good.conf" reload 2>&1) && fail "accepted: $out"
	expect_in "$out" 'sluice.conf:[0-9]+: .*listners.*listeners'
	cp "$TOPO_DIR/good.conf" "$TOPO_CONF"
	expect 200 "$(status $vip/simple/nginx)"
	ctl reload >/dev/null
	expect 200 "$(status $vip/simple/httpserver)"
}
