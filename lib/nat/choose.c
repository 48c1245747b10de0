/* SPDX-License-Identifier: BSD-3-Clause */
/* Which endpoint a new session goes to. */
#include "nat_int.h"

struct choice {
	struct sl_nat *nat;
	const struct sl_snap_endpoint *first; /* of the level */
};

static uint32_t upto_of(const void *arg, uint32_t i)
{
	return ((const struct choice *)arg)->first[i].upto;
}

static uint64_t load_of(const void *arg, uint32_t i)
{
	const struct choice *c = arg;
	const struct sl_snap_endpoint *e = &c->first[i];
	uint64_t sessions =
		nat_endpoint_stats(c->nat, e->slot.index, (uint32_t)e->slot.born)->l4_sessions;

	return (sessions + 1) * 256 / SL_MAX(e->weight, 1);
}

static uint64_t hash_ip(uint64_t h, const struct sl_ip *ip)
{
	uint64_t w[2];

	memcpy(w, ip->b, sizeof(w));
	return sl_balance_mix(sl_balance_mix(h ^ w[0]) ^ w[1]);
}

/* The same on every box, so that any of them can take any flow. */
static uint64_t hash_flow(const struct sl_snap_cluster *c, const struct sl_tuple *t)
{
	uint64_t h = hash_ip(0, &t->src);

	if (c->hash.on == SL_HASH_ADDRESS)
		return h;
	h = hash_ip(h, &t->dst);
	return sl_balance_mix(h ^ ((uint64_t)t->sport << 32 | (uint64_t)t->dport << 16 | t->proto));
}

static uint32_t by_ring(const struct sl_snap *snap, const struct sl_snap_ring *r, uint64_t hash)
{
	uint32_t at;

	if (r->maglev)
		return sl_snap_maglev(snap, r->span.first)[hash % r->span.n];
	at = sl_balance_ring_find(sl_snap_point(snap, r->span.first), r->span.n,
				  (uint32_t)(hash >> 32));
	return sl_snap_point(snap, r->span.first)[at].index;
}

static uint32_t pick(struct sl_nat *nat, const struct sl_snap_cluster *c,
		     const struct sl_snap_level *level, const struct sl_tuple *t)
{
	const struct sl_snap *snap = nat->lc->snap;
	struct choice choice = {nat, sl_snap_endpoint(snap, level->endpoints.first)};
	uint64_t *rnd = &nat->lc->rnd, two;

	if (level->ring != SL_SNAP_NONE)
		return by_ring(snap, sl_snap_ring(snap, level->ring), hash_flow(c, t));
	if (c->lb == SL_LB_LEAST_REQUEST) {
		two = (uint64_t)sl_balance_rnd(rnd) << 32;
		two |= sl_balance_rnd(rnd);
		return sl_balance_least_request(load_of, &choice, level->endpoints.n, two);
	}
	return sl_balance_by_sums(upto_of, &choice, level->endpoints.n,
				  c->lb == SL_LB_ROUND_ROBIN ? sl_balance_even(&nat->turn)
							     : sl_balance_rnd(rnd));
}

/*
 * Rendezvous of client and endpoints (Thaler, Ravishankar 1998): every worker and every box comes
 * to the same one, and when one is gone only its own clients move.
 */
static uint32_t meet(const struct sl_snap *snap, const struct sl_snap_level *level,
		     const struct sl_ip *client)
{
	uint64_t most = 0, seed = hash_ip(1, client);
	uint32_t best = 0;

	for (uint32_t i = 0; i < level->endpoints.n; i++) {
		const struct sl_snap_endpoint *e =
			sl_snap_endpoint(snap, level->endpoints.first + i);
		uint64_t h = hash_ip(seed ^ e->port, &e->ip);

		if (h >= most) {
			most = h;
			best = i;
		}
	}
	return best;
}

/* Where the client of a service with affinity was before, if that still takes sessions. */
static uint32_t known(struct sl_nat *nat, const struct sl_snap_service *v,
		      const struct sl_snap_level *level, const struct sl_ip *client)
{
	uint32_t slot = nat_affinity_find(nat, v, client);

	for (uint32_t i = 0; slot != UINT32_MAX && i < level->endpoints.n; i++)
		if (sl_snap_endpoint(nat->lc->snap, level->endpoints.first + i)->slot.index == slot)
			return i;
	return UINT32_MAX;
}

/* From the one picked on, the first of the packet's family. */
static const struct sl_snap_endpoint *
of_family(const struct sl_snap *snap, const struct sl_snap_level *level, uint32_t from, bool v4)
{
	for (uint32_t i = 0; i < level->endpoints.n; i++) {
		const struct sl_snap_endpoint *e = sl_snap_endpoint(
			snap, level->endpoints.first + (from + i) % level->endpoints.n);

		if (sl_ip_is_v4(&e->ip) == v4)
			return e;
	}
	return NULL;
}

const struct sl_snap_endpoint *nat_choose(struct sl_nat *nat, const struct sl_snap_service *v,
					  const struct sl_tuple *t)
{
	const struct sl_snap *snap = nat->lc->snap;
	const struct sl_snap_cluster *c = sl_snap_cluster(snap, v->cluster);
	const struct sl_snap_endpoint *e;
	const struct sl_snap_level *level;
	uint32_t i = UINT32_MAX;

	if (c->levels.n == 0)
		return NULL;
	level = sl_snap_level(snap, c->levels.first);
	if (v->affinity_s) {
		i = known(nat, v, level, &t->src);
		if (i == UINT32_MAX)
			i = meet(snap, level, &t->src);
	} else {
		i = pick(nat, c, level, t);
	}
	e = of_family(snap, level, i, sl_ip_is_v4(&t->dst));
	if (e && v->affinity_s)
		nat_affinity_note(nat, v, &t->src, e->slot.index);
	return e;
}
