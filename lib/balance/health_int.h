/* SPDX-License-Identifier: BSD-3-Clause */
/* The health table as its own files see it. */
#ifndef SL_HEALTH_INT_H
#define SL_HEALTH_INT_H

#include <string.h>

#include "sl_health.h"

#define HEALTH_WORKERS_MAX 32u

/** A number on a cache line of its own. */
struct health_news {
	uint32_t n; /* any worker adds, the owner reads */
} __attribute__((aligned(64)));

struct sl_health_table {
	uint32_t rows, workers;
	uint32_t generation __attribute__((aligned(64))); /* owners add, everyone reads */
	struct health_news news[HEALTH_WORKERS_MAX];
	struct sl_health_row row[];
};

static inline void health_forgive(struct sl_health_row *row)
{
	__atomic_store_n(&row->fail_5xx, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&row->fail_gateway, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&row->fail_local, 0, __ATOMIC_RELAXED);
}

#endif
