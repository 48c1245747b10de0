/* SPDX-License-Identifier: BSD-3-Clause */
/* Random configurations and requests: the compiled tables answer as a linear walk does. */
#include <errno.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "snap_world.h"

#define CONFIGS  400
#define REQUESTS 50 /* a configuration */

static uint64_t seed, first_seed;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

static const char *pick(char *out, const char *const *parts, size_t n_parts, uint32_t most)
{
	out[0] = '\0';
	for (uint32_t k = rnd(most + 1); k > 0; k--)
		strcat(out, parts[rnd((uint32_t)n_parts)]);
	return out;
}

static const char *random_path(char *out)
{
	static const char *const parts[] = {"/", "a", "/a", "/b", "b", ".", "/a/b", "aa"};

	out[0] = '/';
	pick(out + 1, parts, SL_ARRAY_LEN(parts), 4);
	return out;
}

/* Read alike by POSIX and by Hyperscan. */
static const char *random_regex(char *out)
{
	static const char *const parts[] = {"/", "a",      "b+",     "(ab|/)", "[ab]*", "[^a]",
					    ".", "(a|b)?", "a{1,2}", ".*",     "\\."};

	out[0] = '/';
	pick(out + 1, parts, SL_ARRAY_LEN(parts), 4);
	return out;
}

static const char *random_host(char *out)
{
	static const char *const parts[] = {"a.", "b.", "c.", "ab."};

	pick(out, parts, SL_ARRAY_LEN(parts), 3);
	return strcat(out, rnd(4) ? "x" : "y");
}

static bool has_domain(const struct sl_model_table *t, const char *name)
{
	for (size_t i = 0; i < t->n_vhosts; i++)
		for (size_t k = 0; k < t->vhosts[i].n_domains; k++)
			if (strcmp(t->vhosts[i].domains[k], name) == 0)
				return true;
	return false;
}

static void random_vhost(struct sl_model_table *t, uint32_t number)
{
	struct sl_model_vhost *v;
	char name[64], host[64], domain[80];

	snprintf(name, sizeof(name), "v%u", number);
	v = sl_model_vhost_add(t, name);
	for (uint32_t k = 1 + rnd(3); k > 0; k--) {
		snprintf(domain, sizeof(domain), "%s%s", rnd(2) ? "*." : "", random_host(host));
		if (rnd(12) == 0)
			snprintf(domain, sizeof(domain), "*");
		if (!has_domain(t, domain))
			sl_model_domain_add(v, domain);
	}
	for (uint32_t k = rnd(8); k > 0; k--) {
		uint32_t kind = rnd(20);
		char path[64] = "";

		if (kind == 0)
			world_route(v, SL_PATH_ANY, "", "c");
		else if (kind < 7)
			world_route(v, SL_PATH_EXACT, random_path(path), "c");
		else if (kind < 14)
			world_route(v, SL_PATH_PREFIX, random_path(path), "c");
		else
			world_route(v, SL_PATH_REGEX, random_regex(path), "c");
	}
}

static bool route_matches(const struct sl_model_route *r, const char *path)
{
	char wrapped[128];
	regex_t re;
	bool hit;

	switch (r->match) {
	case SL_PATH_ANY:
		return true;
	case SL_PATH_EXACT:
		return strcmp(r->path, path) == 0;
	case SL_PATH_PREFIX:
		return strncmp(r->path, path, strlen(r->path)) == 0;
	default:
		break;
	}
	snprintf(wrapped, sizeof(wrapped), "^(%s)$", r->path);
	assert_int_equal(regcomp(&re, wrapped, REG_EXTENDED | REG_NOSUB), 0);
	hit = regexec(&re, path, 0, NULL, 0) == 0;
	regfree(&re);
	return hit;
}

