/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Client connections that outlive the process. One that waits for a request is kept by TCP under
 * its session's row; the process that comes after takes it up at its start and serves it from the
 * first configuration on. The others are reset.
 */
#include "proxy_int.h"

static void row_free(struct sl_proxy *px, struct px_session *s)
{
	s->state = PX_FREE;
	s->conn = NULL;
	s->next = px->free_session;
	px->free_session = s->row;
}

static bool take_up(struct sl_proxy *px, struct px_session *s)
{
	struct sl_tcp_memo memo;
	struct sl_tcp_conn *conn = sl_tcp_restore(px->tcp, s->row, &memo);

	if (!conn)
		return false;
	px_session_begin(px, s, conn);
	s->next = PX_NONE;
	s->state = PX_RESTORED;
	s->opened_us = memo.opened_us;
	s->state_due_us = memo.due_us;
	s->named = (struct sl_ip_port){memo.named, memo.named_port};
	s->has_named = memo.has_named != 0;
	s->served = memo.served != 0;
	s->requests = memo.requests;
	sl_tcp_set_user(conn, px_handle(s->row, s->gen));
	px->restored++;
	return true;
}

void px_restore(struct sl_proxy *px)
{
	uint32_t n = px->cfg.sessions_max;

	for (uint32_t i = 0; i < n; i++)
		take_up(px, &px->session[i]);
	/* Backwards, so that the lowest are given out first; last those whose place holds a
	 * connection that is yet to be reset. */
	px->free_session = PX_NONE;
	for (uint32_t pass = 0; pass < 2; pass++)
		for (uint32_t i = n; i-- > 0;)
			if (px->session[i].state == PX_FREE &&
			    sl_tcp_lost(px->tcp, i) == (pass == 0))
				row_free(px, &px->session[i]);
}

void px_restore_event(struct sl_proxy *px, struct px_session *s, uint32_t events)
{
	/* What it sent waits in its queue for the configuration. */
	if (!(events & SL_TCP_CLOSED))
		return;
	sl_tcp_release(s->conn);
	px->restored--;
	row_free(px, s);
}

/** Goes on where it stopped, if it still may. */
static void go_on(struct sl_proxy *px, struct px_session *s)
{
	uint64_t now = px->lc->now_us;
	bool close = s->close;

	px->restored--;
	/* Its idle time went on; a clock that began anew must not make it longer. */
	s->opened_us = SL_MIN(s->opened_us, now);
	s->state_due_us = SL_MIN(s->state_due_us, now + (uint64_t)px->cfg.idle_timeout_ms * 1000);
	if (s->state_due_us <= now || !sl_tcp_ours(s->conn) ||
	    !px_session_listener(px, s, s->conn) || px_relay_expected(px, s) ||
	    !px_client_add(px, s)) {
		px->lc->stats.c->tcp_restore_gone++;
		sl_tcp_abort(s->conn);
		row_free(px, s);
		return;
	}
	px->lc->stats.c->tcp_restored++;
	s->state = PX_HEAD;
	px_session_count(px, s, 1);
	if (close)
		px_session_retire(px, s);
	px_session_run(px, s);
}

void px_restore_epoch(struct sl_proxy *px)
{
	for (uint32_t i = 0; px->restored > 0 && i < px->cfg.sessions_max; i++)
		if (px->session[i].state == PX_RESTORED)
			go_on(px, &px->session[i]);
}

void px_restore_keep(struct sl_proxy *px, struct px_session *s)
{
	struct sl_tcp_memo memo;

	if (s->state != PX_HEAD || s->start_us != 0 || s->close || s->relay)
		return;
	memo = (struct sl_tcp_memo){.named = s->named.ip,
				    .opened_us = s->opened_us,
				    .due_us = s->state_due_us,
				    .requests = s->requests,
				    .named_port = s->named.port,
				    .has_named = s->has_named,
				    .served = s->served};
	sl_tcp_keep(s->conn, s->row, &memo);
}
