/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Deadlines of client connections and pooled ones. One timer a row, set lazily: progress only
 * writes a time stamp, and a timer that fires early is set again.
 */
#include "proxy_int.h"

static bool in_stream(const struct px_session *s)
{
	return s->state == PX_CONNECT || s->state == PX_PENDING || s->state == PX_ACTIVE ||
	       s->state == PX_TUNNEL;
}

static uint64_t stream_due(const struct sl_proxy *px, const struct px_session *s)
{
	uint32_t ms = s->relay ? px->cfg.idle_timeout_ms : px->cfg.stream_idle_ms;

	return s->progress_us + (uint64_t)ms * 1000;
}

static uint64_t earliest(const struct sl_proxy *px, const struct px_session *s)
{
	uint64_t due = SL_MIN(s->request_due_us, s->try_due_us);

	due = SL_MIN(due, SL_MIN(s->life_due_us, SL_MIN(s->whole_due_us, s->rate_due_us)));
	return SL_MIN(due, in_stream(s) ? stream_due(px, s) : s->state_due_us);
}

void px_no_deadlines(struct px_session *s)
{
	s->request_due_us = s->try_due_us = PX_NEVER;
	s->life_due_us = s->whole_due_us = s->rate_due_us = PX_NEVER;
}

void px_timer_arm(struct sl_proxy *px, struct px_session *s)
{
	uint64_t due = earliest(px, s);

	if (due >= s->armed_us)
		return;
	s->armed_us = due;
	sl_wheel_set(px->wheel, s->row, due);
}

static void head_or_idle(struct sl_proxy *px, struct px_session *s)
{
	if (s->start_us == 0) {
		px->lc->stats.c->http_cx_idle_timeout++;
		px_session_close(px, s);
		return;
	}
	px->lc->stats.c->http_rq_timeout++;
	px_local(px, s,
		 &(struct px_answer){.status = 408,
				     .details = "request_header_timeout",
				     .body = SL_STR("request header timeout"),
				     .close = true});
}

static void state_due(struct sl_proxy *px, struct px_session *s)
{
	switch (s->state) {
	case PX_LINGER:
		px_session_close(px, s);
		break;
	case PX_PREFACE:
		px_preface_bad(px, s);
		break;
	case PX_BACKOFF:
		break; /* its step goes on */
	case PX_DELAY:
		px_action_delayed(px, s);
		break;
	default:
		head_or_idle(px, s);
	}
}

/** The request did not come in its time. */
static void too_slow(struct sl_proxy *px, struct px_session *s, const char *details,
		     struct sl_str body)
{
	s->whole_due_us = s->rate_due_us = PX_NEVER;
	px->lc->stats.c->http_rq_timeout++;
	if (s->res_started) {
		px_cut(px, s, details, SL_FLAG_DT);
		return;
	}
	px_up_drop(px, s);
	px_local(px, s,
		 &(struct px_answer){
			 .status = 408, .details = details, .body = body, .close = true});
}

void px_rate_begin(struct sl_proxy *px, struct px_session *s)
{
	s->rate_due_us = PX_NEVER;
	s->held_up = false;
	s->rate_bytes = s->req.bytes;
	if (px->cfg.body_rate > 0 && !s->req.done)
		s->rate_due_us = px->lc->now_us + (uint64_t)px->cfg.body_rate_ms * 1000;
}

/** The time over which an upload's rate is looked at is over. */
static void rate_due(struct sl_proxy *px, struct px_session *s)
{
	uint64_t least = (uint64_t)px->cfg.body_rate * px->cfg.body_rate_ms / 1000;

	/* Not the client's fault: the endpoint takes nothing, or has not said "100 Continue". */
	if (s->held_up || s->expects || s->state != PX_ACTIVE ||
	    s->req.bytes - s->rate_bytes >= least)
		px_rate_begin(px, s);
	else
		too_slow(px, s, "request_body_too_slow", SL_STR("request body too slow"));
}

