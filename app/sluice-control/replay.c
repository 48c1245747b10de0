/* SPDX-License-Identifier: BSD-3-Clause */
/* Plays requests of the last minute through two snapshots and counts those that part ways. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dryrun.h"
#include "lookup.h"
#include "recent.h"
#include "sl_http.h"

#define GROUPS_MAX 64u
#define WHERE_MAX  512
#define ASKED_MAX  256u
#define LACK_MAX   32u
#define LOOKS_MAX  500000u /* at routes that might match for all we know: some 0.1 to 0.5 s */

struct group {
	char from[WHERE_MAX], to[WHERE_MAX];
	uint64_t n;
	const struct recent_head *example;
};

/* One of the two configurations, and the fields whose values its conditions look at. */
struct side {
	const struct sl_snap *s;
	struct sl_str asked[ASKED_MAX];
	uint32_t n_asked;
};

/* Requests that could not be judged for want of a field's value. */
struct lack {
	struct sl_str field; /* name in a snapshot */
	uint64_t n;
};

struct replay {
	struct control *c;
	struct side now, then;
	struct sl_head_in in; /* the request that is played */
	struct group group[GROUPS_MAX];
	size_t n_groups;
	struct lack lack[LACK_MAX];
	size_t n_lacks;
	uint64_t played, elsewhere, unknown;
	uint32_t looks;
};

/* Appends to the words; what has no room is left out. */
static void say(char out[WHERE_MAX], const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(char out[WHERE_MAX], const char *fmt, ...)
{
	size_t n = strlen(out);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out + n, WHERE_MAX - n, fmt, ap);
	va_end(ap);
}

static void where_forward(const struct sl_snap *s, const struct sl_snap_route *r,
			  char out[WHERE_MAX])
{
	for (uint32_t i = 0; i < r->weights.n; i++) {
		const struct sl_snap_weight *w = sl_snap_weight(s, r->weights.first + i);
		struct sl_str name = sl_snap_str(s, sl_snap_cluster(s, w->cluster)->name);

		say(out, "%s%.*s", i > 0 ? ", " : "", SL_STR_ARG(name));
		if (r->weights.n > 1)
			say(out, " (%u)", w->weight);
	}
	if (r->rewrite != SL_REWRITE_NONE)
		say(out, " as %.*s%s", SL_STR_ARG(sl_snap_str(s, r->rewrite_to)),
		    r->rewrite == SL_REWRITE_PREFIX ? "*" : "");
	for (uint32_t i = 0; i < r->mirrors.n; i++) {
		const struct sl_snap_mirror *m = sl_snap_mirror(s, r->mirrors.first + i);

		say(out, ", %.4g %% mirrored to %.*s", m->ppm * 100.0 / SL_MODEL_PPM,
		    SL_STR_ARG(sl_snap_str(s, sl_snap_cluster(s, m->cluster)->name)));
	}
}

/* What a route does, in words; equal words: the same place. */
static void where_route(const struct sl_snap *s, const struct sl_snap_route *r, char out[WHERE_MAX])
{
	out[0] = '\0';
	if (r->action == SL_ROUTE_FORWARD)
		where_forward(s, r, out);
	else if (r->action == SL_ROUTE_DIRECT)
		say(out, "%u by the route itself", r->status);
	else
		say(out, "%u to %.*s%.*s", r->status,
		    SL_STR_ARG(sl_snap_str(s, r->redirect_authority)),
		    SL_STR_ARG(sl_snap_str(s, r->redirect_path)));
}

static bool is_asked(const struct side *side, struct sl_str name)
{
	/* More than are listed: any may be among them. */
	if (side->n_asked == ASKED_MAX)
		return true;
	for (uint32_t i = 0; i < side->n_asked; i++)
		if (sl_str_ieq(side->asked[i], name))
			return true;
	return false;
}

/* Whether the request has a value that is not kept and that some route asks for. */
static bool lacks_any(const struct replay *rp, const struct side *side)
{
	for (uint16_t i = 0; i < rp->in.req.n_fields; i++)
		if (sl_head_withheld(&rp->in.r, i) && is_asked(side, rp->in.req.field[i].name))
			return true;
	return false;
}

