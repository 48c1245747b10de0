/* SPDX-License-Identifier: BSD-3-Clause */
/* Load-balancing policies: which of n endpoints a request or a session goes to. */
#include "sl_balance.h"

uint32_t sl_balance_weighted(uint32_t (*weight)(const void *arg, uint32_t i), const void *arg,
			     uint32_t n, uint64_t sum, uint32_t rnd)
{
	/* rnd scaled to [0, sum) by multiplication; its bias is below sum / 2^32. */
	uint64_t left = (uint64_t)(((unsigned __int128)rnd * sum) >> 32);
	uint32_t last = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t w = weight(arg, i);

		if (left < w)
			return i;
		left -= w;
		if (w)
			last = i;
	}
	/* Weights that do not add up to sum: the last that takes anything. */
	return last;
}

uint32_t sl_balance_least_request(uint64_t (*load)(const void *arg, uint32_t i), const void *arg,
				  uint32_t n, uint64_t rnd)
{
	uint32_t a, b;

	if (n < 2)
		return 0;
	/* Two different choices: b skips over a. */
	a = (uint32_t)(((rnd & 0xffffffff) * n) >> 32);
	b = (uint32_t)(((rnd >> 32) * (n - 1)) >> 32);
	if (b >= a)
		b++;
	return load(arg, b) < load(arg, a) ? b : a;
}
