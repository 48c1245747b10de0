/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which HTTPRoutes attach to which listeners at which hosts, and in which order the rules of one
 * host are tried (the Gateway API's HTTPRouteRule.matches).
 */
#include <errno.h>
#include <stdlib.h>

#include "api.h"
#include "words.h"

/* A parent that is a Gateway; others (a Service, of a mesh) don't concern us. */
static bool is_gateway(const struct sl_node *ref)
{
	return strcmp(sl_node_text(ref, "kind", "Gateway"), "Gateway") == 0 &&
	       strcmp(sl_node_text(ref, "group", SL_API_GROUP), SL_API_GROUP) == 0;
}

static bool names(const struct sl_node *ref, const struct sl_object *route,
		  const struct sl_api_listener *l)
{
	const char *section = sl_node_text(ref, "sectionName", "");
	int64_t port = sl_node_int(ref, "port", 0);

	return is_gateway(ref) && strcmp(sl_node_text(ref, "name", ""), l->gw->name) == 0 &&
	       strcmp(sl_node_text(ref, "namespace", route->ns), l->gw->ns) == 0 &&
	       (!*section || strcmp(section, l->name) == 0) && (!port || port == l->number);
}

/* ---- entries ---- */

static int add_entry(struct sl_build *b, struct sl_api_entry entry)
{
	struct sl_api *api = b->api;
	const char *text;
	size_t length = 0;

	if (api->n_entry == api->cap_entry) {
		size_t cap = api->cap_entry ? api->cap_entry * 2 : 64;
		struct sl_api_entry *v = reallocarray(api->entry, cap, sizeof(*v));

		if (!v)
			return sl_kube_no_memory(b->k);
		api->entry = v;
		api->cap_entry = cap;
	}
	switch (sl_api_path(entry.match, &text, &length)) {
	case SL_PATH_EXACT:
		entry.path_rank = 3;
		break;
	case SL_PATH_ELEMENTS:
		entry.path_rank = 2;
		break;
	default: /* Where the specification leaves it open: as Istio. */
		entry.path_rank = 1;
	}
	entry.length = (uint32_t)length;
	entry.method = sl_node_get(entry.match, "method") != NULL;
	entry.headers = sl_node_len(sl_node_get(entry.match, "headers"));
	entry.params = sl_node_len(sl_node_get(entry.match, "queryParams"));
	api->entry[api->n_entry++] = entry;
	return 0;
}

/* All rules of a route at one host; a route without rules is one that matches everything. */
static int add_rules(struct sl_build *b, struct sl_api_route *route, const char *host,
		     int64_t number)
{
	const struct sl_node *rules = sl_node_at(route->o->root, "spec.rules");
	struct sl_api_entry entry = {.route = route, .number = number};
	int e = 0;

	entry.host = sl_arena_text(&b->api->arena, host, strlen(host));
	if (!entry.host)
		return sl_kube_no_memory(b->k);
	for (uint32_t i = 0; e == 0 && i < SL_MAX(sl_node_len(rules), 1u); i++) {
		const struct sl_node *matches;

		entry.rule = sl_node_len(rules) ? rules->item[i] : NULL;
		entry.rule_at = i;
		matches = sl_node_get(entry.rule, "matches");
		for (uint32_t j = 0; e == 0 && j < SL_MAX(sl_node_len(matches), 1u); j++) {
			entry.match = sl_node_len(matches) ? matches->item[j] : NULL;
			entry.match_at = j;
			e = add_entry(b, entry);
		}
	}
	return e;
}

/*
 * Requests for a host belong to the listener with the narrowest hostname that covers it, and to
 * the routes of that one alone (GatewayHTTPListenerIsolation).
 */
static bool narrower(const struct sl_api *api, const struct sl_api_listener *l, const char *host)
{
	for (size_t i = 0; i < api->n_listener; i++) {
		const struct sl_api_listener *o = &api->listener[i];

		if (o != l && o->gw == l->gw && o->number == l->number &&
		    strcmp(o->host, l->host) != 0 && sl_host_covers(l->host, o->host) &&
		    sl_host_covers(o->host, host))
			return true;
	}
	return false;
}

static int attach(struct sl_build *b, struct sl_api_route *route, const struct sl_api_listener *l)
{
	const struct sl_node *list = sl_node_at(route->o->root, "spec.hostnames");
	int e = 0;

	for (uint32_t i = 0; e == 0 && i < SL_MAX(sl_node_len(list), 1u); i++) {
		char wanted[SL_HOST_NAME_MAX];
		const char *host;

		sl_host_lower(sl_node_len(list) ? list->item[i]->text : "*", wanted);
		host = sl_host_intersect(l->host, wanted);
		if (!host || narrower(b->api, l, host))
			continue;
		route->reach = SL_API_ATTACHED;
		e = add_rules(b, route, host, l->number);
	}
	return e;
}

static int try_listener(struct sl_build *b, struct sl_api_route *route,
			const struct sl_api_listener *l)
{
	const struct sl_node *refs = sl_node_at(route->o->root, "spec.parentRefs");
	bool named = false;

	for (uint32_t i = 0; !named && i < sl_node_len(refs); i++)
		named = names(refs->item[i], route->o, l);
	if (!named)
		return 0;
	if (!l->takes_routes || !sl_api_allows(b->k, l, route->o->ns)) {
		route->reach = SL_MAX(route->reach, SL_API_NOT_ALLOWED);
		return 0;
	}
	route->reach = SL_MAX(route->reach, SL_API_NO_HOST);
	return attach(b, route, l);
}

/* ---- order ---- */

static int more(uint32_t x, uint32_t y)
{
	return (x < y) - (x > y);
}

static int age_cmp(const struct sl_object *x, const struct sl_object *y)
{
	int c = strcmp(sl_node_text(x->root, "metadata.creationTimestamp", ""),
		       sl_node_text(y->root, "metadata.creationTimestamp", ""));

	if (c == 0)
		c = strcmp(x->ns, y->ns);
	return c ? c : strcmp(x->name, y->name);
}

static int entry_cmp(const void *a, const void *b)
{
	const struct sl_api_entry *x = a, *y = b;
	int c = strcmp(x->host, y->host);

	if (c == 0)
		c = more(x->path_rank, y->path_rank);
	if (c == 0)
		c = more(x->length, y->length);
	if (c == 0)
		c = more(x->method, y->method);
	if (c == 0)
		c = more(x->headers, y->headers);
	if (c == 0)
		c = more(x->params, y->params);
	if (c == 0)
		c = age_cmp(x->route->o, y->route->o);
	if (c == 0)
		c = more(y->rule_at, x->rule_at);
	return c ? c : more(y->match_at, x->match_at);
}

/* By way of two listeners or two parentRefs a rule comes twice. */
static void drop_repeated(struct sl_api *api)
{
	size_t n = 0;

	for (size_t i = 0; i < api->n_entry; i++)
		if (n == 0 || entry_cmp(&api->entry[n - 1], &api->entry[i]) != 0)
			api->entry[n++] = api->entry[i];
	api->n_entry = n;
}

int sl_api_units(struct sl_build *b, uint16_t port)
{
	struct sl_api *api = b->api;
	int e = 0;

	api->n_entry = 0;
	for (size_t s = 0; s < b->n_server; s++) {
		const struct sl_api_listener *l;

		if (b->server[s].dialect != SL_DIALECT_API || b->server[s].port != port)
			continue;
		l = sl_api_listener_of(api, &b->server[s]);
		for (size_t r = 0; e == 0 && r < api->n_route; r++)
			e = try_listener(b, &api->route[r], l);
	}
	if (api->n_entry)
		qsort(api->entry, api->n_entry, sizeof(*api->entry), entry_cmp);
	drop_repeated(api);
	for (size_t i = 0; e == 0 && i < api->n_entry; i++) {
		struct sl_unit u = {api->entry[i].route->o, SL_DIALECT_API, i};

		for (; i + 1 < api->n_entry &&
		       strcmp(api->entry[i + 1].host, api->entry[i].host) == 0;
		     i++)
			if (age_cmp(api->entry[i + 1].route->o, u.oldest) < 0)
				u.oldest = api->entry[i + 1].route->o;
		e = sl_unit_add(b, &u);
	}
	return e;
}

int sl_api_fill(struct sl_build *b, struct sl_hosts *h, size_t at, uint16_t port)
{
	const struct sl_api *api = b->api;
	const struct sl_api_entry *first = &api->entry[at];
	struct sl_model_vhost *vhost;
	int e = sl_hosts_get(b, h, first->host, first->number, first->route->o, first, &vhost);

	(void)port; /* the entries are those of the port that is being made */
	for (size_t i = at; e == 0 && vhost && i < api->n_entry; i++) {
		if (strcmp(api->entry[i].host, first->host) != 0)
			break;
		e = sl_api_route_add(b->k, &api->entry[i], vhost);
	}
	return e;
}

/* ---- all ---- */

static int check_hostnames(const struct sl_kube *k, const struct sl_object *o)
{
	const struct sl_node *list = sl_node_at(o->root, "spec.hostnames");
	int e = 0;

	for (uint32_t i = 0; e == 0 && i < sl_node_len(list); i++)
		e = sl_host_check_strict(k, o, list->item[i], "an HTTPRoute");
	return e;
}

int sl_api_gather(struct sl_build *b)
{
	const struct sl_objects *set = b->k->set;
	struct sl_api *api = calloc(1, sizeof(*api));
	int e;

	b->api = api;
	if (api)
		api->route = calloc(set->n + 1, sizeof(*api->route));
	if (!api || !api->route)
		return sl_kube_no_memory(b->k);
	e = sl_api_gateways(b);
	for (size_t i = 0; e == 0 && i < set->n; i++) {
		if (set->v[i]->kind->id != SL_KIND_HTTP_ROUTE)
			continue;
		api->route[api->n_route++].o = set->v[i];
		e = check_hostnames(b->k, set->v[i]);
		if (e == 0)
			e = sl_api_route_check(b->k, set->v[i]);
	}
	return e;
}

static void warn_unattached(const struct sl_build *b)
{
	static const char *const why[] = {
		[SL_API_NO_PARENT] = "no listener that is open is one that its parentRefs name",
		[SL_API_NOT_ALLOWED] =
			"its listeners' allowedRoutes leave its namespace or kind out",
		[SL_API_NO_HOST] = "none of its hostnames is one of its listeners'"};

	for (size_t i = 0; i < b->api->n_route; i++) {
		const struct sl_api_route *r = &b->api->route[i];

		if (r->reach != SL_API_ATTACHED)
			sl_objects_warn(b->k->set, r->o, r->o->line, "HTTPRoute %s is not used: %s",
					r->o->name, why[r->reach]);
	}
}

void sl_api_done(struct sl_build *b, bool ok)
{
	struct sl_api *api = b->api;

	if (!api)
		return;
	if (ok)
		warn_unattached(b);
	free(api->listener);
	free(api->route);
	free(api->entry);
	sl_arena_free(&api->arena);
	free(api);
}
