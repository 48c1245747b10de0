# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# scripts/demo --ci --port af_xdp
alone=yes
play() {
	"$top/scripts/demo" --ci --port af_xdp --build "$build"
}
