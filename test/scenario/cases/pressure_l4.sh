# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# Floods of SYNs and UDP from spoofed sources at an L4 service: 100 sessions and a client of new ones go on
. "$top/test/scenario/pressure.sh"
bare=yes
extra='gateway = "192.0.2.10"; limits: { nat_sessions = 32768; };'
play() {
	local bad n junk
	ulimit -n 4096
	l4_service
	topo_spawn server.log backend "$TOPO_BIN/test/peers/numbered" server 10.10.1.13 7777
	sleep 0.5
	topo_spawn numbered.log client "$TOPO_BIN/test/peers/numbered" client 10.96.7.8 7 100 100 45 12
	client_pid=$topo_pid
	wait_until 10 grep -q open "$TOPO_DIR/numbered.log"
	(
		while [ ! -e "$TOPO_DIR/enough" ]; do
			in_client curl -s -m 10 -o /dev/null -w '%{http_code}\n' http://10.96.7.8/ || true
			sleep 0.05
		done >"$TOPO_DIR/normal"
	) &
	normal_pid=$!
	sleep 1
	report "SYN flood: $(flood syn 10.96.7.8 7 20000 6)"
	report "UDP flood: $(flood datagram 10.96.7.8 9 20000 6)"
	n=$(counter nat_sessions) junk=$(ctl sessions --count --state SYN_SENT --state SYN_RECV --state UNREPLIED)
	report "$n sessions behind the floods, $junk of them never answered; $(counter nat_evicted) gave way"
	[ "$(counter nat_evicted)" -gt 0 ] || fail "the floods did not fill the table"
	wait_until 10 eval '[ $(ctl sessions --count --state SYN_SENT --state SYN_RECV --state UNREPLIED) -le 8200 ]' ||
		fail "the table is full of junk after ten seconds"
	: >"$TOPO_DIR/enough"
	wait "$normal_pid"
	n=$(wc -l <"$TOPO_DIR/normal") bad=$(grep -cv '^200$' "$TOPO_DIR/normal" || true)
	report "client of new connections: $n requests, $bad failed"
	[ "$bad" -le $((n / 20)) ] || fail "$bad of $n requests failed"
	[ "$n" -ge 20 ] || fail "only $n requests"
	wait "$client_pid" || true
	expect_in "$(cat "$TOPO_DIR/numbered.log")" 'sessions 100 alive 100 broken 0 moved 0 .* wrong 0'
}
