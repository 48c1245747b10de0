# SPDX-License-Identifier: BSD-3-Clause
"""An instance for tests: its files, its processes, and how results are compared."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SCENARIO = os.path.join(TOP, "config/examples/scenario")
GOLDEN = os.path.join(HERE, "golden")
TESTS = []
UPDATE = False
BUILD = ""


def test(fn):
    TESTS.append(fn)
    return fn


class Failed(Exception):
    pass


def expect(cond, what):
    if not cond:
        raise Failed(what)


def expect_in(pattern, text):
    expect(re.search(pattern, text, re.M), f"no match for {pattern!r} in:\n{text}")


def expect_eq(want, got, what="value"):
    expect(want == got, f"{what}: wanted {want!r}, got {got!r}")


def wait_until(cond, what, seconds=5.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if cond():
            return
        time.sleep(0.01)
    raise Failed(f"not within {seconds} s: {what}")


CONF = """instance = "{name}";
log: {{ access = "{dir}/access.log"; }};
admin: {{ address = "{admin}"; probe = ""; prometheus = ""; }};
control: {{ socket = "{dir}/run/control.sock"; state = "{dir}/state"; }};
ports = (
  {{ name = "client"; kind = "null"; addresses = [ "192.0.2.1/24" ]; }},
  {{ name = "backend"; kind = "null"; addresses = [ "10.10.1.4/24" ]; }}
);
{extra}
"""


class Box:
    """One instance: its folder, its control process, its stand-in for a data plane."""

    count = 0

    def __init__(self, extra="", admin=""):
        Box.count += 1
        self.name = f"t{os.getpid()}-{Box.count}"
        self.dir = tempfile.mkdtemp(prefix="sluice-control-")
        self.shm = f"/dev/shm/sluice/{self.name}"
        self.conf = f"{self.dir}/sluice.conf"
        self.sock = f"{self.dir}/run/control.sock"
        self.control = self.daemon = None
        self.admin = admin
        self.write_conf(extra)

    def write_conf(self, extra=""):
        self.write("sluice.conf", CONF.format(name=self.name, dir=self.dir, extra=extra,
                                                  admin=self.admin))

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(text.encode() if isinstance(text, str) else text)
        return path

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        code = 0
        if self.control and self.control.poll() is None:
            self.control.terminate()
            code = self.control.wait(10)
        if self.daemon:
            self.daemon.kill()
            self.daemon.wait()
        log = self.log() if self.control else ""
        if not exc[0] and (code != 0 or "Sanitizer" in log or "runtime error" in log):
            exc = (Failed, Failed(f"control ended with {code}: {log}"), None)
            self.cleanup()
            raise exc[1]
        if exc[0] and os.path.exists(f"{self.dir}/control.log"):
            print(open(f"{self.dir}/control.log").read())
        self.cleanup()

    def cleanup(self):
        shutil.rmtree(self.dir, ignore_errors=True)
        shutil.rmtree(self.shm, ignore_errors=True)

    def start(self, wait=True):
        log = open(f"{self.dir}/control.log", "a")
        self.control = subprocess.Popen([f"{BUILD}/app/sluice-control/sluice-control",
                                         "-c", self.conf], stdout=log, stderr=log)
        if wait:
            wait_until(self.answers, f"control answers: {self.log()}", 20)
        return self

    def answers(self):
        expect(self.control.poll() is None, f"control ended: {self.log()}")
        try:
            return json.loads(self.raw(b'{"cmd":"version"}\n'))["ok"]
        except OSError:
            return False

    def log(self):
        return open(f"{self.dir}/control.log").read()

    def kill(self, sig=signal.SIGKILL):
        self.control.send_signal(sig)
        return self.control.wait(10)

    def start_daemon(self, workers=2):
        self.daemon = subprocess.Popen([f"{BUILD}/test/control/fake_daemon", self.name,
                                        str(workers)], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True)
        while self.daemon.stdout.readline() not in ("ready\n", ""):
            pass
        return self

    def tell(self, line):
        self.daemon.stdin.write(line + "\n")
        self.daemon.stdin.flush()
        while self.daemon.stdout.readline() not in ("ok\n", ""):
            pass

    def ctl(self, *args, rc=0, stdin=None):
        """Runs sluicectl; both outputs as one text."""
        p = subprocess.run([f"{BUILD}/app/sluicectl/sluicectl", "-c", self.conf, *args],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, input=stdin,
                           timeout=60, check=False)
        out = p.stdout.decode(errors="replace")
        if rc is not None:
            expect_eq(rc, p.returncode, f"exit code of {args}: {out}")
        return out

    def json(self, *args, rc=0):
        return json.loads(self.ctl(*args, "-o", "json", rc=rc))

    def epoch(self):
        return self.json("status")["control"]["want_epoch"]

    def raw(self, data, timeout=10.0):
        """Sends bytes to the socket and reads until a newline or the end."""
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(timeout)
        s.connect(self.sock)
        out = b""
        try:
            s.sendall(data)
        except BrokenPipeError:
            pass
        try:
            while not out.endswith(b"\n"):
                got = s.recv(65536)
                if not got:
                    break
                out += got
        except ConnectionResetError:
            pass
        s.close()
        return out

    def ask(self, **request):
        return json.loads(self.raw(json.dumps(request).encode() + b"\n"))

    def snaps(self):
        return sorted(int(n[5:]) for n in os.listdir(self.shm) if n.startswith("snap."))


def golden(name, text):
    path = os.path.join(GOLDEN, name)
    if UPDATE:
        with open(path, "w") as f:
            f.write(text)
    expect(os.path.exists(path), f"{path} is missing")
    want = open(path).read()
    expect(want == text, f"{name} differs; wanted:\n{want}got:\n{text}")


def vs(name, path, host="simple.baihl.io", service="simple", ns="simple"):
    return f"""apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {{ name: {name}, namespace: {ns} }}
spec:
  gateways: [simple]
  hosts: [{host}]
  http:
    - match: [{{ uri: {{ prefix: {path} }} }}]
      route: [{{ destination: {{ host: {service}.simple.svc.cluster.local, port: {{ number: 80 }} }} }}]
"""


def scenario_box(workers=2, extra=""):
    box = Box(extra).start()
    box.start_daemon(workers)
    box.ctl("apply", "-f", SCENARIO)
    return box
