/* SPDX-License-Identifier: BSD-3-Clause */
/* Attempts: an endpoint chosen, a connection found or opened, the request's head sent over it. */
#include "proxy_int.h"

#include <errno.h>

void px_deadlines(struct sl_proxy *px, struct px_session *s)
{
	uint64_t now = px->lc->now_us;

	if (!s->req.done)
		return;
	if (s->timeout_ms > 0 && s->request_due_us == PX_NEVER)
		s->request_due_us = now + (uint64_t)s->timeout_ms * 1000;
	if (s->per_try_ms > 0 && s->try_due_us == PX_NEVER && s->state == PX_ACTIVE)
		s->try_due_us = now + (uint64_t)s->per_try_ms * 1000;
}

/** How long this attempt may take, for the endpoint to know; 0: as long as it wants. */
static uint64_t expected_ms(const struct sl_proxy *px, const struct px_session *s)
{
	uint64_t now = px->lc->now_us, left = s->timeout_ms;

	/* The request's own time has run since it was there as a whole. */
	if (s->request_due_us != PX_NEVER)
		left = s->request_due_us > now + 1000 ? (s->request_due_us - now) / 1000 : 1;
	if (s->per_try_ms == 0)
		return left;
	return left > 0 ? SL_MIN(left, (uint64_t)s->per_try_ms) : s->per_try_ms;
}

/** The fields that differ from attempt to attempt, and the end of the head. */
static bool append_tail(struct sl_proxy *px, struct px_session *s, struct px_chain *ch)
{
	uint64_t expected = expected_ms(px, s);
	char text[128];
	struct sl_http_out out = {.p = text, .cap = sizeof(text)};
	struct rte_mbuf *m = ch->tail;

	if (expected > 0) {
		sl_http_put(&out, SL_STR("x-envoy-expected-rq-timeout-ms: "));
		sl_http_put_u64(&out, expected);
		sl_http_put(&out, SL_STR("\r\n"));
	}
	sl_http_put(&out, SL_STR("x-envoy-attempt-count: "));
	sl_http_put_u64(&out, s->attempts);
	sl_http_put(&out, SL_STR("\r\n\r\n"));
	/* A clone's room belongs to the first attempt's mbuf, which may still be on its way out. */
	ch->own = RTE_MBUF_DIRECT(m) && rte_pktmbuf_tailroom(m) >= out.n;
	return px_chain_copy(px, ch, text, (uint32_t)out.n);
}

bool px_send(struct sl_proxy *px, struct px_session *s, struct px_up *u)
{
	struct px_chain ch = {0};
	bool whole = px_preface_put(px, s, u, &ch);

	px_chain_add(&ch, s->up_head);
	s->up_head = NULL;
	whole = whole && append_tail(px, s, &ch);
	u->sent_bytes = ch.len;
	if (!whole || !px_keep_put(px, s, &ch)) {
		rte_pktmbuf_free(ch.head);
		return false;
	}
	px_chain_send(&ch, u->conn);
	u->state = PX_UP_BUSY;
	s->state = PX_ACTIVE;
	s->sent_us = s->progress_us = px->lc->now_us;
	px_endpoint_stats(px, &s->endpoint)->rq_total++;
	return true;
}

/** Sends the head; keeps a reference to it where the request may have to be sent again. */
static void send_head(struct sl_proxy *px, struct px_session *s, struct px_up *u)
{
	struct rte_mbuf *again = NULL;
	bool sent;

	if (s->relay) {
		px_relay_open(px, s, u);
		return;
	}
	if (s->attempts < s->attempts_max || u->reused)
		again = px_clone(px, s->up_head);
	if ((again || s->mirrors != PX_NONE) && !s->req.touched)
		px_keep_begin(px, s);
	sent = px_send(px, s, u);
	s->up_head = again;
	if (!sent) {
		px_up_drop(px, s);
		px_local_no_buffers(px, s);
		return;
	}
	s->upstream_us = (uint32_t)(px->lc->now_us - s->start_us);
	px_rate_begin(px, s);
	px_deadlines(px, s);
	if (s->req.done)
		px_mirror_start(px, s);
}

static void answer_no_cluster(struct sl_proxy *px, struct px_session *s)
{
	px_local(px, s,
		 &(struct px_answer){
			 .status = 503, .details = "cluster_not_found", .flags = 1u << SL_FLAG_NC});
}

static void answer_unavailable(struct sl_proxy *px, struct px_session *s)
{
	px->lc->stats.c->http_no_endpoint++;
	px_local(px, s,
		 &(struct px_answer){.status = 503,
				     .details = "no_healthy_upstream",
				     .body = SL_STR("no healthy upstream"),
				     .flags = 1u << SL_FLAG_UH});
}

static void answer_overflow(struct sl_proxy *px, struct px_session *s)
{
	px_local(
		px, s,
		&(struct px_answer){
			.status = 503,
			.details = "upstream_reset_before_response_started{overflow}",
			.body = SL_STR("upstream connect error or disconnect/reset before headers. "
				       "reset reason: overflow"),
			.flags = 1u << SL_FLAG_UO});
}

static void note_tried(struct px_session *s, const struct sl_slot *endpoint)
{
	if (s->n_tried < PX_TRIED_MAX)
		s->tried[s->n_tried++] = endpoint->index;
}

