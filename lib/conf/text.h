/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The text of sluice.conf before libconfig parses it: @include resolved, lines mapped back to
 * their files, and refused what libconfig 1.5 would misread without a word.
 */
#ifndef SL_CONF_TEXT_H
#define SL_CONF_TEXT_H

#include "sl_base.h"
#include "syntax.h"

#define SL_CONF_BYTES_MAX (16u << 20) /* sluice.conf with all it includes; each YAML file */

struct sl_text_seg;

struct sl_text {
	char *buf; /* NUL-terminated; heap */
	size_t n, cap;
	struct sl_syntax syntax;
	int line; /* of the line that is being appended, from 1 */
	struct sl_text_seg *seg;
	size_t n_seg;
	char **file; /* names, kept for the life of the text */
	size_t n_file;
};

/** Reads a file and what it includes. 0; -ENOENT, -EINVAL, -E2BIG, -ENOMEM with file:line. */
int sl_text_read(struct sl_text *t, const char *path, struct sl_err *err);

/** The same from memory; `name` stands for the file and @include is refused. */
int sl_text_set(struct sl_text *t, const char *name, const char *text, size_t n,
		struct sl_err *err);

/** File and line that a line of buf came from. */
const char *sl_text_where(const struct sl_text *t, int line, int *at);

void sl_text_free(struct sl_text *t);

/**
 * Reads a regular file whole.
 *
 * @param out Receives malloc'ed bytes with a NUL behind them.
 * @return 0; -ENOENT, -EINVAL (no regular file), -E2BIG (over SL_CONF_BYTES_MAX), other -errno.
 */
int sl_file_read(const char *path, char **out, size_t *n, struct sl_err *err);

#endif
