/* SPDX-License-Identifier: BSD-3-Clause */
/* Compiles the Hosts of each route table and the paths of each virtual host. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "build.h"
#include "host.h"

static uint64_t find_engine(void *arg, struct sl_str engine, uint64_t at)
{
	struct builder *b = arg;
	uint32_t *unit = map_put(&b->engines, engine, (uint32_t)(at / SNAP_ALIGN));

	return unit ? (uint64_t)*unit * SNAP_ALIGN : UINT64_MAX;
}

/*
 * Puts an entry's database among the blobs. Virtual hosts of equal content share one, those with
 * equal regexes share what Hyperscan makes of them.
 */
static struct sl_blob place(struct builder *b, struct cache_entry *e)
{
	const struct sl_match_engines engines = {find_engine, b};
	struct vec *blobs = &b->tab[SL_SNAP_BLOBS];
	uint64_t at = snap_align(blobs->n);

	if (e->placed != cache_build(b->cache)) {
		if (!build_rows(b, SL_SNAP_BLOBS, at - blobs->n + e->len))
			return (struct sl_blob){0, 0};
		e->bytes = sl_match_place(e->db, blobs->p, at, &engines);
		b->no_memory |= e->bytes == 0;
		blobs->n = at + e->bytes;
		e->placed = cache_build(b->cache);
		e->off = at;
	}
	return (struct sl_blob){e->off, e->bytes};
}

static bool is_exact(const struct builder *b, uint32_t row)
{
	struct sl_str name =
		build_ref_str(b, BUILD_ROW(b, sl_snap_domain, SL_SNAP_DOMAINS, row)->name);

	return name.n == 0 || name.p[0] != '*';
}

/* The exact domains of a table by hash; three quarters of the buckets stay empty. */
static void host_index(struct builder *b, struct sl_snap_table *t)
{
	uint32_t n = 0, buckets = 8, *index;

	for (uint32_t i = 0; i < t->domains.n; i++)
		n += is_exact(b, t->domains.first + i);
	t->host_index.first = (uint32_t)b->tab[SL_SNAP_HOST_INDEX].n;
	if (n == 0)
		return;
	while (buckets < 4 * n)
		buckets *= 2;
	index = build_rows(b, SL_SNAP_HOST_INDEX, buckets);
	if (!index)
		return;
	t->host_index.n = buckets;
	memset(index, 0xff, buckets * sizeof(*index)); /* SL_SNAP_NONE */
	for (uint32_t i = 0; i < t->domains.n; i++) {
		uint32_t row = t->domains.first + i, at;
		struct sl_str name;

		if (!is_exact(b, row))
			continue;
		name = build_ref_str(b, BUILD_ROW(b, sl_snap_domain, SL_SNAP_DOMAINS, row)->name);
		at = snap_host_hash(name) & (buckets - 1);
		while (index[at] != SL_SNAP_NONE)
			at = (at + 1) & (buckets - 1);
		index[at] = row;
	}
}

static int hosts_db(struct builder *b, const struct sl_model_table *m, struct sl_snap_table *t)
{
	struct sl_match_pattern *p;
	struct cache_entry *e;
	uint32_t n = 0;
	int bad = -1, rc = 0;

	host_index(b, t);
	p = calloc((size_t)t->domains.n + 1, sizeof(*p));
	if (!p)
		return sl_err(b->err, ENOMEM, "no memory for a snapshot");
	for (uint32_t i = 0; i < t->domains.n; i++) {
		const struct sl_snap_domain *d =
			BUILD_ROW(b, sl_snap_domain, SL_SNAP_DOMAINS, t->domains.first + i);
		struct sl_str name = build_ref_str(b, d->name);

		if (is_exact(b, t->domains.first + i))
			continue;
		p[n] = (struct sl_match_pattern){
			SL_MATCH_SUFFIX, {name.p + 1, name.n - 1}, i, false};
		if (name.n == 1)
			p[n].kind = SL_MATCH_ANY;
		n++;
	}
	if (n)
		rc = cache_get(b->cache, p, n, &e, &bad, b->err);
	if (n && !rc)
		t->hosts_db = place(b, e);
	else if (rc && bad >= 0)
		sl_err_prefix(b->err, "route table '%s': domain '%.*s': ", m->name,
			      SL_STR_ARG(p[bad].text));
	free(p);
	return rc;
}

