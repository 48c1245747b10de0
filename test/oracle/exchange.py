# SPDX-License-Identifier: BSD-3-Clause
"""A case: packets to send, what came back in a normal form, what is expected to come back."""

import re
import struct

from packet import ACK, FIN, RST, SUT, SYN, Tcp, checksum, flags_of, flags_text, fragments, ipv4

SETTLE = 0.15  # seconds for answers to one step, below any timer of retransmission
OPTION = {2: "mss", 3: "wscale", 4: "sackOK", 5: "sack", 8: "TS"}


class Bad(Exception):
    pass


def client(number: int) -> str:
    return f"10.9.{1 + number // 200}.{1 + number % 200}"


class Case:
    """Lines of a file; steps are (line number, words); answers stand behind their step."""

    def __init__(self, path):
        self.path = path
        with open(path, encoding="ascii") as f:
            self.lines = f.read().splitlines()
        if not self.lines or not self.lines[0].startswith("# RFC "):
            raise Bad(f"{path}:1: the first line must name the RFC and section")
        self.title = self.lines[0][2:]
        self.why = [line[4:].strip() for line in self.lines if line.startswith("why:")]
        self.service = None
        self.steps = []    # (line, words)
        self.expected = {}  # index of the step -> {"linux": [...], "ours": [...]}
        for number, line in enumerate(self.lines, 1):
            self.read(number, line.split("#")[0].strip())

    def unexplained(self):
        return self.differs() and not self.why

    def read(self, number, line):
        words = line.split()
        if not words or line.startswith("why:"):
            return
        if words[0] == "service":
            self.service = words[1]
        elif words[0] in (">", "linux>", "ours>"):
            if not self.steps:
                raise Bad(f"{self.path}:{number}: an answer to nothing")
            sides = ["linux", "ours"] if words[0] == ">" else [words[0][:-1]]
            for side in sides:
                self.expected[len(self.steps) - 1][side].append(" ".join(words[1:]))
        else:
            self.expected[len(self.steps)] = {"linux": [], "ours": []}
            self.steps.append((number, words))

    def differs(self):
        return any(e["linux"] != e["ours"] for e in self.expected.values())

    def recorded(self, answers):
        """The file with these answers, {"linux": {step: [...]}, "ours": ...}, in place of its own."""
        out, step = [], -1
        starts = {number: i for i, (number, _) in enumerate(self.steps)}
        for number, line in enumerate(self.lines, 1):
            if line.split(" ")[0] in (">", "linux>", "ours>"):
                continue
            out.append(line)
            if number not in starts:
                continue
            step = starts[number]
            linux, ours = (answers[s].get(step, []) for s in ("linux", "ours"))
            if linux == ours:
                out += ["> " + a for a in linux]
            else:
                out += ["linux> " + a for a in linux] + ["ours> " + a for a in ours]
        return "\n".join(out) + "\n"


