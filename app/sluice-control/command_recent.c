/* SPDX-License-Identifier: BSD-3-Clause */
/* recent: heads of the newest requests, for `explain --last`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"

static json_t *head_json(const struct recent_head *h)
{
	char ip[SL_IP_TEXT_MAX];

	return json_pack("{s:I, s:s, s:i, s:i, s:b, s:o, s:o, s:o}", "wall_us",
			 (json_int_t)h->wall_us, "address", sl_ip_format(&h->ip, ip), "port",
			 (int)h->port, "status", (int)h->status, "cut", h->cut, "method",
			 json_text(h->method), "host", json_text(h->host), "path",
			 json_text(h->path));
}

int command_recent(struct control *c, uint64_t client, const json_t *request, json_t *answer,
		   struct sl_err *err)
{
	const char *host = json_string_value(json_object_get(request, "host"));
	json_int_t most = json_integer_value(json_object_get(request, "n"));
	struct recent_head *head = NULL;
	json_t *list = json_array();
	uint64_t seen;
	size_t n;

	if (json_object_set_new(answer, "requests", list) < 0 ||
	    recent_copy(c->recent, &head, &n, &seen) < 0)
		return sl_err(err, ENOMEM, "Out of memory.");
	for (size_t i = 0; i < n && (json_int_t)json_array_size(list) < most; i++)
		if (host == NULL || strstr(head[i].host, host) != NULL)
			json_array_append_new(list, head_json(&head[i]));
	free(head);
	return 0;
}
