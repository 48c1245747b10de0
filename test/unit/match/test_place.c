/* SPDX-License-Identifier: BSD-3-Clause */
/* Databases in one area: equal engines lie there once, answers stay, wrong references are refused.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "match_db.h"

#define AREA  (1u << 20)
#define HOSTS 6u

/* An area, and what engines it has. */
struct area {
	char *bytes;
	uint64_t end;
	struct {
		uint64_t at;
		uint32_t len;
	} engine[64];
	unsigned n_engines, asked;
	bool no_memory;
};

static void area_make(struct area *a)
{
	memset(a, 0, sizeof(*a));
	a->bytes = aligned_alloc(SL_MATCH_ALIGN, AREA);
	assert_non_null(a->bytes);
	memset(a->bytes, 0, AREA);
}

static uint64_t find_engine(void *arg, struct sl_str engine, uint64_t at)
{
	struct area *a = arg;

	a->asked++;
	if (a->no_memory)
		return UINT64_MAX;
	for (unsigned i = 0; i < a->n_engines; i++)
		if (a->engine[i].len == engine.n &&
		    memcmp(a->bytes + a->engine[i].at, engine.p, engine.n) == 0)
			return a->engine[i].at;
	assert_true(a->n_engines < SL_ARRAY_LEN(a->engine));
	a->engine[a->n_engines].at = at;
	a->engine[a->n_engines++].len = engine.n;
	return at;
}

static void *compiled(const struct sl_match_pattern *p, size_t n, size_t *len)
{
	struct sl_err err = {""};
	void *db;
	int bad;

	if (sl_match_compile(p, n, &db, len, &bad, &err))
		fail_msg("%s", err.text);
	return db;
}

/* Places a database behind what the area has; returns where it lies. */
static uint64_t put(struct area *a, const void *db)
{
	const struct sl_match_engines engines = {find_engine, a};
	uint64_t at = a->end;
	size_t n = sl_match_place(db, a->bytes, at, &engines);

	a->end += n;
	assert_true(n > 0 && n % SL_MATCH_ALIGN == 0 && a->end <= AREA);
	return at;
}

/* Eight regexes behind beginnings of the host's own, of two kinds, and one that is always tried. */
static void *host_db(unsigned host, size_t *len)
{
	static char text[HOSTS][9][64];
	struct sl_match_pattern p[9];

	for (unsigned i = 0; i < 9; i++) {
		snprintf(text[host][i], sizeof(text[host][i]),
			 i == 8  ? "([a-z]+x)*/end"
			 : i % 2 ? "/h%u/%u/([a-z]+/)*(items|all)+"
				 : "/h%u/%u/([0-9]+/)*",
			 host, i);
		p[i] = (struct sl_match_pattern){SL_MATCH_REGEX, sl_str(text[host][i]),
						 100 * host + i, false};
	}
	return compiled(p, 9, len);
}

static void expect(const void *db, struct sl_match_scratch *scratch, uint32_t id, const char *fmt,
		   unsigned host, unsigned i)
{
	char path[64];

	snprintf(path, sizeof(path), fmt, host, i);
	if (sl_match_find(db, scratch, sl_str(path), 0) != id)
		fail_msg("'%s' is not %u's", path, id);
}

static void host_answers(const void *db, unsigned host)
{
	struct sl_match_scratch *scratch = NULL;
	struct sl_err err = {""};

	assert_int_equal(sl_match_scratch_grow(&scratch, db, &err), 0);
	for (unsigned i = 0; i < 8; i++) {
		bool odd = i % 2;

		expect(db, scratch, 100 * host + i, odd ? "/h%u/%u/a/b/items" : "/h%u/%u/1/22/",
		       host, i);
		expect(db, scratch, SL_MATCH_NONE, odd ? "/h%u/%u/1/items" : "/h%u/%u/a/", host, i);
		expect(db, scratch, SL_MATCH_NONE, odd ? "/h%u/%u/a/b/item" : "/h%u/%u/1/22", host,
		       i);
	}
	expect(db, scratch, 100 * host + 8, "axbx/end", 0, 0);
	sl_match_scratch_free(scratch);
}