/* Whether a condition's verdict hangs on such a value. */
static bool hangs(const struct replay *rp, const struct sl_snap *s, uint32_t cond)
{
	const struct sl_snap_cond *c = sl_snap_cond(s, cond);
	struct sl_str name = sl_snap_str(s, c->name);

	if (c->on != SL_ON_HEADER || c->match == SL_TEXT_PRESENT)
		return false;
	for (uint16_t i = 0; i < rp->in.req.n_fields; i++)
		if (sl_head_withheld(&rp->in.r, i) && sl_str_ieq(rp->in.req.field[i].name, name))
			return true;
	return false;
}

static uint32_t first_that_hangs(const struct replay *rp, const struct sl_snap *s,
				 struct sl_span conds)
{
	for (uint32_t i = 0; i < conds.n; i++)
		if (hangs(rp, s, conds.first + i))
			return conds.first + i;
	return SL_SNAP_NONE;
}

/* A route that was not taken, with a path that matches: the condition but for which it might be. */
static uint32_t might_match(const struct replay *rp, const struct sl_snap *s,
			    const struct sl_snap_request *rq, struct sl_span conds)
{
	for (uint32_t i = 0; i < conds.n; i++)
		if (!hangs(rp, s, conds.first + i) &&
		    !sl_snap_cond_holds(s, rp->c->scratch, rq, conds.first + i))
			return SL_SNAP_NONE;
	return first_that_hangs(rp, s, conds);
}

/*
 * The condition that makes the route taken a guess, or SL_SNAP_NONE: one of its own, or one of a
 * route before it.
 */
static uint32_t guessed(struct replay *rp, const struct sl_snap *s,
			const struct sl_snap_request *rq, const struct sl_route_hit *hit)
{
	const struct sl_snap_vhost *v = sl_snap_vhost(s, hit->vhost);
	uint32_t end = v->routes.first + v->routes.n;

	for (uint32_t row = v->routes.first; row < end && row < hit->route; row++) {
		struct sl_span conds = sl_snap_route(s, row)->conds;
		uint32_t guess = first_that_hangs(rp, s, conds), cond;

		if (guess == SL_SNAP_NONE)
			continue;
		if (++rp->looks > LOOKS_MAX)
			return guess;
		/* No condition it failed by: then its path does not match. */
		sl_snap_route_why(s, rp->c->scratch, rq, hit, row, &cond);
		if (cond != SL_SNAP_NONE)
			guess = might_match(rp, s, rq, conds);
		if (cond != SL_SNAP_NONE && guess != SL_SNAP_NONE)
			return guess;
	}
	if (hit->route == SL_SNAP_NONE)
		return SL_SNAP_NONE;
	return first_that_hangs(rp, s, sl_snap_route(s, hit->route)->conds);
}

static void count_lack(struct replay *rp, struct sl_str field)
{
	struct lack *l = rp->lack;

	for (; l < rp->lack + rp->n_lacks; l++)
		if (sl_str_ieq(l->field, field)) {
			l->n++;
			return;
		}
	if (rp->n_lacks < LACK_MAX)
		rp->lack[rp->n_lacks++] = (struct lack){field, 1};
}

static int route_head(struct replay *rp, const struct side *side, uint32_t listener,
		      struct sl_route_hit *hit)
{
	const struct sl_snap *s = side->s;
	const struct sl_http_request *req = &rp->in.req;
	struct sl_http_path_rules rules = lookup_path_rules(s, sl_conf_box(rp->c->conf), listener);
	char path[SL_HEAD_TEXT_MAX];
	int n = sl_http_path(req->path, &rules, path, sizeof(path), NULL);
	/* What the gateway sets itself is among the fields, as the worker had it. */
	struct sl_snap_request rq = {.host = req->authority,
				     .query = req->query,
				     .method = req->method,
				     .scheme = SL_STR("http"),
				     .field = req->field,
				     .n_fields = req->n_fields};
	uint32_t cond = SL_SNAP_NONE;

	if (n < 0)
		return -EINVAL;
	rq.path = (struct sl_str){path, (uint32_t)n};
	sl_snap_route_find(s, rp->c->scratch, sl_snap_listener(s, listener)->table, &rq, hit);
	if (hit->vhost != SL_SNAP_NONE && lacks_any(rp, side))
		cond = guessed(rp, s, &rq, hit);
	if (cond == SL_SNAP_NONE)
		return 0;
	count_lack(rp, sl_snap_str(s, sl_snap_cond(s, cond)->name));
	return -ENODATA;
}

