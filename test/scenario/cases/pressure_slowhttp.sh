# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# slowhttptest with slow heads, slow bodies, slow reading: a normal client notices nothing
. "$top/test/scenario/pressure.sh"
TOPO_NGINX_CONNS=16384
extra='timeouts: { head = "5s"; stream_idle = "15s"; };'
conns=4000
# The attacker's address has as many connections as one may have: others are not to notice.
normal_from=192.0.2.20
# attack NAME OPTIONS...: for 30 s; the tool's own probe must never be without an answer.
attack() {
	local name=$1
	shift
	normal_start
	in_client slowhttptest "$@" -c $conns -r 500 -l 30 -p 5 -x 24 -g -o "$TOPO_DIR/$name" \
		-u $node/simple/nginx/big >"$TOPO_DIR/$name.log" 2>&1 || true
	report "$name: most at a time: $(awk -F, 'NR > 1 { for (i = 2; i <= 4; i++) if ($i > m[i]) m[i] = $i } END {
		printf "%d closed, %d waiting, %d connected", m[2], m[3], m[4] }' "$TOPO_DIR/$name.csv"); \
probe without an answer in $(awk -F, 'NR > 1 && $5 == 0' "$TOPO_DIR/$name.csv" | wc -l) of $(($(wc -l <"$TOPO_DIR/$name.csv") - 1)) s"
	normal_stop
}
play() {
	dd if=/dev/urandom of="$TOPO_DIR/www/big" bs=1M count=1 status=none
	chmod a+r "$TOPO_DIR/www/big"
	pressure_begin
	attack slow_heads -H -i 2
	attack slow_bodies -B -i 5 -s 8192
	attack slow_reading -X -w 10 -y 20 -n 5 -z 32 -k 3
	say http_downstream_cx_total http_rq_4xx http_rq_5xx http_buffers_exhausted
	back_to_normal 30
}
