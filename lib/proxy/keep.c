/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What was sent of a request, kept by reference until its answer begins, so that another endpoint
 * can have it, and mirrors. Bounded for each request and for all together: beyond that it is sent
 * only once.
 */
#include "proxy_int.h"

static void release(struct sl_proxy *px, struct px_kept *k)
{
	px->kept_segs -= k->segs;
	rte_pktmbuf_free(k->head);
	*k = (struct px_kept){0};
}

void px_keep_begin(struct sl_proxy *px, struct px_session *s)
{
	s->kept.on = !s->req.done && px->cfg.retry_body_bytes > 0;
}

void px_keep(struct sl_proxy *px, struct px_kept *k, const struct px_chain *sent)
{
	struct rte_mbuf *clone;
	uint32_t segs = 0;

	if (!k->on || !sent->head)
		return;
	for (const struct rte_mbuf *m = sent->head; m; m = m->next)
		segs++;
	if (k->bytes + sent->len > px->cfg.retry_body_bytes || k->segs + segs > PX_KEPT_SEGS ||
	    px->kept_segs + segs > px->kept_segs_max) {
		px->lc->stats.c->http_retry_body_dropped++;
		release(px, k);
		return;
	}
	clone = px_clone(px, sent->head);
	if (!clone) {
		px->lc->stats.c->http_retry_body_dropped++;
		release(px, k);
		return;
	}
	if (k->tail)
		k->tail->next = clone;
	else
		k->head = clone;
	k->tail = rte_pktmbuf_lastseg(clone);
	k->bytes += sent->len;
	k->segs = (uint16_t)(k->segs + segs);
	px->kept_segs += segs;
}

bool px_keep_put(struct sl_proxy *px, const struct px_session *s, struct px_chain *ch)
{
	struct rte_mbuf *clone = s->kept.head ? px_clone(px, s->kept.head) : NULL;

	px_chain_add(ch, clone);
	return clone || !s->kept.head;
}

bool px_keep_copy(struct sl_proxy *px, const struct px_kept *from, struct px_kept *to)
{
	struct rte_mbuf *clone;

	if (px->kept_segs + from->segs > px->kept_segs_max)
		return false;
	clone = px_clone(px, from->head);
	if (!clone)
		return false;
	*to = *from;
	to->head = clone;
	to->tail = rte_pktmbuf_lastseg(clone);
	px->kept_segs += to->segs;
	return true;
}

void px_keep_end(struct sl_proxy *px, struct px_session *s)
{
	rte_pktmbuf_free(s->up_head);
	s->up_head = NULL;
	release(px, &s->kept);
}
