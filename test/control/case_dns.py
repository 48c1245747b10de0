# SPDX-License-Identifier: BSD-3-Clause
"""Names that stand for endpoints: looked up, refreshed, kept while nobody answers, bounded."""
import time

from box import Box, expect, expect_eq, expect_in, test, wait_until
from nameserver import REFUSED, SERVFAIL, Nameserver

ROUTE = """apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: g }
spec: { servers: [{ hosts: ["*"], port: { number: 80, protocol: HTTP } }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: v }
spec: { hosts: ["*"], gateways: [g], http: [{ route: [{ destination: { host: api.test } }] }] }
---
"""


def entry(resolution="DNS", more=""):
    return ROUTE + f"""apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{ name: api }}
spec:
  hosts: [api.test]
  ports: [{{ number: 80, name: http, protocol: HTTP, targetPort: 8080 }}]
  resolution: {resolution}
{more}"""


def named_box(server, conf=None, yaml=entry()):
    b = Box(conf or server.conf()).start().start_daemon()
    b.ctl("apply", "-f", "-", stdin=yaml.encode())
    return b


def endpoints(b):
    """Addresses with ports of the only cluster."""
    return sorted(e["endpoint"] for e in b.ask(cmd="pc", view="endpoint")["rows"])


def becomes(b, want, seconds=15.0):
    try:
        wait_until(lambda: endpoints(b) == want, "endpoints", seconds)
    except Exception as e:
        raise AssertionError(f"wanted {want}, got {endpoints(b)}") from e


def dns(b):
    return b.json("status")["control"]["dns"]


@test
def names_become_endpoints():
    with Nameserver({"api.test": ["10.10.1.7", "10.10.1.6", "2001:db8::7"]}) as s, named_box(s) as b:
        becomes(b, ["10.10.1.6:8080", "10.10.1.7:8080", "[2001:db8::7]:8080"])
        expect_in(r"api.test +80 .*STRICT_DNS", b.ctl("pc", "cluster"))
        expect_in(r"^names +1 looked up, 0 of them without", b.ctl("status"))
        # Another answer is taken up when the time to live of the old one is over.
        before, history = b.epoch(), b.ctl("history")
        s.names["api.test"] = ["10.10.1.8"]
        becomes(b, ["10.10.1.8:8080"])
        expect(b.epoch() > before, "a new epoch")
        # It is no change of objects: there is nothing to go back to, and what is in use is known.
        expect_eq(history, b.ctl("history"), "history")
        expect_in(r"apply .*\*$", history)
        # An answer that says the same is no change.
        before = b.epoch()
        n = s.asked["api.test"]
        wait_until(lambda: s.asked["api.test"] >= n + 4, "asked twice more")
        expect_eq(before, b.epoch(), "epoch")


@test
def old_addresses_stay_while_nobody_answers():
    with Nameserver({"api.test": ["10.10.1.7"]}) as s, named_box(s) as b:
        becomes(b, ["10.10.1.7:8080"])
        for what, why in (("names", "there is no such name"), ("rcode", ""),
                          ("silent", "no server answers")):
            if what == "names":
                del s.names["api.test"]
            elif what == "rcode":
                s.rcode = SERVFAIL
            else:
                s.silent = True
            wait_until(lambda: dns(b)["failing"] == 1, f"{what}: status says so", 20)
            wait_until(lambda: why in dns(b)["list"][0]["why"], f"{what}: {why}", 20)
            expect_in(r"^names +1 looked up, 1 of them without.*\n +api.test \(standard input:15\): .*kept 1$",
                      b.ctl("status"))
            expect_eq(["10.10.1.7:8080"], endpoints(b))
            s.rcode, s.silent, s.names["api.test"] = 0, False, ["10.10.1.7"]
            wait_until(lambda: dns(b)["failing"] == 0, f"{what}: healed", 20)
        expect_eq(3, b.log().count("input:15: the name api.test cannot be looked up"), "warnings")
        expect_eq(3, b.log().count("is answered again"))


