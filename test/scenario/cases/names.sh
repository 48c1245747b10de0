# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# Endpoints that are names: unknown, answered, moved, and served on while the name server is dead
bare=yes workers=2
dns_port=$((20000 + $$ % 10000))
extra="dns: { servers = [ \"127.0.0.1:$dns_port\" ]; timeout = \"300ms\"; refresh_min = \"1s\"; };"
partner() { in_client curl -sS -m 5 -H 'Host: partner.example.com' "$@" http://192.0.2.1/; }
is_served_by() { partner | grep -q "$1"; }
endpoints() { ctl pc endpoint | awk 'NR > 1 { print $1 }' | sort | tr '\n' ' '; }

dns_server() {
	topo_spawn dnsmasq.log - dnsmasq --keep-in-foreground --no-resolv --no-hosts --conf-file=/dev/null \
		--pid-file= --user=root --listen-address=127.0.0.1 --bind-interfaces --port=$dns_port \
		--addn-hosts="$TOPO_DIR/hosts"
	dns_pid=$topo_pid
}
# stands_for ADDRESS...: what the partner's name stands for from now on.
stands_for() {
	for a in "$@"; do echo "$a catalogue.partner.org"; done >"$TOPO_DIR/hosts"
	kill -HUP $dns_pid
}

play() {
	for i in 13 14; do
		echo ok >"$TOPO_DIR/mood"
		topo_spawn moody.log backend "$top/test/peers/moody" 10.10.1.$i 8080 "$TOPO_DIR/mood"
	done
	: >"$TOPO_DIR/hosts" && chmod a+rX "$TOPO_DIR" "$TOPO_DIR/hosts"
	dns_server
	ctl apply -f "$top/config/examples/external-names" >/dev/null
	expect 503 "$(partner -o /dev/null -w '%{http_code}')" "a name that is not known"
	wait_until 10 grep -q ' 503 UH no_healthy_upstream ' "$TOPO_DIR/access.log"
	wait_until 10 eval 'ctl status | grep -E "^names +1 looked up, 1 of them without"'

	stands_for 10.10.1.13
	wait_until 20 is_served_by 10.10.1.13:8080
	expect "10.10.1.13:8080 " "$(endpoints)"

	topo_spawn steady.log client "$top/test/peers/steady" 192.0.2.1 80 partner.example.com / 100 "$TOPO_DIR/seen"
	steady_pid=$topo_pid
	stands_for 10.10.1.13 10.10.1.14 127.0.0.1
	wait_until 20 eval '[ "$(endpoints)" = "10.10.1.13:8080 10.10.1.14:8080 " ]'
	stands_for 10.10.1.14
	wait_until 20 eval '[ "$(endpoints)" = "10.10.1.14:8080 " ]'

	topo_stop "$dns_pid"
	wait_until 20 eval 'ctl status | grep -E "catalogue.partner.org.*no server answers"'
	expect "10.10.1.14:8080 " "$(endpoints)"
	expect_in "$(partner)" 10.10.1.14:8080
	topo_stop "$steady_pid"
	expect 0 "$(awk '$3 != 200' "$TOPO_DIR/seen" | wc -l)" "answers that were not 200 while addresses changed"
	report "$(wc -l <"$TOPO_DIR/seen") requests while addresses changed, all answered 200"
}
