# SPDX-License-Identifier: BSD-3-Clause
"""The admin listener: Envoy's shapes, Prometheus' format, and that nobody can do harm there."""
import json
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

from box import Box, SCENARIO, TOP, expect, expect_eq, expect_in, golden, test, vs, wait_until

NGINX = "outbound|80||nginx.simple.svc.cluster.local"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Admin:
    def __init__(self, b, port):
        self.b, self.port = b, port

    def ask(self, path, method="GET", data=None):
        url = f"http://127.0.0.1:{self.port}{path}"
        try:
            r = urllib.request.urlopen(urllib.request.Request(url, method=method, data=data), timeout=10)
            return r.status, r.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, e.read().decode()

    def get(self, path, code=200):
        status, text = self.ask(path)
        expect_eq(code, status, f"status of {path}: {text}")
        return text

    def json(self, path):
        return json.loads(self.get(path))


def admin_box(apply=True):
    port = free_port()
    b = Box(admin=f"127.0.0.1:{port}").start()
    b.start_daemon()
    if apply:
        b.ctl("apply", "-f", SCENARIO)
    return b, Admin(b, port)


@test
def admin_readiness():
    b, a = admin_box()
    with b:
        expect_eq("LIVE\n", a.get("/ready"), "/ready")
        expect_eq("LIVE", a.json("/server_info")["state"], "state")
        b.ctl("drain")
        expect_eq("DRAINING\n", a.get("/ready", 503), "/ready")
        b.ctl("undrain")
        expect_eq("LIVE\n", a.get("/ready"), "/ready again")
        b.ctl("drain")
        b.daemon.kill()
        b.daemon.wait()
        wait_until(lambda: a.ask("/ready")[0] == 503 and "INITIALIZING" in a.ask("/ready")[1], "not ready")
        b.start_daemon()
        wait_until(lambda: a.ask("/ready")[0] == 200, "ready again")


@test
def admin_shapes():
    b, a = admin_box()
    with b:
        expect_eq("0.0.0.0_8080::0.0.0.0:8080\n", a.get("/listeners"), "/listeners")
        expect_eq({"address": "0.0.0.0", "port_value": 8080},
                  a.json("/listeners?format=json")["listener_statuses"][0]["local_address"]["socket_address"],
                  "listener")
        expect_in(re.escape(f"{NGINX}::10.10.1.14:80::health_flags::healthy") + "$", a.get("/clusters"))
        hosts = {c["name"]: c["host_statuses"] for c in a.json("/clusters?format=json")["cluster_statuses"]}
        expect_eq("HEALTHY", hosts[NGINX][0]["health_status"]["eds_health_status"], "health")
        dump = a.json("/config_dump")["configs"]
        expect_eq(["BootstrapConfigDump", "ClustersConfigDump", "ListenersConfigDump", "RoutesConfigDump"],
                  [c["@type"].rsplit(".", 1)[1] for c in dump], "dumps")
        dump = {c["@type"].rsplit(".", 1)[1]: c for c in a.json("/config_dump?include_eds")["configs"]}
        route = dump["RoutesConfigDump"]["dynamic_route_configs"][0]["route_config"]
        expect_eq(("http.8080", "simple.baihl.io:80"), (route["name"], route["virtual_hosts"][0]["name"]), "route")
        expect_eq("/simple/nginx", route["virtual_hosts"][0]["routes"][1]["match"]["prefix"], "match")
        listener = dump["ListenersConfigDump"]["dynamic_listeners"][0]
        expect_eq("http.8080", listener["active_state"]["listener"]["filter_chains"][0]["filters"][0]
                  ["typed_config"]["rds"]["route_config_name"], "rds")
        load = {e["endpoint_config"]["cluster_name"]: e["endpoint_config"]["endpoints"]
                for e in dump["EndpointsConfigDump"]["dynamic_endpoint_configs"]}
        expect_eq("10.10.1.14", load[NGINX][0]["lb_endpoints"][0]["endpoint"]["address"]["socket_address"]
                  ["address"], "endpoint")
        one = a.json("/config_dump?resource=dynamic_active_clusters&name_regex=nginx")["configs"]
        expect_eq([NGINX], [c["cluster"]["name"] for c in one], "filtered")
        expect_in("not found in config dump", a.get("/config_dump?resource=nope", 400))
        expect_in("mask is not served", a.get("/config_dump?mask=x", 400))
        b.ctl("apply", "-f", "-", stdin=vs("a", "/added").encode())
        expect_in('"/added"', a.get("/config_dump"))