static int refused(struct builder *b, const struct sl_model_vhost *m,
		   const struct sl_model_route *r, const char *what, const char *text)
{
	char why[SL_ERR_TEXT_MAX / 2] = "";

	if (b->err)
		memcpy(why, b->err->text, sizeof(why) - 1);
	return build_bad(b, r->origin.file && *r->origin.file ? &r->origin : &m->origin, EINVAL,
			 "virtual host '%s': %s '%s' can't be matched: %s; write a regular "
			 "expression without look-around, back-references and large repeats",
			 m->name, what, text, why);
}

static int paths_refused(struct builder *b, const struct sl_model_vhost *m, const uint32_t *route,
			 int bad)
{
	const struct sl_model_route *r;
	char why[SL_ERR_TEXT_MAX / 2] = "";

	if (b->err)
		memcpy(why, b->err->text, sizeof(why) - 1);
	if (bad < 0)
		return build_bad(b, &m->origin, EINVAL,
				 "virtual host '%s': its paths do not compile together: %s",
				 m->name, why);
	r = &m->routes[route[bad]];
	return refused(b, m, r, r->match == SL_PATH_REGEX ? "the regex" : "the path", r->path);
}

/* Patterns of one route's path; elements are two: the path itself, and what lies below it. */
static size_t patterns(const struct sl_model_route *m, struct sl_str path, struct sl_str below,
		       uint32_t id, struct sl_match_pattern p[2])
{
	static const enum sl_match_kind kind[] = {
		[SL_PATH_ANY] = SL_MATCH_ANY,        [SL_PATH_EXACT] = SL_MATCH_EXACT,
		[SL_PATH_PREFIX] = SL_MATCH_PREFIX,  [SL_PATH_REGEX] = SL_MATCH_REGEX,
		[SL_PATH_ELEMENTS] = SL_MATCH_EXACT,
	};
	bool fold = m->ignore_case && m->match != SL_PATH_REGEX;

	p[0] = (struct sl_match_pattern){kind[m->match], path, id, fold};
	p[1] = (struct sl_match_pattern){SL_MATCH_PREFIX, below, id, fold};
	return m->match == SL_PATH_ELEMENTS ? 2 : 1;
}

/* The lists that a virtual host's database is made of. */
struct paths {
	struct sl_match_pattern *p;
	uint32_t *route; /* of each pattern */
	char *below;     /* texts with a '/' behind them */
	uint32_t n;
};

static int gather_paths(struct builder *b, const struct sl_model_vhost *m,
			const struct sl_snap_vhost *v, struct paths *out)
{
	size_t bytes = 1;
	char *at;

	for (size_t i = 0; i < m->n_routes; i++)
		if (m->routes[i].match == SL_PATH_ELEMENTS)
			bytes += strlen(m->routes[i].path) + 1;
	out->p = calloc(2 * m->n_routes + 1, sizeof(*out->p));
	out->route = calloc(2 * m->n_routes + 1, sizeof(*out->route));
	out->below = at = malloc(bytes);
	if (!out->p || !out->route || !out->below)
		return sl_err(b->err, ENOMEM, "no memory for a snapshot");
	for (uint32_t i = 0; i < m->n_routes; i++) {
		const struct sl_model_route *r = &m->routes[i];
		const struct sl_snap_route *row =
			BUILD_ROW(b, sl_snap_route, SL_SNAP_ROUTES, v->routes.first + i);
		struct sl_str path = sl_str(r->path), below = {at, path.n + 1};
		size_t n;

		if (row->head != i || i == v->root_route)
			continue;
		if (r->match == SL_PATH_ELEMENTS) {
			memcpy(at, path.p, path.n);
			at[path.n] = '/';
			at += below.n;
		}
		n = patterns(r, path, below, i, out->p + out->n);
		for (; n; n--)
			out->route[out->n++] = i;
	}
	return 0;
}

static int paths_db(struct builder *b, const struct sl_model_vhost *m, struct sl_snap_vhost *v)
{
	struct paths all = {0};
	struct cache_entry *e;
	int bad, rc = gather_paths(b, m, v, &all);

	if (!rc && all.n) {
		rc = cache_get(b->cache, all.p, all.n, &e, &bad, b->err);
		if (!rc)
			v->paths_db = place(b, e);
		else if (rc == -EINVAL)
			rc = paths_refused(b, m, all.route, bad);
	}
	free(all.p);
	free(all.route);
	free(all.below);
	return rc;
}

