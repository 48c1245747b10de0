/* SPDX-License-Identifier: BSD-3-Clause */
/* Translates the objects of a model to rows of a snapshot. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "build.h"

/* ---- route tables ---- */

static int weight_row(struct builder *b, const struct sl_model_route *m,
		      const struct sl_model_weight *mw)
{
	struct sl_snap_weight *w = build_rows(b, SL_SNAP_WEIGHTS, 1);

	if (!w)
		return 0;
	w->weight = mw->weight;
	w->authority = build_str(b, mw->authority);
	w->cluster = map_get(&b->clusters, sl_str(mw->cluster));
	if (w->cluster == SL_SNAP_NONE)
		return build_bad(b, &m->origin, EINVAL,
				 "route to a cluster that doesn't exist, '%s'", mw->cluster);
	return build_changes(b, m, mw, &w->changes);
}

static int weight_rows(struct builder *b, const struct sl_model_route *m, struct sl_snap_route *r)
{
	uint64_t sum = 0;
	int rc = 0;

	r->weights = (struct sl_span){(uint32_t)b->tab[SL_SNAP_WEIGHTS].n, (uint32_t)m->n_weights};
	for (size_t i = 0; i < m->n_weights && !rc; i++) {
		rc = weight_row(b, m, &m->weights[i]);
		sum += m->weights[i].weight;
	}
	if (rc)
		return rc;
	if (sum > UINT32_MAX || (sum == 0 && m->action == SL_ROUTE_FORWARD))
		return build_bad(b, &m->origin, EINVAL,
				 "the weights of a route add up to %llu; write 1 to 4294967295",
				 (unsigned long long)sum);
	r->weight_sum = (uint32_t)sum;
	return 0;
}

static int mirror_rows(struct builder *b, const struct sl_model_route *m, struct sl_snap_route *r)
{
	struct sl_snap_mirror *row;

	r->mirrors = (struct sl_span){(uint32_t)b->tab[SL_SNAP_MIRRORS].n, (uint32_t)m->n_mirrors};
	row = build_rows(b, SL_SNAP_MIRRORS, m->n_mirrors);
	for (size_t i = 0; row && i < m->n_mirrors; i++) {
		row[i].cluster = map_get(&b->clusters, sl_str(m->mirrors[i].cluster));
		row[i].ppm = m->mirrors[i].ppm;
		if (row[i].cluster == SL_SNAP_NONE)
			return build_bad(b, &m->origin, EINVAL,
					 "mirror to a cluster that doesn't exist, '%s'",
					 m->mirrors[i].cluster);
	}
	return 0;
}

/* A rewrite's regex must compile where it is used, and have the groups that are asked for. */
static int check_rewrite(struct builder *b, const struct sl_model_route *m)
{
	struct sl_err why = {""};

	if (m->rewrite != SL_REWRITE_REGEX ||
	    sl_match_subst_check(sl_str(m->rewrite_regex), sl_str(m->rewrite_to), &why) == 0)
		return 0;
	return build_bad(b, &m->origin, EINVAL,
			 "rewrite of '%s' to '%s': %s; write a regular expression (RE2) and its "
			 "groups as \\1",
			 m->rewrite_regex, m->rewrite_to, why.text);
}

static void cond_rows(struct builder *b, const struct sl_model_route *m, struct sl_snap_route *r)
{
	struct sl_snap_cond *c = build_rows(b, SL_SNAP_CONDS, m->n_conds);

	r->conds.n = (uint32_t)m->n_conds;
	r->conds.first = (uint32_t)(b->tab[SL_SNAP_CONDS].n - m->n_conds);
	for (size_t i = 0; c && i < m->n_conds; i++) {
		c[i].name = build_str(b, m->conds[i].name);
		c[i].text = build_str(b, m->conds[i].text);
		c[i].on = (uint8_t)m->conds[i].on;
		c[i].match = (uint8_t)m->conds[i].match;
		c[i].invert = m->conds[i].invert;
	}
}

