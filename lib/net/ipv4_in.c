/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv4 header of a received packet: validity, options, addresses, fragment (RFC 791, 1122, 1812).
 */
#include "net_int.h"

enum { OPT_END = 0, OPT_NOP = 1, OPT_LSRR = 131, OPT_SSRR = 137 };

/* Options are skipped; source routes are refused (RFC 7126 4.3, 4.4). */
static bool options_ok(const uint8_t *o, uint32_t len)
{
	while (len) {
		uint32_t step = 1;

		if (*o == OPT_END)
			return true;
		if (*o == OPT_LSRR || *o == OPT_SSRR)
			return false;
		if (*o != OPT_NOP) {
			if (len < 2 || o[1] < 2 || o[1] > len)
				return false;
			step = o[1];
		}
		o += step;
		len -= step;
	}
	return true;
}

/* RFC 1122 3.2.1.3, RFC 1812 5.3.7: what can't have sent it, or what we would have to be. */
static bool source_ok(const struct sl_net *net, const struct sl_ip *src)
{
	uint32_t ip = ntohl(sl_ip_v4_be(src));

	return ip >> 24 != 0 && ip >> 24 != 127 && ip < 0xe0000000 &&
	       !net_is_v4_broadcast(net, sl_ip_v4_be(src)) && !sl_net_is_local(net, src);
}

static int dest_check(const struct sl_net *net, const struct sl_pkt *p)
{
	uint32_t ip = ntohl(sl_ip_v4_be(&p->dst));

	if (ip == UINT32_MAX || ip >> 28 == 14 || net_is_v4_broadcast(net, sl_ip_v4_be(&p->dst)) ||
	    (p->flags & SL_PKT_BROADCAST))
		return SL_DROP_IP_MULTICAST;
	if (ip >> 24 == 0 || ip >> 24 == 127 || ip >> 28 == 15)
		return SL_DROP_IP_NOT_OURS;
	return NET_PASS;
}

static int header_check(struct rte_mbuf *m, const struct sl_ipv4_hdr **out)
{
	uint32_t l3 = sl_pkt(m)->l3, hlen, total;
	const struct sl_ipv4_hdr *ip;

	if (!net_pullup(m, l3 + NET_V4_LEN))
		return SL_DROP_IP_TRUNCATED;
	ip = rte_pktmbuf_mtod_offset(m, const struct sl_ipv4_hdr *, l3);
	hlen = (ip->ver_ihl & 0x0f) * 4u;
	total = ntohs(ip->len_be);
	if (ip->ver_ihl >> 4 != 4 || hlen < NET_V4_LEN || total < hlen)
		return SL_DROP_IP_BAD_HEADER;
	if (total > m->pkt_len - l3 || !net_pullup(m, l3 + hlen))
		return SL_DROP_IP_TRUNCATED;
	if ((m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) != RTE_MBUF_F_RX_IP_CKSUM_GOOD &&
	    sl_ipv4_csum(ip, hlen) != ip->csum_be)
		return SL_DROP_IP_BAD_CSUM;
	if (!options_ok((const uint8_t *)(ip + 1), hlen - NET_V4_LEN))
		return SL_DROP_IP_BAD_HEADER;
	net_trim(m, l3 + total);
	*out = ip;
	return NET_PASS;
}

static int fragment_check(const struct sl_ipv4_hdr *ip, const struct sl_pkt *p)
{
	uint16_t frag = ntohs(ip->frag_be);
	uint32_t off = (frag & SL_IPV4_OFF_MASK) * 8u;

	if (p->l4_len == 0 || ((frag & SL_IPV4_MF) && p->l4_len % 8) ||
	    p->payload - p->l3 + off + p->l4_len > 65535)
		return SL_DROP_FRAG_BAD;
	return NET_PASS;
}

int ipv4_parse(const struct sl_net *net, struct rte_mbuf *m)
{
	struct sl_pkt *p = sl_pkt(m);
	const struct sl_ipv4_hdr *ip;
	int verdict = header_check(m, &ip);
	uint16_t hlen, frag;

	if (verdict != NET_PASS)
		return verdict;
	hlen = (ip->ver_ihl & 0x0f) * 4u;
	p->family = 4;
	p->proto = ip->proto;
	p->l4 = p->payload = p->l3 + hlen;
	p->l4_len = ntohs(ip->len_be) - hlen;
	p->src = sl_ip_from_v4(ip->src_be);
	p->dst = sl_ip_from_v4(ip->dst_be);
	if (!source_ok(net, &p->src))
		return SL_DROP_IP_BAD_SOURCE;
	verdict = dest_check(net, p);
	if (verdict != NET_PASS)
		return verdict;
	frag = ntohs(ip->frag_be);
	if (!(frag & (SL_IPV4_MF | SL_IPV4_OFF_MASK)))
		return l4_parse(m);
	p->flags |= SL_PKT_FRAGMENT;
	if (!(frag & SL_IPV4_OFF_MASK))
		l4_parse_fragment(m);
	return fragment_check(ip, p);
}
