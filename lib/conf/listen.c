/* SPDX-License-Identifier: BSD-3-Clause */
/* Opens the ports that Gateways and Ingresses ask for, and merges the routes of their hosts. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "dialect.h"
#include "words.h"

/* ---- servers and units ---- */

/* Room for one more in an array that doubles. */
static void *grown(void *v, size_t n, size_t *cap, size_t size)
{
	size_t want = *cap ? *cap * 2 : 16;
	void *p;

	if (n < *cap)
		return v;
	p = reallocarray(v, want, size);
	if (p)
		*cap = want;
	return p;
}

int sl_server_add(struct sl_build *b, const struct sl_server *server)
{
	struct sl_server *s;

	for (size_t i = 0; i < b->n_server; i++)
		if (b->server[i].dialect == server->dialect &&
		    b->server[i].server == server->server && b->server[i].port == server->port)
			return 0;
	s = grown(b->server, b->n_server, &b->cap_server, sizeof(*s));
	if (!s)
		return sl_kube_no_memory(b->k);
	b->server = s;
	b->server[b->n_server++] = *server;
	return 0;
}

int sl_unit_add(struct sl_build *b, const struct sl_unit *unit)
{
	struct sl_unit *u = grown(b->unit, b->n_unit, &b->cap_unit, sizeof(*u));

	if (!u)
		return sl_kube_no_memory(b->k);
	b->unit = u;
	b->unit[b->n_unit++] = *unit;
	return 0;
}

/* The ports at which a Service's port leads to us. */
static int add_service_port(struct sl_build *b, const struct sl_server *server,
			    const struct sl_kube_service *s, const struct sl_node *port,
			    bool *found)
{
	struct sl_server at = *server;
	struct sl_kube_addrs addrs;
	int e = sl_kube_addrs(b->k, s, port, false, &addrs);

	if (e)
		return e;
	for (size_t i = 0; e == 0 && i < addrs.n; i++) {
		if (!sl_kube_own(b->k, &addrs.v[i].addr.ip))
			continue;
		at.port = addrs.v[i].addr.port;
		e = sl_server_add(b, &at);
		*found = true;
	}
	free(addrs.v);
	return e;
}

/* A Service that is named leads to us even while it has no endpoints. */
static uint16_t named_target(const struct sl_build *b, const struct sl_kube_service *s,
			     int64_t number)
{
	uint16_t target = 0;

	for (uint32_t p = 0; s && p < sl_node_len(s->ports); p++)
		if (sl_node_int(s->ports->item[p], "port", 0) == number && target == 0)
			target = sl_kube_target(b->k, s, s->ports->item[p]);
	return target ? target : (uint16_t)number;
}

int sl_server_add_own(struct sl_build *b, const struct sl_server *server,
		      const struct sl_kube_service *only)
{
	struct sl_server own = *server;
	bool found = false;
	int e = 0;

	for (size_t i = 0; e == 0 && i < b->k->n_service; i++) {
		const struct sl_kube_service *s = &b->k->service[i];

		for (uint32_t p = 0; e == 0 && p < sl_node_len(s->ports); p++)
			if ((!only || only == s) &&
			    sl_node_int(s->ports->item[p], "port", 0) == server->number &&
			    sl_kube_proto(s->ports->item[p]) == IPPROTO_TCP)
				e = add_service_port(b, server, s, s->ports->item[p], &found);
	}
	if (e || found)
		return e;
	own.port = named_target(b, only, server->number);
	return sl_server_add(b, &own);
}

/* ---- hosts ---- */

void sl_host_lower(const char *text, char out[SL_HOST_NAME_MAX])
{
	size_t n = 0;

	for (; n < SL_DNS_NAME_MAX && text[n]; n++)
		out[n] = sl_lower(text[n]);
	out[n] = '\0';
}

bool sl_host_covers(const char *wide, const char *narrow)
{
	size_t w = strlen(wide), n = strlen(narrow);

	if (strcmp(wide, "*") == 0 || strcmp(wide, narrow) == 0)
		return true;
	/* "*.foo.com" over "a.foo.com" and "*.a.foo.com", never over "foo.com". */
	return wide[0] == '*' && n > w - 1 && strcmp(wide + 1, narrow + n - (w - 1)) == 0 &&
	       strcmp(narrow, "*") != 0;
}

const char *sl_host_intersect(const char *a, const char *b)
{
	if (sl_host_covers(a, b))
		return b;
	return sl_host_covers(b, a) ? a : NULL;
}

