/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections to endpoints: opened, lent to one session at a time, pooled LIFO per endpoint with a
 * bound and a life, removed in the round in which the peer's FIN or RST arrives.
 */
#include "proxy_int.h"

#define CONNECT_TIMEOUT_MS 10000 /* mesh default */

static void count_open(struct sl_proxy *px, const struct px_up *u, int64_t by)
{
	px->lc->stats.c->http_upstream_cx_active += (uint64_t)by;
	px_cluster_stats(px, &u->cluster)->cx_active += (uint64_t)by;
	px_endpoint_stats(px, &u->endpoint)->cx_active += (uint64_t)by;
	px_load_conn(px, u, (int32_t)by);
}

static void count_idle(struct sl_proxy *px, const struct px_up *u, int64_t by)
{
	px->lc->stats.c->http_upstream_cx_idle += (uint64_t)by;
	px_endpoint_stats(px, &u->endpoint)->cx_idle += (uint64_t)by;
	px_load_idle(px, u, (int32_t)by);
}

static uint32_t wheel_row(const struct sl_proxy *px, const struct px_up *u)
{
	return px_session_rows(px) + u->row;
}

static void up_free(struct sl_proxy *px, struct px_up *u)
{
	px_head_free(px, &u->head);
	sl_wheel_cancel(px->wheel, wheel_row(px, u));
	count_open(px, u, -1);
	u->state = PX_UP_FREE;
	u->conn = NULL;
	u->session = PX_NONE;
	u->next = px->free_up;
	px->free_up = u->row;
	px_load_wake(px, &u->cluster);
}

/** Ends the TCP connection, in order where nothing is left to be said or read. */
static void end_conn(struct px_up *u, bool graceful)
{
	if (u->closed)
		sl_tcp_release(u->conn);
	else if (graceful && u->open && sl_tcp_rx_len(u->conn) == 0)
		sl_tcp_close(u->conn);
	else
		sl_tcp_abort(u->conn);
}

static void idle_add(struct sl_proxy *px, struct px_up *u, struct px_endpoint *ep, uint32_t idle_ms)
{
	u->state = PX_UP_IDLE;
	u->prev = PX_NONE;
	u->next = ep->idle_head;
	if (u->next != PX_NONE)
		px->up[u->next].prev = u->row;
	ep->idle_head = u->row;
	ep->idle++;
	u->lru_next = PX_NONE;
	u->lru_prev = px->lru_tail;
	if (px->lru_tail != PX_NONE)
		px->up[px->lru_tail].lru_next = u->row;
	else
		px->lru_head = u->row;
	px->lru_tail = u->row;
	count_idle(px, u, 1);
	/* Set lazily: a timer that fires too early is set again. */
	u->idle_due_us = px->lc->now_us + (uint64_t)idle_ms * 1000;
	if (!sl_wheel_is_set(px->wheel, wheel_row(px, u)))
		sl_wheel_set(px->wheel, wheel_row(px, u), u->idle_due_us);
}

static void idle_remove(struct sl_proxy *px, struct px_up *u)
{
	/* An endpoint's idle list is emptied before its slot is given to another one. */
	struct px_endpoint *ep = &px->endpoint[u->endpoint.index];

	if (u->prev != PX_NONE)
		px->up[u->prev].next = u->next;
	else
		ep->idle_head = u->next;
	if (u->next != PX_NONE)
		px->up[u->next].prev = u->prev;
	ep->idle--;
	if (u->lru_prev != PX_NONE)
		px->up[u->lru_prev].lru_next = u->lru_next;
	else
		px->lru_head = u->lru_next;
	if (u->lru_next != PX_NONE)
		px->up[u->lru_next].lru_prev = u->lru_prev;
	else
		px->lru_tail = u->lru_prev;
	u->state = PX_UP_BUSY;
	count_idle(px, u, -1);
}

bool px_up_ended(const struct px_up *u)
{
	return u->closed || sl_tcp_rx_eof(u->conn);
}

void px_up_evict(struct sl_proxy *px, struct px_up *u)
{
	idle_remove(px, u);
	end_conn(u, true);
	up_free(px, u);
}

struct px_up *px_up_pooled(struct sl_proxy *px, const struct sl_snap_endpoint *row)
{
	struct px_endpoint *ep = px_endpoint(px, &row->slot);

	while (ep && ep->idle_head != PX_NONE) {
		struct px_up *u = &px->up[ep->idle_head];

		/* Events of this round may not have been taken yet: look at the connection. */
		if (px_up_ended(u) || sl_tcp_rx_len(u->conn) > 0) {
			px_up_evict(px, u);
			continue;
		}
		idle_remove(px, u);
		u->reused = true;
		return u;
	}
	return NULL;
}

static struct px_up *up_alloc(struct sl_proxy *px)
{
	struct px_up *u;

	if (px->free_up == PX_NONE && px->lru_head != PX_NONE)
		px_up_evict(px, &px->up[px->lru_head]);
	if (px->free_up == PX_NONE)
		return NULL;
	u = &px->up[px->free_up];
	px->free_up = u->next;
	return u;
}