@test
def families_are_apart():
    both = ["10.10.1.7", "2001:db8::7"]
    with Nameserver({"api.test": both}) as s, named_box(s) as b:
        becomes(b, ["10.10.1.7:8080", "[2001:db8::7]:8080"])
        # Nobody answers for AAAA: those stay, what is new of A is taken.
        s.dropped = {28}
        s.names["api.test"] = ["10.10.1.8"]
        becomes(b, ["10.10.1.8:8080", "[2001:db8::7]:8080"])
        expect_eq(0, dns(b)["failing"])
        # There is no AAAA any more, said so.
        s.dropped = set()
        becomes(b, ["10.10.1.8:8080"])
        # Without any address the old ones stay.
        s.names["api.test"] = []
        wait_until(lambda: dns(b)["failing"] == 1, "failing", 20)
        expect_eq("it has no address", dns(b)["list"][0]["why"])
        expect_eq(["10.10.1.8:8080"], endpoints(b))


@test
def name_that_never_was():
    with Nameserver() as s, named_box(s) as b:
        wait_until(lambda: dns(b)["failing"] == 1, "status says so")
        expect_eq([], endpoints(b))
        expect_in(r"input:15: the name api.test .*no such name; it stands for no endpoints", b.log())
        expect_in(r"^endpoint +none: nobody has answered", b.ctl("explain", "http://192.0.2.1/"))
        expect_in(r"^outcome +503, flag UH", b.ctl("explain", "http://192.0.2.1/"))
        expect_in(r"unresolved.*api.test", b.ctl("analyze", rc=None))
        s.names["api.test"] = ["10.10.1.7"]
        becomes(b, ["10.10.1.7:8080"])


@test
def reload_asks_again():
    with Nameserver() as s, named_box(s, s.conf(refresh="60s")) as b:
        wait_until(lambda: dns(b)["failing"] == 1, "status says so")
        s.names["api.test"] = ["10.10.1.7"]
        time.sleep(1.5)
        expect_eq([], endpoints(b))
        b.ctl("reload")
        becomes(b, ["10.10.1.7:8080"])


@test
def lame_servers_are_passed_over():
    with Nameserver() as silent, Nameserver() as lame, Nameserver({"api.test": ["10.10.1.7"]}) as s:
        silent.silent, lame.rcode = True, REFUSED
        with named_box(s, s.conf(silent, lame)) as b:
            becomes(b, ["10.10.1.7:8080"])
            expect_eq(0, dns(b)["failing"])
            expect("api.test" in silent.asked and "api.test" in lame.asked, "they were asked first")


@test
def too_many_addresses():
    many = [f"10.10.{i // 250}.{i % 250 + 1}" for i in range(1000)]
    with Nameserver({"api.test": many[::-1]}) as s, named_box(s) as b:
        wait_until(lambda: len(endpoints(b)) == 64, "64 of them", 20)
        expect_eq(sorted(f"{a}:8080" for a in many[:64]), endpoints(b))
        expect(s.over_tcp > 0, "asked over TCP")
        expect(dns(b)["answers_cut"] > 0, "counted")
        # Another order says the same.
        before, n = b.epoch(), s.over_tcp
        s.names["api.test"] = many
        wait_until(lambda: s.over_tcp >= n + 2, "asked again")
        time.sleep(0.3)
        expect_eq(before, b.epoch(), "epoch")
        expect_eq(1, b.log().count("has 1000 addresses; 64 of them become endpoints"))


@test
def truncated_and_mangled_answers():
    with Nameserver({"api.test": ["10.10.1.7"]}) as s:
        s.truncate = True
        with named_box(s, s.conf(extra='refresh_max = "1s";')) as b:
            becomes(b, ["10.10.1.7:8080"])
            expect(s.over_tcp > 0, "asked over TCP")
            s.refuse_tcp = True
            wait_until(lambda: dns(b)["failing"] == 1, "failing", 20)
            s.truncate = s.refuse_tcp = False
            wait_until(lambda: dns(b)["failing"] == 0, "healed", 20)
            s.names["api.test"] = ["10.10.1.8"]
            for mangle in (lambda a: a[:-5], lambda a: a[:12], lambda a: b"", lambda a: b"\xff" * 600,
                           lambda a: a[:6] + b"\xff\xff" + a[8:],
                           lambda a: a[:12] + b"\xc0\x0c" + a[14:],
                           lambda a: bytes([a[0] ^ 1]) + a[1:]):
                n = s.asked["api.test"]
                s.mangle = mangle
                wait_until(lambda: s.asked["api.test"] > n + 1, "asked again", 20)
                expect_eq(["10.10.1.7:8080"], endpoints(b))
            s.mangle = None
            becomes(b, ["10.10.1.8:8080"], 30)