int sl_host_check(const struct sl_kube *k, const struct sl_object *o, const struct sl_node *host,
		  const char *name)
{
	char show[SL_SHOW_MAX];

	if (*name && strlen(name) <= SL_DNS_NAME_MAX)
		return 0;
	return sl_object_bad(o, host->line, k->err,
			     "host '%s' has no name of 1 to %d bytes; write a name, '*.suffix' or "
			     "'*'",
			     sl_show(host->text, show), SL_DNS_NAME_MAX);
}

int sl_host_check_strict(const struct sl_kube *k, const struct sl_object *o,
			 const struct sl_node *host, const char *of)
{
	char show[SL_SHOW_MAX];

	if (strchr(host->text, ':') || strcmp(host->text, "*") == 0)
		return sl_object_bad(o, host->line, k->err,
				     "host '%s' of %s; write a name without a port, '*.suffix', or "
				     "leave it out for every host",
				     sl_show(host->text, show), of);
	return sl_host_check(k, o, host, host->text);
}

static int hosts_grow(struct sl_hosts *h)
{
	size_t n = h->table->n_vhosts + 1;
	const void **last;
	bool *merged;

	if (n <= h->cap)
		return 0;
	last = reallocarray(h->last, n * 2, sizeof(*last));
	if (!last)
		return -ENOMEM;
	h->last = last;
	merged = reallocarray(h->merged, n * 2, sizeof(*merged));
	if (!merged)
		return -ENOMEM;
	h->merged = merged;
	h->cap = n * 2;
	return 0;
}

/* Its place, made when it is the first of its name; or -ENOMEM. */
static int64_t place_of(struct sl_hosts *h, const char *host, int64_t number,
			const struct sl_object *origin)
{
	int64_t at = sl_index_get(&h->index, host);
	struct sl_model_vhost *v;
	char name[SL_HOST_NAME_MAX + 8];
	char *key;

	if (at >= 0)
		return at;
	at = (int64_t)h->table->n_vhosts;
	snprintf(name, sizeof(name), "%s:%lld", host, (long long)number);
	key = sl_arena_text(&h->arena, host, strlen(host));
	if (!key || hosts_grow(h) < 0 || sl_index_put(&h->index, key, (uint32_t)at) < 0)
		return -ENOMEM;
	v = sl_model_vhost_add(h->table, name);
	if (!v || sl_model_domain_add(v, host) < 0 ||
	    sl_model_origin(&v->origin, origin->file, origin->line) < 0)
		return -ENOMEM;
	h->last[at] = NULL;
	h->merged[at] = false;
	return at;
}

int sl_hosts_get(struct sl_build *b, struct sl_hosts *h, const char *host, int64_t number,
		 const struct sl_object *origin, const void *owner, struct sl_model_vhost **vhost)
{
	int64_t at = place_of(h, host, number, origin);

	*vhost = NULL;
	if (at < 0)
		return sl_kube_no_memory(b->k);
	if (h->last[at] == owner)
		return 0;
	h->merged[at] |= h->last[at] != NULL;
	h->last[at] = owner;
	*vhost = &h->table->vhosts[at];
	return 0;
}

/* ---- merging ---- */

bool sl_route_catch_all(const struct sl_model_route *route)
{
	if (route->n_conds)
		return false;
	if (route->match == SL_PATH_REGEX)
		return strcmp(route->path, ".*") == 0;
	return (route->match == SL_PATH_PREFIX || route->match == SL_PATH_ELEMENTS) &&
	       strcmp(route->path, "/") == 0;
}

/* Routes that match everything go behind those of the other objects, in order. */
static int catch_alls_last(struct sl_model_vhost *v)
{
	struct sl_model_route *sorted = calloc(v->n_routes + 1, sizeof(*sorted));
	size_t n = 0;

	if (!sorted)
		return -ENOMEM;
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < v->n_routes; i++)
			if (sl_route_catch_all(&v->routes[i]) == (pass == 1))
				sorted[n++] = v->routes[i];
	memcpy(v->routes, sorted, n * sizeof(*sorted));
	free(sorted);
	return 0;
}

