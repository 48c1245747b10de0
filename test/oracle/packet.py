# SPDX-License-Identifier: BSD-3-Clause
"""Frames made and taken apart: Ethernet, ARP, IPv4, TCP, ICMP."""

import socket
import struct
from dataclasses import dataclass, field

LETTERS = "FSRP.UEW"
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
SUT = "10.9.0.1"


def checksum(data: bytes) -> int:
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def flags_of(text: str) -> int:
    return sum(1 << LETTERS.index(c) for c in text)


def flags_text(flags: int) -> str:
    return "".join(c for i, c in enumerate(LETTERS) if flags >> i & 1 and c != "P") or "-"


def ipv4(src: str, dst: str, proto: int, data: bytes, ident=1, frag=0, ttl=64) -> bytes:
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(data), ident, frag, ttl, proto, 0,
                       socket.inet_aton(src), socket.inet_aton(dst))
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + data


def fragments(packet: bytes, size: int) -> list:
    """An IPv4 packet cut into pieces of size bytes (a multiple of 8)."""
    head, data, out = packet[:20], packet[20:], []
    src, dst = socket.inet_ntoa(head[12:16]), socket.inet_ntoa(head[16:20])
    for at in range(0, len(data), size):
        more = 0x2000 if at + size < len(data) else 0
        out.append(ipv4(src, dst, head[9], data[at:at + size], 77, at // 8 | more))
    return out


@dataclass
class Tcp:
    src: str
    dst: str
    sport: int
    dport: int
    seq: int
    ack: int
    flags: int
    win: int
    opts: list = field(default_factory=list)  # (kind, bytes)
    data: bytes = b""
    urg: int = 0
    raw_opts: bytes = b""

    def emit(self, bad_sum=False) -> bytes:
        opts = self.raw_opts + b"\1" * (-len(self.raw_opts) % 4)
        head = struct.pack("!HHIIBBHHH", self.sport, self.dport, self.seq & 0xFFFFFFFF,
                           self.ack & 0xFFFFFFFF, (5 + len(opts) // 4) << 4, self.flags, self.win,
                           0, self.urg) + opts
        pseudo = socket.inet_aton(self.src) + socket.inet_aton(self.dst) + struct.pack(
            "!BBH", 0, 6, len(head) + len(self.data))
        total = checksum(pseudo + head + self.data) ^ (0x1234 if bad_sum else 0)
        head = head[:16] + struct.pack("!H", total) + head[18:]
        return ipv4(self.src, self.dst, 6, head + self.data)


def parse_options(raw: bytes) -> list:
    out = []
    while raw and raw[0]:
        if raw[0] == 1:
            raw = raw[1:]
            continue
        if len(raw) < 2 or raw[1] < 2:
            break
        out.append((raw[0], raw[2:raw[1]]))
        raw = raw[raw[1]:]
    return out


def parse(frame: bytes):
    """Tcp, ("icmp", peer, type, code), ("arp", mac, sender, target) or None."""
    kind = struct.unpack("!H", frame[12:14])[0]
    body = frame[14:]
    if kind == 0x0806 and struct.unpack("!H", body[6:8])[0] == 1:
        return ("arp", body[8:14], socket.inet_ntoa(body[14:18]), socket.inet_ntoa(body[24:28]))
    if kind != 0x0800 or len(body) < 20:
        return None
    hlen, total = (body[0] & 15) * 4, struct.unpack("!H", body[2:4])[0]
    src, dst = socket.inet_ntoa(body[12:16]), socket.inet_ntoa(body[16:20])
    data = body[hlen:total]
    if body[9] == 1:
        return ("icmp", dst, data[0], data[1])
    if body[9] != 6:
        return None
    sport, dport, seq, ack, off, flags, win, _, urg = struct.unpack("!HHIIBBHHH", data[:20])
    end = (off >> 4) * 4
    return Tcp(src, dst, sport, dport, seq, ack, flags, win, parse_options(data[20:end]),
               data[end:], urg)


def arp_reply(mac: bytes, sender: str, target: str, own: bytes) -> bytes:
    """From target, whose MAC is own, to sender."""
    return mac + own + struct.pack("!HHHBBH", 0x0806, 1, 0x0800, 6, 4, 2) + own + \
        socket.inet_aton(target) + mac + socket.inet_aton(sender)
