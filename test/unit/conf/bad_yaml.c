/* SPDX-License-Identifier: BSD-3-Clause */
/* Faulty manifests and what is said about each. */
#include "bad.h"

#define GATEWAY                                \
	"apiVersion: networking.istio.io/v1\n" \
	"kind: Gateway\n"                      \
	"metadata: { name: x }\n"              \
	"spec:\n"
#define VS                                     \
	"apiVersion: networking.istio.io/v1\n" \
	"kind: VirtualService\n"               \
	"metadata: { name: x }\n"              \
	"spec:\n"                              \
	"  hosts: [a.b]\n"                     \
	"  gateways: [g]\n"
#define RULES VS "  http:\n"
#define SERVICE                   \
	"apiVersion: v1\n"        \
	"kind: Service\n"         \
	"metadata: { name: x }\n" \
	"spec:\n"
#define RULE                                   \
	"---\n"                                \
	"apiVersion: networking.istio.io/v1\n" \
	"kind: DestinationRule\n"              \
	"metadata: { name: r }\n"
#define ENTRY                                  \
	"---\n"                                \
	"apiVersion: networking.istio.io/v1\n" \
	"kind: ServiceEntry\n"                 \
	"metadata: { name: e }\n"
#define WEB                         \
	"---\n"                     \
	"apiVersion: v1\n"          \
	"kind: Service\n"           \
	"metadata: { name: web }\n" \
	"spec:\n"                   \
	"  ports: [{ port: 80 }, { port: 53, protocol: UDP }]\n"

