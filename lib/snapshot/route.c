/* SPDX-License-Identifier: BSD-3-Clause */
/* Routes one request: Host to virtual host, path to route, path to what goes upstream. */
#include <errno.h>

#include "host.h"
#include "snap.h"

struct sl_str sl_snap_host_name(struct sl_str host)
{
	uint32_t i = host.n;

	/* "[2001:db8::1]:80": a colon inside brackets separates no port. */
	while (i > 0 && host.p[i - 1] >= '0' && host.p[i - 1] <= '9')
		i--;
	if (i == 0 || host.p[i - 1] != ':')
		return host;
	host.n = i - 1;
	return host;
}

#define HOST_MAX 256u /* no domain is longer */

/* Domain row of an exact domain, or SL_SNAP_NONE. */
static uint32_t find_exact(const struct sl_snap *snap, const struct sl_snap_table *t,
			   struct sl_str host)
{
	const uint32_t *bucket = snap_host_index(snap) + t->host_index.first;
	uint32_t mask = t->host_index.n - 1, at;

	if (t->host_index.n == 0 || host.n > HOST_MAX)
		return SL_SNAP_NONE;
	at = snap_host_hash(host) & mask;
	/* At most half full, which sl_snap_check has seen: an empty bucket ends every probe. */
	for (; bucket[at] != SL_SNAP_NONE; at = (at + 1) & mask) {
		const struct sl_snap_domain *d = sl_snap_domain(snap, bucket[at]);

		/* Wanted next, and fetched while the names are compared. */
		__builtin_prefetch(sl_snap_vhost(snap, d->vhost));
		if (snap_host_eq(sl_snap_str(snap, d->name), host))
			return bucket[at];
	}
	return SL_SNAP_NONE;
}

/* Exact, then the longest suffix, then "*": by hash first, since most Hosts are written out. */
static uint32_t find_domain(const struct sl_snap *snap, struct sl_match_scratch *scratch,
			    const struct sl_snap_table *t, struct sl_str host)
{
	struct sl_str name = sl_snap_host_name(host);
	uint32_t row = find_exact(snap, t, name), id;

	if (row != SL_SNAP_NONE || t->hosts_db.len == 0)
		return row;
	id = sl_match_find(sl_snap_blob(snap, t->hosts_db), scratch, name, 1);
	return id < t->domains.n ? t->domains.first + id : SL_SNAP_NONE;
}

/* The search for the first route of a virtual host. */
struct search {
	const struct sl_snap *snap;
	struct sl_match_scratch *scratch;
	const struct sl_snap_request *rq;
	const struct sl_snap_vhost *v;
	uint32_t best; /* offset of the first route that was found to match so far */
};

/* Walks the chain of routes whose path matches to the first whose conditions hold. */
static uint32_t walk(void *arg, uint32_t head)
{
	struct search *s = arg;

	/* SL_SNAP_NONE, the end of a chain, lies behind every route. */
	for (uint32_t at = head; at < s->best;) {
		const struct sl_snap_route *r = sl_snap_route(s->snap, s->v->routes.first + at);

		if (snap_cond_failed(s->snap, s->scratch, s->rq, r) == SL_SNAP_NONE) {
			s->best = at;
			break;
		}
		at = r->next;
	}
	return s->best;
}

/* The root chain: all but SL_PATH_ANY want a path that begins with '/', which only "*" does not. */
static void walk_root(struct search *s)
{
	bool rooted = s->rq->path.n && s->rq->path.p[0] == '/';

	for (uint32_t at = s->v->root_route; at < s->best;) {
		const struct sl_snap_route *r = sl_snap_route(s->snap, s->v->routes.first + at);

		if ((rooted || r->match == SL_PATH_ANY) &&
		    snap_cond_failed(s->snap, s->scratch, s->rq, r) == SL_SNAP_NONE) {
			s->best = at;
			return;
		}
		at = r->next;
	}
}

int sl_snap_route_find(const struct sl_snap *snap, struct sl_match_scratch *scratch, uint32_t table,
		       const struct sl_snap_request *rq, struct sl_route_hit *hit)
{
	const struct sl_snap_table *t = sl_snap_table(snap, table);
	struct search s = {.snap = snap, .scratch = scratch, .rq = rq};

	*hit = (struct sl_route_hit){SL_SNAP_NONE, SL_SNAP_NONE, SL_SNAP_NONE};
	hit->domain = find_domain(snap, scratch, t, rq->host);
	if (hit->domain == SL_SNAP_NONE)
		return -ENOENT;
	hit->vhost = sl_snap_domain(snap, hit->domain)->vhost;
	s.v = sl_snap_vhost(snap, hit->vhost);
	s.best = s.v->routes.n;
	walk_root(&s);
	if (s.v->paths_db.len) {
		struct sl_match_sink sink = {walk, &s,
					     &sl_snap_route(snap, s.v->routes.first)->conds,
					     sizeof(struct sl_snap_route)};

		sl_match_scan(sl_snap_blob(snap, s.v->paths_db), scratch, rq->path, 0, &sink);
	}
	if (s.best >= s.v->routes.n)
		return -ENOENT;
	hit->route = s.v->routes.first + s.best;
	return 0;
}

