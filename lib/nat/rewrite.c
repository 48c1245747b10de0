/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses, ports and checksums of a translated packet, and of one quoted by an ICMP error. */
#include "nat_int.h"

#define V4_ADDRS  12u /* offset of source and destination in the IP header */
#define V6_ADDRS  8u
#define V4_CSUM   10u
#define TCP_CSUM  16u
#define UDP_CSUM  6u
#define ICMP_CSUM 2u
#define ICMP_ID   4u
#define QUOTED_L4 8u

/* A change of bytes at an even offset of what a checksum covers. */
struct change {
	uint8_t old[32], new[32];
	uint32_t len;
};

static void update(uint8_t *field, const struct change *c)
{
	uint16_t csum;

	memcpy(&csum, field, 2);
	csum = sl_csum_update(csum, c->old, c->new, c->len);
	memcpy(field, &csum, 2);
}

/* UDP: 0 says "no checksum" and stays; a checksum that comes out as 0 is sent as all ones. */
static void update_udp(uint8_t *field, const struct change *c)
{
	static const uint8_t zero[2], ones[2] = {0xff, 0xff};

	if (memcmp(field, zero, 2) == 0)
		return;
	update(field, c);
	if (memcmp(field, zero, 2) == 0)
		memcpy(field, ones, 2);
}

static void replace(uint8_t *at, const void *bytes, uint32_t len, struct change *c)
{
	c->len = len;
	memcpy(c->old, at, len);
	memcpy(c->new, bytes, len);
	memcpy(at, bytes, len);
}

/* Source and destination address in an IP header of either family. */
static void replace_addrs(uint8_t *ip, uint8_t family, const struct sl_ip *src,
			  const struct sl_ip *dst, struct change *c)
{
	uint8_t both[32];

	if (family == 4) {
		memcpy(both, src->b + 12, 4);
		memcpy(both + 4, dst->b + 12, 4);
		replace(ip + V4_ADDRS, both, 8, c);
		update(ip + V4_CSUM, c);
		return;
	}
	memcpy(both, src->b, 16);
	memcpy(both + 16, dst->b, 16);
	replace(ip + V6_ADDRS, both, 32, c);
}

static void replace_ports(uint8_t *l4, const struct sl_tuple *to, struct change *c)
{
	uint8_t ports[4];

	sl_store16(ports, to->sport);
	sl_store16(ports + 2, to->dport);
	replace(l4, ports, sizeof(ports), c);
}

/* The identifier stands where the tuple has a port; the checksum of ICMPv6 covers addresses. */
static void rewrite_echo(uint8_t *l4, const struct sl_tuple *to, const struct change *addrs)
{
	struct change id;
	uint8_t number[2];

	sl_store16(number, to->sport | to->dport);
	replace(l4 + ICMP_ID, number, 2, &id);
	update(l4 + ICMP_CSUM, &id);
	if (to->proto == IPPROTO_ICMPV6)
		update(l4 + ICMP_CSUM, addrs);
	/* Of zeros only: their sum must not be 0 (RFC 1624 3). */
	if (l4[0] == 0 && sl_load16(number) == 0 && sl_load16(l4 + ICMP_CSUM) == 0)
		sl_store16(l4 + ICMP_CSUM, 0xffff);
}

void nat_rewrite(struct rte_mbuf *m, const struct sl_tuple *to)
{
	struct sl_pkt *p = sl_pkt(m);
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, p->l3);
	uint8_t *l4 = rte_pktmbuf_mtod_offset(m, uint8_t *, p->l4);
	struct change addrs, ports;

	replace_addrs(ip, p->family, &to->src, &to->dst, &addrs);
	if (nat_is_icmp(p->proto)) {
		rewrite_echo(l4, to, &addrs);
	} else if (p->proto == IPPROTO_TCP) {
		replace_ports(l4, to, &ports);
		update(l4 + TCP_CSUM, &addrs);
		update(l4 + TCP_CSUM, &ports);
	} else {
		replace_ports(l4, to, &ports);
		update_udp(l4 + UDP_CSUM, &addrs);
		update_udp(l4 + UDP_CSUM, &ports);
	}
	p->src = to->src;
	p->dst = to->dst;
	p->sport = to->sport;
	p->dport = to->dport;
}

/* As a pseudo-header sums it: what an IPv4 address lacks adds nothing. */
static void address_bytes(uint8_t at[16], const struct sl_ip *ip)
{
	memset(at, 0, 16);
	if (sl_ip_is_v4(ip))
		memcpy(at + 12, ip->b + 12, 4);
	else
		memcpy(at, ip->b, 16);
}

