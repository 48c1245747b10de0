/* SPDX-License-Identifier: BSD-3-Clause */
/* Which endpoint a new session goes to. */
#include "nat_int.h"

#define DRAWS_MAX  8  /* random choices before a plain search */
#define HASHES_MAX 16 /* places in a hash table before one */

struct choice {
	struct sl_nat *nat;
	const struct sl_snap_cluster *cluster;
	const struct sl_snap_level *level;
	const struct sl_snap_endpoint *first; /* of the level */
	bool all; /* every one may be chosen: all are usable, or so few that it doesn't count */
};

static bool usable(const struct choice *c, uint32_t i)
{
	return c->all || nat_usable(c->nat, &c->first[i]);
}

/* From one on, the first usable one. */
static uint32_t search(const struct choice *c, uint32_t from)
{
	uint32_t n = c->level->endpoints.n;

	for (uint32_t i = 0; i < n; i++)
		if (usable(c, (from + i) % n))
			return (from + i) % n;
	return from;
}

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

/* Every box comes to the same one, also where the first it hits upon is out. */
static uint32_t by_hash(const struct choice *c, uint64_t hash)
{
	const struct sl_snap *snap = c->nat->lc->snap;
	const struct sl_snap_ring *r = sl_snap_ring(snap, c->level->ring);
	uint32_t i = 0;

	for (int k = 0; k < HASHES_MAX; k++) {
		i = by_ring(snap, r, hash);
		if (usable(c, i))
			return i;
		hash = sl_balance_mix(hash + 1);
	}
	return search(c, i);
}

static uint32_t draw(const struct choice *c, bool even)
{
	struct sl_nat *nat = c->nat;
	uint32_t i = 0;

	for (int k = 0; k < DRAWS_MAX; k++) {
		i = sl_balance_by_sums(upto_of, c, c->level->endpoints.n,
				       even ? sl_balance_even(&nat->turn)
					    : sl_balance_rnd(&nat->lc->rnd));
		if (usable(c, i))
			return i;
	}
	return search(c, i);
}

/* The one with less of two that are usable. */
static uint32_t least(const struct choice *c)
{
	uint64_t two = (uint64_t)sl_balance_rnd(&c->nat->lc->rnd) << 32;
	uint32_t a, b;

	two |= sl_balance_rnd(&c->nat->lc->rnd);
	if (c->all)
		return sl_balance_least_request(load_of, c, c->level->endpoints.n, two);
	a = draw(c, false);
	b = draw(c, false);
	return load_of(c, b) < load_of(c, a) ? b : a;
}

static uint32_t pick(const struct choice *c, uint64_t hash)
{
	if (c->level->ring != SL_SNAP_NONE)
		return by_hash(c, hash);
	if (c->cluster->lb == SL_LB_LEAST_REQUEST)
		return least(c);
	return draw(c, c->cluster->lb == SL_LB_ROUND_ROBIN);
}

/*
 * Rendezvous of client and endpoints (Thaler, Ravishankar 1998): every worker and every box comes
 * to the same one, and when one is gone only its own clients move.
 */
static uint32_t meet(const struct choice *c, const struct sl_ip *client)
{
	uint64_t most = 0, seed = hash_ip(1, client);
	uint32_t best = 0;

	for (uint32_t i = 0; i < c->level->endpoints.n; i++) {
		const struct sl_snap_endpoint *e = &c->first[i];
		uint64_t h = hash_ip(seed ^ e->port, &e->ip);

		if (h >= most && usable(c, i)) {
			most = h;
			best = i;
		}
	}
	return best;
}

/* Where the client of a service with affinity was before, if that still takes sessions. */
static uint32_t known(const struct choice *c, const struct sl_snap_service *v,
		      const struct sl_ip *client)
{
	uint32_t slot = nat_affinity_find(c->nat, v, client);

	for (uint32_t i = 0; slot != UINT32_MAX && i < c->level->endpoints.n; i++)
		if (c->first[i].slot.index == slot)
			return usable(c, i) ? i : UINT32_MAX;
	return UINT32_MAX;
}

/* From the one picked on, the first of the packet's family. */
static const struct sl_snap_endpoint *of_family(const struct choice *c, uint32_t from, bool v4)
{
	uint32_t n = c->level->endpoints.n;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = (from + i) % n;

		if (sl_ip_is_v4(&c->first[at].ip) == v4 && usable(c, at))
			return &c->first[at];
	}
	return NULL;
}

/* The level that is to be chosen from. @return false: nothing is usable. */
static bool choice_of(struct choice *c, struct sl_nat *nat, const struct sl_snap_service *v,
		      uint64_t hash)
{
	const struct sl_snap *snap = nat->lc->snap;
	struct nat_lb *lb;
	uint32_t at;

	*c = (struct choice){.nat = nat, .cluster = sl_snap_cluster(snap, v->cluster)};
	if (c->cluster->levels.n == 0)
		return false;
	lb = nat_lb(nat, c->cluster);
	/* Who is to stay with one endpoint stays with its level. */
	at = sl_shares_level(&lb->shares, c->cluster->levels.n,
			     v->affinity_s || c->cluster->hash.on != SL_HASH_NONE
				     ? (uint32_t)(hash >> 32)
				     : sl_balance_even(&lb->even));
	if (at == UINT32_MAX)
		return false;
	c->level = sl_snap_level(snap, c->cluster->levels.first + at);
	c->first = sl_snap_endpoint(snap, c->level->endpoints.first);
	c->all = lb->shares.panic[at] || lb->shares.usable[at] == c->level->endpoints.n;
	return true;
}

const struct sl_snap_endpoint *nat_choose(struct sl_nat *nat, const struct sl_snap_service *v,
					  const struct sl_tuple *t)
{
	uint64_t hash = v->affinity_s ? hash_ip(1, &t->src)
				      : hash_flow(sl_snap_cluster(nat->lc->snap, v->cluster), t);
	const struct sl_snap_endpoint *e;
	struct choice c;
	uint32_t i;

	if (!choice_of(&c, nat, v, hash))
		return NULL;
	if (v->affinity_s) {
		i = known(&c, v, &t->src);
		if (i == UINT32_MAX)
			i = meet(&c, &t->src);
	} else {
		i = pick(&c, hash);
	}
	e = of_family(&c, i, sl_ip_is_v4(&t->dst));
	if (!e && !sl_ip_is_v4(&t->dst))
		e = of_family(&c, i, true); /* translated into its family (nat64.c) */
	if (e && v->affinity_s)
		nat_affinity_note(nat, v, &t->src, e->slot.index);
	return e;
}
