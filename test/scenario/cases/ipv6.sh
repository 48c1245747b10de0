# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# IPv6 from end to end: HTTP by virtual IP and node port, L4 services, ping, closed ports
export TOPO_V6=yes
export TOPO_NGINX_EXTRA='listen [2001:db8:2::14]:80 backlog=4096;'
vip6='http://[fd00:10:96::18]'
node6='http://[2001:db8:1::1]:31373'

# The scenario as a dual-stack cluster would say it, endpoints in IPv6 alone.
ipv6_manifests() {
	mkdir "$TOPO_DIR/v6"
	cp "$top/config/examples/scenario/"{istio-specs,nginx,simple}.yaml "$TOPO_DIR/v6"
	sed 's/^  clusterIP: 10.96.190.18$/&\n  clusterIPs: [10.96.190.18, "fd00:10:96::18"]/' \
		"$top/config/examples/scenario/ingressgateway.yaml" >"$TOPO_DIR/v6/ingressgateway.yaml"
	ipv6_slice istio-system istio-ingressgateway http2 8080 TCP 2001:db8:2::4
	ipv6_slice simple simple http 80 TCP 2001:db8:2::13
	ipv6_slice simple nginx http 80 TCP 2001:db8:2::14
	ipv6_slice l4 web http 80 TCP 2001:db8:2::14
	ipv6_slice l4 web echo 7777 UDP 2001:db8:2::13
	ipv6_slice l4 web http 80 TCP 10.10.1.14
	cat >"$TOPO_DIR/v6/l4.yaml" <<'Y'
apiVersion: v1
kind: Service
metadata: { name: web, namespace: l4 }
spec:
  type: NodePort
  ipFamilyPolicy: RequireDualStack
  ipFamilies: [IPv6, IPv4]
  clusterIP: "fd00:10:96::77"
  clusterIPs: ["fd00:10:96::77", 10.96.7.7]
  ports:
    - { name: http, port: 8000, targetPort: 80, nodePort: 30080, protocol: TCP }
    - { name: echo, port: 7, targetPort: 7777, protocol: UDP }
    - { name: none, port: 99, targetPort: 99, protocol: TCP }
Y
}

# Of IPv4 where the address is.
# ipv6_slice NAMESPACE SERVICE PORT_NAME PORT PROTOCOL ADDRESS
ipv6_slice() {
	local family=IPv4
	if [[ $6 = *:* ]]; then family=IPv6; fi
	cat >"$TOPO_DIR/v6/slice-$1-$2-$3-$family.yaml" <<Y
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: $2-$3-${family,,}, namespace: $1, labels: { kubernetes.io/service-name: $2 } }
addressType: $family
ports: [{ name: $3, port: $4, protocol: $5 }]
endpoints: [{ addresses: ["$6"], conditions: { ready: true } }]
Y
}

ipv6_pings() {
	local size
	for size in 0 1 56 1232 1452; do
		in_client ping -c 2 -i 0.2 -W 2 -s $size 2001:db8:1::1 >/dev/null
	done
	in_backend ping -c 2 -i 0.2 -W 2 2001:db8:2::4 >/dev/null
	# An af_packet socket hands over reassembled datagrams, cut to its frame: not these.
	[ "$kind" != tap ] || for size in 1453 1500 2900 8000 16000; do
		in_client ping -c 2 -i 0.2 -W 2 -s $size 2001:db8:1::1 >/dev/null
	done
}

ipv6_http() {
	local out url
	for url in $vip6 $node6; do
		out=$(get $url/simple/httpserver)
		expect_in "$out" '^GET /hello HTTP/1.1'
		expect_in "$out" '^[Xx]-[Ff]orwarded-[Ff]or: 2001:db8:1::10$'
		expect_in "$(get $url/simple/nginx)" 'Welcome to nginx'
		expect 404 "$(status $url/simple/other)" "no such route"
	done
	# Either family towards the clients, the other one towards the endpoints.
	expect_in "$(get $vip/simple/nginx)" 'Welcome to nginx'
	expect_in "$(get $node/simple/httpserver)" '^[Xx]-[Ff]orwarded-[Ff]or: 192.0.2.10$'
	expect "$(sha256sum <"$TOPO_DIR/www/big")" \
		"$(get $vip6/simple/nginx/big | sha256sum)" "download over IPv6"
	out=$(head -c 3000000 "$TOPO_DIR/www/big" | get $vip6/simple/httpserver --data-binary @-)
	expect_in "$out" "^3000000 $(head -c 3000000 "$TOPO_DIR/www/big" | sha256sum | cut -d' ' -f1)"
	wait_until 5 grep -q 2001:db8:1::10 "$TOPO_DIR/access.log"
	expect_in "$(cat "$TOPO_DIR/access.log")" '"\[2001:db8:2::13\]:80" outbound\|80\|\|simple.simple.svc.cluster.local \[2001:db8:2::4\]:[0-9]+ \[fd00:10:96::18\]:80 \[2001:db8:1::10\]:[0-9]+ '
}

ipv6_l4() {
	local i
	expect_in "$(in_client curl -sS -m 5 'http://[fd00:10:96::77]:8000/')" 'Welcome to nginx'
	expect_in "$(in_client curl -sS -m 5 'http://[2001:db8:1::1]:30080/')" 'Welcome to nginx'
	# A dual-stack Service: each family is translated to endpoints of its own.
	for i in 1 2 3 4; do
		expect_in "$(in_client curl -sS -m 5 http://10.96.7.7:8000/)" 'Welcome to nginx'
		expect_in "$(in_client curl -sS -m 5 http://192.0.2.1:30080/)" 'Welcome to nginx'
		expect_in "$(in_client curl -sS -m 5 'http://[fd00:10:96::77]:8000/')" 'Welcome to nginx'
	done
	expect "$(sha256sum <"$TOPO_DIR/www/big")" \
		"$(in_client curl -sS -m 60 'http://[fd00:10:96::77]:8000/big' | sha256sum)" "L4 download"
	for i in 1 2 3; do
		expect "datagram $i" "$(in_client "$top/test/peers/udpask" fd00:10:96::77 7 "datagram $i")"
	done
	refused client fd00:10:96::77 99
	refused client 2001:db8:1::1 81
	refused backend 2001:db8:2::4 81
}

bare=yes
play() {
	head -c 8000000 /dev/urandom >"$TOPO_DIR/www/big"
	chmod a+r "$TOPO_DIR/www/big"
	topo_spawn httpserver6.log backend "$top/test/peers/httpserver" 2001:db8:2::13 80
	topo_spawn udp6.log backend "$top/test/peers/udpecho" 2001:db8:2::13 7777
	wait_until 10 in_backend curl -s -o /dev/null 'http://[2001:db8:2::13]/'
	ipv6_manifests
	ctl apply -f "$TOPO_DIR/v6" >/dev/null
	ipv6_pings
	ipv6_http
	ipv6_l4
	in_client "$top/test/peers/garbage" c0 5000 3
	kill -0 "$sluiced_pid" || fail "sluiced died"
	expect 200 "$(status $vip6/simple/nginx)"
}
