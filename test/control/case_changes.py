# SPDX-License-Identifier: BSD-3-Clause
"""apply, delete and reload: what changes, what is refused, and that nothing changes then."""
import os
import shutil
import signal
import subprocess
import time

import box
from box import (SCENARIO, Box, expect, expect_eq, expect_in, golden, scenario_box, test,
                 vs, wait_until)


@test
def unchanged_keeps_the_epoch():
    with scenario_box() as b:
        before = b.epoch()
        b.ctl("apply", "-f", SCENARIO)
        b.ctl("reload")
        expect_eq(before, b.epoch(), "epoch")
        b.write("vs.yaml", vs("simple", "/other"))
        expect_in("virtualservice/simple.simple configured", b.ctl("apply", "-f", f"{b.dir}/vs.yaml"))
        expect_eq(before + 1, b.epoch(), "epoch")
        wait_until(lambda: b.snaps() == [before + 1], "old snapshots are removed")


@test
def prune_and_delete():
    with scenario_box() as b:
        b.write("a.yaml", vs("extra", "/a"))
        expect_in("virtualservice/extra.simple created", b.ctl("apply", "-f", f"{b.dir}/a.yaml"))
        out = b.ctl("apply", "-f", SCENARIO, "--prune")
        expect_in("^virtualservice/extra.simple pruned$", out)
        expect_eq(10, b.json("status")["control"]["applied"], "applied objects")
        b.ctl("apply", "-f", f"{b.dir}/a.yaml")
        expect_in("virtualservice/extra.simple deleted", b.ctl("delete", "vs", "extra", "-n", "simple"))
        expect_in("There is no virtualservice/extra.simple",
                  b.ctl("delete", "vs", "extra", "-n", "simple", rc=1))
        out = b.ctl("delete", "-f", SCENARIO)
        expect_in("gateway/simple.simple deleted", out)
        expect_eq(0, b.json("status")["control"]["applied"], "applied objects")
        expect_eq([], os.listdir(f"{b.dir}/state/objects"), "files")
        expect_eq(1, len(b.ctl("pc", "listener").splitlines()), "lines of pc listener")


@test
def manifests_of_sluice_conf():
    with Box('manifests = [ "m" ];') as b:
        shutil.copytree(SCENARIO, f"{b.dir}/m")
        b.start().start_daemon()
        golden("pc_route.txt", b.ctl("pc", "route"))
        out = b.ctl("delete", "vs", "simple", "-n", "simple", rc=1)
        expect_in(r"stands in .*m/istio-specs.yaml:\d+, .*sluicectl reload", out)
        # What is applied goes before a manifest, and back when it is deleted.
        b.write("vs.yaml", vs("simple", "/other"))
        b.ctl("apply", "-f", f"{b.dir}/vs.yaml")
        expect_in(r"/other\*", b.ctl("pc", "route"))
        b.ctl("delete", "-f", f"{b.dir}/vs.yaml")
        golden("pc_route.txt", b.ctl("pc", "route"))
        os.remove(f"{b.dir}/m/istio-specs.yaml")
        b.ctl("reload")
        expect_eq(1, len(b.ctl("pc", "listener").splitlines()), "lines of pc listener")


BAD = [
    (vs("x", "/x").replace("prefix:", "prefx:"), r"bad.yaml:8: .*prefx.*prefix"),
    (vs("x", "/x").replace("kind: VirtualService", "kind: VirtualServce"), r"bad.yaml:\d+: .*VirtualServ"),
    (vs("x", "/x").replace("  hosts: [simple.baihl.io]", "  hosts: 7"), r"bad.yaml:6: "),
    (vs("x", "/x").replace("number: 80", "number: 80000"), r"bad.yaml:9: "),
    (vs("x", "/x") + "---\n" + vs("x", "/y"), r"bad.yaml:\d+: "),
    (vs("x", "/x").replace("prefix: /x", "regex: '/(?=x)'"), r"bad.yaml:8: "),
    ("a: [1, 2\n", r"bad.yaml:\d+: "),
    ("a: &a [1]\nb: [*a, *a]\n", r"bad.yaml:\d+: "),
    ("{" * 5000, r"bad.yaml:\d+: "),
    (b"\xff\xfe\x00x", r"not UTF-8"),
]


