/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Copies of requests for mirrors. Each is a session of its own without a client: it is made when
 * its request's head is emitted, goes on its way when the request was sent as a whole, and throws
 * its answer away. Nobody waits for it, and it is not tried again.
 */
#include "proxy_int.h"

static struct px_session *mirror_get(struct sl_proxy *px)
{
	struct px_session *m;

	if (px->free_mirror == PX_NONE)
		return NULL;
	m = &px->session[px->free_mirror];
	px->free_mirror = m->next;
	return m;
}

/** The head of its answer is there, or not waited for any more. */
static void unbuffer(struct sl_proxy *px, struct px_session *m)
{
	px->mirror_bufs -= m->buffered;
	m->buffered = false;
}

/** Gives the row back. */
static void mirror_put(struct sl_proxy *px, struct px_session *m)
{
	px_up_drop(px, m);
	unbuffer(px, m);
	px_keep_end(px, m);
	px_load_leave(px, m);
	if (m->in_request)
		px_cluster_stats(px, &m->cluster)->rq_active--;
	px_session_unqueue(px, m);
	sl_wheel_cancel(px->wheel, m->row);
	m->state = PX_FREE;
	m->next = px->free_mirror;
	px->free_mirror = m->row;
}

/* ---- from the request to its copies ---- */

/** The head as its endpoint gets it, but for the host; NULL: it does not fit, or no mbufs. */
static struct rte_mbuf *emit(struct sl_proxy *px, struct px_session *s, const struct px_upward *up)
{
	struct sl_http_out out = {.p = px->scratch, .cap = PX_SCRATCH_MAX};
	struct px_upward shadow = *up;

	shadow.shadow = true;
	return px_emit_request(px, s, &shadow, &out) ? px_out_mbufs(px, &out) : NULL;
}

/** What endpoints are chosen by, and what they are told of the client. */
static void copy_client(struct sl_proxy *px, const struct px_session *s, struct px_session *m,
			const struct sl_snap_cluster *cluster)
{
	px_peer(s, &m->named);
	sl_tcp_local(s->conn, &m->local);
	m->has_named = true;
	memcpy(m->xff, s->xff, sizeof(m->xff));
	m->xff_len = s->xff_len;
	m->peer_len = s->peer_len;
	m->xff_cut = s->xff_cut;
	px_affinity(px, m, cluster);
}

static bool add(struct sl_proxy *px, struct px_session *s, uint32_t timeout_ms, uint32_t row,
		struct rte_mbuf *head)
{
	const struct sl_snap_cluster *cluster = sl_snap_cluster(px->lc->snap, row);
	struct rte_mbuf *copy = head ? px_clone(px, head) : NULL;
	struct px_session *m = copy ? mirror_get(px) : NULL;

	if (!m) {
		rte_pktmbuf_free(copy);
		return false;
	}
	*m = (struct px_session){.row = m->row,
				 .gen = m->gen + 1,
				 .mirror = true,
				 .state = PX_COPY,
				 .next = PX_NONE,
				 .prev = PX_NONE,
				 .up = PX_NONE,
				 .client = PX_NONE,
				 .mirrors = PX_NONE,
				 .mirror_next = s->mirrors,
				 .up_head = copy,
				 .cluster = cluster->slot,
				 .has_cluster = true,
				 .is_head = s->is_head,
				 .attempts_max = 1,
				 .timeout_ms = timeout_ms,
				 .armed_us = PX_NEVER,
				 .state_due_us = PX_NEVER};
	m->req.done = true;
	px_no_deadlines(m);
	copy_client(px, s, m, cluster);
	s->mirrors = m->row;
	return true;
}

void px_mirror_prepare(struct sl_proxy *px, struct px_session *s, const struct sl_snap_route *route,
		       const struct px_upward *up)
{
	struct rte_mbuf *head = NULL;

	/* What follows an upgrade is no request. */
	for (uint32_t i = 0; !s->upgrade && i < route->mirrors.n; i++) {
		const struct sl_snap_mirror *to =
			sl_snap_mirror(px->lc->snap, route->mirrors.first + i);

		if (!px_chosen(px, to->ppm))
			continue;
		if (!head)
			head = emit(px, s, up);
		if (!add(px, s, route->timeout_ms, to->cluster, head))
			px->lc->stats.c->http_mirror_no_room++;
	}
	rte_pktmbuf_free(head);
}

/** The request's body for its copy; false: it is left out, which is counted. */
static bool take_body(struct sl_proxy *px, const struct px_session *s, struct px_session *m)
{
	if (!s->req.touched)
		return true;
	if (!s->kept.on) {
		px->lc->stats.c->http_mirror_not_whole++;
		return false;
	}
	if (px_keep_copy(px, &s->kept, &m->kept))
		return true;
	px->lc->stats.c->http_mirror_no_room++;
	return false;
}

void px_mirror_start(struct sl_proxy *px, struct px_session *s)
{
	while (s->mirrors != PX_NONE) {
		struct px_session *m = &px->session[s->mirrors];
		uint32_t ms = m->timeout_ms ? m->timeout_ms : px->cfg.mirror_ms;

		s->mirrors = m->mirror_next;
		if (!take_body(px, s, m)) {
			mirror_put(px, m);
			continue;
		}
		px_cluster_stats(px, &m->cluster)->rq_total++;
		px_cluster_stats(px, &m->cluster)->rq_active++;
		m->in_request = true;
		m->life_due_us = px->lc->now_us + (uint64_t)ms * 1000;
		m->state = PX_BACKOFF;
		m->state_due_us = px->lc->now_us;
		px_session_later(px, m);
	}
}

