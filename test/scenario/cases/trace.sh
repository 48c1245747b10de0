# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# The right hop in traces, path MTU told and heeded, next hops that fail passed over, virtual addresses on the link
bare=yes
export TOPO_V6=yes TOPO_MORE_SIDES=far
extra=$(cat <<'C'
routes = ( { to = "10.10.2.0/24"; via = "10.10.1.13"; }, { to = "10.10.2.0/24"; via = "10.10.1.14"; },
           { to = "2001:db8:3::/64"; via = "2001:db8:2::13"; }, { to = "2001:db8:3::/64"; via = "2001:db8:2::14"; } );
listeners = ( { name = "web"; address = "0.0.0.0"; port = 8080;
  hosts = ( { name = "all"; domains = [ "*" ];
    routes = ( { match = { prefix = "/six"; }; rewrite = "/"; cluster = "far6"; },
               { match = { prefix = "/"; }; cluster = "far"; } ); } ); } );
clusters = ( { name = "far"; endpoints = [ "10.10.2.15:80" ]; },
             { name = "far6"; endpoints = [ "[2001:db8:3::15]:80" ]; },
             { name = "echo"; endpoints = [ "10.10.2.15:7" ]; },
             { name = "echo6"; endpoints = [ "[2001:db8:3::15]:7" ]; } );
services = ( { name = "web"; address = "10.96.8.8"; port = 80; listener = "web"; },
             { name = "link"; address = "192.0.2.77"; port = 80; listener = "web"; },
             { name = "link6"; address = "2001:db8:1::77"; port = 80; listener = "web"; },
             { name = "l4"; address = "10.96.8.9"; port = 80; cluster = "far"; },
             { name = "l4v6"; address = "fd00:10:96::89"; port = 80; cluster = "far6"; },
             { name = "udp"; address = "10.96.8.9"; port = 7; protocol = "udp"; cluster = "echo"; },
             { name = "udp6"; address = "fd00:10:96::89"; port = 7; protocol = "udp"; cluster = "echo6"; } );
C
)

# The backend side becomes a router to a network of its own, over a way with a smaller MTU.
far_network() {
	ip netns add "$TOPO-far"
	ip -n "$TOPO-far" link set lo up
	ip link add b1 netns "$TOPO-backend" type veth peer name f0 netns "$TOPO-far"
	in_backend sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	ip -n "$TOPO-backend" addr add 10.10.2.1/24 dev b1
	ip -n "$TOPO-backend" addr add 2001:db8:3::1/64 dev b1 nodad
	ip -n "$TOPO-backend" link set b1 up
	ip -n "$TOPO-far" addr add 10.10.2.15/24 dev f0
	ip -n "$TOPO-far" addr add 2001:db8:3::15/64 dev f0 nodad
	ip -n "$TOPO-far" link set f0 up
	ip -n "$TOPO-far" route add default via 10.10.2.1
	ip -n "$TOPO-far" route add default via 2001:db8:3::1
	ip -n "$TOPO-backend" route replace 10.10.2.0/24 dev b1 mtu lock 1300
	ip -n "$TOPO-backend" route del 2001:db8:3::/64 dev b1
	ip -n "$TOPO-backend" route add 2001:db8:3::/64 dev b1 mtu lock 1290
	topo_spawn far.log far "$top/test/peers/httpserver" 10.10.2.15 80
	topo_spawn far.log far "$top/test/peers/httpserver" 2001:db8:3::15 80
	topo_spawn far.log far "$top/test/peers/udpecho" 10.10.2.15 7
	topo_spawn far.log far "$top/test/peers/udpecho" 2001:db8:3::15 7
	wait_until 10 in_backend curl -s -o /dev/null http://10.10.2.15/
	wait_until 10 in_backend curl -s -o /dev/null 'http://[2001:db8:3::15]/'
}

probe() { in_client "$top/test/peers/probe" "$@"; }

