/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks a whole model before it is compiled: names, references, addresses. Routes: check_route.c.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"

int sl_model_bad(const struct sl_origin *origin, struct sl_err *err, const char *fmt, ...)
{
	char text[SL_ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (origin && origin->file && *origin->file)
		return sl_err(err, EINVAL, "%s:%d: %s", origin->file, origin->line, text);
	return sl_err(err, EINVAL, "%s", text);
}

static int name_cmp(const void *a, const void *b)
{
	const struct sl_name *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	return c ? c : (x->order > y->order) - (x->order < y->order);
}

static int name_key_cmp(const void *key, const void *elem)
{
	return strcmp(key, ((const struct sl_name *)elem)->name);
}

bool sl_names_has(const struct sl_names *names, const char *name)
{
	return names->n && bsearch(name, names->v, names->n, sizeof(names->v[0]), name_key_cmp);
}

char *sl_names_hint(const struct sl_names *names, const char *name, char *buf, size_t cap)
{
	const char **list = calloc(names->n + 1, sizeof(*list));
	const char *near = NULL;

	for (size_t i = 0; list && i < names->n; i++)
		list[i] = names->v[i].name;
	if (list)
		near = sl_nearest(name, list);
	if (near)
		snprintf(buf, cap, "did you mean '%s'?", near);
	else if (names->n)
		snprintf(buf, cap, "write one that is defined, such as '%s'", names->v[0].name);
	else
		snprintf(buf, cap, "none is defined; define it");
	free(list);
	return buf;
}

static void names_add(struct sl_names *names, const char *name, const struct sl_origin *origin)
{
	names->v[names->n] = (struct sl_name){name, origin, names->n};
	names->n++;
}

static void names_sort(struct sl_names *names)
{
	if (names->n)
		qsort(names->v, names->n, sizeof(names->v[0]), name_cmp);
}

/* Refuses empty names and duplicates. */
static int names_check(const struct sl_names *names, const char *what, struct sl_err *err)
{
	for (size_t i = 0; i < names->n; i++) {
		const struct sl_name *n = &names->v[i];

		if (!*n->name)
			return sl_model_bad(n->origin, err, "%s without a name; give it one", what);
		if (i == 0 || strcmp(n[-1].name, n->name) != 0)
			continue;
		if (n[-1].origin && n[-1].origin->file && *n[-1].origin->file)
			return sl_model_bad(n->origin, err,
					    "%s '%s' is already defined at %s:%d; give this one "
					    "another name",
					    what, n->name, n[-1].origin->file, n[-1].origin->line);
		return sl_model_bad(n->origin, err,
				    "%s '%s' is defined twice; give one of them another name", what,
				    n->name);
	}
	return 0;
}

struct indexes {
	struct sl_names tables, listeners, clusters;
};

static const struct sl_origin *table_origin(const struct sl_model_table *t)
{
	return t->n_vhosts ? &t->vhosts[0].origin : NULL;
}

static int index_names(const struct sl_model *m, struct indexes *ix, struct sl_err *err)
{
	ix->tables.v = calloc(m->n_tables + 1, sizeof(struct sl_name));
	ix->listeners.v = calloc(m->n_listeners + 1, sizeof(struct sl_name));
	ix->clusters.v = calloc(m->n_clusters + 1, sizeof(struct sl_name));
	if (!ix->tables.v || !ix->listeners.v || !ix->clusters.v)
		return sl_err(err, ENOMEM, "out of memory while the configuration was checked");
	for (size_t i = 0; i < m->n_tables; i++)
		names_add(&ix->tables, m->tables[i].name, table_origin(&m->tables[i]));
	for (size_t i = 0; i < m->n_listeners; i++)
		names_add(&ix->listeners, m->listeners[i].name, &m->listeners[i].origin);
	for (size_t i = 0; i < m->n_clusters; i++)
		names_add(&ix->clusters, m->clusters[i].name, &m->clusters[i].origin);
	names_sort(&ix->tables);
	names_sort(&ix->listeners);
	names_sort(&ix->clusters);
	return 0;
}

/* One address that a listener, service or endpoint claims; sorted to find two claims of one. */
struct claim {
	struct sl_ip ip;
	uint16_t port;
	uint8_t proto;
	const char *name;
	const struct sl_origin *origin;
	size_t order;
};

static int claim_addr_cmp(const struct claim *x, const struct claim *y)
{
	int c = memcmp(&x->ip, &y->ip, sizeof(x->ip));

	if (c == 0)
		c = (x->port > y->port) - (x->port < y->port);
	return c ? c : (x->proto > y->proto) - (x->proto < y->proto);
}

static int claim_cmp(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int c = claim_addr_cmp(x, y);

	return c ? c : (x->order > y->order) - (x->order < y->order);
}

static int claims_check(struct claim *v, size_t n, const char *what, struct sl_err *err)
{
	char addr[SL_IP_PORT_TEXT_MAX];

	if (n)
		qsort(v, n, sizeof(*v), claim_cmp);
	for (size_t i = 1; i < n; i++) {
		if (claim_addr_cmp(&v[i - 1], &v[i]) != 0)
			continue;
		sl_ip_port_format(&v[i].ip, v[i].port, addr);
		return sl_model_bad(v[i].origin, err,
				    "%s '%s' uses %s, which '%s' already uses; write another "
				    "address or port",
				    what, v[i].name, addr, v[i - 1].name);
	}
	return 0;
}

/* What is not HTTP has nothing to be told apart by. */
static int check_relay(const struct sl_model *m, const struct sl_model_listener *l,
		       struct sl_err *err)
{
	const struct sl_model_table *t = sl_model_table_find(m, l->table);

	if (!l->relay || (t->n_vhosts == 1 && t->vhosts[0].n_routes == 1 &&
			  t->vhosts[0].routes[0].action == SL_ROUTE_FORWARD))
		return 0;
	return sl_model_bad(&l->origin, err,
			    "listener '%s' of tcp leads to a table of several routes; write one "
			    "cluster, or clusters with weights",
			    l->name);
}

static int check_listeners(const struct sl_model *m, const struct indexes *ix, struct sl_err *err)
{
	struct claim *claims = calloc(m->n_listeners + 1, sizeof(*claims));
	char hint[128];
	int r = 0;

	if (!claims)
		return sl_err(err, ENOMEM, "out of memory while the configuration was checked");
	for (size_t i = 0; r == 0 && i < m->n_listeners; i++) {
		const struct sl_model_listener *l = &m->listeners[i];

		claims[i] = (struct claim){l->ip, l->port, IPPROTO_TCP, l->name, &l->origin, i};
		if (l->port == 0)
			r = sl_model_bad(&l->origin, err,
					 "listener '%s' has no port; write 1 to 65535", l->name);
		else if (!sl_names_has(&ix->tables, l->table))
			r = sl_model_bad(&l->origin, err,
					 "listener '%s' serves route table '%s', which "
					 "doesn't exist; %s",
					 l->name, l->table,
					 sl_names_hint(&ix->tables, l->table, hint, sizeof(hint)));
		else
			r = check_relay(m, l, err);
	}
	if (r == 0)
		r = claims_check(claims, m->n_listeners, "listener", err);
	free(claims);
	return r;
}

static int check_endpoints(const struct sl_model_cluster *c, struct sl_err *err)
{
	struct claim *claims = calloc(c->n_endpoints + 1, sizeof(*claims));
	char addr[SL_IP_PORT_TEXT_MAX];
	int r = 0;

	if (!claims)
		return sl_err(err, ENOMEM, "out of memory while the configuration was checked");
	for (size_t i = 0; r == 0 && i < c->n_endpoints; i++) {
		const struct sl_model_endpoint *e = &c->endpoints[i];

		claims[i] = (struct claim){e->addr.ip, e->addr.port, 0, c->name, &c->origin, i};
		sl_ip_port_format(&e->addr.ip, e->addr.port, addr);
		if (e->addr.port == 0 || sl_ip_is_any(&e->addr.ip))
			r = sl_model_bad(&c->origin, err,
					 "cluster '%s': %s is not an endpoint; write address:port",
					 c->name, addr);
		else if (e->weight < 1 || e->weight > SL_MODEL_WEIGHT_MAX)
			r = sl_model_bad(&c->origin, err,
					 "cluster '%s': weight %u of %s is out of range; write 1 "
					 "to %u",
					 c->name, e->weight, addr, SL_MODEL_WEIGHT_MAX);
	}
	for (size_t i = 0; r == 0 && i < c->n_endpoints; i++)
		if (c->endpoints[i].priority >= SL_MODEL_PRIORITIES_MAX)
			r = sl_model_bad(&c->origin, err,
					 "cluster '%s': priority %u is out of range; write 0 to %u",
					 c->name, c->endpoints[i].priority,
					 SL_MODEL_PRIORITIES_MAX - 1);
	if (r == 0)
		r = claims_check(claims, c->n_endpoints, "cluster", err);
	free(claims);
	return r;
}

static int check_service(const struct sl_model_service *s, const struct indexes *ix,
			 struct sl_err *err)
{
	char hint[128];

	if (!*s->name)
		return sl_model_bad(&s->origin, err, "service without a name; give it one");
	if (s->port == 0)
		return sl_model_bad(&s->origin, err, "service '%s' has no port; write 1 to 65535",
				    s->name);
	if (s->proto != IPPROTO_TCP && s->proto != IPPROTO_UDP)
		return sl_model_bad(&s->origin, err,
				    "service '%s' has protocol %u; write tcp or udp", s->name,
				    s->proto);
	if (*s->listener && *s->cluster)
		return sl_model_bad(&s->origin, err,
				    "service '%s' names a listener and a cluster; write one of "
				    "them",
				    s->name);
	if (*s->listener && s->proto != IPPROTO_TCP)
		return sl_model_bad(&s->origin, err,
				    "service '%s' leads UDP to a listener; write a cluster",
				    s->name);
	if (s->port_last && (s->port_last < s->port || sl_model_ports(s) > SL_MODEL_RANGE_MAX))
		return sl_model_bad(&s->origin, err,
				    "service '%s' has ports %u to %u; write at most %u, the lower "
				    "first",
				    s->name, s->port, s->port_last, SL_MODEL_RANGE_MAX);
	if (*s->listener && (s->port_last || s->keep_client || s->affinity_s))
		return sl_model_bad(&s->origin, err,
				    "service '%s' leads to a listener, which has one port and is "
				    "the connection's end; write a cluster, or leave out its "
				    "ports, source and affinity",
				    s->name);
	if (s->affinity_s > SL_MODEL_AFFINITY_MAX_S)
		return sl_model_bad(&s->origin, err,
				    "service '%s' keeps clients for %u s; write at most %u",
				    s->name, s->affinity_s, SL_MODEL_AFFINITY_MAX_S);
	if (*s->listener && !sl_names_has(&ix->listeners, s->listener))
		return sl_model_bad(&s->origin, err,
				    "service '%s' leads to listener '%s', which doesn't exist; %s",
				    s->name, s->listener,
				    sl_names_hint(&ix->listeners, s->listener, hint, sizeof(hint)));
	if (*s->cluster && !sl_names_has(&ix->clusters, s->cluster))
		return sl_model_bad(&s->origin, err,
				    "service '%s' leads to cluster '%s', which doesn't exist; %s",
				    s->name, s->cluster,
				    sl_names_hint(&ix->clusters, s->cluster, hint, sizeof(hint)));
	return 0;
}

/* The ports of a range begin at each endpoint's own. */
static int check_range(const struct sl_model *m, const struct sl_model_service *s,
		       struct sl_err *err)
{
	const struct sl_model_cluster *c = sl_model_cluster_find(m, s->cluster);
	char addr[SL_IP_PORT_TEXT_MAX];

	for (size_t i = 0; c && i < c->n_endpoints; i++) {
		const struct sl_ip_port *e = &c->endpoints[i].addr;

		if (e->port + sl_model_ports(s) - 1 > UINT16_MAX)
			return sl_model_bad(&s->origin, err,
					    "service '%s' has %u ports, more than follow its "
					    "endpoint %s; write fewer",
					    s->name, sl_model_ports(s),
					    sl_ip_port_format(&e->ip, e->port, addr));
	}
	return 0;
}

static int check_services(const struct sl_model *m, const struct indexes *ix, struct sl_err *err)
{
	size_t most = 1, n = 0;
	struct claim *claims;
	int r = 0;

	for (size_t i = 0; i < m->n_services; i++)
		most += SL_MIN(sl_model_ports(&m->services[i]), SL_MODEL_RANGE_MAX);
	claims = calloc(most, sizeof(*claims));
	if (!claims)
		return sl_err(err, ENOMEM, "out of memory while the configuration was checked");
	for (size_t i = 0; r == 0 && i < m->n_services; i++) {
		const struct sl_model_service *s = &m->services[i];

		r = check_service(s, ix, err);
		if (r == 0 && s->port_last)
			r = check_range(m, s, err);
		for (uint32_t k = 0; r == 0 && k < sl_model_ports(s); k++)
			claims[n++] = (struct claim){
				s->ip, (uint16_t)(s->port + k), s->proto, s->name, &s->origin, i};
	}
	if (r == 0)
		r = claims_check(claims, n, "service", err);
	free(claims);
	return r;
}

/* Whether a text can stand in a Set-Cookie field as it is (RFC 6265 4.1.1). */
static bool plain(const char *text)
{
	for (; *text; text++)
		if (*text <= ' ' || *text > '~' || strchr("\",;\\", *text))
			return false;
	return true;
}

/* Numbers that the data plane divides by or compares with; readers refuse them with better lines.
 */
static int check_policy(const struct sl_model_cluster *c, struct sl_err *err)
{
	bool hashes = c->lb == SL_LB_RING_HASH || c->lb == SL_LB_MAGLEV;

	if (hashes != (c->hash.on != SL_HASH_NONE))
		return sl_model_bad(
			&c->origin, err, "cluster '%s' %s; write a hash policy and what it hashes",
			c->name, hashes ? "hashes nothing" : "has a hash but no policy");
	if (hashes && c->hash.on != SL_HASH_ADDRESS && !*c->hash.name)
		return sl_model_bad(&c->origin, err, "cluster '%s' hashes what has no name",
				    c->name);
	if (!plain(c->hash.name) || !plain(c->hash.cookie_path))
		return sl_model_bad(
			&c->origin, err,
			"cluster '%s' hashes a name with a byte that no field has; write "
			"letters, digits, '-' and '_'",
			c->name);
	if (hashes && c->n_endpoints > UINT16_MAX)
		return sl_model_bad(&c->origin, err,
				    "cluster '%s' hashes over more than %u endpoints; write fewer",
				    c->name, UINT16_MAX);
	if (c->warmup.duration_ms && (c->warmup.min_percent < 1 || c->warmup.min_percent > 100 ||
				      c->warmup.aggression_milli < 1))
		return sl_model_bad(&c->origin, err, "cluster '%s' has an unusable warm-up",
				    c->name);
	if (c->outlier.on && (!c->outlier.interval_ms || !c->outlier.base_ejection_ms))
		return sl_model_bad(&c->origin, err, "cluster '%s' has an ejection without a time",
				    c->name);
	if (c->check.probe && (!c->check.interval_ms || !c->check.timeout_ms || !c->check.healthy ||
			       !c->check.unhealthy))
		return sl_model_bad(&c->origin, err, "cluster '%s' has an unusable health check",
				    c->name);
	return 0;
}

static int check_clusters(const struct sl_model *m, struct sl_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < m->n_clusters; i++) {
		const struct sl_model_cluster *c = &m->clusters[i];

		if (c->connect_timeout_ms == 0)
			r = sl_model_bad(&c->origin, err,
					 "cluster '%s' has no connect timeout; write 1ms or more",
					 c->name);
		else
			r = check_policy(c, err);
		if (r == 0)
			r = check_endpoints(c, err);
	}
	return r;
}

/*
 * Listeners come before tables: when a manifest and sluice.conf open the same port, both clash, and
 * it is the port that the user can do something about.
 */
static int check_parts(const struct sl_model *m, const struct indexes *ix, struct sl_err *err)
{
	int r = names_check(&ix->listeners, "listener", err);

	if (r == 0)
		r = check_listeners(m, ix, err);
	if (r == 0)
		r = names_check(&ix->tables, "route table", err);
	if (r == 0)
		r = names_check(&ix->clusters, "cluster", err);
	for (size_t i = 0; r == 0 && i < m->n_tables; i++)
		r = sl_model_check_table(&m->tables[i], &ix->clusters, err);
	if (r == 0)
		r = check_clusters(m, err);
	if (r == 0)
		r = check_services(m, ix, err);
	return r;
}

int sl_model_check(const struct sl_model *model, struct sl_err *err)
{
	struct indexes ix = {0};
	int r = index_names(model, &ix, err);

	if (r == 0)
		r = check_parts(model, &ix, err);
	free(ix.tables.v);
	free(ix.listeners.v);
	free(ix.clusters.v);
	return r;
}
