/* SPDX-License-Identifier: BSD-3-Clause */
/* Conditions of a route besides its path, held against one request; on the way of every request. */
#include "sl_match.h"
#include "snap.h"

/* A value that was found, or is put together from several fields. */
struct value {
	struct sl_str text;
	bool found;
	bool too_long; /* to be judged: then no condition on it holds */
	char joined[SL_MATCH_SUBJECT_MAX];
};

/* Several fields of one name are one list (RFC 9110 5.3). */
static void add(struct value *v, struct sl_str text)
{
	uint32_t n = v->text.n;

	if (!v->found) {
		v->found = true;
		v->text = text;
		return;
	}
	if ((uint64_t)n + 1 + text.n > sizeof(v->joined)) {
		v->too_long = true;
		return;
	}
	if (v->text.p != v->joined && n)
		memcpy(v->joined, v->text.p, n);
	v->joined[n] = ',';
	if (text.n)
		memcpy(v->joined + n + 1, text.p, text.n);
	v->text = (struct sl_str){v->joined, n + 1 + text.n};
}

static void header(const struct sl_snap_request *rq, struct sl_str name, struct value *v)
{
	for (uint16_t i = 0; i < rq->n_ours; i++)
		if (sl_str_ieq(rq->ours[i].name, name)) {
			add(v, rq->ours[i].value);
			return;
		}
	for (uint16_t i = 0; i < rq->n_fields; i++)
		if (rq->field[i].known != SL_HTTP_F_X_ENVOY && sl_str_ieq(rq->field[i].name, name))
			add(v, rq->field[i].value);
}

static void parameter(struct sl_str query, struct sl_str name, struct value *v)
{
	const char *p = query.p, *end = p + query.n;

	if (query.n)
		p++; /* the '?' */
	while (p < end) {
		const char *stop = memchr(p, '&', (size_t)(end - p)), *eq;

		stop = stop ? stop : end;
		eq = memchr(p, '=', (size_t)(stop - p));
		eq = eq ? eq : stop;
		if (sl_str_eq((struct sl_str){p, (uint32_t)(eq - p)}, name)) {
			eq += eq < stop;
			add(v, (struct sl_str){eq, (uint32_t)(stop - eq)});
			return;
		}
		p = stop + 1;
	}
}

static void target(const struct sl_snap_request *rq, struct value *v)
{
	if ((uint64_t)rq->path.n + rq->query.n > sizeof(v->joined)) {
		v->too_long = true;
		return;
	}
	if (rq->path.n)
		memcpy(v->joined, rq->path.p, rq->path.n);
	if (rq->query.n)
		memcpy(v->joined + rq->path.n, rq->query.p, rq->query.n);
	v->text = (struct sl_str){v->joined, rq->path.n + rq->query.n};
	v->found = true;
}

bool snap_text_matches(const struct sl_snap *snap, struct sl_match_scratch *scratch,
		       const struct sl_snap_cond *c, struct sl_str text)
{
	switch ((enum sl_text_match)c->match) {
	case SL_TEXT_PRESENT:
		return true;
	case SL_TEXT_EXACT:
		return sl_str_eq(text, sl_snap_str(snap, c->text));
	case SL_TEXT_PREFIX:
		return sl_str_starts(text, sl_snap_str(snap, c->text));
	case SL_TEXT_REGEX:
		break;
	}
	return sl_match_regex(sl_snap_blob(snap, c->regex_db), scratch, text);
}

static void look_up(const struct sl_snap *snap, const struct sl_snap_request *rq,
		    const struct sl_snap_cond *c, struct value *v)
{
	switch ((enum sl_cond_on)c->on) {
	case SL_ON_METHOD:
		add(v, rq->method);
		break;
	case SL_ON_SCHEME:
		add(v, rq->scheme);
		break;
	case SL_ON_AUTHORITY:
		add(v, rq->host);
		break;
	case SL_ON_TARGET:
		target(rq, v);
		break;
	case SL_ON_HEADER:
		header(rq, sl_snap_str(snap, c->name), v);
		break;
	case SL_ON_QUERY:
		parameter(rq->query, sl_snap_str(snap, c->name), v);
		break;
	}
}

static bool holds(const struct sl_snap *snap, struct sl_match_scratch *scratch,
		  const struct sl_snap_request *rq, const struct sl_snap_cond *c)
{
	struct value v;

	v.text = (struct sl_str){"", 0};
	v.found = v.too_long = false;
	look_up(snap, rq, c, &v);
	if (v.too_long || (c->match == SL_TEXT_REGEX && v.text.n > SL_MATCH_SUBJECT_MAX))
		return false;
	/* "Must not match" takes what is absent for empty, "must not be there" does not. */
	if (!v.found && (!c->invert || c->match == SL_TEXT_PRESENT))
		return c->invert;
	return snap_text_matches(snap, scratch, c, v.text) != (c->invert != 0);
}

uint32_t snap_cond_failed(const struct sl_snap *snap, struct sl_match_scratch *scratch,
			  const struct sl_snap_request *rq, const struct sl_snap_route *route)
{
	for (uint32_t i = 0; i < route->conds.n; i++)
		if (!holds(snap, scratch, rq, sl_snap_cond(snap, route->conds.first + i)))
			return route->conds.first + i;
	return SL_SNAP_NONE;
}

bool sl_snap_cond_holds(const struct sl_snap *snap, struct sl_match_scratch *scratch,
			const struct sl_snap_request *rq, uint32_t cond)
{
	return holds(snap, scratch, rq, sl_snap_cond(snap, cond));
}

static bool is_among(const struct sl_str *names, uint32_t n, struct sl_str name)
{
	for (uint32_t i = 0; i < n; i++)
		if (sl_str_ieq(names[i], name))
			return true;
	return false;
}

uint32_t sl_snap_header_names(const struct sl_snap *snap, struct sl_str *out, uint32_t cap)
{
	struct sl_str last = {0};
	uint32_t n = 0;

	for (uint32_t i = 0; i < snap->tab[SL_SNAP_CONDS].n && n < cap; i++) {
		const struct sl_snap_cond *c = sl_snap_cond(snap, i);
		struct sl_str name = sl_snap_str(snap, c->name);

		/* Routes in a row ask for the same field, and equal texts are stored once. */
		if (c->on != SL_ON_HEADER || c->match == SL_TEXT_PRESENT || name.p == last.p)
			continue;
		last = name;
		if (!is_among(out, n, name))
			out[n++] = name;
	}
	return n;
}
