/* SPDX-License-Identifier: BSD-3-Clause */
/* get iptables: what iptables-save would show on a node where kube-proxy did our work. */
#include <stdio.h>

#include "sluicectl.h"

int get_iptables(struct ctl *ctl, int family)
{
	json_t *request =
		json_pack("{s:s, s:s, s:i}", "cmd", "pc", "view", "iptables", "family", family);
	const json_t *row;
	json_t *answer;
	size_t i;
	int rc = ctl_call(ctl, request, &answer);

	if (rc != EXIT_OK)
		return rc;
	json_array_foreach(json_object_get(answer, "rows"), i, row)
		puts(json_string_value(row) ? json_string_value(row) : "");
	json_decref(answer);
	return EXIT_OK;
}