void nat_rewrite_l4(uint8_t *l4, uint32_t n, const struct sl_tuple *from, const struct sl_tuple *to)
{
	struct change addrs = {.len = 32}, ports;

	address_bytes(addrs.old, &from->src);
	address_bytes(addrs.old + 16, &from->dst);
	address_bytes(addrs.new, &to->src);
	address_bytes(addrs.new + 16, &to->dst);
	replace_ports(l4, to, &ports);
	if (to->proto == IPPROTO_UDP) {
		update_udp(l4 + UDP_CSUM, &addrs);
		update_udp(l4 + UDP_CSUM, &ports);
	} else if (n >= TCP_CSUM + 2) {
		update(l4 + TCP_CSUM, &addrs);
		update(l4 + TCP_CSUM, &ports);
	}
}

/* Behind the extension headers of a quoted IPv6 header; UINT32_MAX when cut off within them. */
static uint32_t quoted_v6_l4(const struct rte_mbuf *m, uint32_t ip)
{
	uint8_t next = *rte_pktmbuf_mtod_offset(m, const uint8_t *, ip + 6);
	uint32_t at = ip + sizeof(struct sl_ipv6_hdr);

	while (at + 8 <= m->data_len) {
		const uint8_t *h = rte_pktmbuf_mtod_offset(m, const uint8_t *, at);

		if (next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS)
			at += (h[1] + 1u) * 8;
		else if (next == IPPROTO_FRAGMENT)
			at += 8;
		else
			return at;
		next = h[0];
	}
	return UINT32_MAX;
}

uint32_t nat_quoted_l4(const struct rte_mbuf *m, const struct sl_icmp_error *e)
{
	if (e->family == 6)
		return quoted_v6_l4(m, e->inner_l3);
	return e->inner_l3 +
	       (*rte_pktmbuf_mtod_offset(m, const uint8_t *, e->inner_l3) & 0x0fu) * 4u;
}

/* The quoted transport checksum, when it was quoted at all. */
static void update_quoted(struct rte_mbuf *m, const struct sl_icmp_error *e, uint32_t l4,
			  const struct change *addrs, const struct change *ports, uint8_t *icmp)
{
	uint32_t off = l4 + (e->inner.proto == IPPROTO_TCP   ? TCP_CSUM
			     : e->inner.proto == IPPROTO_UDP ? UDP_CSUM
							     : ICMP_CSUM);
	uint8_t *field = rte_pktmbuf_mtod_offset(m, uint8_t *, off);
	struct change c = {.len = 2};

	/* Header bytes beyond the ICMP message, or in another buffer, are left alone. */
	if (off + 2u > m->data_len || off + 2u > (uint32_t)sl_pkt(m)->l4 + sl_pkt(m)->l4_len)
		return;
	memcpy(c.old, field, 2);
	if (e->inner.proto != IPPROTO_UDP) {
		if (e->inner.proto != IPPROTO_ICMP)
			update(field, addrs);
		update(field, ports);
	} else {
		update_udp(field, addrs);
		update_udp(field, ports);
	}
	memcpy(c.new, field, 2);
	update(icmp, &c);
}

/* Ports, or the identifier of an echo: eight bytes are always quoted. */
static void replace_quoted(uint8_t *l4, const struct sl_tuple *inner, struct change *c)
{
	uint8_t id[2];

	if (!nat_is_icmp(inner->proto)) {
		replace_ports(l4, inner, c);
		return;
	}
	sl_store16(id, inner->sport | inner->dport);
	replace(l4 + ICMP_ID, id, 2, c);
}

bool nat_rewrite_quoted(struct rte_mbuf *m, const struct sl_icmp_error *e,
			const struct sl_tuple *inner, const struct sl_ip *src,
			const struct sl_ip *dst)
{
	struct sl_pkt *p = sl_pkt(m);
	uint8_t *outer = rte_pktmbuf_mtod_offset(m, uint8_t *, p->l3);
	uint8_t *icmp = rte_pktmbuf_mtod_offset(m, uint8_t *, p->l4) + ICMP_CSUM;
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, e->inner_l3);
	struct change addrs, ports, c = {.len = 2};
	uint32_t l4 = nat_quoted_l4(m, e);

	if (l4 == UINT32_MAX || l4 + QUOTED_L4 > m->data_len)
		return false;
	memcpy(c.old, ip + V4_CSUM, 2);
	replace_addrs(ip, e->family, &inner->src, &inner->dst, &addrs);
	memcpy(c.new, ip + V4_CSUM, 2);
	update(icmp, &addrs);
	if (e->family == 4)
		update(icmp, &c);
	replace_quoted(rte_pktmbuf_mtod_offset(m, uint8_t *, l4), inner, &ports);
	update(icmp, &ports);
	update_quoted(m, e, l4, &addrs, &ports, icmp);
	replace_addrs(outer, p->family, src, dst, &addrs);
	if (p->family == 6) /* ICMPv6 covers the addresses it travels between */
		update(icmp, &addrs);
	p->src = *src;
	p->dst = *dst;
	return true;
}