trace_hops() {
	local out
	out=$(in_client tracepath -n -m 3 192.0.2.1)
	expect_in "$out" '^ 1:  192.0.2.1 .*reached'
	out=$(in_client tracepath -n -m 3 2001:db8:1::1)
	expect_in "$out" '^ 1:  2001:db8:1::1 .*reached'
	# The virtual address is on the box.
	out=$(in_client tracepath -n -m 3 10.96.8.9)
	expect_in "$out" '^ 1:  10.96.8.9 .*reached'
	# Ports that are translated lead further: the box is a hop, and so is the router behind.
	expect "192.0.2.1 exceeded" "$(probe tcp 10.96.8.9 80 1 0)" "TCP, first hop"
	expect "192.0.2.1 exceeded" "$(probe udp 10.96.8.9 7 1 10)" "UDP, first hop"
	expect "2001:db8:1::1 exceeded" "$(probe tcp fd00:10:96::89 80 1 0)" "TCP over IPv6, first hop"
	expect_in "$(probe tcp 10.96.8.9 80 2 0)" ' exceeded$'
	expect "10.96.8.9 answered" "$(probe tcp 10.96.8.9 80 3 0)" "TCP, last hop"
	expect "10.96.8.9 answered" "$(probe udp 10.96.8.9 7 3 10)" "UDP, last hop"
	expect "fd00:10:96::89 answered" "$(probe tcp fd00:10:96::89 80 3 0)" "TCP over IPv6, last hop"
	# What a listener of ours serves ends here. (One ICMP error a second to each address, after
	# the first six.)
	sleep 2
	expect "10.96.8.8 answered" "$(probe tcp 10.96.8.8 80 1 0)" "listener"
	expect "10.96.8.9 unreachable 3" "$(probe udp 10.96.8.9 99 64 10)" "closed UDP port"
}

digest() { head -c "$1" "$TOPO_DIR/big" | sha256sum | cut -d' ' -f1; }

# post URL BYTES: an upload arrives whole.
post() {
	expect "$2 $(digest $2)" \
		"$(head -c $2 "$TOPO_DIR/big" | in_client curl -sS -m 15 -H "$host" --data-binary @- "$1")" "upload to $1"
}

path_mtu() {
	head -c 400000 /dev/urandom >"$TOPO_DIR/big"
	post http://10.96.8.8/ 400000
	post http://10.96.8.8/six 400000
	post http://10.96.8.9/ 400000
	post 'http://[fd00:10:96::89]/' 400000
	expect_in "$(ip -n "$TOPO-client" route get 10.96.8.9)" 'mtu 1300'
	expect_in "$(ip -n "$TOPO-client" -6 route get fd00:10:96::89)" 'mtu 1290'
	ip -n "$TOPO-client" route flush cache
}

on_the_link() {
	in_client ping -c 1 -W 2 192.0.2.77 >/dev/null
	in_client ping -c 1 -W 2 2001:db8:1::77 >/dev/null
	expect_in "$(in_client curl -sS -m 5 -H "$host" http://192.0.2.77/x)" '^GET /x'
	expect_in "$(in_client curl -sS -m 5 -H "$host" 'http://[2001:db8:1::77]/six')" '^GET / '
	in_client ping -c 1 -W 1 192.0.2.78 >/dev/null && fail "an answer for nobody's address"
	refused client 192.0.2.77 81
}

# All of these are connections of their own, so both next hops get some.
all_served() {
	local i
	for ((i = 0; i < 12; i++)); do
		in_client curl -sS -m 1 -o /dev/null http://10.96.8.9/ || return 1
		in_client curl -sS -m 1 -o /dev/null 'http://[fd00:10:96::89]/' || return 1
	done
}

next_hops() {
	all_served
	ip -n "$TOPO-backend" addr del 10.10.1.14/24 dev b0
	ip -n "$TOPO-backend" addr del 2001:db8:2::14/64 dev b0
	wait_until 20 all_served || fail "flows stay with a next hop that is gone"
	all_served
}

play() {
	far_network
	trace_hops
	path_mtu
	on_the_link
	next_hops
}
