# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# Real peers behind L4 services: iperf3 over TCP and UDP, curl, DNS from dnsmasq; nothing is lost or changed
bare=yes
dns_many() {
	in_client /usr/bin/python3 - "$1" "$2" <<'P'
import socket, struct, sys
vip, n = sys.argv[1], int(sys.argv[2])
question = b"".join(bytes([len(p)]) + p for p in (b"host", b"test")) + b"\0" + struct.pack(">HH", 1, 1)
good = 0
for i in range(n):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(1)
    s.connect((vip, 53))
    for _ in range(3):
        s.send(struct.pack(">HHHHHH", i, 0x100, 1, 0, 0, 0) + question)
        try:
            a = s.recv(512)
        except socket.timeout:
            continue
        good += a[:2] == struct.pack(">H", i) and a.endswith(bytes([198, 18, 0, 7]))
        break
print(good)
P
}
play() {
	local out
	cat >"$TOPO_DIR/l4.yaml" <<'Y'
apiVersion: v1
kind: Service
metadata: { name: peers, namespace: l4 }
spec:
  clusterIP: 10.96.7.9
  ports:
    - { name: perf, port: 5201, protocol: TCP }
    - { name: perf-udp, port: 5201, protocol: UDP }
    - { name: dns, port: 53, protocol: UDP }
    - { name: http, port: 80, protocol: TCP }
---
apiVersion: v1
kind: Endpoints
metadata: { name: peers, namespace: l4 }
subsets:
  - addresses: [{ ip: 10.10.1.13 }]
    ports:
      - { name: perf, port: 5201, protocol: TCP }
      - { name: perf-udp, port: 5201, protocol: UDP }
      - { name: dns, port: 5300, protocol: UDP }
  - addresses: [{ ip: 10.10.1.14 }]
    ports: [{ name: http, port: 80, protocol: TCP }]
Y
	ctl apply -f "$TOPO_DIR/l4.yaml" >/dev/null
	topo_spawn iperf3.log backend iperf3 -s -B 10.10.1.13 -p 5201
	topo_spawn dnsmasq.log backend dnsmasq --keep-in-foreground --no-resolv --no-hosts --conf-file=/dev/null \
		--pid-file= --user=root --listen-address=10.10.1.13 --bind-interfaces --port=5300 \
		--address=/host.test/198.18.0.7
	sleep 0.5
	out=$(in_client iperf3 -c 10.96.7.9 -p 5201 -t 3 -P 4 -J)
	report "iperf3, 4 TCP connections: $(jget "'%.0f Mbit/s, %d retransmitted' % (d['end']['sum_received']['bits_per_second'] / 1e6, d['end']['sum_sent']['retransmits'])" <<<"$out")"
	jget "d['end']['sum_received']['bytes'] > 1000000 or exit(1)" <<<"$out" >/dev/null || fail "iperf3 over TCP: $out"
	out=$(in_client iperf3 -c 10.96.7.9 -p 5201 -u -b 20M -l 1200 -t 3 -J)
	report "iperf3, UDP at 20 Mbit/s: $(jget "'%d of %d datagrams lost, %d out of order' % (d['end']['sum']['lost_packets'], d['end']['sum']['packets'], d['end']['streams'][0]['udp'].get('out_of_order', 0))" <<<"$out")"
	jget "d['end']['sum']['packets'] > 1000 and d['end']['sum']['lost_percent'] < 5 or exit(1)" <<<"$out" >/dev/null || fail "iperf3 over UDP: $out"
	expect 200 "$(dns_many 10.96.7.9 200)" "answers of 200 questions"
	head -c 5000000 /dev/urandom >"$TOPO_DIR/www/big"
	chmod a+r "$TOPO_DIR/www/big"
	for _ in 1 2 3; do
		expect "$(sha256sum <"$TOPO_DIR/www/big")" "$(in_client curl -sS -m 30 http://10.96.7.9/big | sha256sum)" "body"
	done
	out=$(ctl drops -o json | jget "{r['reason']: r['count'] for r in d if r['reason'] in ('nat_no_session', 'nat_not_opening', 'l4_bad_csum', 'nat_no_port', 'redirect_full') and r['count']}")
	expect "{}" "$out" "drops of packets that belong to somebody"
}
