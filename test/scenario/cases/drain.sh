# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# Draining by command, by a removed listener and by SIGTERM: what runs is finished, nothing new begins
probe=127.0.0.1:$((20000 + $$ % 10000))
extra="timeouts: { drain = \"15s\"; };
admin: { address = \"\"; probe = \"$probe\"; prometheus = \"\"; };"

ready() { curl -s -o /dev/null -w '%{http_code}' http://$probe/healthz/ready; }

# slow_start / slow_done: a download of eight seconds, of more than buffers hold.
slow_start() {
	get $vip/simple/nginx/big --limit-rate 3M -o "$TOPO_DIR/got" &
	slow_pid=$!
	sleep 1
}
slow_done() {
	wait $slow_pid || fail "the download under way was cut"
	cmp "$TOPO_DIR/got" "$TOPO_DIR/www/big" || fail "the download under way is damaged"
}
# idle_ends WHAT...: a connection that has had an answer is ended by what WHAT does.
idle_ends() {
	in_client /usr/bin/python3 - "$TOPO_DIR" <<'P' &
import os, socket, sys, time
s = socket.create_connection(("10.96.190.18", 80))
def ask():
    s.sendall(b"GET /simple/nginx/index.html HTTP/1.1\r\nHost: simple.baihl.io\r\n\r\n")
    head, body = b"", 0
    while b"\r\n\r\n" not in head:
        head += s.recv(4096)
    assert head.startswith(b"HTTP/1.1 200"), head
    return head
ask()
open(sys.argv[1] + "/asked", "w").close()
s.settimeout(5)
while data := s.recv(4096):
    pass
P
	local pid=$!
	wait_until 5 [ -e "$TOPO_DIR/asked" ]
	rm "$TOPO_DIR/asked"
	sleep 0.3
	"$@"
	wait $pid || fail "an idle connection was not ended"
}
play() {
	local t
	dd if=/dev/urandom of="$TOPO_DIR/www/big" bs=1M count=24 status=none
	chmod a+r "$TOPO_DIR/www/big"
	expect 200 "$(status $vip/simple/nginx)"
	expect 200 "$(ready)" "readiness"

	slow_start
	idle_ends ctl drain
	expect 503 "$(ready)" "readiness while draining"
	expect_in "$(ctl status)" '^data plane  running, draining'
	refused client 10.96.190.18 80
	slow_done
	expect_in "$(ctl undrain)" 'taking connections'
	expect 200 "$(ready)" "readiness after undrain"
	expect 200 "$(status $vip/simple/nginx)"

	slow_start
	idle_ends ctl delete -f "$top/config/examples/scenario"
	refused client 10.96.190.18 80
	slow_done
	ctl apply -f "$top/config/examples/scenario" >/dev/null
	wait_until 5 eval '[ "$(status $vip/simple/nginx)" = 200 ]'

	slow_start
	t=$(date +%s%N)
	idle_ends kill "$sluiced_pid"
	expect 503 "$(ready)" "readiness while ending"
	refused client 10.96.190.18 80
	slow_done
	wait "$sluiced_pid" && expect 0 $? "exit code"
	report "ended $((($(date +%s%N) - t) / 1000000)) ms after SIGTERM, when the download was done"
	expect 0 "$(grep -cE 'HTTP/1.1" (5..|0) ' "$TOPO_DIR/access.log")" "failed requests"
}