@test
def health_in_every_view():
    b, a = admin_box()
    with b:
        hosts = lambda: {c["name"]: c["host_statuses"] for c in a.json("/clusters?format=json")["cluster_statuses"]}
        explain = lambda: b.ctl("explain", "http://simple.baihl.io/simple/nginx", "--port", "8080")

        def sick(how, pattern):
            """Told until it is seen: a data plane that just came may not know the endpoint yet."""
            def seen():
                b.tell(f"sick 10.10.1.14:80 {how}")
                return re.search(pattern, b.ctl("pc", "endpoint"))
            wait_until(seen, pattern)

        expect_eq({"eds_health_status": "HEALTHY"}, hosts()[NGINX][0]["health_status"], "health")
        expect_in(r"10\.10\.1\.14:80, weight 1, HEALTHY$", explain())
        sick("e", r"10\.10\.1\.14:80 +HEALTHY +FAILED")
        expect_in(r"10\.10\.1\.14:80 +UNHEALTHY", b.ctl("pc", "eds"))
        expect_eq({"eds_health_status": "HEALTHY", "failed_outlier_check": True},
                  hosts()[NGINX][0]["health_status"], "ejected")
        expect_in(r"10\.10\.1\.14:80::health_flags::/failed_outlier_check$", a.get("/clusters"))
        expect_in(r"HEALTHY, ejected for its failures", explain())
        expect_in(r"0 of 1 usable, less than the panic threshold of 50 %", explain())
        sick("f", r"10\.10\.1\.14:80 +UNHEALTHY +OK")
        expect_in(r"10\.10\.1\.14:80 +UNHEALTHY", b.ctl("pc", "eds"))
        expect_in(r"10\.10\.1\.14:80::health_flags::/failed_active_hc$", a.get("/clusters"))
        expect_in(r"UNHEALTHY, it fails its checks", explain())
        b.tell("sick 10.10.1.14:80")
        b.ctl("endpoint", "drain", "10.10.1.14:80")
        expect_in(r"10\.10\.1\.14:80::health_flags::/eds_status_draining$", a.get("/clusters"))
        expect_in(r"10\.10\.1\.14:80 +DRAINING", b.ctl("pc", "eds"))
        expect_in(r"weight 1, DRAINING$", explain())


@test
def admin_methods_and_paths():
    b, a = admin_box(False)
    with b:
        for path in ("/quitquitquit", "/healthcheck/fail", "/drain_listeners", "/logging"):
            expect_eq("Method GET not allowed, POST required.\n", a.get(path, 405), path)
            expect_eq(405, a.ask(path, "POST")[0], path)
        for path in ("/clusters", "/ready"):
            for method in ("POST", "PUT", "DELETE"):
                expect_eq(405, a.ask(path, method, b"x" * 100000)[0], f"{method} {path}")
        expect_eq(404, a.ask("/nope")[0], "unknown path")
        expect_in("/config_dump: dump", a.get("/nope", 404))
        expect_in("/config_dump: dump", a.get("/help"))
        expect_in("<a href=", a.get("/"))
        expect_eq((200, ""), a.ask("/clusters", "HEAD"), "HEAD")
        expect_eq("drain" in b.ctl("status"), False, "nothing was drained")


def samples(text):
    """Parses the text format strictly; a dict of sample lines, and the types of families."""
    types, out, family = {}, {}, None
    line_re = re.compile(r'^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*\})? '
                         r'(-?[0-9.e+]+|[+]Inf|NaN)$')
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, family, kind = line.split(" ")
            expect(family not in types, f"family twice: {family}")
            types[family] = kind
        elif line.startswith("# HELP "):
            expect(line.count(" ") > 2, f"help without text: {line}")
        else:
            m = line_re.match(line)
            expect(m, f"no sample: {line!r}")
            base = re.sub("_(bucket|sum|count)$", "", m[1]) if types.get(family) == "histogram" else m[1]
            expect_eq(family, base, f"family of {line}")
            key = m[1] + (m[2] or "")
            expect(key not in out, f"sample twice: {key}")
            out[key] = float(m[3])
    return out, types


