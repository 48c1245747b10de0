/* SPDX-License-Identifier: BSD-3-Clause */
/* snap.<epoch> files of an instance: written whole, read back, retired. */
#ifndef SNAPFILE_H
#define SNAPFILE_H

#include <stdbool.h>

#include "sl_snap.h"

/** A snapshot in memory; map NULL: none. */
struct snapfile {
	const struct sl_snap *map;
	bool heap; /* as it was built, not as it was read */
};

/**
 * Writes snap.<epoch> (temporary file, rename); of a patch what is not snap.<base>'s. Whoever reads
 * it checks it. 0 or -errno.
 */
int snapfile_write(const char *dir, const struct sl_snap *snap, struct sl_err *err);

/** Writes it again as a whole, whatever became of other files: no patch any more. 0 or -errno. */
int snapfile_renew(const char *dir, const struct sl_snap *snap, struct sl_err *err);

/** Reads and checks snap.<epoch>; -ENOENT, -EPROTO, -EBADMSG. */
int snapfile_open(struct snapfile *out, const char *dir, uint64_t epoch, struct sl_err *err);

void snapfile_close(struct snapfile *sf);

/** Removes snap.<epoch>; those who have read it keep it. */
void snapfile_remove(const char *dir, uint64_t epoch);

/**
 * Whether two snapshots say the same to the byte, epoch and time of building aside. A patch and
 * one that is none never do.
 */
bool snapfile_same(const struct sl_snap *a, const struct sl_snap *b);

/**
 * Removes every snap.* below `keep` but the highest `spare` of them, and those that the kept ones
 * are patches of; returns the highest epoch.
 */
uint64_t snapfile_retire(const char *dir, uint64_t keep, unsigned spare);

#endif