/* "the regex of header 'x-user'" */
static void cond_words(const struct sl_model_cond *c, char *buf, size_t cap)
{
	static const char *const words[] = {
		[SL_ON_METHOD] = "the method",       [SL_ON_SCHEME] = "the scheme",
		[SL_ON_AUTHORITY] = "the authority", [SL_ON_TARGET] = "':path'",
		[SL_ON_HEADER] = "header",           [SL_ON_QUERY] = "query parameter",
	};

	if (*c->name)
		snprintf(buf, cap, "the regex of %s '%s'", words[c->on], c->name);
	else
		snprintf(buf, cap, "the regex of %s", words[c->on]);
}

static int cond_dbs(struct builder *b, const struct sl_model_vhost *m,
		    const struct sl_model_route *r, uint32_t first)
{
	for (size_t i = 0; i < r->n_conds; i++) {
		struct sl_match_pattern p = {SL_MATCH_REGEX, sl_str(r->conds[i].text), 0, false};
		struct cache_entry *e;
		struct sl_blob blob;
		char what[160];
		int bad, rc;

		if (r->conds[i].match != SL_TEXT_REGEX)
			continue;
		rc = cache_get(b->cache, &p, 1, &e, &bad, b->err);
		if (rc == -EINVAL) {
			cond_words(&r->conds[i], what, sizeof(what));
			return refused(b, m, r, what, r->conds[i].text);
		}
		if (rc)
			return rc;
		blob = place(b, e);
		BUILD_ROW(b, sl_snap_cond, SL_SNAP_CONDS, first + i)->regex_db = blob;
	}
	return 0;
}

/* Regexes among the origins of a route's CORS policy. */
static int origin_dbs(struct builder *b, const struct sl_model_vhost *m,
		      const struct sl_model_route *r, uint32_t cors)
{
	for (size_t i = 0; i < r->cors.n_origins; i++) {
		struct sl_match_pattern p = {SL_MATCH_REGEX, sl_str(r->cors.origins[i].text), 0,
					     false};
		struct cache_entry *e;
		struct sl_blob blob;
		uint32_t first;
		int bad, rc;

		if (r->cors.origins[i].match != SL_TEXT_REGEX)
			continue;
		rc = cache_get(b->cache, &p, 1, &e, &bad, b->err);
		if (rc)
			return rc == -EINVAL ? refused(b, m, r, "the regex of an origin",
						       r->cors.origins[i].text)
					     : rc;
		blob = place(b, e);
		first = BUILD_ROW(b, sl_snap_cors, SL_SNAP_CORS, cors)->origins.first;
		BUILD_ROW(b, sl_snap_cond, SL_SNAP_ORIGINS, first + i)->regex_db = blob;
	}
	return 0;
}

static int vhost_dbs(struct builder *b, const struct sl_model_vhost *m, struct sl_snap_vhost *v)
{
	int rc = paths_db(b, m, v);

	for (uint32_t i = 0; i < m->n_routes && !rc; i++) {
		const struct sl_snap_route *r =
			BUILD_ROW(b, sl_snap_route, SL_SNAP_ROUTES, v->routes.first + i);

		rc = cond_dbs(b, m, &m->routes[i], r->conds.first);
		if (!rc && m->routes[i].cors.on)
			rc = origin_dbs(b, m, &m->routes[i], r->cors);
	}
	return rc;
}

int build_databases(struct builder *b)
{
	for (size_t i = 0; i < b->model->n_tables; i++) {
		const struct sl_model_table *m = &b->model->tables[i];
		struct sl_snap_table *t = BUILD_ROW(b, sl_snap_table, SL_SNAP_TABLES, i);
		int rc = hosts_db(b, m, t);

		for (size_t k = 0; k < m->n_vhosts && !rc; k++)
			rc = vhost_dbs(
				b, &m->vhosts[k],
				BUILD_ROW(b, sl_snap_vhost, SL_SNAP_VHOSTS, t->vhosts.first + k));
		if (rc)
			return rc;
	}
	return 0;
}
