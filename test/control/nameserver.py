# SPDX-License-Identifier: BSD-3-Clause
"""A DNS server on loopback that answers what a test tells it, also what it should not."""
import ipaddress
import socket
import struct
import threading

NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5
TYPES = {1: 4, 28: 6}  # A, AAAA -> version of the address


def sockets():
    """One for UDP and one for TCP at the same port, which must be free for both."""
    for _ in range(100):
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tcp.bind(udp.getsockname())
            tcp.listen(16)
            return udp, tcp
        except OSError:
            udp.close()
            tcp.close()
    raise OSError("no port is free for UDP and TCP")


class Nameserver:
    """`names`: lower-case name -> list of addresses; what is not there does not exist."""

    def __init__(self, names=None, ttl=1):
        self.names = dict(names or {})
        self.ttl = ttl
        self.rcode = NOERROR
        self.silent = False
        self.dropped = set()  # types that are not answered
        self.truncate = False  # over UDP
        self.refuse_tcp = False
        self.mangle = None  # answer's bytes -> bytes
        self.asked = {}  # name -> questions
        self.over_tcp = 0
        self.kind = 0  # of the last question
        self.udp, self.tcp = sockets()
        self.port = self.udp.getsockname()[1]
        for run in (self.serve_udp, self.serve_tcp):
            threading.Thread(target=run, daemon=True).start()

    def close(self):
        for s in (self.udp, self.tcp):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def conf(self, *before, extra="", refresh="1s"):
        """The section `dns` that asks the servers `before` and then this one."""
        servers = ", ".join(f'"127.0.0.1:{s.port}"' for s in (*before, self))
        return ('dns: { servers = [ %s ]; timeout = "300ms"; refresh_min = "%s"; %s };'
                % (servers, refresh, extra))

    def answer(self, query, most):
        ident, flags, n = struct.unpack(">HHH", query[:6])
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += query[at] + 1
        name = ".".join(labels).lower()
        kind, = struct.unpack(">H", query[at + 1:at + 3])
        self.kind = kind
        question = query[12:at + 5]
        self.asked[name] = self.asked.get(name, 0) + 1
        rcode, records = self.rcode, []
        if rcode == NOERROR and name not in self.names:
            rcode = NXDOMAIN
        if rcode == NOERROR:
            for a in map(ipaddress.ip_address, self.names[name]):
                if a.version == TYPES.get(kind):
                    records.append(struct.pack(">HHHIH", 0xc00c, kind, 1, self.ttl, len(a.packed))
                                   + a.packed)
        cut = most and (self.truncate or sum(map(len, records)) > most - 100)
        if cut:
            records = []
        head = struct.pack(">HHHHHH", ident, 0x8180 | (flags & 0x100) | (0x200 if cut else 0) | rcode,
                           n, len(records), 0, 0)
        # The query may hold more than one question's worth of bytes (EDNS); only one is repeated.
        out = head[:4] + struct.pack(">H", 1) + head[6:] + question + b"".join(records)
        return self.mangle(out) if self.mangle else out

    def serve_udp(self):
        while True:
            try:
                query, who = self.udp.recvfrom(4096)
                if len(query) < 17:  # the end: close() wakes us up
                    return
                out = self.answer(query, 1232)
                if not self.silent and self.kind not in self.dropped:
                    self.udp.sendto(out, who)
            except OSError:
                return

    def serve_tcp(self):
        while True:
            try:
                conn, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self.serve_conn, args=(conn,), daemon=True).start()

    def serve_conn(self, conn):
        with conn:
            try:
                while not self.refuse_tcp:
                    size = conn.recv(2, socket.MSG_WAITALL)
                    if len(size) < 2:
                        return
                    query = conn.recv(struct.unpack(">H", size)[0], socket.MSG_WAITALL)
                    self.over_tcp += 1
                    out = self.answer(query, 0)
                    conn.sendall(struct.pack(">H", len(out)) + out)
            except OSError:
                pass
