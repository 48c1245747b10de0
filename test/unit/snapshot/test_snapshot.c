/* SPDX-License-Identifier: BSD-3-Clause */
/* Compiled configuration: finders, routing, rewrites, carried slots, refusals. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "snap_world.h"

static struct sl_ip ip(const char *text)
{
	struct sl_ip out;

	assert_int_equal(sl_ip_parse(text, &out, NULL), 0);
	return out;
}

static struct world world;
static struct sl_model *model;

static int setup(void **state)
{
	(void)state;
	model = world_model();
	world_build(&world, model, 7, NULL, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_free(&world);
	sl_model_free(model);
	return 0;
}

static void is(struct sl_ref ref, const char *want)
{
	struct sl_str s = sl_snap_str(world.snap, ref);

	if (!sl_str_eq(s, sl_str(want)))
		fail_msg("'%.*s' should be '%s'", SL_STR_ARG(s), want);
	assert_int_equal(s.p[s.n], '\0');
}

static const struct sl_snap_route *route_at(const char *host, const char *path)
{
	struct sl_route_hit hit;

	if (world_find(world.snap, world.scratch, 0, sl_str(host), sl_str(path), &hit))
		return NULL;
	assert_true(hit.domain != SL_SNAP_NONE && hit.vhost != SL_SNAP_NONE);
	return sl_snap_route(world.snap, hit.route);
}

static void clusters_and_endpoints(void **state)
{
	const struct sl_snap_cluster *c = sl_snap_cluster(world.snap, 0);
	const struct sl_snap_endpoint *e;

	is(c->name, "outbound|80||hello");
	assert_int_equal(c->endpoints.n, 4);
	assert_int_equal(c->healthy.n, 2);
	assert_int_equal(c->connect_timeout_ms, SL_MODEL_CONNECT_TIMEOUT_MS);
	e = sl_snap_endpoint(world.snap, c->healthy.first);
	is(e->slot_name, "outbound|80||hello|10.0.0.2:8080");
	is(e[1].slot_name, "outbound|80||hello|[2001:db8::4]:8080");
	is(e[2].slot_name, "outbound|80||hello|10.0.0.1:8080");
	assert_int_equal(e[2].health, SL_UNHEALTHY);
	assert_int_equal(e[3].health, SL_DRAINING);
	assert_int_equal(sl_snap_cluster(world.snap, 2)->endpoints.n, 0);
}

static void rows_keep_what_the_model_says(void **state)
{
	const struct sl_snap_vhost *v = sl_snap_vhost(world.snap, 0);
	const struct sl_snap_route *r = sl_snap_route(world.snap, v->routes.first);

	is(v->name, "simple.example:80");
	assert_int_equal(v->names.n, 2);
	is(*sl_snap_name(world.snap, v->names.first + 1), "*.simple.example");
	is(r->slot_name, "http.8080/simple.example:80/hello");
	is(r->path, "/simple/hello");
	is(r[1].slot_name, "http.8080/simple.example:80/#1");
	is(r[1].virtual_service, "");
	assert_int_equal(r[2].weights.n, 2);
	assert_int_equal(r[2].weight_sum, 4);
	assert_int_equal(sl_snap_weight(world.snap, r[2].weights.first + 1)->cluster, 0);
	assert_int_equal(r[0].mirrors.n, 0);
	assert_int_equal(r[2].mirrors.n, 2);
	assert_int_equal(sl_snap_mirror(world.snap, r[2].mirrors.first)->cluster, 1);
	assert_int_equal(sl_snap_mirror(world.snap, r[2].mirrors.first)->ppm, 250000);
	assert_int_equal(sl_snap_mirror(world.snap, r[2].mirrors.first + 1)->cluster, 2);
	assert_int_equal(sl_snap_mirror(world.snap, r[2].mirrors.first + 1)->ppm, SL_MODEL_PPM);
	assert_int_equal(r[3].action, SL_ROUTE_REDIRECT);
	assert_int_equal(r[3].status, 301);
	is(r[3].redirect_path, "/new");
	assert_int_equal(sl_snap_table(world.snap, 0)->domains.n, 3);
	is(sl_snap_listener(world.snap, 1)->name, "10.10.1.4_9090");
	assert_int_equal(sl_snap_listener(world.snap, 1)->table, 1);
}

static void services(void **state)
{
	const struct sl_snap *s = world.snap;
	struct sl_ip vip = ip("10.96.190.18"), any = ip("0.0.0.0"), dns = ip("10.96.0.10");
	uint32_t row;

	row = sl_snap_service_find(s, &vip, 80, IPPROTO_TCP);
	assert_int_equal(row, 0);
	assert_int_equal(sl_snap_service(s, row)->listener, 0);
	assert_int_equal(sl_snap_service(s, row)->cluster, SL_SNAP_NONE);
	is(sl_snap_service(s, row)->slot_name, "gw:http 10.96.190.18:80/tcp");
	assert_int_equal(sl_snap_service_find(s, &any, 31373, IPPROTO_TCP), 1);
	assert_int_equal(sl_snap_service_find(s, &dns, 53, IPPROTO_UDP), 2);
	assert_int_equal(sl_snap_service_find(s, &dns, 53, IPPROTO_TCP), 3);
	assert_int_equal(sl_snap_service_find(s, &dns, 54, IPPROTO_TCP), SL_SNAP_NONE);
	assert_int_equal(sl_snap_service_find(s, &vip, 80, IPPROTO_UDP), SL_SNAP_NONE);
	assert_int_equal(sl_snap_service_find(s, &any, 80, IPPROTO_TCP), SL_SNAP_NONE);
	assert_int_equal(sl_snap_service(s, 4)->cluster, SL_SNAP_NONE);
}

static void listeners(void **state)
{
	const struct sl_snap *s = world.snap;
	struct sl_ip own = ip("10.10.1.4"), other = ip("10.10.1.5"), v6 = ip("2001:db8::1");

	assert_int_equal(sl_snap_listener_find(s, &own, 8080), 0);
	assert_int_equal(sl_snap_listener_find(s, &own, 9090), 1);
	assert_int_equal(sl_snap_listener_find(s, &other, 9090), 2);
	assert_int_equal(sl_snap_listener_find(s, &v6, 8080), 3);
	assert_int_equal(sl_snap_listener_find(s, &v6, 9090), SL_SNAP_NONE);
	assert_int_equal(sl_snap_listener_find(s, &own, 80), SL_SNAP_NONE);
}

static void many_services_are_all_found(void **state)
{
	struct sl_model *m = sl_model_create();
	uint32_t slots[SL_STATS_CLASS_COUNT] = {1, 1, 1, 1, 5000};
	struct sl_snap_cache *cache = sl_snap_cache_create(NULL);
	struct world w;
	char addr[48];

	sl_snap_cache_slots(cache, slots);
	for (int i = 0; i < 5000; i++) {
		snprintf(addr, sizeof(addr), "10.%d.%d.%d:80", i & 1, i / 250, i % 250);
		world_service(m, "s", addr, IPPROTO_TCP, "", "");
	}
	world_build(&w, m, 1, NULL, cache);
	for (int i = 0; i < 5000; i++) {
		struct sl_ip at;

		snprintf(addr, sizeof(addr), "10.%d.%d.%d", i & 1, i / 250, i % 250);
		at = ip(addr);
		assert_int_equal(sl_snap_service_find(w.snap, &at, 80, IPPROTO_TCP), i);
	}
	world_free(&w);
	sl_snap_cache_free(cache);
	sl_model_free(m);
}

static void hosts_by_precedence(void **state)
{
	static const struct {
		const char *host, *domain;
	} cases[] = {
		{"simple.example", "simple.example"},
		{"Simple.Example:8080", "simple.example"},
		{"a.simple.example", "*.simple.example"},
		{"a.b.simple.example:80", "*.simple.example"},
		{".simple.example", "*"},
		{"other", "*"},
		{"[2001:db8::1]:80", "*"},
		{"", "*"},
	};
	struct sl_route_hit hit;

	for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
		world_find(world.snap, world.scratch, 0, sl_str(cases[i].host), SL_STR("/x"), &hit);
		assert_int_not_equal(hit.domain, SL_SNAP_NONE);
		is(sl_snap_domain(world.snap, hit.domain)->name, cases[i].domain);
	}
	assert_int_equal(world_find(world.snap, world.scratch, 1, SL_STR("x.deep.example"),
				    SL_STR("/"), &hit),
			 -ENOENT);
	is(sl_snap_domain(world.snap, hit.domain)->name, "*.deep.example");
	assert_int_equal(hit.route, SL_SNAP_NONE);
	assert_int_equal(
		world_find(world.snap, world.scratch, 1, SL_STR("example"), SL_STR("/"), &hit),
		-ENOENT);
	assert_int_equal(hit.domain, SL_SNAP_NONE);
	assert_int_equal(hit.vhost, SL_SNAP_NONE);
}

static void host_names(void **state)
{
	static const struct {
		const char *host, *name;
	} cases[] = {{"a:80", "a"},         {"a", "a"},
		     {"a:", "a"},           {":80", ""},
		     {"[::1]:80", "[::1]"}, {"[::1]", "[::1]"},
		     {"a:b", "a:b"},        {"80", "80"},
		     {"a:80:81", "a:80"},   {"", ""}};

	for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
		struct sl_str got = sl_snap_host_name(sl_str(cases[i].host));

		if (!sl_str_eq(got, sl_str(cases[i].name)))
			fail_msg("%s: %.*s", cases[i].host, SL_STR_ARG(got));
	}
}

static void routes_in_list_order(void **state)
{
	is(route_at("simple.example", "/simple/hello")->path, "/simple/hello");
	is(route_at("simple.example", "/simple/nginxfoo")->path, "/simple/nginx");
	is(route_at("simple.example", "/v12/abc")->path, "/v[0-9]+/.*");
	assert_null(route_at("simple.example", "/v12"));
	assert_null(route_at("simple.example", "/simple/hello/"));
	assert_null(route_at("simple.example", "/x"));
	is(route_at("other", "/x")->path, "/x");
	assert_int_equal(route_at("other", "/anything")->match, SL_PATH_ANY);
	assert_int_equal(route_at("other", "/never")->match, SL_PATH_ANY);
	assert_int_equal(route_at("other", "*")->match, SL_PATH_ANY);
}

static void rewrites(void **state)
{
	static const struct {
		const char *path, *target, *want;
	} cases[] = {
		{"/simple/hello", "/simple/hello", "/hello"},
		{"/simple/hello", "/simple/hello?a=b?c", "/hello?a=b?c"},
		{"/simple/hello", "/simple/hello?", "/hello?"},
		{"/simple/nginx/index.html", "/simple/nginx/index.html", "//index.html"},
		{"/simple/nginxfoo", "/simple/nginxfoo?q", "/foo?q"},
		{"/simple/nginx", "/simple/nginx?/simple/nginx", "/?/simple/nginx"},
		{"/v1/deep/path", "/v1/deep/path?x=1", "/all?x=1"},
		{"/old", "/old?x", "/old?x"},
	};
	char out[64];

	for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
		const struct sl_snap_route *r = route_at("simple.example", cases[i].path);
		uint32_t row = (uint32_t)(r - sl_snap_route(world.snap, 0));
		int n = sl_snap_rewrite(world.snap, world.scratch, row, sl_str(cases[i].target),
					out, sizeof(out));

		if (n != (int)strlen(cases[i].want) || memcmp(out, cases[i].want, (size_t)n) != 0)
			fail_msg("%s: '%.*s', not '%s'", cases[i].target, n, out, cases[i].want);
		assert_int_equal(sl_snap_rewrite(world.snap, world.scratch, row,
						 sl_str(cases[i].target), out, (size_t)n - 1),
				 -ENOSPC);
	}
}

static void why(const char *path, const enum sl_why want[4])
{
	const struct sl_snap_request rq = {
		.host = SL_STR("simple.example"), .path = sl_str(path), .method = SL_STR("GET")};
	uint32_t first = sl_snap_vhost(world.snap, 0)->routes.first, cond;
	struct sl_route_hit hit;

	sl_snap_route_find(world.snap, world.scratch, 0, &rq, &hit);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(
			sl_snap_route_why(world.snap, world.scratch, &rq, &hit, first + i, &cond),
			want[i]);
		assert_int_equal(cond, SL_SNAP_NONE);
	}
}

static void explanations(void **state)
{
	why("/v1/x",
	    (const enum sl_why[]){SL_WHY_EXACT, SL_WHY_PREFIX, SL_WHY_TAKEN, SL_WHY_LATER});
	why("/n", (const enum sl_why[]){SL_WHY_EXACT, SL_WHY_PREFIX, SL_WHY_REGEX, SL_WHY_EXACT});
	assert_string_equal(sl_why_text(SL_WHY_PREFIX), "the path does not begin with it");
	assert_string_equal(sl_why_text((enum sl_why)99), "?");
}

/* ---- slots ---- */

