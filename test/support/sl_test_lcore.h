/* SPDX-License-Identifier: BSD-3-Clause */
/* A lcore context for tests: packet buffers without root or hugepages, counters, a set clock. */
#ifndef SL_TEST_LCORE_H
#define SL_TEST_LCORE_H

#include "sl_lcore.h"

/**
 * Starts EAL once (no hugepages, no devices, no files) and makes a lcore context with worker
 * index 0 of 1, its own pools of `mbufs` each, zeroed counters, and now_us = 1 s.
 *
 * @return 0, or -1 when EAL did not start.
 */
int sl_test_lcore_init(struct sl_lcore *lc, unsigned mbufs);
void sl_test_lcore_fini(struct sl_lcore *lc);

/** Mbufs of both pools that are not back home: 0 when nothing leaked. */
unsigned sl_test_lcore_in_use(const struct sl_lcore *lc);

/** Data mbuf with a copy of these bytes, or NULL. */
struct rte_mbuf *sl_test_mbuf(struct sl_lcore *lc, const void *data, uint16_t len);

#endif
