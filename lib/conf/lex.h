/* SPDX-License-Identifier: BSD-3-Clause */
/* Tokens of sluice.conf: one file is walked from beginning to end. */
#ifndef SL_CONF_LEX_H
#define SL_CONF_LEX_H

#include "sl_base.h"
#include "syntax.h"

/** One file while it is walked. */
struct sl_walk {
	const char *file;
	const char *p, *end;
	int line;
	int level;     /* of inclusion */
	bool includes; /* @include may be followed */
};

/** -EINVAL with the file and line where the walk stands. */
int sl_walk_bad(const struct sl_walk *w, struct sl_err *err, const char *what);

/** Moves behind blanks or a comment, but no end of line; *skipped tells whether there were any. */
int sl_lex_skip(struct sl_walk *w, bool *skipped, struct sl_err *err);

/** Reads the token at w->p, which is not at its end, and moves behind it. */
int sl_lex(struct sl_walk *w, enum sl_token *token, struct sl_err *err);

#endif
