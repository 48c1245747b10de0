/* SPDX-License-Identifier: BSD-3-Clause */
/* The last durations in a ring; quantiles are exact, found by sorting a copy. */
#include "timing.h"

#include <stdlib.h>
#include <string.h>

#include "sl_base.h"

void timing_add(struct timing *t, uint64_t us)
{
	t->us[t->n++ % TIMING_KEPT] = (uint32_t)SL_MIN(us, UINT32_MAX);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

uint32_t timing_quantile(const struct timing *t, double q)
{
	uint32_t n = (uint32_t)SL_MIN(t->n, TIMING_KEPT), copy[TIMING_KEPT];

	if (n == 0)
		return 0;
	memcpy(copy, t->us, n * sizeof(*copy));
	qsort(copy, n, sizeof(*copy), compare);
	return copy[(uint32_t)((n - 1) * q)];
}
