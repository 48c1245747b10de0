/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client's request from its first byte to its action: head, normalised path, route, then
 * forwarded, redirected or answered here.
 */
#include "proxy_int.h"

#include <errno.h>

#define FLAG(name) (1u << SL_FLAG_##name)

void px_request_count(struct sl_proxy *px, struct px_session *s)
{
	struct sl_stats_listener *l = px_listener_stats(px, &s->listener);

	if (s->in_request)
		return;
	s->in_request = true;
	s->head_us = (uint32_t)(px->lc->now_us - s->start_us);
	px->lc->stats.c->http_downstream_rq_total++;
	px->lc->stats.c->http_downstream_rq_active++;
	l->rq_total++;
	l->rq_active++;
}

static bool is_idempotent(struct sl_str method)
{
	static const struct sl_str safe[] = {
		{"GET", 3}, {"HEAD", 4}, {"OPTIONS", 7}, {"PUT", 3}, {"DELETE", 6}};

	for (size_t i = 0; i < SL_ARRAY_LEN(safe); i++)
		if (sl_str_eq(method, safe[i]))
			return true;
	return false;
}

/** What is needed of the parsed head after this step; spans point into s->head. */
static void remember(struct sl_proxy *px, struct px_session *s)
{
	const struct sl_http_request *req = &px->req;

	s->method = req->method;
	s->target = req->target;
	s->authority = req->authority;
	s->minor = req->minor;
	s->is_head = sl_str_eq(req->method, SL_STR("HEAD"));
	s->idempotent = is_idempotent(req->method);
	if (!req->keep_alive || px->draining)
		s->close = true;
	s->requests++;
	if (px->cfg.conn_requests > 0 && s->requests >= px->cfg.conn_requests && !s->close) {
		px->lc->stats.c->http_cx_max_requests++;
		s->close = true;
	}
	for (uint16_t i = 0; i < req->n_fields; i++) {
		if (req->field[i].known == SL_HTTP_F_USER_AGENT)
			s->user_agent = req->field[i].value;
		else if (req->field[i].known == SL_HTTP_F_EXPECT && req->minor > 0)
			s->expects = true;
		else if (req->field[i].known == SL_HTTP_F_TE && !req->field[i].hop)
			s->te_trailers = true;
		else if (req->field[i].known == SL_HTTP_F_OTHER &&
			 sl_str_ieq(req->field[i].name, SL_STR("referer")))
			s->referer = req->field[i].value;
	}
	px_body_begin(&s->req, req->framing, req->length, req->framing == SL_HTTP_CHUNKED);
	s->req.trailers = s->req.rechunk && !req->names_fields && px_trailers_wanted(px, s);
	px_identity(px, s);
}

static bool asks_only_h2c(const struct sl_http_request *req)
{
	for (uint16_t i = 0; i < req->n_fields; i++)
		if (req->field[i].known == SL_HTTP_F_UPGRADE &&
		    !sl_str_ieq(req->field[i].value, SL_STR("h2c")))
			return false;
	return true;
}

/**
 * WebSocket is tunnelled; h2c is ignored, as the protocol may be (RFC 9110 7.8); anything else is
 * refused, as Envoy does.
 *
 * @return false when the upgrade is refused.
 */
static bool check_upgrade(struct sl_proxy *px, struct px_session *s)
{
	const struct sl_http_request *req = &px->req;

	if (!req->upgrade || req->minor == 0)
		return true;
	if (px->cfg.refuse_websocket)
		return asks_only_h2c(req);
	for (uint16_t i = 0; i < req->n_fields; i++) {
		const struct sl_http_field *f = &req->field[i];

		if (f->known != SL_HTTP_F_UPGRADE)
			continue;
		if (sl_str_ieq(f->value, SL_STR("websocket")))
			s->upgrade = s->req.framing == SL_HTTP_NO_BODY;
		else if (!sl_str_ieq(f->value, SL_STR("h2c")))
			return false;
	}
	return true;
}

bool px_number(struct sl_str s, uint64_t *out)
{
	uint64_t n = 0;

	if (s.n == 0 || s.n > 18)
		return false;
	for (uint32_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(s.p[i] - '0');
	}
	*out = n;
	return true;
}

bool px_is_max_forwards(const struct sl_http_field *f)
{
	return f->known == SL_HTTP_F_OTHER && sl_str_ieq(f->name, SL_STR("max-forwards"));
}

