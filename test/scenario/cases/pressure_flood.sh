# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# Floods of fragments, ICMP and UDP from spoofed sources: a normal client notices nothing
. "$top/test/scenario/pressure.sh"
extra='gateway = "192.0.2.10";'
play() {
	local kind
	pressure_begin
	for kind in fragment icmp udp; do
		normal_start
		report "$kind flood: $(flood $kind 192.0.2.1 80 20000 4)"
		normal_stop
	done
	report "drops: $(ctl drops -o json | jget "', '.join(r['reason'] + ' %d' % r['count'] for r in d if r['count'])")"
	back_to_normal 35
}
