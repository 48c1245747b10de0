/* SPDX-License-Identifier: BSD-3-Clause */
/* Load-balancing policies as pure functions: numbers in, index out. */
#ifndef SL_BALANCE_H
#define SL_BALANCE_H

#include <stddef.h>
#include <stdint.h>

/** xorshift-style generator, one per lcore; seed is never 0. Not for secrets. */
static inline uint32_t sl_balance_rnd(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 32);
}

/**
 * Index by weight.
 *
 * @param weight Accessor: weight of index i.
 * @param sum Sum of all weights, above 0.
 * @param rnd Any number.
 */
uint32_t sl_balance_weighted(uint32_t (*weight)(const void *arg, uint32_t i), const void *arg,
			     uint32_t n, uint64_t sum, uint32_t rnd);

/**
 * Least request, power of two choices with weights (Mitzenmacher 2001; Envoy LEAST_REQUEST).
 *
 * @param load Accessor: active requests of index i divided by its weight, in any one unit.
 * @param rnd Two independent numbers in its halves.
 */
uint32_t sl_balance_least_request(uint64_t (*load)(const void *arg, uint32_t i), const void *arg,
				  uint32_t n, uint64_t rnd);

#endif