/** OPTIONS that is to go no further than here (RFC 9110 7.6.2). */
static bool last_hop(const struct sl_http_request *req)
{
	uint64_t n;

	if (!sl_str_eq(req->method, SL_STR("OPTIONS")))
		return false;
	for (uint16_t i = 0; i < req->n_fields; i++)
		if (px_is_max_forwards(&req->field[i]) && px_number(req->field[i].value, &n) &&
		    n == 0)
			return true;
	return false;
}

/** The listener's own rules, or the box's. */
static struct sl_http_path_rules path_rules(const struct sl_proxy *px, const struct px_session *s)
{
	uint32_t row = px_row(px, SL_STATS_LISTENER, &s->listener);
	const struct sl_snap_listener *l;

	if (row == PX_NONE)
		return px->cfg.path;
	l = sl_snap_listener(px->lc->snap, row);
	return l->own_path ? (struct sl_http_path_rules){l->path_normalize, l->path_slashes}
			   : px->cfg.path;
}

/**
 * Path by the rules and query, as they are matched and forwarded; NULL p: refused.
 *
 * @param moved Receives whether the client is to ask for that path instead.
 */
static struct sl_str normalize(struct sl_proxy *px, const struct px_session *s, uint32_t *path_len,
			       bool *moved)
{
	const struct sl_http_request *req = &px->req;
	struct sl_http_path_rules rules = path_rules(px, s);
	int n;

	if (req->path.n + req->query.n > PX_TARGET_MAX)
		return (struct sl_str){0};
	n = sl_http_path(req->path, &rules, px->norm, PX_TARGET_MAX, moved);
	if (n < 0)
		return (struct sl_str){0};
	*moved = *moved && rules.slashes == SL_HTTP_SLASHES_REDIRECT;
	*path_len = (uint32_t)n;
	if (req->query.n > 0)
		memcpy(px->norm + n, req->query.p, req->query.n);
	return (struct sl_str){px->norm, (uint32_t)n + req->query.n};
}

/** Sends the client to the path without escaped slashes. */
static void answer_moved(struct sl_proxy *px, struct px_session *s, struct sl_str target)
{
	struct sl_http_out out = {.p = px->rewritten, .cap = PX_TARGET_MAX};

	/* "//x" alone would be another host (RFC 3986 4.2). */
	if (target.n > 1 && target.p[1] == '/') {
		sl_http_put(&out, SL_STR("http://"));
		sl_http_put(&out, px->req.authority);
	}
	sl_http_put(&out, target);
	if (out.full || (px->req.authority.n == 0 && out.n > target.n)) {
		px_local_error(px, s, SL_HTTP_E_LINE_TOO_LONG);
		return;
	}
	px->lc->stats.c->http_path_redirected++;
	px_local(px, s,
		 &(struct px_answer){.status = 307,
				     .details = "path_normalization_failed",
				     .location = {out.p, (uint32_t)out.n}});
}

/** The target that goes upstream; NULL p: answered here. */
static struct sl_str rewrite(struct sl_proxy *px, struct px_session *s, uint32_t row,
			     struct sl_str target)
{
	int n = sl_snap_rewrite(px->lc->snap, px->lc->scratch, row, target, px->rewritten,
				PX_TARGET_MAX);
	struct sl_str to = {px->rewritten, n > 0 ? (uint32_t)n : 0};

	if (n == -ENOSPC) {
		px_local_error(px, s, SL_HTTP_E_LINE_TOO_LONG);
		return (struct sl_str){0};
	}
	/* A rewrite must not make two requests of one (CVE-2023-25690). */
	if (n < 0 || (!sl_http_valid_target(to) && !sl_str_eq(to, SL_STR("*")))) {
		px_local(px, s,
			 &(struct px_answer){.status = 500, .details = "rewrite_invalid_path"});
		return (struct sl_str){0};
	}
	return to;
}

/** Emits the head for the endpoint, and mirrors; from here on nothing of px->req is needed. */
static bool emit_head(struct sl_proxy *px, struct px_session *s, uint32_t row,
		      const struct sl_snap_weight *weight, struct sl_str target)
{
	const struct sl_snap *snap = px->lc->snap;
	const struct sl_snap_route *route = sl_snap_route(snap, row);
	struct px_upward up = {.target = rewrite(px, s, row, target),
			       .original = target,
			       .authority = sl_snap_str(snap, route->rewrite_authority.len
								      ? route->rewrite_authority
								      : weight->authority),
			       .changes = weight->changes,
			       .rewritten = route->rewrite != SL_REWRITE_NONE};
	struct sl_http_out out = {.p = px->scratch, .cap = PX_SCRATCH_MAX};

	if (!up.target.p)
		return false;
	if (!px_emit_request(px, s, &up, &out)) {
		px_local_error(px, s, SL_HTTP_E_HEAD_TOO_LARGE);
		return false;
	}
	s->up_head = px_out_mbufs(px, &out);
	if (!s->up_head) {
		px_local_no_buffers(px, s);
		return false;
	}
	px_mirror_prepare(px, s, route, &up);
	return true;
}

