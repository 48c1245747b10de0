# SPDX-License-Identifier: BSD-3-Clause
"""The way back: history, rollback, diff, and changes that must be confirmed."""
import json
import os
import random
import shutil
import subprocess
import time

import box
from box import SCENARIO, Box, expect, expect_eq, expect_in, scenario_box, test, vs, wait_until


def routes(b):
    return b.ctl("pc", "route")


def apply(b, name, path, *args):
    return b.ctl("apply", "-f", "-", *args, stdin=vs(name, path).encode())


@test
def rollback_of_applied_objects():
    with scenario_box() as b:
        first, table = b.epoch(), routes(b)
        apply(b, "a", "/a")
        apply(b, "a", "/b")
        expect_in(r"/b\*", routes(b))
        expect_in(rf"rolled back \(epoch {first + 3}\)", b.ctl("rollback", str(first)))
        expect_eq(table, routes(b), "routes")
        expect_eq(10, b.json("status")["control"]["applied"], "applied objects")
        b.ctl("rollback", str(first + 1))
        expect_in(r"/a\*", routes(b))
        rows = [(e["epoch"], e["cause"], e["in_use"]) for e in b.json("history")]
        expect_eq([(first + 1, "apply", False), (first + 2, "apply", False),
                   (first + 3, f"rollback to {first}", False),
                   (first + 4, f"rollback to {first + 1}", True)], rows[-4:], "history")
        expect_in(rf"^{first + 4} .*rollback to {first + 1} +11 +\*$", b.ctl("history"))
        # It is on disk like any other change.
        b.kill()
        b.start()
        expect_in(r"/a\*", routes(b))
        b.ctl("rollback", str(first + 2))
        expect_in(r"/b\*", routes(b))
        expect_in("Epoch 999 is not kept", b.ctl("rollback", "999", rc=1))
        expect_in("is no epoch", b.ctl("rollback", "x", rc=2))


@test
def rollback_of_files_pins_them():
    with Box('manifests = [ "m" ];') as b:
        shutil.copytree(SCENARIO, f"{b.dir}/m")
        b.start().start_daemon()
        first, table = b.epoch(), routes(b)
        b.write("m/a.yaml", vs("a", "/a"))
        wait_until(lambda: "/a*" in routes(b), "/a is in use")
        b.ctl("rollback", str(first))
        expect_eq(table, routes(b), "routes")
        expect_in(f"pinned +files are those of epoch {first}", b.ctl("status"))
        # Neither a change of the files nor a restart leads forward again.
        b.write("m/a.yaml", vs("a", "/b"))
        wait_until(lambda: "they say something else now" in b.ctl("status"), "status says so")
        expect_eq(table, routes(b), "routes")
        b.kill()
        b.start()
        expect_eq(table, routes(b), "routes")
        expect_in(f"pinned +files are those of epoch {first} .*something else", b.ctl("status"))
        apply(b, "c", "/c")
        expect_in(r"/c\*", routes(b))
        b.ctl("reload")
        expect_in(r"/b\*", routes(b))
        expect_in(r"/c\*", routes(b))
        expect("pinned" not in b.ctl("status"), "no longer pinned")
        b.kill()
        b.start()
        expect("pinned" not in b.ctl("status"), "no longer pinned")
        # Back to what the files say: nothing to pin.
        apply(b, "c", "/d")
        b.ctl("rollback", str(b.epoch() - 1))
        expect("pinned" not in b.ctl("status"), "not pinned")


@test
def history_is_bounded():
    with scenario_box() as b:
        b.kill()
        b.write("sluice.conf", open(b.conf).read().replace('state";', 'state"; history = 3;'))
        b.start()
        for i in range(8):
            apply(b, "a", f"/a{i}")
        last = b.epoch()
        expect_eq([last - 2, last - 1, last], [e["epoch"] for e in b.json("history")], "epochs")
        lists = [n for n in os.listdir(f"{b.dir}/state/history") if n.isdigit()]
        expect_eq(3, len(lists), "files")
        expect_eq(10 + 3, len(os.listdir(f"{b.dir}/state/history/objects")), "objects kept")
        # An object that comes and goes is kept as long as any epoch has it.
        for i in range(5):
            apply(b, "a", f"/b{i % 2}")
        b.ctl("rollback", str(b.epoch() - 2))
        expect_in(r"/b0\*", routes(b))


@test
def killed_while_it_notes_an_epoch():
    # Objects are there before the list that names them; a kill between the two leaves them torn or alone.
    with scenario_box() as b:
        apply(b, "a", "/a")
        b.json("history")
        b.kill()
        h = f"{b.dir}/state/history"
        for name in os.listdir(h):
            if name.isdigit():
                os.unlink(f"{h}/{name}")
        torn = sorted(os.listdir(f"{h}/objects"))
        expect_eq(11, len(torn), "objects")
        for name in torn[:5]:
            os.truncate(f"{h}/objects/{name}", 20)
        os.rename(f"{h}/objects/{torn[5]}", f"{h}/objects/{torn[5]}.tmp")
        b.start()
        apply(b, "a", "/b")
        epoch = b.epoch()
        apply(b, "a", "/c")
        b.ctl("rollback", str(epoch))
        expect_in(r"/b\*", routes(b))
        expect_eq(10 + 3, len(os.listdir(f"{h}/objects")), "objects kept")


@test
def damaged_history_is_no_way_back():
    with scenario_box() as b:
        apply(b, "a", "/a")
        apply(b, "a", "/b")
        now = b.epoch()
        b.kill()
        h = f"{b.dir}/state/history"
        with open(f"{h}/{now - 1}", "r+b") as f:
            f.truncate(100)
        for name in os.listdir(f"{h}/objects"):
            if "/a" in open(f"{h}/objects/{name}").read():
                with open(f"{h}/objects/{name}", "a") as f:
                    f.write("# changed\nx: y\n")
        open(f"{h}/77777777777777777777777", "w").close()
        b.start()
        expect_in("damaged", b.log())
        expect_in("is not kept", b.ctl("rollback", str(now - 1), rc=1))
        expect_in(r"/b\*", routes(b))
        apply(b, "a", "/c")


