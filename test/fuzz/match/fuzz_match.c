/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Patterns and subjects from the fuzzer: no crash, literals match as plain strings do, and a copy
 * that uses the engines of another one answers as it does alone.
 */
#include <stdlib.h>

#include "sl_match.h"

#define PATTERNS 6

/* Takes a piece of the input: one length byte, then as many bytes. */
static struct sl_str take(const uint8_t **data, size_t *size, uint32_t most)
{
	struct sl_str s = {NULL, 0};

	if (*size == 0)
		return s;
	s.n = SL_MIN((uint32_t) * *data % (most + 1), (uint32_t)(*size - 1));
	s.p = (const char *)*data + 1;
	*data += 1 + s.n;
	*size -= 1 + s.n;
	return s;
}

static bool naive(const struct sl_match_pattern *p, struct sl_str s)
{
	switch (p->kind) {
	case SL_MATCH_EXACT:
		return sl_str_eq(p->text, s);
	case SL_MATCH_PREFIX:
		return sl_str_starts(s, p->text);
	case SL_MATCH_SUFFIX:
		return s.n > p->text.n &&
		       (p->text.n == 0 || memcmp(s.p + s.n - p->text.n, p->text.p, p->text.n) == 0);
	case SL_MATCH_ANY:
		return true;
	case SL_MATCH_REGEX:
		break;
	}
	return false;
}

static bool clean(struct sl_str s)
{
	for (uint32_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	return true;
}

/* Two copies of a database in one area; the engines of the first are the second one's too. */
struct area {
	char *bytes;
	struct sl_str engine[PATTERNS];
	uint32_t n;
};

static uint64_t find_engine(void *arg, struct sl_str engine, uint64_t at)
{
	struct area *a = arg;

	for (uint32_t i = 0; i < a->n; i++)
		if (sl_str_eq(a->engine[i], engine))
			return (uint64_t)(a->engine[i].p - a->bytes);
	a->engine[a->n++] = (struct sl_str){a->bytes + at, engine.n};
	return at;
}

/* Returns the second copy. */
static const void *place_twice(struct area *a, const void *db, size_t len)
{
	const struct sl_match_engines engines = {find_engine, a};
	size_t first, second;

	a->bytes = aligned_alloc(64, 2 * len);
	if (!a->bytes)
		__builtin_trap();
	memset(a->bytes, 0, 2 * len);
	first = sl_match_place(db, a->bytes, 0, &engines);
	second = sl_match_place(db, a->bytes, first, &engines);
	if (!first || !second || sl_match_check(a->bytes + first, second, first, NULL))
		__builtin_trap();
	return a->bytes + first;
}

static void compare(const void *db, const void *copy, struct sl_match_scratch *scratch,
		    const struct sl_match_pattern *p, uint32_t n, struct sl_str subject)
{
	uint32_t got = sl_match_find(db, scratch, subject, 0), want = SL_MATCH_NONE;
	bool regexes = false;

	for (uint32_t i = n; i-- > 0;) {
		regexes |= p[i].kind == SL_MATCH_REGEX;
		if (clean(subject) && naive(&p[i], subject))
			want = i;
	}
	if (sl_match_find(copy, scratch, subject, 0) != got)
		__builtin_trap();
	/* A regex may only come in before what the literals say. */
	if (regexes ? got > want || (got < want && p[got].kind != SL_MATCH_REGEX) : got != want)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_match_scratch *scratch = NULL;
	struct sl_match_pattern p[PATTERNS];
	struct area area = {0};
	const void *copy;
	uint32_t n;
	void *db;
	size_t len;
	int bad;

	if (size < 2)
		return 0;
	n = 1 + data[0] % PATTERNS;
	data++;
	size--;
	for (uint32_t i = 0; i < n; i++) {
		enum sl_match_kind kind = size ? data[0] % 5 : SL_MATCH_ANY;

		if (size) {
			data++;
			size--;
		}
		/* Short regexes: a large one may rightly take Hyperscan seconds. */
		p[i] = (struct sl_match_pattern){kind, take(&data, &size, 24), i};
	}
	if (sl_match_compile(p, n, &db, &len, &bad, NULL))
		return 0;
	if (sl_match_check(db, len, 0, NULL) || sl_match_scratch_grow(&scratch, db, NULL))
		__builtin_trap();
	copy = place_twice(&area, db, len);
	while (size)
		compare(db, copy, scratch, p, n, take(&data, &size, 255));
	sl_match_scratch_free(scratch);
	free(area.bytes);
	free(db);
	return 0;
}
