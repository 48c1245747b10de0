# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# Services no Gateway serves: TCP and UDP translated to their endpoints and back, sessions aged
bare=yes
play() {
	local out i
	cat >"$TOPO_DIR/l4.yaml" <<'Y'
apiVersion: v1
kind: Service
metadata: { name: web, namespace: l4 }
spec:
  type: NodePort
  clusterIP: 10.96.7.7
  ports:
    - { name: http, port: 8000, targetPort: 80, nodePort: 30080, protocol: TCP }
    - { name: echo, port: 7, targetPort: 7777, protocol: UDP }
    - { name: none, port: 99, targetPort: 99, protocol: TCP }
---
apiVersion: v1
kind: Endpoints
metadata: { name: web, namespace: l4 }
subsets:
  - addresses: [{ ip: 10.10.1.14 }]
    ports: [{ name: http, port: 80, protocol: TCP }]
  - addresses: [{ ip: 10.10.1.13 }]
    ports: [{ name: echo, port: 7777, protocol: UDP }]
Y
	ctl apply -f "$TOPO_DIR/l4.yaml" >/dev/null
	topo_spawn udp.log backend "$top/test/peers/udpecho" 10.10.1.13 7777
	expect_in "$(in_client curl -sS -m 5 http://10.96.7.7:8000/)" 'Welcome to nginx'
	expect_in "$(in_client curl -sS -m 5 http://192.0.2.1:30080/)" 'Welcome to nginx'
	head -c 20000000 /dev/urandom >"$TOPO_DIR/www/big"
	chmod a+r "$TOPO_DIR/www/big"
	expect "$(sha256sum <"$TOPO_DIR/www/big")" "$(in_client curl -sS -m 60 http://10.96.7.7:8000/big | sha256sum)"
	for i in 1 2 3; do
		out=$(in_client "$top/test/peers/udpask" 10.96.7.7 7 "datagram $i")
		expect "datagram $i" "$out" "UDP echo"
	done
	refused client 10.96.7.7 99
	refused client 192.0.2.1 81
	[ "$(counter nat_created)" -ge 4 ] || fail "sessions were not counted"
	in_client wrk -t1 -c16 -d3s http://10.96.7.7:8000/ >"$TOPO_DIR/wrk"
	wrk_clean "$TOPO_DIR/wrk"
}
