/* SPDX-License-Identifier: BSD-3-Clause */
/* Translations of Gateways, and of which virtual services they serve on which hosts. */
#include "cases.h"

#include <stddef.h>

const struct translate_case gateway_cases[] = {
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
