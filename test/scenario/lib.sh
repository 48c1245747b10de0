# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# What scenario cases share: addresses, requests, checks.

vip=http://10.96.190.18
node=http://192.0.2.1:31373
host="Host: simple.baihl.io"

report() { echo "REPORT: $*"; }

fail() {
	echo "FAIL: $*"
	return 1
}

# get URL [CURL_OPTIONS...]: the body.
get() { in_client curl -sS -m 20 -H "$host" "$@"; }

# status URL [CURL_OPTIONS...]: the status code.
status() { in_client curl -sS -m 20 -o /dev/null -w '%{http_code}' -H "$host" "$@"; }

# expect WANTED GOT [WHAT]
expect() {
	[ "$1" = "$2" ] || fail "${3:-value}: expected \"$1\", got \"$2\""
}

# expect_in TEXT PATTERN: a line of the text matches.
expect_in() {
	grep -qE -- "$2" <<<"$1" || fail "no line matches \"$2\" in: $1"
}

# refused SIDE ADDRESS PORT: a TCP connection is refused at once.
refused() {
	local out
	out=$(ip netns exec "$TOPO-$1" timeout 5 bash -c "echo >/dev/tcp/$2/$3" 2>&1) && fail "accepted"
	expect_in "$out" 'Connection refused'
}

# counter NAME: a worker counter summed over all workers.
counter() {
	ctl stats -o json | jget "d['workers']['$1']['sum']"
}

# jget EXPRESSION: evaluates it with the JSON document of standard input as d.
jget() {
	/usr/bin/python3 -c 'import json, sys
d = json.load(sys.stdin)
print(eval(sys.argv[1]))' "$1"
}

# A gateway has processors of its own; here crowds, servers and captures would take them from it. All of
# its threads on one, where $1 says so: the kernel's queues keep the order of packets only there.
gateway_first() {
	local t
	for t in /proc/"$sluiced_pid"/task/*; do
		renice -n -10 -p "${t##*/}" >/dev/null
		[ "${1:-}" != pinned ] || taskset -cp 0 "${t##*/}" >/dev/null 2>&1 || true
	done
}

# Packets that device or kernel lost for want of room, before a worker saw them.
lost_before() {
	ctl drops -a -o json | jget "sum(r['count'] for r in d if r['reason'] == 'rx_missed')"
}

# Every packet that came in or was made is accounted for, on every worker.
assert_ledger() {
	kill -0 "$sluiced_pid" 2>/dev/null || return 0
	ctl workers -o json | /usr/bin/python3 -c 'import json, sys
for w in json.load(sys.stdin):
    assert w["balance"] == 0, f"packets unaccounted for: {w}"'
}

# wrk_clean FILE: wrk saw no socket error and nothing but 2xx and 3xx.
wrk_clean() {
	! grep -E 'Socket errors|Non-2xx' "$1" || fail "wrk: $(cat "$1")"
	grep -q 'Requests/sec' "$1" || fail "wrk: $(cat "$1")"
}
