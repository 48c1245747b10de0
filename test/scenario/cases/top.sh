# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# sluice-top in a terminal: every screen shows live, right numbers
tmux_() { tmux -S "$TOPO_DIR/tmux" "$@"; }
screen() { tmux_ capture-pane -p -t top; }
# sees PATTERN: within some seconds
sees() { wait_until 8 eval "tmux -S '$TOPO_DIR/tmux' capture-pane -p -t top | grep -qE -- '$1'" || fail "no \"$1\" on: $(screen)"; }
# shows BEFORE EXPRESSION AFTER: within some seconds the screen has a line in which the number that
# the statistics give for the expression stands between the two patterns.
shows() {
	local i n
	for ((i = 0; i < 20; i++)); do
		n=$(ctl stats -o json | jget "$2")
		! screen | grep -qE -- "$1 *$n$3" || return 0
		sleep 0.4
	done
	fail "no \"$1\" with $n ($2) on: $(screen)"
}
cleanup() { tmux_ kill-server 2>/dev/null; }
play() {
	local i cluster="outbound|80||nginx.simple.svc.cluster.local"
	tmux_ -f /dev/null new-session -d -s top -x 80 -y 24 "TERM=screen $TOPO_BIN/app/sluice-top/sluice-top -d 1 -c $TOPO_CONF"
	for ((i = 0; i < 20; i++)); do status $vip/simple/nginx >/dev/null; done
	for ((i = 0; i < 3; i++)); do status $vip/none >/dev/null; done
	refused client 192.0.2.1 1
	for i in 1 2 3 4 5 6 7; do
		tmux_ send-keys -t top "$i"
		sleep 1.2
		[ "$(screen | grep -c .)" -gt 5 ] || fail "screen $i is empty at 80x24: $(screen)"
	done
	tmux_ set-option -g window-size manual
	tmux_ resize-window -t top -x 160 -y 40
	tmux_ send-keys -t top 1
	shows '^requests +[0-9.]+' "d['workers']['http_downstream_rq_total']['sum']" ' '
	shows '^packets received +[0-9.]+' "d['workers']['rx']['sum']" ' '
	tmux_ send-keys -t top 2
	shows '^client .*' "d['port']['client']['rx']['sum']" ' '
	tmux_ send-keys -t top 3
	shows '^0 .*' "d['workers']['rx']['workers'][0]" ' '
	tmux_ send-keys -t top 4
	shows '^0.0.0.0_8080 +[0-9.]+' "d['listener']['0.0.0.0_8080']['rq_total']['sum']" ' '
	shows '#1 +[0-9.]+' "d['route']['http.8080/simple.baihl.io:80/#1']['rq_2xx']['sum']" ' '
	tmux_ send-keys -t top 5
	shows 'nginx.simple.svc.cluster.local +[0-9.]+' "d['cluster']['$cluster']['rq_total']['sum']" ' '
	shows '10.10.1.14:80 +OK +[0-9.]+' "d['endpoint']['$cluster|10.10.1.14:80']['rq_total']['sum']" ' '
	tmux_ send-keys -t top 6
	shows '10.96.190.18:80/tcp .*' \
		"d['service']['istio-system/istio-ingressgateway:http2 10.96.190.18:80/tcp']['sessions_total']['sum']" ' '
	tmux_ send-keys -t top 7
	shows '^tcp_no_conn +[0-9.]+' "d['drops']['tcp_no_conn']['sum']" ' '
	expect 20 "$(ctl stats -o json | jget "d['cluster']['$cluster']['rq_total']['sum']")"
	expect 20 "$("$TOPO_BIN/app/sluice-top/sluice-top" -c "$TOPO_CONF" --batch --once -o json |
		jget "d['stats']['cluster']['$cluster']['rq_total']['sum']")"
	kill -9 "$sluiced_pid"
	wait "$sluiced_pid" 2>/dev/null || true
	sees 'NOT RUNNING'
	sluiced_start
	sleep 3
	! screen | grep -q 'NOT RUNNING' || fail "the console did not notice the restart: $(screen)"
	tmux_ send-keys -t top q
	wait_until 5 eval '! tmux -S "$TOPO_DIR/tmux" has-session -t top'
}
