/* SPDX-License-Identifier: BSD-3-Clause */
/* States of a neighbour on the main lcore: asked, reachable, stale, probed, failed (RFC 4861 7.3).
 */
#include "net_int.h"

#define RETRANS_US   1000000u
#define PROBES       3u
#define REACHABLE_US 30000000u  /* times 0.5 to 1.5 */
#define FAILED_US    2000000u   /* packets are refused at once for so long */
#define STALE_US     600000000u /* unused entries are forgotten */
#define SCAN_US      1000000u   /* at least so often: workers mark entries as used */
#define SCAN_MIN_US  10000u     /* at most so often */
#define HOP_US       2000000u   /* as REACHABLE_US, where another next hop could take over */
#define DEFEND_US    10000000u  /* RFC 5227 DEFEND_INTERVAL */
#define ANNOUNCE_US  2000000u   /* RFC 5227 ANNOUNCE_INTERVAL */
#define ANNOUNCE_N   2u

static const uint8_t no_mac[6];

void sl_net_main_inject(struct sl_net *net,
			void (*inject)(void *arg, uint16_t worker, struct rte_mbuf *m), void *arg)
{
	net->inject = inject;
	net->inject_arg = arg;
}

void net_inject(struct sl_net *net, struct sl_lcore *lc, struct rte_mbuf *m, uint16_t port,
		uint16_t worker, enum sl_punt punt)
{
	struct sl_pkt *p = sl_pkt(m);

	p->port = port;
	p->worker = worker;
	p->punt = punt;
	if (!net->inject) {
		sl_drop(lc, m, SL_DROP_SHUTDOWN);
		return;
	}
	lc->stats.c->redirected_out++;
	net->inject(net->inject_arg, worker, m);
}

static uint16_t ip_ethertype(const struct rte_mbuf *m)
{
	return *rte_pktmbuf_mtod(m, const uint8_t *) >> 4 == 6 ? SL_ETH_IPV6 : SL_ETH_IPV4;
}

/* A punted packet to a neighbour whose MAC is known. */
static void send_to(struct sl_net *net, struct sl_lcore *lc, struct rte_mbuf *m, uint16_t port,
		    const uint8_t mac[6])
{
	uint16_t worker = sl_pkt(m)->worker;
	struct rte_mbuf *f = eth_push(lc, net->port[port], m, mac, ip_ethertype(m));

	if (f)
		net_inject(net, lc, f, port, worker, SL_PUNT_FRAME);
	else
		sl_drop(lc, m, SL_DROP_NO_MBUF);
}

static void due(struct sl_net *net, uint32_t i, uint64_t deadline_us)
{
	net->neigh.main[i].deadline_us = deadline_us;
	net->neigh.next_us = SL_MIN(net->neigh.next_us, deadline_us);
}

/* The address is known: what waited goes first, then workers may use it. */
static void resolved(struct sl_net *net, struct sl_lcore *lc, uint32_t i, enum neigh_state state,
		     const uint8_t mac[6])
{
	uint64_t life = STALE_US;
	struct rte_mbuf *m;
	struct sl_ip ip;

	if (state == NEIGH_REACHABLE) {
		lc->rnd ^= lc->rnd << 13;
		lc->rnd ^= lc->rnd >> 7;
		lc->rnd ^= lc->rnd << 17;
		life = REACHABLE_US / 2 + lc->rnd % REACHABLE_US;
	}
	ip = neigh_ip(net, i);
	if (net_is_hop(net, &ip, net->neigh.slot[i].port))
		life = HOP_US;
	while ((m = neigh_unhold(net, lc, i)))
		send_to(net, lc, m, net->neigh.slot[i].port, mac);
	neigh_publish(net, i, state, mac);
	/* What was said of another MAC says nothing of this one. */
	__atomic_store_n(&net->neigh.slot[i].confirmed, 0, __ATOMIC_RELAXED);
	net->neigh.main[i].updated_us = lc->now_us;
	due(net, i, lc->now_us + life);
}

bool neigh_learn(struct sl_net *net, struct sl_lcore *lc, const struct sl_ip *ip, uint16_t port,
		 const uint8_t mac[6], enum neigh_news news)
{
	uint32_t i = neigh_find(net, ip, port);
	enum neigh_state st;
	bool has, asked, changed;
	uint8_t known[6];

	if (i == NEIGH_NONE) {
		if (news != NEIGH_NEWS_REQUEST || !mac)
			return false;
		i = neigh_add(net, lc, ip, port);
		if (i == NEIGH_NONE)
			return false;
	}
	st = neigh_state(net, i);
	neigh_mac(net, i, known);
	has = st == NEIGH_REACHABLE || st == NEIGH_STALE || st == NEIGH_PROBE;
	asked = st == NEIGH_INCOMPLETE || st == NEIGH_PROBE;
	changed = mac && (!has || memcmp(known, mac, 6) != 0);
	if (!has && !mac)
		return true;
	if (news == NEIGH_NEWS_NO_OVERRIDE && has && changed) {
		if (st == NEIGH_REACHABLE)
			resolved(net, lc, i, NEIGH_STALE, known);
		return true;
	}
	if (news >= NEIGH_NEWS_ANSWER && asked)
		resolved(net, lc, i, NEIGH_REACHABLE, mac ? mac : known);
	else if (changed)
		resolved(net, lc, i, NEIGH_STALE, mac);
	return true;
}

