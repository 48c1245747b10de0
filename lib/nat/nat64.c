/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * NAT64: sessions of IPv6 clients with IPv4 endpoints. Headers and ICMP errors from one family to
 * the other (RFC 7915); the sessions are those of lib/nat (RFC 6146).
 */
#include <rte_ip.h>

#include "nat_int.h"

#define V4_LEN   20u
#define V6_LEN   40u
#define MORE     (V6_LEN - V4_LEN)
#define V6_MTU   1280u /* RFC 8200 5 */
#define QUOTED   500u  /* bytes of a quoted transport packet that are kept */
#define ICMP_LEN 8u

/* ---- packets ---- */

static uint8_t class_of(const struct sl_ipv6_hdr *ip)
{
	return (uint8_t)(ntohl(ip->ver_class_flow_be) >> 20);
}

/* Smaller ones may be cut on their way, larger ones find out about it (RFC 7915 5.1). */
static bool is_whole(const struct sl_pkt *p)
{
	return !(p->flags & SL_PKT_WHOLE) && V6_LEN + p->l4_len > V6_MTU;
}

static void to_v4(struct sl_nat *nat, struct rte_mbuf *m, const struct sl_tuple *to)
{
	struct sl_pkt *p = sl_pkt(m);
	const struct sl_ipv6_hdr *was = rte_pktmbuf_mtod_offset(m, void *, p->l3);
	struct sl_ipv4_hdr ip = {.ver_ihl = 0x45,
				 .tos = class_of(was),
				 .len_be = htons((uint16_t)(V4_LEN + p->l4_len)),
				 .ttl = was->hops,
				 .proto = p->proto,
				 .src_be = sl_ip_v4_be(&to->src),
				 .dst_be = sl_ip_v4_be(&to->dst)};

	if (is_whole(p))
		ip.frag_be = htons(SL_IPV4_DF);
	else
		ip.id_be = (uint16_t)sl_balance_rnd(&nat->lc->rnd);
	ip.csum_be = sl_ipv4_csum(&ip, sizeof(ip));
	p->l3 = p->l4 - V4_LEN;
	p->family = 4;
	memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, p->l3), &ip, sizeof(ip));
}

/* IPv6 knows no datagram without a checksum (RFC 7915 4.5). */
static void add_checksum(struct rte_mbuf *m)
{
	const struct sl_pkt *p = sl_pkt(m);
	uint8_t *field = rte_pktmbuf_mtod_offset(m, uint8_t *, p->l4 + 6u);
	uint64_t sum = sl_csum_pseudo(&p->src, &p->dst, IPPROTO_UDP, p->l4_len);
	uint16_t raw = 0, csum;

	if (sl_load16(field) || rte_raw_cksum_mbuf(m, p->l4, p->l4_len, &raw) != 0)
		return;
	csum = (uint16_t)~sl_csum_fold(sum + raw);
	if (csum == 0)
		csum = 0xffff;
	memcpy(field, &csum, 2);
}

static bool to_v6(struct rte_mbuf *m, const struct sl_tuple *to)
{
	struct sl_pkt *p = sl_pkt(m);
	const struct sl_ipv4_hdr *was = rte_pktmbuf_mtod_offset(m, void *, p->l3);
	struct sl_ipv6_hdr ip = {.ver_class_flow_be = htonl(6u << 28 | (uint32_t)was->tos << 20),
				 .len_be = htons(p->l4_len),
				 .next = p->proto,
				 .hops = was->ttl};

	/* Without DF its sender has nothing against its being cut. */
	if (!(ntohs(was->frag_be) & SL_IPV4_DF))
		p->flags |= SL_PKT_WHOLE;
	memcpy(ip.src, to->src.b, 16);
	memcpy(ip.dst, to->dst.b, 16);
	if (!rte_pktmbuf_prepend(m, MORE))
		return false;
	p->l4 += MORE;
	p->payload += MORE;
	p->l3 = p->l4 - V6_LEN;
	p->family = 6;
	memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, p->l3), &ip, sizeof(ip));
	return true;
}

