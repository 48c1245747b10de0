/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP of both families: echo answered, errors read and handed on, the rest refused. */
#include "net_int.h"

enum { V4_ECHO_REPLY = 0, V4_ECHO = 8, V6_ECHO = 128, V6_ECHO_REPLY = 129, V6_NO_NEXT = 59 };

static bool is_error(uint8_t family, uint8_t type)
{
	if (family == 4)
		return type == 3 || type == 11 || type == 12;
	return type >= 1 && type <= 4;
}

/* The quoted IP header, which may be cut off anywhere. */
static bool quoted_ip(const uint8_t *ip, uint32_t avail, struct sl_icmp_error *e, uint32_t *l4)
{
	struct ipv6_walk w;
	uint32_t v4;

	if (e->family == 4) {
		*l4 = (ip[0] & 0x0f) * 4u;
		if (avail < NET_V4_LEN || ip[0] >> 4 != 4 || *l4 < NET_V4_LEN ||
		    (sl_load16(ip + 6) & SL_IPV4_OFF_MASK))
			return false;
		e->inner.proto = ip[9];
		memcpy(&v4, ip + 12, 4);
		e->inner.src = sl_ip_from_v4(v4);
		memcpy(&v4, ip + 16, 4);
		e->inner.dst = sl_ip_from_v4(v4);
		return true;
	}
	if (avail < NET_V6_LEN || ip[0] >> 4 != 6 || !ipv6_walk(ip, avail, &w) ||
	    (w.frag && (sl_load16(ip + w.frag + 2) & 0xfff8)))
		return false;
	*l4 = w.l4;
	e->inner.proto = w.proto;
	memcpy(e->inner.src.b, ip + 8, 16);
	memcpy(e->inner.dst.b, ip + 24, 16);
	return true;
}

static uint16_t quoted_mtu(const struct sl_icmp_error *e, const struct sl_icmp_hdr *icmp)
{
	if (e->family == 4)
		return e->type == 3 && e->code == 4 ? ntohs(icmp->mtu_be) : 0;
	return e->type == 2 ? (uint16_t)SL_MIN(ntohl(icmp->rest_be), UINT16_MAX) : 0;
}

bool sl_icmp_echo_ports(const uint8_t *icmp, uint8_t family, uint16_t *sport, uint16_t *dport)
{
	bool echo = icmp[0] == (family == 4 ? V4_ECHO : V6_ECHO);

	if (!echo && icmp[0] != (family == 4 ? V4_ECHO_REPLY : V6_ECHO_REPLY))
		return false;
	*(echo ? sport : dport) = sl_load16(icmp + 4);
	return true;
}

