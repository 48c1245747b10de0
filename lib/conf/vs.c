/* SPDX-License-Identifier: BSD-3-Clause */
/* One VirtualService: its rules checked, its destinations found, its routes added to a host. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "kube.h"
#include "words.h"

#define RETRIES_DEFAULT 2

/* One HTTP rule with where it stands. */
struct rule {
	struct sl_kube *k;
	const struct sl_object *vs, *o; /* o: where it is written, vs or what that delegates to */
	const struct sl_node *http, *match; /* match: NULL for a rule without */
};

/* ---- checks ---- */

static int bad(const struct rule *r, const struct sl_node *at, const char *what)
{
	return sl_object_bad(r->o, at->line, r->k->err, "%s", what);
}

static int check_destinations(const struct rule *r)
{
	const struct sl_node *list = sl_node_get(r->http, "route");
	char cluster[SL_KUBE_NAME_MAX];
	int64_t sum = 0;
	int e = 0;

	for (uint32_t i = 0; e == 0 && i < sl_node_len(list); i++) {
		e = sl_kube_destination(r->k, r->o, sl_node_get(list->item[i], "destination"),
					cluster);
		if (e == 0)
			e = sl_vs_headers_check(r->k, r->o, sl_node_get(list->item[i], "headers"));
		sum += sl_node_int(list->item[i], "weight", 0);
	}
	if (e == 0 && sl_node_len(list) > 1 && sum == 0)
		return bad(r, list, "all weights of a route are 0; write at least one above 0");
	return e;
}

static int check_retries(const struct rule *r)
{
	const struct sl_node *on = sl_node_at(r->http, "retries.retryOn");
	struct sl_model_route probe = {0};
	struct sl_err why = {""};

	if (!on || sl_model_retry_on(&probe, on->text, &why) == 0)
		return 0;
	return bad(r, on, why.text);
}

static int check_rule(const struct rule *r)
{
	const struct sl_node *route = sl_node_get(r->http, "route");
	const struct sl_node *redirect = sl_node_get(r->http, "redirect");
	const struct sl_node *direct = sl_node_get(r->http, "directResponse");
	int n = (sl_node_len(route) > 0) + !!redirect + !!direct, e;

	if (n == 0)
		return bad(r, r->http,
			   "HTTP rule without a destination; write route, redirect, "
			   "directResponse or delegate");
	if (n > 1)
		return bad(r, r->http,
			   "HTTP rule with several destinations; write one of route, "
			   "redirect and directResponse");
	if (sl_node_get(r->http, "rewrite") && !sl_node_len(route))
		return bad(r, r->http,
			   "HTTP rule that rewrites what it doesn't forward; leave "
			   "rewrite out");
	e = check_retries(r);
	if (e == 0)
		e = sl_vs_action_check(r->k, r->o, r->http);
	if (e == 0)
		e = sl_vs_mirrors_check(r->k, r->vs, r->o, r->http);
	return e ? e : check_destinations(r);
}

/* Only a VirtualService that some gateway could serve concerns us: "mesh" is for sidecars. */
static bool for_gateways(const struct sl_object *vs)
{
	const struct sl_node *list = sl_node_at(vs->root, "spec.gateways");

	for (uint32_t i = 0; i < sl_node_len(list); i++)
		if (strcmp(list->item[i]->text, "mesh") != 0)
			return true;
	return false;
}

int sl_vs_check(struct sl_kube *k, const struct sl_object *vs)
{
	struct sl_vs_rules rules;
	int e;

	if (!for_gateways(vs)) {
		sl_objects_warn(
			k->set, vs, vs->line,
			"VirtualService %s names no gateway and is only for sidecars; it is "
			"not used here",
			vs->name);
		return 0;
	}
	e = sl_vs_rules(k, vs, &rules);
	for (size_t i = 0; e == 0 && i < rules.n; i++) {
		struct rule r = {k, vs, rules.v[i].o, rules.v[i].http, NULL};
		const struct sl_node *match = sl_node_get(r.http, "match");

		for (uint32_t j = 0; e == 0 && j < sl_node_len(match); j++)
			e = sl_vs_match_check(k, r.o, match->item[j]);
		if (e == 0)
			e = check_rule(&r);
	}
	free(rules.v);
	return e;
}

bool sl_vs_names_gateway(const struct sl_object *vs, const char *name,
			 const struct sl_object *gateway)
{
	const char *slash = strchr(name, '/');
	size_t n = slash ? (size_t)(slash - name) : 0;

	if (!slash)
		return strcmp(name, gateway->name) == 0 && strcmp(vs->ns, gateway->ns) == 0;
	return strlen(gateway->ns) == n && strncmp(name, gateway->ns, n) == 0 &&
	       strcmp(slash + 1, gateway->name) == 0;
}