@test
def bad_objects_change_nothing():
    with scenario_box() as b:
        before, table = b.epoch(), b.ctl("pc", "route")
        for text, pattern in BAD:
            path = b.write("bad.yaml", text)
            expect_in(pattern, b.ctl("apply", "-f", path, rc=1))
            expect_in(pattern, b.ctl("check", "-f", path, rc=1))
        b.write("twice/a.yaml", vs("x", "/x"))
        b.write("twice/b.yaml", vs("x", "/y"))
        expect_in(r"b.yaml:1: virtualservice/x.simple is in .*a.yaml:1 already",
                  b.ctl("apply", "-f", f"{b.dir}/twice", rc=1))
        os.mkdir(f"{b.dir}/empty")
        expect_in("has no \\*.yaml", b.ctl("apply", "-f", f"{b.dir}/empty", rc=1))
        expect_in("No such file", b.ctl("apply", "-f", f"{b.dir}/nope", rc=1))
        expect_in("hold no object", b.ctl("apply", "--prune", "-f", b.write("none.yaml", "# later\n"), rc=1))
        expect_in("larger than the 16 MiB",
                  b.ctl("apply", "-f", b.write("big.yaml", b"#" * (17 << 20)), rc=1))
        expect_eq((before, table), (b.epoch(), b.ctl("pc", "route")), "epoch and routes")
        expect_eq(10, b.json("status")["control"]["applied"], "applied objects")


@test
def broken_file_in_a_reload():
    with Box('manifests = [ "m" ];') as b:
        shutil.copytree(SCENARIO, f"{b.dir}/m")
        b.start().start_daemon()
        b.ctl("apply", "-f", "-", stdin=vs("extra", "/a").encode())
        before, table, good = b.epoch(), b.ctl("pc", "route"), open(b.conf).read()
        spec = open(f"{b.dir}/m/istio-specs.yaml").read()
        b.write("sluice.conf", good + "listenerss = ();\n")
        ctl = lambda *a, rc=0: b.ctl("-s", b.sock, "-i", b.name, *a, rc=rc)
        expect_in(r"sluice.conf:\d+: .*listenerss.*listeners", ctl("reload", rc=1))
        ctl("status")
        b.control.send_signal(signal.SIGHUP)
        wait_until(lambda: "Nothing was changed:" in b.log(), "the log says so")
        b.write("sluice.conf", good.replace(b.name, "renamed"))
        expect_in("instance cannot change", ctl("reload", rc=1))
        b.write("sluice.conf", good)
        b.write("m/istio-specs.yaml", spec.replace("exact:", "exakt:"))
        expect_in(r"istio-specs.yaml:\d+: .*exakt.*exact", b.ctl("reload", rc=1))
        expect_eq((before, table), (b.epoch(), b.ctl("pc", "route")), "epoch and routes")
        b.ctl("apply", "-f", "-", stdin=vs("extra", "/b").encode())
        b.write("m/istio-specs.yaml", spec.replace("/simple/nginx", "/changed"))
        expect_in(r"reloaded \(epoch %d\)" % (before + 2), b.ctl("reload"))
        expect_in(r"/changed\*", b.ctl("pc", "route"))


@test
def broken_file_at_a_restart():
    with Box('manifests = [ "m" ];') as b:
        shutil.copytree(SCENARIO, f"{b.dir}/m")
        b.start().start_daemon()
        b.ctl("apply", "-f", "-", stdin=vs("extra", "/a").encode())
        before, table = b.epoch(), b.ctl("pc", "route")
        spec = open(f"{b.dir}/m/istio-specs.yaml").read()
        b.kill()
        b.write("m/istio-specs.yaml", spec.replace("exact:", "exakt:"))
        b.start()
        expect_eq((before, table), (b.epoch(), b.ctl("pc", "route")), "epoch and routes")
        expect_in(r"fault +.*istio-specs.yaml:\d+: .*exakt", b.ctl("status"))
        expect_in("until the files are right", b.ctl("apply", "-f", SCENARIO, rc=1))
        b.write("m/istio-specs.yaml", spec)
        b.ctl("reload")
        expect_eq("", b.json("status")["control"]["fault"], "fault")
        expect_in("/a\\*", b.ctl("pc", "route"))
        b.ctl("apply", "-f", "-", stdin=vs("extra", "/b").encode())
    with Box("listenerss = ();") as b:
        b.start(wait=False)
        expect_eq(1, b.control.wait(10), "exit code")
        expect_in(r"sluice.conf:\d+: .*listenerss", b.log())