@test
def differences():
    with Box('manifests = [ "m" ]; control: { watch = false; };') as b:
        b.write("sluice.conf", open(b.conf).read().replace(" control: { watch = false; };", "")
                .replace('state";', 'state"; watch = false;'))
        shutil.copytree(SCENARIO, f"{b.dir}/m")
        b.start().start_daemon()
        first = b.epoch()
        expect_eq("", b.ctl("diff"), "no difference")
        b.write("m/a.yaml", vs("a", "/a"))
        out = b.ctl("diff", rc=1)
        expect_in(r"^--- virtualservice/a.simple \(not there\)$", out)
        expect_in(r"^\+.*prefix: /a$", out)
        b.ctl("reload")
        expect_eq("", b.ctl("diff"), "no difference")
        b.write("m/a.yaml", vs("a", "/b"))
        out = b.ctl("diff", rc=1)
        expect_in(r"^@@ -\d+,\d+ \+\d+,\d+ @@\n", out)
        expect_in(r"^-.*prefix: /a\n\+.*prefix: /b$", out)
        expect_eq(["virtualservice/a.simple"], [o["object"] for o in b.json("diff", rc=1)], "objects")
        expect_in(r"\+.*prefix: /a$", b.ctl("diff", str(first), rc=1))
        expect_in(r"^-.*prefix: /a$", b.ctl("diff", str(first + 1), str(first), rc=1))
        b.write("m/a.yaml", "x: [")
        expect_in("m/a.yaml:", b.ctl("diff", rc=2))


@test
def unconfirmed_change_goes_back():
    with scenario_box() as b:
        first, table = b.epoch(), routes(b)
        expect_in("back by itself in 1 s", apply(b, "a", "/a", "--confirm", "1s"))
        expect_in(r"/a\*", routes(b))
        expect_in(f"confirm +back to epoch {first} in 1 s", b.ctl("status"))
        expect_in("waits to be confirmed", b.ctl("apply", "-f", SCENARIO, rc=1))
        expect_in("waits to be confirmed", b.ctl("reload", rc=1))
        expect_in("waits to be confirmed", b.ctl("delete", "vs", "a", "-n", "simple", rc=1))
        wait_until(lambda: routes(b) == table, "back", 4)
        expect_eq(10, b.json("status")["control"]["applied"], "applied objects")
        expect("confirm " not in b.ctl("status"), "nothing waits")
        expect_eq("not confirmed", b.json("history")[-1]["cause"], "cause")
        expect_in("No change waits", b.ctl("confirm", rc=1))
        expect_in("takes a time", apply_rc(b, "2h", 2))


def apply_rc(b, seconds, rc):
    return b.ctl("apply", "-f", SCENARIO, "--confirm", seconds, rc=rc)


@test
def confirmed_change_stays():
    with scenario_box() as b:
        apply(b, "a", "/a", "--confirm", "1s")
        expect_in("confirmed", b.ctl("confirm"))
        time.sleep(1.3)
        expect_in(r"/a\*", routes(b))
        apply(b, "a", "/b", "--confirm", "60")
        b.ctl("rollback", str(b.epoch() - 1))
        expect_in(r"/a\*", routes(b))
        apply(b, "a", "/c")
        expect_in(r"/c\*", routes(b))


@test
def killed_while_it_waits():
    with scenario_box() as b:
        table = routes(b)
        apply(b, "a", "/a", "--confirm", "2s")
        b.kill()
        b.start()
        expect_in(r"/a\*", routes(b))
        expect_in(r"confirm +back to epoch \d+ in [12] s", b.ctl("status"))
        wait_until(lambda: routes(b) == table, "back", 5)
        # The time is over while nothing runs.
        apply(b, "a", "/b", "--confirm", "1s")
        b.kill()
        time.sleep(1.1)
        b.start()
        wait_until(lambda: routes(b) == table, "back", 5)
        expect(not os.path.exists(f"{b.dir}/state/confirm"), "nothing waits on disk")


@test
def killed_at_any_moment_of_a_rollback():
    rnd = random.Random(11)
    with scenario_box() as b:
        apply(b, "a", "/a")
        apply(b, "b", "/b")
        for _ in range(10):
            epochs = b.json("history")
            target = rnd.choice(epochs)["epoch"]
            p = subprocess.Popen(
                [f"{box.BUILD}/app/sluicectl/sluicectl", "-c", b.conf, "rollback", str(target)],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(rnd.uniform(0, 0.03))
            b.kill()
            p.wait(10)
            b.start()
            text = json.dumps(b.json("get", "all", "-A"))
            expect(("/a" in text) or ("/b" not in text), "objects of one epoch")


@test
def epochs_go_on_after_a_reboot():
    with scenario_box() as b:
        before = b.epoch()
        b.kill()
        b.daemon.kill()
        b.daemon.wait()
        shutil.rmtree(b.shm)
        b.start().start_daemon()
        expect(b.epoch() > before, f"epoch {b.epoch()} after {before}")
        apply(b, "a", "/a")
        b.ctl("rollback", str(before))
        expect("/a*" not in routes(b), "back")


@test
def timing_is_told():
    with scenario_box() as b:
        for i in range(10):
            apply(b, "a", f"/a{i}")
        expect_in(r"changes +11 since the start, read to last worker: p50 [\d.]+ ms, p99 [\d.]+ ms",
                  b.ctl("status"))