/* How well a domain fits a host: exact above any suffix, a longer suffix above a shorter. */
static size_t fit(const char *domain, const char *host)
{
	size_t d = strlen(domain), h = strlen(host);

	if (strcmp(domain, "*") == 0)
		return 1;
	if (domain[0] != '*')
		return strcmp(domain, host) == 0 ? 10000 : 0;
	return h > d - 1 && strcmp(host + h - (d - 1), domain + 1) == 0 ? 1 + d : 0;
}

static void naive(const struct sl_model_table *t, const char *host, const char *path,
		  struct sl_route_hit *hit)
{
	const struct sl_model_vhost *v = NULL;
	uint32_t routes = 0;
	size_t best = 0;

	*hit = (struct sl_route_hit){SL_SNAP_NONE, SL_SNAP_NONE, SL_SNAP_NONE};
	for (size_t i = 0; i < t->n_vhosts; i++)
		for (size_t k = 0; k < t->vhosts[i].n_domains; k++)
			if (fit(t->vhosts[i].domains[k], host) > best) {
				best = fit(t->vhosts[i].domains[k], host);
				hit->vhost = (uint32_t)i;
				v = &t->vhosts[i];
			}
	if (!v)
		return;
	for (uint32_t i = 0; i < hit->vhost; i++)
		routes += (uint32_t)t->vhosts[i].n_routes;
	for (size_t i = 0; i < v->n_routes; i++)
		if (route_matches(&v->routes[i], path)) {
			hit->route = routes + (uint32_t)i;
			return;
		}
}

/* Explanations must not contradict the decision. */
static void check_why(const struct world *w, const struct sl_model_table *t,
		      const struct sl_snap_request *rq, const struct sl_route_hit *hit,
		      const char *path)
{
	const struct sl_snap_vhost *v = sl_snap_vhost(w->snap, hit->vhost);

	for (uint32_t i = 0; i < v->routes.n; i++) {
		uint32_t cond;
		enum sl_why why =
			sl_snap_route_why(w->snap, w->scratch, rq, hit, v->routes.first + i, &cond);
		bool matches = route_matches(&t->vhosts[hit->vhost].routes[i], path);

		if (why == SL_WHY_TAKEN)
			assert_true(matches);
		else if (why != SL_WHY_LATER)
			assert_false(matches);
	}
}

static void one_config(uint32_t *routed)
{
	struct sl_model *m = sl_model_create();
	struct sl_model_table *t = sl_model_table_add(m, "t");
	struct world w;

	sl_model_cluster_add(m, "c");
	for (uint32_t n = 1 + rnd(6); n > 0; n--)
		random_vhost(t, n);
	world_build(&w, m, 1, NULL, NULL);
	for (int i = 0; i < REQUESTS; i++) {
		char host[64], path[64];
		struct sl_snap_request rq = {.method = SL_STR("GET")};
		struct sl_route_hit want, got;

		random_host(host);
		random_path(path);
		naive(t, host, path, &want);
		rq.host = sl_str(host);
		rq.path = sl_str(path);
		sl_snap_route_find(w.snap, w.scratch, 0, &rq, &got);
		if (got.vhost != want.vhost || got.route != want.route)
			fail_msg("seed %llu: %s%s: vhost %u route %u, not %u %u",
				 (unsigned long long)first_seed, host, path, got.vhost, got.route,
				 want.vhost, want.route);
		*routed += got.route != SL_SNAP_NONE;
		if (got.vhost != SL_SNAP_NONE)
			check_why(&w, t, &rq, &got, path);
	}
	world_free(&w);
	sl_model_free(m);
}

static void agrees_with_a_linear_walk(void **state)
{
	const char *given = getenv("SL_SEED");
	uint32_t routed = 0;

	first_seed = seed = given ? strtoull(given, NULL, 10) : sl_wall_us();
	print_message("seed %llu\n", (unsigned long long)seed);
	for (int i = 0; i < CONFIGS; i++)
		one_config(&routed);
	/* The comparison is worth nothing when hardly anything is routed. */
	assert_in_range(routed, CONFIGS * REQUESTS / 10, CONFIGS * REQUESTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_a_linear_walk)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
