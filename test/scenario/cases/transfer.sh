# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# 100 MiB up and 100 MiB down through two workers, every byte right
workers=2
play() {
	local sum got
	head -c 104857600 /dev/urandom >"$TOPO_DIR/www/big"
	chmod a+r "$TOPO_DIR/www/big"
	sum=$(sha256sum <"$TOPO_DIR/www/big" | cut -d' ' -f1)
	for _ in 1 2; do
		got=$(get $vip/simple/nginxbig -m 120 | sha256sum | cut -d' ' -f1)
		expect "$sum" "$got" "download"
		got=$(get $vip/simple/httpserver -m 120 -X POST -T "$TOPO_DIR/www/big")
		expect "104857600 $sum" "$got" "upload"
		got=$(get $node/simple/httpserver -m 120 -X POST -H 'Transfer-Encoding: chunked' -T "$TOPO_DIR/www/big")
		expect "104857600 $sum" "$got" "chunked upload"
	done
}
