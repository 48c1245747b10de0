/* SPDX-License-Identifier: BSD-3-Clause */
/* Routes said natively in sluice.conf, to the model. */
#include <errno.h>

#include "native.h"

struct route_text {
	const char *name, *exact, *prefix, *regex;
	const char *rewrite, *authority, *cluster;
	const config_setting_t *clusters, *match, *redirect, *direct;
	const char *retry_on;
	const char *redirect_host, *redirect_path, *body;
	uint16_t redirect_status, direct_status;
	uint32_t timeout_ms, per_try_ms, retries;
	uint8_t log_sample;
};

#define ROUTE(field) SL_KEY_AT(struct route_text, field)

static const struct sl_key match_keys[] = {
	{.name = "exact", .type = SL_KEY_STR, ROUTE(exact), .min = 1, .help = "The whole path."},
	{.name = "prefix",
	 .type = SL_KEY_STR,
	 ROUTE(prefix),
	 .min = 1,
	 .help = "What the path begins with, byte by byte."},
	{.name = "regex",
	 .type = SL_KEY_STR,
	 ROUTE(regex),
	 .min = 1,
	 .help = "Expression (RE2) for the whole path."},
	{0},
};

static const struct sl_key redirect_keys[] = {
	{.name = "host",
	 .type = SL_KEY_STR,
	 ROUTE(redirect_host),
	 .def = "",
	 .help = "New host. Default: as asked."},
	{.name = "path",
	 .type = SL_KEY_STR,
	 ROUTE(redirect_path),
	 .def = "",
	 .help = "New path. Default: as asked."},
	{.name = "status",
	 .type = SL_KEY_INT,
	 ROUTE(redirect_status),
	 301,
	 308,
	 "301",
	 .help = "301, 302, 303, 307 or 308."},
	{0},
};

static const struct sl_key direct_keys[] = {
	{.name = "status",
	 .type = SL_KEY_INT,
	 ROUTE(direct_status),
	 200,
	 599,
	 .required = true,
	 .help = "the status of the answer: status = 200"},
	{.name = "body", .type = SL_KEY_STR, ROUTE(body), .def = "", .help = "Body of the answer."},
	{0},
};

/* Groups of a route: noted, because their presence says what the route does. */
static int match_read(struct sl_reader *r, const config_setting_t *s, void *dst)
{
	struct route_text *t = dst;
	int e = sl_keys_read(r, match_keys, s, "match", t);

	t->match = s;
	if (e == 0 && !!t->exact + !!t->prefix + !!t->regex != 1)
		return sl_reader_bad(r, s, "match says %s; write one of exact, prefix and regex",
				     t->exact || t->prefix || t->regex ? "several paths"
								       : "no path");
	if (e == 0 && !t->regex && *(t->exact ? t->exact : t->prefix) != '/')
		return sl_reader_bad(r, s,
				     "match of a path that begins without '/', which no request "
				     "has; write '/' first");
	return e;
}

static int redirect_read(struct sl_reader *r, const config_setting_t *s, void *dst)
{
	struct route_text *t = dst;
	int e = sl_keys_read(r, redirect_keys, s, "redirect", t);

	t->redirect = s;
	if (e == 0 && !*t->redirect_host && !*t->redirect_path)
		return sl_reader_bad(r, s, "redirect to the same place; write host or path");
	return e;
}

static int direct_read(struct sl_reader *r, const config_setting_t *s, void *dst)
{
	((struct route_text *)dst)->direct = s;
	return sl_keys_read(r, direct_keys, s, "direct", dst);
}

const struct sl_key sl_native_route_keys[] = {
	{.name = "name",
	 .type = SL_KEY_STR,
	 .max = SL_KEY_NAME_MAX,
	 ROUTE(name),
	 .def = "",
	 .help = "Name in the access log."},
	{.name = "match",
	 .type = SL_KEY_READ,
	 .keys = match_keys,
	 .read = match_read,
	 .help = "Which paths: { exact | prefix | regex = \"...\"; }. Absent: all."},
	{.name = "cluster",
	 .type = SL_KEY_STR,
	 .max = SL_KEY_NAME_MAX,
	 ROUTE(cluster),
	 .min = 1,
	 .help = "Where requests go: a cluster's name."},
	{.name = "clusters",
	 .type = SL_KEY_EACH,
	 ROUTE(clusters),
	 .min = 1,
	 .keys = sl_native_weight_keys,
	 .help = "Several clusters with weights."},
	{.name = "redirect",
	 .type = SL_KEY_READ,
	 .keys = redirect_keys,
	 .read = redirect_read,
	 .help = "Answer with a redirect instead."},
	{.name = "direct",
	 .type = SL_KEY_READ,
	 .keys = direct_keys,
	 .read = direct_read,
	 .help = "Answer directly instead."},
	{.name = "rewrite",
	 .type = SL_KEY_STR,
	 ROUTE(rewrite),
	 .min = 1,
	 .help = "New path: the matched prefix is replaced, with exact and regex the whole path."},
	{.name = "authority",
	 .type = SL_KEY_STR,
	 ROUTE(authority),
	 .def = "",
	 .help = "New Host header. Default: unchanged."},
	{.name = "timeout",
	 .type = SL_KEY_TIME,
	 ROUTE(timeout_ms),
	 0,
	 SL_KEY_DAY_MS,
	 "0",
	 .help = "Whole request. 0: no limit."},
	{.name = "retries",
	 .type = SL_KEY_INT,
	 ROUTE(retries),
	 0,
	 10,
	 "2",
	 .help = "Tries after the first one, where the request may be repeated."},
	{.name = "retry_on",
	 .type = SL_KEY_STR,
	 ROUTE(retry_on),
	 .help = "What is tried again, separated by commas: connect-failure, reset, "
		 "reset-before-request, 5xx, gateway-error, retriable-4xx, statuses. Default: "
		 "connect-failure and reset."},
	{.name = "log_sample",
	 .type = SL_KEY_INT,
	 ROUTE(log_sample),
	 0,
	 100,
	 .help = "Percentage of its requests in the access log. Default: log.sample."},
	{.name = "per_try_timeout",
	 .type = SL_KEY_TIME,
	 ROUTE(per_try_ms),
	 0,
	 SL_KEY_DAY_MS,
	 "0",
	 .help = "Each try. 0: as the whole request."},
	{0},
};

