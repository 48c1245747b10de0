# SPDX-License-Identifier: BSD-3-Clause
"""The access log, and what an idle control process costs."""
import os
import signal
import subprocess
import time

import box
from box import SCENARIO, Box, expect, expect_eq, expect_in, scenario_box, test, wait_until


@test
def access_log():
    with scenario_box() as b:
        log = f"{b.dir}/access.log"
        lines = lambda path=log: open(path).read().splitlines() if os.path.exists(path) else []
        b.tell("log 3")
        wait_until(lambda: len(lines()) == 3, "three lines")
        expect_in(r'^\[\d{4}-.*Z\] "- /simple/nginx\?q=1 HTTP/1.1" 200 ', lines()[0])
        os.rename(log, log + ".1")
        b.tell("log 1")
        wait_until(lambda: len(lines(log + ".1")) == 4, "the old file goes on")
        b.control.send_signal(signal.SIGUSR1)
        wait_until(lambda: os.path.exists(log), "the file is opened anew")
        b.tell("forged")
        b.tell("log 1500")
        wait_until(lambda: len(lines()) == 1500, "no line is missing")
        expect_eq({"written": 1504, "lost": 2}, b.json("status")["control"]["access_log"], "counts")
        # Records of the time without control are written by the next one.
        b.kill()
        b.tell("log 10")
        b.start()
        wait_until(lambda: len(lines()) == 1510, "ten more")


@test
def stalled_log_reader():
    # A reader of standard output that stops reading stops the log, and nothing else.
    with Box() as b:
        b.write("sluice.conf", open(b.conf).read().replace(f"{b.dir}/access.log", "-"))
        log = open(f"{b.dir}/control.log", "a")
        b.control = subprocess.Popen([f"{box.BUILD}/app/sluice-control/sluice-control", "-c", b.conf],
                                     stdout=subprocess.PIPE, stderr=log)
        wait_until(b.answers, "control answers")
        b.start_daemon()
        for _ in range(5):
            b.tell("log 1500")
            time.sleep(0.05)
        b.ctl("apply", "-f", SCENARIO)
        expect(b.json("status")["control"]["access_log"]["written"] < 7500, "the log is stuck")
        t = time.monotonic()
        expect_eq(0, b.kill(signal.SIGTERM), "exit code")
        expect(time.monotonic() - t < 3, "stops at once")
        b.control.stdout.close()


@test
def idle_costs_nothing():
    with scenario_box() as b:
        def cpu():
            f = open(f"/proc/{b.control.pid}/stat").read().rsplit(")", 1)[1].split()
            return (int(f[11]) + int(f[12])) / os.sysconf("SC_CLK_TCK")

        time.sleep(0.5)
        before = cpu()
        time.sleep(3)
        used = (cpu() - before) / 3
        expect(used <= 0.015, f"{used * 100:.1f} % of a core")
