# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# A change every 50 ms for 20 s under load, by apply, by file and by rollback: nothing fails; how long they took
turn() {
	local set=$((i % 2 + 1))
	case $((i % 10)) in
	9) ctl rollback "$(ctl history | awk '{ e[NR] = $1 } END { print e[NR - 2] }')" >/dev/null ;;
	4) sed 's/name: more/name: file/; s|/more/|/file/|' "$TOPO_DIR/$set.yaml" >"$TOPO_DIR/m/.next" &&
		mv "$TOPO_DIR/m/.next" "$TOPO_DIR/m/file.yaml" ;;
	*) ctl apply -f "$TOPO_DIR/$set.yaml" >/dev/null ;;
	esac
}
play() {
	local i end next out
	mkdir -p "$TOPO_DIR/m"
	echo 'manifests = ["m"];' >>"$TOPO_CONF"
	ctl reload >/dev/null
	for i in 1 2; do
		cat >"$TOPO_DIR/$i.yaml" <<-END
			apiVersion: networking.istio.io/v1
			kind: VirtualService
			metadata: { name: more, namespace: simple }
			spec:
			  gateways: [simple]
			  hosts: [simple.baihl.io]
			  http:
			    - match: [{ uri: { prefix: /more/$i/ } }]
			      route: [{ destination: { host: nginx.simple.svc.cluster.local, port: { number: 80 } } }]
		END
	done
	topo_spawn wrk client wrk -t1 -c32 -d600s -H "$host" $vip/simple/nginx
	local wrk=$topo_pid
	end=$((SECONDS + 20))
	for ((i = 0; SECONDS < end; i++)); do
		next=$((${EPOCHREALTIME/./} + 50000))
		# A rollback pins the files: followed again, so that both ways are played.
		[ $((i % 10)) -ne 0 ] || ctl reload >/dev/null
		turn
		while [ "${EPOCHREALTIME/./}" -lt "$next" ]; do sleep 0.005; done
	done
	kill -INT $wrk
	wait $wrk || true
	wrk_clean "$TOPO_DIR/wrk"
	expect 200 "$(status $vip/simple/httpserver)"
	out=$(ctl status | grep '^changes')
	expect_in "$out" 'p50 .* p99'
	report "$i rounds, $out, $(grep Requests/sec "$TOPO_DIR/wrk")"
}
