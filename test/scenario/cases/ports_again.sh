# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# One request a connection to an endpoint, more of them than there are source ports: none fails
play() {
	local start=$SECONDS ports=16384 n
	cat >"$TOPO_DIR/once.yaml" <<'Y'
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: { name: once, namespace: simple }
spec:
  host: nginx.simple.svc.cluster.local
  trafficPolicy: { connectionPool: { http: { maxRequestsPerConnection: 1 } } }
Y
	ctl apply -f "$TOPO_DIR/once.yaml" >/dev/null
	while n=$(counter http_upstream_cx_total) && [ "$n" -lt $((ports + 3000)) ]; do
		[ $((SECONDS - start)) -lt 50 ] || fail "only $n connections in 50 seconds"
		in_client wrk -t1 -c32 -d3s -H "$host" $vip/simple/nginx >"$TOPO_DIR/wrk"
		wrk_clean "$TOPO_DIR/wrk"
	done
	report "$n connections to one endpoint in $((SECONDS - start)) s from $ports ports, $(counter tcp_time_wait) in TIME-WAIT"
	expect 0 "$(counter tcp_ports_exhausted)" tcp_ports_exhausted
}
