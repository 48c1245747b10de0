/* SPDX-License-Identifier: BSD-3-Clause */
/* Conditions besides the path: method, headers, query and the rest, one route each. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "snap_world.h"

#define FIELDS_MAX 4

/* A condition, a request, and whether the one lets the other in. */
struct one {
	enum sl_cond_on on;
	enum sl_text_match match;
	bool invert;
	const char *name, *text;
	const char *query;                 /* of the request */
	const char *field[2 * FIELDS_MAX]; /* names and values */
	bool holds;
};

static uint16_t fields(const char *const *text, struct sl_http_field f[FIELDS_MAX])
{
	uint16_t n = 0;

	for (; n < FIELDS_MAX && text[2 * n]; n++)
		f[n] = (struct sl_http_field){.name = sl_str(text[2 * n]),
					      .value = sl_str(text[2 * n + 1])};
	return n;
}

static struct sl_model *model_of(struct sl_model_vhost **v)
{
	struct sl_model *m = sl_model_create();

	sl_model_cluster_add(m, "c");
	*v = sl_model_vhost_add(sl_model_table_add(m, "t"), "v");
	sl_model_domain_add(*v, "*");
	return m;
}

static void play(const struct one *t, size_t number)
{
	static const struct sl_snap_field ours = {{"x-forwarded-proto", 17}, {"http", 4}};
	struct sl_http_field f[FIELDS_MAX];
	struct sl_snap_request rq = {.host = SL_STR("A.example:80"),
				     .path = SL_STR("/p"),
				     .query = sl_str(t->query ? t->query : ""),
				     .method = SL_STR("GET"),
				     .scheme = SL_STR("http"),
				     .field = f,
				     .n_fields = fields(t->field, f),
				     .ours = &ours,
				     .n_ours = 1};
	struct sl_model_vhost *v;
	struct sl_model *m = model_of(&v);
	struct sl_model_route *r = world_route(v, SL_PATH_PREFIX, "/", "c");
	struct sl_model_cond *c = sl_model_cond_add(r, t->on, t->match, t->name, t->text);
	struct sl_route_hit hit;
	struct world w;

	c->invert = t->invert;
	world_build(&w, m, 1, NULL, NULL);
	if ((sl_snap_route_find(w.snap, w.scratch, 0, &rq, &hit) == 0) != t->holds)
		fail_msg("case %zu: %s '%s' should %smatch", number, t->name, t->text,
			 t->holds ? "" : "not ");
	world_free(&w);
	sl_model_free(m);
}

static void play_all(const struct one *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		play(&cases[i], i);
}

static void the_request_line(void **state)
{
	static const struct one cases[] = {
		{SL_ON_METHOD, SL_TEXT_EXACT, false, "", "GET", NULL, {NULL}, true},
		{SL_ON_METHOD, SL_TEXT_EXACT, false, "", "get", NULL, {NULL}, false},
		{SL_ON_METHOD, SL_TEXT_REGEX, false, "", "GET|HEAD", NULL, {NULL}, true},
		{SL_ON_METHOD, SL_TEXT_REGEX, false, "", "GE", NULL, {NULL}, false},
		{SL_ON_METHOD, SL_TEXT_PREFIX, false, "", "G", NULL, {NULL}, true},
		{SL_ON_METHOD, SL_TEXT_PRESENT, false, "", "", NULL, {NULL}, true},
		{SL_ON_SCHEME, SL_TEXT_EXACT, false, "", "http", NULL, {NULL}, true},
		{SL_ON_SCHEME, SL_TEXT_EXACT, false, "", "https", NULL, {NULL}, false},
		/* The authority is compared as it was sent. */
		{SL_ON_AUTHORITY, SL_TEXT_EXACT, false, "", "A.example:80", NULL, {NULL}, true},
		{SL_ON_AUTHORITY, SL_TEXT_EXACT, false, "", "a.example", NULL, {NULL}, false},
		{SL_ON_AUTHORITY, SL_TEXT_PREFIX, false, "", "A.", NULL, {NULL}, true},
		{SL_ON_TARGET, SL_TEXT_EXACT, false, "", "/p?a=1", "?a=1", {NULL}, true},
		{SL_ON_TARGET, SL_TEXT_PREFIX, false, "", "/p?", NULL, {NULL}, false},
	};

	play_all(cases, SL_ARRAY_LEN(cases));
}

