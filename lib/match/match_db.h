/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Layout of a compiled database: this header, a table of the literals, a Hyperscan database of
 * suffixes, and groups of regexes, each with programs and an engine: a Hyperscan database.
 */
#ifndef SL_MATCH_DB_H
#define SL_MATCH_DB_H

#include "sl_match.h"

#define SL_MATCH_MAGIC   UINT64_C(0x4843544d45434c53) /* "SLCEMTCH" */
#define SL_MATCH_VERSION 7u
#define SL_MATCH_ALIGN   64u

#define SL_MATCH_BEGIN 0x01
#define SL_MATCH_END   0x02

/** Part of the database in bytes from its start; len 0: there is none. */
struct sl_match_part {
	uint64_t off, len;
};

/**
 * Hash table of literals. At `off`, each beginning at a cache line: n_lengths lengths of prefixes
 * and gates in falling order (uint16_t), a tag a bucket (uint8_t, 0: empty), as many entries, the
 * texts. Where the parts lie follows from these numbers (sl_index_view).
 */
struct sl_match_index {
	uint32_t off;     /* in units of SL_MATCH_ALIGN; 0: there is none */
	uint32_t mask;    /* buckets - 1; a power of two from 8 on, at least one is empty */
	uint32_t texts;   /* bytes of all texts */
	uint16_t longest; /* exact literal, in bytes */
	uint16_t n_lengths;
};

struct sl_match_db {
	uint64_t magic;
	uint32_t version;
	uint32_t crc; /* CRC-32C of everything behind this field */
	uint64_t len; /* whole database in bytes */
	uint64_t platform;
	uint32_t any_id;               /* smallest id of the ANY patterns, or SL_MATCH_NONE */
	uint32_t n_groups;             /* of regexes */
	struct sl_match_index plain;   /* literals, as they are */
	uint32_t groups;               /* where the first one lies, in units of SL_MATCH_ALIGN */
	uint32_t always;               /* 1: the first group has no gate, it is always scanned */
	struct sl_match_index folded;  /* literals in lower case, for subjects in lower case */
	struct sl_match_part backward; /* literals of reversed subjects: suffixes */
	uint64_t pad[4];
};
_Static_assert(sizeof(struct sl_match_db) == 128, "layout of databases in shared memory and files");
_Static_assert(offsetof(struct sl_match_db, folded) == 64, "most scans need the first line only");

/**
 * A group of regexes: this header, then programs (steps.h) of those that are rows of steps, then
 * the ids of the others, which an engine matches that reports their places in this list. The engine
 * stands right behind them, aligned, or it is that of a group of equal regexes before this one;
 * where databases lie in one area (sl_match_place) also of one in another database. The next group
 * follows.
 */
struct sl_match_group {
	uint32_t min_id;    /* smallest id of the group */
	uint32_t self;      /* where it lies, in units of SL_MATCH_ALIGN: its gate leads here */
	uint32_t gate;      /* bucket of the gate in the table, or SL_MATCH_NONE */
	uint16_t skip;      /* bytes of the gate that its regexes do not have any more */
	uint16_t n_steps;   /* bytes of all programs */
	uint32_t n_ids;     /* regexes of the engine; 0: there is none */
	uint32_t engine_id; /* smallest of their ids, or SL_MATCH_NONE */
	uint32_t len;       /* of the engine in bytes, not rounded up */
	int32_t engine;     /* from the group to it, in units of SL_MATCH_ALIGN; may be negative */
};
_Static_assert(sizeof(struct sl_match_group) == 32,
	       "layout of databases in shared memory and files");

static inline uint64_t sl_match_align(uint64_t v)
{
	return (v + SL_MATCH_ALIGN - 1) / SL_MATCH_ALIGN * SL_MATCH_ALIGN;
}

static inline const struct sl_match_group *sl_match_group(const struct sl_match_db *db, uint32_t at)
{
	return (const void *)((const char *)db + (uint64_t)at * SL_MATCH_ALIGN);
}

