/* SPDX-License-Identifier: BSD-3-Clause */
/* A request under way: body up, answer down, both at once; tunnels; and how it all ends. */
#include "proxy_int.h"

void px_client_gone(struct sl_proxy *px, struct px_session *s)
{
	s->flags |= 1u << SL_FLAG_DC;
	s->details = "downstream_remote_disconnect";
	px_request_end(px, s);
	px_session_abort(px, s);
}

void px_cut(struct sl_proxy *px, struct px_session *s, const char *details, enum sl_flag flag)
{
	bool framed = s->state != PX_TUNNEL && (s->res.framing == SL_HTTP_LENGTH || s->res.rechunk);

	s->flags |= 1u << flag;
	s->details = details;
	px_endpoint_stats(px, &s->endpoint)->rq_error++;
	if (flag == SL_FLAG_UC || flag == SL_FLAG_UPE)
		px_health_result(px, s, SL_OUTLIER_LOCAL);
	px_request_end(px, s);
	/* Where the framing shows that something is missing, FIN lets the client have the rest. */
	if (framed)
		px_session_close(px, s);
	else
		px_session_abort(px, s);
}

static void body_too_large(struct sl_proxy *px, struct px_session *s)
{
	px->lc->stats.c->http_rq_too_large++;
	if (s->res_started) {
		px_cut(px, s, "request_payload_too_large", SL_FLAG_DPE);
		return;
	}
	px_up_drop(px, s);
	px_local_too_large(px, s);
}

static void bad_body(struct sl_proxy *px, struct px_session *s)
{
	enum sl_http_error error = (enum sl_http_error)s->req.chunks.error;

	if (s->res_started) {
		px_cut(px, s, sl_http_error_details(error), SL_FLAG_DPE);
		return;
	}
	px_up_drop(px, s);
	px_local_error(px, s, error);
}

/** Moves the request's body up; false: the request is over. */
static bool upload(struct sl_proxy *px, struct px_session *s, struct px_up *u)
{
	uint64_t before = s->req.bytes;
	enum px_move r;

	if (s->req.done || u->closed)
		return true;
	r = px_body_move(px, &s->req, s->conn, u->conn, &s->kept);
	if (s->req.bytes != before) {
		px_count_bytes(px, s, s->req.bytes - before, 0);
		s->progress_us = px->lc->now_us;
		s->expects = false;
	}
	if (px->cfg.body_bytes > 0 && s->req.bytes > px->cfg.body_bytes) {
		body_too_large(px, s);
		return false;
	}
	switch (r) {
	case PX_MOVE_BAD:
		bad_body(px, s);
		return false;
	case PX_MOVE_NO_MBUF:
		px->lc->stats.c->http_buffers_exhausted++;
		px_session_later(px, s);
		break;
	case PX_MOVE_BUDGET:
		px_session_later(px, s);
		break;
	case PX_MOVE_WAIT:
		s->held_up |= sl_tcp_rx_len(s->conn) > 0;
		if (sl_tcp_rx_len(s->conn) > 0 || !sl_tcp_rx_eof(s->conn))
			break;
		px_client_gone(px, s);
		return false;
	case PX_MOVE_DONE:
		s->whole_due_us = s->rate_due_us = PX_NEVER;
		px_deadlines(px, s);
		px_mirror_start(px, s);
		break;
	}
	return true;
}

static void exchange_done(struct sl_proxy *px, struct px_session *s)
{
	bool sent = s->req.done;

	px_request_end(px, s);
	px_up_done(px, s, sent);
	if (s->close)
		px_session_linger(px, s);
	else
		px_session_next(px, s);
}

/** The endpoint ended its side: right for a body until close, else the answer is cut. */
static enum px_step answer_ended(struct sl_proxy *px, struct px_session *s, struct px_up *u)
{
	if (s->res.framing == SL_HTTP_UNTIL_CLOSE && sl_tcp_rx_eof(u->conn)) {
		if (!px_body_finish(px, &s->res, s->conn)) {
			px_session_later(px, s);
			return PX_WAIT;
		}
		exchange_done(px, s);
		return PX_AGAIN;
	}
	px_cut(px, s, "upstream_reset_after_response_started{connection_termination}", SL_FLAG_UC);
	return PX_WAIT;
}

static enum px_step download(struct sl_proxy *px, struct px_session *s, struct px_up *u)
{
	uint64_t before = s->res.bytes;
	enum px_move r = px_body_move(px, &s->res, u->conn, s->conn, NULL);

	if (s->res.bytes != before) {
		px_count_bytes(px, s, 0, s->res.bytes - before);
		s->progress_us = px->lc->now_us;
	}
	switch (r) {
	case PX_MOVE_DONE:
		exchange_done(px, s);
		return PX_AGAIN;
	case PX_MOVE_BAD:
		px_cut(px, s, "upstream_reset_after_response_started{protocol_error}", SL_FLAG_UPE);
		break;
	case PX_MOVE_NO_MBUF:
		px->lc->stats.c->http_buffers_exhausted++;
		px_session_later(px, s);
		break;
	case PX_MOVE_BUDGET:
		px_session_later(px, s);
		break;
	case PX_MOVE_WAIT:
		if (sl_tcp_rx_len(u->conn) == 0 && px_up_ended(u))
			return answer_ended(px, s, u);
		break;
	}
	return PX_WAIT;
}

enum px_step px_exchange_step(struct sl_proxy *px, struct px_session *s)
{
	struct px_up *u = &px->up[s->up];

	if (!upload(px, s, u))
		return PX_AGAIN;
	if (!s->res_started)
		return px_response_step(px, s, u);
	return download(px, s, u);
}

/** One direction of a tunnel; a FIN is handed on when all before it went through. */
static void tunnel_move(struct sl_proxy *px, struct px_session *s, struct px_body *b,
			struct sl_tcp_conn *from, struct sl_tcp_conn *to)
{
	uint64_t before = b->bytes;

	if (b->done)
		return;
	if (px_body_move(px, b, from, to, NULL) == PX_MOVE_NO_MBUF)
		px_session_later(px, s);
	if (b->bytes != before)
		s->progress_us = px->lc->now_us;
	if (sl_tcp_rx_len(from) == 0 && sl_tcp_rx_eof(from)) {
		b->done = true;
		sl_tcp_shutdown(to);
	}
}

enum px_step px_tunnel_step(struct sl_proxy *px, struct px_session *s)
{
	struct px_up *u = &px->up[s->up];
	uint64_t in = s->req.bytes, out = s->res.bytes;

	if (!u->closed)
		tunnel_move(px, s, &s->req, s->conn, u->conn);
	tunnel_move(px, s, &s->res, u->conn, s->conn);
	px_count_bytes(px, s, s->req.bytes - in, s->res.bytes - out);
	if (s->res.done && (s->req.done || u->closed)) {
		px_request_end(px, s);
		px_up_done(px, s, true);
		px_session_linger(px, s);
		return PX_AGAIN;
	}
	if (u->closed && sl_tcp_rx_len(u->conn) == 0) {
		s->details = "upstream_reset_after_response_started{connection_termination}";
		s->flags |= 1u << SL_FLAG_UC;
		px_request_end(px, s);
		px_session_abort(px, s);
	}
	return PX_WAIT;
}
