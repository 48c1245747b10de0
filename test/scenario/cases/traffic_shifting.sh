# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# Traffic shifting: subsets of a DestinationRule by weight, moved step by step
bare=yes workers=2
shop() { in_client curl -sS -m 5 -H 'Host: shop.example.com' "http://192.0.2.1$1"; }
# share N: requests of N that version 2 answered.
share() {
	in_client bash -c "for ((i = 0; i < $1; i++)); do curl -sS -m 5 -H 'Host: shop.example.com' http://192.0.2.1/; done" >"$TOPO_DIR/share"
	[ "$(grep -c . "$TOPO_DIR/share")" = $1 ] || fail "not every request was answered"
	grep -c '10.10.1.14:9000' "$TOPO_DIR/share" || true
}

play() {
	local n
	for i in 13 14; do
		echo ok >"$TOPO_DIR/mood"
		topo_spawn moody.log backend "$top/test/peers/moody" 10.10.1.$i 9000 "$TOPO_DIR/mood"
	done
	ctl apply -f "$top/config/examples/traffic-shifting" >/dev/null
	wait_until 10 eval 'in_backend curl -sf http://10.10.1.13:9000/ && in_backend curl -sf http://10.10.1.14:9000/'
	n=$(share 200)
	report "90:10: version 2 got $n of 200"
	[ $n -ge 18 ] && [ $n -le 22 ] || fail "10 % of 200 are not $n"
	expect 10.10.1.14:9000 "$(shop /next/x)"
	for w in 50 100; do
		sed "s/weight: 90/weight: $((100 - w))/; s/weight: 10\$/weight: $w/" \
			"$top/config/examples/traffic-shifting/routes.yaml" >"$TOPO_DIR/routes.yaml"
		ctl apply -f "$TOPO_DIR/routes.yaml" >/dev/null
		n=$(share 100)
		report "$((100 - w)):$w: version 2 got $n of 100"
		[ $n -ge $((w - 2)) ] && [ $n -le $((w + 2)) ] || fail "$w % of 100 are not $n"
	done
	expect_in "$(ctl pc cluster)" '^greeter.shop.svc.cluster.local +80 +v1 +outbound +EDS +greeter.shop$'
	expect_in "$(ctl pc cluster --subset v2)" ' v2 '
	expect_in "$(ctl pc endpoint)" '^10.10.1.13:9000 +HEALTHY +OK +outbound\|80\|v1\|greeter.shop.svc.cluster.local$'
}
