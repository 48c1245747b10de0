/* SPDX-License-Identifier: BSD-3-Clause */
/* Random configurations and requests: the compiled tables answer as a linear walk does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "naive.h"
#include "snap_world.h"

/* A configuration. SL_ORACLE_REQUESTS says how many in all, SL_SEED repeats a run. */
#define REQUESTS 50
#define DEFAULT  "20000"
#define FIELDS   2

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
	static const char *const parts[] = {"/", "a", "/a", "/b", "b", ".", "/a/b", "aa", "A"};

	out[0] = '/';
	pick(out + 1, parts, SL_ARRAY_LEN(parts), 4);
	return out;
}

/* Read alike by PCRE2 and by Hyperscan. */
static const char *random_regex(char *out)
{
	static const char *const parts[] = {"/",    "a",  "b+",     "(ab|/)",      "[ab]*",
					    "[^a]", ".",  "(a|b)?", "a{1,2}",      ".*",
					    "\\.",  "b?", "|/b",    "(a|(b|/)?a)", "(?:/b+|a)/"};

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

static const char *random_word(char *out)
{
	static const char *const parts[] = {"a", "b", "ab", "1", ""};

	return pick(out, parts, SL_ARRAY_LEN(parts), 2);
}

static const char *random_name(void)
{
	static const char *const names[] = {"x", "y", "xy"};

	return names[rnd(SL_ARRAY_LEN(names))];
}

static void random_cond(struct sl_model_route *r)
{
	static const char *const methods[] = {"GET", "POST", "G", "P.*", ".*T"};
	static const char *const words[] = {"a", "ab?", "[ab]+", "(1|a)*", "", ".*"};
	enum sl_cond_on on = (enum sl_cond_on)rnd(SL_ON_QUERY + 1);
	enum sl_text_match match = (enum sl_text_match)rnd(SL_TEXT_REGEX + 1);
	const char *name = on == SL_ON_HEADER || on == SL_ON_QUERY ? random_name() : "";
	const char *text = on == SL_ON_METHOD ? methods[rnd(SL_ARRAY_LEN(methods))]
					      : words[rnd(SL_ARRAY_LEN(words))];
	struct sl_model_cond *c;

	/* The other parts of the request line are more often right than by chance. */
	if (on == SL_ON_SCHEME)
		text = rnd(4) ? "http" : "https";
	if (on == SL_ON_AUTHORITY)
		text = rnd(2) ? "a.x" : ".*x";
	if (on == SL_ON_TARGET)
		text = rnd(2) ? "/a" : "/.*";
	c = sl_model_cond_add(r, on, match, name, match == SL_TEXT_PRESENT ? "" : text);
	c->invert = on == SL_ON_HEADER && rnd(3) == 0;
}

static void random_route(struct sl_model_vhost *v)
{
	uint32_t kind = rnd(24), n;
	char path[64] = "";
	struct sl_model_route *r;

	if (kind == 0)
		r = world_route(v, SL_PATH_ANY, "", "c");
	else if (kind < 7)
		r = world_route(v, SL_PATH_EXACT, random_path(path), "c");
	else if (kind < 14)
		r = world_route(v, SL_PATH_PREFIX, random_path(path), "c");
	else if (kind < 20)
		r = world_route(v, SL_PATH_REGEX, random_regex(path), "c");
	else {
		random_path(path);
		for (n = (uint32_t)strlen(path); n > 1 && path[n - 1] == '/'; n--)
			path[n - 1] = '\0';
		r = world_route(v, SL_PATH_ELEMENTS, path, "c");
	}
	r->ignore_case = rnd(5) == 0;
	for (n = rnd(4); n > 1; n--)
		random_cond(r);
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
	for (uint32_t k = rnd(10); k > 0; k--)
		random_route(v);
}

/* A random request in memory of its own. */
struct request {
	struct sl_snap_request rq;
	struct sl_http_field field[FIELDS];
	char host[64], path[64], query[64], value[FIELDS][32];
};

static void random_request(struct request *r)
{
	static const char *const methods[] = {"GET", "POST", "PUT", "G"};
	char word[32];

	memset(r, 0, sizeof(*r));
	random_host(r->host);
	random_path(r->path);
	for (uint32_t k = rnd(3); k > 0; k--) {
		size_t n = strlen(r->query);

		snprintf(r->query + n, sizeof(r->query) - n, "%s%s%s%s", n ? "&" : "?",
			 random_name(), rnd(4) ? "=" : "", random_word(word));
	}
	for (uint16_t i = (uint16_t)rnd(FIELDS + 1); i > 0; i--) {
		struct sl_http_field *f = &r->field[r->rq.n_fields];

		f->name = sl_str(random_name());
		f->value = sl_str(random_word(r->value[r->rq.n_fields++]));
	}
	r->rq.host = sl_str(r->host);
	r->rq.path = sl_str(r->path);
	r->rq.query = sl_str(r->query);
	r->rq.method = sl_str(methods[rnd(SL_ARRAY_LEN(methods))]);
	r->rq.scheme = SL_STR("http");
	r->rq.field = r->field;
}

static struct sl_model *random_model(void)
{
	struct sl_model *m = sl_model_create();
	struct sl_model_table *t = sl_model_table_add(m, "t");

	sl_model_cluster_add(m, "c");
	for (uint32_t n = 1 + rnd(6); n > 0; n--)
		random_vhost(t, n);
	return m;
}

/* Explanations must not contradict the decision. */
static void check_why(const struct world *w, const struct sl_model_table *t,
		      const struct sl_snap_request *rq, const struct sl_route_hit *hit)
{
	const struct sl_snap_vhost *v = sl_snap_vhost(w->snap, hit->vhost);

	for (uint32_t i = 0; i < v->routes.n; i++) {
		uint32_t cond;
		enum sl_why why =
			sl_snap_route_why(w->snap, w->scratch, rq, hit, v->routes.first + i, &cond);
		bool matches = naive_route_matches(&t->vhosts[hit->vhost].routes[i], rq);

		if (why == SL_WHY_TAKEN)
			assert_true(matches);
		else if (why != SL_WHY_LATER)
			assert_false(matches);
	}
}

static bool agree(const struct world *w, const struct sl_model_table *t, const struct request *r,
		  struct sl_route_hit *got)
{
	struct naive_hit want = naive_find(t, &r->rq);
	uint32_t route = SL_SNAP_NONE;

	sl_snap_route_find(w->snap, w->scratch, 0, &r->rq, got);
	if (got->route != SL_SNAP_NONE)
		route = got->route - sl_snap_vhost(w->snap, got->vhost)->routes.first;
	return got->vhost == want.vhost && route == want.route;
}

static void one_config(uint32_t *routed)
{
	struct sl_model *m = random_model();
	const struct sl_model_table *t = &m->tables[0];
	struct world w;

	world_build(&w, m, 1, NULL, NULL);
	for (int i = 0; i < REQUESTS; i++) {
		struct sl_route_hit got;
		struct request r;

		random_request(&r);
		if (!agree(&w, t, &r, &got))
			fail_msg("seed %llu: %.*s %s%s%s: vhost %u row %u is not what a walk finds",
				 (unsigned long long)first_seed, SL_STR_ARG(r.rq.method), r.host,
				 r.path, r.query, got.vhost, got.route);
		*routed += got.route != SL_SNAP_NONE;
		if (got.vhost != SL_SNAP_NONE)
			check_why(&w, t, &r.rq, &got);
	}
	world_free(&w);
	sl_model_free(m);
}

static void seed_set(void)
{
	const char *given = getenv("SL_SEED");

	first_seed = seed = given ? strtoull(given, NULL, 10) : sl_wall_us();
	print_message("seed %llu\n", (unsigned long long)seed);
}

static void agrees_with_a_linear_walk(void **state)
{
	const char *given = getenv("SL_ORACLE_REQUESTS");
	uint64_t n = strtoull(given ? given : DEFAULT, NULL, 10);
	uint32_t routed = 0;

	seed_set();
	for (uint64_t i = 0; i < n; i += REQUESTS)
		one_config(&routed);
	print_message("%llu requests, %u routed\n", (unsigned long long)n, routed);
	/* The comparison is worth nothing when hardly anything is routed. */
	assert_true(routed > n / 10);
}

/* One small difference somewhere in a configuration. */
static bool break_one(struct sl_model_table *t)
{
	struct sl_model_vhost *v = &t->vhosts[rnd((uint32_t)t->n_vhosts)];
	struct sl_model_route *r, swap;

	if (v->n_routes < 2)
		return false;
	r = &v->routes[rnd((uint32_t)v->n_routes - 1)];
	if (rnd(2) && r->n_conds) {
		r->conds[0].invert = !r->conds[0].invert;
	} else {
		swap = r[0];
		r[0] = r[1];
		r[1] = swap;
	}
	return true;
}

static void a_broken_matcher_is_noticed(void **state)
{
	uint32_t noticed = 0, broken = 0;

	seed_set();
	for (int i = 0; i < 100; i++) {
		struct sl_model *m = random_model();
		bool differs = false;
		struct world w;

		world_build(&w, m, 1, NULL, NULL);
		if (break_one(&m->tables[0])) {
			broken++;
			for (int k = 0; k < 4 * REQUESTS && !differs; k++) {
				struct sl_route_hit got;
				struct request r;

				random_request(&r);
				differs = !agree(&w, &m->tables[0], &r, &got);
			}
		}
		noticed += differs;
		world_free(&w);
		sl_model_free(m);
	}
	print_message("%u of %u differences noticed\n", noticed, broken);
	assert_true(noticed > broken / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_a_linear_walk),
					   cmocka_unit_test(a_broken_matcher_is_noticed)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
