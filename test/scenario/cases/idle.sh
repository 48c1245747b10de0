# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# An idle gateway uses less than 5 % of a core
play() {
	local a b
	expect 200 "$(status $vip/simple/nginx)"
	sleep 2
	ticks() { awk '{ print $14 + $15 }' "/proc/$sluiced_pid/stat"; }
	a=$(ticks)
	sleep 10
	b=$(ticks)
	report "idle: $(((b - a) * 100 / 10 / $(getconf CLK_TCK))) % of a core"
	[ $(((b - a) * 100 / 10)) -lt $((5 * $(getconf CLK_TCK))) ] || fail "too busy"
}
