/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connections to a listener that is not HTTP's: their bytes go to an endpoint and back unread. In
 * the access log each is a line of its own, with "-" where HTTP would stand.
 */
#include "proxy_int.h"

#define FLAG(name) (1u << SL_FLAG_##name)

bool px_relay_expected(const struct sl_proxy *px, const struct px_session *s)
{
	uint32_t row = px_row(px, SL_STATS_LISTENER, &s->listener);

	return row != PX_NONE && sl_snap_listener(px->lc->snap, row)->relay;
}

/** The listener's one route, or NULL when it went away. */
static const struct sl_snap_route *route_of(const struct sl_proxy *px, const struct px_session *s)
{
	uint32_t row = px_row(px, SL_STATS_LISTENER, &s->listener);

	return row == PX_NONE
		       ? NULL
		       : sl_snap_relay_route(px->lc->snap, sl_snap_listener(px->lc->snap, row));
}

static void begin(struct sl_proxy *px, struct px_session *s)
{
	s->in_request = s->close = true;
	s->minor = SL_LOG_NO_HTTP;
	s->start_us = s->progress_us = px->lc->now_us;
	s->state_due_us = PX_NEVER;
	s->head_us = s->routed_us = s->upstream_us = s->first_byte_us = UINT32_MAX;
	s->log_skip = px->cfg.log_skip;
	px_body_begin(&s->req, SL_HTTP_TUNNEL, 0, false);
	px_body_begin(&s->res, SL_HTTP_TUNNEL, 0, false);
}

enum px_step px_relay_step(struct sl_proxy *px, struct px_session *s)
{
	const struct sl_snap_route *route = route_of(px, s);
	const struct sl_snap_cluster *cluster;
	uint32_t at;

	begin(px, s);
	if (!route) {
		px_relay_failed(px, s, FLAG(NR));
		return PX_WAIT;
	}
	s->route = route->slot;
	s->has_route = true;
	px_route_stats(px, &s->route)->rq_total++;
	at = px_pick_weight(px, route);
	if (at == PX_NONE) {
		px_relay_failed(px, s, FLAG(NC));
		return PX_WAIT;
	}
	cluster = sl_snap_cluster(px->lc->snap, sl_snap_weight(px->lc->snap, at)->cluster);
	s->cluster = cluster->slot;
	s->has_cluster = true;
	px_cluster_stats(px, &s->cluster)->rq_total++;
	px_cluster_stats(px, &s->cluster)->rq_active++;
	px->req = (struct sl_http_request){0}; /* nothing but the address to hash */
	px_affinity(px, s, cluster);
	s->attempts_max = (uint16_t)SL_MIN(route->retry_attempts + 1u, PX_ATTEMPTS_MAX);
	s->retry_on = 1u << SL_RETRY_CONNECT_FAILURE;
	px_forward(px, s);
	return PX_AGAIN;
}

void px_relay_open(struct sl_proxy *px, struct px_session *s, struct px_up *u)
{
	struct px_chain ch = {0};

	if (!px_preface_put(px, s, u, &ch)) {
		px_up_drop(px, s);
		px_local_no_buffers(px, s);
		return;
	}
	if (ch.head)
		px_chain_send(&ch, u->conn);
	u->state = PX_UP_BUSY;
	s->state = PX_TUNNEL;
	s->progress_us = px->lc->now_us;
	s->upstream_us = (uint32_t)(px->lc->now_us - s->start_us);
	px_endpoint_stats(px, &s->endpoint)->rq_total++;
	px_health_result(px, s, SL_OUTLIER_OK);
}

void px_relay_failed(struct sl_proxy *px, struct px_session *s, uint32_t flags)
{
	s->flags |= flags;
	px_request_end(px, s);
	px_session_abort(px, s);
}
