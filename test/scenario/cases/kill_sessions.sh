# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# kill -9 of sluiced under 1,000 L4 sessions that each send a numbered byte every 10 ms: all go on
bare=yes workers=${WORKERS:-1}
# REPEAT=100, SESSIONS=, INTERVAL_MS= in the environment change what is done.
play() {
	local n=${REPEAT:-3} sessions=${SESSIONS:-1000} interval=${INTERVAL_MS:-10} i child gap worst=0 sum=0
	[ "${SCENARIO_LONG:-no}" = no ] || n=${REPEAT:-100}
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
	# On a busy machine much is lost; that TCP tries again soon is not what is tested.
	in_client sysctl -qw net.ipv4.tcp_rto_max_ms=1000 2>/dev/null || true
	in_backend sysctl -qw net.ipv4.tcp_rto_max_ms=1000 2>/dev/null || true
	export SUPERVISE_QUICK_S=1 # what is killed every three seconds is meant to come back at once
	topo_stop "$sluiced_pid"
	topo_spawn sluiced.log gateway "$top/scripts/supervise" "$TOPO_BIN/app/sluiced/sluiced" -c "$TOPO_CONF"
	supervisor_pid=$topo_pid
	topo_spawn server.log backend "$TOPO_BIN/test/peers/numbered" server 10.10.1.13 7777
	wait_until 20 eval 'ctl status | grep -q "running"'
	wait_until 10 in_client "$top/test/peers/udpask" 10.96.7.8 7 x || true
	topo_spawn numbered.log client "$TOPO_BIN/test/peers/numbered" client 10.96.7.8 7 \
		"$sessions" "$interval" $((n * 3 + 4)) 8
	client_pid=$topo_pid
	wait_until 20 grep -q open "$TOPO_DIR/numbered.log"
	sleep 2
	kill -USR1 "$client_pid"
	for ((i = 0; i < n; i++)); do
		child=$(pgrep -P "$supervisor_pid")
		kill -9 "$child"
		sleep 3
		kill -USR1 "$client_pid"
	done
	wait "$client_pid" || true
	expect_in "$(cat "$TOPO_DIR/numbered.log")" "sessions $sessions alive $sessions broken 0 moved 0 .* wrong 0"
	expect "$n" "$(grep -c 'starting it again' "$TOPO_DIR/sluiced.log")" "restarts"
	# The first line is of before the first kill.
	report "$n kills: $(grep '^gap_ms' "$TOPO_DIR/numbered.log" | tail -n +2 | sort -k2n |
		awk '{ v[NR] = $2 } END { printf "ms without service: median %d, worst %d", v[int((NR + 1) / 2)], v[NR] }')"
	report "restart noticed within ms: $(grep -o 'again [0-9]* ms' "$TOPO_DIR/sluiced.log" | sort -k2n | tail -n 1)"
	while read -r i; do
		[ "$i" -le 100 ] || fail "a restart came $i ms after the death"
	done < <(grep -o 'again [0-9]*' "$TOPO_DIR/sluiced.log" | cut -d' ' -f2)
	sluiced_pid=$(pgrep -P "$supervisor_pid")
}
