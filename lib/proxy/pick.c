/* SPDX-License-Identifier: BSD-3-Clause */
/* Which cluster of a route, and which of a cluster's usable endpoints, a request goes to. */
#include "proxy_int.h"
#include "sl_balance.h"

#define DRAWS_MAX  8  /* random choices before a plain search */
#define HASHES_MAX 16 /* places in a hash table before one */
#define SELECTIONS_MAX \
	5 /* other endpoints looked for in a further attempt (Istio's host selection retries) */

/** What the accessors of lib/balance see: one level of a cluster. */
struct choice {
	struct sl_proxy *px;
	const struct sl_snap *snap;
	const struct sl_snap_cluster *cluster;
	const struct sl_snap_level *level;
	struct px_lb *lb;
	bool all;     /* every endpoint may be picked: all are usable, or it is panic */
	bool warming; /* some begin slowly */
};

/* ---- clusters ---- */

static uint32_t cluster_weight(const void *arg, uint32_t i)
{
	const struct sl_snap_weight *first = arg;

	return first[i].weight;
}

uint32_t px_pick_weight(struct sl_proxy *px, const struct sl_snap_route *route)
{
	const struct sl_snap_weight *first = sl_snap_weight(px->lc->snap, route->weights.first);
	uint32_t i = 0, *turn;

	if (route->weights.n == 0 || route->weight_sum == 0)
		return PX_NONE;
	if (route->weights.n > 1) {
		turn = px_name(px, SL_STATS_ROUTE, &route->slot) ? &px->route[route->slot.index].rr
								 : &px->any_turn;
		i = sl_balance_weighted(cluster_weight, first, route->weights.n, route->weight_sum,
					sl_balance_even(turn));
	}
	return route->weights.first + i;
}

/* ---- endpoints ---- */

static const struct sl_snap_endpoint *endpoint(const struct choice *c, uint32_t i)
{
	return sl_snap_endpoint(c->snap, c->level->endpoints.first + i);
}

static uint32_t rnd(const struct choice *c)
{
	return sl_balance_rnd(&c->px->lc->rnd);
}

static bool usable(const struct choice *c, uint32_t i)
{
	return c->all || px_usable(c->px, endpoint(c, i));
}

/** Share of its weight that an endpoint gets, in 1/65536. */
static uint32_t warmth(const struct choice *c, uint32_t i)
{
	return c->warming ? px_warmth(c->px, c->cluster, endpoint(c, i)) : 65536;
}

/** Requests under way on this worker, in 1/65536 of a unit of weight. */
static uint64_t load_of(const void *arg, uint32_t i)
{
	const struct choice *c = arg;
	const struct px_endpoint *ep = px_endpoint(c->px, &endpoint(c, i)->slot);

	return ((uint64_t)(ep ? ep->active : 0) << 16) / endpoint(c, i)->weight;
}

static uint32_t upto(const void *arg, uint32_t i)
{
	return endpoint(arg, i)->upto;
}

/** The first usable one from a random place on; PX_NONE: there is none. */
static uint32_t search(const struct choice *c)
{
	uint32_t n = c->level->endpoints.n, from = (uint32_t)((uint64_t)rnd(c) * n >> 32);

	for (uint32_t k = 0; k < n; k++) {
		uint32_t i = from + k < n ? from + k : from + k - n;

		if (usable(c, i))
			return i;
	}
	return PX_NONE;
}

/** One by weight; those that are warming are passed over as often as their share says. */
static uint32_t draw(const struct choice *c)
{
	uint32_t n = c->level->endpoints.n;

	for (int k = 0; k < DRAWS_MAX; k++) {
		uint32_t i = c->level->even ? (uint32_t)((uint64_t)rnd(c) * n >> 32)
					    : sl_balance_by_sums(upto, c, n, rnd(c));

		if (usable(c, i) && (!c->warming || rnd(c) >> 16 < warmth(c, i)))
			return i;
	}
	return search(c);
}

/** The less busy of two; of two equally busy ones the first, so that weights hold at rest too. */
static uint32_t least_request(const struct choice *c)
{
	uint32_t a, b;

	if (c->level->even && c->all && !c->warming)
		return sl_balance_least_request(load_of, c, c->level->endpoints.n,
						(uint64_t)rnd(c) << 32 | rnd(c));
	a = draw(c);
	b = draw(c);
	if (a == PX_NONE)
		return b;
	return b != PX_NONE && load_of(c, b) < load_of(c, a) ? b : a;
}

