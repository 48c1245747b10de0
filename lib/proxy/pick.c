/* SPDX-License-Identifier: BSD-3-Clause */
/* Which cluster of a route, and which of a cluster's healthy endpoints, a request goes to. */
#include "proxy_int.h"
#include "sl_balance.h"

#define SELECTIONS_MAX                                                             \
	5 /* random choices before a plain search (Istio's host selection retries) \
	   */

/** What the accessors of lib/balance see. */
struct choice {
	struct sl_proxy *px;
	const struct sl_snap *snap;
	uint32_t first; /* row of the first endpoint or weight */
};

static uint32_t cluster_weight(const void *arg, uint32_t i)
{
	const struct choice *c = arg;

	return sl_snap_weight(c->snap, c->first + i)->weight;
}

uint32_t px_pick_weight(struct sl_proxy *px, const struct sl_snap_route *route)
{
	struct choice c = {px, px->lc->snap, route->weights.first};
	uint32_t i = 0;

	if (route->weights.n == 0 || route->weight_sum == 0)
		return PX_NONE;
	if (route->weights.n > 1)
		i = sl_balance_weighted(cluster_weight, &c, route->weights.n, route->weight_sum,
					sl_balance_rnd(&px->lc->rnd));
	return c.first + i;
}

static uint32_t endpoint_weight(const void *arg, uint32_t i)
{
	const struct choice *c = arg;
	uint32_t w = sl_snap_endpoint(c->snap, c->first + i)->weight;

	return w > 0 ? w : 1;
}

/** Requests under way on this worker, in 1/65536 of a unit of weight. */
static uint64_t endpoint_load(const void *arg, uint32_t i)
{
	const struct choice *c = arg;
	const struct px_endpoint *ep =
		px_endpoint(c->px, &sl_snap_endpoint(c->snap, c->first + i)->slot);
	uint64_t active = ep ? ep->active : 0;

	return ((active + 1) << 16) / endpoint_weight(arg, i);
}

static uint64_t weight_sum(const struct choice *c, uint32_t n)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += endpoint_weight(c, i);
	return sum;
}

static uint32_t by_turns(const struct choice *c, uint32_t n, uint32_t turn)
{
	uint64_t left = turn % weight_sum(c, n);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t w = endpoint_weight(c, i);

		if (left < w)
			return i;
		left -= w;
	}
	return 0;
}

static uint32_t choose(struct choice *c, const struct sl_snap_cluster *cluster)
{
	uint32_t n = cluster->healthy.n;
	uint64_t rnd;

	if (n == 1)
		return 0;
	switch (cluster->lb) {
	case SL_LB_ROUND_ROBIN:
		if (cluster->slot.index >= c->px->slots[SL_STATS_CLUSTER])
			return 0;
		return by_turns(c, n, c->px->cluster[cluster->slot.index].rr++);
	case SL_LB_RANDOM:
		return sl_balance_weighted(endpoint_weight, c, n, weight_sum(c, n),
					   sl_balance_rnd(&c->px->lc->rnd));
	default:
		rnd = (uint64_t)sl_balance_rnd(&c->px->lc->rnd) << 32;
		rnd |= sl_balance_rnd(&c->px->lc->rnd);
		return sl_balance_least_request(endpoint_load, c, n, rnd);
	}
}

static bool was_tried(const struct px_session *s, const struct sl_snap_endpoint *ep)
{
	for (uint16_t i = 0; i < s->n_tried; i++)
		if (s->tried[i] == ep->slot.index)
			return true;
	return false;
}

uint32_t px_pick_endpoint(struct sl_proxy *px, struct px_session *s, uint32_t row)
{
	const struct sl_snap *snap = px->lc->snap;
	const struct sl_snap_cluster *cluster = sl_snap_cluster(snap, row);
	struct choice c = {px, snap, cluster->healthy.first};
	uint32_t at = 0;

	if (cluster->healthy.n == 0)
		return PX_NONE;
	for (int i = 0; i < SELECTIONS_MAX; i++) {
		at = c.first + choose(&c, cluster);
		if (!was_tried(s, sl_snap_endpoint(snap, at)))
			return at;
	}
	for (uint32_t i = 0; i < cluster->healthy.n; i++)
		if (!was_tried(s, sl_snap_endpoint(snap, c.first + i)))
			return c.first + i;
	return at;
}
