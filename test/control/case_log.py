# SPDX-License-Identifier: BSD-3-Clause
"""The access log, and what an idle control process costs."""
import json
import os
import re
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


def configure(b, what):
    b.write("sluice.conf", re.sub(r"log: \{", f"log: {{ {what}", open(b.conf).read()))


@test
def access_log_formats():
    with scenario_box() as b:
        log = f"{b.dir}/access.log"
        last = lambda: ([""] + open(log).read().splitlines())[-1] if os.path.exists(log) else ""
        plain = open(b.conf).read()
        expect_in(r"^log: \{", plain)
        configure(b, 'format = "json";')
        b.ctl("reload")
        wait_until(lambda: b.tell("log 1") or last().startswith("{"), "JSON lines")
        got = json.loads(last())
        keys = """start_time route_name method path protocol response_code response_flags
            response_code_details connection_termination_details bytes_received bytes_sent duration
            upstream_service_time x_forwarded_for user_agent request_id authority upstream_host
            upstream_cluster upstream_local_address downstream_local_address
            downstream_remote_address requested_server_name upstream_transport_failure_reason
            accept_us head_us routed_us first_byte_us done_us""".split()
        expect_eq(keys, list(got), "keys")
        expect_eq((200, "/simple/nginx?q=1", "HTTP/1.1", None),
                  tuple(got[k] for k in ("response_code", "path", "protocol", "method")), "values")
        b.write("sluice.conf", plain)
        configure(b, 'format = "combined";')
        b.ctl("reload")
        wait_until(lambda: b.tell("log 1") or re.fullmatch(
            r'\S+ - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] '
            r'"- /simple/nginx\?q=1 HTTP/1\.1" 200 0 "-" "-"', last()), "combined lines")
        b.write("sluice.conf", plain)
        configure(b, 'format = "%REQ(:PATH)% %RESPONSE_CODE% %SLUICE_DONE_US%";')
        b.ctl("reload")
        wait_until(lambda: b.tell("log 1") or last() == "/simple/nginx?q=1 200 0", "own lines")
        # A mistake leaves everything as it was, and says where it is.
        b.write("sluice.conf", plain)
        configure(b, 'format = "%REQ(COOKIE)%";')
        expect_in(r"sluice.conf:\d+: access log format: .*REQ\(COOKIE\)", b.ctl("reload", rc=None))
        b.tell("log 1")
        time.sleep(0.1)
        expect_eq("/simple/nginx?q=1 200 0", last(), "the last format stays")


@test
def log_into_a_fifo_that_nobody_reads():
    # The worst of all disks: control goes on, the rings fill up, workers count what they drop.
    with scenario_box() as b:
        os.mkfifo(f"{b.dir}/fifo")
        b.write("sluice.conf", open(b.conf).read().replace(f"{b.dir}/access.log", f"{b.dir}/fifo"))
        b.ctl("reload")
        for _ in range(3):
            b.tell("log 1000")
        before = b.json("status")["control"]["access_log"]
        t = time.monotonic()
        for _ in range(5):
            b.ctl("apply", "-f", SCENARIO)
        expect(time.monotonic() - t < 5, "changes go on")
        expect_eq(before, b.json("status")["control"]["access_log"], "nothing is written")
        # With a reader again, what the ring still has comes out.
        with open(f"{b.dir}/fifo") as f:
            expect_in("simple/nginx", f.readline())
        b.write("sluice.conf", open(b.conf).read().replace(f"{b.dir}/fifo", f"{b.dir}/access.log"))
        b.ctl("reload")


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
