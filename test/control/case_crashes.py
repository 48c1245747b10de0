# SPDX-License-Identifier: BSD-3-Clause
"""kill -9 at any moment, restarts, damaged and hostile files."""
import json
import os
import random
import re
import shutil
import signal
import subprocess
import time

import box
from box import expect, expect_eq, expect_in, golden, scenario_box, test, vs


@test
def kill_and_restart():
    with scenario_box() as b:
        table, before = b.ctl("pc", "route"), b.epoch()
        b.kill()
        expect_in("No control process answers", b.ctl("pc", "route", rc=3))
        expect_in("control     not running", b.ctl("status", rc=3))
        expect_eq(2, len(json.loads(b.ctl("workers", "-o", "json"))), "workers without control")
        b.start()
        expect_eq(before, b.epoch(), "epoch")
        expect_eq(table, b.ctl("pc", "route"), "routes")
        b.write("a.yaml", vs("extra", "/a"))
        b.ctl("apply", "-f", f"{b.dir}/a.yaml")
        expect_eq(before + 1, b.epoch(), "epoch")
        # Both gone, then back in the other order.
        b.kill()
        b.daemon.kill()
        b.daemon.wait()
        b.start_daemon()
        expect_eq([before + 1] * 2, [w["epoch"] for w in json.loads(b.ctl("status", "-o", "json", rc=3))
                                     ["data_plane"]["workers"]], "epochs of the workers")
        b.start()
        expect_eq(before + 1, b.epoch(), "epoch")


@test
def statistics_slots_survive_restarts():
    slots = lambda b: {g: sorted(b.json("stats", g)[g]) for g in ("cluster", "endpoint", "route")}
    with scenario_box() as b:
        before = slots(b)
        expect(before["cluster"], "clusters have counters")
        b.kill()
        b.start()
        b.write("a.yaml", vs("aaa", "/a"))
        b.ctl("apply", "-f", f"{b.dir}/a.yaml")
        after = slots(b)
        expect(set(before["cluster"]) <= set(after["cluster"]), f"{before} {after}")


