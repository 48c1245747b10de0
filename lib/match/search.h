/* SPDX-License-Identifier: BSD-3-Clause */
/* One search of a subject in a database: what its parts share. */
#ifndef SL_MATCH_SEARCH_H
#define SL_MATCH_SEARCH_H

#include <hs/hs.h>

#include "index.h"

/* Gates of one subject; the compiler lets no more beginnings stand within one another. */
#define SL_MATCH_GATES_MAX 4u

struct sl_match_search {
	const struct sl_match_db *db;
	const struct sl_match_sink *sink; /* NULL: only the smallest id is wanted */
	struct sl_match_scratch *scratch;
	hs_scratch_t *hs;
	uint64_t *state;     /* of hashes: one for each 8 bytes of a subject */
	size_t body;         /* where the code of the whole subject ends */
	uint32_t bound;      /* ids from here on are of no interest; without a sink the answer */
	const uint32_t *ids; /* of the group whose engine is scanning */
	uint32_t n_ids;
	uint32_t n_gates;
	uint32_t gate[SL_MATCH_GATES_MAX]; /* groups of regexes whose beginning the subject has */
};

static inline void sl_match_report(struct sl_match_search *s, uint32_t id)
{
	if (id < s->bound)
		s->bound = s->sink ? s->sink->found(s->sink->arg, id) : id;
}

/** Fetches ahead what the caller reads when this id is reported. */
static inline void sl_match_fetch_row(const struct sl_match_search *s, uint32_t id)
{
	if (s->sink && s->sink->rows)
		__builtin_prefetch((const char *)s->sink->rows + (size_t)id * s->sink->row_bytes);
}

/*
 * Of an engine of one or a few regexes, which is some kilobytes, a scan reads lines at the
 * beginning and at the end (seen by flushing them all before a scan): fetched at once, they cost
 * one miss or two, not twenty.
 */
#define SL_MATCH_FETCH_HEAD 11u
#define SL_MATCH_FETCH_TAIL 18u

/** Fetches ahead n lines, 255 or more: only the first ones. */
static inline void sl_match_fetch(const void *at, uint32_t n)
{
	uint32_t head = SL_MIN(n, SL_MATCH_FETCH_HEAD),
		 tail = n > SL_MATCH_FETCH_HEAD + SL_MATCH_FETCH_TAIL ? n - SL_MATCH_FETCH_TAIL
								      : head;

	for (uint32_t i = 0; i < head; i++)
		__builtin_prefetch((const char *)at + i * SL_CACHE_LINE);
	for (uint32_t i = tail; i < n && n < UINT8_MAX; i++)
		__builtin_prefetch((const char *)at + i * SL_CACHE_LINE);
}

/** Reports the literals that match, and notes the gates that open. */
void sl_index_find(struct sl_match_search *s, const struct sl_match_index *ix,
		   struct sl_str subject);

#endif