static const struct sl_slot *slot_named(const struct sl_snap *s, enum sl_stats_class cls,
					const char *name)
{
	for (uint32_t i = 0; i < sl_snap_count(s, sl_snap_slot_tab(cls)); i++)
		if (sl_str_eq(sl_snap_str(s, sl_snap_slot_name(s, cls, i)), sl_str(name)))
			return sl_snap_slot(s, cls, i);
	fail_msg("no slot of the name %s", name);
	return NULL;
}

static void slots_are_unique_and_new(void **state)
{
	for (int cls = 0; cls < SL_STATS_CLASS_COUNT; cls++) {
		uint32_t n = sl_snap_count(world.snap, sl_snap_slot_tab(cls));
		uint64_t seen = 0;

		assert_true(n > 0 && n < 64);
		for (uint32_t i = 0; i < n; i++) {
			const struct sl_slot *slot = sl_snap_slot(world.snap, cls, i);

			assert_int_equal(slot->born, 7);
			assert_in_range(slot->index, 0, n - 1);
			assert_int_equal(seen & 1ull << slot->index, 0);
			seen |= 1ull << slot->index;
		}
	}
}

static void slots_stay_with_their_names(void **state)
{
	static const char hello[] = "http.8080/simple.example:80/hello";
	struct sl_model *m = world_model();
	struct sl_model_vhost *v = &m->tables[0].vhosts[0];
	struct sl_model_route tmp = v->routes[0];
	const struct sl_slot *was, *is_now;
	struct world w;

	/* Another order, one endpoint gone, one new. */
	v->routes[0] = v->routes[3];
	v->routes[3] = tmp;
	assert_int_equal(sl_ip_port_parse("10.0.9.9:80", &m->clusters[1].endpoints[0].addr, NULL),
			 0);
	world_build(&w, m, 8, world.snap, NULL);
	was = slot_named(world.snap, SL_STATS_ROUTE, hello);
	is_now = slot_named(w.snap, SL_STATS_ROUTE, hello);
	assert_int_equal(was->index, is_now->index);
	assert_int_equal(is_now->born, 7);
	is_now = slot_named(w.snap, SL_STATS_ENDPOINT, "outbound|80||nginx|10.0.9.9:80");
	was = slot_named(world.snap, SL_STATS_ENDPOINT, "outbound|80||nginx|10.0.1.1:80");
	assert_int_equal(is_now->born, 8);
	assert_int_not_equal(is_now->index, was->index);
	assert_int_equal(slot_named(w.snap, SL_STATS_SERVICE, "dns:dns 10.96.0.10:53/udp")->born,
			 7);
	world_free(&w);
	sl_model_free(m);
}

