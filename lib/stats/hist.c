/* SPDX-License-Identifier: BSD-3-Clause */
/* Log-linear histogram: four buckets a power of two, so a quantile is at most 25 % off. */
#include "sl_stats.h"

#define LOW_EXP  4  /* bucket 0 ends at 2^4 us */
#define HIGH_EXP 26 /* the last bucket begins at 2^26 us */

_Static_assert(SL_HIST_BUCKETS == (HIGH_EXP - LOW_EXP) * 4 + 2, "shared layout");

static unsigned bucket_of(uint64_t us)
{
	unsigned e;

	if (us < 1u << LOW_EXP)
		return 0;
	if (us >= 1u << HIGH_EXP)
		return SL_HIST_BUCKETS - 1;
	e = 63u - (unsigned)__builtin_clzll(us);
	return 1 + (e - LOW_EXP) * 4 + (unsigned)(us >> (e - 2) & 3);
}

uint64_t sl_hist_bound(unsigned bucket)
{
	if (bucket >= SL_HIST_BUCKETS - 1)
		return UINT64_MAX;
	/* Bucket b ends where b + 1 begins: (4 + b % 4) quarters of its power of two. */
	return (uint64_t)(4 + bucket % 4) << (LOW_EXP - 2 + bucket / 4);
}

void sl_hist_add(struct sl_hist *hist, uint64_t us)
{
	hist->count++;
	hist->sum_us += us;
	hist->bucket[bucket_of(us)]++;
}

uint64_t sl_hist_quantile(const struct sl_hist *hist, double q)
{
	double total = 0, below = 0, want;

	/* Summed here: `count` of a histogram that is being written may be ahead of its buckets. */
	for (unsigned i = 0; i < SL_HIST_BUCKETS; i++)
		total += (double)hist->bucket[i];
	if (total <= 0)
		return 0;
	want = (q > 0 ? q < 1 ? q : 1 : 0) * total;
	for (unsigned i = 0; i < SL_HIST_BUCKETS - 1; i++) {
		double n = (double)hist->bucket[i];

		if (n > 0 && below + n >= want) {
			uint64_t low = i ? sl_hist_bound(i - 1) : 0;
			double width = (double)(sl_hist_bound(i) - low);

			return low + (uint64_t)(width * (want - below) / n);
		}
		below += n;
	}
	return sl_hist_bound(SL_HIST_BUCKETS - 2);
}
