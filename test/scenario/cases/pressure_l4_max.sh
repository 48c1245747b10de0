# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# Floods at the highest rate the machine makes: the table keeps its sessions, all is normal soon after
. "$top/test/scenario/pressure.sh"
bare=yes
extra='gateway = "192.0.2.10"; limits: { nat_sessions = 32768; };'

junk() { ctl sessions --count --state SYN_SENT --state SYN_RECV --state UNREPLIED; }
good() { in_client curl -s -m "$1" -o /dev/null -w '%{http_code}\n' http://10.96.7.8/ || true; }

# 100 clients, one after another ten times each: what they got, one line a request.
clients_start() {
	local i
	for i in $(seq 100); do
		(for _ in $(seq 10); do good 10 && sleep 1; done >"$TOPO_DIR/client.$i") &
		clients+=("$!")
	done
}

# The ten newest connections all got their answer within a second, and the junk is gone.
is_normal_again() {
	local i
	[ "$(junk)" -le 8200 ] || return 1
	for i in 1 2 3 4 5 6 7 8 9 10; do [ "$(good 1)" = 200 ] || return 1; done
}

play() {
	local n bad kind most=0 clients=() start
	ulimit -n 4096
	l4_service
	topo_spawn server.log backend "$TOPO_BIN/test/peers/numbered" server 10.10.1.13 7777
	sleep 0.5
	topo_spawn numbered.log client "$TOPO_BIN/test/peers/numbered" client 10.96.7.8 7 100 100 40 20
	numbered_pid=$topo_pid
	wait_until 10 grep -q open "$TOPO_DIR/numbered.log"
	clients_start
	sleep 1
	for kind in "syn 7" "datagram 9"; do
		report "${kind% *} flood: $(flood ${kind% *} 10.96.7.8 ${kind#* } max 5)"
		n=$(junk)
		most=$((n > most ? n : most))
	done
	start=$SECONDS
	wait_until 10 is_normal_again || fail "not normal ten seconds after the floods: $(junk) sessions never answered"
	report "normal after $((SECONDS - start)) s; at most $most sessions never answered, $(counter nat_evicted) gave way"
	[ $most -le 16384 ] || fail "$most of 32768 sessions are junk"
	[ "$(counter nat_evicted)" -gt 0 ] || fail "the floods did not fill their share of the table"
	wait "${clients[@]}"
	n=$(cat "$TOPO_DIR"/client.* | wc -l) bad=$(cat "$TOPO_DIR"/client.* | grep -cv '^200$' || true)
	report "100 clients of new connections: $n requests, $bad failed"
	wait "$numbered_pid" || true
	report "100 sessions from before: $(tail -n 1 "$TOPO_DIR/numbered.log")"
	expect_in "$(cat "$TOPO_DIR/numbered.log")" 'alive 100 broken 0 .* wrong 0'
	report "drops: $(ctl drops -o json | jget "', '.join(r['reason'] + ' %d' % r['count'] for r in d if r['count'])"); lost before a worker came for it: $(lost_before)"
}
