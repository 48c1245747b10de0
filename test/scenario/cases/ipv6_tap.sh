# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# The same on tap ports, with ping of all sizes
# shellcheck source=test/scenario/cases/ipv6.sh
. "$here/cases/ipv6.sh"
kind=tap
