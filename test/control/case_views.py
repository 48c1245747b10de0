# SPDX-License-Identifier: BSD-3-Clause
"""What sluicectl shows: tables, explanations, objects, statistics, exit codes."""
import json

from box import (SCENARIO, Box, expect, expect_eq, expect_in, golden, scenario_box, test,
                 vs, wait_until)


@test
def apply_scenario():
    with Box().start() as b:
        expect_in("data plane  not running", b.ctl("status"))
        out = b.ctl("apply", "-f", SCENARIO)
        expect_in("No data plane runs yet", out)
        golden("apply.txt", out)
        b.start_daemon(2)
        wait_until(lambda: [w["epoch"] for w in b.json("status")["data_plane"]["workers"]]
                   == [b.epoch()] * 2, "both workers have the epoch")
        out = b.ctl("apply", "-f", SCENARIO)
        expect(" configured" not in out and " created" not in out, out)
        expect_in("^virtualservice/simple.simple unchanged$", out)


@test
def proxy_config_tables():
    with scenario_box() as b:
        for view in ("listener", "route", "cluster", "endpoint"):
            golden(f"pc_{view}.txt", b.ctl("pc", view))
            golden(f"pc_{view}.json", b.ctl("pc", view, "-o", "json"))
            golden(f"pc_{view}.yaml", b.ctl("proxy-config", view, "-o", "yaml"))
            json.loads(b.ctl("pc", view, "-o", "json"))
        golden("pc_listener_brief.txt", b.ctl("pc", "l", "--verbose=false"))
        golden("pc_route_brief.txt", b.ctl("pc", "r", "--verbose=false"))


@test
def proxy_config_filters():
    with scenario_box() as b:
        rows = lambda *a: b.ctl("pc", *a).splitlines()[1:]
        expect_eq(1, len(rows("listeners", "--port", "8080")), "listeners of 8080")
        expect_eq(0, len(rows("listeners", "--port", "8081")), "listeners of 8081")
        expect_eq(0, len(rows("listeners", "--type", "TCP")), "listeners of type TCP")
        expect_eq(2, len(rows("routes", "--name", "http.8080")), "routes")
        expect_eq(0, len(rows("routes", "--name", "http.80")), "routes of another name")
        expect_eq(1, len(rows("c", "--fqdn", "nginx")), "clusters")
        expect_eq(2, len(rows("c", "--direction", "outbound")), "outbound clusters")
        expect_eq(0, len(rows("c", "--direction", "inbound")), "inbound clusters")
        expect_eq(0, len(rows("c", "--subset", "v1")), "clusters of a subset")
        expect_eq(1, len(rows("ep", "--address", "10.10.1.13")), "endpoints")
        expect_eq(2, len(rows("ep", "--status", "healthy")), "healthy endpoints")
        expect_eq(1, len(rows("ep", "--cluster", "outbound|80||nginx.simple.svc.cluster.local")),
                  "endpoints of a cluster")
        expect_in("has no filter --fqdn", b.ctl("pc", "listener", "--fqdn", "x", rc=2))
        expect_in("number from 1 to 65535", b.ctl("pc", "listener", "--port", "99999", rc=2))
        expect_in("needs no name", b.ctl("pc", "listener", "pod.ns", rc=2))


@test
def explain():
    with scenario_box() as b:
        host = ("-H", "simple.baihl.io")
        golden("explain_vip.txt", b.ctl("explain", *host, "10.96.190.18/simple/nginx/index.html"))
        golden("explain_node.txt", b.ctl("explain", *host, "http://10.10.1.4:31373/simple/httpserver?a=b"))
        golden("explain_port.txt", b.ctl("explain", *host, "/simple/nginx", "--port", "8080"))
        golden("explain_no_host.txt", b.ctl("explain", "http://other.example.com/simple/nginx"))
        golden("explain_no_route.txt", b.ctl("explain", "http://simple.baihl.io/nope"))
        golden("explain_closed.txt", b.ctl("explain", *host, "/x", "--address", "10.10.1.4", "--port", "81"))
        golden("explain_foreign.txt", b.ctl("explain", *host, "/x", "--address", "203.0.113.9"))
        golden("explain_bad_path.txt", b.ctl("explain", *host, "/simple/%00"))
        golden("explain_normalised.txt", b.ctl("explain", *host, "/a/../simple/./nginx/x"))
        d = b.json("explain", *host, "10.96.190.18/simple/nginx/index.html")
        expect_eq("//index.html", d["upstream_target"], "target")
        expect_eq("10.10.1.14:80", d["clusters"][0]["endpoints"][0]["endpoint"], "endpoint")
        expect_eq("via_upstream", d["outcome"]["details"], "outcome")
        b.write("ep.yaml", "apiVersion: v1\nkind: Endpoints\nmetadata: { name: nginx, namespace: simple }\nsubsets: []\n")
        b.ctl("apply", "-f", f"{b.dir}/ep.yaml")
        golden("explain_no_endpoint.txt", b.ctl("explain", *host, "/simple/nginx"))
        expect_in("Say the Host", b.ctl("explain", "/x", rc=2))
        expect_in("https is not served", b.ctl("explain", "https://x/", rc=2))


