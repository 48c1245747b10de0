# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# 20,000 half-open SYNs a second from spoofed sources: a normal client notices nothing
. "$top/test/scenario/pressure.sh"
extra='gateway = "192.0.2.10";'
play() {
	pressure_begin
	normal_start
	report "flood: $(flood syn 10.96.190.18 80 20000 6)"
	normal_stop
	say tcp_syn_rcvd tcp_syn_cookies_sent tcp_syn_cookies_ok tcp_passive_opens
	[ "$(counter tcp_syn_cookies_sent)" -gt 0 ] || fail "no cookies"
	back_to_normal 8
}
