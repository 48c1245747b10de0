/* SPDX-License-Identifier: BSD-3-Clause */
/* Consistent hashing: shares, what a member that leaves moves, the same table on every box. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sl_balance.h"
#include "sl_base.h"

#define KEYS 200000u

static void members(struct sl_balance_member *m, uint32_t n, const uint32_t *weights)
{
	for (uint32_t i = 0; i < n; i++) {
		char name[32];

		snprintf(name, sizeof(name), "10.0.0.%u:8080", i + 1);
		m[i] = (struct sl_balance_member){.name = sl_fnv1a(0, name, strlen(name)),
						  .weight = weights ? weights[i] : 1,
						  .index = i};
	}
}

static uint16_t *maglev(uint32_t n, const uint32_t *weights)
{
	struct sl_balance_member *m = calloc(n, sizeof(*m));
	uint16_t *t = calloc(SL_MAGLEV_SIZE, sizeof(*t));

	members(m, n, weights);
	sl_balance_maglev_fill(t, m, n);
	free(m);
	return t;
}

static void maglev_shares_follow_weights(void **state)
{
	static const uint32_t weights[] = {20, 30, 50};
	uint16_t *t = maglev(3, weights);
	uint32_t got[3] = {0};

	for (uint32_t i = 0; i < SL_MAGLEV_SIZE; i++)
		got[t[i]]++;
	for (int i = 0; i < 3; i++)
		assert_in_range(got[i] * 1000 / SL_MAGLEV_SIZE, weights[i] * 10 - 2,
				weights[i] * 10 + 2);
	free(t);
}

/* Ten members, each in turn gone: its own tenth has to move, hardly anything else may. */
static void maglev_moves_little(void **state)
{
	uint16_t *all = maglev(10, NULL);
	double most = 0;

	for (uint32_t gone = 0; gone < 10; gone++) {
		struct sl_balance_member m[10];
		uint16_t *t = calloc(SL_MAGLEV_SIZE, sizeof(*t));
		uint32_t moved = 0;

		members(m, 10, NULL);
		m[gone] = m[9];
		sl_balance_maglev_fill(t, m, 9);
		for (uint32_t key = 0; key < KEYS; key++) {
			uint32_t at = (uint32_t)(sl_balance_mix(key) % SL_MAGLEV_SIZE);

			moved += t[at] != all[at];
		}
		most = SL_MAX(most, 100.0 * moved / KEYS);
		free(t);
	}
	print_message("maglev: one of 10 gone moves at most %.2f %% of %u keys\n", most, KEYS);
	assert_true(most >= 9);
	assert_true(most <= 12);
	free(all);
}

static void maglev_is_the_same_in_any_order(void **state)
{
	struct sl_balance_member m[7], r[7];
	uint16_t *a = calloc(SL_MAGLEV_SIZE, sizeof(*a));
	uint16_t *b = calloc(SL_MAGLEV_SIZE, sizeof(*b));

	members(m, 7, NULL);
	for (int i = 0; i < 7; i++)
		r[i] = m[6 - i];
	sl_balance_maglev_fill(a, m, 7);
	sl_balance_maglev_fill(b, r, 7);
	assert_memory_equal(a, b, SL_MAGLEV_SIZE * sizeof(*a));
	free(a);
	free(b);
}

static void maglev_edges(void **state)
{
	static const uint32_t unlike[] = {1, 65536};
	uint16_t *one = maglev(1, NULL), *two = maglev(2, unlike);
	uint32_t few = 0;

	for (uint32_t i = 0; i < SL_MAGLEV_SIZE; i++) {
		assert_int_equal(one[i], 0);
		assert_in_range(two[i], 0, 1);
		few += two[i] == 0;
	}
	assert_in_range(few, 0, 2);
	free(one);
	free(two);
}

static struct sl_balance_point *ring(struct sl_balance_member *m, uint32_t n, uint32_t least,
				     uint32_t *points)
{
	struct sl_balance_point *p;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += m[i].weight;
	*points = 0;
	for (uint32_t i = 0; i < n; i++)
		*points += sl_balance_ring_share(m[i].weight, sum, least);
	p = calloc(*points, sizeof(*p));
	sl_balance_ring_fill(p, m, n, sum, least);
	return p;
}

static void ring_is_sorted_and_shared(void **state)
{
	static const uint32_t weights[] = {1, 3};
	struct sl_balance_member m[2];
	struct sl_balance_point *p;
	uint32_t n, got[2] = {0};

	members(m, 2, weights);
	p = ring(m, 2, 8192, &n);
	assert_in_range(n, 8192, 8194);
	for (uint32_t i = 1; i < n; i++)
		assert_true(p[i - 1].hash <= p[i].hash);
	for (uint32_t key = 0; key < KEYS; key++)
		got[p[sl_balance_ring_find(p, n, (uint32_t)sl_balance_mix(key))].index]++;
	assert_in_range(got[0] * 100 / KEYS, 21, 29);
	assert_int_equal(sl_balance_ring_find(p, n, UINT32_MAX),
			 p[n - 1].hash == UINT32_MAX ? n - 1 : 0);
	free(p);
}

static void ring_moves_only_what_left(void **state)
{
	struct sl_balance_member m[10];
	struct sl_balance_point *all, *less;
	uint32_t n, k, moved = 0;

	members(m, 10, NULL);
	all = ring(m, 10, 10240, &n);
	less = ring(m, 9, 9216, &k);
	for (uint32_t key = 0; key < KEYS; key++) {
		uint32_t h = (uint32_t)sl_balance_mix(key);
		uint32_t was = all[sl_balance_ring_find(all, n, h)].index;
		uint32_t is = less[sl_balance_ring_find(less, k, h)].index;

		if (was != 9)
			assert_int_equal(is, was);
		moved += was != is;
	}
	assert_in_range(moved * 100 / KEYS, 7, 13);
	free(all);
	free(less);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maglev_shares_follow_weights),
		cmocka_unit_test(maglev_moves_little),
		cmocka_unit_test(maglev_is_the_same_in_any_order),
		cmocka_unit_test(maglev_edges),
		cmocka_unit_test(ring_is_sorted_and_shared),
		cmocka_unit_test(ring_moves_only_what_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
