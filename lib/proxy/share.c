/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much of a cluster is usable, counted when something about its endpoints changed: which
 * priorities take which share, who is in panic, who is warming. Envoy's rules.
 */
#include "proxy_int.h"

#include <math.h>

#define SPARE_PERCENT                                                              \
	140u /* a level counts as whole while this times its usable share is 100 % \
	      */

bool px_usable(const struct sl_proxy *px, const struct sl_snap_endpoint *ep)
{
	return sl_health_flags(px->lc->health, ep->slot.index, ep->slot.born) == 0;
}

static uint64_t since(const struct sl_proxy *px, const struct sl_snap_endpoint *ep)
{
	const struct sl_health_row *row =
		sl_health_row(px->lc->health, ep->slot.index, ep->slot.born);

	return row ? __atomic_load_n(&row->since_us, __ATOMIC_RELAXED) : 0;
}

uint32_t px_warmth(const struct sl_proxy *px, const struct sl_snap_cluster *cl,
		   const struct sl_snap_endpoint *ep)
{
	uint64_t window = (uint64_t)cl->warmup_ms * 1000, from = since(px, ep);
	uint64_t age = px->lc->now_us > from ? px->lc->now_us - from : 0;
	uint32_t least = cl->warmup_min * 65536 / 100, share;

	if (age >= window)
		return 65536;
	share = (uint32_t)((age << 16) / window);
	if (cl->warmup_power != 1.0F)
		share = (uint32_t)(powf((float)share / 65536, cl->warmup_power) * 65536);
	return SL_MAX(share, least);
}

/** Counts a level; @return its health in percent, 100 when it can carry everything. */
static uint32_t count_level(struct sl_proxy *px, const struct sl_snap_cluster *cl, struct px_lb *lb,
			    uint32_t at)
{
	const struct sl_snap_level *l = sl_snap_level(px->lc->snap, cl->levels.first + at);
	uint64_t window = (uint64_t)cl->warmup_ms * 1000;
	bool slow = window && (cl->lb == SL_LB_LEAST_REQUEST || cl->lb == SL_LB_ROUND_ROBIN);
	uint32_t n = 0;

	for (uint32_t i = 0; i < l->endpoints.n; i++) {
		const struct sl_snap_endpoint *ep =
			sl_snap_endpoint(px->lc->snap, l->endpoints.first + i);

		if (!px_usable(px, ep))
			continue;
		n++;
		if (slow)
			lb->warm_until_us = SL_MAX(lb->warm_until_us, since(px, ep) + window);
	}
	lb->usable[at] = n;
	return SL_MIN(n * SPARE_PERCENT / l->endpoints.n, 100u);
}

/** All levels together can't carry everything: those with too few usable ones use all they have. */
static void panic(const struct sl_proxy *px, const struct sl_snap_cluster *cl, struct px_lb *lb,
		  uint32_t health[SL_MODEL_PRIORITIES_MAX])
{
	uint32_t n = cl->levels.n, calm = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct sl_snap_level *l = sl_snap_level(px->lc->snap, cl->levels.first + i);

		lb->panic[i] = (uint64_t)lb->usable[i] * 100 <
			       (uint64_t)cl->panic_percent * l->endpoints.n;
		calm += !lb->panic[i] && health[i] > 0;
	}
	/* Nowhere enough: requests spread over all endpoints there are. */
	for (uint32_t i = 0; i < n && calm == 0; i++)
		if (lb->panic[i])
			health[i] = (uint32_t)((uint64_t)sl_snap_level(px->lc->snap,
								       cl->levels.first + i)
						       ->endpoints.n *
					       100 / cl->healthy.n);
}

/** Shares of the levels, the best one first; they add up to 100, or to 0: nothing is usable. */
static void shares(struct px_lb *lb, uint32_t n, const uint32_t health[SL_MODEL_PRIORITIES_MAX])
{
	uint32_t sum = 0, left = 100, first = PX_NONE;

	for (uint32_t i = 0; i < n; i++)
		sum += health[i];
	sum = SL_MIN(sum, 100u);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t share = sum ? SL_MIN(left, health[i] * 100 / sum) : 0;

		lb->share[i] = (uint8_t)share;
		left -= share;
		if (first == PX_NONE && health[i])
			first = i;
	}
	if (first != PX_NONE)
		lb->share[first] = (uint8_t)(lb->share[first] + left);
}

static void count(struct sl_proxy *px, const struct sl_snap_cluster *cl, struct px_lb *lb)
{
	uint32_t health[SL_MODEL_PRIORITIES_MAX] = {0}, sum = 0, n = cl->levels.n;

	lb->warm_until_us = 0;
	memset(lb->panic, 0, sizeof(lb->panic));
	for (uint32_t i = 0; i < n; i++) {
		health[i] = count_level(px, cl, lb, i);
		sum += health[i];
	}
	if (sum < 100 && n > 0)
		panic(px, cl, lb, health);
	shares(lb, n, health);
}

struct px_lb *px_lb(struct sl_proxy *px, const struct sl_snap_cluster *cl)
{
	uint32_t generation = sl_health_generation(px->lc->health);
	struct px_lb *lb =
		cl->slot.index < px->slots[SL_STATS_CLUSTER] ? &px->lb[cl->slot.index] : &px->no_lb;

	if (lb->born != cl->slot.born) {
		/* Workers begin at different places: together they are even from the first on. */
		*lb = (struct px_lb){.born = cl->slot.born,
				     .turn = px->lc->index,
				     .even = px->lc->index * 0x5bd1e995u};
		lb->epoch = 0;
	}
	if (lb->epoch != px->lc->snap->epoch || lb->generation != generation || lb == &px->no_lb) {
		lb->epoch = px->lc->snap->epoch;
		lb->generation = generation;
		count(px, cl, lb);
	}
	return lb;
}

uint32_t px_lb_level(struct px_lb *lb, const struct sl_snap_cluster *cl)
{
	uint32_t at, n = cl->levels.n;

	if (n == 0)
		return PX_NONE;
	if (lb->share[0] == 100)
		return 0;
	at = (uint32_t)((uint64_t)sl_balance_even(&lb->even) * 100 >> 32);
	for (uint32_t i = 0; i < n; i++) {
		if (at < lb->share[i])
			return i;
		at -= lb->share[i];
	}
	return PX_NONE;
}
