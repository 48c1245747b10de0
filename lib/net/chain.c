/* SPDX-License-Identifier: BSD-3-Clause */
/* Chains of packet buffers: sums, cuts, room in front; used by every stage of lib/net. */
#include "net_int.h"

uint16_t net_csum_chain(const struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	uint64_t sum = 0;
	bool odd = false;

	for (; m && len; m = m->next) {
		uint32_t n;
		uint16_t part;

		if (off >= m->data_len) {
			off -= m->data_len;
			continue;
		}
		n = SL_MIN(len, m->data_len - off);
		part = sl_csum_fold(sl_csum_add(0, rte_pktmbuf_mtod_offset(m, void *, off), n));
		sum += odd ? sl_csum_swap(part) : part;
		odd ^= n & 1;
		len -= n;
		off = 0;
	}
	return sl_csum_fold(sum);
}

void net_trim(struct rte_mbuf *m, uint32_t len)
{
	struct rte_mbuf *seg = m;
	uint16_t segs = 1;

	if (m->pkt_len <= len)
		return;
	m->pkt_len = len;
	while (len > seg->data_len) {
		len -= seg->data_len;
		seg = seg->next;
		segs++;
	}
	seg->data_len = (uint16_t)len;
	rte_pktmbuf_free(seg->next);
	seg->next = NULL;
	m->nb_segs = segs;
}

static bool writable(const struct rte_mbuf *m)
{
	return RTE_MBUF_DIRECT(m) && rte_mbuf_refcnt_read(m) == 1;
}

bool net_pullup(struct rte_mbuf *m, uint32_t n)
{
	if (m->data_len >= n)
		return true;
	if (m->pkt_len < n || !writable(m) || rte_pktmbuf_tailroom(m) < n - m->data_len)
		return false;
	while (m->data_len < n) {
		struct rte_mbuf *seg = m->next;
		uint16_t take = (uint16_t)SL_MIN(n - m->data_len, seg->data_len);

		memcpy(rte_pktmbuf_mtod_offset(m, char *, m->data_len),
		       rte_pktmbuf_mtod(seg, char *), take);
		m->data_len += take;
		seg->data_len -= take;
		seg->data_off += take;
		if (seg->data_len == 0) {
			m->next = seg->next;
			m->nb_segs--;
			rte_pktmbuf_free_seg(seg);
		}
	}
	return true;
}

struct rte_mbuf *net_prepend(struct sl_lcore *lc, struct rte_mbuf *m, uint16_t n)
{
	struct rte_mbuf *head;

	if (writable(m) && rte_pktmbuf_headroom(m) >= n) {
		rte_pktmbuf_prepend(m, n);
		return m;
	}
	head = rte_pktmbuf_alloc(lc->clone_pool);
	if (!head)
		return NULL;
	*sl_pkt(head) = *sl_pkt(m);
	rte_pktmbuf_append(head, n);
	head->next = m;
	head->nb_segs = m->nb_segs + 1;
	head->pkt_len += m->pkt_len;
	return head;
}

struct rte_mbuf *net_linearise(struct sl_lcore *lc, struct rte_mbuf *m)
{
	struct rte_mbuf *one;
	char *p;

	if (m->pkt_len > NET_FRAME_BYTES)
		return NULL;
	one = rte_pktmbuf_alloc(lc->pool);
	if (!one)
		return NULL;
	p = rte_pktmbuf_append(one, (uint16_t)m->pkt_len);
	if (!p) {
		rte_pktmbuf_free(one);
		return NULL;
	}
	for (const struct rte_mbuf *seg = m; seg; seg = seg->next) {
		memcpy(p, rte_pktmbuf_mtod(seg, const char *), seg->data_len);
		p += seg->data_len;
	}
	*sl_pkt(one) = *sl_pkt(m);
	rte_pktmbuf_free(m);
	return one;
}