@test
def data_plane_refuses():
    with scenario_box() as b:
        before, table = b.epoch(), b.ctl("pc", "route")
        b.tell("refuse")
        out = b.ctl("apply", "-f", "-", stdin=vs("extra", "/a").encode(), rc=1)
        expect_in("refused epoch .* nothing was changed: refused for the test", out)
        expect_eq((before, table), (b.epoch(), b.ctl("pc", "route")), "epoch and routes")
        expect_eq([before], b.snaps(), "snapshots")
        expect_eq(10, len(os.listdir(f"{b.dir}/state/objects")), "files")
        b.tell("accept")
        b.ctl("apply", "-f", "-", stdin=vs("extra", "/a").encode())
        expect(b.epoch() > before, "a new epoch")


@test
def worker_is_late():
    with scenario_box() as b:
        before = b.epoch()
        b.tell("mute 1")
        t = time.monotonic()
        out = b.ctl("apply", "-f", "-", stdin=vs("extra", "/a").encode(), rc=1)
        expect(4.5 < time.monotonic() - t < 8, "five seconds")
        expect_in(r"Epoch %d is published and kept, but worker 1 has not" % (before + 1), out)
        expect_eq([before + 1, before], [w["epoch"] for w in b.json("status")["data_plane"]["workers"]],
                  "epochs")
        expect(before in b.snaps(), "the old snapshot is kept for the late worker")


