# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# kill -9 of sluiced under 200 idle keep-alive connections: all go on, and those that wait for an answer are reset
workers=${WORKERS:-1}
# REPEAT=100, CONNECTIONS=, HELD= in the environment change what is done.
rounds() { grep -c "^$1" "$TOPO_DIR/keepalive.log" || true; }
play() {
	local n=${REPEAT:-2} connections=${CONNECTIONS:-200} held=${HELD:-20} i
	[ "${SCENARIO_LONG:-no}" = no ] || n=${REPEAT:-100}
	cat >"$TOPO_DIR/held.yaml" <<'Y'
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: held, namespace: default }
spec:
  selector: { istio: ingressgateway }
  servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: [held.test] }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: held, namespace: default }
spec:
  hosts: [held.test]
  gateways: [held]
  http:
    - match: [{ uri: { prefix: /held } }]
      fault: { delay: { percentage: { value: 100 }, fixedDelay: 300s } }
      directResponse: { status: 200, body: { string: late } }
    - directResponse: { status: 200, body: { string: now } }
Y
	ctl apply -f "$TOPO_DIR/held.yaml" >/dev/null
	# On a busy machine much is lost; that TCP tries again soon is not what is tested.
	in_client sysctl -qw net.ipv4.tcp_rto_max_ms=1000 2>/dev/null || true
	export SUPERVISE_QUICK_S=1 # what is killed every few seconds is meant to come back at once
	topo_stop "$sluiced_pid"
	topo_spawn sluiced.log gateway "$top/scripts/supervise" "$TOPO_BIN/app/sluiced/sluiced" -c "$TOPO_CONF"
	supervisor_pid=$topo_pid
	wait_until 20 eval 'ctl status | grep -q "running"'
	wait_until 10 eval 'in_client curl -sf -m 1 -H "Host: held.test" $vip/ >/dev/null'
	topo_spawn keepalive.log client "$top/test/peers/keepalive" "$connections" "$held" \
		10.96.190.18 80 held.test / /held
	client_pid=$topo_pid
	wait_until 30 eval 'grep -q "^ready went_on '$connections' other 0" "$TOPO_DIR/keepalive.log"'
	for ((i = 1; i <= n; i++)); do
		sleep 1
		[ "$(counter tcp_kept)" -ge "$connections" ] || fail "$(counter tcp_kept) connections are kept"
		kill -9 "$(pgrep -P "$supervisor_pid")"
		kill -USR1 "$client_pid"
		wait_until 90 eval '[ "$(rounds again)" = '$i' ]'
		expect_in "$(grep ^round "$TOPO_DIR/keepalive.log" | tail -n 1)" \
			"^round went_on $connections reset 0 hung 0 other 0 .* held reset $held hung 0 other 0$"
		[ "$(counter tcp_restored)" -ge "$connections" ] || fail "$(counter tcp_restored) connections were restored"
		# Those of the kill before as well, where it was not sure yet that their clients heard of it.
		[ "$(counter tcp_restore_busy)" -ge "$held" ] || fail "$(counter tcp_restore_busy) connections were busy"
	done
	report "$n kills: $(grep ^round "$TOPO_DIR/keepalive.log" | sort -k11n |
		awk '{ v[NR] = $11; w = $13 > w ? $13 : w } END { printf "ms without service: worst %d, worst wait for an answer %d", v[NR], w }')"
	report "last: $(grep ^round "$TOPO_DIR/keepalive.log" | tail -n 1)"
	expect_in "$(ctl status)" 'kept_connection'
	kill "$client_pid"
	sluiced_pid=$(pgrep -P "$supervisor_pid")
}
