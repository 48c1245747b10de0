/* SPDX-License-Identifier: BSD-3-Clause */
/* Ethernet: the first stage behind a port and the last one before it. */
#include "net_int.h"

void net_punt(struct sl_lcore *lc, struct rte_mbuf *m, enum sl_punt punt)
{
	struct sl_pkt *p = sl_pkt(m);

	p->worker = lc->index;
	p->punt = punt;
	if (!lc->punt || rte_ring_enqueue(lc->punt, m) != 0) {
		sl_drop(lc, m, SL_DROP_PUNT_FULL);
		return;
	}
	lc->stats.c->punted++;
}

/* Tag of the frame, also where the port has moved it to the mbuf; 0: none or priority only. */
static int vlan_in(struct rte_mbuf *m, struct sl_pkt *p, uint16_t *type)
{
	const struct sl_vlan_hdr *v;

	if (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED)
		p->vlan = m->vlan_tci & 0xfff;
	if (*type != SL_ETH_VLAN)
		return NET_PASS;
	/* A second tag is none of ours. */
	if (p->vlan || (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED))
		return SL_DROP_ETH_VLAN;
	if (!net_pullup(m, NET_ETH_LEN + NET_VLAN_LEN))
		return SL_DROP_ETH_SHORT;
	v = rte_pktmbuf_mtod_offset(m, const struct sl_vlan_hdr *, NET_ETH_LEN);
	p->vlan = ntohs(v->tci_be) & 0xfff;
	p->l3 += NET_VLAN_LEN;
	*type = ntohs(v->type_be);
	return NET_PASS;
}

static int mac_in(const struct sl_port *port, const struct sl_eth_hdr *eth, struct sl_pkt *p)
{
	if (eth->dst[0] & 1)
		p->flags |= SL_PKT_BROADCAST;
	else if (memcmp(eth->dst, port->mac, 6) != 0)
		return SL_DROP_ETH_NOT_OURS;
	if ((eth->src[0] & 1) || memcmp(eth->src, port->mac, 6) == 0)
		return SL_DROP_ETH_BAD_SOURCE;
	return NET_PASS;
}

/* Which of the ports on this device the frame is for, and whether it may come in there. */
static int port_in(const struct sl_port *port, struct rte_mbuf *m, uint16_t *type)
{
	struct sl_pkt *p = sl_pkt(m);
	int verdict;

	if (!net_pullup(m, NET_ETH_LEN))
		return SL_DROP_ETH_SHORT;
	*type = ntohs(rte_pktmbuf_mtod(m, const struct sl_eth_hdr *)->type_be);
	verdict = vlan_in(m, p, type);
	if (verdict != NET_PASS)
		return verdict;
	while (port && port->cfg.vlan != p->vlan)
		port = port->next_vlan;
	if (!port)
		return SL_DROP_ETH_VLAN;
	p->port = port->index;
	return mac_in(port, rte_pktmbuf_mtod(m, const struct sl_eth_hdr *), p);
}

static int eth_in(struct sl_net_lcore *nl, const struct sl_port *port, struct rte_mbuf *m)
{
	struct sl_pkt *p = sl_pkt(m);
	struct sl_stats_port *st;
	uint16_t type = 0;
	int verdict;

	memset(p, 0, sizeof(*p));
	p->port = port->index;
	p->l3 = NET_ETH_LEN;
	verdict = port_in(port, m, &type);
	st = &nl->lc->stats.port[p->port];
	st->rx++;
	st->rx_bytes += m->pkt_len;
	if (verdict != NET_PASS)
		return verdict;
	if (type == SL_ETH_IPV4 || type == SL_ETH_IPV6) {
		p->family = type == SL_ETH_IPV4 ? 4 : 6;
		return NET_PASS;
	}
	if (type != SL_ETH_ARP)
		return SL_DROP_ETH_TYPE;
	verdict = arp_check(nl->net, m);
	if (verdict != NET_PASS)
		return verdict;
	net_punt(nl->lc, m, SL_PUNT_ARP);
	return NET_TAKEN;
}

