# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2086,SC2154
# In hugepages: the program says so and serves; afterwards the pages are free again
alone=yes
play() {
	before=$(sysctl -n vm.nr_hugepages)
	trap 'sysctl -qw vm.nr_hugepages=$before' EXIT
	sysctl -qw vm.nr_hugepages=$((before + 224))
	[ "$(sysctl -n vm.nr_hugepages)" -ge $((before + 224)) ] || {
		echo "this machine has not enough memory for hugepages"
		exit 77
	}
	free=$(cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages)
	(
		export TOPO_HUGE=yes
		topo_init "sl-huge-$$" "$build" af_packet 1
		trap topo_down EXIT
		topo_up
		ctl apply -f "$top/config/examples/scenario" >/dev/null
		expect 200 "$(status $vip/simple/nginx)"
		expect_in "$(cat "$TOPO_DIR/sluiced.log")" 'Running in up to 384 MiB of hugepages'
		assert_ledger
	)
	expect "$free" "$(cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages)" "free pages"
}
