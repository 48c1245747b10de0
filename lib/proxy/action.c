/* SPDX-License-Identifier: BSD-3-Clause */
/* What a route does before or instead of forwarding: faults, CORS, redirects, direct answers. */
#include "proxy_int.h"

#include "sl_balance.h"

#define FLAG(name) (1u << SL_FLAG_##name)

bool px_chosen(struct sl_proxy *px, uint32_t ppm)
{
	return ppm > 0 && ((uint64_t)sl_balance_rnd(&px->lc->rnd) * SL_MODEL_PPM >> 32) < ppm;
}

bool px_action_fault(struct sl_proxy *px, struct px_session *s, const struct sl_snap_route *route)
{
	if (!s->delayed && px_chosen(px, route->fault_delay_ppm)) {
		px->lc->stats.c->http_fault_delayed++;
		s->flags |= FLAG(DI);
		s->state = PX_DELAY;
		s->state_due_us = px->lc->now_us + (uint64_t)route->fault_delay_ms * 1000;
		return true;
	}
	if (!px_chosen(px, route->fault_abort_ppm))
		return false;
	if (route->fault_no_backend) {
		px->lc->stats.c->http_no_backend++;
		px_local(px, s,
			 &(struct px_answer){.status = route->fault_abort_status,
					     .details = "cluster_not_found",
					     .flags = FLAG(NC)});
		return true;
	}
	px->lc->stats.c->http_fault_aborted++;
	px_local(px, s,
		 &(struct px_answer){.status = route->fault_abort_status,
				     .details = "fault_filter_abort",
				     .body = SL_STR("fault filter abort"),
				     .flags = FLAG(FI)});
	return true;
}

void px_action_delayed(struct sl_proxy *px, struct px_session *s)
{
	s->delayed = true;
	s->state = PX_HEAD;
	s->state_due_us = PX_NEVER;
	s->progress_us = px->lc->now_us;
	if (px_head_again(px, &s->head))
		px_request_again(px, s);
	else
		px_local_no_buffers(px, s);
}

static struct sl_str field(const struct sl_http_request *req, struct sl_str name)
{
	for (uint16_t i = 0; i < req->n_fields; i++)
		if (sl_str_ieq(req->field[i].name, name))
			return req->field[i].value;
	return (struct sl_str){0};
}

/** Answers a preflight; cors NULL: of an origin that is granted nothing. */
static void answer_preflight(struct sl_proxy *px, struct px_session *s,
			     const struct sl_snap_cors *cors)
{
	static const struct sl_str names[] = {{"access-control-allow-methods", 28},
					      {"access-control-allow-headers", 28},
					      {"access-control-max-age", 22}};
	const struct sl_snap *snap = px->lc->snap;
	struct sl_http_out out = {.p = px->rewritten, .cap = PX_TARGET_MAX};

	if (cors) {
		const struct sl_ref values[] = {cors->methods, cors->headers, cors->max_age};

		for (size_t i = 0; i < SL_ARRAY_LEN(names); i++)
			if (values[i].len)
				sl_http_put_field(&out, names[i], sl_snap_str(snap, values[i]));
	}
	px->lc->stats.c->http_cors_preflights++;
	px_local(px, s,
		 &(struct px_answer){.status = 200,
				     .details = "cors_response",
				     .fields = {out.p, (uint32_t)out.n}});
}

bool px_action_cors(struct sl_proxy *px, struct px_session *s, const struct sl_snap_route *route,
		    const struct sl_snap_cors **grants)
{
	const struct sl_snap *snap = px->lc->snap;
	struct sl_str origin = field(&px->req, SL_STR("origin"));
	const struct sl_snap_cors *cors;

	*grants = NULL;
	if (route->cors == SL_SNAP_NONE || origin.n == 0)
		return false;
	cors = sl_snap_cors(snap, route->cors);
	if (sl_snap_cors_grants(snap, px->lc->scratch, cors, origin))
		*grants = cors;
	if (!sl_str_eq(px->req.method, SL_STR("OPTIONS")) ||
	    field(&px->req, SL_STR("access-control-request-method")).n == 0 ||
	    (!*grants && !cors->answer_unmatched))
		return false;
	if (px_change_keep(px, s, (struct sl_span){0, 0}, *grants))
		answer_preflight(px, s, *grants);
	else
		px_local_no_buffers(px, s);
	return true;
}

void px_action_direct(struct sl_proxy *px, struct px_session *s, uint32_t row)
{
	const struct sl_snap_route *route = sl_snap_route(px->lc->snap, row);

	px_local(px, s,
		 &(struct px_answer){.status = route->status ? route->status : 200,
				     .details = "direct_response",
				     .body = sl_snap_str(px->lc->snap, route->direct_body),
				     .changed = true});
}

void px_action_redirect(struct sl_proxy *px, struct px_session *s, uint32_t row,
			struct sl_str target)
{
	const struct sl_snap *snap = px->lc->snap;
	const struct sl_snap_route *route = sl_snap_route(snap, row);
	int n = sl_snap_redirect(snap, row, SL_STR("http"), px->req.authority, target,
				 px->rewritten, PX_TARGET_MAX);

	if (n < 0) {
		px_local_error(px, s, SL_HTTP_E_LINE_TOO_LONG);
		return;
	}
	px_local(px, s,
		 &(struct px_answer){.status = route->status ? route->status : 301,
				     .details = "direct_response",
				     .location = {px->rewritten, (uint32_t)n},
				     .changed = true});
}
