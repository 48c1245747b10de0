# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034
# Sourced: a client, a gateway and a backend network in namespaces of their own, with an nginx and
# a small httpserver behind, and Sluice's programs between. Everything is named after $TOPO and
# lives in $TOPO_DIR; nothing outside is touched, and topo_down removes it all.
#
#   client  192.0.2.10 --- 192.0.2.1  gateway  10.10.1.4 --- 10.10.1.13, 10.10.1.14  backend
#
# With TOPO_V6=yes all of them have IPv6 addresses as well, that end in the same number:
# 2001:db8:1::/64 and 2001:db8:2::/64; virtual addresses are in fd00:10:96::/64.

topo_pids=()

# topo_init NAME BIN_DIR PORT_KIND WORKERS
topo_init() {
	TOPO=$1 TOPO_BIN=$2 TOPO_KIND=$3 TOPO_WORKERS=$4
	TOPO_DIR=$(mktemp -d "/tmp/$TOPO.XXXXXX")
	chmod 755 "$TOPO_DIR"
	TOPO_CONF=$TOPO_DIR/sluice.conf
	topo_src=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
	topo_write_conf
}

in_client() { ip netns exec "$TOPO-client" "$@"; }
in_gateway() { ip netns exec "$TOPO-gateway" "$@"; }
in_backend() { ip netns exec "$TOPO-backend" "$@"; }

# topo_spawn LOG SIDE COMMAND...: in the background, in a side's namespace ("-": in none); its
# process id is in $topo_pid.
topo_spawn() {
	local log=$1 side=$2
	shift 2
	[ "$side" = - ] || set -- ip netns exec "$TOPO-$side" "$@"
	"$@" >>"$TOPO_DIR/$log" 2>&1 </dev/null &
	topo_pid=$!
	topo_pids+=("$topo_pid")
}

topo_stop() {
	local pid=$1 i
	kill "$pid" 2>/dev/null || return 0
	for ((i = 0; i < 150; i++)); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	kill -9 "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
}

# wait_until SECONDS COMMAND...
wait_until() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

topo_write_conf() {
	local client='"192.0.2.1/24"' backend='"10.10.1.4/24"'
	if [ "${TOPO_V6:-no}" = yes ]; then
		client+=', "2001:db8:1::1/64"' backend+=', "2001:db8:2::4/64"'
	fi
	cat >"$TOPO_CONF" <<CONF
# The box of the demo: one port towards the clients, one towards the backends.
instance = "$TOPO";
workers: { count = $TOPO_WORKERS; };
memory: { size = "${TOPO_MEMORY:-384M}"; hugepages = "${TOPO_HUGE:-no}"; ${TOPO_MEMORY_EXTRA:-} };
log: { file = "$TOPO_DIR/dpdk.log"; access = "$TOPO_DIR/access.log"; };
control: { socket = "$TOPO_DIR/control.sock"; state = "$TOPO_DIR/state"; };
ports = (
  { name = "client"; kind = "$TOPO_KIND"; device = "sl-c0"; ${TOPO_CLIENT_EXTRA:-}
    addresses = [ $client ]; },
  { name = "backend"; kind = "$TOPO_KIND"; device = "sl-b0"; ${TOPO_BACKEND_EXTRA:-}
    addresses = [ $backend ]; }${TOPO_PORTS_EXTRA:-}
);
${TOPO_EXTRA:-}
CONF
}

# One end of a link in the gateway's namespace for the port, the other where its peers are.
topo_veth() {
	local side=$1 port=$2 peer=$3 q=$TOPO_WORKERS
	ip link add "$port" netns "$TOPO-gateway" numrxqueues "$q" numtxqueues "$q" type veth \
		peer name "$peer" netns "$TOPO-$side" numrxqueues "$q" numtxqueues "$q"
	ip -n "$TOPO-gateway" link set "$port" up
	# The kernel would hand over unfinished checksums and frames larger than the MTU.
	ip netns exec "$TOPO-$side" ethtool -K "$peer" tx off >/dev/null
}

topo_tap() {
	local side=$1 port=$2 peer=$3
	wait_until 10 ip -n "$TOPO-gateway" link show "$port"
	ip -n "$TOPO-gateway" link set "$port" netns "$TOPO-$side" name "$peer"
}

topo_addresses() {
	ip -n "$TOPO-client" addr add 192.0.2.10/24 dev c0
	ip -n "$TOPO-client" link set c0 up
	ip -n "$TOPO-client" route add 10.96.0.0/12 via 192.0.2.1
	ip -n "$TOPO-backend" addr add 10.10.1.13/24 dev b0
	ip -n "$TOPO-backend" addr add 10.10.1.14/24 dev b0
	ip -n "$TOPO-backend" link set b0 up
	if [ "${TOPO_V6:-no}" = yes ]; then topo_addresses_v6; fi
}

