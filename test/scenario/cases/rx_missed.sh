# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# Packets that the kernel loses while the gateway stands still are counted, not forgotten
. "$top/test/scenario/pressure.sh"
missed() { [ "$(lost_before)" -ge "$1" ]; }

play() {
	expect 200 "$(status $vip/simple/nginx)"
	expect 0 "$(lost_before)" "losses of a gateway at work"
	kill -STOP "$sluiced_pid"
	report "flood at a gateway that stands still: $(flood udp 192.0.2.1 9 10000 1)"
	kill -CONT "$sluiced_pid"
	# The ring holds 2048.
	wait_until 10 missed 5000 || fail "lost unseen: $(lost_before) counted"
	report "$(lost_before) counted as rx_missed"
	expect 200 "$(status $vip/simple/nginx)"
}
