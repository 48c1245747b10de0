/* SPDX-License-Identifier: BSD-3-Clause */
/* Histogram buckets and quantiles. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sl_stats.h"

/** Bucket that one value falls into. */
static unsigned bucket(uint64_t us)
{
	struct sl_hist h = {0};
	unsigned found = SL_HIST_BUCKETS;

	sl_hist_add(&h, us);
	assert_int_equal(h.count, 1);
	assert_int_equal(h.sum_us, us);
	for (unsigned i = 0; i < SL_HIST_BUCKETS; i++)
		if (h.bucket[i]) {
			assert_int_equal(found, SL_HIST_BUCKETS);
			found = i;
		}
	return found;
}

static void bucket_edges(void **state)
{
	assert_int_equal(bucket(0), 0);
	assert_int_equal(bucket(15), 0);
	assert_int_equal(bucket(16), 1);
	assert_int_equal(bucket(19), 1);
	assert_int_equal(bucket(20), 2);
	assert_int_equal(bucket(31), 4);
	assert_int_equal(bucket(32), 5);
	assert_int_equal(bucket((1 << 26) - 1), SL_HIST_BUCKETS - 2);
	assert_int_equal(bucket(1 << 26), SL_HIST_BUCKETS - 1);
	assert_int_equal(bucket(UINT64_MAX), SL_HIST_BUCKETS - 1);
	assert_int_equal(sl_hist_bound(0), 16);
	assert_int_equal(sl_hist_bound(SL_HIST_BUCKETS - 2), 1 << 26);
	assert_int_equal(sl_hist_bound(SL_HIST_BUCKETS - 1), UINT64_MAX);
	assert_int_equal(sl_hist_bound(SL_HIST_BUCKETS + 7), UINT64_MAX);
	for (unsigned i = 0; i < SL_HIST_BUCKETS - 1; i++) {
		assert_int_equal(bucket(sl_hist_bound(i) - 1), i);
		assert_int_equal(bucket(sl_hist_bound(i)), i + 1);
	}
}

static void quantiles(void **state)
{
	struct sl_hist h = {0};

	assert_int_equal(sl_hist_quantile(&h, 0.5), 0);
	/* 1..1000 us evenly: what is found must be within a bucket (25 %) of the truth. */
	for (unsigned us = 1; us <= 1000; us++)
		sl_hist_add(&h, us);
	assert_in_range(sl_hist_quantile(&h, 0.5), 490, 510);
	assert_in_range(sl_hist_quantile(&h, 0.9), 880, 925);
	assert_in_range(sl_hist_quantile(&h, 0.99), 960, 1024);
	assert_in_range(sl_hist_quantile(&h, 1), 1000, 1024);
	assert_in_range(sl_hist_quantile(&h, 0), 0, 1);
	assert_in_range(sl_hist_quantile(&h, -3), 0, 1);
	assert_in_range(sl_hist_quantile(&h, 7), 1000, 1024);
	assert_in_range(sl_hist_quantile(&h, NAN), 0, 1);
}

static void quantile_interpolates(void **state)
{
	struct sl_hist h = {0};

	h.bucket[1] = 100; /* [16, 20) */
	assert_int_equal(sl_hist_quantile(&h, 0.25), 17);
	assert_int_equal(sl_hist_quantile(&h, 0.5), 18);
	assert_int_equal(sl_hist_quantile(&h, 0.75), 19);
	h.bucket[SL_HIST_BUCKETS - 1] = 900;
	assert_int_equal(sl_hist_quantile(&h, 0.5), 1 << 26);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bucket_edges),
		cmocka_unit_test(quantiles),
		cmocka_unit_test(quantile_interpolates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
