# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# Client port with 0.1 % loss, 0.2 % reordering, some copies and flipped bits: 64 MiB each way
# shellcheck source=test/scenario/fault.sh
. "$here/fault.sh"
rates='loss = "0.1%"; reorder = "0.2%"; duplicate = "0.1%"; corrupt = "0.02%";'
TOPO_CLIENT_EXTRA="fault: { rx: { $rates }; tx: { $rates }; };"
play() { fault_transfers; }
