# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# Ports in VLANs of one device with two workers
# shellcheck source=test/scenario/cases/vlan.sh
. "$here/cases/vlan.sh"
workers=2
