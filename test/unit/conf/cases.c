/* SPDX-License-Identifier: BSD-3-Clause */
/* Translations as data: manifests, and the model and warnings they must give. */
#include "cases.h"

#include <stddef.h>

const struct translate_case translate_cases[] = {
	{"a gateway alone answers 404",

	 "apiVersion: networking.istio.io/v1\n"
	 "kind: Gateway\n"
	 "metadata: { name: g, namespace: default }\n"
	 "spec:\n"
	 "  servers: [{ hosts: [\"*\"], port: { number: 80, protocol: HTTP } }]\n",

	 "listener 0.0.0.0_80 0.0.0.0:80 http.80\n"
	 "table http.80\n"
	 "   vhost blackhole:80 [*]\n",

	 ""},
	{"tls servers are not opened",

	 "apiVersion: networking.istio.io/v1\n"
	 "kind: Gateway\n"
	 "metadata: { name: g, namespace: default }\n"
	 "spec:\n"
	 "  servers: [{ hosts: [a.b], port: { number: 443, protocol: HTTPS }, tls: { mode: SIMPLE, "
	 "credentialName: c } }, { hosts: [a.b], port: { number: 80, protocol: HTTP }, tls: { "
	 "httpsRedirect: true } }, { hosts: [a.b], port: { number: 81, protocol: HTTP2 } }]\n",

	 "",

	 "t.yaml:5: Gateway g: protocol HTTPS is not served yet; port 443 is not opened\n"
	 "t.yaml:5: Gateway g: tls.httpsRedirect is not served yet; port 80 is not opened\n"
	 "t.yaml:5: Gateway g: protocol HTTP2 is not served yet; port 81 is not opened\n"},
	{"several ports, one table each",

	 "apiVersion: networking.istio.io/v1\n"
	 "kind: Gateway\n"
	 "metadata: { name: g, namespace: default }\n"
	 "spec:\n"
	 "  servers: [{ hosts: [a.b], port: { number: 81, protocol: HTTP } }, { hosts: [a.b], "
	 "port: { number: 80, protocol: HTTP } }]\n"
	 "---\n"
	 "apiVersion: networking.istio.io/v1beta1\n"
	 "kind: VirtualService\n"
	 "metadata: { name: v, namespace: default }\n"
	 "spec:\n"
	 "  hosts: [a.b]\n"
	 "  gateways: [g]\n"
	 "  http:\n"
	 "  - { directResponse: { status: 200 } }\n",

	 "listener 0.0.0.0_80 0.0.0.0:80 http.80\n"
	 "listener 0.0.0.0_81 0.0.0.0:81 http.81\n"
	 "table http.80\n"
	 "   vhost a.b:80 [a.b]\n"
	 "      route prefix / vs=v.default direct=200,\n"
	 "table http.81\n"
	 "   vhost a.b:81 [a.b]\n"
	 "      route prefix / vs=v.default direct=200,\n",

	 ""},
	{"every kind of match",

	 "apiVersion: networking.istio.io/v1\n"
	 "kind: Gateway\n"
	 "metadata: { name: g, namespace: default }\n"
	 "spec:\n"
	 "  selector: { app: gw }\n"
	 "  servers: [{ hosts: [a.b], port: { number: 80, protocol: HTTP } }]\n"
	 "---\n"
	 "apiVersion: networking.istio.io/v1\n"
	 "kind: VirtualService\n"
	 "metadata: { name: v, namespace: default }\n"
	 "spec:\n"
	 "  hosts: [a.b]\n"
	 "  gateways: [g]\n"
	 "  http:\n"
	 "  - match:\n"
	 "    - method: { exact: GET }\n"
	 "      scheme: { prefix: ht }\n"
	 "      authority: { regex: \"a.*\" }\n"
	 "      uri: { exact: /A }\n"
	 "      ignoreUriCase: true\n"
	 "      statPrefix: s\n"
	 "    - headers: { X-User: { exact: jason }, y: {}, z: { regex: \"*\" }, w: null,\n"
	 "        \":path\": { prefix: /q }, Host: { exact: a.b } }\n"
	 "      withoutHeaders: { Q: { prefix: r } }\n"
	 "      queryParams: { P: { regex: x+ }, e: { exact: \"\" } }\n"
	 "    - { sourceLabels: { app: gw }, uri: { prefix: /mine } }\n"
	 "    - { sourceLabels: { app: other }, uri: { prefix: /other } }\n"
	 "    - { sourceLabels: { app: other }, gateways: [g], uri: { prefix: /named } }\n"
	 "    - { sourceNamespace: x, uri: { prefix: /ns } }\n"
	 "    - { uri: { prefix: / }, method: { exact: PUT } }\n"
	 "    - { uri: { prefix: / } }\n"
	 "    - { uri: { prefix: /never } }\n"
	 "    directResponse: { status: 200 }\n",

	 "listener 0.0.0.0_80 0.0.0.0:80 http.80\n"
	 "table http.80\n"
	 "   vhost a.b:80 [a.b]\n"
	 "      route exact /A nocase method=exact:GET authority=regex:a.* scheme=prefix:ht stat=s "
	 "vs=v.default direct=200,\n"
	 "      route prefix / header:x-user=exact:jason header:y=present header:z=present "
	 "header:w=present target=prefix:/q authority=exact:a.b !header:q=prefix:r "
	 "query:P=regex:x+ "
	 "query:e=exact: vs=v.default direct=200,\n"
	 "      route prefix /mine vs=v.default direct=200,\n"
	 "      route prefix /named vs=v.default direct=200,\n"
	 "      route prefix / method=exact:PUT vs=v.default direct=200,\n"
	 "      route prefix / vs=v.default direct=200,\n",

	 ""},
	{"every kind of action",

	 "apiVersion: networking.istio.io/v1\n"
	 "kind: Gateway\n"
	 "metadata: { name: g, namespace: default }\n"
	 "spec:\n"
	 "  servers: [{ hosts: [a.b], port: { number: 8000, protocol: HTTP } }]\n"
	 "---\n"
	 "apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: w, namespace: default }\n"
	 "spec: { clusterIP: None, ports: [{ port: 80 }] }\n"
	 "---\n"
	 "apiVersion: networking.istio.io/v1\n"
	 "kind: VirtualService\n"
	 "metadata: { name: v, namespace: default }\n"
	 "spec:\n"
	 "  hosts: [a.b]\n"
	 "  gateways: [g]\n"
	 "  http:\n"
	 "  - match: [{ uri: { prefix: /h } }]\n"
	 "    headers: { request: { set: { X-A: 1%%, Host: h.org }, add: { b: c }, remove: [D] },\n"
	 "               response: { set: { e: f }, remove: [g] } }\n"
	 "    rewrite: { uriRegexRewrite: { match: /h(.), rewrite: '/\\1' } }\n"
	 "    fault: { delay: { fixedDelay: 1s, percentage: { value: 12.5 } },\n"
	 "             abort: { httpStatus: 418, percentage: { value: 0.1 } } }\n"
	 "    retries: { attempts: 1, retryOn: \"5xx,409\" }\n"
	 "    route: [{ destination: { host: w }, headers: { request: { set: { \":authority\": "
	 "no,\n"
	 "      i: j } } } }]\n"
	 "  - match: [{ uri: { prefix: /r } }]\n"
	 "    redirect: { scheme: https, derivePort: FROM_REQUEST_PORT, redirectCode: 308 }\n"
	 "  - match: [{ uri: { prefix: /s } }]\n"
	 "    redirect: { authority: c.d, port: 80 }\n"
	 "  - corsPolicy: { allowOrigins: [{ exact: x }, { regex: y* }], allowMethods: [GET, "
	 "PUT],\n"
	 "      allowHeaders: [m], exposeHeaders: [n, o], maxAge: 2m, allowCredentials: true,\n"
	 "      unmatchedPreflights: IGNORE }\n"
	 "    directResponse: { status: 200 }\n",

	 "listener 0.0.0.0_8000 0.0.0.0:8000 http.8000\n"
	 "table http.8000\n"
	 "   vhost a.b:8000 [a.b]\n"
	 "      route prefix /h vs=v.default rewrite regex=/\\1 authority=h.org regex=/h(.) "
	 "set:x-a=1% add:b=c remove:d= answer-set:e=f answer-remove:g= delay=1000ms*125000 "
	 "abort=418*1000 retries=1 retry_on=5xx,retriable-status-codes=409 -> "
	 "outbound|80||w.default.svc.cluster.local*100 "
	 "authority=no set:i=j\n"
	 "      route prefix /r vs=v.default redirect=308,, scheme=https port=8000\n"
	 "      route prefix /s vs=v.default redirect=301,c.d,\n"
	 "      route prefix / vs=v.default cors[exact:x regex:y* methods=GET,PUT headers=m "
	 "expose=n,o age=120 credentials unmatched] direct=200,\n"
	 "cluster outbound|80||w.default.svc.cluster.local EDS least_request\n",

	 ""},
	{"exact host under a wildcard server",

	 "apiVersion: networking.istio.io/v1\n"
	 "kind: Gateway\n"
	 "metadata: { name: g, namespace: default }\n"
	 "spec:\n"
	 "  servers: [{ hosts: [\"*.foo.com\"], port: { number: 80, protocol: HTTP } }]\n"
	 "---\n"
	 "apiVersion: networking.istio.io/v1beta1\n"
	 "kind: VirtualService\n"
	 "metadata: { name: v, namespace: default }\n"
	 "spec:\n"
	 "  hosts: [a.foo.com, foo.com, b.org, \"*.x.foo.com\", \"*\"]\n"
	 "  gateways: [g]\n"
	 "  http:\n"
	 "  - { directResponse: { status: 200 } }\n",

	 "listener 0.0.0.0_80 0.0.0.0:80 http.80\n"
	 "table http.80\n"
	 "   vhost *.foo.com:80 [*.foo.com]\n"
	 "      route prefix / vs=v.default direct=200,\n"
	 "   vhost *.x.foo.com:80 [*.x.foo.com]\n"
	 "      route prefix / vs=v.default direct=200,\n"
	 "   vhost a.foo.com:80 [a.foo.com]\n"
	 "      route prefix / vs=v.default direct=200,\n",

	 ""},
	{"wildcard virtual service under an exact server",

	 "apiVersion: networking.istio.io/v1\n"
	 "kind: Gateway\n"
	 "metadata: { name: g, namespace: default }\n"
	 "spec:\n"
	 "  servers: [{ hosts: [a.foo.com], port: { number: 80, protocol: HTTP } }]\n"
	 "---\n"
	 "apiVersion: networking.istio.io/v1beta1\n"
	 "kind: VirtualService\n"
	 "metadata: { name: v, namespace: default }\n"
	 "spec:\n"
	 "  hosts: [\"*.foo.com\"]\n"
	 "  gateways: [g]\n"
	 "  http:\n"
	 "  - { directResponse: { status: 200 } }\n",

	 "listener 0.0.0.0_80 0.0.0.0:80 http.80\n"
	 "table http.80\n"
	 "   vhost a.foo.com:80 [a.foo.com]\n"
	 "      route prefix / vs=v.default direct=200,\n",

	 ""},
	{"hosts in capitals",

	 "apiVersion: networking.istio.io/v1\n"
	 "kind: Gateway\n"
	 "metadata: { name: g, namespace: default }\n"
	 "spec:\n"
	 "  servers: [{ hosts: [A.B], port: { number: 80, protocol: HTTP } }]\n"
	 "---\n"
	 "apiVersion: networking.istio.io/v1beta1\n"
	 "kind: VirtualService\n"
	 "metadata: { name: v, namespace: default }\n"
	 "spec:\n"
	 "  hosts: [a.B]\n"
	 "  gateways: [g]\n"
	 "  http:\n"
	 "  - { directResponse: { status: 200 } }\n",

	 "listener 0.0.0.0_80 0.0.0.0:80 http.80\n"
	 "table http.80\n"
	 "   vhost a.b:80 [a.b]\n"
	 "      route prefix / vs=v.default direct=200,\n",

	 ""},
	{"server hosts limited to a namespace",

	 "apiVersion: networking.istio.io/v1\n"
	 "kind: Gateway\n"
	 "metadata: { name: g, namespace: default }\n"
	 "spec:\n"
	 "  servers: [{ hosts: [n1/a.b, ./c.d, \"*/e.f\"], port: { number: 80, protocol: HTTP } "
	 "}]\n"
	 "---\n"
	 "apiVersion: networking.istio.io/v1beta1\n"
	 "kind: VirtualService\n"
	 "metadata: { name: v, namespace: n1 }\n"
	 "spec:\n"
	 "  hosts: [a.b, c.d, e.f]\n"
	 "  gateways: [default/g]\n"
	 "  http:\n"
	 "  - { directResponse: { status: 200 } }\n"
	 "---\n"
	 "apiVersion: networking.istio.io/v1beta1\n"
	 "kind: VirtualService\n"
	 "metadata: { name: w, namespace: default }\n"
	 "spec:\n"
	 "  hosts: [a.b, c.d, e.f]\n"
	 "  gateways: [g]\n"
	 "  http:\n"
	 "  - { directResponse: { status: 201 } }\n",

	 "listener 0.0.0.0_80 0.0.0.0:80 http.80\n"
	 "table http.80\n"
	 "   vhost a.b:80 [a.b]\n"
	 "      route prefix / vs=v.n1 direct=200,\n"
	 "   vhost c.d:80 [c.d]\n"
	 "      route prefix / vs=w.default direct=201,\n"
	 "   vhost e.f:80 [e.f]\n"
	 "      route prefix / vs=v.n1 direct=200,\n"
	 "      route prefix / vs=w.default direct=201,\n",

	 ""},
	{"gateways by namespace",

	 "apiVersion: networking.istio.io/v1\n"
	 "kind: Gateway\n"
	 "metadata: { name: g, namespace: n1 }\n"
	 "spec:\n"
	 "  servers: [{ hosts: [\"*\"], port: { number: 80, protocol: HTTP } }]\n"
	 "---\n"
	 "apiVersion: networking.istio.io/v1beta1\n"
	 "kind: VirtualService\n"
	 "metadata: { name: v, namespace: n2 }\n"
	 "spec:\n"
	 "  hosts: [a.b]\n"
	 "  gateways: [n1/g]\n"
	 "  http:\n"
	 "  - { directResponse: { status: 200 } }\n"
	 "---\n"
	 "apiVersion: networking.istio.io/v1beta1\n"
	 "kind: VirtualService\n"
	 "metadata: { name: w, namespace: n2 }\n"
	 "spec:\n"
	 "  hosts: [c.d]\n"
	 "  gateways: [g]\n"
	 "  http:\n"
	 "  - { directResponse: { status: 200 } }\n",

	 "listener 0.0.0.0_80 0.0.0.0:80 http.80\n"
	 "table http.80\n"
	 "   vhost a.b:80 [a.b]\n"
	 "      route prefix / vs=v.n2 direct=200,\n",

	 "t.yaml:21: VirtualService w names gateway 'g', which doesn't exist\n"},
	{"sidecar-only virtual services are not used",

	 "apiVersion: networking.istio.io/v1\n"
	 "kind: Gateway\n"
	 "metadata: { name: g, namespace: default }\n"
	 "spec:\n"
	 "  servers: [{ hosts: [\"*\"], port: { number: 80, protocol: HTTP } }]\n"
	 "---\n"
	 "apiVersion: networking.istio.io/v1beta1\n"
	 "kind: VirtualService\n"
	 "metadata: { name: v, namespace: default }\n"
	 "spec:\n"
	 "  hosts: [a.b]\n"
	 "  gateways: [mesh]\n"
	 "  http:\n"
	 "  - { directResponse: { status: 200 } }\n",

	 "listener 0.0.0.0_80 0.0.0.0:80 http.80\n"
	 "table http.80\n"
	 "   vhost blackhole:80 [*]\n",

	 "t.yaml:7: VirtualService v names no gateway and is only for sidecars; it is not used "
	 "here\n"},
	{"virtual services of one host merge by age, catch-alls last",

	 "apiVersion: networking.istio.io/v1\n"
	 "kind: Gateway\n"
	 "metadata: { name: g, namespace: default }\n"
	 "spec:\n"
	 "  servers: [{ hosts: [\"*\"], port: { number: 80, protocol: HTTP } }]\n"
	 "---\n"
	 "apiVersion: networking.istio.io/v1beta1\n"
	 "kind: VirtualService\n"
	 "metadata: { name: c, namespace: default, creationTimestamp: \"2024-03-01T00:00:00Z\" }\n"
	 "spec:\n"
	 "  hosts: [a.b]\n"
	 "  gateways: [g]\n"
	 "  http:\n"
	 "  - { match: [{ uri: { prefix: /c } }], directResponse: { status: 203 } }\n"
	 "---\n"
	 "apiVersion: networking.istio.io/v1beta1\n"
	 "kind: VirtualService\n"
	 "metadata: { name: a, namespace: default, creationTimestamp: \"2024-02-01T00:00:00Z\" }\n"
	 "spec:\n"
	 "  hosts: [a.b]\n"
	 "  gateways: [g]\n"
	 "  http:\n"
	 "  - { match: [{ uri: { exact: /a } }], directResponse: { status: 201 } }\n"
	 "  - { directResponse: { status: 299 } }\n"
	 "---\n"
	 "apiVersion: networking.istio.io/v1beta1\n"
	 "kind: VirtualService\n"
	 "metadata: { name: b, namespace: default, creationTimestamp: \"2024-01-01T00:00:00Z\" }\n"
	 "spec:\n"
	 "  hosts: [a.b]\n"
	 "  gateways: [g]\n"
	 "  http:\n"
	 "  - { match: [{ uri: { prefix: /b } }], directResponse: { status: 202 } }\n"
	 "---\n"
	 "apiVersion: networking.istio.io/v1beta1\n"
	 "kind: VirtualService\n"
	 "metadata: { name: z, namespace: default }\n"
	 "spec:\n"
	 "  hosts: [a.b]\n"
	 "  gateways: [g]\n"
	 "  http:\n"
	 "  - { match: [{ uri: { prefix: /z } }], directResponse: { status: 204 } }\n",

	 "listener 0.0.0.0_80 0.0.0.0:80 http.80\n"
	 "table http.80\n"
	 "   vhost a.b:80 [a.b]\n"
	 "      route prefix /z vs=z.default direct=204,\n"
	 "      route prefix /b vs=b.default direct=202,\n"
	 "      route exact /a vs=a.default direct=201,\n"
	 "      route prefix /c vs=c.default direct=203,\n"
	 "      route prefix / vs=a.default direct=299,\n",

	 ""},
	{"nothing behind a catch-all of the same virtual service",

	 "apiVersion: networking.istio.io/v1\n"
	 "kind: Gateway\n"
	 "metadata: { name: g, namespace: default }\n"
	 "spec:\n"
	 "  servers: [{ hosts: [\"*\"], port: { number: 80, protocol: HTTP } }]\n"
	 "---\n"
	 "apiVersion: networking.istio.io/v1beta1\n"
	 "kind: VirtualService\n"
	 "metadata: { name: v, namespace: default }\n"
	 "spec:\n"
	 "  hosts: [a.b]\n"
	 "  gateways: [g]\n"
	 "  http:\n"
	 "  - { match: [{ uri: { prefix: /a } }], directResponse: { status: 201 } }\n"
	 "  - { match: [{ uri: { prefix: / } }], directResponse: { status: 202 } }\n"
	 "  - { match: [{ uri: { prefix: /c } }], directResponse: { status: 203 } }\n",

	 "listener 0.0.0.0_80 0.0.0.0:80 http.80\n"
	 "table http.80\n"
	 "   vhost a.b:80 [a.b]\n"
	 "      route prefix /a vs=v.default direct=201,\n"
	 "      route prefix / vs=v.default direct=202,\n",

	 "t.yaml:16: rule is never reached: one before it in VirtualService v matches every "
	 "request\n"},
	{"a lone star is a regex for everything",

	 "apiVersion: networking.istio.io/v1\n"
	 "kind: Gateway\n"
	 "metadata: { name: g, namespace: default }\n"
	 "spec:\n"
	 "  servers: [{ hosts: [\"*\"], port: { number: 80, protocol: HTTP } }]\n"
	 "---\n"
	 "apiVersion: networking.istio.io/v1beta1\n"
	 "kind: VirtualService\n"
	 "metadata: { name: v, namespace: default }\n"
	 "spec:\n"
	 "  hosts: [a.b]\n"
	 "  gateways: [g]\n"
	 "  http:\n"
	 "  - { match: [{ uri: { regex: \"*\" } }], directResponse: { status: 200 } }\n",

	 "listener 0.0.0.0_80 0.0.0.0:80 http.80\n"
	 "table http.80\n"
	 "   vhost a.b:80 [a.b]\n"
	 "      route prefix / vs=v.default direct=200,\n",

	 ""},
	{"one virtual service through two servers of a host is added once",

	 "apiVersion: networking.istio.io/v1\n"
	 "kind: Gateway\n"
	 "metadata: { name: g, namespace: default }\n"
	 "spec:\n"
	 "  servers: [{ hosts: [a.b], port: { number: 80, protocol: HTTP } }, { hosts: [\"*\"], "
	 "port: { number: 80, protocol: HTTP } }]\n"
	 "---\n"
	 "apiVersion: networking.istio.io/v1beta1\n"
	 "kind: VirtualService\n"
	 "metadata: { name: v, namespace: default }\n"
	 "spec:\n"
	 "  hosts: [a.b]\n"
	 "  gateways: [g]\n"
	 "  http:\n"
	 "  - { directResponse: { status: 200 } }\n",

	 "listener 0.0.0.0_80 0.0.0.0:80 http.80\n"
	 "table http.80\n"
	 "   vhost a.b:80 [a.b]\n"
	 "      route prefix / vs=v.default direct=200,\n",

	 ""},
	{"matches for a port or a gateway",

	 "apiVersion: networking.istio.io/v1\n"
	 "kind: Gateway\n"
	 "metadata: { name: g, namespace: default }\n"
	 "spec:\n"
	 "  servers: [{ hosts: [a.b], port: { number: 80, protocol: HTTP } }, { hosts: [a.b], "
	 "port: { number: 81, protocol: HTTP } }]\n"
	 "---\n"
	 "apiVersion: networking.istio.io/v1beta1\n"
	 "kind: VirtualService\n"
	 "metadata: { name: v, namespace: default }\n"
	 "spec:\n"
	 "  hosts: [a.b]\n"
	 "  gateways: [g]\n"
	 "  http:\n"
	 "  - { match: [{ port: 80, uri: { exact: /p } }, { gateways: [h], uri: { exact: /h } }, { "
	 "gateways: [g], uri: { exact: /g } }], directResponse: { status: 200 } }\n",

	 "listener 0.0.0.0_80 0.0.0.0:80 http.80\n"
	 "listener 0.0.0.0_81 0.0.0.0:81 http.81\n"
	 "table http.80\n"
	 "   vhost a.b:80 [a.b]\n"
	 "      route exact /p vs=v.default direct=200,\n"
	 "      route exact /g vs=v.default direct=200,\n"
	 "table http.81\n"
	 "   vhost a.b:81 [a.b]\n"
	 "      route exact /g vs=v.default direct=200,\n",

	 ""},
	{"answers",

	 "apiVersion: networking.istio.io/v1\n"
	 "kind: Gateway\n"
	 "metadata: { name: g, namespace: default }\n"
	 "spec:\n"
	 "  servers: [{ hosts: [\"*\"], port: { number: 80, protocol: HTTP } }]\n"
	 "---\n"
	 "apiVersion: networking.istio.io/v1beta1\n"
	 "kind: VirtualService\n"
	 "metadata: { name: v, namespace: default }\n"
	 "spec:\n"
	 "  hosts: [a.b]\n"
	 "  gateways: [g]\n"
	 "  http:\n"
	 "  - { match: [{ uri: { exact: /r } }], redirect: { uri: /x, authority: c.d, "
	 "redirectCode: 302 } }\n"
	 "  - { match: [{ uri: { exact: /s } }], redirect: { uri: /x } }\n"
	 "  - { directResponse: { status: 503, body: { string: \"no\" } } }\n",

	 "listener 0.0.0.0_80 0.0.0.0:80 http.80\n"
	 "table http.80\n"
	 "   vhost a.b:80 [a.b]\n"
	 "      route exact /r vs=v.default redirect=302,c.d,/x\n"
	 "      route exact /s vs=v.default redirect=301,,/x\n"
	 "      route prefix / vs=v.default direct=503,no\n",

	 ""},
	{"destinations: short, in capitals, with weights, times and names",

	 "apiVersion: networking.istio.io/v1\n"
	 "kind: Gateway\n"
	 "metadata: { name: g, namespace: default }\n"
	 "spec:\n"
	 "  servers: [{ hosts: [\"*\"], port: { number: 80, protocol: HTTP } }]\n"
	 "---\n"
	 "apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: web, namespace: default }\n"
	 "spec: { ports: [{ port: 80 }] }\n"
	 "---\n"
	 "apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: two, namespace: default }\n"
	 "spec: { ports: [{ port: 80, name: a }, { port: 81, name: b }] }\n"
	 "---\n"
	 "apiVersion: v1\n"
	 "kind: Endpoints\n"
	 "metadata: { name: web, namespace: default }\n"
	 "subsets:\n"
	 "  - addresses: [{ ip: \"10.10.1.20\" }]\n"
	 "    ports: [{ port: 80 }]\n"
	 "---\n"
	 "apiVersion: v1\n"
	 "kind: Endpoints\n"
	 "metadata: { name: two, namespace: default }\n"
	 "subsets:\n"
	 "  - addresses: [{ ip: \"10.10.1.22\" }, { ip: \"10.10.1.21\" }]\n"
	 "    ports: [{ name: b, port: 8080 }]\n"
	 "---\n"
	 "apiVersion: networking.istio.io/v1beta1\n"
	 "kind: VirtualService\n"
	 "metadata: { name: v, namespace: default }\n"
	 "spec:\n"
	 "  hosts: [a.b]\n"
	 "  gateways: [g]\n"
	 "  http:\n"
	 "  - { name: r, match: [{ name: m, uri: { prefix: /a } }, { uri: { regex: /b.* } }], "
	 "route: [{ destination: { host: web }, weight: 90 }, { destination: { host: "
	 "TWO.default.svc.cluster.local, port: { number: 81 } }, weight: 10 }], timeout: 1.5s, "
	 "retries: { attempts: 5, perTryTimeout: 200ms }, rewrite: { uri: /z, authority: y.z } }\n"
	 "  - { route: [{ destination: { host: web }, weight: 7 }], retries: { attempts: 0 }, "
	 "rewrite: { uri: /all } }\n",

	 "listener 0.0.0.0_80 0.0.0.0:80 http.80\n"
	 "table http.80\n"
	 "   vhost a.b:80 [a.b]\n"
	 "      route prefix /a name=r.m vs=v.default rewrite prefix=/z authority=y.z timeout=1500 "
	 "retries=5 per_try=200 -> outbound|80||web.default.svc.cluster.local*90 -> "
	 "outbound|81||two.default.svc.cluster.local*10\n"
	 "      route regex /b.* name=r vs=v.default rewrite path=/z authority=y.z timeout=1500 "
	 "retries=5 per_try=200 -> outbound|80||web.default.svc.cluster.local*90 -> "
	 "outbound|81||two.default.svc.cluster.local*10\n"
	 "      route prefix / vs=v.default rewrite prefix=/all retries=0 -> "
	 "outbound|80||web.default.svc.cluster.local*100\n"
	 "cluster outbound|80||web.default.svc.cluster.local EDS least_request 10.10.1.20:80\n"
	 "cluster outbound|81||two.default.svc.cluster.local EDS least_request 10.10.1.21:8080 "
	 "10.10.1.22:8080\n",

	 ""},
	{"listener at the target port of the service in front",

	 "apiVersion: networking.istio.io/v1\n"
	 "kind: Gateway\n"
	 "metadata: { name: g, namespace: default }\n"
	 "spec:\n"
	 "  selector: { app: gw }\n"
	 "  servers: [{ hosts: [a.b], port: { number: 80, protocol: HTTP } }]\n"
	 "---\n"
	 "apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: front, namespace: sys }\n"
	 "spec: { selector: { app: gw, x: y }, clusterIP: 10.96.0.1, ports: [{ port: 80, name: h, "
	 "nodePort: 30080, targetPort: 8080 }] }\n"
	 "---\n"
	 "apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: other, namespace: default }\n"
	 "spec: { selector: { app: no }, ports: [{ port: 80, targetPort: 9 }] }\n"
	 "---\n"
	 "apiVersion: v1\n"
	 "kind: Endpoints\n"
	 "metadata: { name: front, namespace: sys }\n"
	 "subsets:\n"
	 "  - addresses: [{ ip: \"10.10.1.4\" }]\n"
	 "    ports: [{ name: h, port: 8080 }]\n",

	 "listener 0.0.0.0_8080 0.0.0.0:8080 http.8080\n"
	 "table http.8080\n"
	 "   vhost blackhole:80 [*]\n"
	 "service sys/front:h cluster_ip 10.96.0.1:80 tcp listener=0.0.0.0_8080\n"
	 "service sys/front:h node_port 0.0.0.0:30080 tcp listener=0.0.0.0_8080\n",

	 ""},
	{"target port by name",

	 "apiVersion: networking.istio.io/v1\n"
	 "kind: Gateway\n"
	 "metadata: { name: g, namespace: default }\n"
	 "spec:\n"
	 "  selector: { app: gw }\n"
	 "  servers: [{ hosts: [a.b], port: { number: 80, protocol: HTTP } }]\n"
	 "---\n"
	 "apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: front, namespace: default }\n"
	 "spec: { selector: { app: gw }, ports: [{ port: 80, name: h, targetPort: web }] }\n"
	 "---\n"
	 "apiVersion: v1\n"
	 "kind: Endpoints\n"
	 "metadata: { name: front, namespace: default }\n"
	 "subsets:\n"
	 "  - addresses: [{ ip: \"10.10.1.4\" }]\n"
	 "    ports: [{ name: h, port: 8088 }]\n",

	 "listener 0.0.0.0_8088 0.0.0.0:8088 http.8088\n"
	 "table http.8088\n"
	 "   vhost blackhole:80 [*]\n",

	 ""},
	{"no service of that port: the port itself",

	 "apiVersion: networking.istio.io/v1\n"
	 "kind: Gateway\n"
	 "metadata: { name: g, namespace: default }\n"
	 "spec:\n"
	 "  selector: { app: gw }\n"
	 "  servers: [{ hosts: [a.b], port: { number: 8000, protocol: HTTP } }]\n"
	 "---\n"
	 "apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: front, namespace: default }\n"
	 "spec: { selector: { app: gw }, ports: [{ port: 80, targetPort: 8080 }] }\n",

	 "listener 0.0.0.0_8000 0.0.0.0:8000 http.8000\n"
	 "table http.8000\n"
	 "   vhost blackhole:8000 [*]\n",

	 ""},
	{"two services in front, two listeners",

	 "apiVersion: networking.istio.io/v1\n"
	 "kind: Gateway\n"
	 "metadata: { name: g, namespace: default }\n"
	 "spec:\n"
	 "  selector: { app: gw }\n"
	 "  servers: [{ hosts: [a.b], port: { number: 80, protocol: HTTP } }]\n"
	 "---\n"
	 "apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: f1, namespace: default }\n"
	 "spec: { selector: { app: gw }, ports: [{ port: 80, targetPort: 8080 }] }\n"
	 "---\n"
	 "apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: f2, namespace: default }\n"
	 "spec: { selector: { app: gw }, ports: [{ port: 80, targetPort: 8081 }] }\n"
	 "---\n"
	 "apiVersion: networking.istio.io/v1beta1\n"
	 "kind: VirtualService\n"
	 "metadata: { name: v, namespace: default }\n"
	 "spec:\n"
	 "  hosts: [a.b]\n"
	 "  gateways: [g]\n"
	 "  http:\n"
	 "  - { directResponse: { status: 200 } }\n",

	 "listener 0.0.0.0_8080 0.0.0.0:8080 http.8080\n"
	 "listener 0.0.0.0_8081 0.0.0.0:8081 http.8081\n"
	 "table http.8080\n"
	 "   vhost a.b:80 [a.b]\n"
	 "      route prefix / vs=v.default direct=200,\n"
	 "table http.8081\n"
	 "   vhost a.b:80 [a.b]\n"
	 "      route prefix / vs=v.default direct=200,\n",

	 ""},
	{"all kinds of addresses",

	 "apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: web }\n"
	 "spec: { type: LoadBalancer, clusterIP: 10.96.0.1, clusterIPs: [10.96.0.1, \"fd00::1\"], "
	 "externalIPs: [192.0.2.50], ports: [{ name: http, port: 80, nodePort: 30080 }] }\n"
	 "status: { loadBalancer: { ingress: [{ ip: 192.0.2.60 }, { hostname: x }] } }\n"
	 "---\n"
	 "apiVersion: v1\n"
	 "kind: Endpoints\n"
	 "metadata: { name: web, namespace: default }\n"
	 "subsets:\n"
	 "  - addresses: [{ ip: \"10.10.1.20\" }]\n"
	 "    ports: [{ name: http, port: 8080 }]\n",

	 "cluster outbound|80||web.default.svc.cluster.local EDS least_request 10.10.1.20:8080\n"
	 "service default/web:http cluster_ip 10.96.0.1:80 tcp "
	 "cluster=outbound|80||web.default.svc.cluster.local\n"
	 "service default/web:http cluster_ip [fd00::1]:80 tcp "
	 "cluster=outbound|80||web.default.svc.cluster.local\n"
	 "service default/web:http load_balancer 192.0.2.50:80 tcp "
	 "cluster=outbound|80||web.default.svc.cluster.local\n"
	 "service default/web:http load_balancer 192.0.2.60:80 tcp "
	 "cluster=outbound|80||web.default.svc.cluster.local\n"
	 "service default/web:http node_port 0.0.0.0:30080 tcp "
	 "cluster=outbound|80||web.default.svc.cluster.local\n"
	 "service default/web:http node_port [::]:30080 tcp "
	 "cluster=outbound|80||web.default.svc.cluster.local\n",

	 ""},
	{"dns over tcp and udp",

	 "apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: dns, namespace: default }\n"
	 "spec: { clusterIP: 10.96.0.10, ports: [{ name: t, port: 53 }, { name: u, port: 53, "
	 "protocol: UDP }] }\n"
	 "---\n"
	 "apiVersion: v1\n"
	 "kind: Endpoints\n"
	 "metadata: { name: dns }\n"
	 "subsets: [{ addresses: [{ ip: 10.10.1.20 }], notReadyAddresses: [{ ip: 10.10.1.21 }], "
	 "ports: [{ name: t, port: 5353 }, { name: u, port: 5354, protocol: UDP }] }]\n",

	 "cluster outbound|53||dns.default.svc.cluster.local EDS least_request 10.10.1.20:5353\n"
	 "cluster outbound-udp|53||dns.default.svc.cluster.local EDS least_request "
	 "10.10.1.20:5354\n"
	 "service default/dns:t cluster_ip 10.96.0.10:53 tcp "
	 "cluster=outbound|53||dns.default.svc.cluster.local\n"
	 "service default/dns:u cluster_ip 10.96.0.10:53 udp "
	 "cluster=outbound-udp|53||dns.default.svc.cluster.local\n",

	 ""},
	{"headless, external name and services without address have no rules",

	 "apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: a, namespace: default }\n"
	 "spec: { clusterIP: None, externalIPs: [192.0.2.1], ports: [{ port: 80 }] }\n"
	 "---\n"
	 "apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: b, namespace: default }\n"
	 "spec: { type: ExternalName, externalName: x.y, clusterIP: 10.96.0.1, ports: [{ port: 80 "
	 "}] }\n"
	 "---\n"
	 "apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: c, namespace: default }\n"
	 "spec: { ports: [{ port: 80 }] }\n",

	 "",

	 ""},
	{"endpoint slices: ready ones of the port, each once, instead of endpoints",

	 "apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: web, namespace: default }\n"
	 "spec: { clusterIP: 10.96.0.1, ports: [{ name: http, port: 80 }] }\n"
	 "---\n"
	 "apiVersion: v1\n"
	 "kind: Endpoints\n"
	 "metadata: { name: web, namespace: default }\n"
	 "subsets:\n"
	 "  - addresses: [{ ip: \"10.10.1.99\" }]\n"
	 "    ports: [{ name: http, port: 80 }]\n"
	 "---\n"
	 "apiVersion: discovery.k8s.io/v1\n"
	 "kind: EndpointSlice\n"
	 "metadata: { name: web-1, labels: { kubernetes.io/service-name: web } }\n"
	 "addressType: IPv4\n"
	 "endpoints:\n"
	 "- { addresses: [10.10.1.21], conditions: { ready: true } }\n"
	 "- { addresses: [10.10.1.22], conditions: { ready: false, serving: true, terminating: "
	 "true } }\n"
	 "- { addresses: [10.10.1.20] }\n"
	 "ports: [{ name: http, port: 8080 }, { name: other, port: 9 }]\n"
	 "---\n"
	 "apiVersion: discovery.k8s.io/v1\n"
	 "kind: EndpointSlice\n"
	 "metadata: { name: web-2, labels: { kubernetes.io/service-name: web } }\n"
	 "addressType: IPv4\n"
	 "endpoints: [{ addresses: [10.10.1.21] }]\n"
	 "ports: [{ name: http, port: 8080 }]\n"
	 "---\n"
	 "apiVersion: discovery.k8s.io/v1\n"
	 "kind: EndpointSlice\n"
	 "metadata: { name: stray }\n"
	 "addressType: IPv4\n",

	 "cluster outbound|80||web.default.svc.cluster.local EDS least_request 10.10.1.20:8080 "
	 "10.10.1.21:8080 10.10.1.22:8080!draining\n"
	 "service default/web:http cluster_ip 10.96.0.1:80 tcp "
	 "cluster=outbound|80||web.default.svc.cluster.local\n",

	 "t.yaml:30: EndpointSlice stray has no label kubernetes.io/service-name and belongs to no "
	 "Service\n"},
	{"endpoints of another port name",

	 "apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: web, namespace: default }\n"
	 "spec: { clusterIP: 10.96.0.1, ports: [{ name: http, port: 80 }] }\n"
	 "---\n"
	 "apiVersion: v1\n"
	 "kind: Endpoints\n"
	 "metadata: { name: web, namespace: default }\n"
	 "subsets:\n"
	 "  - addresses: [{ ip: \"10.10.1.20\" }]\n"
	 "    ports: [{ name: web, port: 80 }]\n",

	 "cluster outbound|80||web.default.svc.cluster.local EDS least_request\n"
	 "service default/web:http cluster_ip 10.96.0.1:80 tcp "
	 "cluster=outbound|80||web.default.svc.cluster.local\n",

	 "t.yaml:4: Service web: its endpoints have no ready address for port 'http'; their port "
	 "must have the same name\n"},
	{"own address beside remote ones",

	 "apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: web, namespace: default }\n"
	 "spec: { clusterIP: 10.96.0.1, ports: [{ port: 80 }] }\n"
	 "---\n"
	 "apiVersion: v1\n"
	 "kind: Endpoints\n"
	 "metadata: { name: web, namespace: default }\n"
	 "subsets:\n"
	 "  - addresses: [{ ip: \"10.10.1.4\" }, { ip: \"10.10.1.20\" }]\n"
	 "    ports: [{ port: 80 }]\n",

	 "cluster outbound|80||web.default.svc.cluster.local EDS least_request 10.10.1.20:80\n"
	 "service default/web cluster_ip 10.96.0.1:80 tcp "
	 "cluster=outbound|80||web.default.svc.cluster.local\n",

	 ""},
	{"own address without a listener is refused",

	 "apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: web, namespace: default }\n"
	 "spec: { clusterIP: 10.96.0.1, ports: [{ port: 80 }] }\n"
	 "---\n"
	 "apiVersion: v1\n"
	 "kind: Endpoints\n"
	 "metadata: { name: web, namespace: default }\n"
	 "subsets:\n"
	 "  - addresses: [{ ip: \"10.10.1.4\" }]\n"
	 "    ports: [{ port: 80 }]\n",

	 "service default/web cluster_ip 10.96.0.1:80 tcp\n",

	 ""},
	{"own udp address is refused though a listener has the port",

	 "apiVersion: networking.istio.io/v1\n"
	 "kind: Gateway\n"
	 "metadata: { name: g, namespace: default }\n"
	 "spec:\n"
	 "  servers: [{ hosts: [\"*\"], port: { number: 80, protocol: HTTP } }]\n"
	 "---\n"
	 "apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: web, namespace: default }\n"
	 "spec: { clusterIP: 10.96.0.1, ports: [{ port: 80, protocol: UDP }] }\n"
	 "---\n"
	 "apiVersion: v1\n"
	 "kind: Endpoints\n"
	 "metadata: { name: web }\n"
	 "subsets: [{ addresses: [{ ip: 10.10.1.4 }], ports: [{ port: 80, protocol: UDP }] }]\n",

	 "listener 0.0.0.0_80 0.0.0.0:80 http.80\n"
	 "table http.80\n"
	 "   vhost blackhole:80 [*]\n"
	 "service default/web cluster_ip 10.96.0.1:80 udp\n",

	 ""},
	{"ipv6 node port",

	 "apiVersion: v1\n"
	 "kind: Service\n"
	 "metadata: { name: web, namespace: default }\n"
	 "spec: { clusterIP: \"fd00::1\", ports: [{ port: 80, nodePort: 30080 }] }\n"
	 "---\n"
	 "apiVersion: v1\n"
	 "kind: Endpoints\n"
	 "metadata: { name: web, namespace: default }\n"
	 "subsets:\n"
	 "  - addresses: [{ ip: \"2001:db8::20\" }]\n"
	 "    ports: [{ port: 8080 }]\n",

	 "cluster outbound|80||web.default.svc.cluster.local EDS least_request "
	 "[2001:db8::20]:8080\n"
	 "service default/web cluster_ip [fd00::1]:80 tcp "
	 "cluster=outbound|80||web.default.svc.cluster.local\n"
	 "service default/web node_port [::]:30080 tcp "
	 "cluster=outbound|80||web.default.svc.cluster.local\n",

	 ""},
	{"a virtual service for other hosts is warned about",

	 "apiVersion: networking.istio.io/v1\n"
	 "kind: Gateway\n"
	 "metadata: { name: g, namespace: default }\n"
	 "spec:\n"
	 "  servers: [{ hosts: [a.b], port: { number: 80, protocol: HTTP } }]\n"
	 "---\n"
	 "apiVersion: networking.istio.io/v1beta1\n"
	 "kind: VirtualService\n"
	 "metadata: { name: v, namespace: default }\n"
	 "spec:\n"
	 "  hosts: [c.d]\n"
	 "  gateways: [g]\n"
	 "  http:\n"
	 "  - { directResponse: { status: 200 } }\n",

	 "listener 0.0.0.0_80 0.0.0.0:80 http.80\n"
	 "table http.80\n"
	 "   vhost blackhole:80 [*]\n",

	 "t.yaml:7: VirtualService v: none of its hosts is one of its gateways' hosts\n"},
	{"hosts in order of their names",

	 "apiVersion: networking.istio.io/v1\n"
	 "kind: Gateway\n"
	 "metadata: { name: g, namespace: default }\n"
	 "spec:\n"
	 "  servers: [{ hosts: [\"*\"], port: { number: 80, protocol: HTTP } }]\n"
	 "---\n"
	 "apiVersion: networking.istio.io/v1beta1\n"
	 "kind: VirtualService\n"
	 "metadata: { name: v, namespace: default }\n"
	 "spec:\n"
	 "  hosts: [c.d, a.b, \"*\"]\n"
	 "  gateways: [g]\n"
	 "  http:\n"
	 "  - { match: [{ uri: { prefix: / } }], directResponse: { status: 200 } }\n"
	 "  - { directResponse: { status: 201 } }\n",

	 "listener 0.0.0.0_80 0.0.0.0:80 http.80\n"
	 "table http.80\n"
	 "   vhost *:80 [*]\n"
	 "      route prefix / vs=v.default direct=200,\n"
	 "   vhost a.b:80 [a.b]\n"
	 "      route prefix / vs=v.default direct=200,\n"
	 "   vhost c.d:80 [c.d]\n"
	 "      route prefix / vs=v.default direct=200,\n",

	 "t.yaml:15: rule is never reached: one before it in VirtualService v matches every "
	 "request\n"},
	{NULL, NULL, NULL, NULL},
};
