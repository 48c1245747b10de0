# SPDX-License-Identifier: BSD-3-Clause
"""Hostile files within bounded memory and time: file:line, nothing applied."""
import os
import resource
import shutil
import subprocess

import box
from box import SCENARIO, Box, expect, expect_eq, expect_in, test, vs, wait_until

LIMIT = 400 << 20

BOMBS = [
    ("aliases of aliases", "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join('*' + chr(97 + i) for _ in range(9))}]\n" for i in range(9)),
     r":7: the file holds more than 2000000 values"),
    ("100 MB", b"# " + b"x" * (100 << 20), "larger than the 16 MiB"),
    ("values", "a: [" + "x," * (7 << 20) + "]", ":1: the file holds more than 2000000 values"),
    ("keys", "".join(f"k{i}: 1\n" for i in range(1200000)), r":1000000: the file holds more than"),
    ("aliases", "".join(f"a{i}: &z{i} 1\n" for i in range(1000)) + "b:\n" + "- *z0\n" * 2000000,
     r":1998999: the file holds more than"),
    ("anchors", "".join(f"a{i}: &z{i} 1\n" for i in range(2000)), ":1001: more than 1000 anchors"),
    ("sequences", "[" * 1000000, ":1: nested more than 64 levels"),
    ("dashes", "- " * 5000000, ":1: nested more than 64 levels"),
    ("maps", "".join(" " * i + "a:\n" for i in range(3000)), ":65: nested more than 64 levels"),
    ("documents", "---\na: 1\n" * 1500000, ":2: object without a kind"),
    ("an alias of itself", "a: &a [*a]\n", ":1: alias '\\*a' before its anchor"),
    ("a key twice", vs("a", "/a").replace("  hosts:", "  hosts: [x.example]\n  hosts:"),
     ":7: key 'hosts' is written twice"),
    ("a merge key", "a: &a {x: 1}\nb: {<<: *a}\n", ":2: merge keys"),
    ("a tag", vs("a", "!!python/object/apply:os.system [ls]"), r":8: "),
    ("a wrong type", vs("a", "/a").replace("http:", "http: 7\n  tcp:"), ":7: "),
    ("an unknown field", vs("a", "/a").replace("gateways:", "gatewys:"), ":5: .*gatewys.*gateways"),
    ("a name twice", vs("a", "/a") + "---\n" + vs("a", "/b"), ":11: .*already defined at .*:1"),
    ("a NUL", 'a: "\\0"\n', ":1: text with a NUL"),
    ("UTF-16", b"\xff\xfea\x00:\x00 \x001\x00\n\x00", "(not UTF-8|:1: object without a kind)"),
    ("overlong UTF-8", b"a: \xc0\xaf\n", "not UTF-8"),
]


def bounded():
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))


def sanitized(prog):
    return b"__asan_init" in open(prog, "rb").read()


@test
def bombs_are_refused_in_little_memory():
    prog = f"{box.BUILD}/app/sluicectl/sluicectl"
    with Box() as b:
        for what, data, pattern in BOMBS:
            path = b.write("x.yaml", data)
            p = subprocess.run([prog, "-c", b.conf, "check", "-f", path], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, timeout=120, check=False,
                               preexec_fn=None if sanitized(prog) else bounded)
            out = p.stdout.decode(errors="replace")
            expect_eq(1, p.returncode, f"{what}: {out}")
            expect_in(pattern, out)
            expect_eq(1, out.count("\n"), f"{what}: lines")


@test
def bombs_in_a_watched_folder():
    prog = f"{box.BUILD}/app/sluice-control/sluice-control"
    with Box('manifests = [ "m" ];') as b:
        shutil.copytree(SCENARIO, f"{b.dir}/m")
        b.start()
        if not sanitized(prog):
            resource.prlimit(b.control.pid, resource.RLIMIT_AS, (LIMIT + (200 << 20), LIMIT + (200 << 20)))
        b.start_daemon()
        before, table = b.epoch(), b.ctl("pc", "route")
        for what, data, pattern in BOMBS[1::3]:
            # As an editor would, so that it is read once and whole.
            b.write("m/x.tmp", data)
            os.rename(f"{b.dir}/m/x.tmp", f"{b.dir}/m/x.yaml")
            wait_until(lambda p=pattern: fault_matches(b, p), f"{what} in status: {b.ctl('status')}", 60)
        expect_eq((before, table), (b.epoch(), b.ctl("pc", "route")), "epoch and routes")
        b.write("m/x.tmp", vs("a", "/fine"))
        os.rename(f"{b.dir}/m/x.tmp", f"{b.dir}/m/x.yaml")
        wait_until(lambda: "/fine*" in b.ctl("pc", "route"), "a good file is taken up")
        expect("fault" not in b.ctl("status"), "no fault left")


def fault_matches(b, pattern):
    try:
        expect_in(r"^fault +.*" + pattern.replace("larger than the 16 MiB", "larger than 16 MiB"), b.ctl("status"))
        return True
    except box.Failed:
        return False