void px_mirror_cancel(struct sl_proxy *px, struct px_session *s)
{
	while (s->mirrors != PX_NONE) {
		struct px_session *m = &px->session[s->mirrors];

		s->mirrors = m->mirror_next;
		px->lc->stats.c->http_mirror_not_whole++;
		mirror_put(px, m);
	}
}

/* ---- the copy on its way ---- */

/** It gets no answer. @param blame The endpoint is at fault. */
static enum px_step failed(struct sl_proxy *px, struct px_session *m, uint16_t status, bool blame)
{
	px->lc->stats.c->http_mirror_failed++;
	if (!m->res_started)
		px_count_answer(px, m, status);
	if (m->has_endpoint)
		px_endpoint_stats(px, &m->endpoint)->rq_error++;
	if (blame)
		px_health_result(px, m, SL_OUTLIER_LOCAL);
	mirror_put(px, m);
	return PX_WAIT;
}

static enum px_step left_out(struct sl_proxy *px, struct px_session *m, uint64_t *counter)
{
	++*counter;
	px_count_answer(px, m, 503);
	mirror_put(px, m);
	return PX_WAIT;
}

static enum px_step place(struct sl_proxy *px, struct px_session *m)
{
	struct sl_stats_counters *c = px->lc->stats.c;

	switch (px_place(px, m)) {
	case PX_PLACED:
		return PX_AGAIN;
	case PX_PLACE_WAITS:
		return PX_WAIT;
	case PX_PLACE_FAILED:
		return failed(px, m, 503, false);
	case PX_PLACE_OVERFLOW:
		return left_out(px, m, &c->http_mirror_overflow);
	case PX_PLACE_NO_CLUSTER:
	case PX_PLACE_NO_ENDPOINT:
		break;
	}
	return left_out(px, m, &c->http_mirror_no_endpoint);
}

static enum px_step connect_step(struct sl_proxy *px, struct px_session *m, struct px_up *u)
{
	if (u->closed) {
		px_up_not_opened(px, u);
		return failed(px, m, 503, true);
	}
	if (!u->open)
		return PX_WAIT;
	if (!px_send(px, m, u))
		return left_out(px, m, &px->lc->stats.c->http_mirror_no_room);
	px->lc->stats.c->http_mirror_sent++;
	return PX_AGAIN;
}

/** Whether a head may be gathered: clients' heads need the same buffers. */
static bool may_gather(struct sl_proxy *px, struct px_session *m, const struct px_up *u)
{
	if (u->head.buf == PX_NONE || m->buffered)
		return true;
	m->buffered = true;
	return ++px->mirror_bufs <= px->cfg.head_buffers / 4;
}

static enum px_step answer_step(struct sl_proxy *px, struct px_session *m, struct px_up *u)
{
	uint32_t len = 0;

	switch (px_head_response(px, &u->head, u->conn, m->is_head, &len)) {
	case PX_READ_MORE:
		/* A pooled connection that the endpoint had closed already is nobody's fault. */
		if (px_up_ended(u) || !may_gather(px, m, u))
			return failed(px, m, 503, px_up_ended(u) && !u->reused);
		return PX_WAIT;
	case PX_READ_BAD:
		return failed(px, m, 502, true);
	case PX_READ_NO_BUFFER:
		return failed(px, m, 503, false);
	case PX_READ_DONE:
		break;
	}
	if (px->rsp.status == 101)
		return failed(px, m, 502, true);
	if (px->rsp.status >= 200) {
		u->keep = px->rsp.keep_alive && px->rsp.framing != SL_HTTP_UNTIL_CLOSE;
		px_body_begin(&m->res, px->rsp.framing, px->rsp.length, false);
		px_answered(px, m, px->rsp.status);
	}
	px_head_consume(px, &u->head, u->conn, len);
	unbuffer(px, m);
	return PX_AGAIN;
}

static enum px_step discard_step(struct sl_proxy *px, struct px_session *m, struct px_up *u)
{
	switch (px_body_discard(&m->res, u->conn)) {
	case PX_MOVE_BUDGET:
		px_session_later(px, m);
		return PX_WAIT;
	case PX_MOVE_BAD:
		return failed(px, m, 0, true);
	case PX_MOVE_DONE:
		break;
	default:
		m->progress_us = px->lc->now_us;
		if (!px_up_ended(u))
			return PX_WAIT;
		if (m->res.framing != SL_HTTP_UNTIL_CLOSE || !sl_tcp_rx_eof(u->conn))
			return failed(px, m, 0, true);
	}
	px_up_done(px, m, true);
	mirror_put(px, m);
	return PX_WAIT;
}

enum px_step px_mirror_step(struct sl_proxy *px, struct px_session *m)
{
	struct px_up *u = m->up == PX_NONE ? NULL : &px->up[m->up];

	if (m->state == PX_BACKOFF)
		return place(px, m);
	if (m->state == PX_CONNECT)
		return connect_step(px, m, u);
	if (m->state == PX_ACTIVE)
		return m->res_started ? discard_step(px, m, u) : answer_step(px, m, u);
	return PX_WAIT;
}

void px_mirror_expired(struct sl_proxy *px, struct px_session *m)
{
	px_cluster_stats(px, &m->cluster)->rq_timeout++;
	failed(px, m, 504, !m->res_started && m->has_endpoint);
}
