# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# Backend port with 0.2 % loss, 0.5 % reordering, round trip 10 ms, two workers: 64 MiB each way
# shellcheck source=test/scenario/fault.sh
. "$here/fault.sh"
workers=2
rates='loss = "0.2%"; reorder = "0.5%"; delay = "5ms"; jitter = "1ms";'
TOPO_BACKEND_EXTRA="fault: { rx: { $rates }; tx: { $rates }; };"
play() { fault_transfers 4; }