static int vhost_cmp(const void *a, const void *b)
{
	const struct sl_model_vhost *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int line_of(const struct sl_server *s)
{
	return s->server ? s->server->line : s->o->line;
}

static int blackhole(struct sl_build *b, struct sl_model_table *table, const struct sl_server *s)
{
	struct sl_model_vhost *v;
	char name[64];

	snprintf(name, sizeof(name), "blackhole:%lld", (long long)s->number);
	v = sl_model_vhost_add(table, name);
	if (!v || sl_model_domain_add(v, "*") < 0 ||
	    sl_model_origin(&v->origin, s->o->file, line_of(s)) < 0)
		return sl_kube_no_memory(b->k);
	return 0;
}

/* Oldest first, as Istio merges: by the time, then by dialect, name and namespace. */
static int unit_cmp(const void *a, const void *b)
{
	const struct sl_unit *x = a, *y = b;
	int c = strcmp(sl_node_text(x->oldest->root, "metadata.creationTimestamp", ""),
		       sl_node_text(y->oldest->root, "metadata.creationTimestamp", ""));

	if (c == 0)
		c = (int)x->dialect - (int)y->dialect;
	if (c == 0)
		c = sl_kube_age_cmp(x->oldest, y->oldest);
	return c ? c : (x->at > y->at) - (x->at < y->at);
}

static int fill_unit(struct sl_build *b, struct sl_hosts *h, const struct sl_unit *u, uint16_t port)
{
	switch (u->dialect) {
	case SL_DIALECT_ISTIO:
		return sl_istio_fill(b, h, u->at, port);
	case SL_DIALECT_API:
		return sl_api_fill(b, h, u->at, port);
	case SL_DIALECT_INGRESS:
		return sl_ingress_fill(b, h, u->at, port);
	}
	return 0;
}

/* One listener: the table of all servers that lie at this port. */
static int fill_table(struct sl_build *b, struct sl_hosts *h, const struct sl_server *first)
{
	int e;

	b->n_unit = 0;
	e = sl_istio_units(b, first->port);
	if (e == 0)
		e = sl_api_units(b, first->port);
	if (e == 0)
		e = sl_ingress_units(b, first->port);
	if (e == 0 && b->n_unit)
		qsort(b->unit, b->n_unit, sizeof(*b->unit), unit_cmp);
	for (size_t i = 0; e == 0 && i < b->n_unit; i++)
		e = fill_unit(b, h, &b->unit[i], first->port);
	for (size_t i = 0; e == 0 && i < h->table->n_vhosts; i++)
		if (h->merged && h->merged[i] && catch_alls_last(&h->table->vhosts[i]) < 0)
			e = sl_kube_no_memory(b->k);
	if (e)
		return e;
	if (h->table->n_vhosts == 0)
		return blackhole(b, h->table, first);
	qsort(h->table->vhosts, h->table->n_vhosts, sizeof(*h->table->vhosts), vhost_cmp);
	return 0;
}

static int add_listener(struct sl_build *b, const struct sl_server *s)
{
	struct sl_model_listener *l;
	struct sl_hosts h = {0};
	char name[32];
	int e;

	snprintf(name, sizeof(name), "http.%u", s->port);
	h.table = sl_model_table_add(b->k->model, name);
	snprintf(name, sizeof(name), "0.0.0.0_%u", s->port);
	l = sl_model_listener_add(b->k->model, name);
	if (!h.table || !l || sl_model_set(&l->table, h.table->name) < 0 ||
	    sl_model_origin(&l->origin, s->o->file, line_of(s)) < 0)
		return sl_kube_no_memory(b->k);
	l->ip = sl_ip_from_v4(0);
	l->port = s->port;
	e = fill_table(b, &h, s);
	sl_index_free(&h.index);
	sl_arena_free(&h.arena);
	free(h.last);
	free(h.merged);
	return e;
}

static int server_cmp(const void *a, const void *b)
{
	const struct sl_server *x = a, *y = b;
	int c = (x->port > y->port) - (x->port < y->port);

	if (c == 0)
		c = (int)x->dialect - (int)y->dialect;
	if (c == 0)
		c = strcmp(x->o->key, y->o->key);
	return c ? c : line_of(x) - line_of(y);
}

int sl_listeners_model(struct sl_kube *k)
{
	struct sl_build b = {.k = k};
	int e = sl_istio_gather(&b);

	if (e == 0)
		e = sl_api_gather(&b);
	if (e == 0)
		e = sl_ingress_gather(&b);
	if (e == 0 && b.n_server)
		qsort(b.server, b.n_server, sizeof(*b.server), server_cmp);
	for (size_t i = 0; e == 0 && i < b.n_server; i++)
		if (i == 0 || b.server[i - 1].port != b.server[i].port)
			e = add_listener(&b, &b.server[i]);
	sl_istio_done(&b, e == 0);
	sl_api_done(&b, e == 0);
	sl_ingress_done(&b);
	free(b.server);
	free(b.unit);
	return e;
}
