/* SPDX-License-Identifier: BSD-3-Clause */
/* An endpoint's answer up to the end of its head: interim answers, 101, the final one. */
#include "proxy_int.h"

enum emitted { EMITTED, EMIT_TOO_LARGE, EMIT_NO_MBUF };

/** Sends what was written to the client. */
static enum emitted send_head(struct sl_proxy *px, struct px_session *s,
			      const struct sl_http_out *out)
{
	struct rte_mbuf *m;

	if (out->full)
		return EMIT_TOO_LARGE;
	m = px_out_mbufs(px, out);
	if (!m)
		return EMIT_NO_MBUF;
	sl_tcp_tx(s->conn, m);
	px_count_bytes(px, s, 0, out->n);
	s->progress_us = px->lc->now_us;
	return EMITTED;
}

static enum px_step not_emitted(struct sl_proxy *px, struct px_session *s, enum emitted why)
{
	if (why == EMIT_NO_MBUF) {
		/* The head stays where it is until there are mbufs again. */
		px->lc->stats.c->http_buffers_exhausted++;
		px_session_later(px, s);
		return PX_WAIT;
	}
	px_local_bad_answer(px, s);
	return PX_AGAIN;
}

static enum px_step interim(struct sl_proxy *px, struct px_session *s, struct px_up *u,
			    uint32_t len)
{
	struct sl_http_out out = {.p = px->scratch, .cap = PX_SCRATCH_MAX};

	/* An HTTP/1.0 client knows none (RFC 9110 15.2). */
	if (s->minor > 0) {
		enum emitted e;

		px_emit_interim(px, s, &out);
		e = send_head(px, s, &out);
		if (e != EMITTED)
			return not_emitted(px, s, e);
		px_count_answer(px, s, px->rsp.status);
	}
	u->answered = true;
	px_head_consume(px, &u->head, u->conn, len);
	return PX_AGAIN;
}

void px_answered(struct sl_proxy *px, struct px_session *s, uint16_t status)
{
	struct sl_stats_endpoint *ep = px_endpoint_stats(px, &s->endpoint);

	s->status = status;
	s->details = "via_upstream";
	s->res_started = true;
	s->try_due_us = PX_NEVER;
	px_keep_end(px, s);
	px_count_answer(px, s, status);
	sl_hist_add(&px_cluster_stats(px, &s->cluster)->latency, px->lc->now_us - s->sent_us);
	px_health_result(px, s, sl_outlier_of_status(status));
	if (status >= 500)
		ep->rq_error++;
	else
		ep->rq_success++;
}

/** Whether a 101 is what this request asked for (RFC 9110 15.2.2). */
static bool may_switch(struct sl_proxy *px, struct px_session *s)
{
	const struct sl_http_response *rsp = &px->rsp;

	if (!s->upgrade)
		return false;
	for (uint16_t i = 0; i < rsp->n_fields; i++)
		if (rsp->field[i].known == SL_HTTP_F_UPGRADE)
			return sl_str_ieq(rsp->field[i].value, SL_STR("websocket"));
	return false;
}

static enum px_step switching(struct sl_proxy *px, struct px_session *s, struct px_up *u,
			      uint32_t len)
{
	struct sl_http_out out = {.p = px->scratch, .cap = PX_SCRATCH_MAX};
	enum emitted e;

	if (!may_switch(px, s)) {
		px_attempt_failed(px, s, PX_FAIL_PROTOCOL);
		return PX_AGAIN;
	}
	px_emit_switching(px, s, &out);
	e = send_head(px, s, &out);
	if (e != EMITTED)
		return not_emitted(px, s, e);
	px_answered(px, s, 101);
	px_head_consume(px, &u->head, u->conn, len);
	px_body_begin(&s->req, SL_HTTP_TUNNEL, 0, false);
	px_body_begin(&s->res, SL_HTTP_TUNNEL, 0, false);
	s->request_due_us = s->whole_due_us = s->rate_due_us = PX_NEVER;
	s->state = PX_TUNNEL;
	return PX_AGAIN;
}

/** How the body reaches the client: as it came, re-chunked, or until close for HTTP/1.0. */
static void begin_body(struct sl_proxy *px, struct px_session *s)
{
	const struct sl_http_response *rsp = &px->rsp;
	bool open_end = rsp->framing == SL_HTTP_CHUNKED || rsp->framing == SL_HTTP_UNTIL_CLOSE;

	/* What is left of an upload after the answer is not worth waiting for. */
	if (!s->req.done || px->draining || (open_end && s->minor == 0))
		s->close = true;
	px_body_begin(&s->res, rsp->framing, rsp->length, open_end && s->minor > 0);
	s->res.trailers = rsp->framing == SL_HTTP_CHUNKED && s->res.rechunk && s->te_trailers &&
			  !rsp->names_fields && px_trailers_wanted(px, s);
}

static enum px_step final(struct sl_proxy *px, struct px_session *s, struct px_up *u, uint32_t len)
{
	struct sl_http_out out = {.p = px->scratch, .cap = PX_SCRATCH_MAX};
	enum emitted e;

	if (px_may_retry_answer(px, s, px->rsp.status)) {
		px_answer_retried(px, s);
		return PX_AGAIN;
	}
	begin_body(px, s);
	px_emit_response(px, s, &out);
	e = send_head(px, s, &out);
	if (e != EMITTED)
		return not_emitted(px, s, e);
	u->keep = px->rsp.keep_alive && px->rsp.framing != SL_HTTP_UNTIL_CLOSE;
	px_answered(px, s, px->rsp.status);
	px_head_consume(px, &u->head, u->conn, len);
	return PX_AGAIN;
}

/** The endpoint will say no more, and the head is not complete. */
static void head_missing(struct sl_proxy *px, struct px_session *s, struct px_up *u)
{
	bool begun = u->head.seen > 0 || u->head.buf != PX_NONE;

	px_attempt_failed(px, s, begun ? PX_FAIL_PROTOCOL : PX_FAIL_RESET);
}

enum px_step px_response_step(struct sl_proxy *px, struct px_session *s, struct px_up *u)
{
	uint32_t len = 0;

	if (sl_tcp_tx_room(s->conn) == 0)
		return PX_WAIT;
	if (s->first_byte_us == UINT32_MAX && sl_tcp_rx_len(u->conn) > 0)
		s->first_byte_us = (uint32_t)(px->lc->now_us - s->start_us);
	switch (px_head_response(px, &u->head, u->conn, s->is_head, &len)) {
	case PX_READ_MORE:
		if (!px_up_ended(u))
			return PX_WAIT;
		head_missing(px, s, u);
		return PX_AGAIN;
	case PX_READ_BAD:
		px_attempt_failed(px, s, PX_FAIL_PROTOCOL);
		return PX_AGAIN;
	case PX_READ_NO_BUFFER:
		px_up_drop(px, s);
		px_local_no_buffers(px, s);
		return PX_AGAIN;
	case PX_READ_DONE:
		break;
	}
	if (px->rsp.status == 101)
		return switching(px, s, u, len);
	if (px->rsp.status < 200)
		return interim(px, s, u, len);
	return final(px, s, u, len);
}
