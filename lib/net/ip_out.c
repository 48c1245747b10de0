/* SPDX-License-Identifier: BSD-3-Clause */
/* IP packets on their way out: route, MTU, neighbour, then Ethernet. */
#include "net_int.h"

/* Data at the IP header, no larger than the MTU. */
static void neigh_out(struct sl_net_lcore *nl, struct rte_mbuf *m, const struct net_hop *hop)
{
	uint16_t type = *rte_pktmbuf_mtod(m, const uint8_t *) >> 4 == 6 ? SL_ETH_IPV6 : SL_ETH_IPV4;
	struct rte_mbuf *f;
	uint8_t mac[6];

	switch (neigh_lookup(nl->net, &hop->via, hop->port, sl_pkt(m)->flags & SL_PKT_CONFIRMS,
			     mac)) {
	case NEIGH_FREE:
	case NEIGH_INCOMPLETE:
		net_punt(nl->lc, m, SL_PUNT_NEIGH);
		return;
	case NEIGH_FAILED:
		sl_icmp_error_send(nl, m, 3, 1, 0);
		sl_drop(nl->lc, m, SL_DROP_NEIGH_FAILED);
		return;
	default:
		break;
	}
	f = eth_push(nl->lc, nl->net->port[hop->port], m, mac, type);
	if (f)
		eth_tx(nl, hop->port, f);
	else
		sl_drop(nl->lc, m, SL_DROP_NO_MBUF);
}

static void fragments_out(struct sl_net_lcore *nl, struct rte_mbuf *m, const struct net_hop *hop,
			  uint16_t mtu)
{
	struct rte_mbuf *out[FRAG_OUT_MAX];
	uint32_t n = ip_fragment(nl->lc, m, mtu, net_ip_id(nl), out);

	if (n == 0) {
		sl_drop(nl->lc, m, SL_DROP_NO_MBUF);
		return;
	}
	/* One packet became n. */
	nl->lc->stats.c->originated += n - 1;
	rte_pktmbuf_free(m);
	for (uint32_t i = 0; i < n; i++)
		neigh_out(nl, out[i], hop);
}

/*
 * Whether what is larger than the MTU is cut: what the sender allows, and IPv6 of our own. IPv6
 * that came in fragments was put together by us only to be translated; "too big" would be a lie
 * to a sender whose fragments fit.
 */
static bool may_cut(struct rte_mbuf *m, int version, bool forwarded)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);

	if (version == 4)
		return !(ip[6] & (SL_IPV4_DF >> 8));
	return !forwarded || (sl_pkt(m)->flags & SL_PKT_WHOLE && ip[6] == sl_pkt(m)->proto);
}

/* sl_pkt.l3 is 0 here; sl_pkt.port becomes the egress port. */
static void ip_out(struct sl_net_lcore *nl, struct rte_mbuf *m, bool forwarded)
{
	struct sl_ip src, dst;
	int version = ip_addrs(m, 0, &src, &dst);
	struct net_hop hop;
	uint16_t mtu;

	if (!version) {
		sl_drop(nl->lc, m, SL_DROP_IP_BAD_HEADER);
		return;
	}
	if (!net_route_find(nl->net, &dst, &src, net_flow(nl->net, m, &src, &dst), &hop)) {
		sl_icmp_error_send(nl, m, 3, 0, 0);
		sl_drop(nl->lc, m, SL_DROP_IP_NO_ROUTE);
		return;
	}
	sl_pkt(m)->port = hop.port;
	mtu = net_mtu(nl->net, hop.port, version == 6);
	if (m->pkt_len <= mtu) {
		neigh_out(nl, m, &hop);
		return;
	}
	if (may_cut(m, version, forwarded)) {
		fragments_out(nl, m, &hop, mtu);
		return;
	}
	sl_icmp_error_send(nl, m, 3, 4, mtu);
	sl_drop(nl->lc, m, SL_DROP_IP_TOO_BIG);
}

void sl_ip_send(struct sl_net_lcore *nl, struct rte_mbuf *m)
{
	struct sl_pkt *p = sl_pkt(m);
	struct sl_ipv4_hdr *ip = rte_pktmbuf_mtod(m, struct sl_ipv4_hdr *);
	uint32_t hlen;

	nl->lc->stats.c->originated++;
	p->port = 0;
	p->l3 = 0;
	p->flags &= SL_PKT_CONFIRMS;
	if (m->data_len >= NET_V4_LEN && ip->ver_ihl >> 4 == 4) {
		hlen = (ip->ver_ihl & 0x0f) * 4u;
		if (hlen < NET_V4_LEN || hlen > m->data_len) {
			sl_drop(nl->lc, m, SL_DROP_IP_BAD_HEADER);
			return;
		}
		ip->csum_be = sl_ipv4_csum(ip, hlen);
	}
	ip_out(nl, m, false);
}

static bool hop_v4(struct sl_ipv4_hdr *ip)
{
	uint8_t before[2] = {ip->ttl, ip->proto};

	if (ip->ttl <= 1)
		return false;
	ip->ttl--;
	ip->csum_be = sl_csum_update(ip->csum_be, before, &ip->ttl, 2);
	return true;
}

static bool hop_v6(struct sl_ipv6_hdr *ip)
{
	if (ip->hops <= 1)
		return false;
	ip->hops--;
	return true;
}

void sl_ip_forward(struct sl_net_lcore *nl, struct rte_mbuf *m)
{
	struct sl_pkt *p = sl_pkt(m);
	void *ip;

	if (m->data_len < p->l3 + NET_V4_LEN ||
	    (p->family == 6 && m->data_len < p->l3 + NET_V6_LEN)) {
		sl_drop(nl->lc, m, SL_DROP_IP_BAD_HEADER);
		return;
	}
	ip = rte_pktmbuf_mtod_offset(m, void *, p->l3);
	if (p->family == 6 ? !hop_v6(ip) : !hop_v4(ip)) {
		sl_icmp_error_send(nl, m, 11, 0, 0);
		sl_drop(nl->lc, m, SL_DROP_IP_TTL);
		return;
	}
	rte_pktmbuf_adj(m, p->l3);
	p->l4 -= p->l3;
	p->payload -= p->l3;
	p->l3 = 0;
	ip_out(nl, m, true);
}
