#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What clients saw between events: phases.py [--check] EVENTS SEEN."""
import sys

check = sys.argv[1] == "--check"
events_file, seen_file = sys.argv[-2:]
events = [(float(t), text) for t, text in (l.rstrip("\n").split(" ", 1) for l in open(events_file))]
seen = [(float(b), float(d), int(s), e) for b, d, s, e in (l.split() for l in open(seen_file))]


def phase(begin, end):
    return sorted(r for r in seen if begin <= r[0] < end)


for (begin, text), (end, _) in zip(events, events[1:]):
    rs = phase(begin, end)
    bad = [r for r in rs if r[2] != 200]
    by = {e[-1]: sum(1 for r in rs if r[3] == e) for e in sorted({r[3] for r in rs if r[2] == 200})}
    slow = max((r[1] for r in rs), default=0)
    span = (bad[-1][0] - bad[0][0]) * 1000 if bad else 0
    if not check:
        print(f"{text}: {(end - begin) * 1000:.0f} ms, {len(rs)} requests, {len(bad)} failed"
              f"{f' within {span:.0f} ms' if bad else ''}, slowest {slow * 1000:.0f} ms, by endpoint {by}")
        continue
    settled = [r for r in rs if begin + 0.1 < r[0]]
    gone = {"2 is out": "2", "3 is out": "3", "1 is out": "1"}.get(text)
    if gone:
        got = [r for r in settled if r[3].endswith(gone)]
        assert not got, f"{text}: it still got {len(got)} requests"
        assert not [r for r in settled if r[2] != 200], f"{text}: failures after it went"
    if text.endswith("in again") or text == "all are well":
        assert not bad, f"{text}: {len(bad)} failed"
        assert len(by) == 3, f"{text}: {by}"
    if text == "2 dies":
        assert not bad, f"retries should have hidden it: {bad[:3]}"
