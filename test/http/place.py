# SPDX-License-Identifier: BSD-3-Clause
"""Where the peers of a case are: addresses, ports, network namespaces."""
import ctypes
import os
import socket

LISTEN_BASE, ENDPOINT_BASE = 20000, 30000
CLONE_NEWNET = 0x40000000


class Env:
    """Where the peers are. Sockets stay in the namespace they were made in."""

    def __init__(self, client_ns, backend_ns, gateway, backend):
        self.client_ns, self.backend_ns = client_ns, backend_ns
        self.gateway, self.backend = gateway, backend
        self.listeners = {}

    def enter(self, ns):
        if not ns:
            return
        libc = ctypes.CDLL(None, use_errno=True)
        fd = os.open(f"/run/netns/{ns}", os.O_RDONLY)
        if libc.setns(fd, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {ns}")
        os.close(fd)

    def listen(self, cases):
        self.enter(self.backend_ns)
        for case in {c.slot: c for c in cases}.values():
            socks = []
            for k, kind in enumerate(case.endpoints):
                if kind not in ("main", "second"):
                    continue
                s = socket.socket()
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind((self.backend, ENDPOINT_BASE + case.slot * 2 + k))
                s.listen(16)
                s.setblocking(False)
                socks.append(s)
            self.listeners[case.slot] = socks
        self.enter(self.client_ns)