static int route_row(struct builder *b, const struct sl_model_route *m, struct sl_ref key)
{
	struct sl_snap_route *r = build_rows(b, SL_SNAP_ROUTES, 1);
	int rc;

	if (!r)
		return 0;
	r->name = build_str(b, m->name);
	r->virtual_service = build_str(b, m->virtual_service);
	r->path = build_str(b, m->path);
	r->rewrite_to = build_str(b, m->rewrite_to);
	r->rewrite_authority = build_str(b, m->rewrite_authority);
	r->redirect_authority = build_str(b, m->redirect_authority);
	r->redirect_path = build_str(b, m->redirect_path);
	r->direct_body = build_str(b, m->direct_body);
	r->timeout_ms = m->timeout_ms;
	r->per_try_timeout_ms = m->per_try_timeout_ms;
	r->retry_attempts = (uint16_t)SL_MIN(m->retry_attempts, UINT16_MAX);
	r->retry_on = m->retry_on;
	r->log_sample = m->log_sample;
	memcpy(r->retry_codes, m->retry_codes, sizeof(r->retry_codes));
	r->status = m->status;
	r->match = (uint8_t)m->match;
	r->action = (uint8_t)m->action;
	r->rewrite = (uint8_t)m->rewrite;
	r->ignore_case = m->ignore_case;
	r->slot_name = key;
	r->rewrite_regex = build_str(b, m->rewrite_regex);
	r->redirect_scheme = build_str(b, m->redirect_scheme);
	r->redirect_rewrite = (uint8_t)m->redirect_rewrite;
	r->redirect_port = m->redirect_port;
	r->fault_delay_ms = m->fault.delay_ms;
	r->fault_delay_ppm = m->fault.delay_ppm;
	r->fault_abort_ppm = m->fault.abort_ppm;
	r->fault_abort_status = m->fault.abort_status;
	r->fault_no_backend = m->fault.no_backend;
	r->cors = build_cors(b, &m->cors);
	cond_rows(b, m, r);
	rc = check_rewrite(b, m);
	if (!rc)
		rc = build_changes(b, m, NULL, &r->changes);
	if (!rc)
		rc = mirror_rows(b, m, r);
	return rc ? rc : weight_rows(b, m, r);
}

/* Names of a virtual host's routes seen so far: of each, its last route and that one's number. */
struct route_names {
	struct map map; /* name -> last route of that name */
	const struct sl_model_vhost *vhost;
	uint32_t *nth; /* by route: how many of its name stand before it */
};

/* What its statistics are called. */
static const char *route_name(const struct sl_model_route *r)
{
	return *r->name ? r->name : r->stat_prefix;
}

static bool same_route(const void *ctx, uint32_t val, struct sl_str key)
{
	const struct sl_model_vhost *v = ctx;

	return sl_str_eq(sl_str(route_name(&v->routes[val])), key);
}

/* "table/vhost/route": stable from build to build, different for routes that share a name. */
static struct sl_ref route_key(struct builder *b, const char *table, struct route_names *seen,
			       uint32_t i)
{
	const struct sl_model_vhost *v = seen->vhost;
	const char *name = route_name(&v->routes[i]);
	uint32_t *last;

	if (!*name)
		return build_strf(b, "%s/%s/#%u", table, v->name, i);
	last = map_put(&seen->map, sl_str(name), i);
	if (!last) {
		b->no_memory = true;
		return (struct sl_ref){0, 0};
	}
	if (*last == i)
		return build_strf(b, "%s/%s/%s", table, v->name, name);
	seen->nth[i] = seen->nth[*last] + 1;
	*last = i;
	return build_strf(b, "%s/%s/%s#%u", table, v->name, name, seen->nth[i] + 1);
}

