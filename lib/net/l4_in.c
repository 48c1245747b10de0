/* SPDX-License-Identifier: BSD-3-Clause */
/* Transport header of a received packet: lengths, ports and checksum in software. */
#include "net_int.h"

static bool csum_by_port(const struct rte_mbuf *m)
{
	return (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD;
}

/* Verifies header and payload apart: who sends the payload on needs its sum again. */
static bool csum_ok(struct rte_mbuf *m, uint32_t header_len, bool pseudo)
{
	struct sl_pkt *p = sl_pkt(m);
	uint64_t sum = 0;

	p->flags |= SL_PKT_L4_CSUM_OK;
	if (csum_by_port(m))
		return true;
	p->sum = net_csum_chain(m, p->l4 + header_len, p->l4_len - header_len);
	p->flags |= SL_PKT_SUM;
	if (pseudo)
		sum = sl_csum_pseudo(&p->src, &p->dst, p->proto, p->l4_len);
	sum = sl_csum_add(sum, rte_pktmbuf_mtod_offset(m, void *, p->l4), header_len);
	return sl_csum_fold(sum + p->sum) == 0xffff;
}

static int tcp_parse(struct rte_mbuf *m)
{
	struct sl_pkt *p = sl_pkt(m);
	const struct sl_tcp_hdr *t;
	uint32_t len;

	if (p->l4_len < sizeof(*t) || !net_pullup(m, p->l4 + (uint32_t)sizeof(*t)))
		return SL_DROP_L4_BAD_HEADER;
	t = rte_pktmbuf_mtod_offset(m, const struct sl_tcp_hdr *, p->l4);
	len = (t->off >> 4) * 4u;
	if (len < sizeof(*t) || len > p->l4_len || !net_pullup(m, p->l4 + len))
		return SL_DROP_L4_BAD_HEADER;
	p->payload = (uint16_t)(p->l4 + len);
	p->sport = ntohs(t->sport_be);
	p->dport = ntohs(t->dport_be);
	return csum_ok(m, len, true) ? NET_PASS : SL_DROP_L4_BAD_CSUM;
}

static int udp_parse(struct rte_mbuf *m)
{
	struct sl_pkt *p = sl_pkt(m);
	const struct sl_udp_hdr *u;
	uint32_t len;

	if (p->l4_len < sizeof(*u) || !net_pullup(m, p->l4 + (uint32_t)sizeof(*u)))
		return SL_DROP_L4_BAD_HEADER;
	u = rte_pktmbuf_mtod_offset(m, const struct sl_udp_hdr *, p->l4);
	len = ntohs(u->len_be);
	if (len < sizeof(*u) || len > p->l4_len)
		return SL_DROP_L4_BAD_HEADER;
	p->l4_len = (uint16_t)len;
	p->payload = p->l4 + (uint16_t)sizeof(*u);
	p->sport = ntohs(u->sport_be);
	p->dport = ntohs(u->dport_be);
	/* IPv4 may go without (RFC 768), IPv6 may not (RFC 8200 8.1). */
	if (u->csum_be == 0 && p->family == 4) {
		p->flags |= SL_PKT_L4_CSUM_OK;
		return NET_PASS;
	}
	return u->csum_be && csum_ok(m, sizeof(*u), true) ? NET_PASS : SL_DROP_L4_BAD_CSUM;
}

static int icmp_parse(struct rte_mbuf *m, bool pseudo)
{
	struct sl_pkt *p = sl_pkt(m);

	if (p->l4_len < NET_ICMP_LEN || !net_pullup(m, p->l4 + NET_ICMP_LEN) ||
	    !csum_ok(m, NET_ICMP_LEN, pseudo))
		return SL_DROP_ICMP_BAD;
	sl_icmp_echo_ports(rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l4), p->family, &p->sport,
			   &p->dport);
	return NET_PASS;
}

int l4_parse(struct rte_mbuf *m)
{
	const struct sl_pkt *p = sl_pkt(m);

	switch (p->proto) {
	case IPPROTO_TCP:
		return tcp_parse(m);
	case IPPROTO_UDP:
		return udp_parse(m);
	case IPPROTO_ICMP:
		return p->family == 4 ? icmp_parse(m, false) : NET_PASS;
	case IPPROTO_ICMPV6:
		return p->family == 6 ? icmp_parse(m, true) : NET_PASS;
	default:
		return NET_PASS;
	}
}

void l4_parse_fragment(struct rte_mbuf *m)
{
	struct sl_pkt *p = sl_pkt(m);
	const uint8_t *ports;

	if ((p->proto != IPPROTO_TCP && p->proto != IPPROTO_UDP) || p->l4_len < 4 ||
	    !net_pullup(m, p->l4 + 4u))
		return;
	ports = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l4);
	p->sport = sl_load16(ports);
	p->dport = sl_load16(ports + 2);
}
