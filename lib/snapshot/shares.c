/* SPDX-License-Identifier: BSD-3-Clause */
/* Which priorities of a cluster take which share, by what is known of their endpoints. */
#include "sl_shares.h"

/* A level counts as whole while this times its usable share is 100 %. */
#define SPARE_PERCENT 140u

/** Counts a level; @return its health in percent, 100 when it can carry everything. */
static uint32_t count_level(struct sl_shares *s, const struct sl_snap *snap,
			    const struct sl_snap_cluster *cl, const struct sl_health_table *health,
			    uint32_t at)
{
	const struct sl_snap_level *l = sl_snap_level(snap, cl->levels.first + at);
	uint32_t n = 0;

	for (uint32_t i = 0; i < l->endpoints.n; i++) {
		const struct sl_slot *slot = &sl_snap_endpoint(snap, l->endpoints.first + i)->slot;

		n += sl_health_flags(health, slot->index, slot->born) == 0;
	}
	s->usable[at] = n;
	return SL_MIN(n * SPARE_PERCENT / l->endpoints.n, 100u);
}

/** All levels together can't carry everything: those with too few usable ones use all they have. */
static void panic(struct sl_shares *s, const struct sl_snap *snap, const struct sl_snap_cluster *cl,
		  uint32_t health[SL_MODEL_PRIORITIES_MAX])
{
	uint32_t n = cl->levels.n, calm = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct sl_snap_level *l = sl_snap_level(snap, cl->levels.first + i);

		s->panic[i] =
			(uint64_t)s->usable[i] * 100 < (uint64_t)cl->panic_percent * l->endpoints.n;
		calm += !s->panic[i] && health[i] > 0;
	}
	/* Nowhere enough: what is new spreads over all endpoints there are. */
	for (uint32_t i = 0; i < n && calm == 0; i++)
		if (s->panic[i])
			health[i] = (uint32_t)((uint64_t)sl_snap_level(snap, cl->levels.first + i)
						       ->endpoints.n *
					       100 / cl->healthy.n);
}

/** Shares of the levels, the best one first; they add up to 100, or to 0: nothing is usable. */
static void share_out(struct sl_shares *s, uint32_t n,
		      const uint32_t health[SL_MODEL_PRIORITIES_MAX])
{
	uint32_t sum = 0, left = 100, first = UINT32_MAX;

	for (uint32_t i = 0; i < n; i++)
		sum += health[i];
	sum = SL_MIN(sum, 100u);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t share = sum ? SL_MIN(left, health[i] * 100 / sum) : 0;

		s->share[i] = (uint8_t)share;
		left -= share;
		if (first == UINT32_MAX && health[i])
			first = i;
	}
	if (first != UINT32_MAX)
		s->share[first] = (uint8_t)(s->share[first] + left);
}

void sl_shares_count(struct sl_shares *s, const struct sl_snap *snap,
		     const struct sl_snap_cluster *cl, const struct sl_health_table *health)
{
	uint32_t each[SL_MODEL_PRIORITIES_MAX] = {0}, sum = 0, n = cl->levels.n;

	memset(s->panic, 0, sizeof(s->panic));
	for (uint32_t i = 0; i < n; i++) {
		each[i] = count_level(s, snap, cl, health, i);
		sum += each[i];
	}
	if (sum < 100 && n > 0)
		panic(s, snap, cl, each);
	share_out(s, n, each);
}

uint32_t sl_shares_level(const struct sl_shares *s, uint32_t levels, uint32_t at)
{
	uint32_t percent = (uint32_t)((uint64_t)at * 100 >> 32);

	for (uint32_t i = 0; i < levels; i++) {
		if (percent < s->share[i])
			return i;
		percent -= s->share[i];
	}
	return UINT32_MAX;
}
