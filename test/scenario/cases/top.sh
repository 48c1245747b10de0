# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# sluice-top in a terminal: every screen shows live, right numbers
tmux_() { tmux -S "$TOPO_DIR/tmux" "$@"; }
screen() { tmux_ capture-pane -p -t top; }
# sees PATTERN: within some seconds
sees() { wait_until 8 eval "tmux -S '$TOPO_DIR/tmux' capture-pane -p -t top | grep -qE -- '$1'" || fail "no \"$1\" on: $(screen)"; }
play() {
	local i n
	tmux_ -f /dev/null new-session -d -s top -x 80 -y 24 "TERM=screen $TOPO_BIN/app/sluice-top/sluice-top -d 1 -c $TOPO_CONF"
	trap 'tmux -S "$TOPO_DIR/tmux" kill-server 2>/dev/null; finish' EXIT
	for ((i = 0; i < 20; i++)); do status $vip/simple/nginx >/dev/null; done
	for i in 1 2 3 4 5 6 7; do
		tmux_ send-keys -t top "$i"
		sleep 1.2
		[ "$(screen | grep -c .)" -gt 3 ] || fail "screen $i is empty: $(screen)"
	done
	n=$(ctl stats -o json | jget "d['cluster']['outbound|80||nginx.simple.svc.cluster.local']['rq_total']['sum']")
	expect 20 "$n"
	tmux_ send-keys -t top 5
	sees 'nginx'
	tmux_ resize-window -t top -x 120 -y 40 2>/dev/null || true
	tmux_ send-keys -t top 4
	sees 'simple'
	out=$("$TOPO_BIN/app/sluice-top/sluice-top" -c "$TOPO_CONF" --batch --once -o json)
	expect_in "$out" 'nginx.simple'
	kill -9 "$sluiced_pid"
	wait "$sluiced_pid" 2>/dev/null || true
	sees 'not running|dead|ended|stopped'
	sluiced_start
	sleep 3
	! screen | grep -qE 'not running' || fail "the console did not notice the restart: $(screen)"
	tmux_ send-keys -t top q
	wait_until 5 eval '! tmux -S "$TOPO_DIR/tmux" has-session -t top'
}
