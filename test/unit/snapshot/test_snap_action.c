/* SPDX-License-Identifier: BSD-3-Clause */
/* What routes make of a request: targets rewritten, places redirected to, header changes, CORS. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "snap_world.h"

static struct sl_model *model_of(struct sl_model_vhost **v)
{
	struct sl_model *m = sl_model_create();

	sl_model_cluster_add(m, "c");
	sl_model_cluster_add(m, "d");
	*v = sl_model_vhost_add(sl_model_table_add(m, "t"), "v");
	sl_model_domain_add(*v, "*");
	return m;
}

/* HTTPRoute's table of ReplacePrefixMatch, and beyond it. */
static void elements_are_replaced(void **state)
{
	static const struct {
		const char *prefix, *to, *target, *want;
	} cases[] = {
		{"/foo", "/xyz", "/foo/bar", "/xyz/bar"},
		{"/foo", "/xyz/", "/foo/bar", "/xyz/bar"},
		{"/foo", "/xyz", "/foo", "/xyz"},
		{"/foo", "/xyz", "/foo/", "/xyz/"},
		{"/foo", "", "/foo/bar", "/bar"},
		{"/foo", "", "/foo/", "/"},
		{"/foo", "", "/foo", "/"},
		{"/foo", "/", "/foo/", "/"},
		{"/foo", "/", "/foo", "/"},
		{"/foo", "/", "/foo/bar?q=/foo", "/bar?q=/foo"},
		{"/foo", "/", "/foo?q", "/?q"},
		{"/", "/public/", "/product", "/public/product"},
		{"/", "/public", "/", "/public/"},
	};
	char out[64];

	for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
		struct sl_model_vhost *v;
		struct sl_model *m = model_of(&v);
		struct sl_model_route *r = world_route(v, SL_PATH_ELEMENTS, cases[i].prefix, "c");
		struct world w;
		int n;

		r->rewrite = SL_REWRITE_ELEMENTS;
		sl_model_set(&r->rewrite_to, cases[i].to);
		world_build(&w, m, 1, NULL, NULL);
		n = sl_snap_rewrite(w.snap, w.scratch, 0, sl_str(cases[i].target), out,
				    sizeof(out));
		if (n != (int)strlen(cases[i].want) || memcmp(out, cases[i].want, (size_t)n) != 0)
			fail_msg("%zu: %.*s, not %s", i, n, out, cases[i].want);
		world_free(&w);
		sl_model_free(m);
	}
}

static void regexes_are_replaced(void **state)
{
	static const struct {
		const char *regex, *to, *target, *want;
	} cases[] = {
		{"^/service/([^/]+)(/.*)$", "\\2/instance/\\1", "/service/foo/v1/api",
		 "/v1/api/instance/foo"},
		{"one", "two", "/xxx/one/yyy/one/zzz", "/xxx/two/yyy/two/zzz"},
		{"^(.*?)one(.*)$", "\\1two\\2", "/xxx/one/yyy/one/zzz", "/xxx/two/yyy/one/zzz"},
		{"(?i)/xxx/", "/yyy/", "/aaa/XxX/bbb", "/aaa/yyy/bbb"},
		{"one", "two", "/one?q=one", "/two?q=one"},
		{"none", "x", "/a?b", "/a?b"},
		{"b*", "-", "/abba", "-/-a-a-"},
		{"a", "\\\\\\0", "/a", "/\\a"},
		{"(x)|(a)", "<\\1\\2>", "/ax", "/<a><x>"},
	};
	char out[64];

	for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
		struct sl_model_vhost *v;
		struct sl_model *m = model_of(&v);
		struct sl_model_route *r = world_route(v, SL_PATH_PREFIX, "/", "c");
		struct world w;
		int n;

		r->rewrite = SL_REWRITE_REGEX;
		sl_model_set(&r->rewrite_regex, cases[i].regex);
		sl_model_set(&r->rewrite_to, cases[i].to);
		world_build(&w, m, 1, NULL, NULL);
		n = sl_snap_rewrite(w.snap, w.scratch, 0, sl_str(cases[i].target), out,
				    sizeof(out));
		if (n != (int)strlen(cases[i].want) || memcmp(out, cases[i].want, (size_t)n) != 0)
			fail_msg("%zu: %.*s, not %s", i, n, out, cases[i].want);
		assert_int_equal(sl_snap_rewrite(w.snap, w.scratch, 0, sl_str(cases[i].target), out,
						 (size_t)n - 1),
				 -ENOSPC);
		world_free(&w);
		sl_model_free(m);
	}
}