/* Header names don't know case, values do. */
static void a_header(void **state)
{
	static const struct one cases[] = {
		{SL_ON_HEADER,
		 SL_TEXT_EXACT,
		 false,
		 "x-user",
		 "jason",
		 NULL,
		 {"X-User", "jason"},
		 true},
		{SL_ON_HEADER,
		 SL_TEXT_EXACT,
		 false,
		 "x-user",
		 "jason",
		 NULL,
		 {"x-user", "Jason"},
		 false},
		{SL_ON_HEADER, SL_TEXT_EXACT, false, "x-user", "jason", NULL, {NULL}, false},
		{SL_ON_HEADER, SL_TEXT_EXACT, false, "x-user", "", NULL, {NULL}, false},
		{SL_ON_HEADER, SL_TEXT_EXACT, false, "x-user", "", NULL, {"x-user", ""}, true},
		{SL_ON_HEADER,
		 SL_TEXT_PREFIX,
		 false,
		 "x-user",
		 "ja",
		 NULL,
		 {"x-user", "jason"},
		 true},
		{SL_ON_HEADER, SL_TEXT_PREFIX, false, "x-user", "", NULL, {NULL}, false},
		{SL_ON_HEADER,
		 SL_TEXT_REGEX,
		 false,
		 "x-user",
		 "j.*n",
		 NULL,
		 {"x-user", "jason"},
		 true},
		{SL_ON_HEADER,
		 SL_TEXT_REGEX,
		 false,
		 "x-user",
		 "j",
		 NULL,
		 {"x-user", "jason"},
		 false},
		{SL_ON_HEADER, SL_TEXT_REGEX, false, "x-user", ".*", NULL, {NULL}, false},
		{SL_ON_HEADER, SL_TEXT_REGEX, false, "x-user", ".*", NULL, {"x-user", ""}, true},
		{SL_ON_HEADER,
		 SL_TEXT_REGEX,
		 false,
		 "x-user",
		 "a.b",
		 NULL,
		 {"x-user", "a\tb"},
		 true},
		{SL_ON_HEADER, SL_TEXT_PRESENT, false, "x-user", "", NULL, {"x-user", ""}, true},
		{SL_ON_HEADER, SL_TEXT_PRESENT, false, "x-user", "", NULL, {"x-use", "a"}, false},
	};

	play_all(cases, SL_ARRAY_LEN(cases));
}

static void headers_put_together(void **state)
{
	static const struct one cases[] = {
		/* Several of a name are one list. */
		{SL_ON_HEADER,
		 SL_TEXT_EXACT,
		 false,
		 "a",
		 "1,2,3",
		 NULL,
		 {"a", "1", "b", "x", "A", "2", "a", "3"},
		 true},
		{SL_ON_HEADER, SL_TEXT_EXACT, false, "a", "1", NULL, {"a", "1", "a", "2"}, false},
		{SL_ON_HEADER,
		 SL_TEXT_REGEX,
		 false,
		 "a",
		 "1,+",
		 NULL,
		 {"a", "1", "a", "", "a", ""},
		 true},
		/* What we set ourselves, and what no client may say. */
		{SL_ON_HEADER,
		 SL_TEXT_EXACT,
		 false,
		 "x-forwarded-proto",
		 "http",
		 NULL,
		 {"x-forwarded-proto", "https"},
		 true},
		{SL_ON_HEADER, SL_TEXT_PRESENT, false, "x-envoy-internal", "", NULL, {NULL}, false},
	};

	play_all(cases, SL_ARRAY_LEN(cases));
}

