#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What `run` calls: applies the objects of each file and plays its cases (format: run)."""
import argparse
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../http"))
import place  # noqa: E402

VIP = "10.96.190.18"
EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../config/examples")
NAMES = ("one", "two", "three")
TIMEOUT = 10
COPIES_S = 2  # in which a copy for a mirror must be there, ...
NONE_S = 0.3  # ... and in which one that is not to come would have been
GOT = []  # (endpoint, line, fields, body) of every request, in the order they came


class Bad(Exception):
    """A case that did not come out as it should."""


def read_message(f):
    """First line, fields as (lower-case name, value) and body of a message; None at the end."""
    first = f.readline().decode("latin-1")
    if not first:
        return None
    fields = []
    while (line := f.readline().decode("latin-1").rstrip("\r\n")) != "":
        name, value = line.split(":", 1)
        fields.append((name.lower(), value.strip()))
    lengths = [v for n, v in fields if n == "content-length"]
    body = b""
    if ("transfer-encoding", "chunked") in fields:
        while size := int(f.readline().split(b";")[0], 16):
            body += f.read(size)
            f.readline()
        f.readline()
    elif lengths:
        body = f.read(int(lengths[0]))
    return first.rstrip("\r\n"), fields, body


def serve(name, conn):
    """Answers each request with what it was."""
    with conn, conn.makefile("rb") as f:
        try:
            while (got := read_message(f)) is not None:
                line, fields, body = got
                GOT.append((name, line, fields, body.decode("latin-1")))
                path = line.split(" ")[1]
                if path.startswith("/sleep/"):
                    time.sleep(int(path.split("/")[2]) / 1000)
                text = json.dumps({"name": name, "line": line, "fields": fields,
                                   "body": body.decode("latin-1")}).encode()
                head = (f"HTTP/1.1 200 OK\r\nX-Endpoint: {name}\r\nX-Secret: s\r\n"
                        f"X-Twice: 1\r\nX-Twice: 2\r\nContent-Length: {len(text)}\r\n\r\n")
                conn.sendall(head.encode() + (b"" if line.startswith("HEAD ") else text))
        except OSError:
            pass


def accept(name, listener):
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=serve, args=(name, conn), daemon=True).start()


def endpoints(env):
    env.enter(env.backend_ns)
    for i, name in enumerate(NAMES):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("10.10.1.13", 9001 + i))
        s.listen(64)
        threading.Thread(target=accept, args=(name, s), daemon=True).start()
    env.enter(env.client_ns)


