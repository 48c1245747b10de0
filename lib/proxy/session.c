/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One client connection: opened by TCP, run through its states by events and timers, closed.
 * px_session_run is the only place that steps; nothing below it calls it again.
 */
#include "proxy_int.h"

#include <netinet/in.h>

void px_session_count(struct sl_proxy *px, struct px_session *s, int64_t by)
{
	struct sl_stats_listener *l = px_listener_stats(px, &s->listener);

	px->sessions = (uint32_t)(px->sessions + by);
	px->lc->stats.c->http_downstream_cx_active += (uint64_t)by;
	l->cx_active += (uint64_t)by;
	if (s->has_service)
		px_service_stats(px, &s->service)->sessions += (uint64_t)by;
	if (by < 0)
		return;
	px->lc->stats.c->http_downstream_cx_total++;
	l->cx_total++;
	if (s->has_service)
		px_service_stats(px, &s->service)->sessions_total++;
}

/**
 * Which listener a connection belongs to, by the address that the client used. Asked when the
 * connection is open, not when its SYN came: the configuration may have changed in between.
 */
bool px_session_listener(struct sl_proxy *px, struct px_session *s, const struct sl_tcp_conn *conn)
{
	const struct sl_snap *snap = px->lc->snap;
	struct sl_ip_port local;
	struct sl_ip any = {0};
	uint32_t service, listener = PX_NONE;

	if (!snap)
		return false;
	sl_tcp_local(conn, &local);
	if (sl_ip_is_v4(&local.ip))
		any = sl_ip_from_v4(0);
	service = sl_snap_service_find(snap, &local.ip, local.port, IPPROTO_TCP);
	if (service == SL_SNAP_NONE)
		service = sl_snap_service_find(snap, &any, local.port, IPPROTO_TCP);
	if (service != SL_SNAP_NONE)
		listener = sl_snap_service(snap, service)->listener;
	s->has_service = listener != PX_NONE;
	if (s->has_service)
		s->service = sl_snap_service(snap, service)->slot;
	else
		listener = sl_snap_listener_find(snap, &local.ip, local.port);
	if (listener == PX_NONE)
		return false;
	s->listener = sl_snap_listener(snap, listener)->slot;
	return true;
}

/** Whether there is a session for a new connection: the greediest client gives one up. */
static bool make_room(struct sl_proxy *px, const struct sl_tcp_conn *conn)
{
	struct px_session *s;
	struct sl_ip_port peer;

	if (px->free_session != PX_NONE)
		return true;
	sl_tcp_remote(conn, &peer);
	s = px_client_greedier(px, &peer.ip);
	if (!s)
		return false;
	px->lc->stats.c->http_cx_shed++;
	px_session_close(px, s);
	return true;
}

void px_session_begin(struct sl_proxy *px, struct px_session *s, struct sl_tcp_conn *conn)
{
	*s = (struct px_session){.conn = conn,
				 .row = s->row,
				 .gen = s->gen + 1,
				 .next = s->next,
				 .prev = PX_NONE,
				 .up = PX_NONE,
				 .client = PX_NONE,
				 .mirrors = PX_NONE,
				 .state = PX_HEAD,
				 .opened_us = px->lc->now_us,
				 .minor = 1,
				 .armed_us = PX_NEVER,
				 .request_due_us = PX_NEVER,
				 .try_due_us = PX_NEVER,
				 .whole_due_us = PX_NEVER,
				 .rate_due_us = PX_NEVER,
				 .life_due_us = PX_NEVER,
				 .listener = s->listener,
				 .service = s->service,
				 .has_service = s->has_service};
	px_head_init(&s->head);
}

void px_session_open(struct sl_proxy *px, struct sl_tcp_conn *conn)
{
	struct px_session *s;
	bool named;

	if (!make_room(px, conn)) {
		px->lc->stats.c->http_buffers_exhausted++;
		sl_tcp_abort(conn);
		return;
	}
	s = &px->session[px->free_session];
	if (!px_session_listener(px, s, conn)) {
		sl_tcp_abort(conn);
		return;
	}
	px_session_begin(px, s, conn);
	/* Behind a proxy in front it is the client that counts, once it was named. */
	named = px_preface_expected(px, s);
	if (!named && !px_client_add(px, s)) {
		s->state = PX_FREE;
		s->conn = NULL;
		sl_tcp_abort(conn);
		return;
	}
	px->free_session = s->next;
	s->next = PX_NONE;
	s->state_due_us = px->lc->now_us + (uint64_t)px->cfg.idle_timeout_ms * 1000;
	sl_tcp_set_user(conn, px_handle(s->row, s->gen));
	px_session_count(px, s, 1);
	s->relay = px_relay_expected(px, s);
	if (named) {
		s->state = PX_PREFACE;
		s->state_due_us = px->lc->now_us + (uint64_t)px->cfg.head_timeout_ms * 1000;
	}
	sl_tcp_note(conn, s->row);
	px_session_run(px, s);
}

void px_session_unqueue(struct sl_proxy *px, struct px_session *s)
{
	if (!s->queued)
		return;
	if (s->prev != PX_NONE)
		px->session[s->prev].next = s->next;
	else
		px->run_head = s->next;
	if (s->next != PX_NONE)
		px->session[s->next].prev = s->prev;
	else
		px->run_tail = s->prev;
	s->next = s->prev = PX_NONE;
	s->queued = false;
	px->run_n--;
}

