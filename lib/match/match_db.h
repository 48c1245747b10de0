/* SPDX-License-Identifier: BSD-3-Clause */
/* Layout of a compiled database: this header and up to four Hyperscan databases. */
#ifndef SL_MATCH_DB_H
#define SL_MATCH_DB_H

#include "sl_match.h"

#define SL_MATCH_MAGIC   UINT64_C(0x4843544d45434c53) /* "SLCEMTCH" */
#define SL_MATCH_VERSION 2u
#define SL_MATCH_ALIGN   64u

#define SL_MATCH_BEGIN 0x01
#define SL_MATCH_END   0x02

/* Hyperscan id of a suffix literal: it must not be the whole subject. */
#define SL_MATCH_SUFFIX_BIT 0x80000000u

/** Part of the database in bytes from its start; len 0: there is none. */
struct sl_match_part {
	uint64_t off, len;
};

struct sl_match_db {
	uint64_t magic;
	uint32_t version;
	uint32_t crc; /* CRC-32C of everything behind this field */
	uint64_t len; /* whole database in bytes */
	uint64_t platform;
	uint32_t any_id;               /* smallest id of the ANY patterns, or SL_MATCH_NONE */
	uint32_t regex_min;            /* smallest id of the regexes, or SL_MATCH_NONE */
	struct sl_match_part forward;  /* literals that begin where the subject does */
	struct sl_match_part folded;   /* the same in lower case, of subjects in lower case */
	struct sl_match_part backward; /* literals of reversed subjects: suffixes, and exact */
	struct sl_match_part regexes;
	uint64_t pad[3];
};
_Static_assert(sizeof(struct sl_match_db) % SL_MATCH_ALIGN == 0, "parts behind it are aligned");
_Static_assert(sizeof(struct sl_match_db) == 128, "layout of databases in shared memory and files");

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
 * end in ".example.com", paths in "/api/v1": the hash makes the last bytes of literals differ
 * wherever the texts do, so the cost of a scan stays flat. Hash bytes have the top bit set: none
 * is a sentinel. The code of a prefix is a prefix of the code.
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
