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

struct group {
	char from[WHERE_MAX], to[WHERE_MAX];
	uint64_t n;
	const struct recent_head *example;
};

struct replay {
	struct control *c;
	const struct sl_snap *then;
	struct group group[GROUPS_MAX];
	size_t n_groups;
	uint64_t played, elsewhere, unknown;
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

static int route_head(struct replay *rp, const struct sl_snap *s, uint32_t listener,
		      const struct recent_head *h, struct sl_route_hit *hit)
{
	struct sl_http_path_rules rules = lookup_path_rules(s, sl_conf_box(rp->c->conf), listener);
	uint32_t table = sl_snap_listener(s, listener)->table;
	char path[RECENT_PATH_MAX];
	uint32_t len = (uint32_t)strcspn(h->path, "?");
	int n = sl_http_path((struct sl_str){h->path, len}, &rules, path, sizeof(path), NULL);
	/* Its fields are not kept: conditions on them are held against none. */
	struct sl_snap_request rq = {.host = sl_str(h->host),
				     .query = sl_str(h->path + len),
				     .method = sl_str(h->method),
				     .scheme = SL_STR("http")};

	if (n < 0)
		return -EINVAL;
	rq.path = (struct sl_str){path, (uint32_t)n};
	sl_snap_route_find(s, rp->c->scratch, table, &rq, hit);
	return 0;
}

static int where(struct replay *rp, const struct sl_snap *s, const struct recent_head *h,
		 char out[WHERE_MAX])
{
	uint32_t row = lookup_listener(s, sl_conf_box(rp->c->conf), &h->ip, h->port);
	struct sl_route_hit hit;

	if (row == SL_SNAP_NONE) {
		snprintf(out, WHERE_MAX, "no listener");
		return 0;
	}
	if (route_head(rp, s, row, h, &hit) < 0)
		return -EINVAL;
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

	if (h->cut || where(rp, rp->c->snap.map, h, from) < 0 || where(rp, rp->then, h, to) < 0) {
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

static json_t *result(struct replay *rp, uint64_t seen)
{
	json_t *list = json_array();

	qsort(rp->group, rp->n_groups, sizeof(*rp->group), most_first);
	for (size_t i = 0; i < rp->n_groups; i++) {
		const struct group *g = &rp->group[i];

		json_array_append_new(list, json_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "count",
						      (json_int_t)g->n, "method",
						      json_text(g->example->method), "host",
						      json_text(g->example->host), "path",
						      json_text(g->example->path), "from",
						      json_text(g->from), "to", json_text(g->to)));
	}
	return json_pack("{s:I, s:I, s:I, s:I, s:o}", "seen", (json_int_t)seen, "played",
			 (json_int_t)rp->played, "not_played", (json_int_t)rp->unknown, "elsewhere",
			 (json_int_t)rp->elsewhere, "groups", list);
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
		rp->then = then;
		for (size_t i = 0; i < n; i++)
			play(rp, &head[i]);
		json_object_set_new(out, "requests", result(rp, seen));
	}
	free(head);
	free(rp);
	return rc;
}