/* withoutHeaders: absent is empty, unless presence itself is asked for. */
static void a_header_that_must_not_match(void **state)
{
	static const struct one cases[] = {
		{SL_ON_HEADER,
		 SL_TEXT_EXACT,
		 true,
		 "x-user",
		 "jason",
		 NULL,
		 {"x-user", "jason"},
		 false},
		{SL_ON_HEADER, SL_TEXT_EXACT, true, "x-user", "jason", NULL, {"x-user", "x"}, true},
		{SL_ON_HEADER, SL_TEXT_EXACT, true, "x-user", "jason", NULL, {NULL}, true},
		{SL_ON_HEADER, SL_TEXT_EXACT, true, "x-user", "", NULL, {NULL}, false},
		{SL_ON_HEADER, SL_TEXT_PREFIX, true, "x-user", "", NULL, {NULL}, false},
		{SL_ON_HEADER, SL_TEXT_REGEX, true, "x-user", ".*", NULL, {NULL}, false},
		{SL_ON_HEADER, SL_TEXT_REGEX, true, "x-user", ".+", NULL, {NULL}, true},
		{SL_ON_HEADER, SL_TEXT_PRESENT, true, "x-user", "", NULL, {NULL}, true},
		{SL_ON_HEADER, SL_TEXT_PRESENT, true, "x-user", "", NULL, {"x-user", ""}, false},
	};

	play_all(cases, SL_ARRAY_LEN(cases));
}

/* The first of a name, as written. */
static void a_query_parameter(void **state)
{
	static const struct one cases[] = {
		{SL_ON_QUERY, SL_TEXT_EXACT, false, "a", "1", "?a=1", {NULL}, true},
		{SL_ON_QUERY, SL_TEXT_EXACT, false, "a", "1", "?b=2&a=1&c", {NULL}, true},
		{SL_ON_QUERY, SL_TEXT_EXACT, false, "a", "1", "?a=2&a=1", {NULL}, false},
		{SL_ON_QUERY, SL_TEXT_EXACT, false, "a", "1", "?A=1", {NULL}, false},
		{SL_ON_QUERY, SL_TEXT_EXACT, false, "a", "", "?a", {NULL}, true},
		{SL_ON_QUERY, SL_TEXT_EXACT, false, "a", "", "?a=", {NULL}, true},
		{SL_ON_QUERY, SL_TEXT_EXACT, false, "a", "b=c", "?a=b=c", {NULL}, true},
		{SL_ON_QUERY, SL_TEXT_EXACT, false, "a", " ", "?a=%20", {NULL}, false},
		{SL_ON_QUERY, SL_TEXT_EXACT, false, "a", "%20", "?a=%20", {NULL}, true},
		{SL_ON_QUERY, SL_TEXT_REGEX, false, "a", "[0-9]+", "?a=12", {NULL}, true},
		{SL_ON_QUERY, SL_TEXT_REGEX, false, "a", "[0-9]+", "?a=12x", {NULL}, false},
		{SL_ON_QUERY, SL_TEXT_PREFIX, false, "a", "v", "?a=v1", {NULL}, true},
		{SL_ON_QUERY, SL_TEXT_PRESENT, false, "a", "", "?b&a", {NULL}, true},
		{SL_ON_QUERY, SL_TEXT_PRESENT, false, "a", "", "?ab&b=a", {NULL}, false},
		{SL_ON_QUERY, SL_TEXT_PRESENT, false, "a", "", NULL, {NULL}, false},
		{SL_ON_QUERY, SL_TEXT_PRESENT, false, "a", "", "?&&a&", {NULL}, true},
	};

	play_all(cases, SL_ARRAY_LEN(cases));
}

/* The whole value is judged or the condition does not hold, either way round. */
static void values_too_long_to_judge(void **state)
{
	static char text[SL_MATCH_SUBJECT_MAX + 2];
	static struct one t = {
		.on = SL_ON_HEADER, .match = SL_TEXT_REGEX, .name = "a", .text = "x*"};

	memset(text, 'x', SL_MATCH_SUBJECT_MAX);
	t.field[0] = "a";
	t.field[1] = text;
	t.holds = true;
	play(&t, 0);
	text[SL_MATCH_SUBJECT_MAX] = 'x';
	t.holds = false;
	play(&t, 1);
	t.invert = true;
	play(&t, 2);
	text[SL_MATCH_SUBJECT_MAX - 1] = '\0';
	t.field[2] = "a";
	t.field[3] = "xx";
	t.match = SL_TEXT_EXACT;
	play(&t, 3);
}

