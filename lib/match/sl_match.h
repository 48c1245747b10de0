/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many Hosts or paths in one database, found in one search.
 *
 * Patterns carry ids; the answer is the smallest id that matches, which is "first in list order".
 * Exact and prefix literals stand in a hash table that is probed at each length they have. Suffixes
 * are Hyperscan's, and regexes that are no row of texts and runs. Regexes see the bare subject,
 * anchored at both ends; those that begin with a literal stand in groups by it, and only the groups
 * are scanned whose beginning the subject has.
 */
#ifndef SL_MATCH_H
#define SL_MATCH_H

#include <stddef.h>
#include <stdint.h>

#include "sl_base.h"

#define SL_MATCH_NONE        UINT32_MAX
#define SL_MATCH_ID_MAX      0x7fffffffu /* ids lie below */
#define SL_MATCH_SUBJECT_MAX 8192u /* longest Host or path that is matched; longer is no match */

enum sl_match_kind {
	SL_MATCH_EXACT,
	SL_MATCH_PREFIX,
	SL_MATCH_SUFFIX, /* for "*.foo.com": pattern ".foo.com", at least one byte before it */
	SL_MATCH_REGEX,  /* whole subject, RE2-like syntax */
	SL_MATCH_ANY,
};

struct sl_match_pattern {
	enum sl_match_kind kind;
	struct sl_str text;
	uint32_t id;
	bool fold; /* EXACT and PREFIX: ASCII case of the subject does not matter */
};

/**
 * Compiles patterns to a database in position-independent bytes.
 *
 * @param out Receives malloc'ed bytes owned by the caller, *len of them (a multiple of 64); at any
 *            64-byte aligned place they are usable by sl_match_find.
 * @param bad Receives the index of the refused pattern, or -1.
 * @return 0; -EINVAL with Hyperscan's reason; -ENOMEM. Control process.
 */
int sl_match_compile(const struct sl_match_pattern *patterns, size_t n, void **out, size_t *len,
		     int *bad, struct sl_err *err);

/**
 * Whether bytes at a 64-byte aligned place are a database that this build and machine can run,
 * undamaged: a checksum covers what Hyperscan itself would trust.
 *
 * @param before Bytes of other databases in front of it, whose engines it may use. They are
 *               checked with the databases that they belong to. 0: it stands alone.
 * @return 0, -EPROTO (made by another version or for another machine), -EBADMSG (damaged).
 */
int sl_match_check(const void *db, size_t len, size_t before, struct sl_err *err);

/** Where an area of databases has an engine. */
struct sl_match_engines {
	/**
	 * Called for each engine of a database that goes there; its answer is where in the area
	 * equal bytes lie, or `at`: nowhere so far, they will from now on; UINT64_MAX: no memory.
	 */
	uint64_t (*find)(void *arg, struct sl_str engine, uint64_t at);
	void *arg;
};

/**
 * Copies a database into an area where equal engines lie but once.
 *
 * @param area 8-byte aligned, to be used 64-byte aligned. As many bytes as db has are free and
 *             zero from `at` on, a multiple of 64.
 * @return Bytes of the copy, a multiple of 64; 0: no memory. Control process.
 */
size_t sl_match_place(const void *db, char *area, uint64_t at,
		      const struct sl_match_engines *engines);

/** Distinguishes builds whose databases are not interchangeable: library version and machine. */
uint64_t sl_match_platform(void);

/** Working memory of a scan; one per lcore, grown before new databases are used. */
struct sl_match_scratch;

/**
 * Creates a scratch or grows it so that db can be scanned with it.
 *
 * @param scratch *scratch is NULL at first.
 * @return 0; -ENOMEM, then *scratch is as it was. Main lcore or control, while no scan uses it.
 */
int sl_match_scratch_grow(struct sl_match_scratch **scratch, const void *db, struct sl_err *err);
void sl_match_scratch_free(struct sl_match_scratch *scratch);

/**
 * Smallest id that matches.
 *
 * @param db Passed sl_match_check, and scratch was grown for it.
 * @param subject Without sentinels; control bytes in it are "no match".
 * @param fold Compare in lower case (Hosts): the subject is lowered while it is framed.
 * @return An id, or SL_MATCH_NONE. Worker-safe.
 */
uint32_t sl_match_find(const void *db, struct sl_match_scratch *scratch, struct sl_str subject,
		       int fold);

/** Where the ids of a search go. */
struct sl_match_sink {
	/**
	 * Called for each id that matches and lies below the bound, in no order and possibly twice
	 * (of the ANY patterns only for the smallest id); its answer is the new bound, 0 ends the
	 * search. It may call sl_match_regex with the same scratch, nothing else of this library.
	 */
	uint32_t (*found)(void *arg, uint32_t id);
	void *arg;
	/* What `found` reads of an id, by id: fetched ahead into the cache. NULL: nothing. */
	const void *rows;
	size_t row_bytes;
};

/**
 * Ids that match and lie below a bound which the caller moves: the same search as sl_match_find,
 * for callers to whom a match alone is not enough.
 */
void sl_match_scan(const void *db, struct sl_match_scratch *scratch, struct sl_str subject,
		   int fold, const struct sl_match_sink *sink);

/**
 * Whether a database of regexes alone matches; bytes of any value are compared as they are.
 *
 * @param subject At most SL_MATCH_SUBJECT_MAX bytes: longer is no match. Worker-safe.
 */
bool sl_match_regex(const void *db, struct sl_match_scratch *scratch, struct sl_str subject);

/** Eight bytes in lower case (ASCII). Worker-safe. */
static inline uint64_t sl_match_lower_word(uint64_t w)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	uint64_t low = w & ~tops;
	/* A byte's top bit in `upper` says that it is one of A to Z. */
	uint64_t upper = (low + (0x80 - 'A') * ones) & ~(low + (0x7f - 'Z') * ones) & ~w & tops;

	return w | upper >> 2;
}

/** Copies a text in lower case (ASCII) to out, which has room for it. Worker-safe. */
static inline void sl_match_lower(char *out, struct sl_str text)
{
	uint32_t i = 0;
	uint64_t w;

	for (; i + sizeof(w) <= text.n; i += sizeof(w)) {
		memcpy(&w, text.p + i, sizeof(w));
		w = sl_match_lower_word(w);
		memcpy(out + i, &w, sizeof(w));
	}
	for (; i < text.n; i++)
		out[i] = sl_lower(text.p[i]);
}

/**
 * Checks a replacement of every match of a regex: RE2's syntax, "\1" in the text is a group.
 *
 * @return 0 or -EINVAL with the reason. Control process.
 */
int sl_match_subst_check(struct sl_str pattern, struct sl_str with, struct sl_err *err);

/** Makes a scratch fit for replacements by this regex. When and errors as sl_match_scratch_grow. */
int sl_match_subst_prepare(struct sl_match_scratch **scratch, struct sl_str pattern,
			   struct sl_err *err);

/**
 * Replaces every match, without memory from the heap and in a bounded number of steps.
 *
 * @return Bytes in out; -ENOSPC (more than cap); -EINVAL (too many steps, or not prepared).
 *         Worker-safe.
 */
int sl_match_subst(struct sl_match_scratch *scratch, struct sl_str pattern, struct sl_str with,
		   struct sl_str subject, char *out, size_t cap);

#endif
