# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# 100 reloads that alternate two route sets under load: no failed request, never a mixture
play() {
	local i set out
	for set in red blue; do
		mkdir -p "$TOPO_DIR/www/$set"
		echo $set >"$TOPO_DIR/www/$set/index.html"
		mkdir "$TOPO_DIR/$set"
		cp "$top"/config/examples/scenario/*.yaml "$TOPO_DIR/$set"
		sed "s|rewrite: { uri: / }|rewrite: { uri: /$set/ }|" \
			"$top/config/examples/scenario/istio-specs.yaml" >"$TOPO_DIR/$set/istio-specs.yaml"
	done
	chmod -R a+rX "$TOPO_DIR/www"
	ctl apply -f "$TOPO_DIR/red" >/dev/null
	topo_spawn wrk client wrk -t1 -c32 -d600s -H "$host" $vip/simple/nginx
	local wrk=$topo_pid
	topo_spawn answers client bash -c \
		"while :; do curl -sS -m 5 -H '$host' $vip/simple/nginx || echo FAILED; done"
	local asker=$topo_pid
	for ((i = 0; i < 50; i++)); do
		ctl apply -f "$TOPO_DIR/blue" >/dev/null
		ctl apply -f "$TOPO_DIR/red" >/dev/null
	done
	# wrk prints its result on an interrupt.
	kill -INT $wrk
	wait $wrk || true
	kill $asker
	wait $asker || true
	wrk_clean "$TOPO_DIR/wrk"
	out=$(sort "$TOPO_DIR/answers" | uniq -c)
	expect_in "$out" ' red$'
	expect_in "$out" ' blue$'
	! grep -vxE 'red|blue' "$TOPO_DIR/answers" || fail "answers of neither set"
	report "$(echo "$out" | tr -s ' \n' ' '), $(grep Requests/sec "$TOPO_DIR/wrk")"
}
