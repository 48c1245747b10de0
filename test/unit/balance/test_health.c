/* SPDX-License-Identifier: BSD-3-Clause */
/* The health table and outlier detection on a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sl_health.h"

#define S UINT64_C(1000000)

static const struct sl_outlier five = {.on = 1,
				       .consecutive_5xx = 5,
				       .interval_ms = 1000,
				       .base_ejection_ms = 30000,
				       .max_ejection_ms = 70000,
				       .max_ejection_percent = 50};

static struct sl_health_table *h;

static int setup(void **state)
{
	h = sl_health_create(16, 4);
	for (uint32_t i = 0; i < 10; i++)
		sl_health_claim(h, i, 7, 100 * S);
	return h ? 0 : -1;
}

static int teardown(void **state)
{
	sl_health_free(h);
	return 0;
}

static struct sl_health_row *row(uint32_t slot)
{
	struct sl_health_row *r = sl_health_row(h, slot, 7);

	assert_non_null(r);
	return r;
}

static void failing(uint32_t slot, const struct sl_outlier *cfg, enum sl_outlier_result what, int n)
{
	for (int i = 0; i < n; i++)
		sl_outlier_count(h, row(slot), cfg, 2, what);
}

static bool out(uint32_t slot)
{
	return sl_health_flags(h, slot, 7) & SL_HEALTH_EJECTED;
}

static void a_row_is_its_endpoints_alone(void **state)
{
	uint32_t gen = sl_health_generation(h);

	sl_health_set(h, row(3), SL_HEALTH_FAILED, true, 101 * S);
	assert_int_equal(sl_health_flags(h, 3, 7), SL_HEALTH_FAILED);
	assert_int_not_equal(sl_health_generation(h), gen);
	/* Another endpoint of that slot knows nothing of it, before and after the owner noticed. */
	assert_int_equal(sl_health_flags(h, 3, 8), 0);
	assert_null(sl_health_row(h, 3, 8));
	sl_health_claim(h, 3, 8, 102 * S);
	assert_int_equal(sl_health_flags(h, 3, 8), 0);
	assert_null(sl_health_row(h, 3, 7));
	assert_null(sl_health_row(h, 16, 7));
	assert_null(sl_health_row(NULL, 0, 7));
	assert_int_equal(sl_health_flags(NULL, 0, 7), 0);
}

static void failures_in_a_row_are_due(void **state)
{
	uint32_t seen = 0;

	failing(0, &five, SL_OUTLIER_5XX, 4);
	failing(0, &five, SL_OUTLIER_OK, 1);
	failing(0, &five, SL_OUTLIER_5XX, 4);
	assert_false(sl_health_news(h, 2, &seen));
	assert_false(sl_outlier_eject(h, row(0), &five, 10, 0, 100 * S));
	failing(0, &five, SL_OUTLIER_LOCAL, 1); /* counts as an answer where it isn't split */
	assert_true(sl_health_news(h, 2, &seen));
	assert_false(sl_health_news(h, 2, &seen));
	assert_false(sl_health_news(h, 1, &(uint32_t){0})); /* another worker's */
	assert_true(sl_outlier_eject(h, row(0), &five, 10, 0, 100 * S));
	assert_true(out(0));
}

static void kinds_are_told_apart(void **state)
{
	const struct sl_outlier cfg = {.on = 1,
				       .consecutive_gateway = 2,
				       .consecutive_local = 3,
				       .interval_ms = 1,
				       .base_ejection_ms = 1,
				       .max_ejection_percent = 100};

	assert_int_equal(sl_outlier_of_status(499), SL_OUTLIER_OK);
	assert_int_equal(sl_outlier_of_status(500), SL_OUTLIER_5XX);
	assert_int_equal(sl_outlier_of_status(503), SL_OUTLIER_GATEWAY);
	assert_int_equal(sl_outlier_of_status(505), SL_OUTLIER_5XX);
	failing(0, &cfg, SL_OUTLIER_5XX, 100); /* not looked at */
	failing(0, &cfg, SL_OUTLIER_GATEWAY, 1);
	failing(0, &cfg, SL_OUTLIER_5XX, 1); /* no gateway error: the row is broken */
	failing(0, &cfg, SL_OUTLIER_GATEWAY, 1);
	failing(0, &cfg, SL_OUTLIER_LOCAL, 2);
	assert_false(sl_outlier_eject(h, row(0), &cfg, 1, 0, 100 * S));
	failing(0, &cfg, SL_OUTLIER_GATEWAY, 1); /* an answer: no local failure */
	assert_true(sl_outlier_eject(h, row(0), &cfg, 1, 0, 100 * S));
	failing(1, &cfg, SL_OUTLIER_LOCAL, 3);
	assert_true(sl_outlier_eject(h, row(1), &cfg, 2, 1, 100 * S));
}

