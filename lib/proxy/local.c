/* SPDX-License-Identifier: BSD-3-Clause */
/* Answers of our own, with Envoy's bodies, details and flags. */
#include "proxy_int.h"

#define FLAG(name) (1u << SL_FLAG_##name)

/** Envoy's words for what happened to the last attempt. */
static const struct {
	struct sl_str reason;
	const char *details, *failure;
	uint32_t flag;
	uint16_t status;
} failed[PX_FAIL_COUNT] = {
	[PX_FAIL_REFUSED] = {{"connection failure", 18},
			     "upstream_reset_before_response_started{connection_failure}",
			     "delayed_connect_error:_111",
			     FLAG(UF)},
	[PX_FAIL_CONNECT_TIMEOUT] = {{"connection timeout", 18},
				     "upstream_reset_before_response_started{connection_timeout}",
				     "connect_timeout",
				     FLAG(UF)},
	[PX_FAIL_UNREACHABLE] = {{"connection failure", 18},
				 "upstream_reset_before_response_started{connection_failure}",
				 "delayed_connect_error:_113",
				 FLAG(UF)},
	[PX_FAIL_RESET] = {{"connection termination", 22},
			   "upstream_reset_before_response_started{connection_termination}",
			   NULL,
			   FLAG(UC)},
	[PX_FAIL_PROTOCOL] = {{"protocol error", 14},
			      "upstream_reset_before_response_started{protocol_error}",
			      NULL,
			      FLAG(UPE),
			      502},
};

/**
 * Whether nothing of the request is still to come: its body lies in the queue as a whole and is
 * thrown away. Otherwise the connection can't be used for another request.
 */
static bool body_discarded(struct px_session *s)
{
	if (s->req.done)
		return true;
	if (s->req.framing != SL_HTTP_LENGTH || sl_tcp_rx_len(s->conn) < s->req.left)
		return false;
	sl_tcp_rx_skip(s->conn, (uint32_t)s->req.left);
	return true;
}

static void put_own(const struct px_session *s, const struct px_answer *a, struct sl_str name,
		    struct sl_str value, struct sl_http_out *out)
{
	if (!a->changed || !px_change_answer_drops(s, name))
		sl_http_put_field(out, name, value);
}

static void emit(struct sl_proxy *px, struct px_session *s, const struct px_answer *a,
		 struct sl_http_out *out)
{
	sl_http_put_status(out, a->status, sl_str(sl_http_reason(a->status)));
	if (a->location.n > 0)
		put_own(s, a, SL_STR("location"), a->location, out);
	if (a->status >= 200 && a->status != 204 && a->status != 304) {
		sl_http_put(out, SL_STR("content-length: "));
		sl_http_put_u64(out, a->body.n);
		sl_http_put(out, SL_STR("\r\n"));
		if (a->body.n > 0)
			put_own(s, a, SL_STR("content-type"), SL_STR("text/plain"), out);
	}
	put_own(s, a, SL_STR("date"), px_date(px), out);
	put_own(s, a, SL_STR("server"), px->server, out);
	px_change_answer_put(s, !a->changed, out);
	sl_http_put(out, a->fields);
	if (a->status == 426)
		sl_http_put(out, SL_STR("upgrade: HTTP/1.1\r\nconnection: upgrade, close\r\n"));
	else if (s->close)
		sl_http_put(out, SL_STR("connection: close\r\n"));
	else if (s->minor == 0)
		sl_http_put(out, SL_STR("connection: keep-alive\r\n"));
	sl_http_put(out, SL_STR("\r\n"));
}

static bool put_body(struct sl_proxy *px, struct px_chain *ch, struct sl_str body)
{
	for (uint32_t at = 0; at < body.n;) {
		uint32_t n = SL_MIN(body.n - at, SL_MBUF_DATA);

		if (!px_chain_copy(px, ch, body.p + at, n))
			return false;
		at += n;
	}
	return true;
}