static void routes_that_share_a_name(void **state)
{
	struct sl_model *m = world_model();
	struct sl_model_vhost *v = &m->tables[0].vhosts[0];
	struct world a, b;

	for (int i = 0; i < 4; i++)
		sl_model_set(&v->routes[i].name, i == 2 ? "b" : "a");
	world_build(&a, m, 1, NULL, NULL);
	slot_named(a.snap, SL_STATS_ROUTE, "http.8080/simple.example:80/a");
	slot_named(a.snap, SL_STATS_ROUTE, "http.8080/simple.example:80/a#2");
	slot_named(a.snap, SL_STATS_ROUTE, "http.8080/simple.example:80/b");
	slot_named(a.snap, SL_STATS_ROUTE, "http.8080/simple.example:80/a#3");
	world_build(&b, m, 2, a.snap, NULL);
	for (uint32_t i = 0; i < sl_snap_count(b.snap, SL_SNAP_ROUTES); i++) {
		assert_int_equal(sl_snap_route(b.snap, i)->slot.born, 1);
		assert_int_equal(sl_snap_route(b.snap, i)->slot.index,
				 sl_snap_route(a.snap, i)->slot.index);
	}
	world_free(&a);
	world_free(&b);
	sl_model_free(m);
}

static void too_many_for_the_slots(void **state)
{
	uint32_t slots[SL_STATS_CLASS_COUNT] = {64, 64, 64, 4, 64};
	struct sl_snap_cache *cache = sl_snap_cache_create(NULL);
	struct sl_err err = {""};
	struct sl_snap *s;
	size_t size;

	sl_snap_cache_slots(cache, slots);
	assert_int_equal(sl_snap_build(model, 8, NULL, cache, &s, &size, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "endpoint"));
	assert_non_null(strstr(err.text, "only 4"));
	assert_null(s);
	slots[SL_STATS_ENDPOINT] = 5;
	sl_snap_cache_slots(cache, slots);
	assert_int_equal(sl_snap_build(model, 8, NULL, cache, &s, &size, &err), 0);
	assert_int_equal(sl_snap_check_slots(s, NULL, slots, &err), 0);
	slots[SL_STATS_ENDPOINT] = 4;
	assert_int_equal(sl_snap_check_slots(s, NULL, slots, &err), -ENOSPC);
	free(s);
	sl_snap_cache_free(cache);
}

