/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What sessions keep across configurations: they hold statistics slots, which belong to names; the
 * tables here lead from a slot to the row of the present snapshot and to the name.
 */
#include "proxy_int.h"

#include <stdlib.h>

int px_tables_create(struct sl_proxy *px)
{
	memcpy(px->slots, px->lc->stats.slots, sizeof(px->slots));
	px->endpoint = calloc(px->slots[SL_STATS_ENDPOINT] + 1, sizeof(*px->endpoint));
	px->listener = calloc(px->slots[SL_STATS_LISTENER] + 1, sizeof(*px->listener));
	px->route = calloc(px->slots[SL_STATS_ROUTE] + 1, sizeof(*px->route));
	px->cluster = calloc(px->slots[SL_STATS_CLUSTER] + 1, sizeof(*px->cluster));
	px->load = calloc(px->slots[SL_STATS_CLUSTER] + 1, sizeof(*px->load));
	px->lb = calloc(px->slots[SL_STATS_CLUSTER] + 1, sizeof(*px->lb));
	px->probe = calloc(px->slots[SL_STATS_ENDPOINT] + 1, sizeof(*px->probe));
	if (!px->endpoint || !px->listener || !px->route || !px->cluster || !px->load || !px->lb ||
	    !px->probe)
		return -ENOMEM;
	for (uint32_t i = 0; i < px->slots[SL_STATS_ENDPOINT]; i++)
		px_head_init(&px->probe[i].head);
	return 0;
}

void px_tables_free(struct sl_proxy *px)
{
	free(px->endpoint);
	free(px->listener);
	free(px->route);
	free(px->cluster);
	free(px->lb);
	free(px->probe);
	free(px->load);
}

static struct px_name *table(const struct sl_proxy *px, enum sl_stats_class cls)
{
	switch (cls) {
	case SL_STATS_LISTENER:
		return px->listener;
	case SL_STATS_ROUTE:
		return px->route;
	default:
		return px->cluster;
	}
}

static void name_set(struct sl_proxy *px, enum sl_stats_class cls, const struct sl_slot *slot,
		     uint32_t row, struct sl_str name)
{
	struct px_name *n;

	if (slot->index >= px->slots[cls])
		return;
	n = &table(px, cls)[slot->index];
	n->row = row;
	if (n->born == slot->born)
		return;
	n->born = slot->born;
	n->rr = px->lc->index * 0x5bd1e995u; /* workers begin at different places */
	n->len = (uint16_t)SL_MIN(name.n, PX_NAME_MAX);
	n->cut = name.n > PX_NAME_MAX;
	if (n->len > 0)
		memcpy(n->text, name.p, n->len);
}

/** A cluster's use begins at nothing where its slot belonged to another one. */
static void load_set(struct sl_proxy *px, const struct sl_slot *slot)
{
	struct px_load *load;

	if (slot->index >= px->slots[SL_STATS_CLUSTER])
		return;
	load = &px->load[slot->index];
	if (load->born != slot->born)
		*load = (struct px_load){
			.born = slot->born, .pend_head = PX_NONE, .pend_tail = PX_NONE};
}

/** Closes the idle connections to an endpoint. */
static void endpoint_flush(struct sl_proxy *px, struct px_endpoint *ep)
{
	while (ep->idle_head != PX_NONE)
		px_up_evict(px, &px->up[ep->idle_head]);
}

static void routes_fill(struct sl_proxy *px, const struct sl_snap *snap)
{
	for (uint32_t i = 0; i < px->slots[SL_STATS_LISTENER]; i++)
		px->listener[i].row = PX_NONE;
	for (uint32_t i = 0; i < px->slots[SL_STATS_ROUTE]; i++)
		px->route[i].row = PX_NONE;
	for (uint32_t i = 0; snap && i < snap->tab[SL_SNAP_LISTENERS].n; i++) {
		const struct sl_snap_listener *l = sl_snap_listener(snap, i);

		name_set(px, SL_STATS_LISTENER, &l->slot, i, sl_snap_str(snap, l->name));
	}
	for (uint32_t i = 0; snap && i < snap->tab[SL_SNAP_ROUTES].n; i++) {
		const struct sl_snap_route *r = sl_snap_route(snap, i);

		name_set(px, SL_STATS_ROUTE, &r->slot, i, sl_snap_str(snap, r->name));
	}
}