/* Whether one chain's path matches. */
struct chain {
	uint32_t head;
	bool matches;
};

static uint32_t is_chain(void *arg, uint32_t head)
{
	struct chain *c = arg;

	c->matches |= head == c->head;
	return c->matches ? 0 : SL_MATCH_NONE;
}

static bool path_matches(const struct sl_snap *snap, struct sl_match_scratch *scratch,
			 const struct sl_snap_vhost *v, const struct sl_snap_route *r,
			 struct sl_str path)
{
	struct chain c = {.head = r->head};
	const struct sl_match_sink sink = {.found = is_chain, .arg = &c};

	if (r->head == v->root_route)
		return r->match == SL_PATH_ANY || (path.n && path.p[0] == '/');
	if (v->paths_db.len)
		sl_match_scan(sl_snap_blob(snap, v->paths_db), scratch, path, 0, &sink);
	return c.matches;
}

static enum sl_why why_path(const struct sl_snap_route *r)
{
	static const enum sl_why why[] = {
		[SL_PATH_ANY] = SL_WHY_PREFIX,        [SL_PATH_EXACT] = SL_WHY_EXACT,
		[SL_PATH_PREFIX] = SL_WHY_PREFIX,     [SL_PATH_REGEX] = SL_WHY_REGEX,
		[SL_PATH_ELEMENTS] = SL_WHY_ELEMENTS,
	};

	return r->match < SL_ARRAY_LEN(why) ? why[r->match] : SL_WHY_PREFIX;
}

static enum sl_why why_cond(const struct sl_snap_cond *c)
{
	static const enum sl_why why[] = {
		[SL_ON_METHOD] = SL_WHY_METHOD,       [SL_ON_SCHEME] = SL_WHY_SCHEME,
		[SL_ON_AUTHORITY] = SL_WHY_AUTHORITY, [SL_ON_TARGET] = SL_WHY_TARGET,
		[SL_ON_HEADER] = SL_WHY_HEADER,       [SL_ON_QUERY] = SL_WHY_QUERY,
	};

	if (c->on == SL_ON_HEADER && c->invert)
		return SL_WHY_WITHOUT_HEADER;
	return c->on < SL_ARRAY_LEN(why) ? why[c->on] : SL_WHY_HEADER;
}

enum sl_why sl_snap_route_why(const struct sl_snap *snap, struct sl_match_scratch *scratch,
			      const struct sl_snap_request *rq, const struct sl_route_hit *hit,
			      uint32_t route, uint32_t *cond)
{
	const struct sl_snap_route *r = sl_snap_route(snap, route);

	*cond = SL_SNAP_NONE;
	if (route == hit->route)
		return SL_WHY_TAKEN;
	/* With no route taken (SL_SNAP_NONE), every one stands before it. */
	if (route > hit->route)
		return SL_WHY_LATER;
	if (!path_matches(snap, scratch, sl_snap_vhost(snap, hit->vhost), r, rq->path))
		return why_path(r);
	*cond = snap_cond_failed(snap, scratch, rq, r);
	return *cond == SL_SNAP_NONE ? SL_WHY_TAKEN : why_cond(sl_snap_cond(snap, *cond));
}

const char *sl_why_text(enum sl_why why)
{
	static const char *const text[] = {
#define WHY_TEXT(name, sentence) [SL_WHY_##name] = sentence,
		SL_WHY_LIST(WHY_TEXT)
#undef WHY_TEXT
	};

	return (size_t)why < SL_ARRAY_LEN(text) ? text[why] : "?";
}

static int grow(const struct sl_snap *snap, struct sl_match_scratch **scratch, struct sl_blob blob,
		struct sl_err *err)
{
	return blob.len ? sl_match_scratch_grow(scratch, sl_snap_blob(snap, blob), err) : 0;
}

int sl_snap_scratch_grow(const struct sl_snap *snap, struct sl_match_scratch **scratch,
			 struct sl_err *err)
{
	int rc = 0;

	for (uint32_t i = 0; i < snap->tab[SL_SNAP_TABLES].n && !rc; i++)
		rc = grow(snap, scratch, sl_snap_table(snap, i)->hosts_db, err);
	for (uint32_t i = 0; i < snap->tab[SL_SNAP_VHOSTS].n && !rc; i++)
		rc = grow(snap, scratch, sl_snap_vhost(snap, i)->paths_db, err);
	for (uint32_t i = 0; i < snap->tab[SL_SNAP_CONDS].n && !rc; i++)
		rc = grow(snap, scratch, sl_snap_cond(snap, i)->regex_db, err);
	for (uint32_t i = 0; i < snap->tab[SL_SNAP_ORIGINS].n && !rc; i++)
		rc = grow(snap, scratch, sl_snap_origin(snap, i)->regex_db, err);
	for (uint32_t i = 0; i < snap->tab[SL_SNAP_ROUTES].n && !rc; i++) {
		const struct sl_snap_route *r = sl_snap_route(snap, i);

		if (r->rewrite == SL_REWRITE_REGEX)
			rc = sl_match_subst_prepare(scratch, sl_snap_str(snap, r->rewrite_regex),
						    err);
	}
	return rc;
}