def only_known_metrics(types):
    """Dashboard and alerts speak of families that there are."""
    dashboard = json.load(open(f"{TOP}/config/grafana/sluice.json"))
    exprs = [t["expr"] for p in dashboard["panels"] for t in p["targets"]]
    exprs += re.findall(r"expr: (.*)", open(f"{TOP}/config/prometheus/sluice-alerts.yml").read())
    names = {n for e in exprs for n in re.findall(r"\b((?:envoy|istio|sluice)_[a-z0-9_]+)", e)}
    names -= {"envoy_response_code_class", "envoy_cluster_name"}
    expect(len(names) > 15, f"metrics of the dashboard: {names}")
    unknown = {n for n in names if re.sub("_bucket$", "", n) not in types}
    expect(not unknown, f"unknown metrics: {unknown}")


@test
def metrics_for_prometheus():
    b, a = admin_box()
    with b:
        b.tell("count")
        for _ in range(7):
            b.tell("request 10.96.190.18 80 simple.baihl.io /simple/nginx")
        b.tell("log 3")
        wait_until(lambda: "istio_requests_total" in a.get("/stats/prometheus"), "records are counted")
        time.sleep(0.1)
        text = a.get("/stats/prometheus")
        got, types = samples(text)
        expect_eq(1, got["envoy_server_live"], "live")
        expect_eq(201, got["sluice_worker_rx_total"], "packets received")
        expect_eq(21, got['sluice_drops_total{reason="eth_short"}'], "drops")
        expect_eq(1, got[f'envoy_cluster_membership_healthy{{envoy_cluster_name="{NGINX}"}}'], "members")
        expect_eq("histogram", types["envoy_cluster_upstream_rq_time"], "type")
        expect_eq("counter", types["envoy_cluster_upstream_rq_xx"], "type")
        expect_eq("gauge", types["envoy_http_downstream_cx_active"], "type")
        istio = {k: v for k, v in got.items() if k.startswith("istio_requests_total")}
        expect_eq([10.0], list(istio.values()), f"requests: {istio}")
        for want in ('reporter="source"', 'response_code="200"', 'response_flags="-"', 'request_protocol="http"'):
            expect(want in list(istio)[0], f"{want} in {istio}")
        bounds = [k for k in got if k.startswith("istio_request_duration_milliseconds_bucket")]
        expect_eq(["0.5", "1", "5", "10", "25", "50", "100", "250", "500", "1000", "2500", "5000", "10000", "30000",
                   "60000", "300000", "600000", "1800000", "3600000", "+Inf"],
                  [re.search('le="([^"]*)"', k)[1] for k in bounds], "buckets")
        values = [got[k] for k in bounds]
        expect_eq(sorted(values), values, "buckets grow")
        expect_eq(10, values[-1], "all are in the last bucket")
        for family, total in (("istio_request_bytes", 0), ("istio_response_bytes", 0)):
            expect_eq("histogram", types[family], "type")
            sizes = [v for k, v in got.items() if k.startswith(f"{family}_bucket")]
            expect_eq([10] * 20, sizes, "bodies of no byte are in every bucket")
            expect_eq([total], [v for k, v in got.items() if k.startswith(f"{family}_sum")], "bytes")
        only_known_metrics(types)
        if shutil.which("promtool"):
            for kind, name in (("config", "sluice.yml"), ("rules", "sluice-alerts.yml")):
                subprocess.run(["promtool", "check", kind, f"{TOP}/config/prometheus/{name}"], check=True,
                               stdout=subprocess.DEVNULL)
            p = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True, check=False)
            expect(p.returncode != 1 and "error" not in p.stderr, p.stderr)


@test
def statistics_as_envoy():
    b, a = admin_box()
    with b:
        b.tell("count")
        text = a.get("/stats")
        expect_in(re.escape(f"cluster.{NGINX}.upstream_cx_total: 0") + "$", text)
        expect_in(re.escape(f"cluster.{NGINX}.upstream_rq_time: No recorded values") + "$", text)
        expect_in("^http.outbound_0.0.0.0_8080.downstream_rq_2xx: 0$", text)
        expect_in("^server.live: 1$", text)
        lines = a.get("/stats?filter=^server").splitlines()
        expect(lines and all(x.startswith("server") for x in lines), f"{lines}")
        expect(all(not x.endswith(": 0") for x in a.get("/stats?usedonly").splitlines()), "only used ones")
        stats = a.json("/stats?format=json")["stats"]
        expect_eq(1, next(s["value"] for s in stats if s.get("name") == "server.live"), "live")
        expect("computed_quantiles" in stats[-1]["histograms"], "histograms")
        expect_in("Invalid regex", a.get("/stats?filter=(", 400))
        expect_eq(400, a.ask("/stats?filter=" + "(((((a{1,900}){1,900}){1,900})%7C){9})")[0], "a bomb")
        expect_eq(400, a.ask("/stats?filter=" + "a" * 600)[0], "a long regex")
        expect_in("usage", a.get("/stats?format=xml", 400))