static void endpoints_fill(struct sl_proxy *px, const struct sl_snap *snap)
{
	for (uint32_t i = 0; i < snap->tab[SL_SNAP_ENDPOINTS].n; i++) {
		const struct sl_slot *slot = &sl_snap_endpoint(snap, i)->slot;
		struct px_endpoint *ep = &px->endpoint[slot->index];

		if (slot->index >= px->slots[SL_STATS_ENDPOINT])
			continue;
		if (ep->born != slot->born) {
			endpoint_flush(px, ep);
			*ep = (struct px_endpoint){.born = slot->born, .idle_head = PX_NONE};
		}
		ep->epoch = snap->epoch;
		ep->draining = sl_snap_endpoint(snap, i)->health != SL_HEALTHY;
		if (ep->draining)
			endpoint_flush(px, ep);
	}
	for (uint32_t i = 0; i < px->slots[SL_STATS_ENDPOINT]; i++)
		if (px->endpoint[i].epoch != snap->epoch)
			endpoint_flush(px, &px->endpoint[i]);
}

void px_tables_fill(struct sl_proxy *px, const struct sl_snap *old)
{
	const struct sl_snap *snap = px->lc->snap;

	if (!sl_snap_same_routes(snap, old)) {
		routes_fill(px, snap);
		px_heads_fill(px, snap);
	}
	for (uint32_t i = 0; i < px->slots[SL_STATS_CLUSTER]; i++)
		px->cluster[i].row = PX_NONE;
	if (!snap) {
		for (uint32_t i = 0; i < px->slots[SL_STATS_ENDPOINT]; i++)
			px->endpoint[i].idle_head = PX_NONE;
		return;
	}
	for (uint32_t i = 0; i < px->slots[SL_STATS_ENDPOINT]; i++)
		if (px->endpoint[i].born == 0)
			px->endpoint[i].idle_head = PX_NONE;
	for (uint32_t i = 0; i < snap->tab[SL_SNAP_CLUSTERS].n; i++) {
		const struct sl_snap_cluster *c = sl_snap_cluster(snap, i);

		name_set(px, SL_STATS_CLUSTER, &c->slot, i, sl_snap_str(snap, c->name));
		load_set(px, &c->slot);
	}
	endpoints_fill(px, snap);
}

uint32_t px_row(const struct sl_proxy *px, enum sl_stats_class cls, const struct sl_slot *slot)
{
	const struct px_name *n = px_name(px, cls, slot);

	return n ? n->row : PX_NONE;
}

const struct px_name *px_name(const struct sl_proxy *px, enum sl_stats_class cls,
			      const struct sl_slot *slot)
{
	const struct px_name *n;

	if (slot->index >= px->slots[cls])
		return NULL;
	n = &table(px, cls)[slot->index];
	return n->born == slot->born ? n : NULL;
}

struct px_endpoint *px_endpoint(struct sl_proxy *px, const struct sl_slot *slot)
{
	struct px_endpoint *ep;

	if (slot->index >= px->slots[SL_STATS_ENDPOINT])
		return NULL;
	ep = &px->endpoint[slot->index];
	return ep->born == slot->born ? ep : NULL;
}

struct px_load *px_load(struct sl_proxy *px, const struct sl_slot *slot)
{
	struct px_load *load;

	if (slot->index >= px->slots[SL_STATS_CLUSTER])
		return NULL;
	load = &px->load[slot->index];
	return load->born == slot->born ? load : NULL;
}

/** Listeners of the last configuration that the present one has not. */
static bool listener_lost(const struct sl_proxy *px, const struct sl_snap *old)
{
	for (uint32_t i = 0; old && i < old->tab[SL_SNAP_LISTENERS].n; i++)
		if (px_row(px, SL_STATS_LISTENER, &sl_snap_listener(old, i)->slot) == PX_NONE)
			return true;
	return false;
}

void sl_proxy_epoch(struct sl_proxy *px, const struct sl_snap *old)
{
	px_load_wake_all(px);
	px_tables_fill(px, old);
	px_health_epoch(px);
	px_restore_epoch(px);
	if (!listener_lost(px, old))
		return;
	/* What runs on it is finished, nothing new is begun. */
	for (uint32_t i = 0; i < px->cfg.sessions_max; i++) {
		struct px_session *s = &px->session[i];

		if (s->state != PX_FREE && px_row(px, SL_STATS_LISTENER, &s->listener) == PX_NONE)
			px_session_retire(px, s);
	}
}
