# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# Status shows what each table costs and how much of it each worker uses
extra='limits: { tcp_connections = 2000; nat_sessions = 1024; };'
play() {
	local memory='{m["table"]: m for m in d["data_plane"]["memory"]}' json
	expect 200 "$(status $vip/simple/nginx)"
	json=$(ctl status -o json)
	expect "2000 1000 1000 1024" "$(jget "'%d %d %d %d' % tuple(${memory}[t]['rows'] for t in
		('tcp_connection', 'client_session', 'endpoint_session', 'l4_session'))" <<<"$json")" rows
	expect "True True True" "$(jget "'%s %s %s' % tuple(0 < ${memory}[t]['row_bytes'] <= n for t, n in
		(('tcp_connection', 320), ('half_open', 48), ('time_wait', 32)))" <<<"$json")" "bytes a row"
	# The client is gone, its connection to the endpoint waits in the pool.
	expect "1 0 1" "$(jget "'%d %d %d' % tuple(d['data_plane']['workers'][0]['used'][t] for t in
		('tcp_connection', 'client_session', 'endpoint_session'))" <<<"$json")" used
	expect_in "$(ctl status)" '^tcp_connection +[0-9]+ +2000 +[0-9.]+ +0 +1$'
}
