# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# tshark finds no error and no warning in our traffic that it doesn't find in Linux's
export TOPO_V6=yes
export TOPO_NGINX_EXTRA='listen [2001:db8:2::14]:80 backlog=4096;'
extra=$(cat <<'C'
listeners = ( { name = "web6"; address = "::"; port = 8086;
  hosts = ( { name = "six"; domains = [ "*" ]; routes = (
    { match = { prefix = "/simple/httpserver"; }; rewrite = "/hello"; cluster = "app6"; },
    { match = { prefix = "/simple/nginx"; }; rewrite = "/"; cluster = "nginx6"; } ); } ); } );
clusters = ( { name = "nginx6"; endpoints = [ "[2001:db8:2::14]:80" ]; },
             { name = "app6"; endpoints = [ "[2001:db8:2::13]:80" ]; },
             { name = "nginx"; endpoints = [ "10.10.1.14:80" ]; },
             { name = "app"; endpoints = [ "10.10.1.13:80" ]; } );
services = ( { name = "l4nginx"; address = "10.96.9.9"; port = 80; cluster = "nginx"; },
             { name = "l4app"; address = "10.96.9.9"; port = 81; cluster = "app"; },
             { name = "l4nginx6"; address = "fd00:10:96::99"; port = 80; cluster = "nginx6"; },
             { name = "l4app6"; address = "fd00:10:96::99"; port = 81; cluster = "app6"; } );
C
)

# capture FILE SIDE INTERFACE: records until its process, $topo_pid, is stopped.
capture() {
	topo_spawn "$1.log" $2 nice -n -15 tcpdump -i $3 -n -s 0 -B 131072 -U -Z root -w "$TOPO_DIR/$1"
	wait_until 10 grep -q 'listening on' "$TOPO_DIR/$1.log"
}

# traffic NGINX APP: what a browser and an uploading client do; URLs.
traffic() {
	local i
	for i in 1 2 3; do in_client curl -sS -m 10 -H "$host" -o /dev/null $1; done
	in_client curl -sS -m 10 -H "$host" -o /dev/null -I $1
	in_client curl -sS -m 10 -H "$host" -o /dev/null $1 -o /dev/null $1 -o /dev/null $1 -o /dev/null ${1}missing
	in_client curl -sS -m 10 -H "$host" -o /dev/null $2
	in_client curl -sS -m 20 -H "$host" -o /dev/null ${1}big
	in_client curl -sS -m 20 -H "$host" -o /dev/null --data-binary @"$TOPO_DIR/www/up" $2
	in_client curl -sS -m 20 -H "$host" -o /dev/null -H 'Transfer-Encoding: chunked' \
		--data-binary @"$TOPO_DIR/www/up" $2
	# A client that takes its time.
	in_client curl -sS -m 20 -H "$host" ${1}big | (sleep 0.3 && cat >/dev/null)
	# A client that goes away in the middle.
	in_client timeout 5 curl -sS -m 10 -H "$host" ${1}big 2>/dev/null | head -c 100000 >/dev/null || true
}

# The same servers over a link of Linux alone.
linux_link() {
	ip link add d0 netns "$TOPO-client" type veth peer name d1 netns "$TOPO-backend"
	in_client ethtool -K d0 tx off >/dev/null
	in_backend ethtool -K d1 tx off >/dev/null
	ip -n "$TOPO-client" addr add 198.51.100.10/24 dev d0
	ip -n "$TOPO-backend" addr add 198.51.100.14/24 dev d1
	ip -n "$TOPO-client" addr add 2001:db8:4::10/64 dev d0 nodad
	ip -n "$TOPO-backend" addr add 2001:db8:4::14/64 dev d1 nodad
	ip -n "$TOPO-client" link set d0 up
	ip -n "$TOPO-backend" link set d1 up
	sed -e 's/10.10.1.14:80/198.51.100.14:80/; s/2001:db8:2::14/2001:db8:4::14/' \
		-e 's/nginx.pid/nginx2.pid/' "$TOPO_DIR/nginx.conf" >"$TOPO_DIR/nginx2.conf"
	topo_spawn nginx2.log backend nginx -e "$TOPO_DIR/nginx2.error.log" -c "$TOPO_DIR/nginx2.conf"
	topo_spawn app.log backend "$top/test/peers/httpserver" 198.51.100.14 81
	topo_spawn app.log backend "$top/test/peers/httpserver" 2001:db8:4::14 81
	topo_spawn app.log backend "$top/test/peers/httpserver" 2001:db8:2::13 80
	wait_until 10 in_client curl -s -o /dev/null http://198.51.100.14/
	wait_until 10 in_client curl -s -o /dev/null http://198.51.100.14:81/
	wait_until 10 in_client curl -s -o /dev/null 'http://[2001:db8:4::14]:81/'
	wait_until 10 in_backend curl -s -o /dev/null 'http://[2001:db8:2::13]/'
}

