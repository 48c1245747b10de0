/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP errors of both families: when they are apt, what they quote, and how often they are sent. */
#include "net_int.h"

#define V4_QUOTE    548u  /* RFC 1812 4.3.2.3: the whole error in 576 bytes */
#define V6_QUOTE    1232u /* RFC 4443 2.4 c: the whole error in 1280 bytes */
#define ALL_US      1000u /* one a millisecond ... */
#define ALL_BURST   50u
#define TO_US       1000000u /* ... and one a second to each address */
#define TO_BURST    6u
#define TOS_CONTROL 0xc0u /* RFC 1812 4.3.2.5 */
#define UNREACHABLE 3u
#define EXCEEDED    11u
#define PROTOCOL    2u /* codes of UNREACHABLE */
#define PORT        3u
#define FRAG_NEEDED 4u

bool net_rate_ok(struct net_rate *r, uint64_t now_us, uint32_t interval_us, uint32_t burst)
{
	uint64_t due = SL_MAX(r->due_us, now_us);

	if (due - now_us > (uint64_t)interval_us * (burst - 1))
		return false;
	r->due_us = due + interval_us;
	return true;
}

static bool v4_apt(const struct sl_net *net, const struct rte_mbuf *m, uint32_t l3)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, l3);
	uint32_t hlen = (ip[0] & 0x0f) * 4u, src_be, dst_be;
	uint8_t type;

	memcpy(&src_be, ip + 12, 4);
	memcpy(&dst_be, ip + 16, 4);
	if ((sl_load16(ip + 6) & SL_IPV4_OFF_MASK) || ip[12] == 0 || ip[12] == 127 ||
	    ip[12] >= 224 || ip[16] >= 224 || net_is_v4_broadcast(net, src_be) ||
	    net_is_v4_broadcast(net, dst_be))
		return false;
	if (ip[9] != IPPROTO_ICMP)
		return true;
	if (m->data_len <= l3 + hlen)
		return false;
	type = ip[hlen];
	return type == 0 || type == 8 || (type >= 13 && type <= 18);
}

static bool v6_apt(const struct rte_mbuf *m, uint32_t l3)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, l3);
	uint32_t avail = m->data_len - l3;
	struct sl_ip src;
	struct ipv6_walk w;

	memcpy(src.b, ip + 8, 16);
	if (ip[8] == 0xff || ip[24] == 0xff || sl_ip_is_any(&src) || !ipv6_walk(ip, avail, &w) ||
	    (w.frag && (sl_load16(ip + w.frag + 2) & 0xfff8)))
		return false;
	if (w.proto != IPPROTO_ICMPV6)
		return true;
	return avail > w.l4 && ip[w.l4] >= 128 && ip[w.l4] != 137;
}

bool icmp_error_apt(const struct sl_net *net, struct rte_mbuf *m)
{
	const struct sl_pkt *p = sl_pkt(m);
	struct sl_ip src, dst;
	int version = ip_addrs(m, p->l3, &src, &dst);

	if (!version || (p->flags & SL_PKT_BROADCAST))
		return false;
	return version == 4 ? v4_apt(net, m, p->l3) : v6_apt(m, p->l3);
}

/* RFC 7915 4.2 turned around: the same news in ICMPv6. */
static void to_v6(uint8_t *type, uint8_t *code)
{
	uint8_t c = *code;

	if (*type == EXCEEDED) {
		*type = 3;
		return;
	}
	*type = 1;
	*code = 0; /* no route */
	if (c == PROTOCOL) {
		*type = 4; /* parameter problem */
		*code = 1; /* unrecognised next header */
	} else if (c == FRAG_NEEDED) {
		*type = 2;
	} else if (c == PORT) {
		*code = 4;
	} else if (c == 1) {
		*code = 3; /* address unreachable */
	} else if (c == 9 || c == 10 || c == 13) {
		*code = 1; /* prohibited */
	}
}

static void v4_header(uint8_t *at, const struct sl_ip *src, const struct sl_ip *dst, uint32_t len)
{
	struct sl_ipv4_hdr *ip = (struct sl_ipv4_hdr *)at;

	*ip = (struct sl_ipv4_hdr){.ver_ihl = 0x45,
				   .tos = TOS_CONTROL,
				   .len_be = htons((uint16_t)(NET_V4_LEN + len)),
				   .frag_be = htons(SL_IPV4_DF),
				   .ttl = NET_TTL,
				   .proto = IPPROTO_ICMP,
				   .src_be = sl_ip_v4_be(src),
				   .dst_be = sl_ip_v4_be(dst)};
	ip->csum_be = sl_ipv4_csum(ip, NET_V4_LEN);
}

static void v6_header(uint8_t *at, const struct sl_ip *src, const struct sl_ip *dst, uint32_t len)
{
	struct sl_ipv6_hdr *ip = (struct sl_ipv6_hdr *)at;

	*ip = (struct sl_ipv6_hdr){.ver_class_flow_be = htonl(6u << 28),
				   .len_be = htons((uint16_t)len),
				   .next = IPPROTO_ICMPV6,
				   .hops = NET_TTL};
	memcpy(ip->src, src->b, 16);
	memcpy(ip->dst, dst->b, 16);
}