struct px_up *px_up_connect(struct sl_proxy *px, const struct sl_snap_endpoint *ep,
			    const struct sl_snap_cluster *cluster, int *code)
{
	uint32_t timeout = cluster->connect_timeout_ms;
	struct px_up *u = up_alloc(px);
	struct sl_tcp_conn *conn;
	uint32_t row, gen;

	*code = -ENOBUFS;
	if (!u)
		return NULL;
	conn = sl_tcp_connect(px->tcp, &ep->ip, ep->port, timeout ? timeout : CONNECT_TIMEOUT_MS,
			      code);
	if (!conn) {
		px_cluster_stats(px, &cluster->slot)->cx_connect_fail++;
		px_endpoint_stats(px, &ep->slot)->cx_connect_fail++;
		u->next = px->free_up;
		px->free_up = u->row;
		return NULL;
	}
	row = u->row;
	gen = u->gen + 1;
	*u = (struct px_up){.conn = conn,
			    .row = row,
			    .gen = gen,
			    .state = PX_UP_CONNECTING,
			    .preface = cluster->proxy_protocol,
			    .session = PX_NONE,
			    .endpoint = ep->slot,
			    .cluster = cluster->slot};
	px_head_init(&u->head);
	sl_tcp_set_user(conn, px_handle(row, gen));
	px->lc->stats.c->http_upstream_cx_total++;
	px_cluster_stats(px, &u->cluster)->cx_total++;
	px_endpoint_stats(px, &u->endpoint)->cx_total++;
	count_open(px, u, 1);
	return u;
}

void px_up_not_opened(struct sl_proxy *px, const struct px_up *u)
{
	if (u->open)
		return;
	px_cluster_stats(px, &u->cluster)->cx_connect_fail++;
	px_endpoint_stats(px, &u->endpoint)->cx_connect_fail++;
}

static void count_active(struct sl_proxy *px, const struct px_up *u, int32_t by)
{
	struct px_endpoint *ep = px_endpoint(px, &u->endpoint);

	if (ep)
		ep->active = (uint32_t)((int32_t)ep->active + by);
	px_endpoint_stats(px, &u->endpoint)->rq_active += (uint64_t)(int64_t)by;
}

void px_up_attach(struct sl_proxy *px, struct px_up *u, struct px_session *s)
{
	u->session = s->row;
	s->up = u->row;
	s->endpoint = u->endpoint;
	s->has_endpoint = true;
	u->answered = u->keep = false;
	u->requests++;
	if (u->open)
		u->state = PX_UP_BUSY;
	sl_tcp_remote(u->conn, &s->up_addr);
	sl_tcp_local(u->conn, &s->up_local);
	count_active(px, u, 1);
}

static struct px_up *detach(struct sl_proxy *px, struct px_session *s)
{
	struct px_up *u;

	if (s->up == PX_NONE)
		return NULL;
	u = &px->up[s->up];
	s->up = PX_NONE;
	u->session = PX_NONE;
	count_active(px, u, -1);
	return u;
}

void px_up_drop(struct sl_proxy *px, struct px_session *s)
{
	struct px_up *u = detach(px, s);

	if (!u)
		return;
	end_conn(u, false);
	up_free(px, u);
}

void px_up_done(struct sl_proxy *px, struct px_session *s, bool request_sent)
{
	struct px_up *u = detach(px, s);
	struct px_endpoint *ep = px_endpoint(px, &u->endpoint);
	uint32_t row = px_row(px, SL_STATS_CLUSTER, &u->cluster), most = 0, idle_ms = 0;
	/* What a header has said of a connection is true of one client only. */
	bool clean = u->keep && u->preface == 0 && request_sent && !px_up_ended(u) &&
		     sl_tcp_rx_len(u->conn) == 0 && sl_tcp_tx_pending(u->conn) == 0;

	if (row != PX_NONE) {
		most = sl_snap_cluster(px->lc->snap, row)->max_requests_per_connection;
		idle_ms = sl_snap_cluster(px->lc->snap, row)->idle_timeout_ms;
	}
	if (most > 0 && u->requests >= most)
		clean = false;
	if (clean && ep && ep->epoch == px->lc->snap->epoch && !ep->draining &&
	    ep->idle < px->cfg.pool_idle_max) {
		idle_add(px, u, ep, idle_ms ? idle_ms : px->cfg.pool_idle_ms);
		px_load_wake(px, &u->cluster);
		return;
	}
	end_conn(u, request_sent);
	up_free(px, u);
}

void px_up_event(struct sl_proxy *px, struct px_up *u, uint32_t events)
{
	if (events & SL_TCP_OPENED)
		u->open = true;
	if (events & SL_TCP_CLOSED)
		u->closed = true;
	if (u->state == PX_UP_IDLE) {
		/* Whatever comes on an idle connection, it is no answer to anything of ours. */
		if (px_up_ended(u) || sl_tcp_rx_len(u->conn) > 0)
			px_up_evict(px, u);
		return;
	}
	if (u->session != PX_NONE)
		px_session_run(px, &px->session[u->session]);
}
