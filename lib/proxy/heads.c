/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A sample of request heads for control, which asks other configurations where they would go. What
 * routes don't ask for stays here: of other fields only the names go out.
 */
#include "proxy_int.h"
#include "sl_heads.h"

#define SECOND_US 1000000u

void px_heads_create(struct sl_proxy *px)
{
	px->heads.due_us = PX_NEVER;
	px->heads.requests = px->lc->stats.c->http_downstream_rq_total;
	if (px->cfg.heads == 0 || !px->cfg.head_ring)
		return;
	px->heads.due_us = 0;
	px->heads.gap_us = SECOND_US / px->cfg.heads;
}

void px_heads_fill(struct sl_proxy *px, const struct sl_snap *snap)
{
	struct sl_str name[PX_KEPT_MAX];
	uint32_t n = snap ? sl_snap_header_names(snap, name, PX_KEPT_MAX) : 0;

	px->heads.n_kept = 0;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = px->heads.n_kept;

		if (name[i].n > PX_KEPT_NAME)
			continue;
		px->heads.kept[at].len = (uint8_t)name[i].n;
		memcpy(px->heads.kept[at].text, name[i].p, name[i].n);
		px->heads.n_kept++;
	}
}

static bool asked_for(const struct sl_proxy *px, struct sl_str name)
{
	for (uint32_t i = 0; i < px->heads.n_kept; i++)
		if (sl_str_ieq(name,
			       (struct sl_str){px->heads.kept[i].text, px->heads.kept[i].len}))
			return true;
	return false;
}

/** Fields that say how a message is framed: no head can be read without them, none is a secret. */
static bool frames(const struct sl_http_field *f)
{
	return (f->known >= SL_HTTP_F_HOST && f->known <= SL_HTTP_F_UPGRADE) ||
	       f->known == SL_HTTP_F_EXPECT;
}

/** Whether routing sees a field of ours in its stead, or nothing at all. */
static bool unseen(const struct sl_snap_request *rq, const struct sl_http_field *f)
{
	if (f->known == SL_HTTP_F_HOST || f->known == SL_HTTP_F_X_ENVOY)
		return true;
	for (uint16_t i = 0; i < rq->n_ours; i++)
		if (sl_str_ieq(rq->ours[i].name, f->name))
			return true;
	return false;
}

static struct sl_str host_of(const struct sl_snap_request *rq)
{
	for (uint16_t i = 0; i < rq->n_fields; i++)
		if (rq->field[i].known == SL_HTTP_F_HOST)
			return rq->field[i].value;
	return (struct sl_str){0};
}

static void put_fields(const struct sl_proxy *px, const struct sl_snap_request *rq,
		       struct sl_head_out *out)
{
	for (uint16_t i = 0; i < rq->n_ours; i++)
		sl_head_field(out, rq->ours[i].name, rq->ours[i].value,
			      asked_for(px, rq->ours[i].name));
	for (uint16_t i = 0; i < rq->n_fields; i++) {
		const struct sl_http_field *f = &rq->field[i];

		if (!unseen(rq, f))
			sl_head_field(out, f->name, f->value, frames(f) || asked_for(px, f->name));
	}
}

void px_heads_write(struct sl_proxy *px, struct px_session *s, const struct sl_snap_request *rq)
{
	uint64_t now = px->lc->now_us, total = px->lc->stats.c->http_downstream_rq_total;
	struct sl_head_out out;
	struct sl_head h = {.wall_us = s->start_us + px->cfg.wall_offset_us,
			    .requests = (uint32_t)(total - px->heads.requests),
			    .request_id = s->request_id,
			    .method = rq->method,
			    .target = s->target,
			    .host = host_of(rq),
			    .minor = s->minor};
	void *slot;

	/* Routed once more behind a delay: it was seen before. */
	if (s->delayed)
		return;
	/* What was not used of a second may be used at once, no more. */
	if (now > px->heads.due_us + SECOND_US)
		px->heads.due_us = now - SECOND_US;
	px->heads.due_us += px->heads.gap_us;
	slot = sl_ring_reserve(px->cfg.head_ring);
	if (!slot) {
		px->lc->stats.c->heads_dropped++;
		return;
	}
	sl_tcp_local(s->conn, &h.local);
	sl_head_begin(&out, slot, &h);
	put_fields(px, rq, &out);
	sl_ring_publish(px->cfg.head_ring, sl_head_end(&out));
	px->heads.requests = total;
	px->lc->stats.c->heads_kept++;
}