@test
def addresses_that_are_no_endpoints():
    bad = ["127.0.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "::1", "fe80::1",
           "::ffff:127.0.0.1"]
    with Nameserver({"api.test": bad + ["10.10.1.7"]}) as s, named_box(s) as b:
        becomes(b, ["10.10.1.7:8080"])
        expect(dns(b)["addresses_unfit"] >= len(bad), "counted")
        s.names["api.test"] = bad
        wait_until(lambda: dns(b)["failing"] == 1, "failing", 20)
        expect_in("loopback", dns(b)["list"][0]["why"])
        expect_eq(["10.10.1.7:8080"], endpoints(b))
        expect_eq(1, b.log().count("that become no endpoints"))


@test
def round_robin_is_the_first_address():
    with Nameserver({"api.test": ["10.10.1.9", "10.10.1.7"]}) as s, \
            named_box(s, yaml=entry("DNS_ROUND_ROBIN")) as b:
        becomes(b, ["10.10.1.9:8080"])
        expect_in(r"api.test +80 .*LOGICAL_DNS", b.ctl("pc", "cluster"))
        s.names["api.test"].reverse()
        becomes(b, ["10.10.1.7:8080"])


@test
def endpoints_with_names():
    more = "  endpoints:\n  - { address: One.test, weight: 3 }\n  - { address: 10.10.1.9 }\n"
    with Nameserver({"one.test": ["10.10.1.7"]}) as s, named_box(s, yaml=entry(more=more)) as b:
        becomes(b, ["10.10.1.7:8080", "10.10.1.9:8080"])
        expect("api.test" not in s.asked, "the host is not looked up")
        # Names that nothing wants any more are not asked for.
        b.ctl("apply", "-f", "-", stdin=entry("STATIC", more.replace("One.test", "10.10.1.5")).encode())
        n = s.asked["one.test"]
        time.sleep(2.5)
        expect(s.asked["one.test"] <= n + 2, "no longer asked")
        expect_eq(0, dns(b)["names"])


@test
def external_name():
    yaml = ROUTE.replace("api.test", "api") + """apiVersion: v1
kind: Service
metadata: { name: api }
spec: { type: ExternalName, externalName: out.test, ports: [{ port: 80 }] }
"""
    with Nameserver({"out.test": ["10.10.1.7"]}) as s, named_box(s, yaml=yaml) as b:
        becomes(b, ["10.10.1.7:80"])


@test
def native_endpoints_with_names():
    native = """clusters = ( { name = "web"; endpoints = [ "web.test:81", "10.10.1.9:80" ]; } );
services = ( { name = "s"; address = "192.0.2.7"; port = 80; cluster = "web"; } );
"""
    with Nameserver({"web.test": ["10.10.1.7", "10.10.1.4"]}) as s, \
            Box(s.conf() + native).start().start_daemon() as b:
        # 10.10.1.4 is an address of the box.
        becomes(b, ["10.10.1.7:81", "10.10.1.9:80"])
        s.names["web.test"] = ["10.10.1.8"]
        becomes(b, ["10.10.1.8:81", "10.10.1.9:80"])
        # Servers and names are taken up by a reload.
        with Nameserver({"web.test": ["10.10.1.5"], "new.test": ["10.10.1.6"]}) as other:
            b.write_conf(other.conf() + native.replace("10.10.1.9:80", "new.test:80"))
            b.ctl("reload")
            becomes(b, ["10.10.1.5:81", "10.10.1.6:80"])
            expect("new.test" not in s.asked, "not asked there")


@test
def names_are_limited():
    with Nameserver() as s, Box(s.conf(extra="names = 1;")).start() as b:
        two = entry(more="  endpoints:\n  - { address: a.test }\n  - { address: b.test }\n")
        expect_in(r"input:20: more than 1 names to be looked up.*dns.names",
                  b.ctl("apply", "-f", "-", stdin=two.encode(), rc=1))
        expect_in(r"input:15: host '\*.test' of ServiceEntry api cannot be looked up",
                  b.ctl("apply", "-f", "-", stdin=entry().replace("[api.test]", '["*.test"]').encode(),
                        rc=1))


