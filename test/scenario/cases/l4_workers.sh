# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# The same with two workers: replies find the worker that owns the session
# shellcheck source=test/scenario/cases/l4.sh
. "$here/cases/l4.sh"
workers=2