static uint32_t turn_weight(const void *arg, uint32_t i)
{
	const struct choice *c = arg;

	if (!usable(c, i))
		return 0;
	/* Whole shares in units that leave room for the small ones of slow start. */
	return SL_MAX((uint32_t)((uint64_t)endpoint(c, i)->weight * warmth(c, i) >> 6), 1u);
}

static int64_t *turn_current(const void *arg, uint32_t i)
{
	const struct choice *c = arg;
	struct px_endpoint *ep = px_endpoint(c->px, &endpoint(c, i)->slot);

	return ep ? &ep->turn : &c->px->no_turn;
}

static uint32_t round_robin(const struct choice *c)
{
	if (c->level->even && c->all && !c->warming)
		return c->lb->turn++ % c->level->endpoints.n;
	return sl_balance_smooth(turn_weight, turn_current, c, c->level->endpoints.n);
}

/** Where a hash leads: its entry, or the next ones while that endpoint is not usable. */
static uint32_t by_hash(const struct choice *c, uint64_t hash)
{
	const struct sl_snap_ring *r = sl_snap_ring(c->snap, c->level->ring);

	for (uint32_t k = 0; k < HASHES_MAX; k++) {
		uint64_t h = k ? sl_balance_mix(hash + k) : hash;
		uint32_t at, i;

		if (r->maglev) {
			i = sl_snap_maglev(c->snap, r->span.first)[h % SL_MAGLEV_SIZE];
		} else {
			const struct sl_balance_point *p = sl_snap_point(c->snap, r->span.first);

			at = sl_balance_ring_find(p, r->span.n, (uint32_t)(h >> 32));
			i = p[at].index;
		}
		if (usable(c, i))
			return i;
	}
	return search(c);
}

static uint32_t choose(const struct choice *c, const struct px_session *s)
{
	switch (c->cluster->lb) {
	case SL_LB_ROUND_ROBIN:
		return round_robin(c);
	case SL_LB_RANDOM:
		return draw(c);
	case SL_LB_RING_HASH:
	case SL_LB_MAGLEV:
		return s->has_hash ? by_hash(c, s->hash) : draw(c);
	default:
		return least_request(c);
	}
}

static bool was_tried(const struct px_session *s, const struct sl_snap_endpoint *ep)
{
	for (uint16_t i = 0; i < s->n_tried; i++)
		if (s->tried[i] == ep->slot.index)
			return true;
	return false;
}

/** Prepares the choice for this request's level; false: nothing is usable. */
static bool choice_init(struct choice *c, struct sl_proxy *px,
			const struct sl_snap_cluster *cluster)
{
	uint32_t level;

	c->px = px;
	c->snap = px->lc->snap;
	c->cluster = cluster;
	c->lb = px_lb(px, cluster);
	level = px_lb_level(c->lb, cluster);
	if (level == PX_NONE)
		return false;
	c->level = sl_snap_level(c->snap, cluster->levels.first + level);
	c->all = c->lb->shares.panic[level] || c->lb->shares.usable[level] == c->level->endpoints.n;
	c->warming = px->lc->now_us < c->lb->warm_until_us;
	return true;
}

uint32_t px_pick_endpoint(struct sl_proxy *px, struct px_session *s, uint32_t row)
{
	const struct sl_snap *snap = px->lc->snap;
	const struct sl_snap_cluster *cluster = sl_snap_cluster(snap, row);
	uint32_t at = PX_NONE, i = PX_NONE;
	struct choice c;

	/* A consistent hash goes where it leads, also in a further attempt (Istio's rule). */
	for (int k = 0; k < SELECTIONS_MAX; k++) {
		if (!choice_init(&c, px, cluster))
			return PX_NONE;
		i = choose(&c, s);
		if (i == PX_NONE)
			return PX_NONE;
		at = c.level->endpoints.first + i;
		if (s->n_tried == 0 || s->has_hash || !was_tried(s, sl_snap_endpoint(snap, at)))
			return at;
	}
	for (i = 0; i < c.level->endpoints.n; i++)
		if (usable(&c, i) && !was_tried(s, endpoint(&c, i)))
			return c.level->endpoints.first + i;
	return at;
}
