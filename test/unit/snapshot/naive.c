/* SPDX-License-Identifier: BSD-3-Clause */
/* A second matcher that is slow and plain. */
#include "naive.h"

#include <ctype.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

static bool regex_matches(const char *regex, struct sl_str s)
{
	PCRE2_SIZE at;
	int code, got;
	pcre2_match_data *data;
	pcre2_code *re =
		pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED,
			      PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOTALL, &code, &at, NULL);

	if (!re)
		abort();
	data = pcre2_match_data_create_from_pattern(re, NULL);
	got = pcre2_match(re, (PCRE2_SPTR)(s.n ? s.p : ""), s.n, 0, 0, data, NULL);
	pcre2_match_data_free(data);
	pcre2_code_free(re);
	return got >= 0;
}

static bool same(const char *a, const char *b, size_t n, bool fold)
{
	for (size_t i = 0; i < n; i++)
		if (fold ? tolower((unsigned char)a[i]) != tolower((unsigned char)b[i])
			 : a[i] != b[i])
			return false;
	return true;
}

static bool path_matches(const struct sl_model_route *r, struct sl_str path)
{
	size_t n = strlen(r->path);

	switch (r->match) {
	case SL_PATH_ANY:
		return true;
	case SL_PATH_EXACT:
		return path.n == n && same(path.p, r->path, n, r->ignore_case);
	case SL_PATH_PREFIX:
		return path.n >= n && same(path.p, r->path, n, r->ignore_case);
	case SL_PATH_ELEMENTS:
		if (n == 1)
			return path.n > 0 && path.p[0] == '/';
		return path.n >= n && same(path.p, r->path, n, r->ignore_case) &&
		       (path.n == n || path.p[n] == '/');
	case SL_PATH_REGEX:
		break;
	}
	return regex_matches(r->path, path);
}

/* The value a condition looks at, put together anew; *there says whether there is any. */
static char *value_of(const struct sl_model_cond *c, const struct sl_snap_request *rq, bool *there)
{
	char *out = calloc(1, 65536), *copy, *word, *save = NULL;

	*there = true;
	switch (c->on) {
	case SL_ON_METHOD:
		return strncpy(out, rq->method.p, rq->method.n);
	case SL_ON_SCHEME:
		return strncpy(out, rq->scheme.p, rq->scheme.n);
	case SL_ON_AUTHORITY:
		return strncpy(out, rq->host.p, rq->host.n);
	case SL_ON_TARGET:
		strncat(out, rq->path.p, rq->path.n);
		return rq->query.n ? strncat(out, rq->query.p, rq->query.n) : out;
	case SL_ON_HEADER:
		*there = false;
		for (uint16_t i = 0; i < rq->n_fields; i++) {
			if (strlen(c->name) != rq->field[i].name.n ||
			    !same(c->name, rq->field[i].name.p, strlen(c->name), true))
				continue;
			if (*there)
				strcat(out, ",");
			strncat(out, rq->field[i].value.p, rq->field[i].value.n);
			*there = true;
		}
		return out;
	case SL_ON_QUERY:
		break;
	}
	*there = false;
	copy = rq->query.n ? strndup(rq->query.p + 1, rq->query.n - 1) : strdup("");
	for (word = strtok_r(copy, "&", &save); word; word = strtok_r(NULL, "&", &save)) {
		size_t n = strcspn(word, "=");

		if (n != strlen(c->name) || strncmp(word, c->name, n) != 0)
			continue;
		strcpy(out, word[n] ? word + n + 1 : "");
		*there = true;
		break;
	}
	free(copy);
	return out;
}

static bool cond_holds(const struct sl_model_cond *c, const struct sl_snap_request *rq)
{
	bool there, hit = false;
	char *v = value_of(c, rq, &there);

	if (c->match == SL_TEXT_PRESENT)
		hit = there;
	else if (!there && !c->invert)
		hit = false;
	else if (c->match == SL_TEXT_EXACT)
		hit = strcmp(v, c->text) == 0;
	else if (c->match == SL_TEXT_PREFIX)
		hit = strncmp(v, c->text, strlen(c->text)) == 0;
	else
		hit = regex_matches(c->text, sl_str(v));
	free(v);
	return hit != c->invert;
}

bool naive_route_matches(const struct sl_model_route *r, const struct sl_snap_request *rq)
{
	if (!path_matches(r, rq->path))
		return false;
	for (size_t i = 0; i < r->n_conds; i++)
		if (!cond_holds(&r->conds[i], rq))
			return false;
	return true;
}

/* How well a domain fits a host: exact above any suffix, a longer suffix above a shorter. */
static size_t fit(const char *domain, struct sl_str host)
{
	size_t d = strlen(domain);

	if (strcmp(domain, "*") == 0)
		return 1;
	if (domain[0] != '*')
		return host.n == d && same(host.p, domain, d, true) ? 10000 : 0;
	return host.n > d - 1 && same(host.p + host.n - (d - 1), domain + 1, d - 1, true) ? 1 + d
											  : 0;
}

struct naive_hit naive_find(const struct sl_model_table *t, const struct sl_snap_request *rq)
{
	struct naive_hit hit = {SL_SNAP_NONE, SL_SNAP_NONE};
	struct sl_str host = sl_snap_host_name(rq->host);
	size_t best = 0;

	for (size_t i = 0; i < t->n_vhosts; i++)
		for (size_t k = 0; k < t->vhosts[i].n_domains; k++)
			if (fit(t->vhosts[i].domains[k], host) > best) {
				best = fit(t->vhosts[i].domains[k], host);
				hit.vhost = (uint32_t)i;
			}
	for (size_t i = 0; hit.vhost != SL_SNAP_NONE && i < t->vhosts[hit.vhost].n_routes; i++)
		if (naive_route_matches(&t->vhosts[hit.vhost].routes[i], rq)) {
			hit.route = (uint32_t)i;
			break;
		}
	return hit;
}