/* Errors are sent before it is translated, in the sender's family and with his sizes. */
static bool can_go(struct sl_nat *nat, struct rte_mbuf *m, const struct sl_ip *dst)
{
	const struct sl_pkt *p = sl_pkt(m);
	bool to4 = p->family == 6;
	uint32_t len = p->l4_len + (to4 ? V4_LEN : V6_LEN);
	const struct sl_ipv4_hdr *v4 = rte_pktmbuf_mtod_offset(m, void *, p->l3);
	bool may_cut = to4 ? !is_whole(p) : !(ntohs(v4->frag_be) & SL_IPV4_DF);
	struct sl_ip src;
	uint16_t mtu;

	if (nat_hops(m) <= 1) {
		sl_icmp_error_send(nat->nl, m, 11, 0, 0);
		sl_drop(nat->lc, m, SL_DROP_IP_TTL);
		return false;
	}
	if (may_cut || !sl_net_source(nat->net, dst, &src, &mtu) || len <= mtu)
		return true;
	sl_icmp_error_send(nat->nl, m, 3, 4, (uint16_t)(to4 ? mtu + MORE : mtu - MORE));
	sl_drop(nat->lc, m, SL_DROP_IP_TOO_BIG);
	return false;
}

void nat64_pass_on(struct sl_nat *nat, struct rte_mbuf *m, const struct sl_tuple *to)
{
	struct sl_pkt *p = sl_pkt(m);
	struct sl_tuple from = nat_pkt_tuple(p);

	if (!can_go(nat, m, &to->dst))
		return;
	if (p->family == 6) {
		to_v4(nat, m, to);
	} else if (!to_v6(m, to)) {
		sl_drop(nat->lc, m, SL_DROP_NO_MBUF);
		return;
	}
	nat_rewrite_l4(rte_pktmbuf_mtod_offset(m, uint8_t *, p->l4), p->l4_len, &from, to);
	p->src = to->src;
	p->dst = to->dst;
	p->sport = to->sport;
	p->dport = to->dport;
	if (p->family == 6 && p->proto == IPPROTO_UDP)
		add_checksum(m);
	sl_ip_forward(nat->nl, m);
}

/* ---- ICMP errors ---- */

struct error {
	uint8_t type, code;
	uint32_t rest;
};

/* Which byte of the header is wrong (RFC 7915 4.2, 5.2); 255: it has none like it. */
static uint8_t pointer_to_v6(uint8_t at)
{
	static const uint8_t v6[20] = {0,   1,   4, 4, 255, 255, 255, 255, 7,  6,
				       255, 255, 8, 8, 8,   8,   24,  24,  24, 24};

	return at < sizeof(v6) ? v6[at] : 255;
}

static uint8_t pointer_to_v4(uint32_t at)
{
	static const uint8_t v4[8] = {0, 1, 255, 255, 2, 2, 9, 8};

	if (at < sizeof(v4))
		return v4[at];
	return at < 24 ? 12 : at < 40 ? 16 : 255;
}

static bool unreachable_to_v6(const struct sl_icmp_error *e, struct error *out)
{
	switch (e->code) {
	case 2:
		*out = (struct error){4, 1, 6};
		return true;
	case 3:
		*out = (struct error){1, 4, 0};
		return true;
	case 4:
		*out = (struct error){2, 0, SL_MAX(e->mtu + MORE, V6_MTU)};
		return true;
	case 9:
	case 10:
	case 13:
	case 15:
		*out = (struct error){1, 1, 0};
		return true;
	default:
		*out = (struct error){1, 0, 0};
		return e->code != 14;
	}
}

static bool error_to_v6(const struct sl_icmp_error *e, uint32_t rest, struct error *out)
{
	if (e->type == 3)
		return unreachable_to_v6(e, out);
	if (e->type == 11) {
		*out = (struct error){3, e->code, 0};
		return true;
	}
	*out = (struct error){4, 0, pointer_to_v6((uint8_t)(rest >> 24))};
	return e->type == 12 && e->code != 1 && out->rest != 255;
}

static bool error_to_v4(const struct sl_icmp_error *e, uint32_t rest, struct error *out)
{
	static const uint8_t unreachable[] = {1, 10, 1, 1, 3};

	switch (e->type) {
	case 1:
		if (e->code >= sizeof(unreachable))
			return false;
		*out = (struct error){3, unreachable[e->code], 0};
		return true;
	case 2:
		*out = (struct error){3, 4, SL_MAX(e->mtu, V6_MTU) - MORE};
		return true;
	case 3:
		*out = (struct error){11, e->code, 0};
		return true;
	default:
		*out = (struct error){12, 0, (uint32_t)pointer_to_v4(rest) << 24};
		if (e->code == 1)
			*out = (struct error){3, 2, 0};
		return e->code < 2 && out->rest != 255u << 24;
	}
}

