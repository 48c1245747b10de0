/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From files to a snapshot, in the one order that control and `sluicectl check` share:
 * sluice.conf, its manifests, applied objects -> model -> compiled configuration.
 */
#ifndef COMPILE_H
#define COMPILE_H

#include "sl_conf.h"
#include "sl_snap_build.h"

/**
 * Reads all manifests that sluice.conf names.
 *
 * @param out Receives a set owned by the caller.
 * @return 0 or -errno with file:line.
 */
int compile_manifests(struct sl_objects **out, const struct sl_conf *conf, struct sl_err *err);

/** Same into a set that is there already; on an error it holds what was read before. */
int compile_manifests_into(struct sl_objects *set, const struct sl_conf *conf, struct sl_err *err);

/** Manifests and applied objects in one new set; an applied object replaces a manifest's. */
int compile_merge(struct sl_objects **out, const struct sl_objects *manifests,
		  const struct sl_objects *applied, struct sl_err *err);

/** Translates everything into an empty model and checks it. 0 or -errno with file:line. */
int compile_model(const struct sl_conf *conf, const struct sl_objects *objects,
		  struct sl_model *model, struct sl_err *err);

/**
 * Compiles everything.
 *
 * @param prev Snapshot whose statistics slots are kept, or NULL.
 * @param out Receives a heap block of *size bytes, owned by the caller.
 * @return 0 or -errno with file:line and what to write instead.
 */
int compile_snapshot(const struct sl_conf *conf, const struct sl_objects *objects, uint64_t epoch,
		     const struct sl_snap *prev, struct sl_snap_cache *cache, struct sl_snap **out,
		     size_t *size, struct sl_err *err);

/**
 * Compiles a change of endpoints alone as a patch of the snapshot in use.
 *
 * @param was Objects that prev was compiled from; `objects` differs by SL_OBJECTS_ENDPOINTS.
 * @param prev As compiled from the same conf.
 * @param out Receives what sl_snap_unload frees.
 * @return 0 or -errno: compile_snapshot will do it, or say what is wrong.
 */
int compile_patch(const struct sl_conf *conf, const struct sl_objects *was,
		  const struct sl_objects *objects, uint64_t epoch, const struct sl_snap *prev,
		  struct sl_snap_cache *cache, const struct sl_snap **out, struct sl_err *err);

/** What two sets of objects differ by, for a box of this conf. */
enum sl_objects_change compile_compare(const struct sl_conf *conf, const struct sl_objects *was,
				       const struct sl_objects *now);

#endif
