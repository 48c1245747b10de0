/* SPDX-License-Identifier: BSD-3-Clause */
/* Compiled databases by content: what the builder sees of the cache. */
#ifndef SL_SNAP_CACHE_H
#define SL_SNAP_CACHE_H

#include "sl_match.h"
#include "sl_snap_build.h"

#define CACHE_KEEP_BUILDS 8 /* an entry that this many builds did not use is dropped */

struct cache_key {
	uint64_t h[2];
};

struct cache_entry {
	struct cache_key key;
	struct cache_entry *next;
	void *db; /* NULL: only in its file so far */
	size_t len;
	uint64_t used; /* last build that used it */
	/* The builder's: where it is among the databases of build `placed`. */
	uint64_t placed, off, bytes;
};

/** Begins a build: later calls count as use by it. */
void cache_begin(struct sl_snap_cache *cache);

/** Ends a build: drops what has not been used for CACHE_KEEP_BUILDS builds. */
void cache_end(struct sl_snap_cache *cache);

uint64_t cache_build(const struct sl_snap_cache *cache);
const uint32_t *cache_slots(const struct sl_snap_cache *cache);

/** Database of these patterns, compiled if need be; errors and `bad` as sl_match_compile. */
int cache_get(struct sl_snap_cache *cache, const struct sl_match_pattern *patterns, size_t n,
	      struct cache_entry **out, int *bad, struct sl_err *err);

#endif