/* An IP header in front of `len` bytes. @return Bytes of it. */
static uint32_t header(uint8_t *at, const struct sl_ip *src, const struct sl_ip *dst, uint8_t proto,
		       uint8_t hops, uint32_t len)
{
	if (sl_ip_is_v4(dst)) {
		struct sl_ipv4_hdr ip = {.ver_ihl = 0x45,
					 .len_be = htons((uint16_t)(V4_LEN + len)),
					 .ttl = hops,
					 .proto = proto,
					 .src_be = sl_ip_v4_be(src),
					 .dst_be = sl_ip_v4_be(dst)};

		ip.csum_be = sl_ipv4_csum(&ip, sizeof(ip));
		memcpy(at, &ip, sizeof(ip));
		return V4_LEN;
	}
	{
		struct sl_ipv6_hdr ip = {.ver_class_flow_be = htonl(6u << 28),
					 .len_be = htons((uint16_t)len),
					 .next = proto,
					 .hops = hops};

		memcpy(ip.src, src->b, 16);
		memcpy(ip.dst, dst->b, 16);
		memcpy(at, &ip, sizeof(ip));
	}
	return V6_LEN;
}

/* Transport bytes that the quoted packet had, and its hops. */
static uint32_t quoted_len(const struct rte_mbuf *m, const struct sl_icmp_error *e, uint32_t l4,
			   uint8_t *hops)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, e->inner_l3);
	uint32_t head = l4 - e->inner_l3;
	uint32_t total = e->family == 4 ? sl_load16(ip + 2) : V6_LEN + sl_load16(ip + 4);

	*hops = e->family == 4 ? ip[8] : ip[7];
	return total > head ? total - head : 0;
}

/* ICMP header and quotation. @return Bytes. */
static uint32_t message(uint8_t *at, struct rte_mbuf *m, const struct sl_icmp_error *e,
			const struct error *as, const struct sl_tuple *inner, uint32_t l4)
{
	struct sl_icmp_hdr icmp = {.type = as->type, .code = as->code, .rest_be = htonl(as->rest)};
	uint32_t end = SL_MIN(m->data_len, (uint32_t)sl_pkt(m)->l4 + sl_pkt(m)->l4_len);
	uint32_t n = SL_MIN(end - l4, QUOTED), head, len;
	uint8_t hops;

	len = quoted_len(m, e, l4, &hops);
	memcpy(at, &icmp, sizeof(icmp));
	head = header(at + ICMP_LEN, &inner->src, &inner->dst, inner->proto, hops, len);
	memcpy(at + ICMP_LEN + head, rte_pktmbuf_mtod_offset(m, uint8_t *, l4), n);
	nat_rewrite_l4(at + ICMP_LEN + head, n, &e->inner, inner);
	return ICMP_LEN + head + n;
}

static void checksum(uint8_t *icmp, uint32_t n, const struct sl_ip *src, const struct sl_ip *dst)
{
	uint64_t sum = sl_ip_is_v4(dst) ? 0 : sl_csum_pseudo(src, dst, IPPROTO_ICMPV6, n);
	uint16_t csum = (uint16_t)~sl_csum_fold(sl_csum_add(sum, icmp, n));

	memcpy(icmp + 2, &csum, 2);
}

void nat64_error(struct sl_nat *nat, struct rte_mbuf *m, const struct sl_icmp_error *e,
		 const struct sl_tuple *inner, const struct sl_ip *src, const struct sl_ip *dst)
{
	bool to4 = sl_ip_is_v4(dst);
	uint32_t head = to4 ? V4_LEN : V6_LEN, l4 = nat_quoted_l4(m, e), n;
	const struct sl_icmp_hdr *icmp =
		rte_pktmbuf_mtod_offset(m, const struct sl_icmp_hdr *, sl_pkt(m)->l4);
	uint32_t rest = ntohl(icmp->rest_be);
	struct error as;
	struct rte_mbuf *r;
	uint8_t *at;

	if (l4 == UINT32_MAX || l4 + 8 > m->data_len || nat_hops(m) <= 1 ||
	    !(to4 ? error_to_v4(e, rest, &as) : error_to_v6(e, rest, &as))) {
		sl_drop(nat->lc, m, SL_DROP_ICMP_IGNORED);
		return;
	}
	r = rte_pktmbuf_alloc(nat->lc->pool);
	if (!r) {
		sl_drop(nat->lc, m, SL_DROP_NO_MBUF);
		return;
	}
	at = rte_pktmbuf_mtod(r, uint8_t *);
	n = message(at + head, m, e, &as, inner, l4);
	checksum(at + head, n, src, dst);
	header(at, src, dst, to4 ? IPPROTO_ICMP : IPPROTO_ICMPV6, (uint8_t)(nat_hops(m) - 1), n);
	r->data_len = (uint16_t)(head + n);
	r->pkt_len = head + n;
	memset(sl_pkt(r), 0, sizeof(struct sl_pkt));
	sl_consume(nat->lc);
	rte_pktmbuf_free(m);
	sl_ip_send(nat->nl, r);
}