/** Sends it; false: no mbufs, nothing was sent. */
static bool send(struct sl_proxy *px, struct px_session *s, const struct px_answer *a)
{
	struct sl_http_out out = {.p = px->scratch, .cap = PX_SCRATCH_MAX};
	bool body = !s->is_head && a->status >= 200 && a->status != 204 && a->status != 304;
	struct px_chain ch = {0};
	uint32_t len;

	emit(px, s, a, &out);
	px_chain_add(&ch, px_out_mbufs(px, &out));
	if (!ch.head || (body && !put_body(px, &ch, a->body))) {
		rte_pktmbuf_free(ch.head);
		return false;
	}
	len = ch.len;
	px_chain_send(&ch, s->conn);
	px_count_bytes(px, s, 0, len);
	s->res.bytes = body ? a->body.n : 0;
	return true;
}

void px_local(struct sl_proxy *px, struct px_session *s, const struct px_answer *a)
{
	bool sent;

	if (s->relay) {
		px_relay_failed(px, s, a->flags);
		return;
	}
	px_request_count(px, s);
	if (a->close || px->draining || !body_discarded(s))
		s->close = true;
	s->flags |= a->flags;
	s->details = a->details;
	sent = send(px, s, a);
	if (sent) {
		s->status = a->status;
		px_count_answer(px, s, a->status);
	} else {
		px->lc->stats.c->http_buffers_exhausted++;
	}
	px_request_end(px, s);
	if (!sent)
		px_session_abort(px, s);
	else if (s->close)
		px_session_linger(px, s);
	else
		px_session_next(px, s);
}

void px_local_error(struct sl_proxy *px, struct px_session *s, enum sl_http_error error)
{
	uint16_t status = sl_http_error_status(error);

	px->lc->stats.c->http_bad_request++;
	px_local(
		px, s,
		&(struct px_answer){.status = status ? status : 400,
				    .details = sl_http_error_details(error),
				    .body = error == SL_HTTP_E_MISSING_HOST
						    ? SL_STR("")
						    : sl_str(sl_http_reason(status ? status : 400)),
				    .flags = FLAG(DPE),
				    .close = true});
}

void px_local_no_buffers(struct sl_proxy *px, struct px_session *s)
{
	px->lc->stats.c->http_buffers_exhausted++;
	px_local(px, s,
		 &(struct px_answer){.status = 503,
				     .details = "overload",
				     .body = SL_STR("envoy overloaded"),
				     .flags = FLAG(OM),
				     .close = true});
}

void px_local_timeout(struct sl_proxy *px, struct px_session *s, const char *details)
{
	px_local(px, s,
		 &(struct px_answer){.status = 504,
				     .details = details,
				     .body = SL_STR("upstream request timeout"),
				     .flags = FLAG(UT)});
}

void px_local_failed(struct sl_proxy *px, struct px_session *s, enum px_fail why)
{
	struct sl_http_out out = {.p = px->rewritten, .cap = PX_TARGET_MAX};

	if (why == PX_FAIL_TRY_TIMEOUT) {
		px_local_timeout(px, s, "upstream_per_try_timeout");
		return;
	}
	sl_http_put(&out, SL_STR("upstream connect error or disconnect/reset before headers. "));
	if (s->attempts > 1)
		sl_http_put(&out, SL_STR("retried and the latest "));
	sl_http_put(&out, SL_STR("reset reason: "));
	sl_http_put(&out, failed[why].reason);
	s->failure = failed[why].failure;
	px_local(px, s,
		 &(struct px_answer){.status = failed[why].status ? failed[why].status : 503,
				     .details = failed[why].details,
				     .body = {out.p, (uint32_t)out.n},
				     .flags = failed[why].flag});
}

void px_local_too_large(struct sl_proxy *px, struct px_session *s)
{
	px_local(px, s,
		 &(struct px_answer){.status = 413,
				     .details = "request_payload_too_large",
				     .body = SL_STR("Payload Too Large"),
				     .close = true});
}

void px_local_bad_answer(struct sl_proxy *px, struct px_session *s)
{
	px_endpoint_stats(px, &s->endpoint)->rq_error++;
	px_health_result(px, s, SL_OUTLIER_LOCAL);
	px_up_drop(px, s);
	px_local(
		px, s,
		&(struct px_answer){
			.status = 502,
			.details = "upstream_reset_before_response_started{protocol_error}",
			.body = SL_STR("upstream connect error or disconnect/reset before headers. "
				       "reset reason: protocol error"),
			.flags = FLAG(UPE)});
}
