# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# 64 connections kept busy: no socket error, nothing but 2xx
play() {
	in_client wrk -t1 -c64 -d"${WRK_SECONDS:-10}s" -H "$host" $vip/simple/nginx >"$TOPO_DIR/wrk"
	wrk_clean "$TOPO_DIR/wrk"
	report "$(grep Requests/sec "$TOPO_DIR/wrk")"
}
