# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# Client port with 5 % loss, 2 % reordering, a round trip of 50 ms: 64 MiB each way over 64 connections
# shellcheck source=test/scenario/fault.sh
. "$here/fault.sh"
TOPO_CLIENT_EXTRA='fault: { rx: { loss = "5%"; reorder = "2%"; duplicate = "0.5%"; corrupt = "0.1%"; delay = "25ms"; jitter = "5ms"; }; tx: { loss = "5%"; reorder = "2%"; duplicate = "0.5%"; corrupt = "0.1%"; delay = "25ms"; jitter = "5ms"; }; };'
play() { fault_transfers 64; }