# Without duplicate address detection, which would have the tests wait.
topo_addresses_v6() {
	ip -n "$TOPO-client" addr add 2001:db8:1::10/64 dev c0 nodad
	ip -n "$TOPO-client" route add fd00:10:96::/64 via 2001:db8:1::1
	ip -n "$TOPO-backend" addr add 2001:db8:2::13/64 dev b0 nodad
	ip -n "$TOPO-backend" addr add 2001:db8:2::14/64 dev b0 nodad
}

topo_namespaces() {
	local side off
	for side in client gateway backend; do
		off=1
		[ "${TOPO_V6:-no}" = yes ] && [ $side != gateway ] && off=0
		ip netns add "$TOPO-$side"
		ip netns exec "$TOPO-$side" sysctl -qw net.ipv6.conf.all.disable_ipv6=$off \
			net.ipv6.conf.default.disable_ipv6=$off 2>/dev/null || true
		# What a listener's backlog is cut to when it begins to listen.
		ip netns exec "$TOPO-$side" sysctl -qw net.core.somaxconn=16384
		ip -n "$TOPO-$side" link set lo up
	done
	[ "$TOPO_KIND" = tap ] && return
	topo_veth client sl-c0 c0
	topo_veth backend sl-b0 b0
	topo_addresses
}

topo_nginx_conf() {
	cat <<CONF
daemon off; worker_processes 1; pid $TOPO_DIR/nginx.pid; error_log $TOPO_DIR/nginx.error.log;
events { worker_connections ${TOPO_NGINX_CONNS:-4096}; }
http {
  access_log off; keepalive_requests 100000000; client_body_temp_path $TOPO_DIR;
  proxy_temp_path $TOPO_DIR; fastcgi_temp_path $TOPO_DIR; uwsgi_temp_path $TOPO_DIR;
  scgi_temp_path $TOPO_DIR;
  server { listen 10.10.1.14:80 backlog=16384; ${TOPO_NGINX_EXTRA:-} root $TOPO_DIR/www; }
}
CONF
}

topo_nginx_start() {
	mkdir -p "$TOPO_DIR/www"
	echo '<h1>Welcome to nginx!</h1>' >"$TOPO_DIR/www/index.html"
	chmod -R a+rX "$TOPO_DIR/www"
	topo_nginx_conf >"$TOPO_DIR/nginx.conf"
	topo_spawn nginx.log backend nginx -e "$TOPO_DIR/nginx.error.log" -c "$TOPO_DIR/nginx.conf"
	nginx_pid=$topo_pid
	wait_until 10 in_backend curl -s -o /dev/null http://10.10.1.14/
}

topo_httpserver_start() {
	topo_spawn httpserver.log backend "$topo_src/test/peers/httpserver" 10.10.1.13 80
	httpserver_pid=$topo_pid
	wait_until 10 in_backend curl -s -o /dev/null http://10.10.1.13/
}

topo_backends() {
	topo_nginx_start
	topo_httpserver_start
}

sluiced_start() {
	local lines
	lines=$(grep -c 'is up with' "$TOPO_DIR/sluiced.log" 2>/dev/null || true)
	topo_spawn sluiced.log gateway "$TOPO_BIN/app/sluiced/sluiced" -c "$TOPO_CONF"
	sluiced_pid=$topo_pid
	if [ "$TOPO_KIND" = tap ]; then
		topo_tap client sl-c0 c0
		topo_tap backend sl-b0 b0
		topo_addresses
	fi
	wait_until 20 eval "[ \$(grep -c 'is up with' '$TOPO_DIR/sluiced.log') -gt ${lines:-0} ]" || {
		cat "$TOPO_DIR/sluiced.log" >&2
		return 1
	}
}

control_start() {
	topo_spawn control.log - "$TOPO_BIN/app/sluice-control/sluice-control" -c "$TOPO_CONF"
	control_pid=$topo_pid
	wait_until 20 ctl status || {
		cat "$TOPO_DIR/control.log" >&2
		return 1
	}
}

ctl() { "$TOPO_BIN/app/sluicectl/sluicectl" -c "$TOPO_CONF" "$@"; }

topo_up() {
	topo_namespaces
	sluiced_start
	topo_backends
	control_start
}

topo_down() {
	local pid side
	for ((i = ${#topo_pids[@]} - 1; i >= 0; i--)); do
		topo_stop "${topo_pids[$i]}"
	done
	topo_pids=()
	for side in client gateway backend ${TOPO_MORE_SIDES:-}; do
		# What a test left running in its namespace goes with it.
		for pid in $(ip netns pids "$TOPO-$side" 2>/dev/null); do
			kill -9 "$pid" 2>/dev/null || true
		done
		ip netns del "$TOPO-$side" 2>/dev/null || true
	done
	rm -rf "/dev/shm/sluice/$TOPO" "$TOPO_DIR"
}
