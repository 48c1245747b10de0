# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# The same on tap ports with four workers
# shellcheck source=test/scenario/cases/l4_peers.sh
. "$here/cases/l4_peers.sh"
kind=tap workers=4
