# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# More short connections through an L4 service to one endpoint than there are source ports: none fails
. "$top/test/scenario/pressure.sh"
bare=yes
play() {
	local start=$SECONDS ports=16384 n
	l4_service
	while n=$(counter nat_created) && [ "$n" -lt $((ports + 3000)) ]; do
		[ $((SECONDS - start)) -lt 50 ] || fail "only $n connections in 50 seconds"
		in_client wrk -t1 -c16 -d3s -H "Connection: close" http://10.96.7.8/ >"$TOPO_DIR/wrk"
		wrk_clean "$TOPO_DIR/wrk"
	done
	report "$n connections to one endpoint in $((SECONDS - start)) s from $ports ports, $(counter nat_sessions) sessions"
	expect 0 "$(ctl drops -o json | jget "sum(r['count'] for r in d if r['reason'] == 'nat_no_port')")" nat_no_port
}
