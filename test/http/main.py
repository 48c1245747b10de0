#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What `run` calls: writes a proxy's configuration, plays the cases, prints the table."""
import argparse
import collections
import concurrent.futures
import glob
import json
import os
import re
import sys
import time

import conf
import place
import play
import script

HERE = os.path.dirname(os.path.abspath(__file__))
SLOTS_MAX = 64       # listeners that Sluice has statistics for
SLOTS_PLAIN = 14
BYTEWISE_MAX = 6000  # longer cases are not sent byte by byte


def load():
    cases = []
    for path in sorted(glob.glob(f"{HERE}/cases/*.http")):
        for case in script.read(path):
            case.topic = os.path.basename(path)[:-5]
            cases.append(case)
    names = collections.Counter(c.name for c in cases)
    twice = [n for n in names if names[n] > 1]
    if twice:
        raise SystemExit(f"case names used twice: {', '.join(twice)}")
    assign(cases)
    return cases


def assign(cases):
    """A listener and a set of endpoints (a slot) for each kind of configuration; several for the
    plain kind, so that its cases run side by side."""
    kinds = collections.defaultdict(list)
    for case in cases:
        kinds[str((case.endpoints, case.hosts, case.routes, case.listener, case.cluster))].append(case)
    slot = 0
    for members in kinds.values():
        width = SLOTS_PLAIN if len(members) > SLOTS_PLAIN else 1
        for i, case in enumerate(members):
            case.slot = slot + i % width
        slot += width
    if slot > SLOTS_MAX:
        raise SystemExit(f"the cases need {slot} listeners, there are {SLOTS_MAX}")


def by_slot(cases):
    slots = collections.defaultdict(list)
    for case in cases:
        slots[case.slot].append(case)
    return slots


def head_cuts(case):
    """Every split point of the first request's head."""
    first = next((s for s in case.steps if s[0] == "send" and s[1] == "c"), None)
    if not first:
        return []
    data = script.sample(first[2])
    end = data.find(b"\r\n\r\n")
    return range(1, min(end + 4 if end >= 0 else len(data), 1500, len(data)))


def sent_bytes(case):
    return sum(len(script.sample(s[2])) for s in case.steps if s[0] == "send" and s[1][0] == "c")


def play_case(case, env, mode, exact):
    """-> ("ok" | "no" | "skip", text)"""
    if mode == "bytewise" and (case.whole or sent_bytes(case) > BYTEWISE_MAX):
        return "skip", "too long to be sent byte by byte"
    if mode == "splits":
        if case.whole or case.slow:
            return "skip", "depends on time"
        for cut in head_cuts(case):
            ok, why = play.Play(case, env, exact, cut=cut).run()
            if not ok:
                return "no", f"split at {cut}: {why}"
        return "ok", ""
    one = play.Play(case, env, exact, segment=1 if mode == "bytewise" else 0)
    ok, why = one.run()
    case.ports = one.ports
    return ("ok" if ok else "no"), why


def play_slot(cases, env, mode, exact):
    """One after the other; a pooled connection of one must not be taken for the next."""
    return {case.name: play_case(case, env, mode, exact) for case in cases}


def check_logs(cases, path, results, ports):
    """`log STATUS FLAGS DETAILS` against the access log, by the two ports."""
    lines = collections.defaultdict(list)
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            port = re.search(r" 192\.0\.2\.1:(2\d{4}) 192\.0\.2\.10:(\d+) ", line)
            # Behind the request's line, which may itself have quotes.
            head = re.search(r'HTTP/\d(?:\.\d)?" (\d+) (\S+) (\S+) ', line) or \
                re.search(r'" (\d+) (\S+) (\S+) \S+ "', line)
            if port and head:
                lines[port.groups()].append(list(head.groups()))
    for case in cases:
        got = [x for port in ports.get(case.name, [])
               for x in lines[str(place.LISTEN_BASE + case.slot), str(port)]]
        if case.logs and results[case.name][0] == "ok" and got != case.logs:
            got = "; ".join(" ".join(x) for x in got)
            want = "; ".join(" ".join(x) for x in case.logs)
            results[case.name] = ("no", f"access log: got \"{got}\", expected \"{want}\"")