@test
def mirrors():
    yaml = vs("m", "/m/").rstrip("\n") + """
      mirrors:
        - destination: { host: nginx.simple.svc.cluster.local, port: { number: 80 } }
        - destination: { host: simple.simple.svc.cluster.local, port: { number: 80 } }
          percentage: { value: 0.5 }
"""
    with scenario_box() as b:
        b.ctl("apply", "-f", "-", stdin=yaml.encode())
        route = [r for t in json.loads(b.ctl("pc", "route", "-o", "json")) for h in t["virtualHosts"]
                 for r in h["routes"] if r["match"].get("prefix") == "/m/"][0]["route"]
        expect_eq([{"cluster": "outbound|80||nginx.simple.svc.cluster.local", "traceSampled": False,
                    "runtimeFraction": {"defaultValue": {"numerator": 100}}},
                   {"cluster": "outbound|80||simple.simple.svc.cluster.local", "traceSampled": False,
                    "runtimeFraction": {"defaultValue": {"numerator": 5000, "denominator": "MILLION"}}}],
                  route["requestMirrorPolicies"], "policies")
        out = b.ctl("explain", "-H", "simple.baihl.io", "/m/x")
        expect_in(r"^mirror +copies of 100 % go to outbound\|80\|\|nginx.*, \"-shadow\" behind Host$", out)
        expect_in(r"^mirror +copies of 0.5 % go to outbound\|80\|\|simple", out)
        expect_in("percentage:\n +value: 0.5", b.ctl("get", "vs", "m", "-n", "simple", "-o", "yaml"))
        out = b.ctl("apply", "--dry-run", "-f", "-", stdin=yaml.replace("0.5", "0").encode())
        expect_in("virtualservice/m.simple configured", out)
        out = b.ctl("check", "-f", "-", stdin=yaml.replace("nginx", "nowhere").encode(), rc=None)
        expect_in("there is no Service for host 'nowhere.simple.svc.cluster.local'", out)
        b.write("wrong.yaml", yaml.replace("0.5", "101"))
        expect_in(r"wrong.yaml:13: spec.http\[0\].mirrors\[1\].percentage.value is 101; write 0 to 100",
                  b.ctl("check", "-f", f"{b.dir}/wrong.yaml", rc=None))


@test
def explain_layer_4():
    yaml = """apiVersion: v1
kind: Service
metadata: { name: db, namespace: data }
spec: { clusterIP: 10.96.0.7, selector: { app: db }, ports: [{ name: pg, port: 5432, targetPort: 5432 }] }
---
apiVersion: v1
kind: Endpoints
metadata: { name: db, namespace: data }
subsets: [{ addresses: [{ ip: 10.10.1.20 }, { ip: 10.10.1.21 }], ports: [{ name: pg, port: 5432 }] }]
"""
    with scenario_box() as b:
        b.ctl("apply", "-f", "-", stdin=yaml.encode())
        golden("explain_layer_4.txt", b.ctl("explain", "http://10.96.0.7:5432/"))


@test
def get_objects():
    with scenario_box() as b:
        for kind in ("gateway", "virtualservice", "service", "endpoints", "all"):
            golden(f"get_{kind}.txt", b.ctl("get", kind))
        golden("get_name.txt", b.ctl("get", "all", "-o", "name"))
        golden("get_vs.yaml", b.ctl("get", "vs", "simple", "-n", "simple", "-o", "yaml"))
        expect_eq("LoadBalancer", b.json("get", "svc", "istio-ingressgateway")["spec"]["type"], "type")
        expect_in("^NAME ", b.ctl("get", "svc", "-n", "simple"))
        expect_in("SELECTOR.*SOURCE", b.ctl("get", "gw", "-o", "wide"))
        expect_in('There is no vs "nope"', b.ctl("get", "vs", "nope", rc=1))
        expect_in("No objects", b.ctl("get", "svc", "-n", "nope"))
        expect_in('did you mean "VirtualService"', b.ctl("get", "virtualservce", rc=1))
        expect_in('There is no kind "configmap"', b.ctl("get", "configmap", rc=1))
        # What get prints is what apply takes.
        out = b.ctl("apply", "-f", "-", stdin=b.ctl("get", "all", "-o", "yaml").encode())
        expect(" configured" not in out, out)


