# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# Client port with 2 % reordering each way, round trip 10 ms: 64 MiB each way
# shellcheck source=test/scenario/fault.sh
. "$here/fault.sh"
TOPO_CLIENT_EXTRA='fault: { rx: { reorder = "2%"; delay = "5ms";  }; tx: { reorder = "2%"; delay = "5ms"; }; };'
play() { fault_transfers; }
