/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv6 header and extension headers of a received packet (RFC 8200, RFC 4291). */
#include "net_int.h"

#define EXT_MAX   8u   /* extension headers */
#define EXT_BYTES 512u /* all of them */

/* Options we don't know are skipped only where their type says so (RFC 8200 4.2). */
static bool options_ok(const uint8_t *o, uint32_t len)
{
	while (len) {
		uint32_t step = 1;

		if (*o) {
			if (len < 2 || o[1] + 2u > len || (*o & 0xc0))
				return false;
			step = o[1] + 2u;
		}
		o += step;
		len -= step;
	}
	return true;
}

bool ipv6_walk(const uint8_t *ip, uint32_t avail, struct ipv6_walk *w)
{
	uint32_t limit = SL_MIN(avail, NET_V6_LEN + EXT_BYTES), len;

	*w = (struct ipv6_walk){.l4 = NET_V6_LEN, .next_off = 6, .proto = ip[6]};
	for (uint32_t i = 0; i <= EXT_MAX; i++) {
		const uint8_t *h = ip + w->l4;

		if (w->proto != NET_V6_HOPOPTS && w->proto != NET_V6_DSTOPTS &&
		    w->proto != NET_V6_FRAGMENT)
			/* A routing header would make us a router (RFC 5095 and its like). */
			return w->proto != NET_V6_ROUTING;
		if (w->l4 + 8 > limit || (w->proto == NET_V6_HOPOPTS && i > 0))
			return false;
		len = 8;
		if (w->proto == NET_V6_FRAGMENT) {
			if (w->frag)
				return false;
			w->frag = w->l4;
			w->frag_next_off = w->next_off;
		} else {
			len = (h[1] + 1u) * 8;
		}
		if (w->l4 + len > limit ||
		    (w->proto != NET_V6_FRAGMENT && !options_ok(h + 2, len - 2)))
			return false;
		w->next_off = w->l4;
		w->proto = h[0];
		w->l4 += len;
		/* What follows in a later fragment is data. */
		if (w->frag == w->next_off && (sl_load16(ip + w->frag + 2) & 0xfff8))
			return true;
	}
	return false;
}

static bool source_ok(const struct sl_net *net, const struct sl_pkt *p)
{
	/* The unspecified source is for neighbour discovery alone, which checks on. */
	if (sl_ip_is_any(&p->src))
		return !sl_ip_is_v4(&p->src) && p->proto == IPPROTO_ICMPV6 && p->dst.b[0] == 0xff;
	return p->src.b[0] != 0xff && !sl_ip_is_v4(&p->src) && !sl_net_is_local(net, &p->src) &&
	       !(p->src.b[15] == 1 && memcmp(p->src.b, (const uint8_t[15]){0}, 15) == 0);
}

static bool is_nd(struct rte_mbuf *m)
{
	const struct sl_pkt *p = sl_pkt(m);
	uint8_t type;

	if (p->proto != IPPROTO_ICMPV6 || (p->flags & SL_PKT_FRAGMENT))
		return false;
	type = *rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l4);
	return type >= 133 && type <= 137;
}

static int fragment(struct rte_mbuf *m, const struct ipv6_walk *w)
{
	struct sl_pkt *p = sl_pkt(m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l3);
	uint16_t frag = sl_load16(ip + w->frag + 2);
	uint32_t end = p->l3 + NET_V6_LEN + ntohs(((const struct sl_ipv6_hdr *)ip)->len_be), len;

	p->flags |= SL_PKT_FRAGMENT;
	p->payload = p->l3 + w->frag + NET_FRAG_LEN;
	len = end - p->payload;
	if (len == 0 || ((frag & 1) && len % 8) ||
	    w->frag - NET_V6_LEN + (frag & 0xfff8u) + len > 65535)
		return SL_DROP_FRAG_BAD;
	if (!(frag & 0xfff8))
		l4_parse_fragment(m);
	return NET_PASS;
}

static int addresses(const struct sl_net *net, struct rte_mbuf *m, const uint8_t *ip)
{
	struct sl_pkt *p = sl_pkt(m);

	memcpy(p->src.b, ip + 8, 16);
	memcpy(p->dst.b, ip + 24, 16);
	if (!source_ok(net, p))
		return SL_DROP_IP_BAD_SOURCE;
	if (sl_ip_is_any(&p->dst) || sl_ip_is_v4(&p->dst))
		return SL_DROP_IP_NOT_OURS;
	if (p->dst.b[0] != 0xff && (p->flags & SL_PKT_BROADCAST))
		return SL_DROP_IP_MULTICAST;
	/* Of multicast, neighbour discovery only. */
	if (p->dst.b[0] == 0xff && p->proto != IPPROTO_ICMPV6)
		return SL_DROP_IP_MULTICAST;
	return NET_PASS;
}

int ipv6_parse(const struct sl_net *net, struct rte_mbuf *m)
{
	struct sl_pkt *p = sl_pkt(m);
	struct ipv6_walk w;
	const uint8_t *ip;
	uint32_t len;
	int verdict;

	if (!net_pullup(m, p->l3 + NET_V6_LEN))
		return SL_DROP_IP_TRUNCATED;
	ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l3);
	if (ip[0] >> 4 != 6)
		return SL_DROP_IP_BAD_HEADER;
	len = NET_V6_LEN + sl_load16(ip + 4);
	if (len > m->pkt_len - p->l3)
		return SL_DROP_IP_TRUNCATED;
	net_trim(m, p->l3 + len);
	if (!net_pullup(m, p->l3 + SL_MIN(len, NET_V6_LEN + EXT_BYTES)) ||
	    !ipv6_walk(ip, SL_MIN(len, NET_V6_LEN + EXT_BYTES), &w))
		return SL_DROP_IP_BAD_HEADER;
	p->family = 6;
	p->proto = w.proto;
	p->l4 = p->payload = (uint16_t)(p->l3 + w.l4);
	p->l4_len = (uint16_t)(len - w.l4);
	verdict = addresses(net, m, ip);
	if (verdict != NET_PASS)
		return verdict;
	/* An atomic fragment is whole (RFC 6946). */
	if (w.frag && (sl_load16(ip + w.frag + 2) & 0xfff9))
		return fragment(m, &w);
	verdict = l4_parse(m);
	if (verdict != NET_PASS || !is_nd(m))
		return verdict == NET_PASS && p->dst.b[0] == 0xff ? SL_DROP_IP_MULTICAST : verdict;
	/* RFC 6980: neighbour discovery never comes in fragments, not even atomic ones. */
	return w.frag ? SL_DROP_ND_BAD : nd_check(net, m);
}