uint16_t sl_eth_in_burst(struct sl_net_lcore *nl, struct sl_port *port, struct rte_mbuf **pkts,
			 uint16_t n)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], void *));
	for (uint16_t i = 0; i < n; i++) {
		int verdict = eth_in(nl, port, pkts[i]);

		if (verdict == NET_PASS)
			pkts[kept++] = pkts[i];
		else if (verdict != NET_TAKEN)
			sl_drop(nl->lc, pkts[i], (enum sl_drop)verdict);
	}
	return kept;
}

struct rte_mbuf *eth_push(struct sl_lcore *lc, const struct sl_port *port, struct rte_mbuf *m,
			  const uint8_t dst[6], uint16_t type)
{
	uint16_t len = NET_ETH_LEN + (port->cfg.vlan ? NET_VLAN_LEN : 0);
	struct rte_mbuf *f = net_prepend(lc, m, len);
	struct sl_eth_hdr *eth;

	if (!f)
		return NULL;
	eth = rte_pktmbuf_mtod(f, struct sl_eth_hdr *);
	memcpy(eth->dst, dst, 6);
	memcpy(eth->src, port->mac, 6);
	eth->type_be = htons(type);
	if (port->cfg.vlan) {
		struct sl_vlan_hdr *v = (struct sl_vlan_hdr *)(eth + 1);

		eth->type_be = htons(SL_ETH_VLAN);
		v->tci_be = htons(port->cfg.vlan);
		v->type_be = htons(type);
	}
	/* What the receiving port said must not be read as a request by the sending one. */
	f->ol_flags &= RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
	f->tx_offload = 0;
	f->vlan_tci = 0;
	return f;
}

static uint16_t linearise(struct sl_net_lcore *nl, struct net_tx *tx)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < tx->n; i++) {
		struct rte_mbuf *m = tx->pkts[i];

		if (m->nb_segs > 1)
			m = net_linearise(nl->lc, m);
		if (m)
			tx->pkts[kept++] = m;
		else
			sl_drop(nl->lc, tx->pkts[i], SL_DROP_NO_MBUF);
	}
	return kept;
}

/* Calls the port until it takes no more. */
static uint16_t tx_burst(struct sl_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t done = 0, k;

	while (done < n) {
		k = port->ops->tx_burst(port, queue, pkts + done, n - done);
		if (k == 0)
			break;
		done += k;
	}
	return done;
}

static void port_flush(struct sl_net_lcore *nl, uint16_t index)
{
	struct sl_port *port = nl->net->port[index];
	struct sl_stats_port *st = &nl->lc->stats.port[index];
	struct net_tx *tx = &nl->tx[index];
	uint64_t before = 0, after = 0;
	uint16_t done;

	if (!port->tx_multi_seg)
		tx->n = linearise(nl, tx);
	for (uint16_t i = 0; i < tx->n; i++)
		before += tx->pkts[i]->pkt_len;
	done = tx_burst(port, nl->lc->index, tx->pkts, tx->n);
	for (uint16_t i = done; i < tx->n; i++) {
		after += tx->pkts[i]->pkt_len;
		sl_drop(nl->lc, tx->pkts[i], SL_DROP_TX_FULL);
	}
	st->tx += done;
	st->tx_bytes += before - after;
	st->tx_full += tx->n - done;
	nl->lc->stats.c->tx += done;
	nl->lc->stats.c->tx_bytes += before - after;
	nl->sent += done;
	tx->n = 0;
}

void eth_tx(struct sl_net_lcore *nl, uint16_t port, struct rte_mbuf *m)
{
	struct net_tx *tx = &nl->tx[port];

	tx->pkts[tx->n++] = m;
	if (tx->n == NET_TX_VEC)
		port_flush(nl, port);
}

uint32_t sl_net_tx_flush(struct sl_net_lcore *nl)
{
	uint32_t sent;

	for (uint16_t i = 0; i < nl->net->n_ports; i++)
		if (nl->tx[i].n)
			port_flush(nl, i);
	sent = nl->sent;
	nl->sent = 0;
	return sent;
}