@test
def addresses_outlive_control():
    with Nameserver({"api.test": ["10.10.1.7"]}) as s, named_box(s) as b:
        becomes(b, ["10.10.1.7:8080"])
        s.silent = True
        b.kill()
        b.start()
        expect_eq(["10.10.1.7:8080"], endpoints(b))
        wait_until(lambda: dns(b)["failing"] == 1, "failing", 20)
        expect_eq(["10.10.1.7:8080"], endpoints(b))
        s.silent, s.names["api.test"] = False, ["10.10.1.8"]
        becomes(b, ["10.10.1.8:8080"], 30)
        # A file that somebody spoiled is no harm.
        b.kill()
        b.write("state/names", b"\xff\x00 x\napi.test 127.0.0.1 nonsense\n" + b"a" * 5000 + b"\n")
        b.start()
        becomes(b, ["10.10.1.8:8080"])


@test
def fault_of_a_start_takes_no_addresses():
    with Nameserver({"api.test": ["10.10.1.7"]}) as s, \
            Box('manifests = [ "m" ];' + s.conf()) as b:
        b.write("m/a.yaml", entry())
        b.start().start_daemon()
        becomes(b, ["10.10.1.7:8080"])
        b.kill()
        s.silent = True
        b.write("m/a.yaml", entry().replace("hosts:", "hosst:"))
        b.start()
        expect_in("hosst", b.ctl("status"))
        b.ctl("drain")
        b.ctl("undrain")
        expect_eq(["10.10.1.7:8080"], endpoints(b))
        b.write("m/a.yaml", entry())
        wait_until(lambda: "hosst" not in b.ctl("status"), "healed")
        expect_eq(["10.10.1.7:8080"], endpoints(b))


@test
def a_change_on_trial_goes_back_past_new_answers():
    with Nameserver({"api.test": ["10.10.1.7"]}) as s, named_box(s) as b:
        becomes(b, ["10.10.1.7:8080"])
        b.ctl("apply", "--confirm", "4s", "-f", "-",
              stdin=entry("DNS_ROUND_ROBIN").encode())
        expect_in("LOGICAL_DNS", b.ctl("pc", "cluster"))
        s.names["api.test"] = ["10.10.1.8"]
        becomes(b, ["10.10.1.8:8080"])
        wait_until(lambda: "STRICT_DNS" in b.ctl("pc", "cluster"), "back by itself", 20)
        becomes(b, ["10.10.1.8:8080"])


@test
def rollback_goes_past_new_answers():
    with Nameserver({"api.test": ["10.10.1.7"]}) as s, named_box(s) as b:
        becomes(b, ["10.10.1.7:8080"])
        b.ctl("apply", "-f", "-", stdin=entry("DNS_ROUND_ROBIN").encode())
        s.names["api.test"] = ["10.10.1.8"]
        becomes(b, ["10.10.1.8:8080"])
        b.ctl("rollback", "2")
        expect_in("STRICT_DNS", b.ctl("pc", "cluster"))
        expect_eq(["10.10.1.8:8080"], endpoints(b))


@test
def time_to_live_within_bounds():
    with Nameserver({"api.test": ["10.10.1.7"]}, ttl=0) as s, named_box(s) as b:
        becomes(b, ["10.10.1.7:8080"])
        n, t = s.asked["api.test"], time.monotonic()
        time.sleep(4)
        rounds = (s.asked["api.test"] - n) / 2  # A and AAAA
        expect(rounds <= time.monotonic() - t + 1, f"not more often than each second: {rounds}")
        expect(rounds >= 1, "but again")
        s.ttl = 3600
        n = s.asked["api.test"]
        wait_until(lambda: s.asked["api.test"] >= n + 2, "the answer with a long time to live")
        time.sleep(0.2)
        n = s.asked["api.test"]
        time.sleep(3)
        expect_eq(n, s.asked["api.test"], "questions within its time to live")


@test
def many_names():
    count = 300
    more = "  endpoints:\n" + "".join(f"  - {{ address: n{i}.test }}\n" for i in range(count))
    names = {f"n{i}.test": [f"10.11.{i // 250}.{i % 250 + 1}"] for i in range(count)}
    with Nameserver(names, ttl=300) as s, named_box(s, yaml=entry(more=more)) as b:
        wait_until(lambda: len(endpoints(b)) == count, "all of them", 30)
        expect_eq(count, dns(b)["names"])
        # Answers are taken together: few changes, not one for each.
        expect(b.epoch() < 30, f"epoch {b.epoch()}")
