# SPDX-License-Identifier: BSD-3-Clause
"""Plays one case: raw sockets on both sides of a proxy, step after step in the order of the file."""
import collections
import errno
import select
import socket
import struct
import time

import message
import script
from place import LISTEN_BASE

STEP_S = 4.0    # longest wait of one step
GRACE_S = 0.03  # how long nothing more may come at the end
RST = struct.pack("ii", 1, 0)


class Fail(Exception):
    pass


class Conn:
    """One socket with what is still to be sent and what has come."""

    def __init__(self, sock, connecting=False):
        self.sock, self.connecting = sock, connecting
        self.queue = collections.deque()
        self.due = 0.0
        self.buf, self.all = bytearray(), bytearray()
        self.ended = ""
        self.port = self.current = self.split = 0
        self.ignored = self.stalled = False
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def wants_to_send(self):
        return self.connecting or (self.queue and time.monotonic() >= self.due)

    def send_some(self):
        self.connecting = False
        while self.queue and time.monotonic() >= self.due:
            item = self.queue[0]
            if isinstance(item, float):
                self.due = time.monotonic() + item
                self.queue.popleft()
                continue
            try:
                # A record of its own, so that the kernel does not join segments.
                n = self.sock.send(item, socket.MSG_EOR | socket.MSG_NOSIGNAL)
            except BlockingIOError:
                return
            except OSError:
                self.queue.clear()
                return
            if n == len(item):
                self.queue.popleft()
            else:
                self.queue[0] = item[n:]

    def receive(self):
        try:
            data = self.sock.recv(1 << 17)
        except BlockingIOError:
            return
        except OSError as e:
            self.ended = "refused" if e.errno == errno.ECONNREFUSED else "rst"
            return
        if not data:
            self.ended = "fin"
        self.buf += data
        self.all += data

    def close(self, reset):
        if reset and self.sock.fileno() >= 0:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RST)
        self.sock.close()


def quote(data):
    text = repr(bytes(data))[2:-1]
    return text if len(text) <= 400 else text[:400] + "..."


