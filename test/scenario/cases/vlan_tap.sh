# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034,SC2154
# The same on tap ports, which leave the tag in the frame
# shellcheck source=test/scenario/cases/vlan.sh
. "$here/cases/vlan.sh"
kind=tap
vlan_ports
