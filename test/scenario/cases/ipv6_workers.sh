# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# The same with two workers: flows of either family find the worker they belong to
# shellcheck source=test/scenario/cases/ipv6.sh
. "$here/cases/ipv6.sh"
workers=2
