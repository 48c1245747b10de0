# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# pcap, memif and null ports: a capture is answered into a capture, two gateways hear each other
bare=yes
# box NAME PORTS: a data plane of its own; its process id is in $topo_pid.
box() {
	mkdir -p "$TOPO_DIR/$1"
	cat >"$TOPO_DIR/$1/sluice.conf" <<CONF
instance = "$TOPO-$1";
memory: { size = "256M"; hugepages = "no"; };
log: { file = "$TOPO_DIR/$1/dpdk.log"; };
control: { socket = "$TOPO_DIR/$1/sock"; state = "$TOPO_DIR/$1/state"; };
ports = ( $2 );
CONF
	topo_spawn "$1.log" - "$TOPO_BIN/app/sluiced/sluiced" -c "$TOPO_DIR/$1/sluice.conf"
	wait_until 20 grep -q 'is up with' "$TOPO_DIR/$1.log" || fail "$(cat "$TOPO_DIR/$1.log")"
}
of() { "$TOPO_BIN/app/sluicectl/sluicectl" -c "$TOPO_DIR/$1/sluice.conf" workers -o json; }
cleanup() { rm -rf /dev/shm/sluice/"$TOPO"-*; }
play() {
	local pid a b
	"$top/test/peers/arp-pcap" write "$TOPO_DIR/in.pcap"
	box pcap "{ name = \"p\"; kind = \"pcap\"; device = \"$TOPO_DIR/in.pcap,$TOPO_DIR/out.pcap\"; addresses = [ \"192.0.2.1/24\" ]; }"
	pid=$topo_pid
	sleep 1
	topo_stop "$pid"
	expect_in "$("$top/test/peers/arp-pcap" read "$TOPO_DIR/out.pcap")" '^([0-9a-f]{2}:){5}[0-9a-f]{2}$'

	box null '{ name = "n"; kind = "null"; addresses = [ "192.0.2.1/24" ]; }'
	pid=$topo_pid
	sleep 1
	[ "$(of null | jget "d[0]['rx']")" -gt 1000 ] || fail "nothing received"
	topo_stop "$pid"
	expect 0 "$(of null | jget "d[0]['balance']")" "packets unaccounted for"

	box left "{ name = \"m\"; kind = \"memif\"; device = \"$TOPO_DIR/memif,server\"; addresses = [ \"10.0.0.1/24\" ]; }"
	box right "{ name = \"m\"; kind = \"memif\"; device = \"$TOPO_DIR/memif\"; addresses = [ \"10.0.0.2/24\" ]; }"
	wait_until 10 eval '[ "$(of left | jget "d[0][\"rx\"]")" -ge 1 ]'
}
