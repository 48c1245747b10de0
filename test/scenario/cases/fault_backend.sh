# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# Backend port with 0.5 % loss, 1 % reordering, copies and flipped bits: 64 MiB each way
# shellcheck source=test/scenario/fault.sh
. "$here/fault.sh"
TOPO_BACKEND_EXTRA='fault: { rx: { loss = "0.5%"; reorder = "1%"; duplicate = "0.5%"; corrupt = "0.1%"; }; tx: { loss = "0.5%"; reorder = "1%"; duplicate = "0.5%"; corrupt = "0.1%"; }; };'
play() { fault_transfers; }
