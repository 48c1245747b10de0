/* SPDX-License-Identifier: BSD-3-Clause */
/* Chains of mbufs on their way to TCP: bytes by reference, small ones copied together. */
#include "proxy_int.h"

void px_chain_add(struct px_chain *ch, struct rte_mbuf *m)
{
	if (!m)
		return;
	if (ch->tail)
		ch->tail->next = m;
	else
		ch->head = m;
	ch->own = false;
	for (; m; m = m->next) {
		ch->len += m->data_len;
		ch->tail = m;
	}
}

bool px_chain_copy(struct sl_proxy *px, struct px_chain *ch, const void *data, uint32_t n)
{
	struct rte_mbuf *m = ch->own ? ch->tail : NULL;

	if (!m || rte_pktmbuf_tailroom(m) < n) {
		m = rte_pktmbuf_alloc(n <= SL_CLONE_DATA ? px->lc->clone_pool : px->lc->pool);
		if (!m)
			return false;
		memset(sl_pkt(m), 0, sizeof(struct sl_pkt));
		px_chain_add(ch, m);
		ch->own = true;
	}
	memcpy(rte_pktmbuf_mtod_offset(m, char *, m->data_len), data, n);
	m->data_len = (uint16_t)(m->data_len + n);
	m->pkt_len = m->data_len;
	ch->len += n;
	return true;
}

/** Packet length and segment count as DPDK wants them in the first mbuf of a chain. */
static struct rte_mbuf *finish(struct px_chain *ch)
{
	uint16_t segs = 0;

	for (struct rte_mbuf *m = ch->head; m; m = m->next)
		segs++;
	if (ch->head) {
		ch->head->pkt_len = ch->len;
		ch->head->nb_segs = segs;
	}
	return ch->head;
}

void px_chain_send(struct px_chain *ch, struct sl_tcp_conn *c)
{
	if (ch->head)
		sl_tcp_tx(c, finish(ch));
	*ch = (struct px_chain){0};
}

struct rte_mbuf *px_out_mbufs(struct sl_proxy *px, const struct sl_http_out *out)
{
	struct px_chain ch = {0};

	if (out->full || out->n == 0)
		return NULL;
	for (size_t at = 0; at < out->n;) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(px->lc->pool);
		uint32_t n;

		if (!m) {
			rte_pktmbuf_free(ch.head);
			return NULL;
		}
		memset(sl_pkt(m), 0, sizeof(struct sl_pkt));
		n = (uint32_t)SL_MIN(out->n - at, (size_t)rte_pktmbuf_tailroom(m));
		memcpy(rte_pktmbuf_mtod(m, char *), out->p + at, n);
		m->data_len = (uint16_t)n;
		px_chain_add(&ch, m);
		at += n;
	}
	return finish(&ch);
}

struct rte_mbuf *px_clone(struct sl_proxy *px, struct rte_mbuf *chain)
{
	struct px_chain ch = {0};

	for (struct rte_mbuf *m = chain; m; m = m->next) {
		struct rte_mbuf *i = rte_pktmbuf_alloc(px->lc->clone_pool);

		if (!i) {
			rte_pktmbuf_free(ch.head);
			return NULL;
		}
		rte_pktmbuf_attach(i, m);
		memset(sl_pkt(i), 0, sizeof(struct sl_pkt));
		/* Attaching copies the chain's length fields; each segment stands for itself. */
		i->next = NULL;
		i->nb_segs = 1;
		i->pkt_len = i->data_len;
		px_chain_add(&ch, i);
	}
	return finish(&ch);
}