@test
def statistics():
    with scenario_box() as b:
        b.tell("count")
        w = b.json("workers")
        expect_eq([0, 1], [x["worker"] for x in w], "workers")
        expect_eq([0, 0], [x["balance"] for x in w], "balance")
        expect_eq([100, 101], [x["rx"] for x in w], "rx")
        expect_eq({"worker", "epoch", "busy_us", "idle_us", "rx", "tx", "consumed", "punted",
                   "redirected_in", "redirected_out", "injected", "originated", "held", "drops",
                   "balance"}, set(w[0]), "members")
        s = b.json("stats")
        expect_eq({"sum": 201, "workers": [100, 101], "main": 0}, s["workers"]["rx"], "rx")
        expect_eq(21, s["drops"]["eth_short"]["sum"], "drops")
        expect("outbound|80||nginx.simple.svc.cluster.local" in s["cluster"], "clusters")
        expect_eq(0, s["cluster"]["outbound|80||nginx.simple.svc.cluster.local"]["rq_total"]["sum"], "rq_total")
        expect_in("^workers.rx: 201$", b.ctl("stats"))
        expect_eq("workers.rx: 201\n", b.ctl("stats", r"^workers\.rx$"))
        expect_in("no regular expression", b.ctl("stats", "(", rc=2))
        d = {x["reason"]: x for x in b.json("drops")}
        expect_eq((21, [10, 11]), (d["eth_short"]["count"], d["eth_short"]["workers"]), "drops")
        golden("drops.txt", b.ctl("drops"))
        expect_in("^WORKER +epoch +busy_us", b.ctl("workers"))
        expect(len(b.ctl("drops", "-a").splitlines()) > 40, "all reasons")


@test
def exit_codes_and_help():
    with Box() as b:
        expect_in("Commands:", b.ctl("help"))
        expect_in("Commands:", b.ctl("--help"))
        expect_in("Usage: .* apply", b.ctl("apply", "--help"))
        expect_in("Usage: .* proxy-config", b.ctl("pc", "--help"))
        expect_in("Usage: .* explain", b.ctl("help", "explain"))
        expect_in("did you mean \"apply\"", b.ctl("applyy", rc=2))
        for args in ((), ("apply",), ("apply", "x"), ("get",), ("pc",), ("pc", "nope"), ("explain",),
                     ("explain", "http://[::1/"), ("status", "x"), ("status", "-o", "xml"), ("stats", "--nope"), ("delete", "vs")):
            b.ctl(*args, rc=2)
        for args in (("get", "vs"), ("pc", "route"), ("reload",), ("drain",), ("stats",), ("workers",),
                     ("drops",), ("status",), ("version",)):
            b.ctl(*args, rc=3)
        expect_in("^ok: 0 listeners", b.ctl("check"))
        expect_in("^ok: 1 listeners, 1 virtual hosts, 2 routes", b.ctl("check", "-f", SCENARIO))
        b.write_conf("listenerss = ();")
        expect_in(r"sluice.conf:\d+: .*listenerss", b.ctl("check", rc=1))
        expect_eq(1, len(b.ctl("status", rc=1).splitlines()), "lines of an error")


@test
def native_configuration():
    extra = """
clusters = ( { name = "web"; endpoints = ( { address = "10.10.1.30:8080"; } ); } );
listeners = ( { name = "main"; port = 8080; hosts = (
  { domains = [ "a.example.com", "b.example.com", "c.example.com" ]; routes = (
    { match: { regex = "/v[0-9]+"; }; cluster = "web"; },
    { match: { prefix = "/"; }; cluster = "web"; } ); } ); } );
services = ( { name = "vip"; address = "10.96.0.1"; port = 80; listener = "main"; } );
"""
    with Box(extra).start() as b:
        b.start_daemon()
        golden("native_route.txt", b.ctl("pc", "route"))
        golden("native_cluster.txt", b.ctl("pc", "cluster"))
        golden("native_explain.txt", b.ctl("explain", "-H", "B.example.com:80", "10.96.0.1/v7"))


