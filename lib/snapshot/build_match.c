/* SPDX-License-Identifier: BSD-3-Clause */
/* Compiles the Hosts of each route table and the paths of each virtual host. */
#include <errno.h>
#include <stdlib.h>

#include "build.h"

/* Puts an entry's database among the blobs; virtual hosts of equal content share one. */
static struct sl_blob place(struct builder *b, struct cache_entry *e)
{
	uint64_t at = b->tab[SL_SNAP_BLOBS].n;
	char *p;

	if (e->placed != cache_build(b->cache)) {
		p = build_rows(b, SL_SNAP_BLOBS, snap_align(at) - at + e->len);
		if (!p)
			return (struct sl_blob){0, 0};
		memcpy(p + (snap_align(at) - at), e->db, e->len);
		e->placed = cache_build(b->cache);
		e->off = snap_align(at);
	}
	return (struct sl_blob){e->off, e->len};
}

static int hosts_db(struct builder *b, const struct sl_model_table *m, struct sl_snap_table *t)
{
	struct sl_match_pattern *p;
	struct cache_entry *e;
	int bad, rc;

	if (t->domains.n == 0)
		return 0;
	p = calloc(t->domains.n, sizeof(*p));
	if (!p)
		return sl_err(b->err, ENOMEM, "no memory for a snapshot");
	for (uint32_t i = 0; i < t->domains.n; i++) {
		const struct sl_snap_domain *d =
			BUILD_ROW(b, sl_snap_domain, SL_SNAP_DOMAINS, t->domains.first + i);
		struct sl_str name = build_ref_str(b, d->name);

		p[i] = (struct sl_match_pattern){SL_MATCH_EXACT, name, i};
		if (name.n && name.p[0] == '*') {
			p[i].kind = name.n > 1 ? SL_MATCH_SUFFIX : SL_MATCH_ANY;
			p[i].text = (struct sl_str){name.p + 1, name.n - 1};
		}
	}
	rc = cache_get(b->cache, p, t->domains.n, &e, &bad, b->err);
	if (!rc)
		t->hosts_db = place(b, e);
	else if (bad >= 0)
		sl_err_prefix(b->err, "route table '%s': domain '%.*s': ", m->name,
			      SL_STR_ARG(p[bad].text));
	free(p);
	return rc;
}

static int refused(struct builder *b, const struct sl_model_vhost *m, int bad)
{
	const struct sl_model_route *r;
	char why[SL_ERR_TEXT_MAX / 2] = "";

	if (b->err)
		memcpy(why, b->err->text, sizeof(why) - 1);
	if (bad < 0)
		return build_bad(b, &m->origin, EINVAL,
				 "virtual host '%s': its paths do not compile together: %s",
				 m->name, why);
	r = &m->routes[bad];
	return build_bad(b, r->origin.file && *r->origin.file ? &r->origin : &m->origin, EINVAL,
			 "virtual host '%s': %s '%s' can't be matched: %s; write a regular "
			 "expression without look-around, back-references and large repeats",
			 m->name, r->match == SL_PATH_REGEX ? "the regex" : "the path", r->path,
			 why);
}

static int paths_db(struct builder *b, const struct sl_model_vhost *m, struct sl_snap_vhost *v)
{
	static const enum sl_match_kind kind[] = {
		[SL_PATH_ANY] = SL_MATCH_ANY,
		[SL_PATH_EXACT] = SL_MATCH_EXACT,
		[SL_PATH_PREFIX] = SL_MATCH_PREFIX,
		[SL_PATH_REGEX] = SL_MATCH_REGEX,
	};
	/* What stands behind a route that matches every path is never reached. */
	uint32_t n = SL_MIN(v->any_route, v->routes.n);
	struct sl_match_pattern *p;
	struct cache_entry *e;
	int bad, rc;

	if (n == 0)
		return 0;
	p = calloc(n, sizeof(*p));
	if (!p)
		return sl_err(b->err, ENOMEM, "no memory for a snapshot");
	for (uint32_t i = 0; i < n; i++)
		p[i] = (struct sl_match_pattern){kind[m->routes[i].match],
						 sl_str(m->routes[i].path), i};
	rc = cache_get(b->cache, p, n, &e, &bad, b->err);
	if (!rc)
		v->paths_db = place(b, e);
	else if (rc == -EINVAL)
		rc = refused(b, m, bad);
	free(p);
	return rc;
}

int build_databases(struct builder *b)
{
	for (size_t i = 0; i < b->model->n_tables; i++) {
		const struct sl_model_table *m = &b->model->tables[i];
		struct sl_snap_table *t = BUILD_ROW(b, sl_snap_table, SL_SNAP_TABLES, i);
		int rc = hosts_db(b, m, t);

		for (size_t k = 0; k < m->n_vhosts && !rc; k++)
			rc = paths_db(
				b, &m->vhosts[k],
				BUILD_ROW(b, sl_snap_vhost, SL_SNAP_VHOSTS, t->vhosts.first + k));
		if (rc)
			return rc;
	}
	return 0;
}
