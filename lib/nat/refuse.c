/* SPDX-License-Identifier: BSD-3-Clause */
/* What a client hears when a packet can't be served: RST, or port unreachable; and endpoints. */
#include "nat_int.h"

#define TTL 64

/* RFC 9293 3.10.7.1: the reset that the other end will take for an answer to this segment. */
static struct sl_tcp_hdr reset_for(struct rte_mbuf *m)
{
	const struct sl_pkt *p = sl_pkt(m);
	const struct sl_tcp_hdr *in = nat_tcp(m);
	struct sl_tcp_hdr rst = {.sport_be = in->dport_be,
				 .dport_be = in->sport_be,
				 .off = sizeof(rst) / 4 << 4,
				 .flags = SL_TCP_RST};
	uint32_t len;

	if (in->flags & SL_TCP_ACK) {
		rst.seq_be = in->ack_be;
		return rst;
	}
	len = (uint32_t)(p->l4 + p->l4_len - p->payload) + !!(in->flags & SL_TCP_SYN) +
	      !!(in->flags & SL_TCP_FIN);
	rst.ack_be = htonl(ntohl(in->seq_be) + len);
	rst.flags |= SL_TCP_ACK;
	return rst;
}

static void ip_header(uint8_t *at, const struct sl_pkt *p)
{
	if (p->family == 4) {
		struct sl_ipv4_hdr ip = {.ver_ihl = 0x45,
					 .len_be = htons(sizeof(ip) + sizeof(struct sl_tcp_hdr)),
					 .frag_be = htons(SL_IPV4_DF),
					 .ttl = TTL,
					 .proto = IPPROTO_TCP,
					 .src_be = sl_ip_v4_be(&p->dst),
					 .dst_be = sl_ip_v4_be(&p->src)};

		memcpy(at, &ip, sizeof(ip));
	} else {
		struct sl_ipv6_hdr ip = {.ver_class_flow_be = htonl(6u << 28),
					 .len_be = htons(sizeof(struct sl_tcp_hdr)),
					 .next = IPPROTO_TCP,
					 .hops = TTL};

		memcpy(ip.src, p->dst.b, 16);
		memcpy(ip.dst, p->src.b, 16);
		memcpy(at, &ip, sizeof(ip));
	}
}

/* To the sender of a packet with these addresses. */
static void emit(struct sl_nat *nat, const struct sl_pkt *p, struct sl_tcp_hdr *rst)
{
	uint16_t ip_len = p->family == 4 ? sizeof(struct sl_ipv4_hdr) : sizeof(struct sl_ipv6_hdr);
	struct rte_mbuf *r = rte_pktmbuf_alloc(nat->lc->clone_pool);
	uint8_t *at;

	if (!r)
		return;
	at = (uint8_t *)rte_pktmbuf_append(r, ip_len + sizeof(*rst));
	rst->csum_be = (uint16_t)~sl_csum_fold(sl_csum_add(
		sl_csum_pseudo(&p->dst, &p->src, IPPROTO_TCP, sizeof(*rst)), rst, sizeof(*rst)));
	ip_header(at, p);
	memcpy(at + ip_len, rst, sizeof(*rst));
	memset(sl_pkt(r), 0, sizeof(struct sl_pkt));
	sl_ip_send(nat->nl, r);
}

static void send_reset(struct sl_nat *nat, struct rte_mbuf *m)
{
	struct sl_tcp_hdr rst;

	if ((nat_tcp(m)->flags & SL_TCP_RST) || (sl_pkt(m)->flags & SL_PKT_BROADCAST))
		return;
	rst = reset_for(m);
	emit(nat, sl_pkt(m), &rst);
}

void nat_reset_endpoint(struct sl_nat *nat, const struct sl_nat_session *s, uint32_t seq)
{
	struct sl_pkt from = {
		.family = sl_ip_is_v4(&s->endpoint) ? 4 : 6, .src = s->endpoint, .dst = s->own};
	struct sl_tcp_hdr rst = {.sport_be = htons(s->oport),
				 .dport_be = htons(s->eport),
				 .seq_be = htonl(seq),
				 .off = sizeof(rst) / 4 << 4,
				 .flags = SL_TCP_RST};

	emit(nat, &from, &rst);
}

void nat_refuse(struct sl_nat *nat, struct rte_mbuf *m, enum sl_drop why)
{
	if (sl_pkt(m)->proto == IPPROTO_TCP)
		send_reset(nat, m);
	else
		sl_icmp_error_send(nat->nl, m, 3, 3, 0);
	sl_drop(nat->lc, m, why);
}
