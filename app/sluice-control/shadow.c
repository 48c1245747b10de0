/* SPDX-License-Identifier: BSD-3-Clause */
/* Finds shadowed routes: every prefix of a path is looked up among the paths before it. */
#include "shadow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool has_condition(const struct sl_model_route *r, const struct sl_model_cond *c)
{
	for (size_t i = 0; i < r->n_conds; i++) {
		const struct sl_model_cond *d = &r->conds[i];

		if (c->on == d->on && c->match == d->match && c->invert == d->invert &&
		    strcmp(c->name, d->name) == 0 && strcmp(c->text, d->text) == 0)
			return true;
	}
	return false;
}

/*
 * Whether whatever passes b's conditions besides the path passes a's too: as far as they are the
 * same ones, for which nothing has to be guessed.
 */
static bool conditions_cover(const struct sl_model_route *a, const struct sl_model_route *b)
{
	for (size_t i = 0; i < a->n_conds; i++)
		if (!has_condition(b, &a->conds[i]))
			return false;
	return a->ignore_case || !b->ignore_case;
}

static bool takes_any_path(const struct sl_model_route *r)
{
	return r->match == SL_PATH_ANY ||
	       ((r->match == SL_PATH_PREFIX || r->match == SL_PATH_ELEMENTS) &&
		strcmp(r->path, "/") == 0) ||
	       (r->match == SL_PATH_REGEX && strcmp(r->path, ".*") == 0);
}

struct path {
	struct sl_str text;
	enum sl_path_match match;
	size_t route;
};

static int path_order(const void *a, const void *b)
{
	const struct path *x = a, *y = b;
	uint32_t n = SL_MIN(x->text.n, y->text.n);
	int c = n > 0 ? memcmp(x->text.p, y->text.p, n) : 0;

	if (c == 0 && x->text.n != y->text.n)
		return x->text.n < y->text.n ? -1 : 1;
	if (c == 0)
		return (x->route > y->route) - (x->route < y->route);
	return c;
}

/* First of the rows whose text is not below. */
static size_t lower_bound(const struct path *row, size_t n, struct sl_str text)
{
	struct path key = {.text = text, .route = 0};
	size_t lo = 0;

	while (n > 0) {
		size_t half = n / 2;

		if (path_order(&row[lo + half], &key) < 0) {
			lo += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return lo;
}

/* Whether a path pattern with the same text as the first `text.n` bytes of r's takes all of r. */
static bool path_covers(const struct path *p, const struct sl_model_route *r)
{
	bool whole = p->text.n == strlen(r->path);

	switch (p->match) {
	case SL_PATH_PREFIX:
		return r->match != SL_PATH_ANY && r->match != SL_PATH_REGEX;
	case SL_PATH_ELEMENTS:
		return (r->match == SL_PATH_EXACT || r->match == SL_PATH_ELEMENTS ||
			(r->match == SL_PATH_PREFIX && !whole)) &&
		       (whole || r->path[p->text.n] == '/');
	case SL_PATH_EXACT:
		return whole && r->match == SL_PATH_EXACT;
	case SL_PATH_REGEX:
		return whole && r->match == SL_PATH_REGEX;
	default:
		return false;
	}
}

static size_t covered_by_text(const struct sl_model_vhost *v, const struct path *row, size_t n,
			      size_t route, uint32_t len)
{
	const struct sl_model_route *r = &v->routes[route];
	struct sl_str text = {r->path, len};

	for (size_t i = lower_bound(row, n, text); i < n && sl_str_eq(row[i].text, text); i++) {
		if (row[i].route >= route)
			break;
		if (path_covers(&row[i], r) && conditions_cover(&v->routes[row[i].route], r))
			return row[i].route;
	}
	return SHADOW_NONE;
}

/* `any`: the first route that takes every path without a condition; SHADOW_NONE: none so far. */
static size_t covered_by(const struct sl_model_vhost *v, const struct path *row, size_t n,
			 size_t route, size_t any)
{
	uint32_t len = (uint32_t)strlen(v->routes[route].path);
	size_t first = any < route ? any : SHADOW_NONE;

	for (uint32_t k = 0; k <= len; k++)
		first = SL_MIN(first, covered_by_text(v, row, n, route, k));
	return first;
}

int shadow_find(const struct sl_model_vhost *v, size_t *by)
{
	static const struct sl_model_route nothing = {.path = (char *)(uintptr_t) ""};
	struct path *row = calloc(v->n_routes + 1, sizeof(*row));
	size_t any = SHADOW_NONE;

	if (row == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < v->n_routes; i++) {
		const struct sl_model_route *r = &v->routes[i];

		row[i] = (struct path){sl_str(r->path), r->match, i};
		if (any == SHADOW_NONE && takes_any_path(r) && conditions_cover(r, &nothing))
			any = i;
	}
	qsort(row, v->n_routes, sizeof(*row), path_order);
	for (size_t i = 0; i < v->n_routes; i++)
		by[i] = covered_by(v, row, v->n_routes, i, any);
	free(row);
	return 0;
}
