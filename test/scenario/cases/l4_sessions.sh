# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# sluicectl sessions: lists, counts, filters and ends L4 sessions while they run
bare=yes
play() {
	local i out
	cat >"$TOPO_DIR/l4.yaml" <<'Y'
apiVersion: v1
kind: Service
metadata: { name: echo, namespace: l4 }
spec:
  clusterIP: 10.96.7.8
  ports: [{ name: t, port: 7, protocol: TCP }, { name: u, port: 7, protocol: UDP }]
---
apiVersion: v1
kind: Endpoints
metadata: { name: echo, namespace: l4 }
subsets:
  - addresses: [{ ip: 10.10.1.13 }]
    ports: [{ name: t, port: 7777, protocol: TCP }, { name: u, port: 7777, protocol: UDP }]
Y
	ctl apply -f "$TOPO_DIR/l4.yaml" >/dev/null
	topo_spawn server.log backend "$TOPO_BIN/test/peers/numbered" server 10.10.1.13 7777
	sleep 0.5
	topo_spawn numbered.log client "$TOPO_BIN/test/peers/numbered" client 10.96.7.8 7 40 100 30 1
	wait_until 10 grep -q open "$TOPO_DIR/numbered.log"
	wait_until 5 eval '[ "$(ctl sessions --count --state STREAM --state ESTABLISHED)" = 40 ]'
	expect 20 "$(ctl sessions --count --proto tcp)" "TCP sessions"
	expect 20 "$(ctl sessions --count --state STREAM)" "UDP sessions"
	expect 40 "$(ctl sessions --count --client 192.0.2.0/24)" "sessions of the subnet"
	expect 0 "$(ctl sessions --count --client 192.0.2.11)" "sessions of another client"
	expect 40 "$(ctl sessions --count --service 10.96.7.8:7 --endpoint 10.10.1.13:7777)" "by both ends"
	expect_in "$(ctl sessions --proto tcp --limit 1)" '^tcp +ESTABLISHED +192.0.2.10:[0-9]+ +10.96.7.8:7 +10.10.1.4:[0-9]+ +10.10.1.13:7777 '
	expect_in "$(ctl sessions --limit 15 --offset 15)" '^15 of 40; the next ones: --offset 30'
	expect 40 "$(ctl sessions -o json | jget "len(d['sessions'])")" "sessions as JSON"
	out=$(ctl sessions kill 2>&1) && fail "killed without a filter"
	expect_in "$out" 'write which, or --all'
	expect_in "$(ctl sessions kill --proto tcp --state ESTABLISHED)" '^20 sessions ended'
	# UDP goes on; TCP ends are told by a reset.
	wait_until 5 eval '[ "$(ctl sessions --count)" = 20 ]'
	expect 20 "$(ctl sessions --count --state STREAM)" "UDP sessions afterwards"
}
