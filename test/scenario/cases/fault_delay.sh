# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# Client port with a round trip of 50 ms: 64 MiB each way
# shellcheck source=test/scenario/fault.sh
. "$here/fault.sh"
TOPO_CLIENT_EXTRA='fault: { rx: { delay = "25ms"; jitter = "2ms"; }; tx: { delay = "25ms"; jitter = "2ms"; }; };'
play() { fault_transfers; }