/** The same for who writes it. */
static inline struct sl_match_group *sl_match_group_at(void *db, uint32_t at)
{
	return (void *)((char *)db + (uint64_t)at * SL_MATCH_ALIGN);
}

static inline const uint32_t *sl_match_group_ids(const struct sl_match_group *g)
{
	return (const void *)((const char *)(g + 1) + g->n_steps);
}

/** Bytes that a group takes before its engine. */
static inline uint64_t sl_match_group_head(const struct sl_match_group *g)
{
	return sl_match_align(sizeof(*g) + (uint64_t)g->n_steps +
			      (uint64_t)g->n_ids * sizeof(uint32_t));
}

/** Bytes that a group takes with its engine, if that stands behind it. */
static inline uint64_t sl_match_group_size(const struct sl_match_group *g)
{
	return sl_match_group_head(g) + (g->engine > 0 ? sl_match_align(g->len) : 0);
}

static inline const void *sl_match_group_engine(const struct sl_match_group *g)
{
	return (const char *)g + (int64_t)g->engine * SL_MATCH_ALIGN;
}

/** Cache lines of a group, for its gate; 255: that or more. */
static inline uint8_t sl_match_group_lines(const struct sl_match_group *g)
{
	return (uint8_t)SL_MIN(sl_match_group_size(g) / SL_MATCH_ALIGN, UINT8_MAX);
}

/** Where the group behind this one lies. */
static inline uint32_t sl_match_group_next(const struct sl_match_group *g)
{
	return g->self + (uint32_t)(sl_match_group_size(g) / SL_MATCH_ALIGN);
}

/* Bytes that n bytes of text become at most, sentinels and final hash included. */
#define SL_MATCH_CODE_MAX(n) ((n) + (n) / 3 + 1 + 1 + 4)

/** Code of a text: bytes up to `body` are the prefix's, those up to `end` the whole text's. */
struct sl_match_code {
	size_t body, end;
};

/**
 * Writes the code of a text: sentinel, text with a byte of running hash behind every third, end
 * sentinel, final hash.
 *
 * Hyperscan tells literals apart by their last 8 bytes and walks those that share them. Hosts all
 * end in ".example.com": the hash makes the last bytes of literals differ wherever the texts do,
 * so the cost of a scan stays flat. Hash bytes have the top bit set: none is a sentinel. The code
 * of a prefix is a prefix of the code.
 *
 * @param out Room for SL_MATCH_CODE_MAX(n).
 */
static inline struct sl_match_code sl_match_encode(char *out, const char *text, size_t n)
{
	struct sl_match_code code;
	uint32_t h = 0x9e3779b9, rest = (uint32_t)(n % 3) << 24;
	size_t i, o = 0;

	out[o++] = SL_MATCH_BEGIN;
	for (i = 0; i + 3 <= n; i += 3, o += 4) {
		const uint8_t *p = (const uint8_t *)text + i;

		h = (h ^ (p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16)) * 0x85ebca6bu;
		h ^= h >> 15;
		memcpy(out + o, p, 3);
		out[o + 3] = (char)(0x80 | (h & 0x7f));
	}
	for (; i < n; i++) {
		rest = rest << 8 | (uint8_t)text[i];
		out[o++] = text[i];
	}
	code.body = o;
	h = (h ^ rest) * 0xc2b2ae35u;
	h ^= h >> 13;
	out[o++] = SL_MATCH_END;
	for (int k = 0; k < 4; k++, h >>= 7)
		out[o++] = (char)(0x80 | (h & 0x7f));
	code.end = o;
	return code;
}

#define SL_MATCH_CRC_FROM offsetof(struct sl_match_db, len)

/** Value of the crc field for a database as it lies there. */
uint32_t sl_match_crc(const struct sl_match_db *db);

#endif
