/* SPDX-License-Identifier: BSD-3-Clause */
/* The health table: rows claimed and flagged by owners, read by every worker. */
#include "health_int.h"

#include <stdlib.h>

struct sl_health_table *sl_health_create(uint32_t rows, uint32_t workers)
{
	size_t bytes = sizeof(struct sl_health_table) + (size_t)rows * sizeof(struct sl_health_row);
	struct sl_health_table *h = aligned_alloc(64, bytes);

	if (!h)
		return NULL;
	memset(h, 0, bytes);
	h->rows = rows;
	h->workers = workers ? workers : 1;
	return h;
}

void sl_health_free(struct sl_health_table *h)
{
	free(h);
}

uint32_t sl_health_owner(const struct sl_health_table *h, uint32_t cluster)
{
	return h ? cluster % h->workers : 0;
}

struct sl_health_row *sl_health_row(const struct sl_health_table *h, uint32_t slot, uint64_t born)
{
	struct sl_health_row *row;

	if (!h || slot >= h->rows)
		return NULL;
	row = (struct sl_health_row *)(uintptr_t)&h->row[slot];
	return __atomic_load_n(&row->born, __ATOMIC_ACQUIRE) == born ? row : NULL;
}

uint32_t sl_health_flags(const struct sl_health_table *h, uint32_t slot, uint64_t born)
{
	const struct sl_health_row *row = sl_health_row(h, slot, born);

	return row ? __atomic_load_n(&row->flags, __ATOMIC_RELAXED) : 0;
}

uint32_t sl_health_generation(const struct sl_health_table *h)
{
	return h ? __atomic_load_n(&h->generation, __ATOMIC_ACQUIRE) : 0;
}

static void changed(struct sl_health_table *h)
{
	__atomic_fetch_add(&h->generation, 1, __ATOMIC_RELEASE);
}

void sl_health_claim(struct sl_health_table *h, uint32_t slot, uint64_t born, uint64_t now_us)
{
	struct sl_health_row *row;

	if (!h || slot >= h->rows)
		return;
	row = &h->row[slot];
	if (__atomic_load_n(&row->born, __ATOMIC_RELAXED) == born)
		return;
	/* Nobody's while it changes: readers look at born first. */
	__atomic_store_n(&row->born, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&row->since_us, now_us, __ATOMIC_RELAXED);
	__atomic_store_n(&row->ejected_us, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&row->flags, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&row->ejections, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&row->due, 0, __ATOMIC_RELAXED);
	health_forgive(row);
	__atomic_store_n(&row->born, born, __ATOMIC_RELEASE);
	changed(h);
}

void sl_health_set(struct sl_health_table *h, struct sl_health_row *row, uint32_t flag, bool on,
		   uint64_t now_us)
{
	uint32_t was = __atomic_load_n(&row->flags, __ATOMIC_RELAXED);
	uint32_t is = on ? was | flag : was & ~flag;

	if (is == was)
		return;
	if (is == 0)
		__atomic_store_n(&row->since_us, now_us, __ATOMIC_RELAXED);
	__atomic_store_n(&row->flags, is, __ATOMIC_RELAXED);
	changed(h);
}

bool sl_health_news(struct sl_health_table *h, uint32_t worker, uint32_t *seen)
{
	uint32_t now;

	if (!h || worker >= HEALTH_WORKERS_MAX)
		return false;
	now = __atomic_load_n(&h->news[worker].n, __ATOMIC_ACQUIRE);
	if (now == *seen)
		return false;
	*seen = now;
	return true;
}
