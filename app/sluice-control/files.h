/* SPDX-License-Identifier: BSD-3-Clause */
/* Whole-file operations with the order of fsync and rename that survives a power cut. */
#ifndef FILES_H
#define FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "sl_error.h"

/** Makes a folder and all above it. 0 or -errno with a text. */
int files_make_dirs(const char *path, mode_t mode, struct sl_err *err);

/**
 * Reads a whole file.
 *
 * @param max Most bytes accepted.
 * @param out Receives a malloc'ed, NUL-terminated block of *len bytes.
 * @return 0, -ENOENT, -E2BIG, -errno.
 */
int files_read(const char *path, size_t max, char **out, size_t *len, struct sl_err *err);

/**
 * Creates or truncates and writes; does not wait for the disk.
 *
 * @return 0 or -errno with a text (the file is removed).
 */
int files_write(const char *path, const void *data, size_t len, struct sl_err *err);

/**
 * Writes through a temporary file and a rename, and waits until that is on the disk: readers see
 * the old or the new whole.
 */
int files_replace(const char *path, const void *data, size_t len, struct sl_err *err);

/** The same from n parts, one behind the other. */
int files_replace_parts(const char *path, const struct iovec *part, size_t n, struct sl_err *err);

/** Waits until a file is on the disk. */
int files_sync(const char *path, struct sl_err *err);

/** Makes renames and unlinks in a folder durable. */
int files_sync_dir(const char *path, struct sl_err *err);

/** Makes all that was written to the file system of a folder durable: one wait for many files. */
int files_sync_all(const char *path, struct sl_err *err);

#endif
