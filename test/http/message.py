# SPDX-License-Identifier: BSD-3-Clause
"""HTTP messages out of a byte stream, leniently: what the comparison with other proxies needs."""

# What each proxy adds, drops or writes in its own way without changing the message.
OURS = {"x-forwarded-for", "x-forwarded-proto", "x-request-id", "x-real-ip", "via", "date", "server",
        "connection", "keep-alive", "proxy-connection", "content-length", "transfer-encoding",
        "content-type", "x-local", "upgrade"}


class Message:
    def __init__(self, start, fields):
        self.start, self.fields, self.body = start, fields, b""
        self.complete = False

    def get(self, name):
        return [v for n, v in self.fields if n == name]

    def key(self):
        kept = sorted((n, v) for n, v in self.fields
                      if n not in OURS and not n.startswith("x-envoy-"))
        return kept, self.body, self.complete


def _head(data):
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None, 0
    lines = data[:end].decode("latin-1").split("\r\n")
    fields = []
    for line in lines[1:]:
        name, _, value = line.partition(":")
        fields.append((name.lower(), value.strip(" \t")))
    return Message(lines[0], fields), end + 4


def _chunks(m, data):
    at = 0
    while True:
        end = data.find(b"\r\n", at)
        if end < 0:
            return at
        try:
            size = int(data[at:end].split(b";")[0], 16)
        except ValueError:
            return at
        if size == 0:
            while True:
                nxt = data.find(b"\r\n", end + 2)
                if nxt < 0:
                    return at
                if nxt == end + 2:
                    m.complete = True
                    return nxt + 2
                end = nxt
        part = data[end + 2:end + 2 + size]
        m.body += part
        if len(data) < end + 4 + size:
            return len(data)
        at = end + 4 + size


def _body(m, data, until_close, ended, none):
    coding = m.get("transfer-encoding")
    length = m.get("content-length")
    if none:
        m.complete = True
        return 0
    if coding and "chunked" in coding[-1].lower():
        return _chunks(m, data)
    if length and length[-1].isdigit():
        n = int(length[-1])
        m.body = data[:n]
        m.complete = len(m.body) == n
        return len(m.body)
    if until_close:
        m.body = data
        m.complete = ended
        return len(data)
    m.complete = True
    return 0


def requests(data):
    out = []
    while True:
        while data.startswith(b"\r\n"):
            data = data[2:]
        m, n = _head(data)
        if not m:
            return out
        n += _body(m, data[n:], False, False, False)
        words = m.start.split(" ")
        m.method, m.target = words[0], words[1] if len(words) > 1 else ""
        out.append(m)
        if not m.complete:
            return out
        data = data[n:]


def responses(data, methods, ended):
    """methods: of the requests sent, for HEAD; ended: the stream was closed in order."""
    out, final = [], 0
    while True:
        m, n = _head(data)
        if not m:
            return out
        words = m.start.split(" ")
        m.status = words[1] if len(words) > 1 else "?"
        head = final < len(methods) and methods[final] == "HEAD"
        tunnel = m.status == "101"
        none = head or m.status[:1] == "1" and not tunnel or m.status in ("204", "304")
        n += _body(m, data[n:], True, ended or tunnel, none)
        out.append(m)
        if m.status[:1] != "1":
            final += 1
        if not m.complete or tunnel:
            return out
        data = data[n:]
