# SPDX-License-Identifier: BSD-3-Clause
"""Hostile and careless clients of the admin socket."""
import json
import os
import random
import socket
import time

from box import SCENARIO, expect, expect_eq, expect_in, scenario_box, test, vs, wait_until


GARBAGE = [
    b"\n", b"{}\n", b"[]\n", b"null\n", b'"x"\n', b"{\n", b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 100 + b"\n",
    b"\xff\xfe\n", b'{"cmd":1}\n', b'{"cmd":"nope"}\n', b'{"cmd":"applyy"}\n', b'{"cmd":"apply"}\n',
    b'{"cmd":"apply","documents":7}\n', b'{"cmd":"apply","documents":[7]}\n',
    b'{"cmd":"apply","documents":[{"name":"x"}]}\n', b'{"cmd":"apply","documents":[{"name":"x","text":1}]}\n',
    b'{"cmd":"delete"}\n', b'{"cmd":"delete","kind":"vs"}\n', b'{"cmd":"delete","documents":null}\n',
    b'{"cmd":"pc"}\n', b'{"cmd":"pc","view":"x"}\n',
    b'{"cmd":"explain"}\n', b'{"cmd":"explain","host":"a","target":"/","port":0}\n',
    b'{"cmd":"explain","host":"a","target":"/","port":80,"address":"x"}\n',
    b'{"cmd":"explain","host":"a","target":"/' + b"x" * 9000 + b'","port":80}\n',
    b'{"cmd":"a","cmd":"b"}\n', b"[" * 100000 + b"\n", b'{"a":' * 3000 + b"\n",
]


@test
def garbage_on_the_socket():
    with scenario_box() as b:
        before = b.epoch()
        for data in GARBAGE:
            answer = json.loads(b.raw(data))
            expect(answer["ok"] is False and answer["error"], f"{data[:60]}: {answer}")
        for host in ("a b", "a\r\nX: y", "", "a" * 1000, "[::1", "a:99999"):
            a = b.ask(cmd="explain", host=host, target="/simple/nginx", port=80)
            expect(a["ok"] and a["outcome"]["status"] in (400, 404), f"{host!r}: {a}")
        for target in ("simple", "/a b", "/a\r\nb", "*", "/" + "%" * 50, "/%"):
            a = b.ask(cmd="explain", host="simple.baihl.io", target=target, port=80)
            expect(a["ok"] and a["outcome"]["status"] in (400, 404), f"{target!r}: {a}")
        expect(b.ask(cmd="get", kind=7, namespace=[], name={}, yaml=1)["ok"], "odd types are no filter")
        expect(b.ask(cmd="pc", view="listener", port="x", address=7)["ok"], "odd types are no filter")
        answer = b.raw(b'{"cmd":"' + b"x" * (17 << 20), 20)
        expect(b"longer than 16 MiB" in answer or answer == b"", answer[:100])
        rnd = random.Random(1)
        for _ in range(200):
            b.raw(bytes(rnd.randrange(256) for _ in range(rnd.randrange(1, 200))) + b"\n")
        expect_eq(before, b.epoch(), "epoch")
        expect_eq(b.control.poll(), None, "control lives")


@test
def clients_that_hang():
    with scenario_box() as b:
        held = []
        for _ in range(40):
            s = socket.socket(socket.AF_UNIX)
            s.connect(b.sock)
            s.settimeout(5)
            held.append(s)
        time.sleep(0.3)
        expect(b"Too many clients" in held[-1].recv(1000), "the last are refused")
        for s in held:
            s.close()
        wait_until(b.answers, "room again")
        # One that sends requests and never reads its answers.
        s = socket.socket(socket.AF_UNIX)
        s.connect(b.sock)
        s.setblocking(False)
        try:
            while True:
                s.send(b'{"cmd":"pc","view":"route"}\n' * 1000)
        except BlockingIOError:
            pass
        b.ctl("status")
        b.ctl("apply", "-f", SCENARIO)
        s.close()
        # Several requests in one packet are answered in order; gone clients are forgotten.
        s = socket.socket(socket.AF_UNIX)
        s.connect(b.sock)
        s.settimeout(5)
        s.sendall(b'{"cmd":"version"}\n{"cmd":"reload"}\n{"cmd":"nope"}\n')
        lines = s.makefile("rb")
        expect("version" in json.loads(lines.readline()), "first")
        expect("epoch" in json.loads(lines.readline()), "second")
        expect("error" in json.loads(lines.readline()), "third")
        s.sendall(b'{"cmd":"reload"}\n')
        s.close()
        b.ctl("status")
        expect_eq(0o600, os.stat(b.sock).st_mode & 0o777, "mode of the socket")


@test
def check_over_the_socket():
    with scenario_box() as b:
        before = b.epoch()
        doc = [{"name": "x.yaml", "text": vs("extra", "/a")}]
        a = b.ask(cmd="check", documents=doc)
        expect_eq([{"object": "virtualservice/extra.simple", "result": "created"}], a["objects"], "objects")
        doc[0]["text"] = doc[0]["text"].replace("prefix", "prefx")
        expect_in("x.yaml:8: ", b.ask(cmd="check", documents=doc)["error"])
        expect_eq(before, b.epoch(), "epoch")