void px_session_later(struct sl_proxy *px, struct px_session *s)
{
	if (s->queued)
		return;
	s->queued = true;
	s->next = PX_NONE;
	s->prev = px->run_tail;
	if (px->run_tail != PX_NONE)
		px->session[px->run_tail].next = s->row;
	else
		px->run_head = s->row;
	px->run_tail = s->row;
	px->run_n++;
}

struct px_session *px_session_next_queued(struct sl_proxy *px)
{
	struct px_session *s = &px->session[px->run_head];

	px_session_unqueue(px, s);
	return s;
}

/** Gives the session back; its TCP connection has been dealt with. */
static void session_free(struct sl_proxy *px, struct px_session *s)
{
	px_up_drop(px, s);
	px_head_free(px, &s->head);
	px_keep_end(px, s);
	px_trailers_free(px, &s->req);
	px_trailers_free(px, &s->res);
	rte_pktmbuf_free(s->changes);
	s->changes = NULL;
	px_session_unqueue(px, s);
	px_client_remove(px, s);
	sl_wheel_cancel(px->wheel, s->row);
	px_session_count(px, s, -1);
	s->state = PX_FREE;
	s->conn = NULL;
	s->next = px->free_session;
	px->free_session = s->row;
}

void px_session_close(struct sl_proxy *px, struct px_session *s)
{
	sl_tcp_close(s->conn);
	session_free(px, s);
}

void px_session_abort(struct sl_proxy *px, struct px_session *s)
{
	sl_tcp_abort(s->conn);
	session_free(px, s);
}

void px_session_linger(struct sl_proxy *px, struct px_session *s)
{
	px_head_free(px, &s->head);
	s->state = PX_LINGER;
	s->lingered = 0;
	s->state_due_us = px->lc->now_us + PX_LINGER_US;
	px_no_deadlines(s);
	sl_tcp_shutdown(s->conn);
	px_timer_arm(px, s);
}

/** FIN before RST: the client gets its time to read the answer (RFC 9112 9.6). */
static enum px_step linger_step(struct sl_proxy *px, struct px_session *s)
{
	uint32_t n = sl_tcp_rx_len(s->conn);

	s->lingered += n;
	if (n > 0)
		sl_tcp_rx_skip(s->conn, n);
	if (sl_tcp_rx_eof(s->conn) || s->lingered >= PX_LINGER_BYTES)
		px_session_close(px, s);
	return PX_WAIT;
}

void px_session_next(struct sl_proxy *px, struct px_session *s)
{
	s->state = PX_HEAD;
	s->state_due_us = px->lc->now_us + (uint64_t)px->cfg.idle_timeout_ms * 1000;
}

void px_session_retire(struct sl_proxy *px, struct px_session *s)
{
	uint64_t due = px->lc->now_us + (uint64_t)px->cfg.head_timeout_ms * 1000;

	s->close = true;
	sl_tcp_unkeep(s->conn);
	if (s->state != PX_HEAD || s->start_us != 0 || sl_tcp_rx_len(s->conn) > 0)
		return;
	if (s->served) {
		px_session_linger(px, s);
		return;
	}
	s->state_due_us = SL_MIN(s->state_due_us, due);
	px_timer_arm(px, s);
}

static enum px_step step(struct sl_proxy *px, struct px_session *s)
{
	if (s->mirror)
		return px_mirror_step(px, s);
	switch ((enum px_state)s->state) {
	case PX_PREFACE:
		return px_preface_step(px, s);
	case PX_HEAD:
		return s->relay ? px_relay_step(px, s) : px_request_step(px, s);
	case PX_CONNECT:
		return px_connect_step(px, s);
	case PX_ACTIVE:
		return px_exchange_step(px, s);
	case PX_TUNNEL:
		return px_tunnel_step(px, s);
	case PX_LINGER:
		return linger_step(px, s);
	case PX_BACKOFF:
		if (s->state_due_us > px->lc->now_us)
			return PX_WAIT;
		px_forward(px, s);
		return PX_AGAIN;
	case PX_PENDING:
	case PX_COPY:
	case PX_DELAY:
	case PX_RESTORED:
	case PX_FREE:
		break;
	}
	return PX_WAIT;
}

void px_session_run(struct sl_proxy *px, struct px_session *s)
{
	uint32_t n = 0;

	while (n < PX_STEPS_MAX && step(px, s) == PX_AGAIN)
		n++;
	if (s->state == PX_FREE)
		return;
	if (n == PX_STEPS_MAX)
		px_session_later(px, s);
	px_timer_arm(px, s);
	px_restore_keep(px, s);
}

void px_session_closed(struct sl_proxy *px, struct px_session *s)
{
	/* Both sides said FIN in turn: what the client said last still goes up. */
	if (s->state == PX_TUNNEL && sl_tcp_end(s->conn) == SL_TCP_END_FIN) {
		px_session_run(px, s);
		return;
	}
	if (s->in_request) {
		s->flags |= 1u << SL_FLAG_DC;
		s->details = "downstream_remote_disconnect";
		px_request_end(px, s);
	}
	sl_tcp_release(s->conn);
	session_free(px, s);
}
