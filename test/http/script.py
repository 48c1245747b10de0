# SPDX-License-Identifier: BSD-3-Clause
"""Reads the case files of test/http into steps; `run` documents their format."""
import random
import re

CLIENT = "192.0.2.10"
REASON = {400: "Bad Request", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
          408: "Request Timeout", 413: "Content Too Large", 414: "URI Too Long", 431: "Request Header Fields Too Large",
          500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway",
          503: "Service Unavailable", 504: "Gateway Timeout", 505: "HTTP Version Not Supported",
          200: "OK", 301: "Moved Permanently", 302: "Found", 307: "Temporary Redirect"}


ENVOY = "upstream connect error or disconnect/reset before headers. "


class Wild:
    """A piece of expected bytes that is not known beforehand."""

    def __init__(self, name, pattern, size=None, sample=b""):
        self.name, self.pattern, self.size, self.sample = name, re.compile(pattern), size, sample

    def match(self, data, at):
        if self.size is None:
            m = self.pattern.match(data, at)
            if not m:
                return ("part", at) if at == len(data) else ("bad", at)
            return ("part", at) if m.end() == len(data) else ("full", m.end())
        if len(data) - at < self.size:
            return "part", at
        if not self.pattern.fullmatch(data, at, at + self.size):
            return "bad", at
        return "full", at + self.size