# one_queue SIDE INTERFACE: what arrives there goes through the queue of one processor, whichever sent
# it. By default each has its own, and packets that left in order overtake each other between two.
one_queue() {
	local cpus
	cpus=$(printf %x $((1 << ($(nproc) - 1))))
	ip netns exec "$TOPO-$1" sh -c "echo $cpus >/sys/class/net/$2/queues/rx-0/rps_cpus"
}

# expert FILE SIDE INTERFACE: each finding once, "SEVERITY GROUP PROTOCOL SUMMARY". Linux itself
# sends the one of the two zeros that tshark dislikes, once in 65536 packets.
expert() {
	local mac
	mac=$(ip -n "$TOPO-$2" -br link show $3 | awk '{ print $3 }')
	tshark -r "$TOPO_DIR/$1" -q -z "expert,chat,!(tcp.checksum == 0xffff && eth.src == $mac)" \
		-o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE -o ip.check_checksum:TRUE 2>/dev/null |
		awk '/^(Errors|Warns|Notes|Chats) \(/ { severity = $1; next }
			$1 ~ /^[0-9]+$/ { $1 = severity; print }' | sort -u
}

# Packets that something else than a wire lost: captures, receive rings, the kernel's queues.
lost_here() {
	local captures
	captures=$(awk '/dropped by kernel/ { n += $1 } END { print n + 0 }' "$TOPO_DIR"/*.pcap.log)
	echo $((captures + $(lost_before) - missed_before + $(backlog_lost) - backlog_before + $(drops_of tx_full) - full_before))
}
backlog_lost() { local n=0 a b rest; while read -r a b rest; do n=$((n + 16#$b)); done </proc/net/softnet_stat; echo $n; }
drops_of() { ctl drops -a -o json | jget "sum(r['count'] for r in d if r['reason'] == '$1')"; }

# record: one capture of everything; what is found only in ours is in $new.
record() {
	local pids=() pid
	missed_before=$(lost_before) backlog_before=$(backlog_lost) full_before=$(drops_of tx_full)
	rm -f "$TOPO_DIR"/*.pcap "$TOPO_DIR"/*.pcap.log
	capture linux.pcap client d0
	pids+=("$topo_pid")
	capture client.pcap client c0
	pids+=("$topo_pid")
	capture backend.pcap backend b0
	pids+=("$topo_pid")
	traffic http://198.51.100.14/ http://198.51.100.14:81/
	traffic 'http://[2001:db8:4::14]/' 'http://[2001:db8:4::14]:81/'
	traffic $vip/simple/nginx/ $vip/simple/httpserver
	traffic 'http://[2001:db8:1::1]:8086/simple/nginx/' 'http://[2001:db8:1::1]:8086/simple/httpserver'
	traffic http://10.96.9.9/ http://10.96.9.9:81/
	traffic 'http://[fd00:10:96::99]/' 'http://[fd00:10:96::99]:81/'
	sleep 0.5
	for pid in "${pids[@]}"; do topo_stop $pid; done
	expert linux.pcap client d0 >"$TOPO_DIR/linux.expert"
	{ expert client.pcap client c0 && expert backend.pcap backend b0; } | sort -u >"$TOPO_DIR/ours.expert"
	grep -q '^Chats.*GET' "$TOPO_DIR/ours.expert" || fail "tshark has read nothing"
	grep -q '^Chats.*GET' "$TOPO_DIR/linux.expert" || fail "tshark has not read Linux's traffic"
	new=$(comm -23 "$TOPO_DIR/ours.expert" "$TOPO_DIR/linux.expert")
}

# What comes of a machine that has no processor for us in time: a peer's timer runs out, or the
# capture loses a packet and HTTP is read from its middle. It must not be found each time.
timing='D-SACK Sequence|Zero Window|out-of-order|Previous segment|not captured|completely full'
timing+='|New fragment overlaps old data|Illegal characters found in header name|Malformed Packet'

play() {
	local i warned lost
	if ! command -v tshark >/dev/null || ! command -v tcpdump >/dev/null; then
		echo "tshark or tcpdump is missing" && exit 77
	fi
	head -c 5000000 /dev/urandom >"$TOPO_DIR/www/big"
	head -c 1000000 /dev/urandom >"$TOPO_DIR/www/up"
	chmod a+r "$TOPO_DIR/www/"*
	gateway_first pinned
	linux_link
	one_queue client c0
	one_queue client d0
	one_queue backend b0
	one_queue backend d1
	one_queue gateway sl-c0
	one_queue gateway sl-b0
	for i in 1 2 3 4 5 6; do
		record
		lost=$(lost_here)
		warned=$(grep -E '^(Errors|Warns)' <<<"$new" || true)
		report "take $i: $(grep -cE '^(Errors|Warns)' "$TOPO_DIR/ours.expert") kinds of errors and warnings, $(grep -cE '^(Errors|Warns)' "$TOPO_DIR/linux.expert") in Linux's; $lost packets lost in this machine; only here: ${warned:-none}"
		! grep -vE "$timing" <<<"$warned" | grep . || fail "only in our traffic"
		[ -n "$warned" ] || return 0
	done
	fail "each time in our traffic only"
}