static unsigned own_engines(const struct sl_match_db *db)
{
	uint32_t at = db->groups;
	unsigned n = 0;

	for (uint32_t i = 0; i < db->n_groups; i++) {
		const struct sl_match_group *g = sl_match_group(db, at);

		n += g->engine > 0;
		at = sl_match_group_next(g);
	}
	return n;
}

static void equal_engines_lie_once(void **state)
{
	uint64_t at[HOSTS];
	struct sl_err err = {""};
	struct area a;
	size_t len, alone = 0;

	area_make(&a);
	for (unsigned h = 0; h < HOSTS; h++) {
		void *db = host_db(h, &len);

		/* Two kinds, whose groups alternate, and the one without a beginning. */
		assert_int_equal(own_engines(db), 3);
		host_answers(db, h);
		alone += len;
		at[h] = put(&a, db);
		free(db);
	}
	assert_int_equal(a.n_engines, 3);
	assert_true(a.asked >= 3 * HOSTS);
	assert_true(a.end < alone / 2);
	for (unsigned h = 0; h < HOSTS; h++) {
		size_t n = (h + 1 < HOSTS ? at[h + 1] : a.end) - at[h];

		assert_int_equal(sl_match_check(a.bytes + at[h], n, at[h], &err), 0);
		assert_int_equal(own_engines((void *)(a.bytes + at[h])), h ? 0 : 3);
		host_answers(a.bytes + at[h], h);
	}
	free(a.bytes);
}

/* Not more of what lies before a database is looked at than is said to be there. */
static void engines_outside_are_refused(void **state)
{
	struct sl_err err = {""};
	uint64_t first, second;
	struct area a;
	size_t len;
	void *db;

	area_make(&a);
	db = host_db(0, &len);
	first = put(&a, db);
	free(db);
	db = host_db(1, &len);
	second = put(&a, db);
	free(db);
	assert_int_equal(first, 0);
	len = a.end - second;
	assert_int_equal(sl_match_check(a.bytes + second, len, second, &err), 0);
	assert_int_equal(sl_match_check(a.bytes + second, len, 0, &err), -EBADMSG);
	assert_int_equal(sl_match_check(a.bytes + second, len, SL_MATCH_ALIGN, &err), -EBADMSG);
	/* Where an engine should be there is none any more. */
	memset(a.bytes + a.engine[0].at, 0, SL_MATCH_ALIGN);
	assert_int_equal(sl_match_check(a.bytes + second, len, second, &err), -EBADMSG);
	free(a.bytes);
}

static void no_memory_is_said(void **state)
{
	struct area a;
	size_t len;
	void *db = host_db(0, &len);
	const struct sl_match_engines engines = {find_engine, &a};

	area_make(&a);
	a.no_memory = true;
	assert_int_equal(sl_match_place(db, a.bytes, 0, &engines), 0);
	free(db);
	free(a.bytes);
}

/* A database without engines is copied as it is. */
static void without_engines(void **state)
{
	static const struct sl_match_pattern p[] = {
		{SL_MATCH_EXACT, {"/a", 2}, 1, false},
		{SL_MATCH_REGEX, {"/b/[0-9]+", 9}, 2, false},
		{SL_MATCH_SUFFIX, {".z", 2}, 3, false},
	};
	struct area a;
	size_t len;
	void *db = compiled(p, SL_ARRAY_LEN(p), &len);

	area_make(&a);
	assert_int_equal(put(&a, db), 0);
	assert_int_equal(a.asked, 0);
	assert_int_equal(a.end, len);
	assert_memory_equal(a.bytes, db, len);
	free(db);
	free(a.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_engines_lie_once),
		cmocka_unit_test(engines_outside_are_refused),
		cmocka_unit_test(no_memory_is_said),
		cmocka_unit_test(without_engines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