/* Routes of one path are tried in order, across other paths in between. */
static void first_whose_conditions_hold(void **state)
{
	static const struct {
		const char *user, *path;
		uint32_t route;
	} cases[] = {
		{"a", "/p", 0}, {"b", "/p", 2}, {"c", "/p", 3},   {"d", "/p", 5},
		{"d", "/q", 4}, {"a", "/q", 3}, {"b", "/P/x", 6}, {"a", "/px", SL_SNAP_NONE},
	};
	struct sl_http_field f = {.name = SL_STR("user")};
	struct sl_snap_request rq = {.field = &f, .n_fields = 1};
	struct sl_model_vhost *v;
	struct sl_model *m = model_of(&v);
	struct sl_model_route *r;
	struct sl_route_hit hit;
	struct world w;

	sl_model_cond_add(world_route(v, SL_PATH_EXACT, "/p", "c"), SL_ON_HEADER, SL_TEXT_EXACT,
			  "user", "a");
	sl_model_cond_add(world_route(v, SL_PATH_PREFIX, "/", "c"), SL_ON_HEADER, SL_TEXT_EXACT,
			  "user", "z");
	sl_model_cond_add(world_route(v, SL_PATH_EXACT, "/p", "c"), SL_ON_HEADER, SL_TEXT_EXACT,
			  "user", "b");
	sl_model_cond_add(world_route(v, SL_PATH_REGEX, "/.", "c"), SL_ON_HEADER, SL_TEXT_REGEX,
			  "user", "[a-c]");
	world_route(v, SL_PATH_ELEMENTS, "/q", "c");
	world_route(v, SL_PATH_EXACT, "/p", "c");
	r = world_route(v, SL_PATH_ELEMENTS, "/p", "c");
	r->ignore_case = true;
	world_build(&w, m, 1, NULL, NULL);
	for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
		f.value = sl_str(cases[i].user);
		rq.path = sl_str(cases[i].path);
		sl_snap_route_find(w.snap, w.scratch, 0, &rq, &hit);
		if (hit.route != cases[i].route)
			fail_msg("%s %s: route %u, not %u", cases[i].user, cases[i].path, hit.route,
				 cases[i].route);
	}
	world_free(&w);
	sl_model_free(m);
}

static void path_elements(void **state)
{
	static const struct {
		const char *path;
		bool matches;
	} cases[] = {{"/foo", true},     {"/foo/", true},   {"/foo/bar", true},
		     {"/foobar", false}, {"/fo", false},    {"/Foo", false},
		     {"/", false},       {"/foo//x", true}, {"/x/foo", false}};
	struct sl_model_vhost *v;
	struct sl_model *m = model_of(&v);
	struct sl_route_hit hit;
	struct world w;

	world_route(v, SL_PATH_ELEMENTS, "/foo", "c");
	world_build(&w, m, 1, NULL, NULL);
	for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++)
		if ((world_find(w.snap, w.scratch, 0, SL_STR("h"), sl_str(cases[i].path), &hit) ==
		     0) != cases[i].matches)
			fail_msg("%s", cases[i].path);
	world_free(&w);
	sl_model_free(m);
}

static void the_reason_is_told(void **state)
{
	static const struct {
		enum sl_cond_on on;
		bool invert;
		enum sl_why why;
	} cases[] = {{SL_ON_METHOD, false, SL_WHY_METHOD},
		     {SL_ON_SCHEME, false, SL_WHY_SCHEME},
		     {SL_ON_AUTHORITY, false, SL_WHY_AUTHORITY},
		     {SL_ON_TARGET, false, SL_WHY_TARGET},
		     {SL_ON_HEADER, false, SL_WHY_HEADER},
		     {SL_ON_HEADER, true, SL_WHY_WITHOUT_HEADER},
		     {SL_ON_QUERY, false, SL_WHY_QUERY}};
	struct sl_snap_request rq = {.path = SL_STR("/p"), .method = SL_STR("GET")};
	struct sl_model_vhost *v;
	struct sl_model *m = model_of(&v);
	struct sl_route_hit hit;
	struct world w;
	uint32_t cond;

	for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
		struct sl_model_route *r = world_route(v, SL_PATH_EXACT, "/p", "c");
		struct sl_model_cond *c;

		sl_model_cond_add(r, SL_ON_HEADER, SL_TEXT_PRESENT, "not", "")->invert = true;
		c = sl_model_cond_add(r, cases[i].on, SL_TEXT_EXACT, "name",
				      cases[i].invert ? "" : "text");
		c->invert = cases[i].invert;
	}
	world_build(&w, m, 1, NULL, NULL);
	sl_snap_route_find(w.snap, w.scratch, 0, &rq, &hit);
	assert_int_equal(hit.route, SL_SNAP_NONE);
	for (uint32_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
		assert_int_equal(sl_snap_route_why(w.snap, w.scratch, &rq, &hit, i, &cond),
				 cases[i].why);
		assert_int_equal(cond, 2 * i + 1);
	}
	rq.path = SL_STR("/q");
	assert_int_equal(sl_snap_route_why(w.snap, w.scratch, &rq, &hit, 0, &cond), SL_WHY_EXACT);
	world_free(&w);
	sl_model_free(m);
}

