/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Per-lcore index from a keyed hash to a row number: buckets of 8 tags and 8 rows, one cache line
 * each, overflow into the neighbouring buckets. The rows, and the comparison of whole keys, belong
 * to the user of the index. One lcore; no locks.
 */
#ifndef SL_FLOW_H
#define SL_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SL_FLOW_NONE UINT32_MAX

struct sl_flow_index;

/**
 * @param capacity Rows it must be able to hold; it is sized for that, fixed.
 * @return NULL when out of memory. At start only.
 */
struct sl_flow_index *sl_flow_create(uint32_t capacity);
void sl_flow_free(struct sl_flow_index *idx);

/** Starts fetching the bucket of a hash. Worker-safe. */
void sl_flow_prefetch(const struct sl_flow_index *idx, uint64_t hash);

/**
 * Row whose key matches.
 *
 * @param hash Keyed hash of the tuple (sl_siphash or better, so that it can't be flooded).
 * @param same Compares row `row` with `key`.
 * @return Row or SL_FLOW_NONE. Worker-safe.
 */
uint32_t sl_flow_find(const struct sl_flow_index *idx, uint64_t hash,
		      bool (*same)(const void *rows, uint32_t row, const void *key),
		      const void *rows, const void *key);

/** @return false when the buckets around the hash are full. Worker-safe. */
bool sl_flow_add(struct sl_flow_index *idx, uint64_t hash, uint32_t row);

/** Removes the entry of a row added under this hash; false when it was not there. */
bool sl_flow_del(struct sl_flow_index *idx, uint64_t hash, uint32_t row);

uint32_t sl_flow_count(const struct sl_flow_index *idx);

#endif