@test
def killed_at_any_moment():
    # Each set consists of two objects; after any kill both are of the same set.
    rnd = random.Random(7)
    with scenario_box() as b:
        for color in ("red", "blue"):
            b.write(f"{color}/1.yaml", vs("one", f"/{color}/1"))
            b.write(f"{color}/2.yaml", vs("two", f"/{color}/2"))
        b.ctl("apply", "-f", f"{b.dir}/red")
        for i in range(25):
            color = ("blue", "red")[i % 2]
            p = subprocess.Popen([f"{box.BUILD}/app/sluicectl/sluicectl", "-c", b.conf, "apply", "-f",
                                  f"{b.dir}/{color}"], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
            time.sleep(rnd.uniform(0, 0.03))
            b.kill()
            p.wait(10)
            b.start()
            rows = [l.split() for l in b.ctl("pc", "route").splitlines() if re.search("/red|/blue", l)]
            got = sorted(r[3] for r in rows)
            expect(got in (["/red/1*", "/red/2*"], ["/blue/1*", "/blue/2*"]), f"routes of one set: {got}")
            if p.returncode == 0:
                expect_eq(f"/{color}/1*", got[0], "an apply that returned")
            expect_eq([], [n for n in os.listdir(f"{b.dir}/state/objects") if n.endswith(".new")], "left over")
        expect(not os.path.exists(f"{b.dir}/state/commit"), "the redo list is done")


@test
def interrupted_commit_is_finished():
    with scenario_box() as b:
        objects = f"{b.dir}/state/objects"
        files = os.listdir(objects)
        svc = next(n for n in files if n.startswith("endpoints.nginx"))
        vsf = next(n for n in files if n.startswith("virtualservice."))
        b.kill()
        text = open(f"{objects}/{vsf}").read().replace("/simple/nginx", "/redone")
        b.write(f"state/objects/{vsf}.new", text)
        b.write("state/objects/stray.yaml.new", "not yaml: [")
        b.write("state/commit", f"put {vsf}\ndel {svc}\nput already-done.yaml\n")
        b.start()
        expect_in(r"/redone\*", b.ctl("pc", "route"))
        expect(not os.path.exists(f"{objects}/{svc}"), "deleted")
        expect(not os.path.exists(f"{b.dir}/state/commit"), "the redo list is done")
        expect(not os.path.exists(f"{objects}/stray.yaml.new"), "the stray file is gone")


@test
def hostile_redo_list_is_refused():
    with scenario_box() as b:
        b.kill()
        victim = b.write("victim.yaml", "x")
        for line in ("del ../../victim.yaml", "del ..", "rm a.yaml", "put /etc/x.yaml", "x"):
            b.write("state/commit", line + "\n")
            b.start(wait=False)
            expect_eq(1, b.control.wait(10), "exit code")
            expect_in("state/commit has a line that is not understood", b.log())
        expect(os.path.exists(victim), "nothing outside is touched")


@test
def second_control_is_refused():
    with scenario_box() as b:
        p = subprocess.run([f"{box.BUILD}/app/sluice-control/sluice-control", "-c", b.conf],
                           capture_output=True, text=True, timeout=10, check=False)
        expect_eq(1, p.returncode, "exit code")
        expect_in(f"instance \"{b.name}\" runs already \\(pid {b.control.pid}\\)", p.stderr)
        expect_eq(1, p.stderr.count("\n"), "lines")
        b.ctl("status")
        # Another instance must not take over the socket either.
        other = b.write("other.conf", open(b.conf).read().replace(b.name, b.name + "x", 1))
        p = subprocess.run([f"{box.BUILD}/app/sluice-control/sluice-control", "-c", other],
                           capture_output=True, text=True, timeout=10, check=False)
        shutil.rmtree(b.shm + "x", ignore_errors=True)
        expect_eq(1, p.returncode, f"exit code: {p.stderr}")
        b.ctl("status")


@test
def damaged_snapshot_is_replaced():
    with scenario_box() as b:
        before = b.epoch()
        b.kill()
        path = f"{b.shm}/snap.{before}"
        data = bytearray(open(path, "rb").read())
        data[len(data) // 2] ^= 0xff
        open(path, "wb").write(data)
        b.start()
        expect_eq(before + 1, b.epoch(), "epoch")
        golden("pc_route.txt", b.ctl("pc", "route"))


@test
def lost_snapshot_is_written_again():
    # A data plane that starts and finds no usable snapshot gets it from the control process.
    with scenario_box() as b:
        epoch = b.epoch()
        path = f"{b.shm}/snap.{epoch}"
        for damage in (lambda: os.unlink(path), lambda: os.truncate(path, 100),
                       lambda: open(path, "wb").write(b"x" * 100000)):
            b.daemon.kill()
            b.daemon.wait()
            damage()
            b.start_daemon()
            workers = lambda: [w["epoch"] for w in b.json("status")["data_plane"]["workers"]]
            box.wait_until(lambda: workers() == [epoch] * 2, "the epoch is taken up")
        expect_in("The snapshot is written again", b.log())
        # Cut short while in use: the control process has a copy of its own.
        os.truncate(path, 0)
        golden("pc_route.txt", b.ctl("pc", "route"))


@test
def drain_and_stop():
    with scenario_box() as b:
        expect_in("draining", b.ctl("drain"))
        b.tell("stop")
        expect_in("does not drain: it has gone", b.ctl("drain", rc=1))
        b.tell("go")
        expect_eq(0, b.kill(signal.SIGTERM), "exit code")
        expect_in("the data plane goes on with epoch", b.log())
        expect(not os.path.exists(b.sock), "the socket is gone")
        expect_eq(1, len(b.snaps()), "the snapshot stays")
        b.start()
        b.daemon.kill()
        b.daemon.wait()
        time.sleep(1.1)
        expect_in("No data plane runs", b.ctl("drain", rc=1))
