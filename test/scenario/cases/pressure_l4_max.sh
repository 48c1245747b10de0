# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# Floods at the highest rate the machine makes: the table keeps its sessions, all is normal soon after
. "$top/test/scenario/pressure.sh"
bare=yes
extra='gateway = "192.0.2.10"; limits: { nat_sessions = 65536; };'

junk() { ctl sessions --count --state SYN_SENT --state SYN_RECV --state UNREPLIED; }
good() { in_client curl -s -m 1 -o /dev/null -w '%{http_code}\n' http://10.96.7.8/ || true; }

# The ten newest connections all got their answer within a second, and the junk is gone.
is_normal_again() {
	local i
	[ "$(junk)" -le 16400 ] || return 1
	for i in 1 2 3 4 5 6 7 8 9 10; do [ "$(good)" = 200 ] || return 1; done
}

play() {
	local n bad kind most=0 start
	ulimit -n 4096
	l4_service
	topo_spawn server.log backend "$TOPO_BIN/test/peers/numbered" server 10.10.1.13 7777
	sleep 0.5
	topo_spawn numbered.log client "$TOPO_BIN/test/peers/numbered" client 10.96.7.8 7 100 100 40 20
	numbered_pid=$topo_pid
	wait_until 10 grep -q open "$TOPO_DIR/numbered.log"
	topo_spawn steady.log client "$top/test/peers/steady" 10.96.7.8 80 echo / 20 "$TOPO_DIR/steady"
	steady_pid=$topo_pid
	sleep 2
	for kind in "syn 7" "datagram 9"; do
		report "${kind% *} flood: $(flood ${kind% *} 10.96.7.8 ${kind#* } max 5)"
		n=$(junk)
		most=$((n > most ? n : most))
	done
	start=$SECONDS
	wait_until 10 is_normal_again || fail "not normal ten seconds after the floods: $(junk) sessions never answered"
	report "normal after $((SECONDS - start)) s; at most $most sessions never answered, $(counter nat_evicted) gave way"
	[ $most -lt 49152 ] || fail "$most of 65536 sessions are junk"
	[ "$(counter nat_evicted)" -gt 0 ] || fail "nothing had to give way"
	topo_stop "$steady_pid"
	n=$(wc -l <"$TOPO_DIR/steady") bad=$(awk '$3 != 200' "$TOPO_DIR/steady" | wc -l)
	report "clients of new connections: $n requests, $bad failed"
	[ "$n" -ge 100 ] || fail "only $n requests"
	wait "$numbered_pid" || true
	report "100 sessions from before: $(tail -n 1 "$TOPO_DIR/numbered.log")"
	expect_in "$(cat "$TOPO_DIR/numbered.log")" 'alive 100 broken 0 .* wrong 0'
	report "drops: $(ctl drops -o json | jget "', '.join(r['reason'] + ' %d' % r['count'] for r in d if r['count'])"); lost before a worker came for it: $(lost_before)"
}
