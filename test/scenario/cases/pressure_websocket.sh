# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# WebSocket echoes through a real server and client, for ten minutes across 50 new configurations: none is lost
limit=780
. "$top/test/scenario/cases/websocket.sh"
seconds=600