struct rte_mbuf *icmp_error_make(struct sl_lcore *lc, struct rte_mbuf *m, const struct sl_ip *src,
				 uint8_t type, uint8_t code, uint32_t rest)
{
	const struct sl_pkt *p = sl_pkt(m);
	struct sl_pkt q = {.payload = 0};
	uint32_t quote = m->pkt_len - p->l3, ip_len, len;
	struct sl_icmp_hdr icmp;
	struct rte_mbuf *e;
	const void *data;
	uint8_t *at;

	q.family = (uint8_t)ip_addrs(m, p->l3, &q.dst, &q.src);
	q.src = *src;
	quote = SL_MIN(quote, q.family == 4 ? V4_QUOTE : V6_QUOTE);
	ip_len = q.family == 4 ? NET_V4_LEN : NET_V6_LEN;
	len = NET_ICMP_LEN + quote;
	e = rte_pktmbuf_alloc(lc->pool);
	if (!e)
		return NULL;
	at = (uint8_t *)rte_pktmbuf_append(e, (uint16_t)(ip_len + len));
	if (q.family == 6)
		to_v6(&type, &code);
	icmp = (struct sl_icmp_hdr){.type = type, .code = code, .rest_be = htonl(rest)};
	memcpy(at + ip_len, &icmp, NET_ICMP_LEN);
	data = rte_pktmbuf_read(m, p->l3, quote, at + ip_len + NET_ICMP_LEN);
	if (data != at + ip_len + NET_ICMP_LEN)
		memcpy(at + ip_len + NET_ICMP_LEN, data, quote);
	q.proto = q.family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	q.flags = SL_PKT_L4_CSUM_OK;
	q.l4 = q.payload = (uint16_t)ip_len;
	q.l4_len = (uint16_t)len;
	q.port = p->port;
	icmp.csum_be = (uint16_t)~sl_csum_fold(
		sl_csum_add(q.family == 4 ? 0 : sl_csum_pseudo(&q.src, &q.dst, q.proto, len),
			    at + ip_len, len));
	memcpy(at + ip_len, &icmp, NET_ICMP_LEN);
	if (q.family == 4)
		v4_header(at, &q.src, &q.dst, len);
	else
		v6_header(at, &q.src, &q.dst, len);
	*sl_pkt(e) = q;
	return e;
}

static bool rate_ok(struct sl_net_lcore *nl, const struct sl_ip *to, bool too_big)
{
	uint64_t now = nl->lc->now_us;
	/* An IPv6 host has a whole /64 to ask from. */
	size_t n = sl_ip_is_v4(to) ? 16 : 8;
	uint32_t slot = sl_siphash(&nl->net->key, to, n) % NET_ICMP_SLOTS;

	/* Path MTU discovery stalls without its answers: only the overall limit holds. */
	if (!too_big && !net_rate_ok(&nl->icmp_to[slot], now, TO_US, TO_BURST))
		return false;
	return net_rate_ok(&nl->icmp_all, now, ALL_US, ALL_BURST);
}

/*
 * From which address: the one that was spoken to, else the one towards the sender. A virtual
 * address refuses, but does not forward: it is no hop on anybody's way.
 */
static struct sl_ip error_source(const struct sl_net *net, const struct sl_ip *src,
				 const struct sl_ip *dst, bool refused)
{
	struct sl_ip from;

	if (sl_net_is_local(net, dst) || (refused && sl_net_is_virtual(net, dst)))
		return *dst;
	if (sl_net_source(net, src, &from, NULL) || sl_net_source(net, dst, &from, NULL))
		return from;
	return *src;
}

/* RFC 4443 3.4 wants to know where the offending byte is. */
static uint32_t next_header_pointer(struct rte_mbuf *m)
{
	uint32_t l3 = sl_pkt(m)->l3;
	struct ipv6_walk w;

	if (!ipv6_walk(rte_pktmbuf_mtod_offset(m, uint8_t *, l3), m->data_len - l3, &w))
		return 0;
	return w.next_off;
}

void sl_icmp_error_send(struct sl_net_lcore *nl, struct rte_mbuf *m, uint8_t type, uint8_t code,
			uint16_t mtu)
{
	struct sl_stats_counters *c = nl->lc->stats.c;
	bool protocol = type == UNREACHABLE && code == PROTOCOL;
	struct sl_ip src, dst, from;
	uint32_t rest = mtu;
	struct rte_mbuf *e;
	bool self;

	if (!icmp_error_apt(nl->net, m))
		return;
	if (ip_addrs(m, sl_pkt(m)->l3, &src, &dst) == 6 && protocol)
		rest = next_header_pointer(m);
	/* An answer that was translated comes from a virtual address: its endpoint is told. */
	self = sl_net_is_local(nl->net, &src) || sl_net_is_virtual(nl->net, &src);
	if (self && nl->n_self == NET_SELF_MAX)
		return;
	if (!self && !rate_ok(nl, &src, type == UNREACHABLE && code == FRAG_NEEDED)) {
		c->originated++;
		nl->lc->stats.drops[SL_DROP_ICMP_RATE]++;
		return;
	}
	from = error_source(nl->net, &src, &dst,
			    type == UNREACHABLE && (code == PROTOCOL || code == PORT));
	e = icmp_error_make(nl->lc, m, &from, type, code, rest);
	if (!e)
		return;
	if (!self) {
		sl_ip_send(nl, e);
		return;
	}
	c->originated++;
	c->held++;
	nl->self[nl->n_self++] = e;
}
