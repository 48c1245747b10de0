# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# scripts/demo --ci --port tap
alone=yes
play() {
	"$top/scripts/demo" --ci --port tap --build "$build"
}