class Play:
    """One case against one host. run() yields seconds to wait; answers come in by saw()."""

    def __init__(self, case, number, services, send, settle=SETTLE):
        self.case, self.peer, self.send = case, client(number), send
        self.settle = settle
        self.dport = services[case.service]
        self.sport = 40000 + number
        self.irs, self.iss, self.ts_base = 100000, None, None
        self.last_ack = 0
        self.step, self.answers, self.seen = 0, {}, set()
        self.in_syn, self.done = False, False

    # ---- what comes back ----

    def saw(self, packet):
        if self.done:
            return
        if isinstance(packet, Tcp):
            text = self.normal(packet)
        else:
            text = f"icmp {packet[2]} {packet[3]}"
        if text:
            self.answers.setdefault(self.step, []).append(text)

    def normal(self, t):
        if t.flags & SYN and self.iss is None:
            self.iss = t.seq
        if t.flags & ACK:
            self.last_ack = t.ack - self.irs & 0xFFFFFFFF
        seq = (t.seq - (self.iss or 0)) & 0xFFFFFFFF
        key = (seq, len(t.data), t.flags & (SYN | FIN))
        if key in self.seen and (t.data or t.flags & (SYN | FIN)) and self.plain_repeat(t):
            return None  # sent again: a matter of timers, which have tests of their own
        self.seen.add(key)
        text = f"{flags_text(t.flags)} {seq}:{seq + len(t.data)}({len(t.data)})"
        if t.flags & ACK:
            text += f" ack {self.last_ack}"
        if t.win == 0 and not t.flags & RST:
            text += " win 0"
        opts = [o for o in (self.option(k, v) for k, v in sorted(t.opts)) if o]
        return text + (f" < {' '.join(opts)} >" if opts else "")

    def plain_repeat(self, t):
        return not t.flags & SYN or not self.in_syn

    def option(self, kind, value):
        if kind == 2:
            return f"mss {struct.unpack('!H', value)[0]}"
        if kind == 8:
            val, ecr = struct.unpack("!II", value)
            if self.ts_base is None:
                self.ts_base = val
            return f"TS {ecr}"
        if kind == 5:
            edges = struct.unpack(f"!{len(value) // 4}I", value)
            edges = [e - self.irs & 0xFFFFFFFF for e in edges]
            return "sack " + " ".join(f"{a}:{b}" for a, b in zip(edges[::2], edges[1::2]))
        return OPTION.get(kind, f"option{kind}")

    # ---- what goes out ----

    def number(self, text):
        """A number, or A: what the host has acknowledged last; with + or - another."""
        m = re.fullmatch(r"(A|\d+)([+-]\d+)?", text)
        if not m:
            raise Bad(f"{self.case.path}: \"{text}\" is no number")
        base = self.last_ack if m[1] == "A" else int(m[1])
        return base + int(m[2] or 0)

    def options(self, words):
        raw = b""
        while words and words[0] != ">":
            w = words.pop(0)
            if w == "mss":
                raw += struct.pack("!BBH", 2, 4, int(words.pop(0)))
            elif w == "wscale":
                raw += struct.pack("!BBB", 3, 3, int(words.pop(0)))
            elif w == "sackOK":
                raw += b"\4\2"
            elif w == "nop":
                raw += b"\1"
            elif w == "TS":
                val, ecr = int(words.pop(0)), int(words.pop(0))
                ecr = (ecr + (self.ts_base or 0)) & 0xFFFFFFFF
                raw += struct.pack("!BBII", 8, 10, val, ecr)
            elif w == "sack":
                edges = []
                while ":" in words[0]:
                    edges += [int(e) + (self.iss or 0) for e in words.pop(0).split(":")]
                raw += struct.pack(f"!BB{len(edges)}I", 5, 2 + 4 * len(edges), *edges)
            elif w == "raw":
                raw += bytes([int(words.pop(0), 0)])
            else:
                raise Bad(f"{self.case.path}: option \"{w}\" is unknown")
        if words:
            words.pop(0)
        return raw

    def segment(self, words):
        """FLAGS SEQ:END(LEN) [ack N] [win N] [urg N] [< OPTIONS >] [badsum] [frag N]"""
        flags = flags_of(words.pop(0).replace("-", ""))
        m = re.fullmatch(r"([^:]+):[^(]+\((\d+)\)", words.pop(0))
        t = Tcp(self.peer, SUT, self.sport, self.dport, self.irs + self.number(m[1]), 0, flags,
                65535, data=bytes(int(m[2])))
        self.in_syn = bool(flags & SYN)
        bad, frag = False, 0
        while words:
            w = words.pop(0)
            if w == "ack":
                t.ack = (self.iss or 0) + self.number(words.pop(0))
            elif w == "win":
                t.win = int(words.pop(0))
            elif w == "urg":
                t.urg = int(words.pop(0))
            elif w == "<":
                t.raw_opts = self.options(words)
            elif w == "badsum":
                bad = True
            elif w == "frag":
                frag = int(words.pop(0))
            else:
                raise Bad(f"{self.case.path}: \"{w}\" is not understood")
        packet = t.emit(bad)
        for piece in fragments(packet, frag) if frag else [packet]:
            self.send(piece)

    def icmp(self, words):
        """icmp TYPE CODE MTU seq N: quotes a segment of the host."""
        kind, code, mtu, _, seq = words
        quoted = ipv4(SUT, self.peer, 6, struct.pack(
            "!HHI", self.dport, self.sport, (self.iss or 0) + self.number(seq) & 0xFFFFFFFF))
        head = struct.pack("!BBHHH", int(kind), int(code), 0, 0, int(mtu))
        total = checksum(head + quoted)
        self.send(ipv4(self.peer, SUT, 1, head[:2] + struct.pack("!H", total) + head[4:] + quoted))

    def ends_at(self, step):
        """The step at which what goes out at once with this one has gone out."""
        while step + 1 < len(self.case.steps) and self.case.steps[step][1][1:2] == ["+"]:
            step += 1
        return step

    def run(self):
        for step, (number, words) in enumerate(self.case.steps):
            words = list(words)
            self.step = self.ends_at(step)
            verb, wait = words.pop(0), self.settle
            if verb == "<":
                if words[0] == "+":
                    words.pop(0)
                    wait = 0
                self.segment(words)
            elif verb == "wait":
                wait = float(words[0])
            elif verb == "icmp":
                self.icmp(words)
            elif verb == "renew":
                self.irs += int(words[0])
                self.iss, self.ts_base, self.seen, wait = None, None, set(), 0
            elif verb == "port":
                self.dport, wait = int(words[0]), 0
            else:
                raise Bad(f"{self.case.path}:{number}: \"{verb}\" is unknown")
            if wait:
                yield wait
        self.done = True

    def result(self):
        """Answers by step, in their normal form."""
        return {step: squeeze(a) for step, a in self.answers.items()}


PURE = re.compile(r"\. (\d+):\1\(0\) (ack \d+)( < TS \d+ >)?")
DATA = re.compile(r"\. (\d+):(\d+)\((\d+)\) (ack \d+.*)")
FIN_ALONE = re.compile(r"F\. (\d+):\1\(0\) (ack \d+.*)")


def joined(before, after):
    """The one packet that both might have been, or None."""
    if before == after or (PURE.fullmatch(before) and PURE.fullmatch(after)):
        return after
    pure, data, fin = PURE.fullmatch(before), DATA.fullmatch(before), FIN_ALONE.fullmatch(after)
    if pure and f" {pure[2]}" in after and "sack" not in after and "S" not in after.split()[0]:
        return after
    if data and fin and data[2] == fin[1] and data[4] == fin[2]:
        return f"F. {data[1]}:{data[2]}({data[3]}) {data[4]}"
    return None


def squeeze(answers):
    """Whether an ACK comes by itself or with data, and data with FIN, is a matter of moments."""
    out = []
    for a in answers:
        one = joined(out[-1], a) if out else None
        if one:
            out[-1] = one
        else:
            out.append(a)
    return out
