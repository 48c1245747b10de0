/* SPDX-License-Identifier: BSD-3-Clause */
/* ARP (RFC 826, RFC 5227): workers sort out what main must see; main learns, answers and asks. */
#include "net_int.h"

#define ARP_REQUEST 1
#define ARP_REPLY   2

static bool sender_ok(const struct sl_net *net, const struct sl_arp_hdr *a)
{
	static const uint8_t zero[6];
	uint32_t ip = ntohl(a->spa_be);

	if ((a->sha[0] & 1) || memcmp(a->sha, zero, 6) == 0)
		return false;
	/* 0.0.0.0 asks whether an address is free (RFC 5227 2.1.1). */
	if (ip == 0)
		return a->op_be == htons(ARP_REQUEST);
	return ip >> 24 != 0 && ip >> 24 != 127 && ip < 0xe0000000 &&
	       !net_is_v4_broadcast(net, a->spa_be);
}

int arp_check(const struct sl_net *net, struct rte_mbuf *m)
{
	const struct sl_pkt *p = sl_pkt(m);
	const struct sl_arp_hdr *a;
	struct sl_ip spa, tpa;

	if (!net_pullup(m, p->l3 + (uint32_t)sizeof(*a)))
		return SL_DROP_ARP_BAD;
	a = rte_pktmbuf_mtod_offset(m, const struct sl_arp_hdr *, p->l3);
	if (a->htype_be != htons(1) || a->ptype_be != htons(SL_ETH_IPV4) || a->hlen != 6 ||
	    a->plen != 4 || (a->op_be != htons(ARP_REQUEST) && a->op_be != htons(ARP_REPLY)) ||
	    !sender_ok(net, a))
		return SL_DROP_ARP_BAD;
	spa = sl_ip_from_v4(a->spa_be);
	tpa = sl_ip_from_v4(a->tpa_be);
	if (net_answers_for(net, p->port, &tpa) || net_addr_find(net, &spa) >= 0 ||
	    neigh_known(net, &spa, p->port))
		return NET_PASS;
	return SL_DROP_ARP_IGNORED;
}

static void arp_send(struct sl_net *net, struct sl_lcore *lc, const struct sl_arp_hdr *arp,
		     const uint8_t dst[6], uint16_t port, uint16_t worker)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(lc->clone_pool), *f;

	if (!m)
		return;
	memset(sl_pkt(m), 0, sizeof(struct sl_pkt));
	memcpy(rte_pktmbuf_append(m, sizeof(*arp)), arp, sizeof(*arp));
	f = eth_push(lc, net->port[port], m, dst, SL_ETH_ARP);
	if (!f) {
		rte_pktmbuf_free(m);
		return;
	}
	lc->stats.c->originated++;
	net_inject(net, lc, f, port, worker, SL_PUNT_FRAME);
}

static struct sl_arp_hdr arp_from(const struct sl_net *net, uint16_t op, uint32_t spa_be,
				  uint16_t port)
{
	struct sl_arp_hdr a = {.htype_be = htons(1),
			       .ptype_be = htons(SL_ETH_IPV4),
			       .hlen = 6,
			       .plen = 4,
			       .op_be = htons(op),
			       .spa_be = spa_be};

	memcpy(a.sha, net->port[port]->mac, 6);
	return a;
}

void arp_request(struct sl_net *net, struct sl_lcore *lc, const struct net_addr *from,
		 const struct sl_ip *target, const uint8_t *mac, uint16_t worker)
{
	static const uint8_t everyone[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	struct sl_arp_hdr a = arp_from(net, ARP_REQUEST, sl_ip_v4_be(&from->ip), from->port);

	a.tpa_be = sl_ip_v4_be(target);
	arp_send(net, lc, &a, mac ? mac : everyone, from->port, worker);
}

static void arp_reply(struct sl_net *net, struct sl_lcore *lc, const struct sl_arp_hdr *to,
		      uint16_t port, uint16_t worker)
{
	struct sl_arp_hdr a = arp_from(net, ARP_REPLY, to->tpa_be, port);

	memcpy(a.tha, to->sha, 6);
	a.tpa_be = to->spa_be;
	arp_send(net, lc, &a, to->sha, port, worker);
}

void arp_input(struct sl_net *net, struct sl_lcore *lc, struct rte_mbuf *m)
{
	const struct sl_pkt *p = sl_pkt(m);
	const struct sl_arp_hdr *a = rte_pktmbuf_mtod_offset(m, const struct sl_arp_hdr *, p->l3);
	struct sl_ip spa = sl_ip_from_v4(a->spa_be), tpa = sl_ip_from_v4(a->tpa_be);
	bool request = a->op_be == htons(ARP_REQUEST), done = false, for_us;
	int own = net_addr_find(net, &spa);

	if (own >= 0) {
		bool ours = net_mac_is_ours(net, a->sha);

		if (!ours)
			net_conflict(net, lc, own, p->port, a->sha);
		sl_drop(lc, m, ours ? SL_DROP_ARP_IGNORED : SL_DROP_ADDR_CONFLICT);
		return;
	}
	for_us = net_answers_for(net, p->port, &tpa);
	if (net_addr_on_link(net, p->port, &spa) >= 0)
		done = neigh_learn(net, lc, &spa, p->port, a->sha,
				   !for_us   ? NEIGH_NEWS_HINT
				   : request ? NEIGH_NEWS_REQUEST
					     : NEIGH_NEWS_ANSWER);
	if (request && for_us) {
		arp_reply(net, lc, a, p->port, p->worker);
		done = true;
	}
	if (!done) {
		sl_drop(lc, m, SL_DROP_ARP_IGNORED);
		return;
	}
	sl_consume(lc);
	rte_pktmbuf_free(m);
}
