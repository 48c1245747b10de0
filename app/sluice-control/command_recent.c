/* SPDX-License-Identifier: BSD-3-Clause */
/* recent: heads of the newest requests, for `explain --last`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"

/* Field values stay here: `explain` finds them again by the id. */
static json_t *head_json(const struct recent_head *h, const struct sl_head_in *in)
{
	char ip[SL_IP_TEXT_MAX];

	return json_pack("{s:I, s:I, s:s, s:i, s:i, s:b, s:o, s:o, s:o}", "id", (json_int_t)h->id,
			 "wall_us", (json_int_t)h->wall_us, "address", sl_ip_format(&in->r.ip, ip),
			 "port", (int)in->r.port, "status", (int)h->status, "cut",
			 (in->r.flags & SL_HEAD_CUT) != 0, "method", json_text_of(in->req.method),
			 "host", json_text_of(in->req.authority), "path",
			 json_text_of(in->req.target));
}

static bool wanted(const struct sl_head_in *in, const char *host)
{
	struct sl_str a = in->req.authority;

	return host == NULL || (a.n > 0 && memmem(a.p, a.n, host, strlen(host)) != NULL);
}

int command_recent(struct control *c, uint64_t client, const json_t *request, json_t *answer,
		   struct sl_err *err)
{
	const char *host = json_string_value(json_object_get(request, "host"));
	json_int_t most = json_integer_value(json_object_get(request, "n"));
	struct recent_head *head = NULL;
	struct sl_head_in in;
	json_t *list = json_array();
	uint64_t seen;
	size_t n;

	if (json_object_set_new(answer, "requests", list) < 0 ||
	    recent_copy(c->recent, &head, &n, &seen) < 0)
		return sl_err(err, ENOMEM, "Out of memory.");
	for (size_t i = 0; i < n && (json_int_t)json_array_size(list) < most; i++)
		if (sl_head_read(&in, head[i].msg, head[i].len) == 0 && wanted(&in, host))
			json_array_append_new(list, head_json(&head[i], &in));
	free(head);
	return 0;
}
