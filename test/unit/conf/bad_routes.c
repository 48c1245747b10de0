/* SPDX-License-Identifier: BSD-3-Clause */
/* Faulty Ingresses and objects of the Gateway API, and what is said about each. */
#include "bad.h"

#define INGRESS                              \
	"apiVersion: networking.k8s.io/v1\n" \
	"kind: Ingress\n"                    \
	"metadata: { name: x }\n"            \
	"spec:\n"
#define PATHS INGRESS "  rules:\n  - http:\n      paths:\n"
#define API_GATEWAY                                  \
	"apiVersion: gateway.networking.k8s.io/v1\n" \
	"kind: Gateway\n"                            \
	"metadata: { name: g }\n"                    \
	"spec:\n"                                    \
	"  gatewayClassName: sluice\n"
#define HTTP_ROUTE                                   \
	"apiVersion: gateway.networking.k8s.io/v1\n" \
	"kind: HTTPRoute\n"                          \
	"metadata: { name: r }\n"                    \
	"spec:\n"                                    \
	"  parentRefs: [{ name: g }]\n"
#define API_RULES HTTP_ROUTE "  rules:\n"

const struct bad_case bad_routes[] = {
	{INGRESS "  {}\n",
	 "t.yaml:1: Ingress x has neither rules nor a defaultBackend; write one of them"},
	{INGRESS "  ingressclassName: a\n",
	 "t.yaml:5: unknown field 'ingressclassName' in spec; did you mean 'ingressClassName'?"},
	{INGRESS "  defaultBackend: { resource: { kind: Bucket, name: b } }\n",
	 "t.yaml:5: spec.defaultBackend.resource is not served yet; leave it out"},
	{INGRESS "  defaultBackend: {}\n",
	 "t.yaml:5: backend without a Service; write service: { name: NAME, port: { number: N } }"},
	{INGRESS "  defaultBackend: { service: { name: a, port: {} } }\n",
	 "t.yaml:5: port of a backend with neither; write number or name"},
	{INGRESS "  defaultBackend: { service: { name: a, port: { number: 1, name: b } } }\n",
	 "t.yaml:5: port of a backend with number and name; write number or name"},
	{INGRESS "  rules: [{ host: 'a.b:80' }]\n",
	 "t.yaml:5: host 'a.b:80' of an Ingress; write a name without a port, '*.suffix', or leave "
	 "it out for every host"},
	{INGRESS "  rules: [{ host: '*' }]\n",
	 "t.yaml:5: host '*' of an Ingress; write a name without a port, '*.suffix', or leave it "
	 "out for every host"},
	{INGRESS "  rules: [{ http: {} }]\n",
	 "t.yaml:5: spec.rules[0].http.paths is missing; write it"},
	{PATHS "      - { path: /, backend: { service: { name: a, port: { number: 1 } } } }\n",
	 "t.yaml:8: spec.rules[0].http.paths[0].pathType is missing; write it"},
	{PATHS "      - { path: /, pathType: prefix, backend: { service: { name: a, port: { "
	       "number: 1 } } } }\n",
	 "t.yaml:8: spec.rules[0].http.paths[0].pathType is 'prefix'; did you mean 'Prefix'?"},
	{PATHS "      - { path: a, pathType: Prefix, backend: { service: { name: a, port: { "
	       "number: 1 } } } }\n",
	 "t.yaml:8: path 'a' of type Prefix; write one that begins with '/'"},
	{PATHS
	 "      - { pathType: Exact, backend: { service: { name: a, port: { number: 1 } } } }\n",
	 "t.yaml:8: path '' of type Exact; write one that begins with '/'"},
	{PATHS "      - { path: /, pathType: Prefix, backend: { service: { name: a, port: { "
	       "number: 0 } } } }\n",
	 "t.yaml:8: spec.rules[0].http.paths[0].backend.service.port.number is 0; write 1 to "
	 "65535"},
	{"apiVersion: networking.k8s.io/v1beta1\n"
	 "kind: Ingress\n"
	 "metadata: { name: x }\n"
	 "spec: {}\n",
	 "t.yaml:1: kind Ingress has no apiVersion 'networking.k8s.io/v1beta1'; write "
	 "networking.k8s.io/v1"},
	{API_GATEWAY, "t.yaml:5: spec.listeners is missing; write it"},
	{API_GATEWAY "  listeners: []\n",
	 "t.yaml:6: spec.listeners is empty; write at least one entry"},
	{API_GATEWAY "  listeners: [{ name: a, port: 80, protocolx: HTTP }]\n",
	 "t.yaml:6: unknown field 'protocolx' in spec.listeners[0]; did you mean 'protocol'?"},
	{API_GATEWAY "  listeners: [{ name: a, port: 80, protocol: HTTP }, { name: a, port: 81, "
		     "protocol: HTTP }]\n",
	 "t.yaml:6: Gateway g has two listeners 'a'; give one of them another name"},
	{API_GATEWAY "  listeners: [{ name: a, port: 80, protocol: HTTP, hostname: 'a.b:80' }]\n",
	 "t.yaml:6: host 'a.b:80' of a listener; write a name without a port, '*.suffix', or "
	 "leave it out for every host"},
	{API_GATEWAY "  listeners: [{ name: a, port: 80, protocol: HTTP }]\n  addresses: [{ type: "
		     "IPAddress, value: 10.0.0.1 }]\n",
	 "t.yaml:7: spec.addresses[0].type: 'IPAddress' is not served yet; write 'Hostname' or "
	 "leave it out"},
	{API_GATEWAY "  listeners: [{ name: a, port: 80, protocol: HTTP }]\n  addresses: [{ type: "
		     "Hostname, value: no.where.svc.cluster.local }]\n",
	 "t.yaml:7: address 'no.where.svc.cluster.local' of a Gateway is no Service's; write "
	 "NAME.NAMESPACE.svc.cluster.local of the one that leads to it"},
	{API_GATEWAY "  listeners: [{ name: a, port: 80, protocol: HTTP, allowedRoutes: { "
		     "namespaces: { from: Any } } }]\n",
	 "t.yaml:6: spec.listeners[0].allowedRoutes.namespaces.from is 'Any'; write one of: Same, "
	 "All, Selector, None"},
	{HTTP_ROUTE "  hostnames: ['a.b:80']\n",
	 "t.yaml:6: host 'a.b:80' of an HTTPRoute; write a name without a port, '*.suffix', or "
	 "leave it out for every host"},
	{HTTP_ROUTE "  hostnames: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q]\n",
	 "t.yaml:6: spec.hostnames has 17 entries; write at most 16"},
	{API_RULES "  - matches: [{ path: { value: a } }]\n",
	 "t.yaml:7: path 'a' of type PathPrefix; write one that begins with '/'"},
	{API_RULES "  - matches: [{ path: { type: Prefix, value: /a } }]\n",
	 "t.yaml:7: spec.rules[0].matches[0].path.type is 'Prefix'; write one of: Exact, "
	 "PathPrefix, RegularExpression"},
	{API_RULES "  - matches: [{ method: get }]\n",
	 "t.yaml:7: spec.rules[0].matches[0].method is 'get'; did you mean 'GET'?"},
	{API_RULES "  - matches: [{ headers: [{ name: 'a b', value: c }] }]\n",
	 "t.yaml:7: 'a b' is no header name; write letters, digits and '-'"},
	{API_RULES "  - matches: [{ queryParams: [{ name: '', value: c }] }]\n",
	 "t.yaml:7: query parameter without a name; write one"},
	{API_RULES "  - backendRefs: [{ name: a }]\n",
	 "t.yaml:7: backendRef to a Service without a port; write port: N"},
	{API_RULES "  - filters: [{ type: RequestMirror, requestMirror: { backendRef: { name: a } "
		   "} }]\n",
	 "t.yaml:7: backendRef to a Service without a port; write port: N"},
	{API_RULES "  - filters: [{ type: RequestMirror, requestMirror: { percent: 50 } }]\n",
	 "t.yaml:7: spec.rules[0].filters[0].requestMirror.backendRef is missing; write it"},
	{API_RULES "  - filters: [{ type: RequestMirror, requestMirror: { backendRef: { name: a, "
		   "port: 80 }, percent: 101 } }]\n",
	 "t.yaml:7: spec.rules[0].filters[0].requestMirror.percent is 101; write 0 to 100"},
	{API_RULES "  - filters: [{ type: RequestMirror, requestMirror: { backendRef: { name: a, "
		   "port: 80 }, percent: 1, fraction: { numerator: 1 } } }]\n",
	 "t.yaml:7: requestMirror with percent and fraction; write one of them"},
	{API_RULES "  - filters: [{ type: RequestMirror, requestMirror: { backendRef: { name: a, "
		   "port: 80 }, fraction: { numerator: 3, denominator: 2 } } }]\n",
	 "t.yaml:7: fraction of 3 in 2 requests; write a numerator up to the denominator"},
	{API_RULES "  - filters: [{ type: RequestRedirect, requestRedirect: {} }, { type: "
		   "RequestMirror, requestMirror: { backendRef: { name: a, port: 80 } } }]\n",
	 "t.yaml:7: filter RequestMirror in a rule that redirects; leave it out, there is nothing "
	 "to mirror"},
	{API_RULES "  - backendRefs: [{ name: a, port: 80, filters: [{ type: RequestMirror, "
		   "requestMirror: { backendRef: { name: a, port: 80 } } }] }]\n",
	 "t.yaml:7: filter of type RequestMirror at a backend is not served yet; write it with the "
	 "rule"},
	{API_RULES "  - filters: [{ type: ExtensionRef }]\n",
	 "t.yaml:7: filter of type ExtensionRef is not served yet; leave it out"},
	{API_RULES "  - filters: [{ type: URLRewrite }]\n",
	 "t.yaml:7: filter of type URLRewrite without urlRewrite; write it"},
	{API_RULES "  - filters:\n    - { type: URLRewrite, urlRewrite: {} }\n    - { type: "
		   "URLRewrite, urlRewrite: {} }\n",
	 "t.yaml:9: second filter of type URLRewrite; write them as one"},
	{API_RULES "  - filters:\n    - { type: URLRewrite, urlRewrite: {} }\n    - { type: "
		   "RequestRedirect, requestRedirect: {} }\n",
	 "t.yaml:8: filters RequestRedirect and URLRewrite in one rule; write one of them"},
	{API_RULES "  - filters: [{ type: RequestRedirect, requestRedirect: {} }]\n    "
		   "backendRefs: [{ name: a, port: 80 }]\n",
	 "t.yaml:7: redirect in a rule with backendRefs; write one of them"},
	{API_RULES
	 "  - filters: [{ type: RequestRedirect, requestRedirect: { statusCode: 304 } }]\n",
	 "t.yaml:7: statusCode of a redirect is 304; write 301, 302, 303, 307 or 308"},
	{API_RULES
	 "  - matches: [{ path: { type: Exact, value: /a } }]\n    filters: [{ type: URLRewrite, "
	 "urlRewrite: { path: { type: ReplacePrefixMatch, replacePrefixMatch: /b } } }]\n",
	 "t.yaml:8: ReplacePrefixMatch in a rule with a match that is no PathPrefix (line 7); "
	 "write ReplaceFullPath, or a rule of its own for it"},
	{API_RULES
	 "  - filters: [{ type: URLRewrite, urlRewrite: { path: { type: ReplaceFullPath } } }]\n",
	 "t.yaml:7: path of type ReplaceFullPath without replaceFullPath; write it"},
	{API_RULES "  - filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ "
		   "name: content-length, value: a }] } }]\n",
	 "t.yaml:7: header 'content-length' belongs to the connection and can't be changed; leave "
	 "it out"},
	{API_RULES "  - backendRefs: [{ name: a, port: 80, filters: [{ type: URLRewrite, "
		   "urlRewrite: {} }] }]\n",
	 "t.yaml:7: filter of type URLRewrite at a backend is not served yet; write it with the "
	 "rule"},
	{API_RULES "  - timeouts: { request: 1s, backendRequest: 2s }\n",
	 "t.yaml:7: timeouts.backendRequest is longer than request; write at most as much"},
	{API_RULES "  - retry: { codes: [200] }\n",
	 "t.yaml:7: codes are statuses from 400 to 599; write one"},
	{API_RULES "  - retry: { codes: 500 }\n",
	 "t.yaml:7: codes is a number; write a list of statuses from 400 to 599"},
	{API_RULES "  - retry: { backoff: 1s }\n",
	 "t.yaml:7: spec.rules[0].retry.backoff is not served yet; leave it out"},
	{API_RULES "  - sessionPersistence: { sessionName: a }\n",
	 "t.yaml:7: spec.rules[0].sessionPersistence is not served yet; leave it out"},
	{API_RULES "  - matches: [{ path: { type: RegularExpression, value: '' } }]\n",
	 "t.yaml:7: path '' of type RegularExpression; write one that begins with '/'"},
	{"apiVersion: gateway.networking.k8s.io/v1beta1\n"
	 "kind: ReferenceGrant\n"
	 "metadata: { name: x }\n"
	 "spec: { from: [{ group: a, kind: b }], to: [] }\n",
	 "t.yaml:4: spec.from[0].namespace is missing; write it"},
	{"apiVersion: gateway.networking.k8s.io/v1\n"
	 "kind: GatewayClass\n"
	 "metadata: { name: x }\n"
	 "spec: {}\n",
	 "t.yaml:4: spec.controllerName is missing; write it"},
	{"apiVersion: gateway.networking.k8s.io/v1\n"
	 "kind: GRPCRoute\n"
	 "metadata: { name: x }\n",
	 "t.yaml:2: kind GRPCRoute of gateway.networking.k8s.io is not served yet; leave it out"},
	{0},
};
