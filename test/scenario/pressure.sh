# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# What the pressure cases share: a normal client that counts, crowds, floods, and the way back to normal.

# Programs of the case have many connections each.
ulimit -n "$(ulimit -Hn)"
peers=$top/test/peers
crowd_sources=192.0.2.20,192.0.2.21,192.0.2.22,192.0.2.23,192.0.2.24

# What must be 0 when nobody is connected any more; connections to endpoints wait in the pool.
gauges="tcp_syn_rcvd http_downstream_cx_active http_downstream_rq_active"

field() { ctl status -o json | jget "d['data_plane']['$1']"; }

# pressure_begin: the idle level; spoofed sources are answered by way of the client, which ignores it.
pressure_begin() {
	local s
	for s in ${crowd_sources//,/ }; do ip -n "$TOPO-client" addr add "$s/24" dev c0; done
	in_client sysctl -qw net.ipv4.ip_local_port_range="2000 65000"
	gateway_first
	expect 200 "$(status $vip/simple/nginx)"
	free_before=$(field mbufs_free)
}

# normal_start [PATH] / normal_stop: requests one after another on new connections, from $normal_from
# if that is set; none may fail.
normal_start() {
	local path=${1:-/simple/nginx}
	: >"$TOPO_DIR/normal"
	(
		while [ ! -e "$TOPO_DIR/enough" ]; do
			in_client nice -n -10 curl ${normal_from:+--interface "$normal_from"} -s -m 10 -o /dev/null -w '%{http_code} %{time_total}\n' -H "$host" \
				"$vip$path" >>"$TOPO_DIR/normal" || true
			sleep 0.05
		done
	) &
	normal_pid=$!
}

# What was lost before the gateway saw it, and what kept the endpoints' own kernel from answering: full queues, want of memory.
kernel_troubles() {
	report "endpoints' kernel:" "$(in_backend awk '/^TcpExt:/ { for (i = 2; i <= NF; i++) if (!n) h[i] = $i
		else if ($i && h[i] ~ /Overflow|Drop|Prune|Pressure|Timeouts|ReqQFull|Abort/)
			printf "%s %s, ", h[i], $i; n = 1 }' /proc/net/netstat)"
	say tcp_rtos tcp_retransmits tcp_tlps tcp_buffers_short
	report "lost before a worker came for it: $(lost_before)"
}

normal_stop() {
	local n bad
	: >"$TOPO_DIR/enough"
	wait "$normal_pid"
	rm "$TOPO_DIR/enough"
	n=$(wc -l <"$TOPO_DIR/normal")
	bad=$(grep -cv '^200 ' "$TOPO_DIR/normal" || true)
	report "normal client: $n requests, $bad failed, slowest $(sort -k2 -n "$TOPO_DIR/normal" | tail -n 1 | cut -d' ' -f2) s"
	[ "$bad" -eq 0 ] || kernel_troubles
	[ "$bad" -eq 0 ] || report "$(grep -v "^200 " "$TOPO_DIR/normal" | sort | uniq -c)"
	[ "$bad" -eq 0 ] || report "access log: $(grep -v '" 200 ' "$TOPO_DIR/access.log" | tail -n 5)"
	expect 0 "$bad" "failed requests of the normal client"
	[ "$n" -ge 10 ] || fail "only $n requests of the normal client"
}

crowd_start() {
	topo_spawn crowd.log client "$peers/crowd" "$@"
	crowd_pid=$topo_pid
}

# crowd_is FIELD COUNT: at least so many.
crowd_is() {
	[ "$(tail -n 1 "$TOPO_DIR/crowd.log" | grep -oP "\\b$1=\\K[0-9]+")" -ge "$2" ]
}

crowd_say() { report "crowd: $(tail -n 1 "$TOPO_DIR/crowd.log")"; }

flood() { in_client "$TOPO_BIN/test/peers/flood" "$1" c0 192.0.2.1 "$2" "$3" "$4" "$5"; }

is_normal() {
	local s free
	for s in $gauges; do
		[ "$(counter "$s")" -eq 0 ] || return 1
	done
	[ "$(counter tcp_conns)" -eq "$(counter http_upstream_cx_idle)" ] || return 1
	free=$(field mbufs_free)
	[ "$free" -ge $((free_before - 64)) ]
}

# back_to_normal SECONDS: gauges and free buffers are at their idle level again.
back_to_normal() {
	local start=$SECONDS s
	if ! wait_until "$1" is_normal; then
		say $gauges tcp_conns http_upstream_cx_idle
		fail "not normal after $1 s; buffers free: $(field mbufs_free), before: $free_before"
	fi
	report "back to normal after $((SECONDS - start)) s, $(field mbufs_free) of $(field mbufs_total) buffers free"
	in_client ping -q -c 1 -W 2 192.0.2.1 >/dev/null
	expect 200 "$(status $vip/simple/nginx)"
}

# say COUNTER...
say() {
	local c line=
	for c; do line+="$c $(counter "$c"), "; done
	report "${line%, }"
}

# A Service of the kernel's peers: numbered bytes over TCP and UDP, a port of UDP, and HTTP.
l4_service() {
	cat >"$TOPO_DIR/l4.yaml" <<'Y'
apiVersion: v1
kind: Service
metadata: { name: echo, namespace: l4 }
spec:
  clusterIP: 10.96.7.8
  ports:
    - { name: t, port: 7, protocol: TCP }
    - { name: u, port: 7, protocol: UDP }
    - { name: x, port: 9, protocol: UDP }
    - { name: h, port: 80, protocol: TCP }
---
apiVersion: v1
kind: Endpoints
metadata: { name: echo, namespace: l4 }
subsets:
  - addresses: [{ ip: 10.10.1.13 }]
    ports: [{ name: t, port: 7777, protocol: TCP }, { name: u, port: 7777, protocol: UDP }, { name: x, port: 7778, protocol: UDP }]
  - addresses: [{ ip: 10.10.1.14 }]
    ports: [{ name: h, port: 80, protocol: TCP }]
Y
	ctl apply -f "$TOPO_DIR/l4.yaml" >/dev/null
}