static int where(struct replay *rp, const struct side *side, char out[WHERE_MAX])
{
	const struct sl_snap *s = side->s;
	uint32_t row = lookup_listener(s, sl_conf_box(rp->c->conf), &rp->in.r.ip, rp->in.r.port);
	struct sl_route_hit hit;
	int rc;

	if (row == SL_SNAP_NONE) {
		snprintf(out, WHERE_MAX, "no listener");
		return 0;
	}
	rc = route_head(rp, side, row, &hit);
	if (rc < 0)
		return rc;
	if (hit.vhost == SL_SNAP_NONE)
		snprintf(out, WHERE_MAX, "404, no virtual host");
	else if (hit.route == SL_SNAP_NONE)
		snprintf(out, WHERE_MAX, "404, no route");
	else
		where_route(s, sl_snap_route(s, hit.route), out);
	return 0;
}

static void count(struct replay *rp, const char *from, const char *to, const struct recent_head *h)
{
	struct group *g = rp->group;

	rp->elsewhere++;
	for (; g < rp->group + rp->n_groups; g++)
		if (strcmp(g->from, from) == 0 && strcmp(g->to, to) == 0) {
			g->n++;
			return;
		}
	if (rp->n_groups == GROUPS_MAX)
		return;
	rp->n_groups++;
	snprintf(g->from, sizeof(g->from), "%s", from);
	snprintf(g->to, sizeof(g->to), "%s", to);
	g->n = 1;
	g->example = h;
}

static void play(struct replay *rp, const struct recent_head *h)
{
	char from[WHERE_MAX], to[WHERE_MAX];

	if (sl_head_read(&rp->in, h->msg, h->len) < 0 || (rp->in.r.flags & SL_HEAD_CUT) != 0 ||
	    where(rp, &rp->now, from) < 0 || where(rp, &rp->then, to) < 0) {
		rp->unknown++;
		return;
	}
	rp->played++;
	if (strcmp(from, to) != 0)
		count(rp, from, to, h);
}

static int most_first(const void *a, const void *b)
{
	uint64_t x = ((const struct group *)a)->n, y = ((const struct group *)b)->n;

	return (x < y) - (x > y);
}

static json_t *group_json(struct replay *rp, const struct group *g)
{
	const struct sl_http_request *req = &rp->in.req;

	if (sl_head_read(&rp->in, g->example->msg, g->example->len) < 0)
		return NULL;
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "count", (json_int_t)g->n, "method",
			 json_text_of(req->method), "host", json_text_of(req->authority), "path",
			 json_text_of(req->target), "from", json_text(g->from), "to",
			 json_text(g->to));
}

static json_t *result(struct replay *rp, uint64_t seen)
{
	json_t *list = json_array(), *lacks = json_array();

	qsort(rp->group, rp->n_groups, sizeof(*rp->group), most_first);
	for (size_t i = 0; i < rp->n_groups; i++)
		json_array_append_new(list, group_json(rp, &rp->group[i]));
	for (size_t i = 0; i < rp->n_lacks; i++)
		json_array_append_new(lacks, json_pack("{s:o, s:I}", "field",
						       json_text_of(rp->lack[i].field), "count",
						       (json_int_t)rp->lack[i].n));
	return json_pack("{s:I, s:I, s:I, s:I, s:o, s:o}", "seen", (json_int_t)seen, "played",
			 (json_int_t)rp->played, "not_played", (json_int_t)rp->unknown, "elsewhere",
			 (json_int_t)rp->elsewhere, "withheld", lacks, "groups", list);
}

static void side_begin(struct side *side, const struct sl_snap *s)
{
	side->s = s;
	side->n_asked = sl_snap_header_names(s, side->asked, ASKED_MAX);
}

int dryrun_replay(struct control *c, const struct sl_snap *then, json_t *out, struct sl_err *err)
{
	struct replay *rp = calloc(1, sizeof(*rp));
	struct recent_head *head = NULL;
	uint64_t seen = 0;
	size_t n = 0;
	int rc = rp == NULL || recent_copy(c->recent, &head, &n, &seen) < 0
			 ? sl_err(err, ENOMEM, "Out of memory.")
			 : 0;

	if (rc == 0)
		rc = sl_snap_scratch_grow(c->snap.map, &c->scratch, err);
	if (rc == 0)
		rc = sl_snap_scratch_grow(then, &c->scratch, err);
	if (rc == 0) {
		rp->c = c;
		side_begin(&rp->now, c->snap.map);
		side_begin(&rp->then, then);
		for (size_t i = 0; i < n; i++)
			play(rp, &head[i]);
		json_object_set_new(out, "requests", result(rp, seen));
	}
	free(head);
	free(rp);
	return rc;
}
