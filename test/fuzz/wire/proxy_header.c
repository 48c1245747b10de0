/* SPDX-License-Identifier: BSD-3-Clause */
/* PROXY protocol headers on arbitrary bytes: one verdict at any cut, and what is read is written.
 */
#include <stdlib.h>

#include "sl_pp.h"

#define CHECK(cond)              \
	do {                     \
		if (!(cond))     \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int parse(const uint8_t *data, size_t n, struct sl_pp *pp)
{
	char *copy = malloc(n ? n : 1);
	int got;

	CHECK(copy);
	if (n)
		memcpy(copy, data, n);
	got = sl_pp_parse(copy, n, pp);
	free(copy);
	return got;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_pp pp, again;
	int whole = parse(data, size, &pp);
	char out[SL_PP_EMIT_MAX];
	size_t n;

	for (size_t cut = 0; cut < size && cut <= SL_PP_MAX; cut++) {
		int got = parse(data, cut, &again);

		CHECK(got == SL_PP_MORE || got == whole);
		CHECK(got <= 0 || (size_t)got == cut);
		if (got != SL_PP_MORE)
			break;
	}
	CHECK(whole <= (int)size && whole <= (int)SL_PP_MAX);
	CHECK(whole != SL_PP_MORE || size < SL_PP_MAX);
	if (whole <= 0 || !pp.known)
		return 0;
	for (int v = 1; v <= 2; v++) {
		n = sl_pp_emit(v, &pp.src, &pp.dst, out);
		CHECK(sl_pp_parse(out, n, &again) == (int)n);
		CHECK(!again.known ||
		      (sl_ip_eq(&again.src.ip, &pp.src.ip) && sl_ip_eq(&again.dst.ip, &pp.dst.ip) &&
		       again.src.port == pp.src.port && again.dst.port == pp.dst.port));
	}
	return 0;
}