/* A regex in a condition that can't be compiled says where and what. */
static void bad_regex_is_refused(void **state)
{
	struct sl_model_vhost *v;
	struct sl_model *m = model_of(&v);
	struct sl_model_route *r = world_route(v, SL_PATH_EXACT, "/p", "c");
	struct sl_err err = {""};
	struct sl_snap *snap;
	size_t size;

	sl_model_origin(&r->origin, "f.yaml", 7);
	sl_model_cond_add(r, SL_ON_HEADER, SL_TEXT_REGEX, "x-user", "(a)\\1");
	assert_int_equal(sl_snap_build(m, 1, NULL, NULL, &snap, &size, &err), -EINVAL);
	assert_non_null(strstr(err.text, "f.yaml:7: virtual host 'v': the regex of header 'x-user' "
					 "'(a)\\1' can't be matched"));
	sl_model_free(m);
}

/* Only headers whose values are looked at, each once, whatever its case. */
static void names_of_headers(void **state)
{
	struct sl_model_vhost *v;
	struct sl_model *m = model_of(&v);
	struct sl_model_route *r = world_route(v, SL_PATH_PREFIX, "/a", "c");
	struct sl_str name[4];
	struct world w;

	sl_model_cond_add(r, SL_ON_METHOD, SL_TEXT_EXACT, "", "GET");
	sl_model_cond_add(r, SL_ON_QUERY, SL_TEXT_EXACT, "q", "1");
	sl_model_cond_add(r, SL_ON_HEADER, SL_TEXT_PRESENT, "x-there", "");
	sl_model_cond_add(r, SL_ON_HEADER, SL_TEXT_PREFIX, "x-a", "1");
	sl_model_cond_add(r, SL_ON_HEADER, SL_TEXT_EXACT, "x-b", "1");
	r = world_route(v, SL_PATH_PREFIX, "/b", "c");
	sl_model_cond_add(r, SL_ON_HEADER, SL_TEXT_REGEX, "X-A", "[0-9]");
	sl_model_cond_add(r, SL_ON_HEADER, SL_TEXT_EXACT, "x-b", "2")->invert = true;
	sl_model_cond_add(r, SL_ON_HEADER, SL_TEXT_EXACT, "x-c", "2");
	world_build(&w, m, 1, NULL, NULL);
	assert_int_equal(sl_snap_header_names(w.snap, name, 4), 3);
	assert_true(sl_str_eq(name[0], SL_STR("x-a")));
	assert_true(sl_str_eq(name[1], SL_STR("x-b")));
	assert_true(sl_str_eq(name[2], SL_STR("x-c")));
	assert_int_equal(sl_snap_header_names(w.snap, name, 2), 2);
	assert_int_equal(sl_snap_header_names(w.snap, name, 0), 0);
	world_free(&w);
	sl_model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_headers),
		cmocka_unit_test(the_request_line),
		cmocka_unit_test(a_header),
		cmocka_unit_test(headers_put_together),
		cmocka_unit_test(a_header_that_must_not_match),
		cmocka_unit_test(a_query_parameter),
		cmocka_unit_test(values_too_long_to_judge),
		cmocka_unit_test(first_whose_conditions_hold),
		cmocka_unit_test(path_elements),
		cmocka_unit_test(the_reason_is_told),
		cmocka_unit_test(bad_regex_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
