/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much of a cluster is usable, counted when something about its endpoints changed: which
 * priorities take which share, who is in panic (sl_shares.h), who is warming. Envoy's rules.
 */
#include "proxy_int.h"

#include <math.h>

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

/** Until when some endpoint of a level is warming. */
static uint64_t warm_until(const struct sl_proxy *px, const struct sl_snap_level *l,
			   uint64_t window)
{
	uint64_t until = 0;

	for (uint32_t i = 0; i < l->endpoints.n; i++) {
		const struct sl_snap_endpoint *ep =
			sl_snap_endpoint(px->lc->snap, l->endpoints.first + i);

		if (px_usable(px, ep))
			until = SL_MAX(until, since(px, ep) + window);
	}
	return until;
}

static void count(struct sl_proxy *px, const struct sl_snap_cluster *cl, struct px_lb *lb)
{
	uint64_t window = (uint64_t)cl->warmup_ms * 1000;
	bool slow = window && (cl->lb == SL_LB_LEAST_REQUEST || cl->lb == SL_LB_ROUND_ROBIN);

	sl_shares_count(&lb->shares, px->lc->snap, cl, px->lc->health);
	lb->warm_until_us = 0;
	for (uint32_t i = 0; slow && i < cl->levels.n; i++)
		lb->warm_until_us = SL_MAX(
			lb->warm_until_us,
			warm_until(px, sl_snap_level(px->lc->snap, cl->levels.first + i), window));
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
	/* One level carries everything: nothing to choose. */
	if (cl->levels.n && lb->shares.share[0] == 100)
		return 0;
	return sl_shares_level(&lb->shares, cl->levels.n, sl_balance_even(&lb->even));
}
