/* SPDX-License-Identifier: BSD-3-Clause */
/* The flow index: finds what was added and nothing else, also when buckets overflow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sl_flow.h"

#define ROWS 20000u

static uint64_t key_of[ROWS];

static bool same(const void *rows, uint32_t row, const void *key)
{
	return ((const uint64_t *)rows)[row] == *(const uint64_t *)key;
}

static uint64_t hash(uint64_t x)
{
	x = (x ^ (x >> 31)) * UINT64_C(0x9e3779b97f4a7c15);
	return x ^ (x >> 29);
}

static uint32_t find(struct sl_flow_index *idx, uint64_t key)
{
	return sl_flow_find(idx, hash(key), same, key_of, &key);
}

static void test_holds_its_capacity(void **state)
{
	struct sl_flow_index *idx = sl_flow_create(ROWS);

	assert_non_null(idx);
	for (uint32_t i = 0; i < ROWS; i++) {
		key_of[i] = i * 7 + 1;
		assert_int_equal(find(idx, key_of[i]), SL_FLOW_NONE);
		assert_true(sl_flow_add(idx, hash(key_of[i]), i));
	}
	assert_int_equal(sl_flow_count(idx), ROWS);
	for (uint32_t i = 0; i < ROWS; i++)
		assert_int_equal(find(idx, key_of[i]), i);
	assert_int_equal(find(idx, 3), SL_FLOW_NONE);
	for (uint32_t i = 0; i < ROWS; i += 2)
		assert_true(sl_flow_del(idx, hash(key_of[i]), i));
	for (uint32_t i = 0; i < ROWS; i++)
		assert_int_equal(find(idx, key_of[i]), i % 2 ? i : SL_FLOW_NONE);
	assert_int_equal(sl_flow_count(idx), ROWS / 2);
	sl_flow_free(idx);
}

/* Rows of one hash overflow into following buckets, and come out again in any order. */
static void test_overflow(void **state)
{
	struct sl_flow_index *idx = sl_flow_create(4000);
	uint32_t n = 0;
	uint64_t key;

	for (uint32_t i = 0; i < 1000; i++)
		key_of[i] = i;
	while (n < 1000 && sl_flow_add(idx, 42, n))
		n++;
	assert_in_range(n, 64, 999);
	for (uint32_t i = 0; i < n; i++) {
		key = i;
		assert_int_equal(sl_flow_find(idx, 42, same, key_of, &key), i);
	}
	for (uint32_t i = 0; i < n; i++)
		assert_true(sl_flow_del(idx, 42, (i * 37) % n == 0 ? 0 : i));
	assert_int_equal(sl_flow_count(idx), 0);
	key = 5;
	assert_int_equal(sl_flow_find(idx, 42, same, key_of, &key), SL_FLOW_NONE);
	sl_flow_free(idx);
}

static void test_del_of_what_is_not_there(void **state)
{
	struct sl_flow_index *idx = sl_flow_create(1);

	assert_false(sl_flow_del(idx, 1, 0));
	assert_true(sl_flow_add(idx, 1, 0));
	assert_false(sl_flow_del(idx, 1, 1));
	assert_false(sl_flow_del(idx, UINT64_C(1) << 50 | 1, 0));
	assert_true(sl_flow_del(idx, 1, 0));
	assert_false(sl_flow_del(idx, 1, 0));
	sl_flow_free(idx);
	sl_flow_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_holds_its_capacity),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_del_of_what_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
