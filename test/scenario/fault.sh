# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034,SC2086,SC2154
# What the fault cases share: watched transfers through Sluice with faults on a port, then between
# two Linux hosts through a wire that does the same to packets.

stall_max=3.0
connections=1

# The client kernel's own timer, doubled with each loss of the same segment, is none of ours.
own_timer() {
	[ "$1" = 0.00 ] || echo " (and $1 s by the sender's timer, the same segment lost three times and more)"
}

# watched WHAT HOW URL [FILE]: transfers over $connections connections whose bytes are right; the
# seconds all of them took are in $took.
watched() {
	local what=$1 how=$2 url=$3 got
	shift 3
	got=$(in_client "$top/test/peers/transfer" "$how" "$url" "$@" --host simple.baihl.io \
		--connections $connections) ||
		fail "$what $how: $got"
	read -r bytes sum took gap own <<<"$got"
	expect "$((blob_bytes * connections)) $blob_sum" "$bytes $sum" "$what $how"
	report "$what $how: $bytes bytes in $took s, longest time without progress $gap s$(own_timer "$own")"
	stalled=$gap
}

# smooth WHAT HOW URL [FILE]: as watched, and no stall. Where the same segment is lost four times in
# a row, which chance brings at 5 % loss, any timer that doubles takes longer: not three times.
smooth() {
	local try
	for try in 1 2 3; do
		watched "$@"
		if awk "BEGIN { exit !($stalled <= $stall_max) }"; then return 0; fi
		report "stalled for $stalled s in try $try"
	done
	fail "stalled each time"
}

# cubic SIDE PREFIX [ROUTE...]: what the side sends there, with the congestion control that Sluice
# uses towards clients, whatever this machine prefers.
cubic() {
	local side=$1
	shift
	ip -n "$TOPO-$side" route replace "$@" congctl cubic
}

# The same wire between two kernels: what Sluice's port was told, on the forwarder's.
linux_only() {
	report "Sluice: $(counter tcp_retransmits) segments sent again, $(counter tcp_fast_recoveries)" \
		"fast recoveries, $(counter tcp_tlps) tail probes, $(counter tcp_rtos) timeouts"
	assert_ledger
	topo_stop "$sluiced_pid"
	topo_spawn forward.log gateway "$TOPO_BIN/test/bench/faults/bench_faults" -c "$TOPO_CONF"
	wait_until 20 grep -q Forwarding "$TOPO_DIR/forward.log"
	ip -n "$TOPO-client" addr add 10.10.1.10/24 dev c0
	cubic client 10.10.1.0/24 dev c0 src 10.10.1.10
	cubic backend 10.10.1.0/24 dev b0
	ip -n "$TOPO-client" neigh flush dev c0
	ip -n "$TOPO-backend" neigh flush dev b0
	in_client ping -c 5 -i 0.2 10.10.1.14 >/dev/null || true
}

ratio() {
	report "$1: $(awk "BEGIN { printf \"%.2f\", $3 / $2 }") of the throughput between two Linux hosts"
}

# fault_transfers [CONNECTIONS]: 64 MiB down and up, over so many connections at once: where losses
# make a connection slow on any system, many of them keep the test short.
fault_transfers() {
	local get_s put_s
	connections=${1:-1}
	blob_bytes=$((64 * 1024 * 1024 / connections))
	head -c "$blob_bytes" /dev/urandom >"$TOPO_DIR/www/blob"
	chmod a+r "$TOPO_DIR/www/blob"
	blob_sum=$(sha256sum <"$TOPO_DIR/www/blob" | cut -d' ' -f1)
	cubic client 10.96.0.0/12 via 192.0.2.1
	smooth Sluice get $vip/simple/nginxblob
	get_s=$took
	smooth Sluice put $vip/simple/httpserver "$TOPO_DIR/www/blob"
	put_s=$took
	linux_only
	watched Linux get http://10.10.1.14/blob
	ratio download "$get_s" "$took"
	watched Linux put http://10.10.1.13/ "$TOPO_DIR/www/blob"
	ratio upload "$put_s" "$took"
}
