# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# What a change would do to the requests of the last minute, told by their header fields, and nothing of it done
workers=2
dry_run() { ctl apply --dry-run -f "$1"; }
ask() { in_client curl -sS -o /dev/null -H "$host" -H "Cookie: session=1" "$@" $vip/simple/nginx; }
routes() {
	cat >"$TOPO_DIR/$1.yaml" <<Y
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: simple, namespace: simple }
spec:
  hosts: [simple.baihl.io]
  gateways: [simple]
  http:
    - match: [{ uri: { prefix: /simple/nginx }, headers: { $2 } }]
      route: [{ destination: { host: simple, port: { number: 80 } } }]
    - match: [{ uri: { prefix: /simple/nginx } }]
      route: [{ destination: { host: nginx, port: { number: 80 } } }]
Y
}

play() {
	local out
	routes now 'end-user: { exact: ada }'
	routes bob 'end-user: { exact: bob }'
	routes cookie 'cookie: { prefix: session }'
	ctl apply -f "$TOPO_DIR/now.yaml" >/dev/null
	for ((i = 0; i < 7; i++)); do ask -H "End-User: ada"; done
	for ((i = 0; i < 4; i++)); do ask -H "End-User: bob"; done
	for ((i = 0; i < 9; i++)); do ask; done
	wait_until 5 eval 'dry_run "$TOPO_DIR/now.yaml" | grep "of 20 in the last minute"'
	out=$(dry_run "$TOPO_DIR/now.yaml")
	expect_in "$out" '^requests: 0 of the 20 played would go elsewhere'
	out=$(dry_run "$TOPO_DIR/bob.yaml")
	expect_in "$out" '^requests: 11 of the 20 played would go elsewhere'
	expect_in "$out" '^ +7 x from outbound\|80\|\|simple.* to outbound\|80\|\|nginx'
	expect_in "$out" '^ +4 x from outbound\|80\|\|nginx.* to outbound\|80\|\|simple'
	expect_in "$out" '^nothing was changed$'
	out=$(dry_run "$TOPO_DIR/cookie.yaml")
	expect_in "$out" '^  20 not played: where they go hangs on their cookie, whose value is not kept$'
	expect_in "$(ctl explain --last=14)" '^condition +header end-user exactly (ada|bob)$'
	expect 20 "$(counter heads_kept)" "heads kept"
}