bool sl_icmp_error_parse(struct rte_mbuf *m, struct sl_icmp_error *e)
{
	const struct sl_pkt *p = sl_pkt(m);
	uint32_t at = p->l4 + NET_ICMP_LEN, avail, l4;
	const struct sl_icmp_hdr *icmp;
	const uint8_t *ip;

	*e = (struct sl_icmp_error){.family = p->family, .inner_l3 = (uint16_t)at};
	if (p->proto != (p->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) ||
	    p->l4_len < NET_ICMP_LEN + NET_V4_LEN + 8)
		return false;
	/* As much of the quotation as any header can take; what there is will do. */
	net_pullup(m, SL_MIN(m->pkt_len, at + 256));
	if (m->data_len < at + NET_V4_LEN)
		return false;
	icmp = rte_pktmbuf_mtod_offset(m, const struct sl_icmp_hdr *, p->l4);
	if (!is_error(p->family, icmp->type))
		return false;
	e->type = icmp->type;
	e->code = icmp->code;
	e->mtu = quoted_mtu(e, icmp);
	avail = SL_MIN(m->data_len - at, p->l4_len - NET_ICMP_LEN);
	ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, at);
	if (!quoted_ip(ip, avail, e, &l4) || avail < l4 + 8)
		return false;
	if (e->inner.proto == IPPROTO_TCP || e->inner.proto == IPPROTO_UDP) {
		e->inner.sport = sl_load16(ip + l4);
		e->inner.dport = sl_load16(ip + l4 + 2);
	}
	if (e->inner.proto == (p->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		sl_icmp_echo_ports(ip + l4, p->family, &e->inner.sport, &e->inner.dport);
	if (e->inner.proto == IPPROTO_TCP)
		e->inner_seq = sl_load32(ip + l4 + 4);
	return true;
}

/* Takes m when it is an error that the hook knows what to do with. */
static bool to_hook(struct sl_net_lcore *nl, struct rte_mbuf *m)
{
	struct sl_icmp_error e;

	return nl->on_error && sl_icmp_error_parse(m, &e) && nl->on_error(nl->on_error_arg, m, &e);
}

void icmp_error_in(struct sl_net_lcore *nl, struct rte_mbuf *m)
{
	if (!to_hook(nl, m))
		sl_drop(nl->lc, m, SL_DROP_ICMP_IGNORED);
}

static void v4_echo_header(struct sl_net_lcore *nl, uint8_t *at, const struct sl_pkt *p,
			   uint8_t tos)
{
	struct sl_ipv4_hdr ip = {.ver_ihl = 0x45,
				 .tos = tos,
				 .len_be = htons((uint16_t)(NET_V4_LEN + p->l4_len)),
				 .id_be = htons((uint16_t)net_ip_id(nl)),
				 .ttl = NET_TTL,
				 .proto = IPPROTO_ICMP,
				 .src_be = sl_ip_v4_be(&p->dst),
				 .dst_be = sl_ip_v4_be(&p->src)};

	memcpy(at, &ip, sizeof(ip));
}

static void v6_echo_header(uint8_t *at, const struct sl_pkt *p)
{
	struct sl_ipv6_hdr ip = {.ver_class_flow_be = htonl(6u << 28),
				 .len_be = htons(p->l4_len),
				 .next = IPPROTO_ICMPV6,
				 .hops = NET_TTL};

	memcpy(ip.src, p->dst.b, 16);
	memcpy(ip.dst, p->src.b, 16);
	memcpy(at, &ip, sizeof(ip));
}

/* The request's buffers become the reply: its headers are replaced, its payload stays. */
static void echo_reply(struct sl_net_lcore *nl, struct rte_mbuf *m)
{
	struct sl_pkt *p = sl_pkt(m);
	uint16_t ip_len = p->family == 4 ? NET_V4_LEN : NET_V6_LEN;
	uint8_t tos = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l3)[1];
	struct sl_icmp_hdr *icmp;
	uint8_t was[2], *at;

	rte_pktmbuf_adj(m, p->l4 - ip_len);
	at = rte_pktmbuf_mtod(m, uint8_t *);
	icmp = (struct sl_icmp_hdr *)(at + ip_len);
	memcpy(was, icmp, 2);
	icmp->type = p->family == 4 ? V4_ECHO_REPLY : V6_ECHO_REPLY;
	icmp->csum_be = sl_csum_update(icmp->csum_be, was, icmp, 2);
	if (icmp->csum_be == 0) /* of zeros only: their sum must not be 0 (RFC 1624 3) */
		icmp->csum_be = 0xffff;
	if (p->family == 4)
		v4_echo_header(nl, at, p, tos);
	else
		v6_echo_header(at, p);
	sl_consume(nl->lc);
	sl_ip_send(nl, m);
}

static void refuse(struct sl_net_lcore *nl, struct rte_mbuf *m)
{
	uint8_t proto = sl_pkt(m)->proto;

	if (proto == IPPROTO_UDP) {
		sl_icmp_error_send(nl, m, 3, 3, 0);
		sl_drop(nl->lc, m, SL_DROP_UDP_NO_PORT);
		return;
	}
	if (sl_pkt(m)->family == 4 || proto != V6_NO_NEXT)
		sl_icmp_error_send(nl, m, 3, 2, 0);
	sl_drop(nl->lc, m, SL_DROP_IP_PROTO);
}

static void icmp_in(struct sl_net_lcore *nl, struct rte_mbuf *m)
{
	const struct sl_pkt *p = sl_pkt(m);
	bool icmp = p->proto == (p->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	uint8_t type = 0;

	if (icmp)
		type = *rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l4);
	/* An error may be addressed to a virtual IP whose flow it quotes. */
	if (icmp && is_error(p->family, type) && to_hook(nl, m))
		return;
	if (!sl_net_is_local(nl->net, &p->dst) && !sl_net_is_virtual(nl->net, &p->dst))
		sl_drop(nl->lc, m, SL_DROP_IP_NOT_OURS);
	else if (!icmp)
		refuse(nl, m);
	else if (type == (p->family == 4 ? V4_ECHO : V6_ECHO))
		echo_reply(nl, m);
	else
		sl_drop(nl->lc, m, SL_DROP_ICMP_IGNORED);
}

void sl_icmp_in_burst(struct sl_net_lcore *nl, struct rte_mbuf **pkts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		icmp_in(nl, pkts[i]);
}
