# SPDX-License-Identifier: BSD-3-Clause
"""apply --dry-run: what would change, and that nothing does."""
from box import expect, expect_eq, expect_in, scenario_box, test, vs, wait_until

VIP = "10.96.190.18 80"


def routes_of(b, text, *args):
    return b.ctl("apply", "--dry-run", "-f", "-", *args, stdin=text.encode())


def played(b, n):
    def enough():
        return b.ask(cmd="apply", dry_run=True, documents=[{"name": "x", "text": vs("none", "/none")}]
                     )["requests"]["seen"] >= n
    wait_until(enough, "requests are read")


@test
def nothing_changes():
    with scenario_box() as b:
        before, table = b.epoch(), b.ctl("pc", "route")
        out = routes_of(b, vs("a", "/a"))
        expect_in(r"^virtualservice/a.simple created$", out)
        expect_in(r"^route added: http.8080 simple.baihl.io:80 /a\* a.simple$", out)
        expect_in(r"^nothing was changed$", out)
        expect("removed" not in out and "shadowed" not in out, out)
        expect_eq((before, table), (b.epoch(), b.ctl("pc", "route")), "epoch and routes")
        expect_eq(10, b.json("status")["control"]["applied"], "applied objects")
        expect_in("bad.yaml:8: .*prefx", b.ctl("apply", "--dry-run", "-f", b.write(
            "bad.yaml", vs("a", "/a").replace("prefix:", "prefx:")), rc=1))


@test
def routes_that_change():
    with scenario_box() as b:
        b.ctl("apply", "-f", "-", stdin=(vs("a", "/a") + "---\n" + vs("b", "/b")).encode())
        out = routes_of(b, vs("a", "/other"))
        expect_in(r"^route added: .* /other\* a.simple$", out)
        expect_in(r"^route removed: .* /a\* a.simple$", out)
        out = routes_of(b, vs("a", "/a", service="nginx"))
        expect_in(r"^route changed: .* /a\* a.simple$", out)
        # A wider prefix before a narrower one in the same VirtualService.
        wide = vs("a", "/a").replace("route: [", "name: wide\n      route: [")
        text = wide + wide[wide.index("    - match"):].replace("/a }", "/a/b }").replace("wide", "narrow")
        out = routes_of(b, text)
        expect_in(r"^route shadowed: simple.baihl.io:80 /a/b at .*:\d+ is never reached: .*:\d+ takes it all$", out)
        expect_eq(1, out.count("shadowed"), out)


@test
def requests_that_would_go_elsewhere():
    with scenario_box() as b:
        for i in range(30):
            b.tell(f"request {VIP} simple.baihl.io /simple/nginx/{i}?q=1")
        b.tell(f"request {VIP} simple.baihl.io /simple/httpserver")
        b.tell(f"request {VIP} nobody.example /")
        b.tell("request 192.0.2.1 31373 simple.baihl.io /a/../simple/nginx")
        b.tell(f"request {VIP} simple.baihl.io /{'x' * 240}")
        played(b, 34)
        out = routes_of(b, vs("a", "/none"))
        expect_in(r"^requests: 0 of the 34 played would go elsewhere \(of 34 in the last minute\)$", out)
        rq = b.ask(cmd="apply", dry_run=True, documents=[
            {"name": "x", "text": vs("simple", "/gone")}])["requests"]
        expect_eq((32, 34), (rq["elsewhere"], rq["played"]), "requests")
        expect_eq(31, rq["groups"][0]["count"], "first group")
        out = routes_of(b, vs("simple", "/simple/httpserver"))
        expect_in(r"^ +31 x from outbound\|80\|\|nginx.*as /\*? to 404, no route, such as GET simple.baihl.io/", out)


@test
def many_requests_are_a_sample():
    with scenario_box() as b:
        for i in range(400):
            b.tell(f"request {VIP} simple.baihl.io /simple/nginx/{i}")
        played(b, 400)
        rq = b.ask(cmd="apply", dry_run=True, documents=[{"name": "x", "text": vs("a", "/a")}])["requests"]
        expect_eq(400, rq["seen"], "requests seen")
        expect(128 <= rq["played"] <= 400, f"played: {rq}")
