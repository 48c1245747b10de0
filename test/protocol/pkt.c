/* SPDX-License-Identifier: BSD-3-Clause */
/* IP packets as plain bytes, and their way into and out of mbufs. */
#include "pkt.h"

#include <netinet/in.h>

#define ETH 14

static bool is_v6(const struct sl_ip *ip)
{
	return !sl_ip_is_v4(ip);
}

size_t pkt_emit(uint8_t *buf, const struct pkt_tcp *t)
{
	size_t ip_len = is_v6(&t->src) ? 40 : 20, hlen = 20 + t->opts_len, all = hlen + t->len;
	struct sl_tcp_hdr *h = (struct sl_tcp_hdr *)(buf + ip_len);
	uint64_t sum;

	memset(buf, 0, ip_len + 20);
	if (ip_len == 40) {
		struct sl_ipv6_hdr *ip = (struct sl_ipv6_hdr *)buf;

		ip->ver_class_flow_be = htonl(0x60000000);
		ip->len_be = htons((uint16_t)all);
		ip->next = IPPROTO_TCP;
		ip->hops = 64;
		memcpy(ip->src, t->src.b, 16);
		memcpy(ip->dst, t->dst.b, 16);
	} else {
		struct sl_ipv4_hdr *ip = (struct sl_ipv4_hdr *)buf;

		ip->ver_ihl = 0x45;
		ip->len_be = htons((uint16_t)(ip_len + all));
		ip->ttl = 64;
		ip->proto = IPPROTO_TCP;
		ip->src_be = sl_ip_v4_be(&t->src);
		ip->dst_be = sl_ip_v4_be(&t->dst);
		ip->csum_be = sl_ipv4_csum(ip, sizeof(*ip));
	}
	h->sport_be = htons(t->sport);
	h->dport_be = htons(t->dport);
	h->seq_be = htonl(t->seq);
	h->ack_be = htonl(t->ack);
	h->off = (uint8_t)(hlen / 4 << 4);
	h->flags = t->flags;
	h->win_be = htons(t->win);
	if (t->opts_len)
		memcpy(h + 1, t->opts, t->opts_len);
	if (t->len)
		memcpy((uint8_t *)h + hlen, t->payload, t->len);
	sum = sl_csum_pseudo(&t->src, &t->dst, IPPROTO_TCP, (uint32_t)all);
	h->csum_be = (uint16_t)~sl_csum_fold(sl_csum_add(sum, h, all));
	return ip_len + all;
}

static const char *parse_ip(const uint8_t *p, size_t len, struct pkt_tcp *t, size_t *ip_len)
{
	const struct sl_ipv4_hdr *v4 = (const struct sl_ipv4_hdr *)p;
	const struct sl_ipv6_hdr *v6 = (const struct sl_ipv6_hdr *)p;

	*ip_len = p[0] >> 4 == 6 ? 40 : 20;
	if (len < *ip_len + 20)
		return "too short";
	if (*ip_len == 40) {
		if (ntohs(v6->len_be) != len - 40 || v6->next != IPPROTO_TCP)
			return "IPv6 length or protocol";
		memcpy(t->src.b, v6->src, 16);
		memcpy(t->dst.b, v6->dst, 16);
		return NULL;
	}
	if (p[0] != 0x45 || ntohs(v4->len_be) != len || v4->proto != IPPROTO_TCP)
		return "IPv4 version, length or protocol";
	if (v4->csum_be != sl_ipv4_csum(v4, 20))
		return "IPv4 checksum";
	t->src = sl_ip_from_v4(v4->src_be);
	t->dst = sl_ip_from_v4(v4->dst_be);
	return NULL;
}

const char *pkt_parse(const uint8_t *p, size_t len, struct pkt_tcp *t)
{
	size_t ip_len, hlen;
	const char *bad = parse_ip(p, len, t, &ip_len);
	const struct sl_tcp_hdr *h = (const struct sl_tcp_hdr *)(p + ip_len);

	if (bad)
		return bad;
	hlen = (size_t)(h->off >> 4) * 4;
	if (hlen < 20 || ip_len + hlen > len)
		return "TCP header length";
	if (sl_csum_fold(sl_csum_add(
		    sl_csum_pseudo(&t->src, &t->dst, IPPROTO_TCP, (uint32_t)(len - ip_len)), h,
		    len - ip_len)) != 0xffff)
		return "TCP checksum";
	t->sport = ntohs(h->sport_be);
	t->dport = ntohs(h->dport_be);
	t->seq = ntohl(h->seq_be);
	t->ack = ntohl(h->ack_be);
	t->win = ntohs(h->win_be);
	t->flags = h->flags;
	t->opts = (const uint8_t *)(h + 1);
	t->opts_len = (uint16_t)(hlen - 20);
	t->payload = p + ip_len + hlen;
	t->len = (uint16_t)(len - ip_len - hlen);
	return NULL;
}

size_t pkt_linear(const struct rte_mbuf *m, uint8_t buf[PKT_MAX])
{
	size_t n = 0, want = m->pkt_len, segs = m->nb_segs;

	for (; m; m = m->next, segs--) {
		if (n + m->data_len > PKT_MAX)
			return 0;
		memcpy(buf + n, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);
		n += m->data_len;
	}
	return n == want && segs == 0 ? n : 0;
}

struct rte_mbuf *pkt_mbuf(struct sl_lcore *lc, const uint8_t *ip, size_t len,
			  const struct pkt_tcp *t, uint16_t cut)
{
	size_t head = len - t->len, left = t->len, n;
	struct rte_mbuf *m = rte_pktmbuf_alloc(lc->pool), *last = m;
	struct sl_pkt *pkt;

	if (!m)
		return NULL;
	pkt = sl_pkt(m);
	memset(pkt, 0, sizeof(*pkt));
	memset(rte_pktmbuf_append(m, ETH), 0, ETH);
	memcpy(rte_pktmbuf_append(m, (uint16_t)head), ip, head);
	while (left) {
		n = SL_MIN(left, (size_t)rte_pktmbuf_tailroom(last));
		if (cut)
			n = SL_MIN(n, (size_t)cut);
		memcpy(rte_pktmbuf_mtod_offset(last, uint8_t *, last->data_len), ip + len - left,
		       n);
		last->data_len += (uint16_t)n;
		left -= n;
		if (!left)
			break;
		last->next = rte_pktmbuf_alloc(lc->pool);
		last = last->next;
		if (!last) {
			rte_pktmbuf_free(m);
			return NULL;
		}
		m->nb_segs++;
	}
	m->pkt_len = (uint32_t)(ETH + len);
	pkt->family = ip[0] >> 4;
	pkt->proto = IPPROTO_TCP;
	pkt->l3 = ETH;
	pkt->l4 = ETH + (pkt->family == 6 ? 40 : 20);
	pkt->payload = (uint16_t)(ETH + head);
	pkt->l4_len = (uint16_t)(ETH + len - pkt->l4);
	pkt->sport = t->sport;
	pkt->dport = t->dport;
	pkt->src = t->src;
	pkt->dst = t->dst;
	pkt->flags = SL_PKT_L4_CSUM_OK;
	return m;
}
