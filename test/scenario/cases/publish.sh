# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# A change every 50 ms for 10 s under load, by apply, endpoint, file and rollback: nothing fails; how long they took
seconds=10 websockets=20
extra='listeners = ( { name = "ws"; port = 8090; hosts = ( { domains = ["*"];
  routes = ( { cluster = "ws"; } ); } ); } );
clusters = ( { name = "ws"; endpoints = ["10.10.1.13:9001"]; } );'
play() {
	local out clients=() program
	program=$top/test/scenario/publish.py
	mkdir -p "$TOPO_DIR/m"
	echo 'manifests = ["m"];' >>"$TOPO_CONF"
	ctl reload >/dev/null
	topo_spawn wsserver backend "$top/test/peers/wsecho" serve 10.10.1.13 9001
	wait_until 10 in_backend bash -c 'echo >/dev/tcp/10.10.1.13/9001'
	topo_spawn wsclient client "$top/test/peers/wsecho" play ws://192.0.2.1:8090/chat $websockets $((seconds + 2))
	clients[0]=$topo_pid
	topo_spawn wrk client wrk -t1 -c32 -d$((seconds + 2))s -H "$host" $vip/simple/nginx
	clients[1]=$topo_pid
	topo_spawn probe client "$program" probe http://${vip#http://} "${host#Host: }" "$TOPO_DIR/probes"
	clients[2]=$topo_pid
	out=$("$program" change "$TOPO_DIR/control.sock" "$TOPO_DIR" $seconds) || fail "$out"
	kill ${clients[2]}
	wait ${clients[2]} || fail "$(tail -n 5 "$TOPO_DIR/probe")"
	wait ${clients[1]} || true
	wait ${clients[0]} || fail "$(tail -n 5 "$TOPO_DIR/wsclient")"
	wrk_clean "$TOPO_DIR/wrk"
	expect 200 "$(status $vip/simple/httpserver)"
	report "$out; $("$program" judge "$TOPO_DIR/changes" "$TOPO_DIR/probes")"
	out=$(ctl status | grep '^changes')
	expect_in "$out" 'p50 .* p99'
	report "$out; $(grep Requests/sec "$TOPO_DIR/wrk"); $(tail -n 1 "$TOPO_DIR/wsclient")"
}
