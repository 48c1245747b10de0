# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# Client port with 5 % loss and 1 % reordering each way: 64 MiB each way over 4 connections
# shellcheck source=test/scenario/fault.sh
. "$here/fault.sh"
TOPO_CLIENT_EXTRA='fault: { rx: { loss = "5%"; reorder = "1%"; }; tx: { loss = "5%"; reorder = "1%"; }; };'
play() { fault_transfers 4; }
