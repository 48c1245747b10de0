/* SPDX-License-Identifier: BSD-3-Clause */
/* What must hold for every head that a parser accepted, for the fuzz targets. */
#ifndef CHECK_H
#define CHECK_H

#include <stdlib.h>

#include "reference.h"
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

/** The reference reader sees the same message in the same bytes. */
static inline void check_same(const struct ref_msg *m, int head, const struct sl_http_field *f,
			      uint16_t n, enum sl_http_framing framing, uint64_t length)
{
	static const enum ref_framing as[] = {[SL_HTTP_NO_BODY] = REF_NONE,
					      [SL_HTTP_LENGTH] = REF_LENGTH,
					      [SL_HTTP_CHUNKED] = REF_CHUNKED,
					      [SL_HTTP_UNTIL_CLOSE] = REF_CLOSE,
					      [SL_HTTP_TUNNEL] = REF_TUNNEL};

	CHECK(m->head_end == (size_t)head && m->fields == n && m->framing == as[framing]);
	CHECK(framing != SL_HTTP_LENGTH || m->length == length);
	for (uint16_t i = 0; i < n; i++) {
		struct ref_text name = {f[i].name.p, f[i].name.n};
		struct ref_text value = {f[i].value.p, f[i].value.n};

		CHECK(ref_same(m->field[i].name, name) && ref_same(m->field[i].value, value));
		/* A length and TE are forwarded by rules of their own. */
		if (f[i].known != SL_HTTP_F_CONTENT_LENGTH && f[i].known != SL_HTTP_F_TE &&
		    f[i].known != SL_HTTP_F_TRAILER)
			CHECK(f[i].hop == ref_hop(m, name));
	}
}

#endif
