/* SPDX-License-Identifier: BSD-3-Clause */
/* What routes and destinations change about headers, worked out in advance; CORS policies. */
#include <errno.h>
#include <stdlib.h>

#include "build.h"

#define CHANGE_BYTES_MAX 1500u /* of an answer's changes: they wait in one packet buffer */

/* Changes in the order of their effect, on the way to what is left of them. */
struct changes {
	struct sl_snap_change *v;
	size_t n;
};

/* Takes what was put in under a name out again; the client's fields of it are dropped. */
static void drop(struct changes *c, struct sl_ref name, bool response)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].response != response || c->v[i].name.off != name.off ||
		    c->v[i].name.len != name.len)
			c->v[kept++] = c->v[i];
	c->v[kept] = (struct sl_snap_change){.name = name, .response = response};
	c->n = kept + 1;
}

/* Envoy's order: what is to go goes first, then sets and adds in turn. */
static void apply(struct builder *b, struct changes *c, const struct sl_model_header *h, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (h[i].op == SL_HEADER_REMOVE)
			drop(c, build_str(b, h[i].name), h[i].response);
	for (int op = SL_HEADER_SET; op <= SL_HEADER_ADD; op++)
		for (size_t i = 0; i < n; i++) {
			struct sl_ref name;

			if ((int)h[i].op != op || !*h[i].value)
				continue;
			name = build_str(b, h[i].name);
			if (op == SL_HEADER_SET)
				drop(c, name, h[i].response);
			c->v[c->n++] = (struct sl_snap_change){.name = name,
							       .value = build_str(b, h[i].value),
							       .put = 1,
							       .response = h[i].response};
		}
}

static int check_size(struct builder *b, const struct sl_model_route *m, const struct changes *c)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].response)
			bytes += c->v[i].name.len + c->v[i].value.len + 8u;
	bytes += strlen(m->cors.methods) + strlen(m->cors.headers) + strlen(m->cors.expose) +
		 strlen(m->cors.max_age);
	if (bytes <= CHANGE_BYTES_MAX)
		return 0;
	return build_bad(b, &m->origin, EINVAL,
			 "a route changes headers of answers by %llu bytes; write at most %u",
			 (unsigned long long)bytes, CHANGE_BYTES_MAX);
}

/* The rows of what is left. */
static int store(struct builder *b, const struct sl_model_route *m, const struct changes *c,
		 struct sl_span *span)
{
	struct sl_snap_change *rows;

	span->first = (uint32_t)b->tab[SL_SNAP_CHANGES].n;
	span->n = (uint32_t)c->n;
	rows = build_rows(b, SL_SNAP_CHANGES, c->n);
	if (rows && c->n)
		memcpy(rows, c->v, c->n * sizeof(*rows));
	return check_size(b, m, c);
}

/*
 * With one destination the route's and its are one list, the route's before; with several, Envoy
 * has the destination's done first, so that the route's word counts.
 */
int build_changes(struct builder *b, const struct sl_model_route *m,
		  const struct sl_model_weight *w, struct sl_span *span)
{
	size_t n = m->n_headers + (w ? w->n_headers : 0), k = 0;
	struct sl_model_header *all = calloc(n + 1, sizeof(*all));
	/* A set is two steps. */
	struct changes c = {.v = calloc(2 * n + 1, sizeof(*c.v))};
	int rc = 0;

	if (!all || !c.v) {
		rc = sl_err(b->err, ENOMEM, "no memory for a snapshot");
	} else if (w && m->n_weights > 1) {
		apply(b, &c, w->headers, w->n_headers);
		apply(b, &c, m->headers, m->n_headers);
	} else {
		/* Removes, sets and adds of both take turns: sets of the route, its adds, ... */
		for (size_t i = 0; i < m->n_headers; i++)
			if (m->headers[i].op == SL_HEADER_REMOVE)
				all[k++] = m->headers[i];
		for (size_t i = 0; w && i < w->n_headers; i++)
			if (w->headers[i].op == SL_HEADER_REMOVE)
				all[k++] = w->headers[i];
		apply(b, &c, all, k);
		k = 0;
		for (size_t i = 0; i < m->n_headers; i++)
			if (m->headers[i].op != SL_HEADER_REMOVE)
				all[k++] = m->headers[i];
		apply(b, &c, all, k);
		k = 0;
		for (size_t i = 0; w && i < w->n_headers; i++)
			if (w->headers[i].op != SL_HEADER_REMOVE)
				all[k++] = w->headers[i];
		apply(b, &c, all, k);
	}
	if (!rc)
		rc = store(b, m, &c, span);
	free(all);
	free(c.v);
	return rc;
}

uint32_t build_cors(struct builder *b, const struct sl_model_cors *m)
{
	uint32_t row = (uint32_t)b->tab[SL_SNAP_CORS].n;
	struct sl_snap_cors *c;

	if (!m->on)
		return SL_SNAP_NONE;
	c = build_rows(b, SL_SNAP_CORS, 1);
	if (!c)
		return SL_SNAP_NONE;
	c->methods = build_str(b, m->methods);
	c->headers = build_str(b, m->headers);
	c->expose = build_str(b, m->expose);
	c->max_age = build_str(b, m->max_age);
	c->credentials = m->credentials;
	c->answer_unmatched = m->answer_unmatched;
	c->origins.first = (uint32_t)b->tab[SL_SNAP_ORIGINS].n;
	c->origins.n = (uint32_t)m->n_origins;
	for (size_t i = 0; i < m->n_origins; i++) {
		struct sl_snap_cond *o = build_rows(b, SL_SNAP_ORIGINS, 1);

		if (!o)
			break;
		o->text = build_str(b, m->origins[i].text);
		o->on = SL_ON_HEADER;
		o->match = (uint8_t)m->origins[i].match;
	}
	return row;
}
