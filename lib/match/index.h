/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of a database's literals: what its writer and its reader have in common. */
#ifndef SL_MATCH_INDEX_H
#define SL_MATCH_INDEX_H

#include "match_db.h"

enum sl_index_kind {
	SL_INDEX_EXACT,
	SL_INDEX_PREFIX,
	SL_INDEX_GATE, /* the beginning of a group of regexes; id: where that group lies */
};

struct sl_index_entry {
	uint32_t hash; /* bits of it that neither bucket nor tag show */
	uint32_t id;
	uint32_t text; /* offset among the texts */
	uint16_t len;  /* of the text in bytes */
	uint8_t kind;  /* enum sl_index_kind */
	uint8_t lines; /* of a gate: cache lines of its group; 255: that or more */
};
_Static_assert(sizeof(struct sl_index_entry) == 16, "four a cache line");

/** The parts of a table. */
struct sl_index_view {
	const uint16_t *length;
	const uint8_t *tag;
	const struct sl_index_entry *entry;
	const char *text;
};

/** Offsets of a table's parts in bytes from the database's start, and where it ends. */
struct sl_index_places {
	uint64_t length, tag, entry, text, end;
};

static inline struct sl_index_places sl_index_places(const struct sl_match_index *ix)
{
	uint64_t buckets = (uint64_t)ix->mask + 1;
	struct sl_index_places p;

	p.length = (uint64_t)ix->off * SL_MATCH_ALIGN;
	p.tag = p.length + sl_match_align(ix->n_lengths * sizeof(uint16_t));
	p.entry = p.tag + sl_match_align(buckets);
	p.text = p.entry + sl_match_align(buckets * sizeof(struct sl_index_entry));
	p.end = p.text + sl_match_align(ix->texts);
	return p;
}

static inline struct sl_index_view sl_index_view(const void *db, const struct sl_match_index *ix)
{
	struct sl_index_places p = sl_index_places(ix);
	const char *base = db;

	return (struct sl_index_view){
		.length = (const void *)(base + p.length),
		.tag = (const void *)(base + p.tag),
		.entry = (const void *)(base + p.entry),
		.text = base + p.text,
	};
}

/*
 * The hash of a text is made of the state behind its whole words of 8 bytes, but for the last, and
 * its last 8 bytes: with the states of a subject at hand, the hash of each of its beginnings costs
 * one step, whatever its length.
 */
__extension__ typedef unsigned __int128 sl_index_wide;

static inline uint64_t sl_index_mix(uint64_t a, uint64_t b)
{
	sl_index_wide m = (sl_index_wide)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static inline uint64_t sl_index_word(const char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

/** The first n bytes, at most 8, as a number. */
static inline uint64_t sl_index_first(const char *p, size_t n)
{
	uint64_t w = 0;

	if (n >= 8)
		return sl_index_word(p);
	for (size_t i = 0; i < n; i++)
		w |= (uint64_t)(uint8_t)p[i] << (8 * i);
	return w;
}

#define SL_INDEX_SEED UINT64_C(0x9e3779b97f4a7c15)

static inline uint64_t sl_index_step(uint64_t state, uint64_t word)
{
	return sl_index_mix(state ^ word, UINT64_C(0xd6e8feb86659fd93));
}

/** Number of the state that the hash of n bytes begins with. */
static inline size_t sl_index_words(size_t n)
{
	return n ? (n - 1) / 8 : 0;
}

/**
 * @param state Behind sl_index_words(n) words.
 * @param last The last 8 bytes of the text, or all of it where it is shorter.
 */
static inline uint64_t sl_index_hash(uint64_t state, uint64_t last, size_t n, bool exact)
{
	return sl_index_mix(state ^ last, UINT64_C(0xa0761d6478bd642f) ^ (n << 1 | exact));
}

static inline uint8_t sl_index_tag(uint64_t hash)
{
	uint8_t top = (uint8_t)(hash >> 56);

	return top ? top : 1;
}

static inline uint32_t sl_index_rest(uint64_t hash)
{
	return (uint32_t)(hash >> 24);
}

/*
 * Buckets are looked at in groups of eight tags, one word: a probe that finds nothing is one
 * comparison, and a branch that nearly always goes the same way.
 */
#define SL_INDEX_GROUP 8u
#define SL_INDEX_ONES  UINT64_C(0x0101010101010101)

/** First bucket of the group a hash belongs to. */
static inline uint32_t sl_index_begin(uint64_t hash, uint32_t mask)
{
	return (uint32_t)hash & mask & ~(SL_INDEX_GROUP - 1);
}

/** Top bit of each byte that is 0; maybe also of bytes of 1 behind such a one. */
static inline uint64_t sl_index_zeros(uint64_t w)
{
	return (w - SL_INDEX_ONES) & ~w & SL_INDEX_ONES << 7;
}

/** Whether a table of a database of len bytes can be read without leaving it, or for ever. */
bool sl_index_ok(const struct sl_match_db *db, const struct sl_match_index *ix);

#endif
