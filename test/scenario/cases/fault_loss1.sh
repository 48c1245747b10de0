# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# Client port with 1 % loss each way, round trip 10 ms: 64 MiB each way over 8 connections
# shellcheck source=test/scenario/fault.sh
. "$here/fault.sh"
TOPO_CLIENT_EXTRA='fault: { rx: { loss = "1%"; delay = "5ms"; jitter = "1ms"; }; tx: { loss = "1%"; delay = "5ms"; jitter = "1ms"; }; };'
play() { fault_transfers 8; }
