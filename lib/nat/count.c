/* SPDX-License-Identifier: BSD-3-Clause */
/* Statistics of services and endpoints that sessions belong to. */
#include "nat_int.h"

/* Whether the slot is still the object's that the session was opened for. */
static bool valid(const struct sl_nat *nat, enum sl_stats_class cls, uint32_t slot, uint32_t born)
{
	const struct sl_stats_worker *st = &nat->lc->stats;

	return slot < st->slots[cls] && (uint32_t)st->born[cls][slot] == born;
}

struct sl_stats_service *nat_service_stats(struct sl_nat *nat, uint32_t slot, uint32_t born)
{
	static __thread struct sl_stats_service nowhere;

	return valid(nat, SL_STATS_SERVICE, slot, born) ? &nat->lc->stats.service[slot] : &nowhere;
}

struct sl_stats_endpoint *nat_endpoint_stats(struct sl_nat *nat, uint32_t slot, uint32_t born)
{
	static __thread struct sl_stats_endpoint nowhere;

	return valid(nat, SL_STATS_ENDPOINT, slot, born) ? &nat->lc->stats.endpoint[slot]
							 : &nowhere;
}

void nat_count_prefetch(const struct sl_nat *nat, const struct sl_nat_session *s)
{
	const struct sl_stats_worker *st = &nat->lc->stats;

	if (s->service_slot >= st->slots[SL_STATS_SERVICE])
		return;
	/* What a packet of the client counts; of 56 bytes they may lie in two lines. */
	__builtin_prefetch(&st->service[s->service_slot].in_pkts, 1);
	__builtin_prefetch(&st->service[s->service_slot].in_bytes, 1);
}

/* A session that was checked with the configuration in use has a slot of that configuration. */
struct sl_stats_service *nat_session_stats(struct sl_nat *nat, const struct sl_nat_session *s)
{
	const struct sl_stats_worker *st = &nat->lc->stats;

	if (nat->lc->snap && s->epoch == (uint32_t)nat->lc->snap->epoch &&
	    s->service_slot < st->slots[SL_STATS_SERVICE])
		return &st->service[s->service_slot];
	return nat_service_stats(nat, s->service_slot, s->service_born);
}

void nat_count_in(struct sl_nat *nat, const struct sl_nat_session *s)
{
	nat_service_stats(nat, s->service_slot, s->service_born)->sessions++;
	nat_endpoint_stats(nat, s->endpoint_slot, s->endpoint_born)->l4_sessions++;
}

void nat_count_out(struct sl_nat *nat, const struct sl_nat_session *s)
{
	if (nat->uncounted)
		return;
	nat_service_stats(nat, s->service_slot, s->service_born)->sessions--;
	nat_endpoint_stats(nat, s->endpoint_slot, s->endpoint_born)->l4_sessions--;
}
