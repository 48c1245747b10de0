#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Changes without a pause, and whether every answer was of the configuration before or after one.

Usage: publish.py change SOCKET FOLDER SECONDS     a change every 50 ms, noted in FOLDER/changes
       publish.py probe URL HOST FILE              asks which configuration answers, until SIGTERM
       publish.py judge CHANGES PROBES
"""
import http.client
import json
import os
import signal
import socket
import sys
import time
from urllib.parse import urlparse

EVERY = 0.05

ROUTE = """apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{ name: {name}, namespace: simple }}
spec:
  gateways: [simple]
  hosts: [simple.baihl.io]
  http:
    - match: [{{ uri: {{ exact: /{name} }} }}]
      directResponse: {{ status: 200, body: {{ string: "{value}" }} }}
"""

WEIGHT = """apiVersion: sluice/v1
kind: EndpointSetting
metadata: {{ name: nginx }}
spec: {{ address: "10.10.1.14:80", weight: {weight} }}
"""


class Changes:
    """Each kind of change in turn; `which` says what /which answers from then on."""

    def __init__(self, path, folder):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.connect(path)
        self.f = self.s.makefile("rb")
        self.folder = folder
        self.log = open(f"{folder}/changes", "w", encoding="ascii")
        self.which = {}  # by epoch
        self.epochs = []
        self.value = 0
        self.late = 0

    def ask(self, value, **request):
        start = time.monotonic()
        self.s.sendall(json.dumps(request).encode() + b"\n")
        answer = json.loads(self.f.readline())
        if not answer["ok"]:
            sys.exit(f"{request['cmd']}: {answer['error']}")
        self.value = value
        self.log.write(f"{start:.6f} {time.monotonic():.6f} {value}\n")
        self.which[answer["epoch"]] = value
        if answer["epoch"] not in self.epochs:
            self.epochs.append(answer["epoch"])

    def apply(self, value, text):
        self.ask(value, cmd="apply", documents=[{"name": "publish", "text": text}])

    def turn(self, i):
        kind = i % 10
        if kind == 0:
            # A rollback pins the files: followed again, so that both ways are played.
            self.ask(self.value, cmd="reload")
        elif kind == 4:
            with open(f"{self.folder}/m/.next", "w", encoding="ascii") as f:
                f.write(ROUTE.format(name="file", value=i))
            os.rename(f"{self.folder}/m/.next", f"{self.folder}/m/file.yaml")
        elif kind == 9:
            epoch = self.epochs[-3]
            self.ask(self.which[epoch], cmd="rollback", epoch=epoch)
        elif kind in (2, 7):
            self.apply(self.value, WEIGHT.format(weight=1 + i % 3))
        else:
            self.apply(i, ROUTE.format(name="which", value=i))

    def run(self, seconds):
        begin = time.monotonic()
        i = 1
        while time.monotonic() < begin + seconds:
            due = begin + i * EVERY
            self.turn(i)
            i += 1
            pause = due - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            else:
                self.late += 1
        self.log.close()
        print(f"{i - 1} changes in {time.monotonic() - begin:.1f} s, {self.late} of them took longer than 50 ms")


def probe(url, host, path):
    at = urlparse(url)
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
    conn = http.client.HTTPConnection(at.hostname, at.port or 80, timeout=10)
    with open(path, "w", encoding="ascii") as log:
        while not stop:
            start = time.monotonic()
            conn.request("GET", "/which", headers={"Host": host})
            r = conn.getresponse()
            body = r.read().decode()
            log.write(f"{start:.6f} {time.monotonic():.6f} {r.status} {body or '-'}\n")
            time.sleep(0.002)


def judge(changes, probes):
    rows = [line.split() for line in open(changes, encoding="ascii")]
    rows = [(float(a), float(b), v) for a, b, v in rows]
    wrong = n = at = 0
    for line in open(probes, encoding="ascii"):
        start, end, status, body = line.split()
        # The last change that was done before the question, and all begun before the answer.
        while at + 1 < len(rows) and rows[at + 1][1] <= float(start):
            at += 1
        if rows[at][1] > float(start):
            continue  # before the first
        may = [v for a, _, v in rows[at:] if a <= float(end)]
        n += 1
        if status != "200" or body not in may:
            wrong += 1
            if wrong < 6:
                print(f"answer {status} {body} between {start} and {end}, may be {may}")
    print(f"{n} answers, {wrong} of neither the old nor the new configuration")
    sys.exit(wrong > 0 or n == 0)


def main():
    if len(sys.argv) == 5 and sys.argv[1] == "change":
        Changes(sys.argv[2], sys.argv[3]).run(float(sys.argv[4]))
    elif len(sys.argv) == 5 and sys.argv[1] == "probe":
        probe(*sys.argv[2:])
    elif len(sys.argv) == 4 and sys.argv[1] == "judge":
        judge(*sys.argv[2:])
    else:
        sys.exit(__doc__)


main()