/** No connection for it now: it waits, or there is no room to wait in. */
static enum px_place wait_for_one(struct sl_proxy *px, struct px_session *s,
				  const struct sl_snap_cluster *cluster)
{
	return px_load_wait(px, s, cluster) ? PX_PLACE_WAITS : PX_PLACE_OVERFLOW;
}

enum px_place px_place(struct sl_proxy *px, struct px_session *s)
{
	const struct sl_snap *snap = px->lc->snap;
	uint32_t row = px_row(px, SL_STATS_CLUSTER, &s->cluster), at;
	const struct sl_snap_cluster *cluster;
	const struct sl_snap_endpoint *ep;
	struct px_up *u = NULL;
	int code;

	if (row == PX_NONE)
		return PX_PLACE_NO_CLUSTER;
	cluster = sl_snap_cluster(snap, row);
	if (!px_load_request_fits(px, s, cluster)) {
		px_cluster_stats(px, &s->cluster)->rq_pending_overflow++;
		return PX_PLACE_OVERFLOW;
	}
	if (px_load_queued(px, s))
		return wait_for_one(px, s, cluster);
	at = px_pick_endpoint(px, s, row);
	if (at == PX_NONE) {
		px_cluster_stats(px, &s->cluster)->none_healthy++;
		return PX_PLACE_NO_ENDPOINT;
	}
	ep = sl_snap_endpoint(snap, at);
	if (!s->reuse_retried && !s->relay)
		u = px_up_pooled(px, ep);
	if (!u && !px_load_may_connect(px, cluster, ep)) {
		px_cluster_stats(px, &s->cluster)->cx_overflow++;
		return wait_for_one(px, s, cluster);
	}
	s->woken = false;
	s->attempts++;
	if (!u)
		u = px_up_connect(px, ep, cluster, &code);
	if (!u && code != -ENOBUFS) {
		note_tried(s, &ep->slot);
		return PX_PLACE_FAILED;
	}
	if (!u)
		return PX_PLACE_OVERFLOW;
	px_up_attach(px, u, s);
	s->state = PX_CONNECT;
	s->progress_us = px->lc->now_us;
	s->try_due_us = PX_NEVER;
	px_deadlines(px, s);
	return PX_PLACED;
}

static void back_off(struct sl_proxy *px, struct px_session *s)
{
	s->state = PX_BACKOFF;
	s->state_due_us = px->lc->now_us + px_backoff_us(px, s);
	s->try_due_us = PX_NEVER;
}

/** The endpoint can't be reached at once. */
static void unreachable(struct sl_proxy *px, struct px_session *s)
{
	if (px_may_retry(px, s, PX_FAIL_UNREACHABLE) == PX_RETRY_NO)
		px_local_failed(px, s, PX_FAIL_UNREACHABLE);
	else
		back_off(px, s);
}

void px_forward(struct sl_proxy *px, struct px_session *s)
{
	switch (px_place(px, s)) {
	case PX_PLACED:
		if (px->up[s->up].open)
			send_head(px, s, &px->up[s->up]);
		break;
	case PX_PLACE_WAITS:
		break;
	case PX_PLACE_FAILED:
		unreachable(px, s);
		break;
	case PX_PLACE_NO_CLUSTER:
		answer_no_cluster(px, s);
		break;
	case PX_PLACE_NO_ENDPOINT:
		answer_unavailable(px, s);
		break;
	case PX_PLACE_OVERFLOW:
		answer_overflow(px, s);
		break;
	}
}

void px_attempt_failed(struct sl_proxy *px, struct px_session *s, enum px_fail why)
{
	enum px_retry again = px_may_retry(px, s, why);

	px_endpoint_stats(px, &s->endpoint)->rq_error++;
	/* A pooled connection that the endpoint had closed already is nobody's fault. */
	if (again != PX_RETRY_AT_ONCE)
		px_health_result(px, s, SL_OUTLIER_LOCAL);
	note_tried(s, &s->endpoint);
	px_up_drop(px, s);
	switch (again) {
	case PX_RETRY_NO:
		px_local_failed(px, s, why);
		break;
	case PX_RETRY_AT_ONCE:
		px_forward(px, s);
		break;
	case PX_RETRY_LATER:
		back_off(px, s);
		break;
	}
}

void px_answer_retried(struct sl_proxy *px, struct px_session *s)
{
	px_endpoint_stats(px, &s->endpoint)->rq_error++;
	px_health_result(px, s, sl_outlier_of_status(px->rsp.status));
	note_tried(s, &s->endpoint);
	/* The rest of the answer is not waited for, so the connection can't be used again. */
	px_up_drop(px, s);
	back_off(px, s);
}

static enum px_fail connect_failure(const struct px_up *u)
{
	switch (sl_tcp_end(u->conn)) {
	case SL_TCP_END_TIMEOUT:
		return PX_FAIL_CONNECT_TIMEOUT;
	case SL_TCP_END_ICMP:
		return PX_FAIL_UNREACHABLE;
	default:
		return PX_FAIL_REFUSED;
	}
}

enum px_step px_connect_step(struct sl_proxy *px, struct px_session *s)
{
	struct px_up *u = &px->up[s->up];

	if (u->closed) {
		px_up_not_opened(px, u);
		px_attempt_failed(px, s, connect_failure(u));
		return PX_AGAIN;
	}
	if (!u->open)
		return PX_WAIT;
	send_head(px, s, u);
	return PX_AGAIN;
}