/* With every slot used, a renamed object gets the one that was left by the object that is gone. */
static void a_left_slot_is_given_out_again(void **state)
{
	uint32_t slots[SL_STATS_CLASS_COUNT] = {64, 64, 64, 5, 64};
	struct sl_snap_cache *cache = sl_snap_cache_create(NULL);
	struct sl_model *m = world_model();
	const struct sl_slot *old, *new;
	struct world a, b;

	sl_snap_cache_slots(cache, slots);
	world_build(&a, m, 1, NULL, cache);
	sl_ip_port_parse("10.0.9.9:80", &m->clusters[1].endpoints[0].addr, NULL);
	world_build(&b, m, 2, a.snap, cache);
	old = slot_named(a.snap, SL_STATS_ENDPOINT, "outbound|80||nginx|10.0.1.1:80");
	new = slot_named(b.snap, SL_STATS_ENDPOINT, "outbound|80||nginx|10.0.9.9:80");
	assert_int_equal(old->index, new->index);
	assert_int_equal(new->born, 2);
	world_free(&a);
	world_free(&b);
	sl_snap_cache_free(cache);
	sl_model_free(m);
}

/* ---- refusals ---- */

static void refused(struct sl_model *m, uint64_t epoch, const char *want)
{
	struct sl_err err = {""};
	struct sl_snap *s;
	size_t size;

	assert_int_equal(sl_snap_build(m, epoch, world.snap, NULL, &s, &size, &err), -EINVAL);
	if (!strstr(err.text, want))
		fail_msg("'%s' does not say '%s'", err.text, want);
	assert_null(s);
}

