/* SPDX-License-Identifier: BSD-3-Clause */
/* Translations of Services and endpoints, and of listeners behind a Service. */
#include "cases.h"

#include <stddef.h>

const struct translate_case service_cases[] = {
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
	{NULL, NULL, NULL, NULL},
};
