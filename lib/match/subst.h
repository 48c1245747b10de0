/* SPDX-License-Identifier: BSD-3-Clause */
/* Compiled regexes of a scratch, for replacements. */
#ifndef SL_MATCH_SUBST_H
#define SL_MATCH_SUBST_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "sl_match.h"

struct sl_subst;

struct sl_subst *sl_subst_create(void);
void sl_subst_free(struct sl_subst *s);

/** Compiles a pattern that is not there yet. 0, -EINVAL, -ENOMEM. */
int sl_subst_add(struct sl_subst *s, struct sl_str pattern, struct sl_err *err);

/** Those of a scratch; NULL when it has none. */
struct sl_subst *sl_match_scratch_subst(struct sl_match_scratch *scratch);

#endif