class Play:
    """exact: byte for byte (Sluice); else messages are compared at the end (other proxies)."""

    def __init__(self, case, env, exact, segment=0, cut=0):
        self.case, self.env, self.exact = case, env, exact
        self.grace = GRACE_S if not cut else GRACE_S / 6
        self.segment, self.cut = segment, cut
        self.conns = {}
        self.accepted, self.claimed = [], {}
        self.named = set()
        self.want, self.sent = collections.defaultdict(bytes), collections.defaultdict(bytes)
        self.asked = 0
        self.listeners = env.listeners.get(case.slot, [])
        self.ports = []
        self.unasked = not exact and not any(s[0] in ("send", "expect") and s[1][0] == "b"
                                             for s in case.steps)

    # ---- sockets

    def pump(self, timeout):
        poll = select.poll()
        by_fd = {}
        now = time.monotonic()
        for c in list(self.conns.values()) + self.accepted:
            fd = c.sock.fileno()  # -1 once closed
            if fd < 0 or fd in by_fd:
                continue
            mask = (0 if c.ended or c.stalled else select.POLLIN) | (select.POLLOUT if c.wants_to_send() else 0)
            if c.queue and c.due > now:
                timeout = min(timeout, c.due - now)
            if mask:
                poll.register(fd, mask)
                by_fd[fd] = c
        for listener in self.listeners:
            poll.register(listener.fileno(), select.POLLIN)
        for fd, event in poll.poll(max(timeout, 0) * 1000 + 0.5):
            if fd not in by_fd:
                self.accept(fd)
                continue
            c = by_fd[fd]
            if event & select.POLLOUT:
                c.send_some()
            if event & (select.POLLIN | select.POLLHUP | select.POLLERR) and not c.ended:
                c.receive()
        if self.unasked:
            self.answer_unasked()

    def answer_unasked(self):
        """What should not have been forwarded gets a plain answer, so that the table says 200."""
        for c in self.accepted:
            whole = sum(m.complete for m in message.requests(bytes(c.all)))
            for _ in range(whole - self.claimed.get(id(c), 0)):
                c.queue.append(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            self.claimed[id(c)] = max(whole, self.claimed.get(id(c), 0))

    def accept(self, fd):
        listener = next(x for x in self.listeners if x.fileno() == fd)
        try:
            self.accepted.append(Conn(listener.accept()[0]))
            self.accepted[-1].port = listener.getsockname()[1]
        except OSError:
            pass

    def wait(self, done, timeout):
        end = time.monotonic() + timeout
        while not done():
            left = end - time.monotonic()
            if left <= 0:
                return False
            self.pump(left)
        return True

    def conn(self, name):
        if name in self.conns:
            return self.conns[name]
        if name[0] == "c":
            sock = socket.socket()
            c = Conn(sock, True)
            try:
                sock.connect((self.env.gateway, LISTEN_BASE + self.case.slot))
            except BlockingIOError:
                pass
            self.conns[name] = c
            self.ports.append(sock.getsockname()[1])
            return c
        index = int(name[1:] or 1) - 1
        self.wait(lambda: len(self.accepted) > index, STEP_S if self.exact else 1.5)
        if len(self.accepted) <= index:
            raise Fail(f"{name}: no connection came to the endpoint{self.seen()}")
        self.conns[name] = self.accepted[index]
        return self.conns[name]

    def seen(self):
        got = [f"; {n} got \"{quote(c.buf)}\"{' ' + c.ended if c.ended else ''}"
               for n, c in self.conns.items() if n[0] == "c"]
        return "".join(got)

    # ---- steps

    def bytes_of(self, tokens):
        return b"".join(t if isinstance(t, bytes) else str(LISTEN_BASE + self.case.slot).encode()
                        if t.name == "port" else t.sample for t in tokens)

    def resolve(self, tokens):
        out = []
        for t in tokens:
            script.join(out, [t if isinstance(t, bytes) or t.name != "port" else
                              str(LISTEN_BASE + self.case.slot).encode()])
        return out

    def do_send(self, name, tokens):
        c = self.conn(name)
        data = self.bytes_of(tokens)
        self.sent[name] += data
        if name[0] == "b" or not (self.segment or self.cut):
            step = c.split or len(data)
            c.queue.extend(data[i:i + step] for i in range(0, len(data), step))
        elif self.segment:
            c.queue.extend(data[i:i + self.segment] for i in range(0, len(data), self.segment))
        else:
            head, self.cut = self.cut, 0
            c.queue.extend([data[:head], 0.002, data[head:]])
        self.wait(lambda: not c.queue or c.ended, 0)

    def do_expect(self, name, tokens):
        if not self.exact:
            return self.loose_expect(name, tokens)
        c = self.conn(name)
        want = self.resolve(tokens)
        state, at = "part", 0

        def decided():
            nonlocal state, at
            state, at = script.match(want, bytes(c.buf))
            return state != "part" or c.ended
        self.wait(decided, STEP_S)
        if state == "full":
            del c.buf[:at]
            return
        where = {"bad": f"differs at byte {at}", "part": "ended early" if c.ended else "is incomplete"}
        other = "" if name[0] == "c" else self.seen()
        raise Fail(f"{name} {where[state]}: got \"{quote(c.buf[max(at - 40, 0):])}\" "
                   f"{c.ended}, expected \"{quote(script.sample(want)[max(at - 40, 0):])}\"{other}")

    def do_ended(self, name, words):
        c = self.conn(name)
        how = words[0] if words else "any"
        limit = int(words[1]) / 1000 if len(words) > 1 else STEP_S
        if not self.exact:
            self.wait(lambda: c.ended, min(limit, 1.5))
            return
        self.wait(lambda: c.ended, limit)
        if c.buf:
            raise Fail(f"{name}: got more: \"{quote(c.buf)}\"")
        if not c.ended:
            raise Fail(f"{name}: still open after {limit} s")
        if how not in ("any", c.ended):
            raise Fail(f"{name}: ended by {c.ended}, not by {how}")

    def do_cut(self, name, words):
        """What reached the endpoint, if anything, is no whole request, and ended by a reset."""
        if not self.exact:
            return
        self.wait(lambda: self.accepted, self.grace)
        if not self.accepted:
            return
        c = self.conn(name)
        self.wait(lambda: c.ended, STEP_S)
        if c.ended != "rst" or any(m.complete for m in message.requests(bytes(c.all))):
            raise Fail(f"{name}: not cut off: \"{quote(c.buf)}\" {c.ended or 'still open'}")
        c.buf.clear()

    def do_open(self, name, words):
        c = self.conn(name)
        self.wait(lambda: c.ended or c.buf, int(words[0]) / 1000 if words else GRACE_S)
        if self.exact and (c.ended or c.buf):
            raise Fail(f"{name}: not idle: \"{quote(c.buf)}\" {c.ended}")

    def do_pause(self, name, words):
        self.flush(name)
        self.wait(lambda: False, int(words[0]) / 1000)

    def do_split(self, name, words):
        self.conn(name).split = int(words[0])

    def do_ignore(self, name, words):
        self.conn(name).ignored = True

    def do_stall(self, name, words):
        self.conn(name).stalled = True
        self.do_pause(name, words)
        self.conn(name).stalled = False

    def do_connect(self, name, words):
        c = self.conn(name)
        self.wait(lambda: not c.connecting or c.ended, STEP_S)

    def do_none(self, name, words):
        self.wait(lambda: self.accepted, GRACE_S)
        if self.exact and self.accepted:
            raise Fail("a connection was made to the endpoint")

    def flush(self, name):
        c = self.conn(name)
        self.wait(lambda: not (c.queue or c.connecting) or c.ended, STEP_S)
        return c

    def do_fin(self, name, words):
        try:
            self.flush(name).sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def do_rst(self, name, words):
        c = self.flush(name)
        # What was sent before has to be on its way, or the reset overtakes it.
        self.wait(lambda: c.ended, 0.02)
        c.close(True)
        c.ended = "self"

    def do_other(self, name, words):
        if self.exact and self.conn(name).port == self.accepted[0].port:
            raise Fail(f"{name}: on the same endpoint as b")

    # ---- comparison by messages

    def methods(self, name):
        return [m.method for m in message.requests(self.sent[name])]

    def parsed(self, name, data, ended):
        if name[0] == "b":
            return message.requests(data)
        return message.responses(data, self.methods(name), ended)

    def claim(self, name):
        """The next request that reached any connection stands for this step's."""
        for c in self.accepted:
            got = message.requests(bytes(c.all))
            n = self.claimed.get(id(c), 0)
            if len(got) > n:
                self.claimed[id(c)] = n + 1
                self.conns[name] = c
                c.current = n
                self.got.append((self.asked, c, n))
                return True
        return False

    def loose_expect(self, name, tokens):
        before = self.parsed(name, self.want[name], False)
        self.want[name] += self.bytes_of(tokens)
        wanted = self.parsed(name, self.want[name], False)
        if name[0] == "b":
            if len(wanted) > len(before):
                for _ in range(len(wanted) - len(before)):
                    if not self.wait(lambda: self.claim(name), 1.2):
                        raise Fail("not forwarded")
            if name not in self.conns:
                raise Fail("not forwarded")
            c = self.conns[name]
            if wanted and wanted[-1].complete:
                self.wait(lambda: c.ended or message.requests(bytes(c.all))[c.current].complete, 1.2)
            else:
                self.wait(lambda: c.ended, 0.15)
            return
        c = self.conn(name)

        def there():
            got = self.parsed(name, bytes(c.all), False)
            if c.ended or len(got) > len(wanted):
                return True
            return len(got) == len(wanted) and (not wanted or got[-1].complete
                                                or not wanted[-1].complete
                                                and len(got[-1].body) >= len(wanted[-1].body))
        self.wait(there, 2.5)

    def client_label(self, name):
        c = self.conns[name]
        got = self.parsed(name, bytes(c.all), c.ended == "fin")
        text = ",".join(m.status + ("" if m.complete else " cut" if c.ended else " part") for m in got)
        if not text:
            text = "closed" if c.ended else "silent"
        return text

    def loose_result(self, failed):
        """-> None when the same messages went both ways, else a few words."""
        differs = ""
        cut = any(s[0] == "cut" for s in self.case.steps)
        extra = sum(m.complete or not cut for c in self.accepted
                    for m in message.requests(bytes(c.all)))
        wanted = [m for n in sorted(self.want) if n[0] == "b" for m in message.requests(self.want[n])]
        if extra > len(wanted):
            differs = "forwarded" if not wanted else "one request more"
        elif extra < len(wanted):
            differs = "not forwarded"
        for (_, c, n), want in zip(self.got, wanted):
            got = message.requests(bytes(c.all))[n]
            part = any(s[0] == "ignore" for s in self.case.steps)
            if (got.method, got.target) != (want.method, want.target) or \
                    got.key()[0] != want.key()[0] or got.key() != want.key() and not part:
                differs = differs or "request differs"
        labels = [self.client_label(n) for n in sorted(self.conns) if n[0] == "c"]
        same = not differs and not failed
        for name in [n for n in self.conns if n[0] == "c"]:
            c = self.conns[name]
            got = self.parsed(name, bytes(c.all), c.ended == "fin")
            want = self.parsed(name, self.want[name], self.ends.get(name) == "fin")
            same = same and len(got) == len(want) and all(
                g.status == w.status and (w.get("x-local") or g.key() == w.key())
                for g, w in zip(got, want))
            if not same and not differs and [g.status for g in got] == [w.status for w in want]:
                differs = "differs"
        if same:
            return None
        return " / ".join(labels) + (f", {differs}" if differs else "")

    # ---- the whole case

    def finish(self):
        """Nothing more comes on any connection, and no further one was made."""
        self.wait(lambda: any(c.buf and not c.ignored for c in self.conns.values()), self.grace)
        for name, c in self.conns.items():
            if c.buf and not c.ignored:
                raise Fail(f"{name}: got more: \"{quote(c.buf)}\"")
            if name[0] == "c" and name not in self.ends and c.ended:
                raise Fail(f"{name}: closed ({c.ended})")
        named = sum(1 for n in self.conns if n[0] == "b")
        if len(self.accepted) > named:
            c = self.accepted[named]
            raise Fail(f"one connection more to the endpoint: \"{quote(c.buf)}\"{self.seen()}")

    def drain(self):
        for listener in self.listeners:
            while True:
                try:
                    Conn(listener.accept()[0]).close(True)
                except OSError:
                    break

    def run(self):
        """-> (True, "") or (False, why)."""
        self.got = []
        self.ends = {s[1]: (s[2] or ["any"])[0] for s in self.case.steps
                     if s[0] in ("ended", "rst", "fin") and s[1][0] == "c"}
        self.drain()
        failed = ""
        try:
            for kind, name, arg in self.case.steps:
                getattr(self, "do_" + kind)(name, arg)
            if self.exact:
                self.finish()
        except Fail as e:
            failed = str(e)
        try:
            if self.exact:
                return (not failed, failed)
            self.wait(lambda: False, GRACE_S)
            label = self.loose_result(failed)
            return (label is None, label or "")
        finally:
            self.settle()

    def settle(self):
        """Ends every connection so that the gateway has none of this case left in its pool."""
        for n, c in self.conns.items():
            if n[0] == "c":
                c.close(True)
                c.ended = "self"
        self.wait(lambda: False, 0.002)
        while any(not c.ended for c in self.accepted):
            known = len(self.accepted)
            for c in self.accepted:
                try:
                    c.sock.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
            # The peer's own end says that it has taken note of ours.
            if not self.wait(lambda: all(c.ended for c in self.accepted), 0.3):
                break
            if len(self.accepted) == known:
                break
        for c in self.accepted:
            c.close(True)
