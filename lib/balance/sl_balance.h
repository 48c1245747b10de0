/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Load-balancing policies as pure functions: numbers in, index out. Worker-safe: no allocation, no
 * system call; the tables of consistent hashing are filled by control code.
 */
#ifndef SL_BALANCE_H
#define SL_BALANCE_H

#include <stdbool.h>
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
 * Next number of a sequence that fills [0, 2^32) evenly (Weyl's, with the golden ratio): shares
 * picked by it are exact to a few picks after any number of them, where random ones scatter.
 *
 * @param turn Of one worker and one choice; begins anywhere.
 */
static inline uint32_t sl_balance_even(uint32_t *turn)
{
	return *turn += 0x9e3779b9u;
}

/** Spreads the bits of a key (the finalizer of splitmix64); equal on every box. */
static inline uint64_t sl_balance_mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
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
 * Index by weight, from running sums: O(log n).
 *
 * @param upto Accessor: sum of the weights of the indexes up to and with i.
 */
uint32_t sl_balance_by_sums(uint32_t (*upto)(const void *arg, uint32_t i), const void *arg,
			    uint32_t n, uint32_t rnd);

/**
 * Least request, power of two choices with weights (Mitzenmacher 2001; Envoy LEAST_REQUEST).
 *
 * @param load Accessor: active requests of index i divided by its weight, in any one unit.
 * @param rnd Two independent numbers in its halves.
 */
uint32_t sl_balance_least_request(uint64_t (*load)(const void *arg, uint32_t i), const void *arg,
				  uint32_t n, uint64_t rnd);

/**
 * Smooth weighted round robin: in every sum-of-weights picks each index has exactly its weight of
 * them, spread out.
 *
 * @param weight Accessor: weight of index i; 0: not to be picked.
 * @param current Accessor: a number kept for index i between calls, 0 at first.
 * @return Index, or UINT32_MAX when no weight is above 0.
 */
uint32_t sl_balance_smooth(uint32_t (*weight)(const void *arg, uint32_t i),
			   int64_t *(*current)(const void *arg, uint32_t i), const void *arg,
			   uint32_t n);

/* ---- consistent hashing ---- */

#define SL_MAGLEV_SIZE 65537u /* entries of a table; a prime */

/** A member while a table is filled. */
struct sl_balance_member {
	uint64_t name;              /* hash of its name: the same on every box */
	uint32_t weight;            /* above 0 */
	uint32_t index;             /* what the table says of it */
	uint64_t taken, next, skip; /* of the filling */
};

/**
 * Fills a Maglev table (Eisenbud et al. 2016) with weights. Members are sorted by name, so that
 * their order doesn't matter.
 *
 * @param table SL_MAGLEV_SIZE numbers.
 * @param members 1..65535 of them.
 */
void sl_balance_maglev_fill(uint16_t *table, struct sl_balance_member *members, uint32_t n);

/** A point of a hash ring. */
struct sl_balance_point {
	uint32_t hash;
	uint32_t index;
};

/** Points that a member has on a ring of at least `least` points; at least 1. */
uint32_t sl_balance_ring_share(uint32_t weight, uint64_t sum, uint32_t least);

/** Writes the points of all members, sorted. @param points Room for the sum of their shares. */
void sl_balance_ring_fill(struct sl_balance_point *points, struct sl_balance_member *members,
			  uint32_t n, uint64_t sum, uint32_t least);

/** Place of the first point at or behind a hash, wrapping around; n above 0. */
uint32_t sl_balance_ring_find(const struct sl_balance_point *points, uint32_t n, uint32_t hash);

#endif