struct weight_text {
	const char *name;
	uint32_t weight;
};

const struct sl_key sl_native_weight_keys[] = {
	{.name = "name",
	 .type = SL_KEY_STR,
	 .max = SL_KEY_NAME_MAX,
	 SL_KEY_AT(struct weight_text, name),
	 .min = 1,
	 .required = true,
	 .help = "a cluster's name: name = \"v1\""},
	{.name = "weight",
	 .type = SL_KEY_INT,
	 SL_KEY_AT(struct weight_text, weight),
	 0,
	 1000000,
	 .required = true,
	 .help = "its share: weight = 90"},
	{0},
};

int sl_native_weights_read(struct sl_reader *r, const char *cluster,
			   const config_setting_t *clusters, struct sl_model_route *route)
{
	int e = 0;

	if (cluster)
		return sl_model_weight_add(route, cluster, 100) < 0 ? sl_native_no_memory(r) : 0;
	for (int i = 0; e == 0 && i < sl_native_length(clusters); i++) {
		struct weight_text w = {0};

		e = sl_keys_read(r, sl_native_weight_keys,
				 config_setting_get_elem(clusters, (unsigned)i),
				 "entry of clusters", &w);
		if (e == 0 && sl_model_weight_add(route, w.name, w.weight) < 0)
			e = sl_native_no_memory(r);
	}
	return e;
}

static int action_check(struct sl_reader *r, const config_setting_t *s, const struct route_text *t)
{
	int n = !!t->cluster + !!t->clusters + !!t->redirect + !!t->direct;

	if (n == 0)
		return sl_reader_bad(r, s,
				     "route without a destination; write cluster, clusters, "
				     "redirect or direct");
	if (n > 1)
		return sl_reader_bad(r, s,
				     "route with %d destinations; write one of cluster, clusters, "
				     "redirect and direct",
				     n);
	if ((t->rewrite || *t->authority) && (t->redirect || t->direct))
		return sl_reader_bad(r, s,
				     "route that rewrites what it doesn't forward; leave 'rewrite' "
				     "and 'authority' out");
	if (t->rewrite && *t->rewrite != '/')
		return sl_reader_bad(r, s, "'rewrite' begins without '/'; write '/' first");
	return 0;
}

static int route_fill(const struct route_text *t, struct sl_model_route *route)
{
	const char *path = t->exact ? t->exact : t->prefix ? t->prefix : t->regex;
	int e = sl_model_set(&route->name, t->name);

	route->match = t->exact ? SL_PATH_EXACT : t->regex ? SL_PATH_REGEX : SL_PATH_PREFIX;
	route->action = t->redirect ? SL_ROUTE_REDIRECT
			: t->direct ? SL_ROUTE_DIRECT
				    : SL_ROUTE_FORWARD;
	if (t->rewrite)
		route->rewrite =
			route->match == SL_PATH_PREFIX ? SL_REWRITE_PREFIX : SL_REWRITE_PATH;
	route->timeout_ms = t->timeout_ms;
	route->retry_attempts = t->retries;
	route->per_try_timeout_ms = t->per_try_ms;
	route->redirect_rewrite =
		t->redirect && *t->redirect_path ? SL_REWRITE_PATH : SL_REWRITE_NONE;
	route->status = t->redirect ? t->redirect_status : t->direct ? t->direct_status : 0;
	e |= sl_model_set(&route->path, path ? path : "/");
	e |= sl_model_set(&route->rewrite_to, t->rewrite);
	e |= sl_model_set(&route->rewrite_authority, t->authority);
	e |= sl_model_set(&route->redirect_authority, t->redirect ? t->redirect_host : "");
	e |= sl_model_set(&route->redirect_path, t->redirect ? t->redirect_path : "");
	e |= sl_model_set(&route->direct_body, t->direct ? t->body : "");
	return e ? -ENOMEM : 0;
}

int sl_native_route_read(struct sl_reader *r, const config_setting_t *s,
			 struct sl_model_vhost *vhost)
{
	struct sl_model_route *route;
	struct route_text t = {0};
	struct sl_err why;
	int e = sl_keys_read(r, sl_native_route_keys, s, "route", &t);

	if (e == 0)
		e = action_check(r, s, &t);
	if (e)
		return e;
	route = sl_model_route_add(vhost);
	if (!route || route_fill(&t, route) < 0)
		return sl_native_no_memory(r);
	if (t.retry_on && sl_model_retry_on(route, t.retry_on, &why) < 0)
		return sl_reader_bad(r, config_setting_get_member(s, "retry_on"), "'retry_on': %s",
				     why.text);
	if (config_setting_get_member(s, "log_sample"))
		route->log_sample = (uint8_t)(t.log_sample + 1);
	e = sl_native_origin(r, s, &route->origin);
	return e ? e : sl_native_weights_read(r, t.cluster, t.clusters, route);
}
