/* SPDX-License-Identifier: BSD-3-Clause */
/* What a route makes of a request's target: the path that goes upstream, the place it is sent to.
 */
#include <errno.h>

#include "sl_match.h"
#include "snap.h"

/* Text that is put together from pieces; too much of it is noticed at the end. */
struct out {
	char *p;
	size_t n, cap;
	bool full;
};

static void put(struct out *o, struct sl_str s)
{
	if (s.n > o->cap - o->n) {
		o->full = true;
		return;
	}
	if (s.n)
		memcpy(o->p + o->n, s.p, s.n);
	o->n += s.n;
}

static int done(const struct out *o)
{
	return o->full ? -ENOSPC : (int)o->n;
}

static struct sl_str path_of(struct sl_str target)
{
	const char *query = target.n ? memchr(target.p, '?', target.n) : NULL;

	return (struct sl_str){target.p, query ? (uint32_t)(query - target.p) : target.n};
}

static struct sl_str behind(struct sl_str s, uint32_t n)
{
	return (struct sl_str){s.p + n, s.n - n};
}

/* Bytes of a path that a route's prefix matched. */
static uint32_t matched(const struct sl_snap *snap, const struct sl_snap_route *r,
			struct sl_str path)
{
	struct sl_str prefix = sl_snap_str(snap, r->path);

	if (prefix.n > path.n)
		return 0;
	if (!r->ignore_case)
		return sl_str_starts(path, prefix) ? prefix.n : 0;
	path.n = prefix.n;
	return sl_str_ieq(path, prefix) ? prefix.n : 0;
}

/* Elements in place of elements: one slash between them, and a path that is never empty. */
static void put_elements(struct out *o, const struct sl_snap *snap, const struct sl_snap_route *r,
			 struct sl_str to, struct sl_str path)
{
	uint32_t n = matched(snap, r, path);
	size_t before = o->n;

	if (n == 1) /* of "/": its slash stays */
		n = 0;
	if (to.n && to.p[to.n - 1] == '/')
		to.n--;
	put(o, to);
	put(o, behind(path, n));
	if (o->n == before)
		put(o, SL_STR("/"));
}

static int rewrite_regex(const struct sl_snap *snap, struct sl_match_scratch *scratch,
			 const struct sl_snap_route *r, struct sl_str path, struct out *o)
{
	int n = sl_match_subst(scratch, sl_snap_str(snap, r->rewrite_regex),
			       sl_snap_str(snap, r->rewrite_to), path, o->p, o->cap);

	if (n > 0)
		o->n = (size_t)n;
	return n;
}

int sl_snap_rewrite(const struct sl_snap *snap, struct sl_match_scratch *scratch, uint32_t route,
		    struct sl_str target, char *out, size_t cap)
{
	const struct sl_snap_route *r = sl_snap_route(snap, route);
	struct out o = {.p = out, .cap = SL_MIN(cap, INT32_MAX)};
	struct sl_str to = sl_snap_str(snap, r->rewrite_to), path = path_of(target);
	int rc;

	switch ((enum sl_rewrite)r->rewrite) {
	case SL_REWRITE_NONE:
		put(&o, path);
		break;
	case SL_REWRITE_PATH:
		put(&o, to);
		break;
	case SL_REWRITE_PREFIX: /* a plain string, not path elements */
		put(&o, to);
		put(&o, behind(path, matched(snap, r, path)));
		break;
	case SL_REWRITE_ELEMENTS:
		put_elements(&o, snap, r, to, path);
		break;
	case SL_REWRITE_REGEX:
		rc = rewrite_regex(snap, scratch, r, path, &o);
		if (rc < 0)
			return rc;
		break;
	}
	put(&o, behind(target, path.n));
	return done(&o);
}

/*
 * Host of the request in a redirect: its port stays, but where another one is said, or where the
 * scheme changes and it was the old one's own.
 */
static struct sl_str redirect_host(const struct sl_snap_route *r, struct sl_str scheme,
				   struct sl_str to_scheme, struct sl_str host)
{
	struct sl_str name = sl_snap_host_name(host);
	struct sl_str port = behind(host, name.n);
	struct sl_str own = sl_str_eq(scheme, SL_STR("https")) ? SL_STR(":443") : SL_STR(":80");

	if (r->redirect_port || (!sl_str_eq(scheme, to_scheme) && sl_str_eq(port, own)))
		return name;
	return host;
}

static void put_port(struct out *o, uint16_t port)
{
	char text[6];
	uint32_t at = sizeof(text);

	for (; port; port /= 10)
		text[--at] = (char)('0' + port % 10);
	text[--at] = ':';
	put(o, (struct sl_str){text + at, (uint32_t)sizeof(text) - at});
}

int sl_snap_redirect(const struct sl_snap *snap, uint32_t route, struct sl_str scheme,
		     struct sl_str host, struct sl_str target, char *out, size_t cap)
{
	const struct sl_snap_route *r = sl_snap_route(snap, route);
	struct out o = {.p = out, .cap = SL_MIN(cap, INT32_MAX)};
	struct sl_str to_scheme = sl_snap_str(snap, r->redirect_scheme);
	struct sl_str authority = sl_snap_str(snap, r->redirect_authority);
	struct sl_str to = sl_snap_str(snap, r->redirect_path), path = path_of(target);

	to_scheme = to_scheme.n ? to_scheme : scheme;
	put(&o, to_scheme);
	put(&o, SL_STR("://"));
	put(&o, authority.n ? authority : redirect_host(r, scheme, to_scheme, host));
	/* The port that a scheme has by itself is not written, but the request's is gone. */
	if (r->redirect_port &&
	    r->redirect_port != (sl_str_eq(to_scheme, SL_STR("https")) ? 443 : 80))
		put_port(&o, r->redirect_port);
	if (r->redirect_rewrite == SL_REWRITE_ELEMENTS)
		put_elements(&o, snap, r, to, path);
	else
		put(&o, to.n ? to : path);
	/* A query of the route's own takes the place of the request's. */
	if (!to.n || !memchr(to.p, '?', to.n))
		put(&o, behind(target, path.n));
	return done(&o);
}

bool sl_snap_cors_grants(const struct sl_snap *snap, struct sl_match_scratch *scratch,
			 const struct sl_snap_cors *cors, struct sl_str origin)
{
	for (uint32_t i = 0; i < cors->origins.n; i++) {
		const struct sl_snap_cond *c = sl_snap_origin(snap, cors->origins.first + i);

		if (snap_text_matches(snap, scratch, c, origin) ||
		    (c->match == SL_TEXT_EXACT &&
		     sl_str_eq(sl_snap_str(snap, c->text), SL_STR("*"))))
			return true;
	}
	return false;
}