/* An expression that would take for ever is given up, and the request with it. */
static void steps_are_bounded(void **state)
{
	static const char hostile[] =
		"/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!";
	struct sl_model_vhost *v;
	struct sl_model *m = model_of(&v);
	struct sl_model_route *r = world_route(v, SL_PATH_PREFIX, "/", "c");
	struct world w;
	char out[256];

	r->rewrite = SL_REWRITE_REGEX;
	sl_model_set(&r->rewrite_regex, "^/(a+)+$");
	sl_model_set(&r->rewrite_to, "/x");
	world_build(&w, m, 1, NULL, NULL);
	assert_int_equal(sl_snap_rewrite(w.snap, w.scratch, 0, sl_str(hostile), out, sizeof(out)),
			 -EINVAL);
	world_free(&w);
	sl_model_free(m);
}

static void redirects(void **state)
{
	static const struct {
		const char *scheme, *authority, *path;
		uint16_t port;
		const char *host, *target, *want;
	} cases[] = {
		{"", "", "/new", 0, "b:80", "/old?q=1", "http://b:80/new?q=1"},
		{"", "", "/new?x", 0, "b", "/old?q=1", "http://b/new?x"},
		{"", "c.org", "", 0, "b:80", "/old", "http://c.org/old"},
		{"", "c.org:81", "", 0, "b:80", "/old", "http://c.org:81/old"},
		{"https", "", "", 0, "b", "/a?b", "https://b/a?b"},
		/* The old scheme's own port goes with it, another one stays. */
		{"https", "", "", 0, "b:80", "/a", "https://b/a"},
		{"https", "", "", 0, "b:8080", "/a", "https://b:8080/a"},
		{"", "", "", 8443, "b:8080", "/a", "http://b:8443/a"},
		{"https", "", "", 8443, "b", "/a", "https://b:8443/a"},
		{"", "c.org", "", 8443, "b", "/a", "http://c.org:8443/a"},
		{"", "", "", 8443, "[::1]:80", "/a", "http://[::1]:8443/a"},
	};
	char out[64];

	for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
		struct sl_model_vhost *v;
		struct sl_model *m = model_of(&v);
		struct sl_model_route *r = world_route(v, SL_PATH_PREFIX, "/", NULL);
		struct world w;
		int n;

		r->action = SL_ROUTE_REDIRECT;
		r->status = 301;
		r->redirect_port = cases[i].port;
		r->redirect_rewrite = *cases[i].path ? SL_REWRITE_PATH : SL_REWRITE_NONE;
		sl_model_set(&r->redirect_scheme, cases[i].scheme);
		sl_model_set(&r->redirect_authority, cases[i].authority);
		sl_model_set(&r->redirect_path, cases[i].path);
		world_build(&w, m, 1, NULL, NULL);
		n = sl_snap_redirect(w.snap, 0, SL_STR("http"), sl_str(cases[i].host),
				     sl_str(cases[i].target), out, sizeof(out));
		if (n != (int)strlen(cases[i].want) || memcmp(out, cases[i].want, (size_t)n) != 0)
			fail_msg("%zu: %.*s, not %s", i, n, out, cases[i].want);
		world_free(&w);
		sl_model_free(m);
	}
}

/* What is left of header changes, as "-name" and "+name=value". */
static void changes_text(const struct sl_snap *s, struct sl_span span, char *out, size_t cap)
{
	size_t n = 0;

	out[0] = '\0';
	for (uint32_t i = 0; i < span.n; i++) {
		const struct sl_snap_change *c = sl_snap_change(s, span.first + i);

		n += (size_t)snprintf(out + n, cap - n, "%s%c%.*s%s%.*s", i ? " " : "",
				      c->put ? '+' : '-', SL_STR_ARG(sl_snap_str(s, c->name)),
				      c->put ? "=" : "", SL_STR_ARG(sl_snap_str(s, c->value)));
	}
}