@test
def who_listens_where():
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    port, probe = taken.getsockname()[1], free_port()
    with Box(admin=f"127.0.0.1:{port}") as b:
        b.write("sluice.conf", open(b.conf).read().replace('probe = ""', f'probe = "127.0.0.1:{probe}"'))
        b.start()
        expect_in(f'admin.address = "127.0.0.1:{port}" cannot be opened', b.log())
        a = Admin(b, probe)
        expect_eq(503, a.ask("/healthz/ready")[0], "not ready")
        b.start_daemon()
        b.ctl("apply", "-f", SCENARIO)
        wait_until(lambda: a.ask("/healthz/ready")[0] == 200, "ready")
        expect_in(rf"^127.0.0.1 +{probe} ALL +Inline Route: /healthz/ready\*$", b.ctl("pc", "listener"))
        expect_in(r"^ +backend +\* +/healthz/ready\* +$", b.ctl("pc", "route"))
        expect_eq(404, a.ask("/config_dump")[0], "nothing else there")
        # A reload moves it.
        taken.close()
        other = free_port()
        conf = open(b.conf).read()
        b.write("sluice.conf", conf.replace(f":{port}", f":{other}"))
        b.ctl("reload")
        expect_eq(200, Admin(b, other).ask("/ready")[0], "at its new place")
        b.write("sluice.conf", conf.replace(f"127.0.0.1:{port}", "localhost"))
        expect_in(r"sluice.conf:\d+: 'admin.address' is no address with a port", b.ctl("reload", rc=1))
        b.write("sluice.conf", conf.replace(f"127.0.0.1:{port}", ""))
        b.ctl("reload")
        try:
            Admin(b, other).ask("/ready")
            expect(False, "still there")
        except OSError:
            pass


@test
def hostile_admin_clients():
    b, a = admin_box()
    with b:
        held = []
        for i in range(60):
            s = socket.create_connection(("127.0.0.1", a.port), 5)
            s.sendall([b"", b"GET /cl", b"GET /clusters HTTP/1.1\r\nHost: x\r\n", b"\x00\xff\r\n\r\n",
                       b"GET /" + b"a" * 60000 + b" HTTP/1.1\r\n\r\n",
                       b"POST /ready HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\nx"][i % 6])
            held.append(s)
        t = time.monotonic()
        b.ctl("status")
        b.ctl("apply", "-f", "-", stdin=vs("a", "/a").encode())
        expect(time.monotonic() - t < 5, "commands go on")
        for s in held:
            s.close()
        wait_until(lambda: a.ask("/ready")[0] == 200, "served again")


@test
def pc_eds_all_and_bootstrap():
    b, a = admin_box()
    with b:
        golden("pc_eds.txt", b.ctl("pc", "eds"))
        golden("pc_eds.json", b.ctl("pc", "eds", "-o", "json"))
        expect_eq(2, len(b.ctl("pc", "eds", "--cluster", NGINX).splitlines()), "filtered")
        golden("pc_all.txt", b.ctl("pc", "all"))
        golden("pc_all_headers.txt", b.ctl("pc", "all", "--with-headers"))
        dump = json.loads(b.ctl("pc", "all", "-o", "json"))["configs"]
        expect_eq(5, len(dump), "dumps")
        expect_eq("LEAST_REQUEST", dump[1]["dynamicActiveClusters"][0]["cluster"]["lbPolicy"], "policy")
        boot = json.loads(b.ctl("pc", "bootstrap"))["bootstrap"]
        expect_eq("RESOURCE NAME     TYPE     STATUS     VALID CERT     SERIAL NUMBER     NOT AFTER     NOT BEFORE\n",
                  b.ctl("pc", "secret"), "no certificates")
        expect_eq("ECDS NAME     TYPE\n", b.ctl("pc", "ecds"), "no extensions")
        expect_eq([], b.json("pc", "s"), "no certificates")
        expect_eq(a.port, boot["admin"]["address"]["socketAddress"]["portValue"], "admin port")
        expect_in("^ +userAgentName: sluice$", b.ctl("pc", "b", "-o", "yaml"))
        expect_eq("active loggers:\n  sluice-control: info\n", b.ctl("pc", "log"), "log")
