# SPDX-License-Identifier: BSD-3-Clause
"""analyze: each finding, where it is and that clean files have none; explain --last."""
import json

from box import Box, expect, expect_eq, expect_in, scenario_box, test, vs, wait_until

DEST = "route: [{ destination: { host: simple.simple.svc.cluster.local, port: { number: 80 } } }]"


def rules(name, *matches, host="simple.baihl.io", extra=""):
    text = vs(name, "/x", host=host)
    head = text[:text.index("    - match")]
    return head + "".join(f"    - match: [{{ uri: {{ {m} }} }}]\n      {extra}{DEST}\n" for m in matches)


def found(b, text, rc=0, *args):
    return json.loads(b.ctl("analyze", "-f", "-", "-o", "json", *args, rc=rc, stdin=text.encode()))


def codes(b, text, rc=0, *args):
    base = {json.dumps(f) for f in json.loads(b.ctl("analyze", "-o", "json", rc=None))}
    return [(f["severity"], f["code"]) for f in found(b, text, rc, *args) if json.dumps(f) not in base]


@test
def order_and_conflicts():
    with scenario_box() as b:
        b.kill()  # no running process is needed
        got = found(b, rules("a", "prefix: /a/", "exact: /a/b"))
        f = [x for x in got if x["code"] == "unreachable"]
        expect_eq(1, len(f), f"unreachable: {got}")
        expect_eq(("warning", "virtualservice/a.simple", "standard input:10"),
                  (f[0]["severity"], f[0]["object"], f[0]["at"]), "finding")
        expect_in(r"/a/b of host simple.baihl.io is never reached: prefix /a/ at standard input:8", f[0]["message"])
        expect(("warning", "conflict") in codes(b, rules("b", "exact: /simple/httpserver")), "conflict")
        expect_eq([], codes(b, rules("c", "exact: /c", "prefix: /c/")), "nothing")
        expect_eq([], codes(b, rules("c", "regex: /c.*", "exact: /cc", "regex: /d.*")), "nothing")
        expect_eq([("warning", "unreachable")], codes(b, rules("c", "regex: /c+", "regex: /c+")), "regex")


@test
def prefixes_and_rewrites():
    with scenario_box() as b:
        expect_eq([("info", "prefix-without-slash")], codes(b, rules("c", "prefix: /c")), "prefix")
        expect_eq([("warning", "prefix-without-slash")],
                  codes(b, rules("c", "exact: /cake", "prefix: /c")), "a neighbour")
        expect_eq([("warning", "rewrite-doubles-slash"), ("info", "prefix-without-slash")],
                  codes(b, rules("c", "prefix: /c", extra="rewrite: { uri: / }\n      ")), "doubles")
        expect_eq([("warning", "rewrite-loses-slash")],
                  codes(b, rules("c", "prefix: /c/", extra="rewrite: { uri: /d }\n      ")), "loses")
        out = b.ctl("analyze")
        expect_in(r"^Warning \[rewrite-doubles-slash\] virtualservice/simple.simple .*istio-specs.*|"
                  r"^Warning \[rewrite-doubles-slash\] virtualservice/simple.simple .*:\d+: prefix /simple/nginx "
                  r"rewritten to / doubles a slash: /simple/nginx/x goes upstream as //x", out)
        expect_in(r"^0 errors, 1 warning, 1 info$", out)


@test
def what_is_not_there():
    with scenario_box() as b:
        out = found(b, vs("a", "/a/", service="nobody"), 1)
        expect(("error", "no-destination") in [(f["severity"], f["code"]) for f in out], f"{out}")
        out = found(b, vs("a", "/a/").replace("number: 80", "number: 81"), 1)
        expect_in("host simple.simple.svc.cluster.local has no port 81",
                  " ".join(f["message"] for f in out))
        out = found(b, vs("a", "/a/").replace("[simple]", "[other]"), None)
        expect_in("there is no Gateway simple/other", " ".join(f["message"] for f in out))
        b.ctl("delete", "gateway", "simple", "-n", "simple", rc=None)
        gw = """apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: simple, namespace: simple }
spec:
  selector: { istio: ingressgateway }
  servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ["*.baihl.io"] }]
---
"""
        out = found(b, gw + vs("a", "/a/", host="else.example"), None)
        expect_in("host else.example is in no Gateway that this VirtualService names",
                  " ".join(f["message"] for f in out))
        expect(not any(f["code"] == "host-not-served" for f in found(
            b, gw + vs("a", "/a/", host="x.baihl.io"), None)), "a host in *.baihl.io is served")


@test
def regexes_that_are_refused():
    with scenario_box() as b:
        for regex, part in ((r"/(?=x)y", r"'\(\?=' at byte 2 is a look-ahead"),
                            (r"/(a)\1", r"'\\1' at byte 5 is a back-reference"),
                            (r"/a(?<!b)c", r"'\(\?<!' at byte 3 is a negative look-behind")):
            out = found(b, rules("a", f"regex: '{regex}'"), 1)
            f = [x for x in out if x["code"] == "regex-refused"]
            expect_eq(1, len(f), f"{out}")
            expect_in(part, f[0]["message"])


@test
def exit_codes_for_ci():
    with scenario_box() as b:
        b.ctl("analyze", rc=0)
        b.ctl("analyze", "--failure-threshold", "warning", rc=1)
        b.ctl("analyze", "--failure-threshold", "none", rc=2)
        expect_in("bad.yaml:8: .*prefx", b.ctl("analyze", "-f", b.write(
            "bad.yaml", vs("a", "/a").replace("prefix:", "prefx:")), rc=1))
    with Box() as b:
        expect_eq("nothing found\n", b.ctl("analyze"), "an empty box")


@test
def explain_what_came():
    with scenario_box() as b:
        expect_in("No such request came", b.ctl("explain", "--last", rc=1))
        b.tell("request 10.96.190.18 80 simple.baihl.io /simple/nginx/x?q=1")
        b.tell("request 10.96.190.18 80 other.example /y")
        wait_until(lambda: b.ctl("explain", "--last", rc=None).startswith("GET"), "it is seen")
        out = b.ctl("explain", "--last=5", "-H", "baihl")
        expect_in(r"^GET simple.baihl.io/simple/nginx/x\?q=1 was answered 200$", out)
        expect_in(r"^rewrite +/simple/nginx/x\?q=1 -> //x\?q=1", out)
        expect("other.example" not in out, out)
        expect_eq(2, len(json.loads(b.ctl("explain", "--last=5", "-o", "json"))), "requests")
        b.ctl("explain", "--last=0", rc=2)
        b.ctl("explain", "--last=5", "http://x/", rc=2)