L4 = """
apiVersion: v1
kind: Service
metadata: { name: svc1, namespace: ns1 }
spec:
  clusterIP: 172.30.0.41
  type: NodePort
  sessionAffinity: ClientIP
  ports: [{ name: p80, port: 80, nodePort: 30080 }, { name: none, port: 81, protocol: UDP }]
---
apiVersion: v1
kind: Endpoints
metadata: { name: svc1, namespace: ns1 }
subsets:
- addresses: [{ ip: 10.180.0.1 }, { ip: 10.180.0.2 }, { ip: 10.180.0.3 }]
  ports: [{ name: p80, port: 80 }]
---
apiVersion: v1
kind: Service
metadata: { name: local, namespace: ns1 }
spec:
  clusterIP: 172.30.0.42
  externalIPs: [ 198.18.0.1 ]
  externalTrafficPolicy: Local
  ports: [{ port: 53, protocol: UDP }]
---
apiVersion: v1
kind: Endpoints
metadata: { name: local, namespace: ns1 }
subsets: [{ addresses: [{ ip: 10.180.0.9 }], ports: [{ port: 5353, protocol: UDP }] }]
---
apiVersion: v1
kind: Service
metadata: { name: svc5, namespace: ns5 }
spec:
  clusterIPs: [ 172.30.0.45, "2001:db8::45" ]
  type: LoadBalancer
  loadBalancerSourceRanges: [ 203.0.113.0/25, "2001:db8:1::/64", 192.0.2.7/32 ]
  ports: [{ name: p80, port: 80, nodePort: 30085 }, { name: none, port: 82, nodePort: 30086 }]
status: { loadBalancer: { ingress: [{ ip: 5.6.7.8 }, { ip: 5.6.7.9 }, { ip: "2001:db8::5" }] } }
---
apiVersion: v1
kind: Endpoints
metadata: { name: svc5, namespace: ns5 }
subsets: [{ addresses: [{ ip: 10.180.0.3 }, { ip: "2001:db8::3" }], ports: [{ name: p80, port: 80 }] }]
"""


@test
def iptables():
    with scenario_box() as b:
        b.ctl("apply", "-f", "-", stdin=L4.encode())
        out = b.ctl("get", "iptables")
        # The names that kube-proxy's own tests have for this service and endpoint.
        expect_in("-A KUBE-NODEPORTS -p tcp .*--dport 30080 -j KUBE-EXT-XPGD46QRK7WJZT7O", out)
        expect_in("-A KUBE-EXT-XPGD46QRK7WJZT7O -j KUBE-SVC-XPGD46QRK7WJZT7O", out)
        expect_in("-A KUBE-SEP-SXIVWICOYRO3J4NJ -p tcp .*--to-destination 10.180.0.1:80", out)
        # Source ranges hold at the load balancer's addresses, not at node ports.
        for ip in ("5.6.7.8", "5.6.7.9"):
            expect_in(f"-A KUBE-SERVICES -d {ip}/32 .*--dport 80 -j KUBE-FW-NUKIZ6OKUXPJNT4C$", out)
            expect_in(f"-A KUBE-PROXY-FIREWALL -d {ip}/32 .*--dport 80 -j DROP$", out)
            expect_in(f"-A KUBE-EXTERNAL-SERVICES -d {ip}/32 .*--dport 82 -j REJECT", out)
        expect_in("-A KUBE-NODEPORTS .*--dport 30085 -j KUBE-EXT-NUKIZ6OKUXPJNT4C$", out)
        expect_eq(["203.0.113.0/25", "192.0.2.7/32"],
                  [line.split()[3] for line in out.splitlines()
                   if line.startswith("-A KUBE-FW-NUKIZ6OKUXPJNT4C -s")], "source ranges")
        golden("iptables.txt", out)
        out = b.ctl("get", "ip6tables")
        expect_in("-A KUBE-FW-NUKIZ6OKUXPJNT4C -s 2001:db8:1::/64 .*KUBE-EXT-NUKIZ6OKUXPJNT4C$", out)
        expect_in(r"-A KUBE-SEP-DJNN5BUSY4D7B5AK .*--to-destination \[2001:db8::3\]:80$", out)
        expect("5.6.7" not in out and "203.0.113" not in out and "10.180" not in out, "IPv4 rules")


