# SPDX-License-Identifier: BSD-3-Clause
"""The services of host.c, on Linux's sockets; runs in the namespace of the host to ask."""

import selectors
import socket
import struct

ECHO, DISCARD, MUTE, SOURCE, HALT, ONCE, ABORT, SEND = range(7001, 7009)


def opened(sock, service):
    if service == SEND:
        sock.send(bytes(100))
    elif service == ONCE:
        sock.shutdown(socket.SHUT_WR)
    elif service == SOURCE:
        sock.send(bytes(20000))
        sock.shutdown(socket.SHUT_WR)


def readable(sock, service):
    """Whether the connection goes on."""
    try:
        data = sock.recv(65536)
        if data and service == ECHO:
            sock.send(data)
    except BlockingIOError:
        return True
    except OSError:
        return False
    if data and service == ABORT:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False
    return bool(data) and service != HALT


def listen(service):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if service == MUTE:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 262144)
    sock.bind(("10.9.0.1", service))
    sock.listen(100)
    return sock


def main():
    sel = selectors.DefaultSelector()
    for service in range(ECHO, SEND + 1):
        sel.register(listen(service), selectors.EVENT_READ, (service, True))
    held = []  # connections that nobody reads
    print("ready", flush=True)
    while True:
        for key, _ in sel.select():
            service, listening = key.data
            if not listening:
                if not readable(key.fileobj, service):
                    sel.unregister(key.fileobj)
                    key.fileobj.close()
                continue
            sock, _ = key.fileobj.accept()
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                opened(sock, service)
            except OSError:
                pass
            if service == MUTE:
                held.append(sock)
            else:
                sel.register(sock, selectors.EVENT_READ, (service, False))


main()