static void header_changes_are_worked_out(void **state)
{
	struct sl_model_vhost *v;
	struct sl_model *m = model_of(&v);
	struct sl_model_route *one, *two;
	struct sl_model_weight *w1, *w2;
	struct world w;
	char text[256];

	world_route(v, SL_PATH_PREFIX, "/one", "c");
	world_route(v, SL_PATH_PREFIX, "/two", "c");
	one = &v->routes[0];
	two = &v->routes[1];
	sl_model_weight_add(two, "d", 1);
	w1 = &one->weights[0];
	w2 = &two->weights[0];
	for (int i = 0; i < 2; i++) {
		struct sl_model_route *r = i ? two : one;

		sl_model_header_add(&r->headers, &r->n_headers, SL_HEADER_ADD, false, "a", "r-add");
		sl_model_header_add(&r->headers, &r->n_headers, SL_HEADER_SET, false, "a", "r-set");
		sl_model_header_add(&r->headers, &r->n_headers, SL_HEADER_REMOVE, false, "b", "");
		sl_model_header_add(&r->headers, &r->n_headers, SL_HEADER_SET, false, "none", "");
	}
	sl_model_header_add(&w1->headers, &w1->n_headers, SL_HEADER_ADD, false, "b", "w-add");
	sl_model_header_add(&w1->headers, &w1->n_headers, SL_HEADER_ADD, false, "a", "w-add");
	sl_model_header_add(&w2->headers, &w2->n_headers, SL_HEADER_SET, false, "a", "w-set");
	sl_model_header_add(&w2->headers, &w2->n_headers, SL_HEADER_ADD, false, "c", "w-add");
	world_build(&w, m, 1, NULL, NULL);
	/* One destination: removes, then the route's, then its own. */
	changes_text(w.snap, sl_snap_weight(w.snap, 0)->changes, text, sizeof(text));
	assert_string_equal(text, "-b -a +a=r-set +a=r-add +b=w-add +a=w-add");
	/* Several: its own first, and the route's set wipes it out. */
	changes_text(w.snap, sl_snap_weight(w.snap, 1)->changes, text, sizeof(text));
	assert_string_equal(text, "+c=w-add -b -a +a=r-set +a=r-add");
	world_free(&w);
	sl_model_free(m);
}

static void too_many_changes_are_refused(void **state)
{
	struct sl_model_vhost *v;
	struct sl_model *m = model_of(&v);
	struct sl_model_route *r = world_route(v, SL_PATH_PREFIX, "/", "c");
	struct sl_err err = {""};
	struct sl_snap *snap;
	char value[1600];
	size_t size;

	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	sl_model_origin(&r->origin, "f.yaml", 7);
	sl_model_header_add(&r->headers, &r->n_headers, SL_HEADER_SET, true, "a", value);
	assert_int_equal(sl_snap_build(m, 1, NULL, NULL, &snap, &size, &err), -EINVAL);
	assert_string_equal(err.text, "f.yaml:7: a route changes headers of answers by 1617 bytes; "
				      "write at most 1500");
	sl_model_free(m);
}

static void origins(void **state)
{
	static const struct {
		const char *origin;
		bool granted;
	} cases[] = {{"https://a.org", true},    {"https://a.org:81", false},
		     {"http://dev.b.org", true}, {"http://dev", true},
		     {"https://x7.c.org", true}, {"https://x7.c.org.evil", false}};
	struct sl_model_vhost *v;
	struct sl_model *m = model_of(&v);
	struct sl_model_route *r = world_route(v, SL_PATH_PREFIX, "/", "c");
	const struct sl_snap_cors *cors;
	struct world w;

	r->cors.on = true;
	sl_model_cors_origin_add(&r->cors, SL_TEXT_EXACT, "https://a.org");
	sl_model_cors_origin_add(&r->cors, SL_TEXT_PREFIX, "http://dev");
	sl_model_cors_origin_add(&r->cors, SL_TEXT_REGEX, "https://x[0-9]\\.c\\.org");
	r = world_route(v, SL_PATH_EXACT, "/any", "c");
	r->cors.on = true;
	sl_model_cors_origin_add(&r->cors, SL_TEXT_EXACT, "*");
	world_build(&w, m, 1, NULL, NULL);
	cors = sl_snap_cors(w.snap, sl_snap_route(w.snap, 0)->cors);
	for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++)
		assert_int_equal(
			sl_snap_cors_grants(w.snap, w.scratch, cors, sl_str(cases[i].origin)),
			cases[i].granted);
	cors = sl_snap_cors(w.snap, sl_snap_route(w.snap, 1)->cors);
	assert_true(sl_snap_cors_grants(w.snap, w.scratch, cors, SL_STR("null")));
	world_free(&w);
	sl_model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elements_are_replaced),
		cmocka_unit_test(regexes_are_replaced),
		cmocka_unit_test(steps_are_bounded),
		cmocka_unit_test(redirects),
		cmocka_unit_test(header_changes_are_worked_out),
		cmocka_unit_test(too_many_changes_are_refused),
		cmocka_unit_test(origins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
