/* SPDX-License-Identifier: BSD-3-Clause */
/* Routes one request: Host to virtual host, path to route, path to what goes upstream. */
#include <errno.h>

#include "sl_match.h"
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

static uint32_t find(const struct sl_snap *snap, struct sl_match_scratch *scratch,
		     struct sl_blob blob, struct sl_str subject, int fold)
{
	return blob.len ? sl_match_find(sl_snap_blob(snap, blob), scratch, subject, fold)
			: SL_MATCH_NONE;
}

int sl_snap_route_find(const struct sl_snap *snap, struct sl_match_scratch *scratch, uint32_t table,
		       struct sl_str host, struct sl_str path, struct sl_route_hit *hit)
{
	const struct sl_snap_table *t = sl_snap_table(snap, table);
	const struct sl_snap_vhost *v;
	uint32_t id;

	*hit = (struct sl_route_hit){SL_SNAP_NONE, SL_SNAP_NONE, SL_SNAP_NONE};
	id = find(snap, scratch, t->hosts_db, sl_snap_host_name(host), 1);
	if (id >= t->domains.n)
		return -ENOENT;
	hit->domain = t->domains.first + id;
	hit->vhost = sl_snap_domain(snap, hit->domain)->vhost;
	v = sl_snap_vhost(snap, hit->vhost);
	id = find(snap, scratch, v->paths_db, path, 0);
	/* SL_SNAP_NONE is the largest number. */
	id = SL_MIN(id, v->any_route);
	if (id >= v->routes.n)
		return -ENOENT;
	hit->route = v->routes.first + id;
	return 0;
}

enum sl_why sl_snap_route_why(const struct sl_snap *snap, const struct sl_route_hit *hit,
			      uint32_t route)
{
	if (route == hit->route)
		return SL_WHY_TAKEN;
	/* With no route taken (SL_SNAP_NONE), every one stands before it. */
	if (route > hit->route)
		return SL_WHY_LATER;
	switch ((enum sl_path_match)sl_snap_route(snap, route)->match) {
	case SL_PATH_EXACT:
		return SL_WHY_EXACT;
	case SL_PATH_PREFIX:
		return SL_WHY_PREFIX;
	case SL_PATH_REGEX:
	case SL_PATH_ANY: /* stands before a hit never: it would be the hit */
		break;
	}
	return SL_WHY_REGEX;
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

int sl_snap_rewrite(const struct sl_snap *snap, uint32_t route, struct sl_str target, char *out,
		    size_t cap)
{
	const struct sl_snap_route *r = sl_snap_route(snap, route);
	struct sl_str to = sl_snap_str(snap, r->rewrite_to), rest = target;
	const char *query = target.n ? memchr(target.p, '?', target.n) : NULL;
	struct sl_str path = {target.p, query ? (uint32_t)(query - target.p) : target.n};
	uint32_t replaced = 0;

	if (r->rewrite == SL_REWRITE_NONE)
		to.n = 0;
	else if (r->rewrite == SL_REWRITE_PATH)
		replaced = path.n;
	else if (sl_str_starts(path, sl_snap_str(snap, r->path)))
		replaced = r->path.len; /* the prefix is a plain string, not path elements */
	rest.p += replaced;
	rest.n -= replaced;
	if ((uint64_t)to.n + rest.n > SL_MIN(cap, INT32_MAX))
		return -ENOSPC;
	if (to.n)
		memcpy(out, to.p, to.n);
	if (rest.n)
		memcpy(out + to.n, rest.p, rest.n);
	return (int)(to.n + rest.n);
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
	return rc;
}