static int route_rows(struct builder *b, const char *table, const struct sl_model_vhost *m)
{
	struct route_names seen = {.map = {.same = same_route, .ctx = m}, .vhost = m};
	int rc = 0;

	seen.nth = calloc(m->n_routes + 1, sizeof(*seen.nth));
	if (!seen.nth)
		return sl_err(b->err, ENOMEM, "no memory for a snapshot");
	for (size_t i = 0; i < m->n_routes && !rc; i++)
		rc = route_row(b, &m->routes[i], route_key(b, table, &seen, (uint32_t)i));
	map_free(&seen.map);
	free(seen.nth);
	return rc;
}

/* Whether a route's path is one that every request but "OPTIONS *" has. */
static bool is_root(const struct sl_model_route *r)
{
	return r->match == SL_PATH_ANY ||
	       ((r->match == SL_PATH_PREFIX || r->match == SL_PATH_ELEMENTS) &&
		strcmp(r->path, "/") == 0);
}

/* Heads of the chains of one virtual host: found by path, one map for each way of matching. */
struct chains {
	const struct sl_model_vhost *vhost;
	struct map map[2 * (SL_PATH_ELEMENTS + 1)];
	uint32_t *last; /* of each chain, by its head */
};

static bool same_path(const void *ctx, uint32_t val, struct sl_str key)
{
	return sl_str_eq(sl_str(((const struct sl_model_vhost *)ctx)->routes[val].path), key);
}

static uint32_t chain_of(struct builder *b, struct chains *c, struct sl_snap_vhost *v, uint32_t i)
{
	const struct sl_model_route *r = &c->vhost->routes[i];
	struct map *m = &c->map[2 * r->match + r->ignore_case];
	uint32_t *head;

	if (is_root(r)) {
		v->root_route = SL_MIN(v->root_route, i);
		return v->root_route;
	}
	m->same = same_path;
	m->ctx = c->vhost;
	head = map_put(m, sl_str(r->path), i);
	if (!head)
		b->no_memory = true;
	return head ? *head : i;
}

/* Links routes with the same path match: the scan finds the first, the others follow from it. */
static int chain_rows(struct builder *b, const struct sl_model_vhost *m, uint32_t row)
{
	struct sl_snap_vhost *v = BUILD_ROW(b, sl_snap_vhost, SL_SNAP_VHOSTS, row);
	struct chains c = {.vhost = m, .last = calloc(m->n_routes + 1, sizeof(*c.last))};

	if (!c.last)
		return sl_err(b->err, ENOMEM, "no memory for a snapshot");
	for (uint32_t i = 0; i < m->n_routes && !b->no_memory && !b->too_big; i++) {
		struct sl_snap_route *r =
			BUILD_ROW(b, sl_snap_route, SL_SNAP_ROUTES, v->routes.first);

		r[i].head = chain_of(b, &c, v, i);
		r[i].next = SL_SNAP_NONE;
		if (r[i].head != i)
			r[c.last[r[i].head]].next = i;
		c.last[r[i].head] = i;
	}
	for (size_t k = 0; k < SL_ARRAY_LEN(c.map); k++)
		map_free(&c.map[k]);
	free(c.last);
	return 0;
}

static int vhost_row(struct builder *b, const char *table, const struct sl_model_vhost *m)
{
	uint32_t row = (uint32_t)b->tab[SL_SNAP_VHOSTS].n;
	struct sl_snap_vhost *v = build_rows(b, SL_SNAP_VHOSTS, 1);
	int rc;

	if (!v)
		return 0;
	v->name = build_str(b, m->name);
	v->routes = (struct sl_span){(uint32_t)b->tab[SL_SNAP_ROUTES].n, (uint32_t)m->n_routes};
	v->names = (struct sl_span){(uint32_t)b->tab[SL_SNAP_NAMES].n, (uint32_t)m->n_domains};
	v->root_route = SL_SNAP_NONE;
	for (size_t i = 0; i < m->n_domains; i++) {
		struct sl_ref *name = build_rows(b, SL_SNAP_NAMES, 1);

		if (!name)
			return 0;
		*name = build_str(b, m->domains[i]);
	}
	rc = route_rows(b, table, m);
	return rc ? rc : chain_rows(b, m, row);
}