static void a_bad_regex_is_named_by_its_place(void **state)
{
	struct sl_model *m = world_model();
	struct sl_model_route *r = &m->tables[0].vhosts[0].routes[2];

	sl_model_set(&r->path, "/(?=a)b");
	sl_model_origin(&r->origin, "vs.yaml", 17);
	refused(m, 8, "vs.yaml:17: virtual host 'simple.example:80': the regex '/(?=a)b' can't");
	sl_model_free(m);
}

static void dangling_names_are_refused(void **state)
{
	struct sl_model *m = world_model();

	sl_model_set(&m->tables[0].vhosts[0].routes[0].weights[0].cluster, "nowhere");
	refused(m, 8, "cluster that doesn't exist, 'nowhere'");
	sl_model_free(m);
	m = world_model();
	sl_model_set(&m->tables[0].vhosts[0].routes[2].mirrors[1].cluster, "no-mirror");
	refused(m, 8, "mirror to a cluster that doesn't exist, 'no-mirror'");
	sl_model_free(m);
	m = world_model();
	sl_model_set(&m->listeners[0].table, "no-table");
	refused(m, 8, "'no-table'");
	sl_model_free(m);
	m = world_model();
	sl_model_set(&m->services[2].cluster, "no-cluster");
	refused(m, 8, "'no-cluster'");
	sl_model_free(m);
}

static void epochs_must_rise(void **state)
{
	refused(model, 7, "epoch 7");
	refused(model, 0, "epoch 0");
}

static void an_empty_model_is_a_snapshot(void **state)
{
	struct sl_model *m = sl_model_create();
	struct sl_ip any = ip("0.0.0.0");
	struct world w;

	world_build(&w, m, 1, NULL, NULL);
	assert_int_equal(sl_snap_service_find(w.snap, &any, 80, IPPROTO_TCP), SL_SNAP_NONE);
	assert_int_equal(sl_snap_listener_find(w.snap, &any, 80), SL_SNAP_NONE);
	world_free(&w);
	sl_model_free(m);
}