static void forward(struct sl_proxy *px, struct px_session *s, uint32_t row,
		    const struct sl_snap_weight *weight, struct sl_str target)
{
	const struct sl_snap_route *route = sl_snap_route(px->lc->snap, row);

	s->cluster = sl_snap_cluster(px->lc->snap, weight->cluster)->slot;
	s->has_cluster = true;
	px_affinity(px, s, sl_snap_cluster(px->lc->snap, weight->cluster));
	s->attempts_max = (uint16_t)SL_MIN(route->retry_attempts + 1u, PX_ATTEMPTS_MAX);
	s->timeout_ms = route->timeout_ms;
	s->per_try_ms = route->per_try_timeout_ms;
	s->retry_on = route->retry_on;
	memcpy(s->retry_codes, route->retry_codes, sizeof(s->retry_codes));
	px_cluster_stats(px, &s->cluster)->rq_total++;
	px_cluster_stats(px, &s->cluster)->rq_active++;
	if (emit_head(px, s, row, weight, target))
		px_forward(px, s);
}

/** What a route does with a request, once faults and CORS have let it through. */
static void act(struct sl_proxy *px, struct px_session *s, uint32_t row,
		const struct sl_snap_cors *grants, struct sl_str target)
{
	const struct sl_snap *snap = px->lc->snap;
	const struct sl_snap_route *route = sl_snap_route(snap, row);
	const struct sl_snap_weight *weight = NULL;
	uint32_t at = PX_NONE;

	if (route->action == SL_ROUTE_FORWARD) {
		at = px_pick_weight(px, route);
		if (at == PX_NONE) {
			px_local(px, s,
				 &(struct px_answer){.status = 503,
						     .details = "cluster_not_found",
						     .flags = FLAG(NC)});
			return;
		}
		weight = sl_snap_weight(snap, at);
	}
	if (!px_change_keep(px, s, weight ? weight->changes : route->changes, grants)) {
		px_local_no_buffers(px, s);
		return;
	}
	if (weight)
		forward(px, s, row, weight, target);
	else if (route->action == SL_ROUTE_REDIRECT)
		px_action_redirect(px, s, row, target);
	else
		px_action_direct(px, s, row);
}

/** The fields we set ourselves before routing, so that a client can't say what they match. */
static uint16_t our_fields(struct sl_proxy *px, struct px_session *s, struct sl_snap_field ours[3])
{
	struct sl_http_out out = {.p = px->scratch, .cap = PX_SCRATCH_MAX};
	uint16_t n = 0;

	ours[n++] = (struct sl_snap_field){SL_STR("x-request-id"), s->request_id};
	if (px->cfg.xff_trusted_hops == 0)
		ours[n++] = (struct sl_snap_field){SL_STR("x-forwarded-proto"), SL_STR("http")};
	ours[n].name = SL_STR("x-forwarded-for");
	ours[n].value = (struct sl_str){s->xff, s->xff_len};
	if (s->xff_cut) {
		px_put_xff(px, s, &out);
		ours[n].value = (struct sl_str){out.p, (uint32_t)out.n};
	}
	return ++n;
}

static void route_request(struct sl_proxy *px, struct px_session *s, struct sl_str target,
			  uint32_t path_len)
{
	const struct sl_snap *snap = px->lc->snap;
	uint32_t listener = px_row(px, SL_STATS_LISTENER, &s->listener);
	struct sl_snap_field ours[3];
	struct sl_snap_request rq = {.host = px->req.authority,
				     .path = {target.p, path_len},
				     .query = {target.p + path_len, target.n - path_len},
				     .method = px->req.method,
				     .scheme = SL_STR("http"),
				     .field = px->req.field,
				     .n_fields = px->req.n_fields,
				     .ours = ours,
				     .n_ours = our_fields(px, s, ours)};
	const struct sl_snap_cors *grants;
	const struct sl_snap_route *route;
	struct sl_route_hit hit;

	px_heads(px, s, &rq);
	if (listener == PX_NONE ||
	    sl_snap_route_find(snap, px->lc->scratch, sl_snap_listener(snap, listener)->table, &rq,
			       &hit) < 0) {
		px->lc->stats.c->http_no_route++;
		px_local(px, s,
			 &(struct px_answer){
				 .status = 404, .details = "route_not_found", .flags = FLAG(NR)});
		return;
	}
	route = sl_snap_route(snap, hit.route);
	s->route = route->slot;
	s->has_route = true;
	if (route->log_sample > 0)
		s->log_skip = (uint16_t)((101 - route->log_sample) * 100);
	if (!s->delayed) {
		s->routed_us = (uint32_t)(px->lc->now_us - s->start_us);
		px_route_stats(px, &s->route)->rq_total++;
	}
	if (px_action_cors(px, s, route, &grants) || px_action_fault(px, s, route))
		return;
	act(px, s, hit.route, grants, target);
}