/* One question; while probing the last one goes to everyone, since addresses move (VRRP). */
static void ask(struct sl_net *net, struct sl_lcore *lc, uint32_t i)
{
	struct neigh_main *e = &net->neigh.main[i];
	struct sl_ip ip = neigh_ip(net, i);
	int own = net_addr_on_link(net, net->neigh.slot[i].port, &ip);
	bool probe = neigh_state(net, i) == NEIGH_PROBE && e->probes + 1u < PROBES;
	uint8_t mac[6];

	neigh_mac(net, i, mac);
	e->probes++;
	due(net, i, lc->now_us + RETRANS_US);
	if (own < 0)
		return;
	if (sl_ip_is_v4(&ip))
		arp_request(net, lc, &net->addr[own], &ip, probe ? mac : NULL, e->worker);
	else
		nd_solicit(net, lc, &net->addr[own], &ip, probe ? mac : NULL, e->worker);
}

/* Tells the sender that its neighbour is gone: the worker itself, if it is the sender. */
static void unreachable(struct sl_net *net, struct sl_lcore *lc, struct rte_mbuf *m,
			const struct net_hop *hop)
{
	struct sl_ip src, dst;
	struct net_hop back;
	struct rte_mbuf *e;
	uint8_t mac[6];
	bool self;

	if (!icmp_error_apt(net, m) || !ip_addrs(m, 0, &src, &dst))
		return;
	self = sl_net_is_local(net, &src) || sl_net_is_virtual(net, &src);
	if (!self && (!net_route_find(net, &src, &dst, 0, &back) ||
		      neigh_lookup(net, &back.via, back.port, false, mac) == NEIGH_FREE))
		return;
	e = icmp_error_make(lc, m, &hop->src, 3, 1, 0);
	if (!e)
		return;
	sl_pkt(e)->worker = sl_pkt(m)->worker;
	lc->stats.c->originated++;
	if (self)
		net_inject(net, lc, e, hop->port, sl_pkt(m)->worker, SL_PUNT_SELF);
	else
		send_to(net, lc, e, back.port, mac);
}

static void failed(struct sl_net *net, struct sl_lcore *lc, uint32_t i)
{
	struct sl_ip ip = neigh_ip(net, i);
	struct net_hop hop = {.via = ip, .port = net->neigh.slot[i].port};
	int own = net_addr_on_link(net, hop.port, &ip);
	struct rte_mbuf *m;

	if (own >= 0)
		hop.src = net->addr[own].ip;
	while ((m = neigh_unhold(net, lc, i))) {
		if (own >= 0)
			unreachable(net, lc, m, &hop);
		sl_drop(lc, m, SL_DROP_NEIGH_FAILED);
	}
	neigh_publish(net, i, NEIGH_FAILED, no_mac);
	due(net, i, lc->now_us + FAILED_US);
}

/* A new neighbour, asked for. */
static uint32_t begin(struct sl_net *net, struct sl_lcore *lc, const struct sl_ip *ip,
		      uint16_t port, uint16_t worker)
{
	uint32_t i = neigh_add(net, lc, ip, port);

	if (i == NEIGH_NONE)
		return i;
	net->neigh.main[i].worker = worker;
	ask(net, lc, i);
	return i;
}

static void needs_neighbour(struct sl_net *net, struct sl_lcore *lc, struct rte_mbuf *m)
{
	struct sl_ip src, dst;
	struct net_hop hop;
	enum neigh_state st;
	uint8_t mac[6];
	uint32_t i;

	if (!ip_addrs(m, 0, &src, &dst) ||
	    !net_route_find(net, &dst, &src, net_flow(net, m, &src, &dst), &hop)) {
		sl_drop(lc, m, SL_DROP_IP_NO_ROUTE);
		return;
	}
	i = neigh_find(net, &hop.via, hop.port);
	if (i == NEIGH_NONE)
		i = begin(net, lc, &hop.via, hop.port, sl_pkt(m)->worker);
	if (i == NEIGH_NONE) {
		sl_drop(lc, m, SL_DROP_NEIGH_QUEUE);
		return;
	}
	net->neigh.main[i].worker = sl_pkt(m)->worker;
	st = neigh_state(net, i);
	if (st == NEIGH_INCOMPLETE) {
		neigh_hold(net, lc, i, m);
	} else if (st == NEIGH_FAILED) {
		unreachable(net, lc, m, &hop);
		sl_drop(lc, m, SL_DROP_NEIGH_FAILED);
	} else {
		neigh_mac(net, i, mac);
		send_to(net, lc, m, hop.port, mac);
	}
}

