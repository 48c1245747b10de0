/* SPDX-License-Identifier: BSD-3-Clause */
/* Compiles a model into a snapshot. Control process only. */
#ifndef SL_SNAP_BUILD_H
#define SL_SNAP_BUILD_H

#include "sl_model.h"
#include "sl_snap.h"

/** Compiled databases kept from build to build, by content hash; also on disk when dir is set. */
struct sl_snap_cache;

/** @param dir Folder for compiled databases, or NULL for memory only. NULL when out of memory. */
struct sl_snap_cache *sl_snap_cache_create(const char *dir);
void sl_snap_cache_free(struct sl_snap_cache *cache);

/**
 * Compiles a checked model.
 *
 * @param model Passed sl_model_check.
 * @param epoch Number of the new snapshot, above every earlier one.
 * @param prev Snapshot whose statistics slots are carried over by name, or NULL.
 * @param cache Compiled databases; only what changed is compiled again.
 * @param out Receives a heap block of *size bytes, owned by the caller (free).
 * @return 0; -EINVAL (with file:line: a regex Hyperscan refuses, and the reason), -ENOSPC (more
 *         objects than statistics slots, with the limit's name), -ENOMEM.
 */
int sl_snap_build(const struct sl_model *model, uint64_t epoch, const struct sl_snap *prev,
		  struct sl_snap_cache *cache, struct sl_snap **out, size_t *size,
		  struct sl_err *err);

#endif
