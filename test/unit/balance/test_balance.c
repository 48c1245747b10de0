/* SPDX-License-Identifier: BSD-3-Clause */
/* Balancing policies: proportions, edges, and the choice between two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sl_balance.h"
#include "sl_base.h"

static uint32_t weight_of(const void *arg, uint32_t i)
{
	return ((const uint32_t *)arg)[i];
}

static uint64_t load_of(const void *arg, uint32_t i)
{
	return ((const uint64_t *)arg)[i];
}

static void weighted_follows_the_weights(void **state)
{
	static const uint32_t weights[] = {70, 0, 25, 5};
	uint32_t got[4] = {0};
	uint64_t rnd = 0x9e3779b97f4a7c15;

	for (int i = 0; i < 100000; i++)
		got[sl_balance_weighted(weight_of, weights, 4, 100, sl_balance_rnd(&rnd))]++;
	assert_in_range(got[0], 69000, 71000);
	assert_int_equal(got[1], 0);
	assert_in_range(got[2], 24000, 26000);
	assert_in_range(got[3], 4500, 5500);
}

static void weighted_edges(void **state)
{
	static const uint32_t weights[] = {0, 1, 1, 0};
	static const uint32_t huge[] = {UINT32_MAX, UINT32_MAX};

	assert_int_equal(sl_balance_weighted(weight_of, weights, 4, 2, 0), 1);
	assert_int_equal(sl_balance_weighted(weight_of, weights, 4, 2, 0x7fffffff), 1);
	assert_int_equal(sl_balance_weighted(weight_of, weights, 4, 2, 0x80000000), 2);
	assert_int_equal(sl_balance_weighted(weight_of, weights, 4, 2, UINT32_MAX), 2);
	/* A sum that promises more than there is must stay on an index that takes something. */
	assert_int_equal(sl_balance_weighted(weight_of, weights, 4, 100, UINT32_MAX), 2);
	assert_int_equal(sl_balance_weighted(weight_of, huge, 2, 2ull * UINT32_MAX, UINT32_MAX), 1);
}

static void least_request_prefers_the_idle(void **state)
{
	static const uint64_t loads[] = {9, 9, 9, 1};
	uint32_t got[4] = {0};
	uint64_t rnd = 1;

	for (int i = 0; i < 60000; i++) {
		uint64_t r = (uint64_t)sl_balance_rnd(&rnd) << 32;

		r |= sl_balance_rnd(&rnd);
		got[sl_balance_least_request(load_of, loads, 4, r)]++;
	}
	/* One of two different choices out of four is the idle one in half of the cases. */
	assert_in_range(got[3], 29000, 31000);
	for (int i = 0; i < 3; i++)
		assert_in_range(got[i], 9000, 11000);
}

static void least_request_edges(void **state)
{
	static const uint64_t loads[] = {5, 4};

	assert_int_equal(sl_balance_least_request(load_of, loads, 0, UINT64_MAX), 0);
	assert_int_equal(sl_balance_least_request(load_of, loads, 1, UINT64_MAX), 0);
	assert_int_equal(sl_balance_least_request(load_of, loads, 2, 0), 1);
	assert_int_equal(sl_balance_least_request(load_of, loads, 2, UINT64_MAX), 1);
}

static void rnd_never_sticks(void **state)
{
	uint64_t rnd = 1;

	for (int i = 0; i < 1000; i++) {
		uint64_t before = rnd;

		sl_balance_rnd(&rnd);
		assert_true(rnd != 0 && rnd != before);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weighted_follows_the_weights),
		cmocka_unit_test(weighted_edges),
		cmocka_unit_test(least_request_prefers_the_idle),
		cmocka_unit_test(least_request_edges),
		cmocka_unit_test(rnd_never_sticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