const struct bad_case bad_yaml[] = {
	{"a: [b", "t.yaml:2: did not find expected ',' or ']' while parsing a flow sequence; check "
		  "indentation, quotes and colons there"},
	{"a: \"b", "t.yaml:1: found unexpected end of stream while scanning a quoted scalar; check "
		   "indentation, quotes and colons there"},
	{"\ta: b", "t.yaml:1: found character that cannot start any token while scanning for the "
		   "next token; check indentation, quotes and colons there"},
	{"a: b\n"
	 "a: c\n",
	 "t.yaml:2: key 'a' is written twice in one map; write it once"},
	{"apiVersion: v1\n"
	 "kind: ConfigMap\n"
	 "metadata: { name: x, name: y }\n",
	 "t.yaml:3: key 'name' is written twice in one map; write it once"},
	{"a: *b\n", "t.yaml:1: alias '*b' before its anchor is complete; write '&b' earlier"},
	{"a: &a [*a]\n", "t.yaml:1: alias '*a' before its anchor is complete; write '&a' earlier"},
	{"a: &a {x: 1}\n"
	 "b:\n"
	 "  <<: *a\n",
	 "t.yaml:3: merge keys (<<) are not read; write the fields themselves"},
	{"a: !!python/object b\n",
	 "t.yaml:1: tag 'tag:yaml.org,2002:python/object' is not read; leave it out"},
	{"? [a]\n"
	 ": b\n",
	 "t.yaml:1: a key that is no name; write name: value"},
	{"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
	 "t.yaml:1: nested more than 64 levels deep; nothing we read is"},
	{"caf\351: x\n", "t.yaml: byte 4 is not UTF-8 text (invalid trailing UTF-8 octet)"},
	{"- a\n",
	 "t.yaml:1: the document is a list; write an object with apiVersion, kind and metadata"},
	{"just text\n",
	 "t.yaml:1: the document is a text; write an object with apiVersion, kind and metadata"},
	{"apiVersion: v1\n", "t.yaml:1: object without a kind; write kind: VirtualService"},
	{"kind: Service\n", "t.yaml:1: object without an apiVersion; write apiVersion: v1"},
	{"apiVersion: v1\n"
	 "kind: Servixe\n"
	 "metadata: { name: x }\n",
	 "t.yaml:2: unknown kind 'Servixe'; did you mean 'Service'?"},
	{"apiVersion: example.com/v1\n"
	 "kind: Elephant\n"
	 "metadata: { name: x }\n",
	 "t.yaml:2: unknown kind 'Elephant'; leave it out, or write Gateway, VirtualService, "
	 "Service, Endpoints or EndpointSlice"},
	{"apiVersion: v1beta1\n"
	 "kind: Service\n"
	 "metadata: { name: x }\n"
	 "spec: {}\n",
	 "t.yaml:1: kind Service has no apiVersion 'v1beta1'; write v1"},
	{"apiVersion: networking.istio.io/v9\n"
	 "kind: Gateway\n"
	 "metadata: { name: x }\n"
	 "spec: {}\n",
	 "t.yaml:1: kind Gateway has no apiVersion 'networking.istio.io/v9'; write "
	 "networking.istio.io/v1"},
	{"apiVersion: networking.istio.io/v1\n"
	 "kind: Sidecar\n"
	 "metadata: { name: x }\n",
	 "t.yaml:2: kind Sidecar of networking.istio.io is not served yet; leave it out"},
	{"apiVersion: apps/v1\n"
	 "kind: Deployment\n",
	 "t.yaml:1: metadata is missing; write it"},
	{"apiVersion: apps/v1\n"
	 "kind: Deployment\n"
	 "metadata: { namex: x }\n",
	 "t.yaml:3: unknown field 'namex' in metadata; did you mean 'name'?"},
	{"apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: ../x }\n"
	 "spec: {}\n",
	 "t.yaml:3: metadata.name is '../x'; write lower-case letters, digits, '-' and '.'"},
	{"apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: 5 }\n"
	 "spec: {}\n",
	 "t.yaml:3: metadata.name is a number, not a text; write it in quotes: \"5\""},
	{"apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: X }\n"
	 "spec: {}\n",
	 "t.yaml:3: metadata.name is 'X'; write lower-case letters, digits, '-' and '.'"},
	{"apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { namespace: a }\n"
	 "spec: {}\n",
	 "t.yaml:3: metadata.name is missing; write it"},
	{"apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: x, labels: { a: 5 } }\n"
	 "spec: {}\n",
	 "t.yaml:3: metadata.labels.a is a number, not a text; write it in quotes: \"5\""},
	{"apiVersion: v1\n"
	 "kind: Namespace\n"
	 "metadata: { name: x }\n"
	 "---\n"
	 "apiVersion: v1\n"
	 "kind: Namespace\n"
	 "metadata: { name: x }\n",
	 "t.yaml:5: Namespace x is already defined at t.yaml:1; write it once"},
	{"apiVersion: v1\n"
	 "kind: List\n"
	 "items: 5\n",
	 "t.yaml:3: items is a number; write a list of objects"},
	{SERVICE "  ports: [{ port: 70000 }]\n",
	 "t.yaml:5: spec.ports[0].port is 70000; write 1 to 65535"},
	{SERVICE "  ports: [{ port: \"80\" }]\n",
	 "t.yaml:5: spec.ports[0].port is the text \"80\"; write a number without quotes or "
	 "leading zeros"},
	{SERVICE "  ports: [{ port: 080 }]\n", "t.yaml:5: spec.ports[0].port is the text \"080\"; "
					       "write a number without quotes or leading zeros"},
	{SERVICE "  ports: [{ prt: 80 }]\n",
	 "t.yaml:5: unknown field 'prt' in spec.ports[0]; did you mean 'port'?"},
	{SERVICE "  ports: { port: 80 }\n",
	 "t.yaml:5: spec.ports is a map; write a list: one line '- ...' for each entry"},
	{SERVICE "  ports: [{ port: 80, protocol: SCTP }]\n",
	 "t.yaml:5: spec.ports[0].protocol: 'SCTP' is not served yet; write 'TCP' or leave it out"},
	{SERVICE "  type: Clusterip\n",
	 "t.yaml:5: spec.type is 'Clusterip'; did you mean 'ClusterIP'?"},
	{SERVICE "  clusterIP: 10.0.0\n", "t.yaml:5: spec.clusterIP: '10.0.0' is not an IP "
					  "address; write e.g. 10.0.0.1 or 2001:db8::1"},
	{SERVICE "  sessionAffinity: ClientIp\n",
	 "t.yaml:5: spec.sessionAffinity is 'ClientIp'; did you mean 'ClientIP'?"},
	{SERVICE "  sessionAffinityConfig: { clientIP: { timeoutSeconds: 86401 } }\n",
	 "t.yaml:5: spec.sessionAffinityConfig.clientIP.timeoutSeconds is 86401; write 1 to "
	 "86400"},
	{SERVICE "  externalTrafficPolicy: Locale\n",
	 "t.yaml:5: spec.externalTrafficPolicy is 'Locale'; did you mean 'Local'?"},
	{SERVICE "  clusterIP: 10.1.2.3\n"
		 "  loadBalancerSourceRanges: [10.0.0.0/8, all]\n"
		 "  ports: [{ port: 80 }]\n"
		 "status: { loadBalancer: { ingress: [{ ip: 198.18.0.9 }] } }\n",
	 "t.yaml:6: spec.loadBalancerSourceRanges: 'all' is not an address range; write e.g. "
	 "10.0.0.0/8 or 2001:db8::/32"},
	{SERVICE "  clusterIP: 0.0.0.0\n"
		 "  ports: [{ port: 80 }]\n",
	 "t.yaml:5: Service x at 0.0.0.0, the address of nobody; write another"},
	{"apiVersion: v1\n"
	 "kind: Endpoints\n"
	 "metadata: { name: x }\n"
	 "subsets: [{ addresses: [{ ip: a.b }] }]\n",
	 "t.yaml:4: subsets[0].addresses[0].ip: 'a.b' is not an IP address; write e.g. 10.0.0.1 or "
	 "2001:db8::1"},
	{"apiVersion: v1\n"
	 "kind: Endpoints\n"
	 "metadata: { name: x }\n"
	 "spec: {}\n",
	 "t.yaml:4: unknown field 'spec'; write one of: apiVersion, kind, metadata, subsets"},
	{"apiVersion: discovery.k8s.io/v1\n"
	 "kind: EndpointSlice\n"
	 "metadata: { name: x }\n"
	 "addressType: FQDN\n",
	 "t.yaml:4: addressType: 'FQDN' is not served yet; write 'IPv4' or leave it out"},
	{"apiVersion: discovery.k8s.io/v1\n"
	 "kind: EndpointSlice\n"
	 "metadata: { name: x }\n",
	 "t.yaml:1: addressType is missing; write it"},
	{"apiVersion: discovery.k8s.io/v1\n"
	 "kind: EndpointSlice\n"
	 "metadata: { name: x }\n"
	 "addressType: IPv4\n"
	 "endpoints: [{ addresses: [], conditions: { ready: yes } }]\n",
	 "t.yaml:5: endpoints[0].addresses is empty; write at least one entry"},
	{GATEWAY "  servers: []\n", "t.yaml:5: spec.servers is empty; write at least one entry"},
	{GATEWAY "  servers: [{ port: { number: 80, protocol: HTTP } }]\n",
	 "t.yaml:5: spec.servers[0].hosts is missing; write it"},
	{GATEWAY "  servers: [{ hots: [a.b], port: { number: 80, protocol: HTTP } }]\n",
	 "t.yaml:5: unknown field 'hots' in spec.servers[0]; did you mean 'hosts'?"},
	{GATEWAY "  servers: [{ hosts: [a.b], port: { number: 80, protocol: HTPP } }]\n",
	 "t.yaml:5: spec.servers[0].port.protocol is 'HTPP'; did you mean 'HTTP'?"},
	{GATEWAY
	 "  servers: [{ hosts: [a.b], bind: 1.2.3.4, port: { number: 80, protocol: HTTP } }]\n",
	 "t.yaml:5: spec.servers[0].bind is not served yet; leave it out"},
	{GATEWAY "  selector: [a]\n"
		 "  servers: [{ hosts: [a.b], port: { number: 80, protocol: HTTP } }]\n",
	 "t.yaml:5: spec.selector is a list; write names with texts, such as { app: nginx }"},
	{VS "  htp: []\n", "t.yaml:7: unknown field 'htp' in spec; did you mean 'http'?"},
	{VS "  tls: [{ match: [] }]\n", "t.yaml:7: spec.tls is not served yet; leave it out"},
	{VS "  exportTo: [\".\"]\n",
	 "t.yaml:7: spec.exportTo: '.' is not served yet; write '*' or leave it out"},
	{RULES "  - fault: { delay: { fixedDelay: 5s, percentage: { value: 101 } } }\n" WEB,
	 "t.yaml:8: spec.http[0].fault.delay.percentage.value is 101; write 0 to 100"},
	{RULES "  - fault: { abort: { grpcStatus: UNAVAILABLE, httpStatus: 500 } }\n" WEB,
	 "t.yaml:8: spec.http[0].fault.abort.grpcStatus is not served yet; leave it out"},
	{RULES "  - { headers: { request: { set: { Content-Length: \"1\" } } },\n"
	       "      route: [{ destination: { host: web } }] }\n" WEB,
	 "t.yaml:8: header 'content-length' belongs to the connection and can't be changed; leave "
	 "it "
	 "out"},
	{RULES "  - { headers: { response: { remove: [a b] } },\n"
	       "      route: [{ destination: { host: web } }] }\n" WEB,
	 "t.yaml:8: 'a b' is no header name; write letters, digits and '-'"},
	{RULES "  - route: [{ destination: { host: web },\n"
	       "      headers: { request: { add: { a: \"x%REQ(b)%\" } } } }]\n" WEB,
	 "t.yaml:9: value of header 'a' with a command (%...%), which is not served yet; write a "
	 "constant, a '%' as '%%'"},
	{RULES "  - { corsPolicy: { allowOrigins: [{}] },\n"
	       "      route: [{ destination: { host: web } }] }\n" WEB,
	 "t.yaml:8: origin without one match; write one of exact, prefix and regex"},
	{RULES "  - { redirect: { uri: /x, port: 80, derivePort: FROM_REQUEST_PORT } }\n" WEB,
	 "t.yaml:8: redirect with port and derivePort; write one of them"},
	{RULES "  - { redirect: { scheme: ftp } }\n" WEB,
	 "t.yaml:8: spec.http[0].redirect.scheme is 'ftp'; write one of: http, https"},
	{RULES "  - match: [{ headers: { a: { exact: b, prefix: c } } }]\n" WEB,
	 "t.yaml:8: header with several matches; write one of exact, prefix and regex"},
	{RULES "  - match: [{ headers: { 'a b': { exact: b } } }]\n" WEB,
	 "t.yaml:8: 'a b' is no header name; write letters, digits and '-'"},
	{RULES
	 "  - match: [{ withoutHeaders: { '@request.auth.claims.group': { exact: b } } }]\n" WEB,
	 "t.yaml:8: header '@request.auth.claims.group' is a claim of a token, which is not served "
	 "yet; leave the match out"},
	{RULES "  - match: [{ method: { exact: GET, regex: P.* } }]\n" WEB,
	 "t.yaml:8: method with several matches; write one of exact, prefix and regex"},
	{RULES "  - match: [{ queryParams: { a: { exact: 1 } } }]\n" WEB,
	 "t.yaml:8: spec.http[0].match[0].queryParams.a.exact is a number, not a text; write it in "
	 "quotes: \"1\""},
	{RULES "  - match: [{ headers: { a: { suffix: b } } }]\n" WEB,
	 "t.yaml:8: unknown field 'suffix' in spec.http[0].match[0].headers.a; write one of: "
	 "exact, "
	 "prefix, regex"},
	{RULES "  - match: [{ headers: [a] }]\n" WEB,
	 "t.yaml:8: spec.http[0].match[0].headers is a list; write a map of names"},
	{RULES "  - match: [{ ignoreUriCase: 1 }]\n" WEB,
	 "t.yaml:8: spec.http[0].match[0].ignoreUriCase is a number; write true or false"},
	{RULES "  - match: [{ uri: { exact: /a, prefix: /b } }]\n"
	       "    route: [{ destination: { host: web } }]\n" WEB,
	 "t.yaml:8: uri with several matches; write one of exact, prefix and regex"},
	{RULES "  - match: [{ uri: {} }]\n"
	       "    route: [{ destination: { host: web } }]\n" WEB,
	 "t.yaml:8: uri without a match; write exact, prefix or regex"},
	{RULES "  - match: [{ uri: { prefix: \"\" } }]\n"
	       "    route: [{ destination: { host: web } }]\n" WEB,
	 "t.yaml:8: uri match with an empty text; write a path, or leave uri out"},
	{RULES "  - delegate: { name: x }\n"
	       "    redirect: { uri: /x }\n" WEB,
	 "t.yaml:8: HTTP rule that delegates and has a destination of its own; write one of the "
	 "two"},
	{"apiVersion: networking.istio.io/v1\n"
	 "kind: VirtualService\n"
	 "metadata: { name: x }\n"
	 "spec:\n"
	 "  gateways: [g]\n",
	 "t.yaml:5: VirtualService x has no hosts, so that others delegate to it, but gateways; "
	 "write hosts, or leave the gateways out"},
	{RULES "  - name: a\n" WEB,
	 "t.yaml:8: HTTP rule without a destination; write route, redirect, "
	 "directResponse or delegate"},
	{RULES "  - route: [{ destination: { host: web } }]\n"
	       "    redirect: { uri: /x }\n" WEB,
	 "t.yaml:8: HTTP rule with several destinations; write one of route, redirect and "
	 "directResponse"},
	{RULES "  - redirect: { uri: /x }\n"
	       "    rewrite: { uri: /y }\n" WEB,
	 "t.yaml:8: HTTP rule that rewrites what it doesn't forward; leave rewrite out"},
	{RULES "  - route: [{ destination: { host: web } }]\n"
	       "    mirror: { host: web }\n"
	       "    mirrors: [{ destination: { host: web } }]\n" WEB,
	 "t.yaml:10: HTTP rule with mirror and mirrors; write one of them"},
	{RULES "  - route: [{ destination: { host: web } }]\n"
	       "    mirrorPercentage: { value: 5 }\n" WEB,
	 "t.yaml:9: mirrorPercentage without mirror; write mirror, or mirrors, each with its "
	 "percentage"},
	{RULES "  - route: [{ destination: { host: web } }]\n"
	       "    mirrors: [{ destination: { host: web } }]\n"
	       "    mirrorPercent: 5\n" WEB,
	 "t.yaml:10: mirrorPercent without mirror; write mirror, or mirrors, each with its "
	 "percentage"},
	{RULES "  - route: [{ destination: { host: web } }]\n"
	       "    mirror: { host: web }\n"
	       "    mirrorPercentage: { value: 100.5 }\n" WEB,
	 "t.yaml:10: spec.http[0].mirrorPercentage.value is 100.5; write 0 to 100"},
	{RULES "  - route: [{ destination: { host: web } }]\n"
	       "    mirror: { host: web }\n"
	       "    mirrorPercent: -1\n" WEB,
	 "t.yaml:10: spec.http[0].mirrorPercent is -1; write 0 to 100"},
	{RULES "  - route: [{ destination: { host: web } }]\n"
	       "    mirrors: [{ destination: { host: web }, percentage: { value: 101 } }]\n" WEB,
	 "t.yaml:9: spec.http[0].mirrors[0].percentage.value is 101; write 0 to 100"},
	{RULES "  - route: [{ destination: { host: web } }]\n"
	       "    mirrors: [{ percentage: { value: 1 } }]\n" WEB,
	 "t.yaml:9: spec.http[0].mirrors[0].destination is missing; write it"},
	{RULES "  - redirect: { uri: /x }\n"
	       "    mirror: { host: web }\n" WEB,
	 "t.yaml:9: HTTP rule that mirrors what it doesn't forward; leave its mirrors out"},
	{RULES "  - redirect: {}\n" WEB,
	 "t.yaml:8: redirect to the same place; write uri or authority"},
	{RULES "  - redirect: { uri: /x, redirectCode: 304 }\n" WEB,
	 "t.yaml:8: redirectCode can't be answered; write 301, 302, 303, 307 or 308"},
	{RULES "  - directResponse: { body: { string: x } }\n" WEB,
	 "t.yaml:8: spec.http[0].directResponse.status is missing; write it"},
	{RULES "  - directResponse: { status: 99 }\n" WEB,
	 "t.yaml:8: spec.http[0].directResponse.status is 99; write 200 to 599"},
	{RULES "  - route: [{ destination: { host: wbe } }]\n" WEB,
	 "t.yaml:8: route to a cluster that doesn't exist: there is no Service for host 'wbe'; did "
	 "you mean 'web.default.svc.cluster.local'?"},
	{RULES "  - route: [{ destination: { host: web.other.svc.cluster.local } }]\n" WEB,
	 "t.yaml:8: route to a cluster that doesn't exist: there is no Service for host "
	 "'web.other.svc.cluster.local'; did you mean 'web.default.svc.cluster.local'?"},
	{RULES "  - route: [{ destination: { host: web.default } }]\n" WEB,
	 "t.yaml:8: route to a cluster that doesn't exist: there is no Service for host "
	 "'web.default'; did you mean 'web.default.svc.cluster.local'?"},
	{RULES "  - route: [{ destination: { host: example.com } }]\n" WEB,
	 "t.yaml:8: route to a cluster that doesn't exist: there is no Service for host "
	 "'example.com'; write NAME.NAMESPACE.svc.cluster.local of one"},
	{RULES "  - route: [{ destination: { host: web, port: { number: 81 } } }]\n" WEB,
	 "t.yaml:8: route to a cluster that doesn't exist: Service web has no TCP port 81; its "
	 "ports: 80, 53"},
	{RULES "  - route: [{ destination: { host: web, port: { number: 53 } } }]\n" WEB,
	 "t.yaml:8: route to a cluster that doesn't exist: Service web has no TCP port 53; its "
	 "ports: 80, 53"},
	{RULES "  - route: [{ destination: { host: web, subset: v1 } }]\n" WEB,
	 "t.yaml:8: route to a cluster that doesn't exist: host 'web.default.svc.cluster.local' "
	 "has "
	 "no subset 'v1'; it has no subsets, define one in a DestinationRule"},
	{RULES "  - route: [{ destination: { host: web, subset: v2 } }]\n" WEB RULE
	       "spec: { host: web, subsets: [{ name: v1 }] }\n",
	 "t.yaml:8: route to a cluster that doesn't exist: host 'web.default.svc.cluster.local' "
	 "has "
	 "no subset 'v2'; did you mean 'v1'?"},
	{RULES "  - route: [{ destination: { host: web } }]\n" WEB RULE
	       "spec: { host: web, trafficPolicy: { loadBalancer: { simple: PASSTHROUGH } } }\n",
	 "t.yaml:19: spec.trafficPolicy.loadBalancer.simple: 'PASSTHROUGH' is not served yet; "
	 "write "
	 "'LEAST_REQUEST' or leave it out"},
	{RULES "  - route: [{ destination: { host: web } }]\n" WEB RULE
	       "spec: { host: web, trafficPolicy: { loadBalancer: { consistentHash: { useSourceIp: "
	       "true, httpHeaderName: a } } } }\n",
	 "t.yaml:19: consistentHash looks at nothing or at several things; write one of "
	 "httpHeaderName, httpCookie, useSourceIp and httpQueryParameterName"},
	{RULES "  - route: [{ destination: { host: web } }]\n" WEB RULE
	       "spec: { host: web, trafficPolicy: { loadBalancer: { localityLbSetting: { "
	       "distribute: [{ from: a, to: { a: 99 } }] } } } }\n",
	 "t.yaml:19: the shares of 'to' add up to 99; write 100"},
	{RULES
	 "  - route: [{ destination: { host: x.example.com } }]\n" ENTRY
	 "spec: { hosts: [x.example.com], ports: [{ number: 80, name: h }], resolution: NONE }\n",
	 "t.yaml:8: route to ServiceEntry e with resolution NONE, which is not served yet; write "
	 "STATIC and endpoints, or DNS"},
	{ENTRY "spec:\n"
	       "  hosts: [a.example.com, \"*.example.com\"]\n"
	       "  ports: [{ number: 80, name: h }]\n"
	       "  resolution: DNS\n",
	 "t.yaml:6: host '*.example.com' of ServiceEntry e cannot be looked up; write a whole host "
	 "name, or endpoints"},
	{RULES "  - route: [{ destination: { host: x.example.com } }]\n" ENTRY
	       "spec: { hosts: [x.example.com], ports: [{ number: 80, name: h }], resolution: DNS, "
	       "endpoints: [{ address: 10.0.0.300 }] }\n",
	 "t.yaml:13: '10.0.0.300' of ServiceEntry e is neither an IP address nor a host name; "
	 "write one such as 10.0.0.1 or api.example.com"},
	{RULES "  - route: [{ destination: { host: ext } }]\n" WEB "---\n"
	       "apiVersion: v1\n"
	       "kind: Service\n"
	       "metadata: { name: ext }\n"
	       "spec: { type: ExternalName, ports: [{ port: 80 }] }\n",
	 "t.yaml:19: Service ext of type ExternalName has no externalName; write externalName: "
	 "NAME"},
	{RULES
	 "  - route: [{ destination: { host: x.example.com, port: { number: 81 } } }]\n" ENTRY
	 "spec: { hosts: [x.example.com], ports: [{ number: 80, name: h }], resolution: STATIC "
	 "}\n",
	 "t.yaml:8: route to a cluster that doesn't exist: ServiceEntry e has no TCP port 81; its "
	 "ports: 80"},
	{RULES "  - route: [{ destination: { host: web }, weight: 0 }, { destination: { host: web "
	       "}, weight: 0 }]\n" WEB,
	 "t.yaml:8: all weights of a route are 0; write at least one above 0"},
	{RULES "  - route: [{ destination: { host: web }, weight: -1 }]\n" WEB,
	 "t.yaml:8: spec.http[0].route[0].weight is -1; write 0 to 1000000"},
	{RULES "  - route: [{ weight: 1 }]\n" WEB,
	 "t.yaml:8: spec.http[0].route[0].destination is missing; write it"},
	{RULES "  - route: [{ destination: { host: web } }]\n"
	       "    timeout: 5\n" WEB,
	 "t.yaml:9: spec.http[0].timeout is a number; write a time with its unit, such as 5s or "
	 "200ms"},
	{RULES "  - route: [{ destination: { host: web } }]\n"
	       "    timeout: 5x\n" WEB,
	 "t.yaml:9: spec.http[0].timeout is '5x'; write a time with its unit, such as 5s or 200ms"},
	{RULES "  - route: [{ destination: { host: web } }]\n"
	       "    timeout: 9999999h\n" WEB,
	 "t.yaml:9: spec.http[0].timeout is '9999999h'; write at most 596h"},
	{RULES "  - route: [{ destination: { host: web } }]\n"
	       "    retries: { perTryTimeout: 0s }\n" WEB,
	 "t.yaml:9: spec.http[0].retries.perTryTimeout is '0s'; write 1ms or more"},
	{RULES "  - route: [{ destination: { host: web } }]\n"
	       "    retries: { retryOn: 6xx }\n" WEB,
	 "t.yaml:9: '6xx' is no condition for a retry; write connect-failure, reset, 5xx, "
	 "gateway-error, retriable-4xx or at most 8 codes from 200 to 599"},
	{RULES "  - route: [{ destination: { host: ext } }]\n" WEB "---\n"
	       "apiVersion: v1\n"
	       "kind: Service\n"
	       "metadata: { name: ext }\n"
	       "spec: { type: ExternalName, externalName: a.b }\n",
	 "t.yaml:8: Service ext has not exactly one TCP port; write port: { number: N }, one of: "
	 "none"},
	{RULES "  - route: [{ destination: { host: two } }]\n" WEB "---\n"
	       "apiVersion: v1\n"
	       "kind: Service\n"
	       "metadata: { name: two }\n"
	       "spec: { ports: [{ port: 80 }, { port: 81 }] }\n",
	 "t.yaml:8: Service two has not exactly one TCP port; write port: { number: N }, one of: "
	 "80, 81"},
	{RULES "  - route: [{ destination: { host: web } }]\n"
	       "    rewrite: { uriRegexRewrite: { match: \"/(a\", rewrite: /b } }\n" WEB,
	 "t.yaml:9: uriRegexRewrite of '/(a': missing closing parenthesis at byte 3; write a "
	 "regular "
	 "expression (RE2) and its groups as \\1"},
	{RULES "  - route: [{ destination: { host: web } }]\n"
	       "    rewrite: { uriRegexRewrite: { match: /a, rewrite: '/\\1' } }\n" WEB,
	 "t.yaml:9: uriRegexRewrite of '/a': group \\1, but there are 0; write a regular "
	 "expression "
	 "(RE2) and its groups as \\1"},
	{SERVICE "  clusterIP: 10.96.0.1\n"
		 "  ports: [{ name: a, port: 80 }]\n"
		 "---\n"
		 "apiVersion: v1\n"
		 "kind: Service\n"
		 "metadata: { name: y }\n"
		 "spec:\n"
		 "  clusterIP: 10.96.0.1\n"
		 "  ports: [{ port: 80 }]\n",
	 "t.yaml:13: service 'default/y' uses 10.96.0.1:80, which 'default/x:a' already uses; "
	 "write another address or port"},
	{"apiVersion: networking.istio.io/v1\n"
	 "kind: Gateway\n"
	 "metadata: { name: g }\n"
	 "spec:\n"
	 "  servers: [{ hosts: [\"a_*.b\"], port: { number: 80, protocol: HTTP } }]\n"
	 "---\n"
	 "apiVersion: networking.istio.io/v1\n"
	 "kind: VirtualService\n"
	 "metadata: { name: x }\n"
	 "spec:\n"
	 "  hosts: [\"a_*.b\"]\n"
	 "  gateways: [g]\n"
	 "  http: [{ directResponse: { status: 200 } }]\n",
	 "t.yaml:7: virtual host 'a_*.b:80': domain 'a_*.b' has a byte that no host name has; "
	 "write letters, digits, '-', '_' and '.'"},
	{"a: &a [x,x,x,x,x,x,x,x,x]\n"
	 "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
	 "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
	 "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
	 "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n"
	 "f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n"
	 "g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n"
	 "h: &h [*g,*g,*g,*g,*g,*g,*g,*g,*g]\n"
	 "i: &i [*h,*h,*h,*h,*h,*h,*h,*h,*h]\n",
	 "t.yaml:7: the file holds more than 2000000 values, aliases counted as often as they are "
	 "used; split it or write fewer aliases"},
	{"apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: x }\n"
	 "spec: 5\n",
	 "t.yaml:4: spec is a number; write a map of fields"},
	{"apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: x }\n"
	 "spec: { ports: [null] }\n",
	 "t.yaml:4: spec.ports[0] is empty; write a map of fields"},
	{"apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: \"a\\eb\" }\n"
	 "spec: {}\n",
	 "t.yaml:3: metadata.name has a control byte; write plain text"},
	{"apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: \"a\\0b\" }\n"
	 "spec: {}\n",
	 "t.yaml:3: text with a NUL byte; leave it out"},
	{GATEWAY "  servers: [{ hosts: [\"a/\"], port: { number: 80, protocol: HTTP } }]\n",
	 "t.yaml:5: host 'a/' has no name of 1 to 253 bytes; write a name, '*.suffix' or '*'"},
	{"apiVersion: networking.istio.io/v1\n"
	 "kind: VirtualService\n"
	 "metadata: { name: x }\n"
	 "spec:\n"
	 "  hosts: "
	 "[\"hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh"
	 "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh"
	 "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh\"]\n"
	 "  gateways: [g]\n"
	 "  http: []\n",
	 "t.yaml:5: host "
	 "'hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh...' has no "
	 "name of 1 to 253 bytes; write a name, '*.suffix' or '*'"},
	{0},
};