def play_all(cases, env, a):
    results = {}
    with concurrent.futures.ThreadPoolExecutor(a.jobs) as pool:
        todo = [pool.submit(play_slot, cs, env, a.mode, a.proxy == "sluice")
                for cs in by_slot(cases).values()]
        for f in todo:
            results.update(f.result())
    return results


def cmd_play(a):
    cases = load()
    env = place.Env(a.client_ns, a.backend_ns, a.gateway, a.backend)
    env.listen(cases)
    wanted = [c for c in cases if not a.name or any(n in (c.name, c.topic) for n in a.name)]
    for n in a.name:
        if not any(n in (c.name, c.topic) for c in cases):
            raise SystemExit(f"no case and no topic is called {n}")
    if a.proxy != "sluice":
        wanted = [c for c in wanted if c.only in (None, a.proxy)]
    first = [c for c in wanted if not c.last]
    results = play_all(first, env, a)
    if a.log and a.mode == "plain":
        time.sleep(0.3)  # the log is written from a ring
        check_logs(first, a.log, results, {c.name: c.ports for c in first})
    results.update(play_all([c for c in wanted if c.last], env, a))
    if a.out:
        with open(a.out, "w", encoding="utf-8") as f:
            json.dump(results, f)
    if a.proxy != "sluice":
        return 0
    for c in wanted:
        state, why = results[c.name]
        if state == "no":
            print(f"FAILED {c.topic}/{c.name} ({c.rfc}): {c.title}\n    {why}")
    count = collections.Counter(r[0] for r in results.values())
    print(f"{count['ok']} passed, {count['no']} failed, {count['skip']} skipped")
    return 1 if count["no"] else 0


def cmd_table(a):
    cases = load()
    columns = {}
    for name in ("sluice", "nginx", "haproxy"):
        with open(f"{a.dir}/{name}.json", encoding="utf-8") as f:
            columns[name] = json.load(f)
    same = collections.Counter()
    print(f"{'case':34} {'section':22} {'Sluice':7} {'nginx':30} HAProxy")
    topic = ""
    for c in cases:
        if c.topic != topic:
            topic = c.topic
            print(f"--- {topic}")
        cell = {}
        for name, results in columns.items():
            state, why = results.get(c.name, ("skip", ""))
            cell[name] = {"ok": "same", "no": why, "skip": "-"}[state]
            same[name, state] += 1
        mine = {"same": "pass", "-": "-"}.get(cell["sluice"], "FAIL")
        print(f"{c.name:34} {c.rfc:22} {mine:7} {cell['nginx']:30} {cell['haproxy']}")
    for name in ("nginx", "haproxy"):
        print(f"{name}: the same in {same[name, 'ok']} cases, different in {same[name, 'no']}, "
              f"not compared in {same[name, 'skip']}")


def cmd_conf(a):
    cases = load()
    if a.proxy == "sluice":
        text = conf.sluice(cases, a.backend)
    else:
        text = getattr(conf, a.proxy)(cases, a.backend, a.dir)
    sys.stdout.write(text)


def main():
    p = argparse.ArgumentParser()
    sub = p.add_subparsers(dest="cmd", required=True)
    c = sub.add_parser("conf")
    c.add_argument("proxy")
    c.add_argument("backend")
    c.add_argument("dir", nargs="?")
    t = sub.add_parser("table")
    t.add_argument("dir")
    s = sub.add_parser("play")
    s.add_argument("--proxy", required=True)
    s.add_argument("--client-ns")
    s.add_argument("--backend-ns")
    s.add_argument("--gateway", required=True)
    s.add_argument("--backend", required=True)
    s.add_argument("--mode", choices=["plain", "bytewise", "splits"], default="plain")
    s.add_argument("--jobs", type=int, default=64)
    s.add_argument("--log")
    s.add_argument("--out")
    s.add_argument("name", nargs="*")
    sub.add_parser("list")
    a = p.parse_args()
    if a.cmd == "list":
        for c in load():
            print(f"{c.topic:14} {c.name:34} {c.rfc:22} {c.title}")
        return 0
    return {"conf": cmd_conf, "play": cmd_play, "table": cmd_table}[a.cmd](a) or 0


if __name__ == "__main__":
    sys.exit(main())
