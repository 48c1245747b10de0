/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Health of endpoints: results of requests are counted by every worker, the worker that owns a
 * cluster ejects its outliers, takes them back, and runs its checks (probe.c).
 */
#include "proxy_int.h"

static bool owned(const struct sl_proxy *px, const struct sl_snap_cluster *cl)
{
	return px->lc->health && sl_health_owner(px->lc->health, cl->slot.index) == px->lc->index;
}

static struct sl_health_row *row_of(const struct sl_proxy *px, const struct sl_slot *endpoint)
{
	return sl_health_row(px->lc->health, endpoint->index, endpoint->born);
}

void px_health_result(struct sl_proxy *px, const struct px_session *s,
		      enum sl_outlier_result result)
{
	uint32_t row = px_row(px, SL_STATS_CLUSTER, &s->cluster);
	const struct sl_snap_cluster *cl;
	struct sl_health_row *h;

	if (row == PX_NONE || !s->has_endpoint)
		return;
	cl = sl_snap_cluster(px->lc->snap, row);
	h = cl->outlier.on ? row_of(px, &s->endpoint) : NULL;
	if (h)
		sl_outlier_count(px->lc->health, h, &cl->outlier,
				 sl_health_owner(px->lc->health, cl->slot.index), result);
}

/* ---- ejection ---- */

static uint32_t ejected(const struct sl_proxy *px, const struct sl_snap_cluster *cl)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < cl->endpoints.n; i++) {
		const struct sl_slot *slot =
			&sl_snap_endpoint(px->lc->snap, cl->endpoints.first + i)->slot;

		n += (sl_health_flags(px->lc->health, slot->index, slot->born) &
		      SL_HEALTH_EJECTED) != 0;
	}
	return n;
}

static void eject_due(struct sl_proxy *px, const struct sl_snap_cluster *cl)
{
	for (uint32_t i = 0; i < cl->endpoints.n; i++) {
		const struct sl_slot *slot =
			&sl_snap_endpoint(px->lc->snap, cl->endpoints.first + i)->slot;
		struct sl_health_row *h = row_of(px, slot);

		if (!h || !sl_outlier_eject(px->lc->health, h, &cl->outlier, cl->endpoints.n,
					    ejected(px, cl), px->lc->now_us))
			continue;
		px_endpoint_stats(px, slot)->ejections++;
		px_endpoint_stats(px, slot)->ejected = 1;
	}
}

void px_health_poll(struct sl_proxy *px)
{
	const struct sl_snap *snap = px->lc->snap;

	if (!snap || !sl_health_news(px->lc->health, px->lc->index, &px->health_seen))
		return;
	for (uint32_t i = 0; i < snap->tab[SL_SNAP_CLUSTERS].n; i++) {
		const struct sl_snap_cluster *cl = sl_snap_cluster(snap, i);

		if (cl->outlier.on && owned(px, cl))
			eject_due(px, cl);
	}
}

static void set_interval(struct sl_proxy *px, const struct sl_snap_cluster *cl, uint64_t due_us)
{
	if (cl->slot.index < px->slots[SL_STATS_CLUSTER])
		sl_wheel_set(px->wheel, px_interval_row(px, cl->slot.index), due_us);
}

/** @return whether one is still out. */
static bool interval(struct sl_proxy *px, const struct sl_snap_cluster *cl)
{
	bool out = false;

	for (uint32_t i = 0; i < cl->endpoints.n; i++) {
		const struct sl_slot *slot =
			&sl_snap_endpoint(px->lc->snap, cl->endpoints.first + i)->slot;
		struct sl_health_row *h = row_of(px, slot);

		if (!h)
			continue;
		if (sl_outlier_interval(px->lc->health, h, &cl->outlier, px->lc->now_us))
			px_endpoint_stats(px, slot)->ejected = 0;
		out |= (__atomic_load_n(&h->flags, __ATOMIC_RELAXED) & SL_HEALTH_EJECTED) != 0;
	}
	return out;
}

void px_health_interval(struct sl_proxy *px, uint32_t cluster_slot)
{
	uint32_t row = px->cluster[cluster_slot].row;
	const struct sl_snap_cluster *cl;

	if (row == PX_NONE)
		return;
	cl = sl_snap_cluster(px->lc->snap, row);
	if (!owned(px, cl))
		return;
	interval(px, cl);
	if (cl->outlier.on)
		set_interval(px, cl, px->lc->now_us + (uint64_t)cl->outlier.interval_ms * 1000);
}

/* ---- configurations ---- */

static void take_cluster(struct sl_proxy *px, const struct sl_snap_cluster *cl)
{
	const struct sl_snap *snap = px->lc->snap;

	for (uint32_t i = 0; i < cl->endpoints.n; i++) {
		uint32_t row = cl->endpoints.first + i;
		const struct sl_slot *slot = &sl_snap_endpoint(snap, row)->slot;

		sl_health_claim(px->lc->health, slot->index, slot->born, px->lc->now_us);
		px_probe_take(px, row);
	}
	if (cl->slot.index >= px->slots[SL_STATS_CLUSTER])
		return;
	/* Also where ejection was turned off: those that are out come back. */
	if (!cl->outlier.on)
		set_interval(px, cl, px->lc->now_us);
	else if (!sl_wheel_is_set(px->wheel, px_interval_row(px, cl->slot.index)))
		set_interval(px, cl, px->lc->now_us + (uint64_t)cl->outlier.interval_ms * 1000);
}

void px_health_epoch(struct sl_proxy *px)
{
	const struct sl_snap *snap = px->lc->snap;

	if (!px->lc->health || !snap)
		return;
	for (uint32_t i = 0; i < snap->tab[SL_SNAP_CLUSTERS].n; i++) {
		const struct sl_snap_cluster *cl = sl_snap_cluster(snap, i);

		if (owned(px, cl))
			take_cluster(px, cl);
	}
	px_probe_forget(px);
}
