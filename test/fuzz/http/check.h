/* SPDX-License-Identifier: BSD-3-Clause */
/* What must hold for every head that a parser accepted, for the fuzz targets. */
#ifndef CHECK_H
#define CHECK_H

#include <stdlib.h>

#include "sl_http.h"

#define CHECK(cond)              \
	do {                     \
		if (!(cond))     \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** Heap copy of exactly n bytes, so that a read behind them is seen. */
static inline char *exact_copy(const void *p, size_t n)
{
	char *copy = malloc(n ? n : 1);

	CHECK(copy);
	if (n)
		memcpy(copy, p, n);
	return copy;
}

static inline bool inside(struct sl_str s, const char *buf, int n)
{
	return s.n == 0 || (s.p >= buf && s.p + s.n <= buf + n);
}

static inline void check_fields(const struct sl_http_field *f, uint16_t n, const char *buf,
				int head)
{
	CHECK(n <= SL_HTTP_FIELDS_MAX);
	for (uint16_t i = 0; i < n; i++) {
		struct sl_str v = f[i].value;

		CHECK(inside(f[i].name, buf, head) && inside(v, buf, head));
		CHECK(sl_http_valid_token(f[i].name) && sl_http_valid_value(v));
		CHECK(f[i].known < SL_HTTP_F_COUNT);
		CHECK(v.n == 0 || (v.p[0] != ' ' && v.p[0] != '\t' && v.p[v.n - 1] != ' ' &&
				   v.p[v.n - 1] != '\t'));
	}
}

/** Fields of one known name, and the last of them. */
static inline unsigned int count_known(const struct sl_http_field *f, uint16_t n, uint8_t known,
				       struct sl_str *value)
{
	unsigned int count = 0;

	for (uint16_t i = 0; i < n; i++) {
		if (f[i].known == known) {
			*value = f[i].value;
			count++;
		}
	}
	return count;
}

#endif