/** Limits that a request's head shows to be broken; false: it was answered. */
static bool within_limits(struct sl_proxy *px, struct px_session *s)
{
	const struct sl_http_request *req = &px->req;

	if (req->minor == 0 && px->cfg.refuse_http10) {
		px->lc->stats.c->http_bad_request++;
		px_local(px, s,
			 &(struct px_answer){
				 .status = 426, .details = "low_version", .close = true});
		return false;
	}
	if (!px_client_request(px, s)) {
		px_local(px, s,
			 &(struct px_answer){.status = 429,
					     .details = "local_rate_limited",
					     .body = SL_STR("local_rate_limited"),
					     .flags = FLAG(RL)});
		return false;
	}
	if (px->cfg.body_bytes > 0 && req->framing == SL_HTTP_LENGTH &&
	    req->length > px->cfg.body_bytes) {
		px->lc->stats.c->http_rq_too_large++;
		px_local_too_large(px, s);
		return false;
	}
	return true;
}

static void request_complete(struct sl_proxy *px, struct px_session *s, uint32_t len)
{
	px_request_count(px, s);
	px_count_bytes(px, s, len, 0);
	s->progress_us = px->lc->now_us;
	s->state_due_us = PX_NEVER;
	remember(px, s);
	if (px->cfg.stream_ms > 0)
		s->life_due_us = s->start_us + (uint64_t)px->cfg.stream_ms * 1000;
	if (px->cfg.request_ms > 0 && !s->req.done)
		s->whole_due_us = s->start_us + (uint64_t)px->cfg.request_ms * 1000;
	if (!within_limits(px, s))
		return;
	if (!check_upgrade(px, s)) {
		px_local(px, s, &(struct px_answer){.status = 403, .details = "upgrade_failed"});
		return;
	}
	if (last_hop(&px->req)) {
		px_local(px, s, &(struct px_answer){.status = 200, .details = "max_forwards"});
		return;
	}
	px_request_again(px, s);
}

void px_request_again(struct sl_proxy *px, struct px_session *s)
{
	uint32_t path_len = 0;
	bool moved = false;
	struct sl_str target = normalize(px, s, &path_len, &moved);

	if (!target.p) {
		px->lc->stats.c->http_path_refused++;
		px_local(px, s,
			 &(struct px_answer){.status = 400,
					     .details = "path_normalization_failed",
					     .close = true});
		return;
	}
	if (moved)
		answer_moved(px, s, target);
	else
		route_request(px, s, target, path_len);
}

/** Starts the clock of a request whose first bytes are here. */
static void begin(struct sl_proxy *px, struct px_session *s)
{
	s->start_us = px->lc->now_us;
	s->log_skip = px->cfg.log_skip;
	s->state_due_us = px->lc->now_us + (uint64_t)px->cfg.head_timeout_ms * 1000;
	s->head_us = s->routed_us = s->upstream_us = s->first_byte_us = UINT32_MAX;
}

enum px_step px_request_step(struct sl_proxy *px, struct px_session *s)
{
	uint32_t len = 0;

	if (sl_tcp_rx_len(s->conn) == 0) {
		if (sl_tcp_rx_eof(s->conn))
			px_session_close(px, s);
		return PX_WAIT;
	}
	/* A client that does not read its answers gets no further request served. */
	if (sl_tcp_tx_room(s->conn) == 0)
		return PX_WAIT;
	if (s->start_us == 0)
		begin(px, s);
	switch (px_head_request(px, &s->head, s->conn, &len)) {
	case PX_READ_MORE:
		if (sl_tcp_rx_eof(s->conn))
			px_session_close(px, s);
		return PX_WAIT;
	case PX_READ_BAD:
		px_local_error(px, s, px->req.error);
		return PX_AGAIN;
	case PX_READ_NO_BUFFER:
		s->close = true;
		px_local_no_buffers(px, s);
		return PX_AGAIN;
	case PX_READ_DONE:
		request_complete(px, s, len);
		break;
	}
	return PX_AGAIN;
}