void sl_net_main_input(struct sl_net *net, struct sl_lcore *lc, struct rte_mbuf *m)
{
	lc->stats.c->redirected_in++;
	switch (sl_pkt(m)->punt) {
	case SL_PUNT_ARP:
		arp_input(net, lc, m);
		break;
	case SL_PUNT_ND:
		nd_input(net, lc, m);
		break;
	default:
		needs_neighbour(net, lc, m);
	}
}

bool net_mac_is_ours(const struct sl_net *net, const uint8_t mac[6])
{
	for (uint16_t i = 0; i < net->n_ports; i++)
		if (memcmp(net->port[i]->mac, mac, 6) == 0)
			return true;
	return false;
}

void net_announce(struct sl_net *net, struct sl_lcore *lc, const struct net_addr *a)
{
	if (sl_ip_is_v4(&a->ip))
		arp_request(net, lc, a, &a->ip, NULL, 0);
	else
		nd_announce(net, lc, a);
}

void net_conflict(struct sl_net *net, struct sl_lcore *lc, int addr, uint16_t port,
		  const uint8_t mac[6])
{
	struct sl_net_conflict *c = &net->conflict;

	c->count++;
	c->at_us = lc->now_us;
	c->ip = net->addr[addr].ip;
	c->port = port;
	memcpy(c->mac, mac, 6);
	if (lc->now_us < net->defend_us[addr])
		return;
	net->defend_us[addr] = lc->now_us + DEFEND_US;
	net_announce(net, lc, &net->addr[addr]);
}

const struct sl_net_conflict *sl_net_conflict(const struct sl_net *net)
{
	return &net->conflict;
}

static void tick(struct sl_net *net, struct sl_lcore *lc, uint32_t i)
{
	struct neigh_slot *s = &net->neigh.slot[i];
	struct neigh_main *e = &net->neigh.main[i];
	bool over = lc->now_us >= e->deadline_us;
	uint8_t mac[6];

	neigh_mac(net, i, mac);
	/* Progress above is as good as an answer (RFC 4861 7.3.1), and comes where ARP is lost. */
	if (__atomic_load_n(&s->confirmed, __ATOMIC_RELAXED) &&
	    (neigh_state(net, i) == NEIGH_STALE || neigh_state(net, i) == NEIGH_PROBE)) {
		resolved(net, lc, i, NEIGH_REACHABLE, mac);
		return;
	}
	switch (neigh_state(net, i)) {
	case NEIGH_FREE:
		break;
	case NEIGH_INCOMPLETE:
	case NEIGH_PROBE:
		if (over && e->probes < PROBES)
			ask(net, lc, i);
		else if (over)
			failed(net, lc, i);
		break;
	case NEIGH_REACHABLE:
		if (!over)
			break;
		__atomic_store_n(&s->used, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&s->confirmed, 0, __ATOMIC_RELAXED);
		neigh_publish(net, i, NEIGH_STALE, mac);
		due(net, i, lc->now_us + STALE_US);
		break;
	case NEIGH_STALE:
		if (__atomic_load_n(&s->used, __ATOMIC_RELAXED)) {
			__atomic_store_n(&s->used, 0, __ATOMIC_RELAXED);
			neigh_publish(net, i, NEIGH_PROBE, mac);
			e->probes = 0;
			ask(net, lc, i);
		} else if (over) {
			neigh_remove(net, lc, i);
		}
		break;
	case NEIGH_FAILED:
		if (over)
			neigh_remove(net, lc, i);
		break;
	}
}

/*
 * Next hops that share a prefix are asked for without traffic, and again and again: workers pass
 * over those that do not answer.
 */
static void keep_hops(struct sl_net *net, struct sl_lcore *lc)
{
	for (int i = 0; net->multipath && i < net->n_routes; i++) {
		const struct net_route *r = &net->route[i];
		uint32_t at;

		if (!r->shared)
			continue;
		at = neigh_find(net, &r->via, r->port);
		if (at == NEIGH_NONE)
			begin(net, lc, &r->via, r->port, 0);
		else if (neigh_state(net, at) == NEIGH_STALE)
			__atomic_store_n(&net->neigh.slot[at].used, 1, __ATOMIC_RELAXED);
	}
}

void sl_net_main_poll(struct sl_net *net, struct sl_lcore *lc)
{
	struct neigh_table *t = &net->neigh;
	uint64_t now = lc->now_us;

	if (net->announced < ANNOUNCE_N && now >= net->announce_us) {
		net->announced++;
		net->announce_us = now + ANNOUNCE_US;
		for (int i = 0; i < net->n_addrs; i++)
			net_announce(net, lc, &net->addr[i]);
	}
	net_virtual_announce(net, lc);
	if (net->ra_on)
		ra_poll(net, lc);
	if (now < t->next_us)
		return;
	t->next_us = now + SCAN_US;
	for (uint32_t i = 0; i < t->n; i++) {
		tick(net, lc, i);
		if (neigh_state(net, i) != NEIGH_FREE)
			t->next_us = SL_MIN(t->next_us, t->main[i].deadline_us);
	}
	keep_hops(net, lc);
	t->next_us = SL_MAX(t->next_us, now + SCAN_MIN_US);
}
