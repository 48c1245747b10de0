# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# TCP listeners: bytes of a protocol that is not HTTP, by weight and service, with PROXY headers
bare=yes workers=2
extra=$(cat <<'C'
listeners = ( { name = "lines"; port = 9000; protocol = "tcp"; cluster = "lines"; },
              { name = "split"; port = 9001; protocol = "tcp";
                clusters = ( { name = "a"; weight = 75; }, { name = "b"; weight = 25; } ); },
              { name = "dead"; port = 9002; protocol = "tcp"; cluster = "dead"; } );
clusters = ( { name = "lines"; proxy_protocol = "v2"; endpoints = [ "10.10.1.13:9000" ]; },
             { name = "a"; endpoints = [ "10.10.1.13:9001" ]; },
             { name = "b"; endpoints = [ "10.10.1.14:9001" ]; },
             { name = "dead"; endpoints = [ "10.10.1.13:9" ]; } );
services = ( { name = "vip"; address = "10.96.7.7"; port = 5432; listener = "lines"; } );
C
)
# Answers each line with the address it listens at, the client by the PROXY header, and the line.
server='import socket, sys, threading
ip, port = sys.argv[1], int(sys.argv[2])
def serve(c):
    who = ""
    if port == 9000:
        head = c.recv(16, socket.MSG_WAITALL)
        assert head[:12] == b"\r\n\r\n\0\r\nQUIT\n" and head[12] == 0x21, head
        body = c.recv(int.from_bytes(head[14:16], "big"), socket.MSG_WAITALL)
        who = socket.inet_ntoa(body[:4])
    c.sendall(f"ready {ip}\n".encode())
    for line in c.makefile("rb"):
        c.sendall(f"{who} {line.decode()}".encode())
    c.sendall(b"bye\n")
    c.close()
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((ip, port)); s.listen(128)
while True:
    threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()'
# talk ADDRESS PORT TIMES LINE...: so many connections, each line sent, all that comes printed.
client='import socket, sys
for i in range(int(sys.argv[3])):
    s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 5)
    for text in sys.argv[4:]:
        s.sendall(text.encode() + b"\n")
    s.shutdown(socket.SHUT_WR)
    print(s.makefile().read(), end="")'
talk() { in_client python3 -c "$client" "$@"; }

play() {
	local i n
	for i in "13 9000" "13 9001" "14 9001"; do
		topo_spawn lines.log backend python3 -c "$server" 10.10.1.$i
	done
	wait_until 10 eval 'in_backend bash -c "ss -ltn | grep -q 10.10.1.14:9001"'
	for to in "192.0.2.1 9000" "10.96.7.7 5432"; do
		expect "ready 10.10.1.13 192.0.2.10 one 192.0.2.10 GET / HTTP/1.1 bye" \
			"$(talk $to 1 one 'GET / HTTP/1.1' | tr '\n' ' ' | sed 's/ $//')"
	done
	n=$(talk 192.0.2.1 9001 100 x | grep -c 'ready 10.10.1.14')
	report "75:25: the second got $n of 100"
	[ $n -ge 22 ] && [ $n -le 28 ] || fail "25 % of 100 are not $n"
	if talk 192.0.2.1 9002 1 x 2>"$TOPO_DIR/dead"; then fail "nobody there, and no reset"; fi
	expect_in "$(ctl pc listener --port 9000)" '^0.0.0.0 +9000 +ALL +Cluster: lines$'
	expect_in "$(ctl explain 10.96.7.7:5432)" 'of TCP: its bytes are passed on'
	wait_until 5 eval 'grep -q "\"- - -\" 0 UF,URX - " "$TOPO_DIR/access.log"'
	expect_in "$(cat "$TOPO_DIR/access.log")" '"- - -" 0 - - - "-" 19 [0-9]+ [0-9]+ - "-" "-" "-" "-" "10.10.1.13:9000" lines 10.10.1.4:[0-9]+ 10.96.7.7:5432 192.0.2.10:[0-9]+ - lines$'
}
