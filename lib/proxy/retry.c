/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether a request is sent once more: only where it may be (RFC 9110 9.2.2, RFC 9112 9.3.1), its
 * route says so, and its attempts and its cluster's budget are not used up.
 */
#include "proxy_int.h"
#include "sl_balance.h"

#define BIT(name)       (1u << SL_RETRY_##name)
#define BACKOFF_BASE_US 25000u
#define BACKOFF_MAX_US  250000u
#define ONE             10000u /* a budget of everything */

/** No byte of an answer has come on the session's connection. */
static bool nothing_answered(const struct px_up *u)
{
	return !u->answered && u->head.buf == PX_NONE && u->head.seen == 0 &&
	       sl_tcp_rx_len(u->conn) == 0;
}

/** Everything that was sent of the request can be sent again; of a relay, nothing was. */
static bool is_held(const struct px_session *s)
{
	return s->relay || (s->up_head && (!s->req.touched || s->kept.on));
}

/**
 * A connection from the pool that died under the request: most likely the endpoint had closed it
 * before the request arrived. Safe for idempotent methods, and for any if nothing was acknowledged.
 */
static bool reuse_race(const struct px_session *s, const struct px_up *u)
{
	if (!u->reused || s->reuse_retried)
		return false;
	return s->idempotent || sl_tcp_tx_pending(u->conn) >= u->sent_bytes + s->kept.bytes;
}

/** Conditions that cover an attempt which ended so. */
static uint32_t conditions(enum px_fail why)
{
	const uint32_t any = BIT(RESET) | BIT(SERVER_ERROR) | BIT(GATEWAY_ERROR);

	if (why == PX_FAIL_RESET || why == PX_FAIL_TRY_TIMEOUT || why == PX_FAIL_PROTOCOL)
		return any;
	return any | BIT(CONNECT_FAILURE) | BIT(BEFORE_REQUEST);
}

/** Whether the cluster has an endpoint that this request has not met. */
static bool another_endpoint(struct sl_proxy *px, const struct px_session *s)
{
	uint32_t row = px_row(px, SL_STATS_CLUSTER, &s->cluster);

	return row != PX_NONE &&
	       sl_snap_cluster(px->lc->snap, row)->healthy.n > (uint32_t)s->n_tried + 1;
}

static bool in_budget(struct sl_proxy *px, struct px_session *s)
{
	uint32_t row = px_row(px, SL_STATS_CLUSTER, &s->cluster);
	struct px_load *load = px_load(px, &s->cluster);
	const struct sl_snap_cluster *c;
	uint64_t share;

	if (s->retrying || row == PX_NONE || !load)
		return true;
	c = sl_snap_cluster(px->lc->snap, row);
	share = px_cluster_stats(px, &s->cluster)->rq_active * c->retry_budget / ONE;
	if (c->retry_budget > 0 && load->retries >= SL_MAX(share, (uint64_t)c->retry_budget_min))
		return false;
	if (load->retries >= px_share(px, c->max_retries))
		return false;
	s->retrying = true;
	load->retries++;
	return true;
}

/** Takes one of the attempts that are left, and a place in the budget, if all is there to send. */
static bool take(struct sl_proxy *px, struct px_session *s)
{
	struct sl_stats_cluster *st = px_cluster_stats(px, &s->cluster);

	if (s->attempts >= s->attempts_max) {
		if (s->attempts > 1) {
			s->flags |= 1u << SL_FLAG_URX;
			st->rq_retry_limit++;
		}
		return false;
	}
	if (!is_held(s))
		return false;
	if (!in_budget(px, s)) {
		s->flags |= 1u << SL_FLAG_UO;
		st->rq_retry_overflow++;
		return false;
	}
	st->rq_retry++;
	px->lc->stats.c->http_upstream_retries++;
	return true;
}

enum px_retry px_may_retry(struct sl_proxy *px, struct px_session *s, enum px_fail why)
{
	const struct px_up *u = s->up == PX_NONE ? NULL : &px->up[s->up];

	if (why == PX_FAIL_RESET || why == PX_FAIL_TRY_TIMEOUT) {
		if (!u || !nothing_answered(u))
			return PX_RETRY_NO;
		if (why == PX_FAIL_RESET && reuse_race(s, u)) {
			s->reuse_retried = true;
			s->attempts_max++;
			return take(px, s) ? PX_RETRY_AT_ONCE : PX_RETRY_NO;
		}
		if (!s->idempotent)
			return PX_RETRY_NO;
	}
	/* The one that does not speak HTTP will not have learned it. */
	if (why == PX_FAIL_PROTOCOL &&
	    (!u || u->answered || !s->idempotent || !another_endpoint(px, s)))
		return PX_RETRY_NO;
	return (s->retry_on & conditions(why)) && take(px, s) ? PX_RETRY_LATER : PX_RETRY_NO;
}

static bool status_covered(const struct px_session *s, uint16_t status)
{
	if ((s->retry_on & BIT(SERVER_ERROR)) && status >= 500)
		return true;
	if ((s->retry_on & BIT(GATEWAY_ERROR)) && status >= 502 && status <= 504)
		return true;
	if ((s->retry_on & BIT(CONFLICT)) && status == 409)
		return true;
	for (uint32_t i = 0; i < SL_RETRY_CODES_MAX && s->retry_codes[i]; i++)
		if ((s->retry_on & BIT(STATUS_CODES)) && s->retry_codes[i] == status)
			return true;
	return false;
}

bool px_may_retry_answer(struct sl_proxy *px, struct px_session *s, uint16_t status)
{
	return status_covered(s, status) && s->idempotent && !px->up[s->up].answered && take(px, s);
}

uint64_t px_backoff_us(struct sl_proxy *px, const struct px_session *s)
{
	/* Fully jittered, so that those who failed together do not come back together. */
	uint32_t n = SL_MIN(s->attempts, 5u);
	uint32_t most = SL_MIN(BACKOFF_BASE_US << (n > 0 ? n - 1 : 0), BACKOFF_MAX_US);

	return sl_balance_rnd(&px->lc->rnd) % most;
}

void px_retry_end(struct sl_proxy *px, struct px_session *s)
{
	struct px_load *load = s->retrying ? px_load(px, &s->cluster) : NULL;

	s->retrying = false;
	if (load)
		load->retries--;
}