@test
def requests_wait_for_a_change():
    with scenario_box() as b:
        b.tell("stop")
        p = [subprocess.Popen([f"{box.BUILD}/app/sluicectl/sluicectl", "-c", b.conf, "apply", "-f", "-"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
             for _ in range(3)]
        for i, q in enumerate(p):
            q.stdin.write(vs(f"w{i}", f"/w{i}").encode())
            q.stdin.close()
        time.sleep(0.2)
        b.ctl("status")
        b.ctl("pc", "route")
        b.tell("go")
        for q in p:
            q.wait(10)
            expect_eq(0, q.returncode, q.stdout.read())
            q.stdout.close()
        expect_eq(3, b.ctl("pc", "route").count("/w"), "routes")


@test
def data_plane_dies_while_it_is_asked():
    with scenario_box() as b:
        b.tell("stop")
        p = subprocess.Popen([f"{box.BUILD}/app/sluicectl/sluicectl", "-c", b.conf, "apply", "-f", SCENARIO + "/..",
                              "-f", b.write("a.yaml", vs("extra", "/a"))],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        p.wait(20)
        p.stdout.close()
        p = subprocess.run([f"{box.BUILD}/app/sluicectl/sluicectl", "-c", b.conf, "apply", "-f",
                            f"{b.dir}/a.yaml"], capture_output=True, text=True, timeout=20, check=False)
        expect_eq(0, p.returncode, p.stderr)
        expect_in("takes the configuration up when it", p.stderr)
        b.daemon.kill()
        b.daemon.wait()
        b.start_daemon(3)
        wait_until(lambda: [w["epoch"] for w in b.json("status")["data_plane"]["workers"]]
                   == [b.epoch()] * 3, "the new data plane has the epoch")


@test
def stale_command_does_not_win():
    # A command that the data plane left in the ring is for an older epoch than the one wanted.
    with scenario_box() as b:
        b.tell("stop")
        b.ctl("apply", "-f", "-", stdin=vs("extra", "/a").encode())
        time.sleep(1.1)
        b.ctl("apply", "-f", "-", stdin=vs("extra", "/b").encode())
        want = b.epoch()
        b.tell("go")
        wait_until(lambda: [w["epoch"] for w in b.json("status")["data_plane"]["workers"]] == [want] * 2,
                   "the data plane is told again", 10)
        expect_in("told again", b.log())
        time.sleep(1.2)
        expect_eq(1, b.log().count("told again"), "reminders")


@test
def changes_of_the_box_wait_for_a_restart():
    with scenario_box() as b:
        b.write("sluice.conf", open(b.conf).read().replace("192.0.2.1", "192.0.2.7"))
        expect_in("warning: .*sluiced takes those up when it is started again", b.ctl("reload"))
        expect("warning" not in b.ctl("reload"), "said once")


def web(n, port="80", extra=""):
    ips = ", ".join(f"{{ ip: 192.0.2.{50 + i} }}" for i in range(n))
    return f"""apiVersion: v1
kind: Endpoints
metadata: {{ name: nginx, namespace: simple }}
subsets: [{{ addresses: [{ips}], ports: [{{ name: http, port: {port}, protocol: TCP }}] }}]
{extra}"""


def size(b, epoch):
    return os.path.getsize(f"{b.shm}/snap.{epoch}")


@test
def endpoints_alone_are_a_patch():
    with scenario_box() as b:
        base = b.epoch()
        table = b.ctl("pc", "route")
        b.ctl("apply", "-f", "-", stdin=web(3).encode())
        eps = b.ctl("pc", "endpoint")
        expect_eq(base + 1, b.epoch(), "epoch")
        for i in range(3):
            expect_in(rf"192\.0\.2\.{50 + i}:80 +HEALTHY", eps)
        expect_eq(table, b.ctl("pc", "route"), "routes")
        # What it is a patch of stays beside it.
        wait_until(lambda: b.snaps() == [base, base + 1], "snapshots")
        expect(size(b, base + 1) < size(b, base), "it is smaller")
        # The same again changes nothing; one less is a patch of the same epoch.
        b.ctl("apply", "-f", "-", stdin=web(3).encode())
        expect_eq(base + 1, b.epoch(), "epoch")
        b.ctl("apply", "-f", "-", stdin=web(2).encode())
        expect("192.0.2.52" not in b.ctl("pc", "endpoint"), "the third is gone")
        wait_until(lambda: b.snaps() == [base, base + 2], "snapshots")
        # Set by hand, and back: endpoints, too.
        b.ctl("endpoint", "drain", "192.0.2.50:80")
        expect_in(r"192\.0\.2\.50:80 +DRAINING", b.ctl("pc", "endpoint"))
        wait_until(lambda: b.snaps() == [base, base + 3], "snapshots")
        # A route is no endpoint.
        b.write("a.yaml", vs("extra", "/a"))
        b.ctl("apply", "-f", f"{b.dir}/a.yaml")
        wait_until(lambda: b.snaps() == [base + 4], "snapshots")
        expect_in(r"192\.0\.2\.50:80 +DRAINING", b.ctl("pc", "endpoint"))


@test
def patches_survive_restarts():
    with scenario_box() as b:
        base = b.epoch()
        b.ctl("apply", "-f", "-", stdin=web(2).encode())
        # Both gone: whoever starts finds the patch and what it is one of.
        b.daemon.kill()
        b.daemon.wait()
        b.kill()
        b.start_daemon()
        b.start()
        workers = lambda: [w["epoch"] for w in b.json("status")["data_plane"]["workers"]]
        wait_until(lambda: set(workers()) == {b.epoch()}, "the workers have it")
        expect_in(r"192\.0\.2\.51:80 +HEALTHY", b.ctl("pc", "endpoint"))
        b.ctl("apply", "-f", "-", stdin=web(1).encode())
        last = b.epoch()
        # The file that the patch needs is lost: a new data plane is given all of it again.
        base = min(b.snaps())
        b.daemon.kill()
        b.daemon.wait()
        if base != last:
            os.unlink(f"{b.shm}/snap.{base}")
        b.start_daemon()
        wait_until(lambda: workers() == [last] * 2, "the epoch is taken up")
        b.ctl("apply", "-f", "-", stdin=web(3).encode())
        expect_in(r"192\.0\.2\.52:80 +HEALTHY", b.ctl("pc", "endpoint"))
