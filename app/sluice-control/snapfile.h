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

/** Writes snap.<epoch> (temporary file, rename). Whoever reads it checks it. 0 or -errno. */
int snapfile_write(const char *dir, const struct sl_snap *snap, struct sl_err *err);

/** Reads and checks snap.<epoch>; -ENOENT, -EPROTO, -EBADMSG. */
int snapfile_open(struct snapfile *out, const char *dir, uint64_t epoch, struct sl_err *err);

void snapfile_close(struct snapfile *sf);

/** Removes snap.<epoch>; those who have read it keep it. */
void snapfile_remove(const char *dir, uint64_t epoch);

/** Whether two snapshots say the same, epoch and time of building aside. */
bool snapfile_same(const struct sl_snap *a, const struct sl_snap *b);

/** Removes every snap.* below `keep` but the highest `spare` of them; returns the highest epoch. */
uint64_t snapfile_retire(const char *dir, uint64_t keep, unsigned spare);

#endif