ROUTES = """\
apiVersion: v1
kind: Namespace
metadata: { name: simple }
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: { name: edge }
spec: { controller: sluice/ingress-controller }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: ing, namespace: simple }
spec:
  ingressClassName: edge
  tls: [{ hosts: [ing.test] }]
  rules:
  - host: ing.test
    http: { paths: [{ path: /i, pathType: Prefix, backend: { service: { name: simple, port: { number: 80 } } } }] }
  - host: b.test
  - host: c.test
  - host: d.test
status: { loadBalancer: { ingress: [{ ip: 192.0.2.9 }] } }
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: edge }
spec: { controllerName: sluice/gateway-controller }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: simple, namespace: simple }
spec:
  gatewayClassName: edge
  addresses: [{ type: Hostname, value: istio-ingressgateway.istio-system.svc.cluster.local }]
  listeners: [{ name: http, port: 80, protocol: HTTP }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: route, namespace: simple }
spec:
  parentRefs: [{ name: simple }]
  hostnames: [route.test]
  rules:
  - matches: [{ path: { value: /r } }]
    backendRefs: [{ name: simple, port: 80 }]
  - matches: [{ path: { value: /other } }]
    backendRefs: [{ name: web, namespace: other, port: 80 }]
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: { name: grant, namespace: simple }
spec:
  from: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: other }]
  to: [{ group: "", kind: Service }]
"""


@test
def kubernetes_routes():
    with scenario_box() as b:
        out = b.ctl("apply", "-f", "-", stdin=ROUTES.encode())
        expect_in(r"^gateway.gateway.networking.k8s.io/simple.simple created$", out)
        expect_in(r"warning: .*: Ingress ing: tls is not served yet", out)
        rows = {kind: b.ctl("get", kind, "-n", "simple").splitlines()
                for kind in ("ing", "gtw", "gateway", "httproutes", "ingresses.networking.k8s.io", "gc", "refgrant")}
        expect_eq(["NAME   CLASS   HOSTS                                ADDRESS     PORTS",
                   "ing    edge    ing.test,b.test,c.test + 1 more...   192.0.2.9   80, 443"],
                  rows["ing"], "ingresses")
        expect_eq(rows["ing"], rows["ingresses.networking.k8s.io"], "the full name")
        expect_in("^simple +edge +istio-ingressgateway.istio-system", rows["gtw"][1])
        expect_in("^NAME +HOSTS +PORTS", rows["gateway"][0])
        expect_in(r'^route +\["route.test"\]', rows["httproutes"][1])
        expect_in("edge +sluice/ingress-controller +<none>", b.ctl("get", "ingressclass"))
        expect_in("simple +Active", b.ctl("get", "ns"))
        expect_in("edge +sluice/gateway-controller", b.ctl("get", "gatewayclass"))
        expect_in("grant", b.ctl("get", "referencegrant"))
        expect_in("kind: Gateway\n", b.ctl("get", "gateways.gateway.networking.k8s.io", "simple",
                                           "-n", "simple", "-o", "yaml"))
        routes = b.ctl("pc", "route", "--name", "http.8080")
        expect_in("PathPrefix:/i +ingress/ing.simple", routes)
        expect_in("PathPrefix:/r +httproute/route.simple", routes)
        dump = b.ctl("pc", "route", "-o", "json")
        expect_in("/apis/gateway.networking.k8s.io/v1/namespaces/simple/httproute/route", dump)
        expect_in("/apis/networking.k8s.io/v1/namespaces/simple/ingress/ing", dump)
        expect_in("httproute/route.simple", b.ctl("explain", "http://route.test/r/x"))
        found = b.ctl("analyze", rc=None)
        expect_in("HTTPRoute route: Service 'web' is of namespace 'other', where no ReferenceGrant", found)
        b.ctl("delete", "gtw", "simple", "-n", "simple")
        expect_in("HTTPRoute route is not used", b.ctl("analyze", rc=None))
        expect_in("gateway/", b.ctl("get", "gateway", "-o", "name"))
        b.ctl("apply", "-f", "-", stdin=ROUTES.encode())
        b.ctl("delete", "-f", "-", stdin=ROUTES.encode())
        expect_eq([], [k for k in ("ingress/", "httproute/", "gateway.gateway") if k in b.ctl("get", "all")], "left")
