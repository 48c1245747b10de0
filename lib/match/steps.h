/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Regexes that are a row of steps, as most of routes are: "v[0-9]+/items/[^/]+" is a text, a run of
 * bytes of a class, a text and a run again. Where no byte that a run may take could begin what
 * follows, a run takes all it can, and one look at each byte decides: no Hyperscan database of some
 * kilobytes is needed, but a program of some dozen bytes. One ".*" may stand in it: what follows
 * that is compared from the subject's end backwards, and what is left between the two is its part.
 * Alternatives, "(v[0-9]+|beta)/items", are a row and a program each.
 */
#ifndef SL_MATCH_STEPS_H
#define SL_MATCH_STEPS_H

#include "match_db.h"

/**
 * A program: this header, then its steps up to `bytes`. A step is a text (its length in one byte,
 * not 0, then its bytes) or a run (struct sl_steps_run).
 */
struct sl_steps {
	uint32_t id;    /* of the pattern */
	uint16_t bytes; /* of header, steps, and zeroes up to a multiple of 4 */
	uint16_t end;   /* where its steps end, in bytes from its beginning */
	uint16_t turn;  /* where those begin that go backwards, the last one first; 0: no ".*" */
	uint16_t least; /* bytes that ".*" stands for at least */
};
_Static_assert(sizeof(struct sl_steps) == 12, "layout of databases in shared memory and files");

/** As many bytes of a class as there are, at least min, at most max. Unaligned. */
struct sl_steps_run {
	uint8_t zero;   /* tells it from a text */
	uint8_t min[2]; /* low byte first */
	uint8_t max[2]; /* UINT16_MAX: no subject is that long */
	uint8_t set[32];
};
_Static_assert(sizeof(struct sl_steps_run) == 37 && _Alignof(struct sl_steps_run) == 1, "packed");

#define SL_STEPS_MAX  64u /* of one program: runs, and bytes of texts */
#define SL_STEPS_ROWS 16u /* of one regex */
#define SL_STEPS_ROOM \
	(SL_STEPS_ROWS * (sizeof(struct sl_steps) + SL_STEPS_MAX * sizeof(struct sl_steps_run) + 4))

static inline uint32_t sl_steps_number(const uint8_t at[2])
{
	return at[0] | (uint32_t)at[1] << 8;
}

static inline bool sl_steps_has(const uint8_t set[32], uint8_t byte)
{
	return set[byte >> 3] >> (byte & 7) & 1;
}

/** Whether a checked program matches the whole subject. Worker-safe. */
bool sl_steps_match(const struct sl_steps *p, struct sl_str subject);

/** Whether n bytes, 4-byte aligned, are whole programs that can be run without leaving them. */
bool sl_steps_ok(const void *programs, uint64_t n);

/**
 * Makes a regex programs, of which it matches what one of them matches.
 *
 * @param regex One that Hyperscan takes.
 * @param out Room for SL_STEPS_ROOM bytes, 4-byte aligned.
 * @return Their size in bytes, or 0: it is no row of steps, nor a few, or what follows a run could
 *         be meant by it as well. Control process.
 */
uint32_t sl_steps_compile(struct sl_str regex, uint32_t id, struct sl_steps *out);

#endif