static void no_more_than_the_limit(void **state)
{
	uint32_t ejected = 0;

	for (uint32_t i = 0; i < 10; i++) {
		failing(i, &five, SL_OUTLIER_5XX, 5);
		ejected += sl_outlier_eject(h, row(i), &five, 10, ejected, 100 * S);
	}
	assert_int_equal(ejected, 5);
	/* One may always go, if any may. */
	const struct sl_outlier ten = {.on = 1,
				       .consecutive_5xx = 1,
				       .interval_ms = 1,
				       .base_ejection_ms = 1,
				       .max_ejection_percent = 10};
	struct sl_outlier none = ten;

	none.max_ejection_percent = 0;
	failing(9, &none, SL_OUTLIER_5XX, 1);
	assert_false(sl_outlier_eject(h, row(9), &none, 3, 0, 100 * S));
	failing(9, &ten, SL_OUTLIER_5XX, 1);
	assert_true(sl_outlier_eject(h, row(9), &ten, 3, 0, 100 * S));
	failing(8, &ten, SL_OUTLIER_5XX, 1);
	assert_false(sl_outlier_eject(h, row(8), &ten, 3, 1, 100 * S));
}

static void eject(uint64_t now)
{
	failing(0, &five, SL_OUTLIER_5XX, 5);
	assert_true(sl_outlier_eject(h, row(0), &five, 10, 0, now));
}

/* 30 s, 60 s, then the longest time; each quiet interval takes one off. */
static void times_grow_and_shrink(void **state)
{
	static const uint64_t times[] = {30, 60, 70, 70};
	uint64_t now = 100 * S;

	for (int i = 0; i < 4; i++) {
		eject(now);
		assert_false(sl_outlier_interval(h, row(0), &five, now + times[i] * S - 1));
		assert_true(out(0));
		now += times[i] * S;
		assert_true(sl_outlier_interval(h, row(0), &five, now));
		assert_false(out(0));
		assert_int_equal(row(0)->since_us, now); /* slow start */
	}
	for (int i = 0; i < 3; i++)
		assert_false(sl_outlier_interval(h, row(0), &five, now));
	eject(now);
	assert_false(sl_outlier_interval(h, row(0), &five, now + 59 * S));
	assert_true(sl_outlier_interval(h, row(0), &five, now + 60 * S));
}

/* A configuration without ejection lets everyone back in. */
static void off_means_back(void **state)
{
	struct sl_outlier off = five;

	off.on = 0;
	eject(100 * S);
	assert_true(sl_outlier_interval(h, row(0), &off, 100 * S + 1));
	assert_false(out(0));
	failing(0, &five, SL_OUTLIER_5XX, 5);
	assert_false(sl_outlier_eject(h, row(0), &off, 10, 0, 101 * S));
}

/* Slow start counts from the time at which the last reason went away. */
static void both_reasons(void **state)
{
	eject(100 * S);
	sl_health_set(h, row(0), SL_HEALTH_FAILED, true, 101 * S);
	assert_true(sl_outlier_interval(h, row(0), &five, 130 * S));
	assert_int_equal(sl_health_flags(h, 0, 7), SL_HEALTH_FAILED);
	assert_int_equal(row(0)->since_us, 100 * S);
	sl_health_set(h, row(0), SL_HEALTH_FAILED, false, 140 * S);
	assert_int_equal(sl_health_flags(h, 0, 7), 0);
	assert_int_equal(row(0)->since_us, 140 * S);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_row_is_its_endpoints_alone),
		TEST(failures_in_a_row_are_due),
		TEST(kinds_are_told_apart),
		TEST(no_more_than_the_limit),
		TEST(times_grow_and_shrink),
		TEST(off_means_back),
		TEST(both_reasons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
