# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# WebSocket echoes through a real server and client, for a minute across 50 new configurations: none is lost
seconds=60
extra='listeners = ( { name = "ws"; port = 8090; hosts = ( { domains = ["*"];
  routes = ( { cluster = "ws"; } ); } ); } );
clusters = ( { name = "ws"; endpoints = ["10.10.1.13:9001"]; } );'
play() {
	local client i set
	mkdir "$TOPO_DIR/0" "$TOPO_DIR/1"
	for set in 0 1; do
		cp "$top"/config/examples/scenario/*.yaml "$TOPO_DIR/$set"
		sed "s|rewrite: { uri: / }|rewrite: { uri: /$set/ }|" \
			"$top/config/examples/scenario/istio-specs.yaml" >"$TOPO_DIR/$set/istio-specs.yaml"
	done
	topo_spawn wsserver backend "$top/test/peers/wsecho" serve 10.10.1.13 9001
	wait_until 10 in_backend bash -c 'echo >/dev/tcp/10.10.1.13/9001'
	topo_spawn wsclient client "$top/test/peers/wsecho" play ws://192.0.2.1:8090/chat 20 $seconds
	client=$topo_pid
	for ((i = 0; i < 50; i++)); do
		sleep "$(bc <<<"scale=2; $seconds / 55")"
		ctl apply -f "$TOPO_DIR/$((i % 2))" >/dev/null
	done
	wait $client || fail "$(tail -n 5 "$TOPO_DIR/wsclient")"
	report "$(tail -n 1 "$TOPO_DIR/wsclient"); $(ctl status -o json | jget '"epoch %d" % d["control"]["want_epoch"]')"
}
