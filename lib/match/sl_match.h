/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hyperscan glue: many Hosts or paths in one database, found in one scan.
 *
 * Patterns carry ids; the answer is the smallest id that matches, which is "first in list order".
 * Subjects are framed by sentinel bytes (0x01 before, 0x02 behind) that a checked Host or path can
 * not contain, so literals stand for exact, prefix and suffix matches.
 */
#ifndef SL_MATCH_H
#define SL_MATCH_H

#include <stddef.h>
#include <stdint.h>

#include "sl_base.h"

#define SL_MATCH_NONE	     UINT32_MAX
#define SL_MATCH_SUBJECT_MAX 8192u /* longest Host or path that is matched; longer is no match */

enum sl_match_kind {
	SL_MATCH_EXACT,
	SL_MATCH_PREFIX,
	SL_MATCH_SUFFIX, /* for "*.foo.com": pattern ".foo.com", at least one byte before it */
	SL_MATCH_REGEX,	 /* whole subject, RE2-like syntax */
	SL_MATCH_ANY,
};

struct sl_match_pattern {
	enum sl_match_kind kind;
	struct sl_str text;
	uint32_t id;
};

/**
 * Compiles patterns to a database in position-independent bytes.
 *
 * @param out Receives malloc'ed bytes owned by the caller, *len of them; 64-byte alignment of the
 *            place they are copied to makes them usable there by sl_match_find.
 * @param bad Receives the index of the refused pattern, or -1.
 * @return 0; -EINVAL with Hyperscan's reason; -ENOMEM. Control process.
 */
int sl_match_compile(const struct sl_match_pattern *patterns, size_t n, void **out, size_t *len,
		     int *bad, struct sl_err *err);

/** Whether bytes at a 64-byte aligned place are a database that this build can run. 0 or -EBADMSG. */
int sl_match_check(const void *db, size_t len, struct sl_err *err);

/** Working memory of a scan; one per lcore, grown before new databases are used. */
struct sl_match_scratch;

/**
 * Creates a scratch or grows it so that db can be scanned with it.
 *
 * @param scratch *scratch is NULL at first.
 * @return 0 or -ENOMEM. Main lcore or control, while no scan uses *scratch.
 */
int sl_match_scratch_grow(struct sl_match_scratch **scratch, const void *db, struct sl_err *err);
void sl_match_scratch_free(struct sl_match_scratch *scratch);

/**
 * Smallest id that matches.
 *
 * @param subject Without sentinels; control bytes in it are "no match".
 * @param fold Compare in lower case (Hosts): the subject is lowered while it is framed.
 * @return An id, or SL_MATCH_NONE. Worker-safe.
 */
uint32_t sl_match_find(const void *db, struct sl_match_scratch *scratch, struct sl_str subject,
		       int fold);

#endif
