# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# The same for 5 minutes under wrk and 100 WebSockets: no request fails, no socket closes, no answer is of a third epoch
limit=480
. "$top/test/scenario/cases/publish.sh"
seconds=300 websockets=100
