# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# Bodies of 1 B to 64 MiB, by length and chunked, both ways, slow sender and slow reader: every byte right
extra='listeners = ( { name = "bodies"; port = 8090; hosts = ( { domains = ["*"];
  routes = ( { cluster = "bodies"; } ); } ); } );
clusters = ( { name = "bodies"; endpoints = ["10.10.1.13:9002"]; } );'
play() {
	local out least form=()
	[ "$SCENARIO_LONG" != yes ] || form=(long)
	topo_spawn bodies.log backend "$top/test/peers/bodies" serve 10.10.1.13 9002
	wait_until 10 in_backend bash -c 'echo >/dev/tcp/10.10.1.13/9002'
	(while [ ! -e "$TOPO_DIR/enough" ]; do
		ctl status -o json | jget "d['data_plane']['mbufs_free']" || true
		sleep 0.2
	done) >"$TOPO_DIR/free" &
	out=$(in_client "$top/test/peers/bodies" play 192.0.2.1 8090 "${form[@]}") || fail "$out"
	: >"$TOPO_DIR/enough"
	wait $! || true
	least=$(sort -n "$TOPO_DIR/free" | head -n 1)
	report "$out"
	report "buffers in use at most $(($(sort -n "$TOPO_DIR/free" | tail -n 1) - least)), of 2 KiB"
	# 64 MiB are 46,000 buffers; what is held is what two windows hold.
	[ $(($(sort -n "$TOPO_DIR/free" | tail -n 1) - least)) -lt 8000 ] || fail "bodies are buffered"
}