static void equal_vhosts_share_a_database(void **state)
{
	struct sl_model *m = sl_model_create();
	struct sl_model_table *t = sl_model_table_add(m, "t");
	struct sl_snap_cache *cache = sl_snap_cache_create(NULL);
	struct world w;
	char name[32];

	sl_model_cluster_add(m, "c");
	for (int i = 0; i < 10; i++) {
		struct sl_model_vhost *v;

		snprintf(name, sizeof(name), "h%d", i);
		v = sl_model_vhost_add(t, name);
		sl_model_domain_add(v, name);
		world_route(v, SL_PATH_PREFIX, "/a", "c");
	}
	world_build(&w, m, 1, NULL, cache);
	assert_int_equal(sl_snap_cache_stats(cache).compiled, 1);
	assert_int_equal(sl_snap_vhost(w.snap, 0)->paths_db.off,
			 sl_snap_vhost(w.snap, 9)->paths_db.off);
	world_free(&w);
	sl_snap_cache_free(cache);
	sl_model_free(m);
}

/* n virtual hosts, each with a regex for Hyperscan behind a beginning of its own. */
static struct sl_model *model_of_engines(unsigned n)
{
	struct sl_model *m = sl_model_create();
	struct sl_model_table *t = sl_model_table_add(m, "t");
	char text[64];

	sl_model_cluster_add(m, "c");
	for (unsigned i = 0; i < n; i++) {
		struct sl_model_vhost *v;

		snprintf(text, sizeof(text), "h%u", i);
		v = sl_model_vhost_add(t, text);
		sl_model_domain_add(v, text);
		snprintf(text, sizeof(text), "/of-%u/([a-z]+/)*end", i);
		world_route(v, SL_PATH_REGEX, text, "c");
	}
	return m;
}

static void equal_regexes_share_an_engine(void **state)
{
	struct sl_model *m = model_of_engines(10);
	struct sl_snap_cache *cache = sl_snap_cache_create(NULL);
	struct sl_route_hit hit;
	uint64_t first, second;
	struct world w;

	/* The second build takes them from memory, and has to find its own engines. */
	for (uint64_t epoch = 1; epoch <= 2; epoch++) {
		world_build(&w, m, epoch, NULL, cache);
		first = sl_snap_vhost(w.snap, 0)->paths_db.len;
		second = sl_snap_vhost(w.snap, 1)->paths_db.len;
		assert_true(second < first && first - second > 2048);
		for (unsigned i = 0; i < 10; i++) {
			char host[8], path[32];

			snprintf(host, sizeof(host), "h%u", i);
			snprintf(path, sizeof(path), "/of-%u/a/b/end", i);
			assert_int_equal(sl_snap_vhost(w.snap, i)->paths_db.len,
					 i ? second : first);
			assert_int_equal(
				world_find(w.snap, w.scratch, 0, sl_str(host), sl_str(path), &hit),
				0);
			assert_int_equal(hit.vhost, i);
		}
		world_free(&w);
	}
	sl_snap_cache_free(cache);
	sl_model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clusters_and_endpoints),
		cmocka_unit_test(rows_keep_what_the_model_says),
		cmocka_unit_test(services),
		cmocka_unit_test(listeners),
		cmocka_unit_test(many_services_are_all_found),
		cmocka_unit_test(hosts_by_precedence),
		cmocka_unit_test(host_names),
		cmocka_unit_test(routes_in_list_order),
		cmocka_unit_test(rewrites),
		cmocka_unit_test(explanations),
		cmocka_unit_test(slots_are_unique_and_new),
		cmocka_unit_test(slots_stay_with_their_names),
		cmocka_unit_test(routes_that_share_a_name),
		cmocka_unit_test(too_many_for_the_slots),
		cmocka_unit_test(a_left_slot_is_given_out_again),
		cmocka_unit_test(a_bad_regex_is_named_by_its_place),
		cmocka_unit_test(dangling_names_are_refused),
		cmocka_unit_test(epochs_must_rise),
		cmocka_unit_test(an_empty_model_is_a_snapshot),
		cmocka_unit_test(equal_vhosts_share_a_database),
		cmocka_unit_test(equal_regexes_share_an_engine),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
