/* SPDX-License-Identifier: BSD-3-Clause */
/* Compiles a model into a snapshot. Control process only. */
#ifndef SL_SNAP_BUILD_H
#define SL_SNAP_BUILD_H

#include "sl_model.h"
#include "sl_snap.h"

/**
 * Compiled databases kept from build to build, by content hash; also on disk when dir is set. What
 * no build has used for a while is forgotten; a damaged file is compiled anew.
 */
struct sl_snap_cache;

/**
 * @param dir Existing folder for compiled databases (files NAME.hsdb in it are the cache's), or
 *            NULL for memory only. A folder that can't be used costs time, not correctness: a
 *            warning is logged once.
 * @return NULL when out of memory.
 */
struct sl_snap_cache *sl_snap_cache_create(const char *dir);
void sl_snap_cache_free(struct sl_snap_cache *cache);

/**
 * Says how many statistics slots the data plane has (sl_stats_hdr.slots); the defaults of
 * sl_stats.h until then.
 */
void sl_snap_cache_slots(struct sl_snap_cache *cache, const uint32_t slots[SL_STATS_CLASS_COUNT]);

/** What the cache did since it was created. */
struct sl_snap_cache_stats {
	uint64_t compiled;    /* databases compiled */
	uint64_t from_memory; /* found in memory */
	uint64_t from_disk;   /* found in a file */
	uint64_t entries;     /* kept now */
};
struct sl_snap_cache_stats sl_snap_cache_stats(const struct sl_snap_cache *cache);

/**
 * Compiles a checked model.
 *
 * @param model Passed sl_model_check.
 * @param epoch Number of the new snapshot, above every earlier one.
 * @param prev Checked snapshot whose statistics slots are carried over by name, or NULL.
 * @param cache Compiled databases; only what changed is compiled again. NULL: none are kept.
 * @param out Receives a 64-byte aligned heap block of *size bytes, owned by the caller (free).
 * @return 0; -EINVAL (with file:line: a regex Hyperscan refuses, and the reason), -ENOSPC (more
 *         objects than statistics slots, with the limit's name), -ENOMEM.
 */
int sl_snap_build(const struct sl_model *model, uint64_t epoch, const struct sl_snap *prev,
		  struct sl_snap_cache *cache, struct sl_snap **out, size_t *size,
		  struct sl_err *err);

/**
 * Compiles a model that differs from prev's in its clusters' endpoints and policies and in its L4
 * services alone; routes are taken over as they are.
 *
 * @param model Passed sl_model_check. Its listeners and clusters are prev's by name and order; its
 *              tables are not looked at.
 * @param out Receives what sl_snap_unload frees.
 * @return 0; -ESTALE: the model differs in more, use sl_snap_build; else as sl_snap_build.
 */
int sl_snap_patch(const struct sl_model *model, uint64_t epoch, const struct sl_snap *prev,
		  struct sl_snap_cache *cache, const struct sl_snap **out, struct sl_err *err);

#endif
