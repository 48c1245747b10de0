/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Trailers that go on: the section is gathered in a head buffer until it is whole, then those of
 * its fields that may go on are written anew behind the last chunk. Where there is no buffer they
 * are dropped, as any recipient may (RFC 9110 6.5.1).
 */
#include "proxy_int.h"

bool px_trailers_wanted(const struct sl_proxy *px, const struct px_session *s)
{
	uint32_t row = px_row(px, SL_STATS_LISTENER, &s->listener);
	uint8_t own = SL_HTTP_TRAILERS_AS_BOX;

	if (row != PX_NONE)
		own = sl_snap_listener(px->lc->snap, row)->trailers;
	return own == SL_HTTP_TRAILERS_AS_BOX ? px->cfg.forward_trailers
					      : own == SL_HTTP_TRAILERS_FORWARD;
}

/** Slow trailers must leave buffers for heads. */
static bool begin(struct sl_proxy *px, struct px_body *b)
{
	uint32_t max = SL_MAX(px->cfg.head_buffers / 4, 1u);
	uint32_t buf = px->trailer_bufs < max ? px_buffer_get(px) : PX_NONE;

	if (buf == PX_NONE) {
		px->lc->stats.c->http_trailers_dropped++;
		b->trailers = false;
		return false;
	}
	px->trailer_bufs++;
	b->section = buf + 1;
	return true;
}

bool px_trailers_gather(struct sl_proxy *px, struct px_body *b, uint32_t before, const char *end)
{
	uint32_t all = b->chunks.trailer_bytes, n = all - before;
	uint16_t fields = px->limits.fields;

	if (n == 0)
		return true;
	if (fields > 0 && b->chunks.trailers > fields)
		b->chunks.error = SL_HTTP_E_TOO_MANY_FIELDS;
	else if (px->limits.head_bytes > 0 && all > px->limits.head_bytes)
		b->chunks.error = SL_HTTP_E_HEAD_TOO_LARGE;
	if (b->chunks.error)
		return false;
	if (!b->trailers || b->chunks.trailers == 0 || (b->section == 0 && !begin(px, b)))
		return true;
	memcpy(px_buffer(px, b->section - 1) + before, end - n, n);
	return true;
}

struct rte_mbuf *px_trailers_take(struct sl_proxy *px, struct px_body *b)
{
	struct sl_http_out out = {.p = px->scratch, .cap = PX_SCRATCH_MAX};
	struct rte_mbuf *m = NULL;

	if (b->section == 0)
		return NULL;
	sl_http_put_trailers(
		&out, (struct sl_str){px_buffer(px, b->section - 1), b->chunks.trailer_bytes});
	if (out.n > 0) {
		sl_http_put(&out, SL_STR("\r\n"));
		m = px_out_mbufs(px, &out);
		if (m)
			px->lc->stats.c->http_trailers_forwarded++;
		else
			px->lc->stats.c->http_trailers_dropped++;
	}
	px_trailers_free(px, b);
	return m;
}

void px_trailers_free(struct sl_proxy *px, struct px_body *b)
{
	if (b->section == 0)
		return;
	px_buffer_put(px, b->section - 1);
	px->trailer_bufs--;
	b->section = 0;
}
