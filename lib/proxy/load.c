/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Limits of clusters and endpoints: connections, requests, and those that wait for a connection.
 * Each worker holds its part of them.
 */
#include "proxy_int.h"

uint32_t px_share(const struct sl_proxy *px, uint32_t limit)
{
	uint32_t workers = SL_MAX(px->lc->workers, (uint16_t)1);

	return limit == SL_NO_LIMIT ? limit : limit / workers + (limit % workers > 0);
}

void px_load_conn(struct sl_proxy *px, const struct px_up *u, int32_t by)
{
	struct px_load *load = px_load(px, &u->cluster);
	struct px_endpoint *ep = px_endpoint(px, &u->endpoint);

	if (load)
		load->conns += (uint32_t)by;
	if (ep)
		ep->conns += (uint32_t)by;
}

void px_load_idle(struct sl_proxy *px, const struct px_up *u, int32_t by)
{
	struct px_load *load = px_load(px, &u->cluster);

	if (load)
		load->idle += (uint32_t)by;
}

bool px_load_request_fits(struct sl_proxy *px, const struct px_session *s,
			  const struct sl_snap_cluster *cluster)
{
	/* It is counted already. */
	return px_cluster_stats(px, &s->cluster)->rq_active <= px_share(px, cluster->max_requests);
}

/** Ends an idle connection of the cluster; false: none of its endpoints has one. */
static bool idle_gives_way(struct sl_proxy *px, const struct sl_snap_cluster *cluster)
{
	for (uint32_t i = 0; i < cluster->endpoints.n; i++) {
		const struct sl_snap_endpoint *row =
			sl_snap_endpoint(px->lc->snap, cluster->endpoints.first + i);
		struct px_endpoint *ep = px_endpoint(px, &row->slot);

		if (!ep || ep->idle_head == PX_NONE)
			continue;
		px_up_evict(px, &px->up[ep->idle_head]);
		return true;
	}
	return false;
}

bool px_load_may_connect(struct sl_proxy *px, const struct sl_snap_cluster *cluster,
			 const struct sl_snap_endpoint *row)
{
	struct px_load *load = px_load(px, &cluster->slot);
	struct px_endpoint *ep = px_endpoint(px, &row->slot);

	if (ep && px->cfg.endpoint_conns > 0 && ep->conns >= px->cfg.endpoint_conns)
		return false;
	if (!load || load->conns < px_share(px, cluster->max_connections))
		return true;
	return load->idle > 0 && idle_gives_way(px, cluster);
}

bool px_load_queued(struct sl_proxy *px, const struct px_session *s)
{
	const struct px_load *load = px_load(px, &s->cluster);

	return load && load->pending > 0 && !s->woken;
}

bool px_load_wait(struct sl_proxy *px, struct px_session *s, const struct sl_snap_cluster *cluster)
{
	struct sl_stats_cluster *st = px_cluster_stats(px, &s->cluster);
	struct px_load *load = px_load(px, &s->cluster);
	bool first = s->woken;

	if (!load || load->pending >= px_share(px, cluster->max_pending)) {
		st->rq_pending_overflow++;
		return false;
	}
	s->state = PX_PENDING;
	s->progress_us = px->lc->now_us;
	s->try_due_us = PX_NEVER;
	s->pended = true;
	s->woken = false;
	s->pend_next = first ? load->pend_head : PX_NONE;
	s->pend_prev = first ? PX_NONE : load->pend_tail;
	if (s->pend_next != PX_NONE)
		px->session[s->pend_next].pend_prev = s->row;
	else
		load->pend_tail = s->row;
	if (s->pend_prev != PX_NONE)
		px->session[s->pend_prev].pend_next = s->row;
	else
		load->pend_head = s->row;
	load->pending++;
	st->rq_pending++;
	return true;
}

void px_load_leave(struct sl_proxy *px, struct px_session *s)
{
	struct px_load *load = s->pended ? px_load(px, &s->cluster) : NULL;

	s->pended = false;
	if (!load)
		return;
	if (s->pend_next != PX_NONE)
		px->session[s->pend_next].pend_prev = s->pend_prev;
	else
		load->pend_tail = s->pend_prev;
	if (s->pend_prev != PX_NONE)
		px->session[s->pend_prev].pend_next = s->pend_next;
	else
		load->pend_head = s->pend_next;
	load->pending--;
	px_cluster_stats(px, &s->cluster)->rq_pending--;
}

static void wake(struct sl_proxy *px, struct px_load *load)
{
	struct px_session *s;

	if (load->pending == 0)
		return;
	s = &px->session[load->pend_head];
	px_load_leave(px, s);
	s->woken = true;
	s->state = PX_BACKOFF;
	s->state_due_us = px->lc->now_us;
	px_session_later(px, s);
}

void px_load_wake(struct sl_proxy *px, const struct sl_slot *cluster)
{
	struct px_load *load = px_load(px, cluster);

	if (load)
		wake(px, load);
}

void px_load_wake_all(struct sl_proxy *px)
{
	for (uint32_t i = 0; i < px->slots[SL_STATS_CLUSTER]; i++)
		while (px->load[i].pending > 0)
			wake(px, &px->load[i]);
}
