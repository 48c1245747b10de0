# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# The same on tap ports, which also deliver fragments
# shellcheck source=test/scenario/cases/l4_egress.sh
. "$here/cases/l4_egress.sh"
kind=tap