class Case:
    """One request and what is expected of it."""

    def __init__(self, where, rule, text):
        self.where, self.rule = where, rule
        request, self.expected = (part.strip() for part in text.split(" => ", 1))
        request = re.sub(r"\{long (\d+)\}", lambda m: "x" * int(m[1]), request)
        first, *more = request.split(" ; ")
        self.method, url = first.split(" ", 1)
        host, slash, path = url.partition("/")
        self.host, self.target = (host, slash + path) if slash else (url.rstrip("*"), "*")
        self.body = "".join(t[1:] for t in more if t.startswith("@"))
        self.fields = [t for t in more if not t.startswith("@")]
        self.text = text

    def send(self):
        head = [f"{self.method} {self.target} HTTP/1.1", f"Host: {self.host}", *self.fields]
        if self.body:
            head.append(f"Content-Length: {len(self.body)}")
        with socket.create_connection((VIP, 80), TIMEOUT) as s:
            s.settimeout(TIMEOUT)
            s.sendall(("\r\n".join(head) + "\r\n\r\n" + self.body).encode("latin-1"))
            with s.makefile("rb") as f:
                if self.method == "HEAD":
                    line = f.readline().decode().rstrip()
                    return line, [], b""
                got = read_message(f)
        if got is None:
            raise Bad("the connection ended without an answer")
        return got

    def play(self):
        what, *more = self.expected.split(" ; ")
        if what.startswith(("share ", "together ")):
            return self.share(what)
        if what.startswith("mirrored "):
            return self.mirrored(what)
        start = time.monotonic()
        line, fields, body = self.send()
        took = time.monotonic() - start
        status, seen = line.split()[1], None
        if what.split()[0] in NAMES:
            if dict(fields).get("x-endpoint") is None:
                raise Bad(f"answered by the gateway: {line}, {body[:80]}")
            seen = json.loads(body)
            seen["fields"] = [tuple(f) for f in seen["fields"]]
            self.check_upstream(what, seen)
        else:
            self.check_local(what, status, fields)
        for text in more:
            if text[0] in "~=":
                self.check_copies(text, seen)
            else:
                self.check(text, seen["fields"] if seen else [], fields, body, took)

    def check_upstream(self, what, seen):
        name, _, path = what.partition(" ")
        got = seen["line"].split(" ")[1]
        if seen["name"] != name or (path and got != path):
            raise Bad(f"endpoint {seen['name']} got {got}")
        if seen["body"] != self.body:
            raise Bad(f"the body became {seen['body']!r}")

    @staticmethod
    def check_local(what, status, fields):
        want, _, location = what.partition(" ")
        if "x-endpoint" in dict(fields):
            raise Bad(f"endpoint {dict(fields)['x-endpoint']} got it")
        if status != want:
            raise Bad(f"answered {status}")
        if location != dict(fields).get("location", ""):
            raise Bad(f"sent to {dict(fields).get('location')}")

    @staticmethod
    def values(fields, name):
        return [v for n, v in fields if n == name.lower()]

    def check(self, text, seen, fields, body, took):
        name, _, value = text[1:].partition(": ")
        if text.startswith("after "):
            if took * 1000 < int(text[6:]):
                raise Bad(f"it took {took * 1000:.0f} ms")
        elif text.split(" ")[0] == "body":
            if body.decode("latin-1") != text[5:]:
                raise Bad(f"body {body[:80]!r}")
        elif text[0] in "+<":
            got = ",".join(self.values(seen if text[0] == "+" else fields, name))
            if got != value or not self.values(seen if text[0] == "+" else fields, name):
                raise Bad(f"{text}: it is '{got}'")
        elif text[0] in "-!":
            if got := self.values(seen if text[0] == "-" else fields, text[1:]):
                raise Bad(f"{text}: it is there, '{','.join(got)}'")
        else:
            raise Bad(f"what does '{text}' mean?")

    @staticmethod
    def shadow(fields):
        """What a copy has instead of these: another Host."""
        return [(n, re.sub(r"(:\d+)?$", r"-shadow\1", v, count=1) if n == "host" else v)
                for n, v in fields]

    def check_copies(self, text, seen):
        """Whether the endpoint behind ~ got a copy of what was seen, or that behind = none."""
        request_id = dict(seen["fields"])["x-request-id"]
        until = time.monotonic() + (COPIES_S if text[0] == "~" else NONE_S)
        while True:
            copies = [got for got in GOT if got[0] == text[1:] and
                      ("x-request-id", request_id) in got[2] and
                      dict(got[2])["host"] != dict(seen["fields"])["host"]]
            if copies or time.monotonic() > until:
                break
            time.sleep(0.01)
        if text[0] == "=":
            if copies:
                raise Bad(f"{text[1:]} got a copy")
            return
        want = (text[1:], seen["line"], self.shadow(seen["fields"]), seen["body"])
        if copies != [want]:
            raise Bad(f"copies {copies}, not {want}")

    def hit(self, what):
        """Whether endpoint `what` answered, or the gateway itself with this status."""
        line, fields, _body = self.send()
        endpoint = dict(fields).get("x-endpoint")
        return what == endpoint or (endpoint is None and what == line.split()[1])

    def share(self, what):
        m = re.fullmatch(r"(share|together) (\d+) (\S+) (\d+)-(\d+)", what)
        if not m:
            raise Bad("write share (or together) N NAME-OR-STATUS A-B")
        n = int(m[2])
        with ThreadPoolExecutor(n if m[1] == "together" else 1) as pool:
            hits = sum(pool.map(self.hit, [m[3]] * n))
        if not int(m[4]) <= hits <= int(m[5]):
            raise Bad(f"{hits} of {n}")


    def mirrored(self, what):
        """Of how many requests an endpoint gets a copy."""
        m = re.fullmatch(r"mirrored (\d+) (\S+) (\d+)-(\d+)", what)
        if not m:
            raise Bad("write mirrored N NAME A-B")
        before = len(GOT)
        for _ in range(int(m[1])):
            self.send()
        time.sleep(NONE_S)
        n = sum(name == m[2] and "-shadow" in dict(fields)["host"]
                for name, _line, fields, _body in GOT[before:])
        if not int(m[3]) <= n <= int(m[4]):
            raise Bad(f"{n} of {m[1]}")


def read(path):
    """Objects and cases of a file."""
    with open(path, encoding="utf-8") as f:
        yaml, _, rest = f.read().partition("\n== cases\n")
    base = yaml.count("\n") + 2
    cases, rule = [], None
    for i, line in enumerate(rest.split("\n")):
        where = f"{os.path.relpath(path)}:{base + i + 1}"
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("rule "):
            rule = line[5:]
        elif rule is None or " => " not in line:
            raise SystemExit(f"{where}: neither a rule nor a case of one")
        else:
            cases.append(Case(where, rule, line))
    return yaml, cases


def apply(args, yaml):
    """The objects of a file with base.yaml's, or the folders of config/examples that it names."""
    named = re.match(r"examples: (.+)", yaml)
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
        f.write(yaml + "\n")
        f.flush()
        files = [os.path.join(EXAMPLES, name) for name in named[1].split()] if named \
            else [args.base, f.name]
        return subprocess.run([args.ctl, "-c", args.conf, "apply", "--prune",
                               *(a for name in files for a in ("-f", name))],
                              capture_output=True, text=True)


def play_file(args, path):
    yaml, cases = read(path)
    done = apply(args, yaml)
    if done.returncode != 0:
        print(f"FAILED {os.path.relpath(path)}: the objects are refused: {done.stdout}{done.stderr}")
        return 0, len(cases)
    failed = 0
    for case in cases:
        try:
            case.play()
        except (Bad, OSError, ValueError, IndexError) as e:
            failed += 1
            print(f"FAILED {case.where}: {case.text}\n  {e}\n  rule: {case.rule}")
    print(f"ok {os.path.relpath(path)}: {len(cases) - failed} of {len(cases)}")
    return len(cases) - failed, failed


def main():
    p = argparse.ArgumentParser()
    for name in ("client-ns", "backend-ns", "ctl", "conf", "base"):
        p.add_argument("--" + name, required=True)
    p.add_argument("files", nargs="+")
    args = p.parse_args()
    endpoints(place.Env(args.client_ns, args.backend_ns, VIP, "10.10.1.13"))
    passed = failed = 0
    for path in args.files:
        a, b = play_file(args, path)
        passed, failed = passed + a, failed + b
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
