/* SPDX-License-Identifier: BSD-3-Clause */
/* pc: chooses the view, and what the views share. */
#include "view.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "admin.h"
#include "control.h"

json_t *view_text(const struct sl_snap *s, struct sl_ref ref)
{
	return json_text_of(sl_snap_str(s, ref));
}

void view_set_text(json_t *object, const char *key, const struct sl_snap *s, struct sl_ref ref)
{
	if (ref.len > 0)
		json_object_set_new(object, key, view_text(s, ref));
}

json_t *view_socket_address(const struct sl_ip *ip, uint16_t port)
{
	char text[SL_IP_TEXT_MAX];

	return json_pack("{s:{s:s, s:i}}", "socketAddress", "address", sl_ip_format(ip, text),
			 "portValue", (int)port);
}

json_t *view_duration(uint32_t ms)
{
	char text[32];

	if (ms % 1000 == 0)
		snprintf(text, sizeof(text), "%us", ms / 1000);
	else
		snprintf(text, sizeof(text), "%u.%03us", ms / 1000, ms % 1000);
	return json_string(text);
}

static bool filter_of(const json_t *request, const char *key, struct sl_str *want)
{
	const json_t *f = json_object_get(request, key);

	if (!json_is_string(f))
		return false;
	*want = (struct sl_str){json_string_value(f), (uint32_t)json_string_length(f)};
	return true;
}

bool view_wants(const json_t *request, const char *key, struct sl_str text)
{
	struct sl_str want;

	return !filter_of(request, key, &want) || sl_str_ieq(want, text);
}

bool view_wants_part(const json_t *request, const char *key, struct sl_str text)
{
	struct sl_str want;

	return !filter_of(request, key, &want) || want.n == 0 ||
	       memmem(text.p, text.n, want.p, want.n) != NULL;
}

bool view_wants_number(const json_t *request, const char *key, long long value)
{
	const json_t *f = json_object_get(request, key);

	return !json_is_integer(f) || json_integer_value(f) == value;
}

/* What there is none of here: certificates, extensions. */
static void view_none(const struct sl_snap *s, const json_t *request, json_t *rows, json_t *protos)
{
}

static const struct {
	const char *name;
	view_fn *fn;
} views[] = {
	{"listener", view_listeners}, {"route", view_routes}, {"cluster", view_clusters},
	{"endpoint", view_endpoints}, {"eds", view_eds},      {"iptables", view_iptables},
	{"secret", view_none},        {"ecds", view_none},
};

int command_pc(struct control *c, uint64_t client, const json_t *request, json_t *answer,
	       struct sl_err *err)
{
	const char *view = json_string_value(json_object_get(request, "view"));
	const struct sl_conf_control *cc = sl_conf_control(c->conf);
	json_t *rows = json_array(), *protos = json_array();
	struct sl_stats *stats;

	if (json_object_set_new(answer, "rows", rows) < 0 ||
	    json_object_set_new(answer, "protos", protos) < 0)
		return sl_err(err, ENOMEM, "Out of memory.");
	if (view != NULL && strcmp(view, "bootstrap") == 0) {
		json_array_append_new(
			protos, json_pack("{s:o}", "bootstrap",
					  view_bootstrap(c->instance, sl_conf_control(c->conf))));
		return 0;
	}
	if (view != NULL && strcmp(view, "log") == 0) {
		json_array_append_new(protos, json_pack("{s:s}", "sluice-control", c->log_level));
		return 0;
	}
	if (view != NULL && strcmp(view, "all") == 0) {
		json_t *configs = admin_dump(c);

		json_array_extend(protos, configs);
		json_decref(configs);
		return 0;
	}
	for (size_t i = 0; view != NULL && i < SL_ARRAY_LEN(views); i++) {
		if (strcmp(view, views[i].name) != 0)
			continue;
		stats = view_stats_open(c->dir);
		if (c->snap.map != NULL)
			views[i].fn(c->snap.map, request, rows, protos);
		if (views[i].fn == view_listeners)
			view_own_listeners(cc, request, rows, protos);
		else if (views[i].fn == view_routes)
			view_own_routes(cc, request, rows, protos);
		view_stats_close(stats);
		return 0;
	}
	return sl_err(err, EINVAL,
		      "The member \"view\" must be all, bootstrap, cluster, ecds, eds, endpoint, "
		      "listener, route or secret.");
}
