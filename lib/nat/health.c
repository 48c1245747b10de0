/* SPDX-License-Identifier: BSD-3-Clause */
/* What is known of endpoints: who takes new sessions, and who is gone with those it had. */
#include "nat_int.h"

struct nat_lb *nat_lb(struct sl_nat *nat, const struct sl_snap_cluster *c)
{
	static __thread struct nat_lb any; /* without a slot: counted each time */
	bool own = c->slot.index < nat->clusters;
	struct nat_lb *lb = own ? &nat->lb[c->slot.index] : &any;
	uint64_t epoch = nat->lc->snap->epoch;

	if (own && lb->born == c->slot.born && lb->epoch == epoch && lb->generation == nat->health)
		return lb;
	lb->born = c->slot.born;
	lb->epoch = epoch;
	lb->generation = nat->health;
	sl_shares_count(&lb->shares, nat->lc->snap, c, nat->lc->health);
	return lb;
}

bool nat_usable(const struct sl_nat *nat, const struct sl_snap_endpoint *e)
{
	return sl_health_flags(nat->lc->health, e->slot.index, e->slot.born) == 0;
}

/* Whether the level that holds the endpoint uses all it has. */
static bool panics(struct sl_nat *nat, const struct sl_snap_cluster *c, uint32_t slot)
{
	const struct sl_snap *snap = nat->lc->snap;
	const struct nat_lb *lb = nat_lb(nat, c);

	for (uint32_t l = 0; l < c->levels.n; l++) {
		const struct sl_snap_level *level = sl_snap_level(snap, c->levels.first + l);

		for (uint32_t i = 0; lb->shares.panic[l] && i < level->endpoints.n; i++)
			if (sl_snap_endpoint(snap, level->endpoints.first + i)->slot.index == slot)
				return true;
	}
	return false;
}

bool nat_is_dead(struct sl_nat *nat, const struct sl_snap_service *v,
		 const struct sl_nat_session *s)
{
	const struct sl_stats_worker *st = &nat->lc->stats;
	uint64_t born;

	if (s->endpoint_slot >= st->slots[SL_STATS_ENDPOINT])
		return false;
	born = st->born[SL_STATS_ENDPOINT][s->endpoint_slot];
	return (uint32_t)born == s->endpoint_born &&
	       (sl_health_flags(nat->lc->health, s->endpoint_slot, born) & SL_HEALTH_FAILED) &&
	       !panics(nat, sl_snap_cluster(nat->lc->snap, v->cluster), s->endpoint_slot);
}
