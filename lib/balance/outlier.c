/* SPDX-License-Identifier: BSD-3-Clause */
/* Outlier detection: failures in a row counted over all workers, ejections within limits. */
#include "health_int.h"

enum sl_outlier_result sl_outlier_of_status(uint16_t status)
{
	if (status < 500)
		return SL_OUTLIER_OK;
	return status >= 502 && status <= 504 ? SL_OUTLIER_GATEWAY : SL_OUTLIER_5XX;
}

/* Not written when it is 0 already: the line stays shared among the workers. */
static void clear(uint32_t *n)
{
	if (__atomic_load_n(n, __ATOMIC_RELAXED))
		__atomic_store_n(n, 0, __ATOMIC_RELAXED);
}

static bool add(uint32_t *n, uint32_t limit)
{
	return limit && __atomic_add_fetch(n, 1, __ATOMIC_RELAXED) >= limit;
}

void sl_outlier_count(struct sl_health_table *h, struct sl_health_row *row,
		      const struct sl_outlier *cfg, uint32_t owner, enum sl_outlier_result result)
{
	bool local = result == SL_OUTLIER_LOCAL, due = false;

	if (local && cfg->consecutive_local) {
		due = add(&row->fail_local, cfg->consecutive_local);
	} else if (result == SL_OUTLIER_OK) {
		clear(&row->fail_5xx);
		clear(&row->fail_gateway);
		clear(&row->fail_local);
	} else {
		if (!local)
			clear(&row->fail_local);
		due = add(&row->fail_5xx, cfg->consecutive_5xx);
		if (result == SL_OUTLIER_5XX)
			clear(&row->fail_gateway);
		else
			due |= add(&row->fail_gateway, cfg->consecutive_gateway);
	}
	if (!due || owner >= HEALTH_WORKERS_MAX)
		return;
	__atomic_store_n(&row->due, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&h->news[owner].n, 1, __ATOMIC_RELEASE);
}

bool sl_outlier_eject(struct sl_health_table *h, struct sl_health_row *row,
		      const struct sl_outlier *cfg, uint32_t endpoints, uint32_t ejected,
		      uint64_t now_us)
{
	uint64_t limit = (uint64_t)cfg->max_ejection_percent * endpoints;

	if (!__atomic_exchange_n(&row->due, 0, __ATOMIC_RELAXED) || !cfg->on)
		return false;
	if (__atomic_load_n(&row->flags, __ATOMIC_RELAXED) & SL_HEALTH_EJECTED)
		return false;
	/* The count starts anew either way, so that one that may not go is looked at again. */
	health_forgive(row);
	if (limit == 0 || (ejected > 0 && (ejected + UINT64_C(1)) * 100 > limit))
		return false;
	__atomic_store_n(&row->ejected_us, now_us, __ATOMIC_RELAXED);
	__atomic_store_n(&row->ejections, row->ejections + 1, __ATOMIC_RELAXED);
	sl_health_set(h, row, SL_HEALTH_EJECTED, true, now_us);
	return true;
}

bool sl_outlier_interval(struct sl_health_table *h, struct sl_health_row *row,
			 const struct sl_outlier *cfg, uint64_t now_us)
{
	uint64_t longest = (uint64_t)cfg->max_ejection_ms * 1000;
	uint64_t base = (uint64_t)cfg->base_ejection_ms * 1000;
	uint64_t time = base * row->ejections;

	if (!(__atomic_load_n(&row->flags, __ATOMIC_RELAXED) & SL_HEALTH_EJECTED)) {
		if (row->ejections)
			__atomic_store_n(&row->ejections, row->ejections - 1, __ATOMIC_RELAXED);
		return false;
	}
	/* A longest time below the base one means the base one. */
	if (longest < base)
		longest = base;
	if (cfg->on && now_us - row->ejected_us < (time < longest ? time : longest))
		return false;
	health_forgive(row);
	__atomic_store_n(&row->due, 0, __ATOMIC_RELAXED);
	sl_health_set(h, row, SL_HEALTH_EJECTED, false, now_us);
	return true;
}