class Chunks:
    """A body in chunks of any sizes, for the gateway may divide it as the bytes come."""
    name = "chunks"

    def __init__(self, body, last):
        self.body, self.last = body, last
        self.sample = (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + \
            (b"0\r\n\r\n" if last else b"")

    def match(self, data, at):
        done = 0
        while done < len(self.body) or self.last:
            m = re.compile(rb"(0|[1-9a-f][0-9a-f]{0,7})\r\n").match(data, at)
            if not m:
                part = re.compile(rb"[0-9a-f]{0,8}\r?").fullmatch(data, at)
                return ("part" if part else "bad"), at
            size = int(m.group(1), 16)
            want = self.body[done:done + size] + b"\r\n"
            if len(want) != size + 2 or size == 0 and (done < len(self.body) or not self.last):
                return "bad", at
            have = data[m.end():m.end() + len(want)]
            if have != want[:len(have)]:
                return "bad", at
            if len(have) < len(want):
                return "part", at
            at = m.end() + len(want)
            done += size
            if size == 0:
                break
        return "full", at


WILD = {
    "date": Wild("date", rb"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z][a-z] \d{4} \d\d:\d\d:\d\d GMT",
                 29, b"Sun, 06 Nov 1994 08:49:37 GMT"),
    "uuid": Wild("uuid", rb"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", 36,
                 b"11111111-2222-4333-8444-555555555555"),
    "num": Wild("num", rb"\d+", None, b"0"),
}


class Case:
    def __init__(self, name, where):
        self.name, self.where = name, where
        self.rfc = self.title = ""
        self.endpoints = ["main"]
        self.routes, self.hosts, self.logs, self.steps = [], ["*"], [], []
        self.listener, self.cluster = {}, {}
        self.slow = self.whole = self.last = False
        self.only = self.conf = None
        self.slot = 0


def body_bytes(size):
    return random.Random(size).randbytes(size)


def unescape(text):
    out = bytearray()
    i = 0
    raw = text.encode("utf-8")
    while i < len(raw):
        c = raw[i:i + 1]
        if c != b"\\":
            out += c
            i += 1
            continue
        e = raw[i + 1:i + 2]
        if e == b"x":
            out.append(int(raw[i + 2:i + 4], 16))
            i += 4
            continue
        out += {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0", b"\\": b"\\", b"{": b"{"}[e]
        i += 2
    return bytes(out)


def added(args, case):
    """What Sluice adds to a request, in its order."""
    opt = dict(a.partition("=")[::2] for a in args)
    xff, client = opt.get("xff", ""), opt.get("client", CLIENT)
    text = f"x-forwarded-for: {xff + ',' if xff else ''}{client}\r\nx-forwarded-proto: http\r\n"
    text += f"x-envoy-external-address: {client}\r\nx-request-id: {{uuid}}\r\n"
    if "path" in opt:
        text += f"x-envoy-original-path: {opt['path']}\r\n"
    if "chunked" in opt:
        text += "transfer-encoding: chunked\r\n"
    if "websocket" in opt:
        text += "connection: Upgrade\r\nupgrade: websocket\r\n"
    if "limit" in opt:
        text += "x-envoy-expected-rq-timeout-ms: {num}\r\n"
    return text + f"x-envoy-attempt-count: {opt.get('attempt', '1')}"


def served(args, case):
    """What Sluice adds to an endpoint's answer, in its order."""
    text = "" if "dated" in args else "date: {date}\r\n"
    text += "server: istio-envoy\r\nx-envoy-upstream-service-time: {num}"
    if "chunked" in args:
        text += "\r\ntransfer-encoding: chunked"
    if "close" in args:
        text += "\r\nconnection: close"
    if "keep-alive" in args:
        text += "\r\nconnection: keep-alive"
    if "websocket" in args:
        text += "\r\nconnection: Upgrade\r\nupgrade: websocket"
    return text


def ok(args, case):
    """A short whole answer: as the endpoint says it, or {ok served ...} as the client gets it."""
    more = served(args[1:], case) + "\r\n" if args else ""
    return f"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n{more}\r\nok"


def local(args, case):
    """A whole answer of Sluice's own: {local STATUS [keep|keep10|head] [to=URL] [BODY...]}."""
    status, words = int(args[0]), args[1:]
    flags = set()
    while words and (words[0] in ("keep", "keep10", "head", "empty") or words[0].startswith("to=")):
        flags.add(words.pop(0))
    body = " ".join(words) if words else "" if "empty" in flags else REASON[status]
    if body.startswith("@"):
        body = ENVOY + ("retried and the latest " if body.startswith("@retried-") else "") + \
            "reset reason: " + body[1:].removeprefix("retried-").replace("-", " ")
    text = f"HTTP/1.1 {status} {REASON[status]}\r\n"
    text += "".join(f"location: {f[3:]}\r\n" for f in flags if f.startswith("to="))
    text += f"content-length: {len(body)}\r\n"
    text += "content-type: text/plain\r\n" if body else ""
    text += "date: {date}\r\nserver: istio-envoy\r\n"
    if not flags & {"keep", "keep10"}:
        text += "connection: close\r\n"
    if "keep10" in flags:
        text += "connection: keep-alive\r\n"
    text += "{local-mark}\r\n"
    return text + ("" if "head" in flags else body)


MADE = {"added": added, "served": served, "ok": ok, "local": local}


def macro(text, case):
    """One {...}: a list of bytes and wildcards."""
    words = text.split(" ")
    if words[0] in WILD:
        return [WILD[words[0]]]
    if words[0] == "local-mark":
        return [Wild("local-mark", rb"", 0, b"x-local: 1\r\n")]
    if words[0] in MADE:
        made = MADE[words[0]](words[1:], case)
        return tokens(made, case, False)
    if words[0] == "repeat":
        return [unescape(" ".join(words[2:])) * int(words[1])]
    if words[0] == "fields":
        return [b"".join(b"f%d: %d\r\n" % (i, i) for i in range(int(words[1])))]
    if words[0] == "times":
        return macro(" ".join(words[2:]), case) * int(words[1])
    if words[0] == "chunks-long":
        return [b"1;%s\r\nx\r\n" % (b"a" * 900) * int(words[1])]
    if words[0] == "body":
        return [body_bytes(int(words[1]))]
    if words[0] in ("chunks", "part"):
        body = b"".join(macro(" ".join(words[1:])[1:], case)) if words[1:2] and words[1][:1] == "=" \
            else unescape(" ".join(words[1:]))
        return [Chunks(body, words[0] == "chunks")]
    if words[0] == "client":
        return [CLIENT.encode()]
    if words[0] == "port":
        return [Wild("port", rb"\d+", None, b"PORT")]
    raise ValueError(f"unknown {{{text}}}")


def tokens(text, case, escapes=True):
    out = []
    at = 0
    for m in re.finditer(r"(?<!\\)\{([^{}]*)\}", text):
        out.append(unescape(text[at:m.start()]) if escapes else text[at:m.start()].encode())
        out += macro(m.group(1), case)
        at = m.end()
    out.append(unescape(text[at:]) if escapes else text[at:].encode())
    merged = []
    for t in out:
        if isinstance(t, bytes) and merged and isinstance(merged[-1], bytes):
            merged[-1] += t
        elif t != b"":
            merged.append(t)
    return merged


def line_tokens(text, case):
    """A line of a step: CR LF ends it unless it ends with a backslash or is one whole message."""
    if re.fullmatch(r"\{(local|ok)( [^{}]*)?\}", text):
        return tokens(text, case)
    cut = re.search(r"(?<!\\)(\\\\)*\\$", text)
    if cut:
        return tokens(text[:-1], case)
    return tokens(text, case) + [b"\r\n"]


def join(a, b):
    for t in b:
        if isinstance(t, bytes) and a and isinstance(a[-1], bytes):
            a[-1] += t
        else:
            a.append(t)


def add_line(case, conn, op, text):
    kind = "send" if op == ">" else "expect"
    new = line_tokens(text, case)
    last = case.steps[-1] if case.steps else None
    if last and last[0] == kind and last[1] == conn:
        join(last[2], new)
    else:
        case.steps.append((kind, conn, list(new)))


def directive(case, words, rest):
    if words[0] == "rfc":
        case.rfc = rest
    elif words[0] == "does":
        case.title = rest
    elif words[0] == "log":
        case.logs.append(rest.split())
    elif words[0] == "with" and words[1] == "endpoints":
        case.endpoints = words[2:]
    elif words[0] == "with" and words[1] == "hosts":
        case.hosts = words[2:]
    elif words[0] == "with" and words[1] in ("listener", "cluster"):
        getattr(case, words[1]).update(w.partition("=")[::2] for w in words[2:])
        case.only = "sluice"
    elif words[0] == "with" and words[1] == "route":
        case.routes.append(dict(w.partition("=")[::2] for w in words[2:]))
    elif words[0] == "only":
        case.only = words[1]
    elif words[0] in ("slow", "whole", "last"):
        setattr(case, words[0], True)
    else:
        raise ValueError(f"unknown line {' '.join(words)!r}")


ACTIONS = {"pause", "split", "fin", "rst", "ended", "open", "other", "connect", "none", "cut", "ignore", "stall"}


def read(path):
    cases, case = [], None
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip("\n")
            try:
                if not line or line.startswith("#"):
                    continue
                if line.startswith("case "):
                    case = Case(line[5:].strip(), f"{path}:{number}")
                    cases.append(case)
                    continue
                m = re.match(r"([cb]\d?)([<>:])(?: (.*))?$", line)
                if not m:
                    words = line.split()
                    directive(case, words, line[len(words[0]):].strip())
                elif m.group(2) == ":":
                    words = m.group(3).split()
                    if words[0] not in ACTIONS:
                        raise ValueError(f"unknown action {words[0]!r}")
                    case.steps.append((words[0], m.group(1), words[1:]))
                else:
                    add_line(case, m.group(1), m.group(2), m.group(3) or "")
            except Exception as e:
                raise SystemExit(f"{path}:{number}: {e}")
    for c in cases:
        if not c.rfc or not c.title or not c.steps:
            raise SystemExit(f"{c.where}: a case needs `rfc`, `does` and steps")
        if not c.routes:
            c.routes = [{}]
    return cases


def match(want, data):
    """-> (state, n): "full" and bytes used, "part", or "bad" and the offset of the difference."""
    at = 0
    for t in want:
        if isinstance(t, bytes):
            have = data[at:at + len(t)]
            if have != t[:len(have)]:
                off = next(i for i in range(len(have)) if have[i] != t[i])
                return "bad", at + off
            if len(have) < len(t):
                return "part", at + len(have)
            at += len(t)
            continue
        state, at = t.match(data, at)
        if state != "full":
            return state, at
    return "full", at


def sample(want):
    return b"".join(t if isinstance(t, bytes) else t.sample for t in want)