/* A domain and where it stands: exact ones first, then suffixes, longest first, then "*". */
struct domain {
	const char *name;
	size_t len;
	uint32_t vhost, order;
	int rank;
};

static int domain_cmp(const void *a, const void *b)
{
	const struct domain *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank - y->rank;
	if (x->rank == 1 && x->len != y->len)
		return x->len > y->len ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static int domain_rows(struct builder *b, const struct sl_model_table *m, uint32_t first_vhost)
{
	struct domain *d;
	size_t n = 0;

	for (size_t i = 0; i < m->n_vhosts; i++)
		n += m->vhosts[i].n_domains;
	d = calloc(n + 1, sizeof(*d));
	if (!d)
		return sl_err(b->err, ENOMEM, "no memory for a snapshot");
	n = 0;
	for (size_t i = 0; i < m->n_vhosts; i++) {
		for (size_t k = 0; k < m->vhosts[i].n_domains; k++, n++) {
			const char *name = m->vhosts[i].domains[k];

			d[n] = (struct domain){name, strlen(name), first_vhost + (uint32_t)i,
					       (uint32_t)n,
					       name[0] != '*' ? 0
					       : name[1]      ? 1
							      : 2};
		}
	}
	qsort(d, n, sizeof(*d), domain_cmp);
	for (size_t i = 0; i < n; i++) {
		struct sl_snap_domain *row = build_rows(b, SL_SNAP_DOMAINS, 1);

		if (!row)
			break;
		row->name = build_str(b, d[i].name);
		row->vhost = d[i].vhost;
	}
	free(d);
	return 0;
}

static int table_row(struct builder *b, const struct sl_model_table *m)
{
	struct sl_snap_table *t = build_rows(b, SL_SNAP_TABLES, 1);
	int rc;

	if (!t)
		return 0;
	t->name = build_str(b, m->name);
	t->vhosts = (struct sl_span){(uint32_t)b->tab[SL_SNAP_VHOSTS].n, (uint32_t)m->n_vhosts};
	t->domains.first = (uint32_t)b->tab[SL_SNAP_DOMAINS].n;
	for (size_t i = 0; i < m->n_vhosts; i++) {
		rc = vhost_row(b, m->name, &m->vhosts[i]);
		if (rc)
			return rc;
	}
	rc = domain_rows(b, m, t->vhosts.first);
	t->domains.n = (uint32_t)b->tab[SL_SNAP_DOMAINS].n - t->domains.first;
	return rc;
}

int build_tables(struct builder *b)
{
	for (size_t i = 0; i < b->model->n_tables; i++) {
		int rc = table_row(b, &b->model->tables[i]);

		if (rc)
			return rc;
	}
	return 0;
}

int build_listeners(struct builder *b)
{
	for (size_t i = 0; i < b->model->n_listeners; i++) {
		const struct sl_model_listener *m = &b->model->listeners[i];
		struct sl_snap_listener *l = build_rows(b, SL_SNAP_LISTENERS, 1);

		if (!l)
			return 0;
		l->name = build_str(b, m->name);
		l->ip = m->ip;
		l->port = m->port;
		memcpy(l->proxy_from, m->proxy_from, sizeof(l->proxy_from));
		l->n_proxy_from = m->n_proxy_from;
		l->own_path = m->own_path;
		l->path_normalize = m->path_normalize;
		l->path_slashes = m->path_slashes;
		l->trailers = m->trailers;
		l->relay = m->relay;
		l->table = map_get(&b->tables, sl_str(m->table));
		if (l->table == SL_SNAP_NONE)
			return build_bad(b, &m->origin, EINVAL,
					 "listener '%s' with a route table that doesn't exist, "
					 "'%s'",
					 m->name, m->table);
	}
	return 0;
}
