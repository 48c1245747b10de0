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

uint32_t sl_balance_by_sums(uint32_t (*upto)(const void *arg, uint32_t i), const void *arg,
			    uint32_t n, uint32_t rnd)
{
	uint32_t lo = 0, hi = n - 1;
	uint64_t at = ((uint64_t)rnd * upto(arg, n - 1)) >> 32;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (upto(arg, mid) <= at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

uint32_t sl_balance_smooth(uint32_t (*weight)(const void *arg, uint32_t i),
			   int64_t *(*current)(const void *arg, uint32_t i), const void *arg,
			   uint32_t n)
{
	uint32_t best = UINT32_MAX;
	int64_t most = INT64_MIN, sum = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t w = weight(arg, i);
		int64_t *cur = current(arg, i);

		if (w == 0)
			continue;
		*cur += w;
		sum += w;
		if (*cur > most) {
			most = *cur;
			best = i;
		}
	}
	if (best != UINT32_MAX)
		*current(arg, best) -= sum;
	return best;
}