/* ---- routes ---- */

static int set_name(const struct rule *r, struct sl_model_route *route)
{
	const char *http = sl_node_text(r->http, "name", "");
	const char *match = sl_node_text(r->match, "name", "");
	char *text;
	int e;

	if (!*http || !*match)
		return sl_model_set(&route->name, http);
	if (asprintf(&text, "%s.%s", http, match) < 0)
		return -ENOMEM;
	e = sl_model_set(&route->name, text);
	free(text);
	return e;
}

static void set_times(const struct rule *r, struct sl_model_route *route)
{
	(void)sl_word_ms(sl_node_text(r->http, "timeout", "0"), &route->timeout_ms);
	(void)sl_word_ms(sl_node_text(r->http, "retries.perTryTimeout", "0"),
			 &route->per_try_timeout_ms);
	route->retry_attempts = (uint32_t)sl_node_int(r->http, "retries.attempts", RETRIES_DEFAULT);
	if (*sl_node_text(r->http, "retries.retryOn", ""))
		(void)sl_model_retry_on(route, sl_node_text(r->http, "retries.retryOn", ""), NULL);
}

static int set_weights(const struct rule *r, struct sl_model_route *route)
{
	const struct sl_node *list = sl_node_get(r->http, "route");
	uint32_t n = sl_node_len(list);
	char cluster[SL_KUBE_NAME_MAX];
	int e = 0;

	for (uint32_t i = 0; e == 0 && i < n; i++) {
		const struct sl_node *d = list->item[i];
		/* A single destination takes everything, whatever weight is written. */
		uint32_t weight = n == 1 ? 100 : (uint32_t)sl_node_int(d, "weight", 0);

		e = sl_kube_destination(r->k, r->o, sl_node_get(d, "destination"), cluster);
		if (e == 0 && (sl_model_weight_add(route, cluster, weight) < 0 ||
			       sl_vs_weight_headers_add(sl_node_get(d, "headers"),
							&route->weights[route->n_weights - 1]) < 0))
			e = sl_kube_no_memory(r->k);
	}
	return e;
}

static int add_route(const struct rule *r, int64_t port, struct sl_model_vhost *vhost)
{
	const struct sl_node *at = r->match ? r->match : r->http;
	struct sl_model_route *route = sl_model_route_add(vhost);
	char vs[SL_KUBE_NAME_MAX];
	int e;

	snprintf(vs, sizeof(vs), "%s.%s", r->vs->name, r->vs->ns);
	if (!route || set_name(r, route) < 0 || sl_vs_match_add(r->match, route) < 0 ||
	    sl_vs_action_add(r->http, port, route) < 0 ||
	    sl_model_set(&route->virtual_service, vs) < 0 ||
	    sl_model_origin(&route->origin, r->o->file, at->line) < 0)
		return sl_kube_no_memory(r->k);
	set_times(r, route);
	e = set_weights(r, route);
	return e ? e : sl_vs_mirrors_add(r->k, r->vs, r->o, r->http, route);
}

/* The routes of one rule; *done when one of them lets nothing past. */
static int add_rule(struct rule *r, const struct sl_object *gateway, int64_t port,
		    struct sl_model_vhost *vhost, bool *done)
{
	const struct sl_node *match = sl_node_get(r->http, "match");
	uint32_t n = sl_node_len(match);
	int e = 0;

	for (uint32_t i = 0; e == 0 && !*done && i < SL_MAX(n, 1u); i++) {
		r->match = n ? match->item[i] : NULL;
		if (!sl_vs_match_applies(r->vs, r->match, gateway, port))
			continue;
		e = add_route(r, port, vhost);
		*done = e == 0 && sl_route_catch_all(&vhost->routes[vhost->n_routes - 1]);
	}
	return e;
}

int sl_vs_routes(struct sl_kube *k, const struct sl_object *vs, const struct sl_object *gateway,
		 int64_t server_port, struct sl_model_vhost *vhost)
{
	struct sl_vs_rules rules;
	bool done = false;
	int e = sl_vs_rules(k, vs, &rules);

	for (size_t i = 0; e == 0 && i < rules.n; i++) {
		struct rule r = {k, vs, rules.v[i].o, rules.v[i].http, NULL};

		if (done) {
			sl_objects_warn(k->set, r.o, r.http->line,
					"rule is never reached: one before it in VirtualService %s "
					"matches every request",
					vs->name);
			break;
		}
		e = add_rule(&r, gateway, server_port, vhost, &done);
	}
	free(rules.v);
	return e;
}
