# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# ARP, ping of all sizes, closed ports, garbage frames: answered or counted, never a crash
play() {
	local before
	in_client ping -c 3 -i 0.2 -W 2 192.0.2.1 >/dev/null
	in_client ping -c 3 -i 0.2 -W 2 -s 1472 192.0.2.1 >/dev/null
	in_backend ping -c 3 -i 0.2 -W 2 10.10.1.4 >/dev/null
	# An af_packet socket hands over reassembled datagrams, cut to its frame: not these.
	if [ "$kind" = tap ]; then in_client ping -c 2 -i 0.2 -W 2 -s 8000 192.0.2.1 >/dev/null; fi
	refused client 192.0.2.1 1
	before=$(ctl drops -o json | jget 'sum(r["count"] for r in d)')
	in_client "$top/test/peers/garbage" c0 20000 1
	in_backend "$top/test/peers/garbage" b0 5000 2
	kill -0 "$sluiced_pid" || fail "sluiced died"
	[ "$(ctl drops -o json | jget 'sum(r["count"] for r in d)')" -gt $((before + 1000)) ] ||
		fail "drops were not counted"
	expect 200 "$(status $vip/simple/nginx)"
}