static void life_over(struct sl_proxy *px, struct px_session *s)
{
	bool whole = s->req.done;

	s->life_due_us = PX_NEVER;
	px->lc->stats.c->http_rq_max_duration++;
	if (s->state == PX_TUNNEL || s->res_started) {
		px_cut(px, s, "max_duration_timeout", SL_FLAG_DT);
		return;
	}
	px_up_drop(px, s);
	px_local(px, s,
		 &(struct px_answer){.status = whole ? 504 : 408,
				     .details = "max_duration_timeout",
				     .body = SL_STR("downstream duration timeout"),
				     .flags = 1u << SL_FLAG_DT,
				     .close = true});
}

/** No byte moved in either direction for too long. */
static void stream_idle(struct sl_proxy *px, struct px_session *s)
{
	bool uploaded = s->req.done;

	px->lc->stats.c->http_rq_idle_timeout++;
	if (s->state == PX_TUNNEL || s->res_started) {
		px_cut(px, s, "stream_idle_timeout", SL_FLAG_SI);
		return;
	}
	px_up_drop(px, s);
	px_local(px, s,
		 &(struct px_answer){.status = uploaded ? 504 : 408,
				     .details = "stream_idle_timeout",
				     .body = SL_STR("stream timeout"),
				     .flags = 1u << SL_FLAG_SI,
				     .close = true});
}

static void request_timeout(struct sl_proxy *px, struct px_session *s)
{
	s->request_due_us = s->try_due_us = PX_NEVER;
	px_cluster_stats(px, &s->cluster)->rq_timeout++;
	if (s->res_started) {
		px_cut(px, s, "response_timeout", SL_FLAG_UT);
		return;
	}
	px_health_result(px, s, SL_OUTLIER_LOCAL);
	px_up_drop(px, s);
	px_local_timeout(px, s, "upstream_response_timeout");
}

static void try_timeout(struct sl_proxy *px, struct px_session *s)
{
	s->try_due_us = PX_NEVER;
	px_cluster_stats(px, &s->cluster)->rq_timeout++;
	px_attempt_failed(px, s, PX_FAIL_TRY_TIMEOUT);
}

static void session_expired(struct sl_proxy *px, struct px_session *s)
{
	uint64_t now = px->lc->now_us;

	s->armed_us = PX_NEVER;
	if (s->mirror) {
		if (s->life_due_us <= now || (in_stream(s) && stream_due(px, s) <= now))
			px_mirror_expired(px, s);
	} else if (s->life_due_us <= now)
		life_over(px, s);
	else if (s->whole_due_us <= now)
		too_slow(px, s, "request_overall_timeout", SL_STR("request timeout"));
	else if (s->rate_due_us <= now)
		rate_due(px, s);
	else if (s->request_due_us <= now)
		request_timeout(px, s);
	else if (s->try_due_us <= now)
		try_timeout(px, s);
	else if (in_stream(s) && stream_due(px, s) <= now)
		stream_idle(px, s);
	else if (!in_stream(s) && s->state_due_us <= now)
		state_due(px, s);
	if (s->state != PX_FREE)
		px_session_run(px, s);
}

void px_timers(struct sl_proxy *px)
{
	/* Those that are left over are due in the next poll still. */
	for (uint32_t n = 0; n < PX_TIMERS_MAX; n++) {
		uint32_t row = sl_wheel_expired(px->wheel, px->lc->now_us);

		if (row == PX_NONE)
			return;
		if (row < px_session_rows(px)) {
			if (px->session[row].state != PX_FREE)
				session_expired(px, &px->session[row]);
		} else if (row >= px_probe_row(px, 0)) {
			px_probe_timer(px, row - px_probe_row(px, 0));
		} else if (row >= px_interval_row(px, 0)) {
			px_health_interval(px, row - px_interval_row(px, 0));
		} else {
			struct px_up *u = &px->up[row - px_session_rows(px)];

			if (u->state != PX_UP_IDLE)
				continue;
			if (u->idle_due_us <= px->lc->now_us)
				px_up_evict(px, u);
			else
				sl_wheel_set(px->wheel, row, u->idle_due_us);
		}
	}
}
