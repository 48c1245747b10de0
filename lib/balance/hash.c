/* SPDX-License-Identifier: BSD-3-Clause */
/* Consistent hashing: Maglev tables and hash rings, filled by control code, read by workers. */
#include <stdlib.h>

#include "sl_balance.h"

#define UNSET UINT16_MAX

static int member_cmp(const void *a, const void *b)
{
	const struct sl_balance_member *x = a, *y = b;

	if (x->name != y->name)
		return x->name < y->name ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* The member's permutation of the table: next, next + skip, ... is free for it in this order. */
static void claim(uint16_t *table, struct sl_balance_member *m)
{
	while (table[m->next] != UNSET)
		m->next = (m->next + m->skip) % SL_MAGLEV_SIZE;
	table[m->next] = (uint16_t)m->index;
}

void sl_balance_maglev_fill(uint16_t *table, struct sl_balance_member *members, uint32_t n)
{
	uint64_t heaviest = 0;
	uint32_t filled = 0;

	qsort(members, n, sizeof(*members), member_cmp);
	for (uint32_t i = 0; i < SL_MAGLEV_SIZE; i++)
		table[i] = UNSET;
	for (uint32_t i = 0; i < n; i++) {
		struct sl_balance_member *m = &members[i];

		m->next = sl_balance_mix(m->name) % SL_MAGLEV_SIZE;
		m->skip = sl_balance_mix(m->name + 1) % (SL_MAGLEV_SIZE - 1) + 1;
		m->taken = 0;
		if (m->weight > heaviest)
			heaviest = m->weight;
	}
	/* The heaviest takes one entry a round, the others one when their weights have added up. */
	for (uint64_t round = 1; filled < SL_MAGLEV_SIZE; round++) {
		for (uint32_t i = 0; i < n && filled < SL_MAGLEV_SIZE; i++) {
			struct sl_balance_member *m = &members[i];

			if (round * m->weight < (m->taken + 1) * heaviest)
				continue;
			claim(table, m);
			m->taken++;
			filled++;
		}
	}
}

uint32_t sl_balance_ring_share(uint32_t weight, uint64_t sum, uint32_t least)
{
	uint64_t n = ((uint64_t)weight * least + sum - 1) / sum;

	return n ? (uint32_t)n : 1;
}

static int point_cmp(const void *a, const void *b)
{
	const struct sl_balance_point *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

void sl_balance_ring_fill(struct sl_balance_point *points, struct sl_balance_member *members,
			  uint32_t n, uint64_t sum, uint32_t least)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t share = sl_balance_ring_share(members[i].weight, sum, least);

		for (uint32_t k = 0; k < share; k++)
			points[at++] = (struct sl_balance_point){
				(uint32_t)sl_balance_mix(members[i].name +
							 k * UINT64_C(0x9e3779b97f4a7c15)),
				members[i].index};
	}
	if (at)
		qsort(points, at, sizeof(*points), point_cmp);
}

uint32_t sl_balance_ring_find(const struct sl_balance_point *points, uint32_t n, uint32_t hash)
{
	uint32_t lo = 0, hi = n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (points[mid].hash < hash)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo == n ? 0 : lo;
}
