/* SPDX-License-Identifier: BSD-3-Clause */
/* Fragmentation on the way out (RFC 791 3.2, RFC 8200 4.5): by copy, one buffer a fragment. */
#include "net_int.h"

enum { OPT_END = 0, OPT_NOP = 1, OPT_COPIED = 0x80 };

/** Header that fragments get. */
struct header {
	uint8_t bytes[60];
	uint32_t len;
};

/* Later fragments carry only the options that say so. */
static struct header later_v4(const struct header *first)
{
	struct header h = {.len = NET_V4_LEN};
	uint32_t at = NET_V4_LEN, step;

	memcpy(h.bytes, first->bytes, NET_V4_LEN);
	while (at < first->len && first->bytes[at] != OPT_END) {
		step = 1;
		if (first->bytes[at] != OPT_NOP) {
			if (at + 1 >= first->len || first->bytes[at + 1] < 2)
				break;
			step = SL_MIN(first->bytes[at + 1], first->len - at);
		}
		if (first->bytes[at] & OPT_COPIED) {
			memcpy(h.bytes + h.len, first->bytes + at, step);
			h.len += step;
		}
		at += step;
	}
	h.len = RTE_ALIGN_CEIL(h.len, 4);
	h.bytes[0] = (uint8_t)(0x40 | h.len / 4);
	return h;
}

static void finish_v4(uint8_t *at, const struct header *h, uint32_t off, uint32_t len, bool more,
		      uint16_t id)
{
	struct sl_ipv4_hdr *ip = (struct sl_ipv4_hdr *)at;

	ip->len_be = htons((uint16_t)(h->len + len));
	ip->id_be = htons(id);
	ip->frag_be = htons((uint16_t)(off / 8 | (more ? SL_IPV4_MF : 0)));
	ip->csum_be = sl_ipv4_csum(ip, h->len);
}

static void finish_v6(uint8_t *at, uint32_t off, uint32_t len, bool more, uint32_t id)
{
	uint8_t *frag = at + NET_V6_LEN;

	sl_store16(at + 4, (uint16_t)(NET_FRAG_LEN + len));
	sl_store16(frag + 2, (uint16_t)(off | more));
	sl_store32(frag + 4, id);
}

/* Headers of the first and of the later fragments; 0 where this packet can't be cut. */
static bool headers(const struct rte_mbuf *m, struct header *first, struct header *later)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);

	memset(first, 0, sizeof(*first));
	if (ip[0] >> 4 == 4) {
		first->len = (ip[0] & 0x0f) * 4u;
		if (first->len < NET_V4_LEN || m->data_len < first->len)
			return false;
		memcpy(first->bytes, ip, first->len);
		*later = later_v4(first);
		return true;
	}
	/* What we make ourselves has no extension headers; of what we forward only that is cut. */
	if (m->data_len < NET_V6_LEN || ip[6] == NET_V6_HOPOPTS || ip[6] == NET_V6_ROUTING ||
	    ip[6] == NET_V6_FRAGMENT || ip[6] == NET_V6_DSTOPTS)
		return false;
	first->len = NET_V6_LEN + NET_FRAG_LEN;
	memcpy(first->bytes, ip, NET_V6_LEN);
	first->bytes[6] = NET_V6_FRAGMENT;
	first->bytes[NET_V6_LEN] = ip[6];
	*later = *first;
	return true;
}

static struct rte_mbuf *one(struct sl_lcore *lc, struct rte_mbuf *m, const struct header *h,
			    uint32_t from, uint32_t len)
{
	struct rte_mbuf *f = rte_pktmbuf_alloc(lc->pool);
	const void *data;
	char *at;

	if (!f)
		return NULL;
	at = rte_pktmbuf_append(f, (uint16_t)(h->len + len));
	if (!at) {
		rte_pktmbuf_free(f);
		return NULL;
	}
	*sl_pkt(f) = *sl_pkt(m);
	memcpy(at, h->bytes, h->len);
	data = rte_pktmbuf_read(m, from, len, at + h->len);
	if (data != at + h->len)
		memcpy(at + h->len, data, len);
	return f;
}

uint32_t ip_fragment(struct sl_lcore *lc, struct rte_mbuf *m, uint16_t mtu, uint32_t id,
		     struct rte_mbuf *out[FRAG_OUT_MAX])
{
	bool v4 = *rte_pktmbuf_mtod(m, const uint8_t *) >> 4 == 4;
	uint32_t skip, data, chunk, n = 0;
	struct header first, later;

	if (!headers(m, &first, &later))
		return 0;
	skip = v4 ? first.len : NET_V6_LEN;
	data = m->pkt_len - skip;
	if (first.len + data > UINT16_MAX)
		return 0;
	chunk = (mtu - first.len) & ~7u;
	for (uint32_t off = 0; off < data; off += chunk) {
		const struct header *h = off ? &later : &first;
		uint32_t len = SL_MIN(chunk, data - off);
		bool more = off + len < data;
		struct rte_mbuf *f = n < FRAG_OUT_MAX ? one(lc, m, h, skip + off, len) : NULL;

		if (!f) {
			rte_pktmbuf_free_bulk(out, n);
			return 0;
		}
		if (v4)
			finish_v4(rte_pktmbuf_mtod(f, uint8_t *), h, off, len, more, (uint16_t)id);
		else
			finish_v6(rte_pktmbuf_mtod(f, uint8_t *), off, len, more, id);
		out[n++] = f;
	}
	return n;
}
