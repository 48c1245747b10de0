# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# A cluster without endpoints answers 503 with flag UH
play() {
	sed '/name: nginx/,/---/s/addresses: .*/addresses: []/' "$top/config/examples/scenario/endpoints.yaml" >"$TOPO_DIR/e.yaml"
	ctl apply -f "$TOPO_DIR/e.yaml" >/dev/null
	expect 503 "$(status $vip/simple/nginx)"
	expect "no healthy upstream" "$(get $vip/simple/nginx)"
	wait_until 5 grep -q '" 503 UH no_healthy_upstream' "$TOPO_DIR/access.log"
	expect 200 "$(status $vip/simple/httpserver)"
}
