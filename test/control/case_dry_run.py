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


def by_field(matches, path="/f"):
    """A VirtualService with a route to nginx for each match of headers, and one to simple behind."""
    rules = "".join(f"""    - match: [{{ uri: {{ prefix: {path} }}, headers: {{ {m} }} }}]
      route: [{{ destination: {{ host: nginx, port: {{ number: 80 }} }} }}]
""" for m in matches)
    head, last = vs("f", path, service="simple").split("  http:\n")
    return head + "  http:\n" + rules + last


def replayed(b, text):
    rq = b.ask(cmd="apply", dry_run=True, documents=[{"name": "x", "text": text}])["requests"]
    groups = sorted((g["count"], "||nginx" in g["from"], "||nginx" in g["to"]) for g in rq["groups"])
    return rq["played"], rq["elsewhere"], groups, {w["field"]: w["count"] for w in rq["withheld"]}


@test
def requests_with_fields():
    with scenario_box() as b:
        b.ctl("apply", "-f", "-", stdin=by_field(["x-user: { exact: jason }"]).encode())
        for fields in ["x-user=jason"] * 5 + ["x-user=bob"] * 3 + [""] * 7 + ["x-other cookie"] * 2:
            b.tell(f"request {VIP} simple.baihl.io /f/1 {fields}")
        played(b, 17)
        expect_eq((17, 0, [], {}), replayed(b, by_field(["x-user: { exact: jason }"])), "the same")
        expect_eq((17, 8, [(3, False, True), (5, True, False)], {}),
                  replayed(b, by_field(["x-user: { exact: bob }"])), "another user")
        expect_eq((17, 5, [(5, True, False)], {}),
                  replayed(b, by_field(["x-user: { prefix: jason2 }"])), "no user")
        # By name alone it can be said whether a field is there, but not what it says.
        expect_eq((17, 7, [(2, False, True), (5, True, False)], {}),
                  replayed(b, by_field(["cookie: {}"])), "a field that is there")
        expect_eq((17, 7, [(2, False, True), (5, True, False)], {}), replayed(b, by_field(
            ["cookie: {}", "cookie: { exact: a }"])), "a field that is there, whatever it says")
        expect_eq((15, 0, [], {"x-other": 2}), replayed(b, by_field(
            ["x-other: { exact: a }", "x-user: { exact: jason }"])), "a field that is not kept")
        out = routes_of(b, by_field(["x-other: { exact: a }", "x-user: { exact: jason }"]))
        expect_in(r"^requests: 0 of the 15 played would go elsewhere \(of 17 in the last minute\)$", out)
        expect_in(r"^  2 not played: where they go hangs on their x-other, whose value is not kept$", out)
        # Where the route is another one whatever it says, that does not matter.
        expect_eq((17, 5, [(5, True, False)], {}), replayed(b, by_field(
            ["x-other: { exact: a }, x-none: { exact: b }"])), "a route that can't be")


@test
def explained_with_fields():
    with scenario_box() as b:
        b.ctl("apply", "-f", "-", stdin=by_field(["x-user: { exact: jason }"]).encode())
        b.tell(f"request {VIP} simple.baihl.io /f/1 x-user=jason cookie")
        played(b, 1)
        out = b.ctl("explain", "--last")
        expect_in(r"^GET simple.baihl.io/f/1 was answered 200$", out)
        expect_in(r"^condition +header x-user exactly jason$", out)
        b.ctl("apply", "-f", "-", stdin=by_field(["cookie: { prefix: a }"]).encode())
        expect_in(r"^header +the value of cookie is not kept: it is taken for empty$", b.ctl("explain", "--last"))
        b.tell(f"request {VIP} simple.baihl.io /f/1 x-user=mary-kept")
        played(b, 2)
        for args in (["explain", "--last=2"], ["explain", "--last=2", "-o", "json"]):
            expect("mary" not in b.ctl(*args), "a field's value is shown")


@test
def heads_that_lie():
    with scenario_box() as b:
        b.tell("forged")
        b.tell(f"request {VIP} simple.baihl.io /f/1")
        played(b, 1)
        rq = b.ask(cmd="apply", dry_run=True, documents=[{"name": "x", "text": vs("a", "/a")}])["requests"]
        expect_eq((1, 1), (rq["seen"], rq["played"]), "requests")
