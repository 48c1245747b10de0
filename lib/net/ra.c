/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Router advertisements (RFC 4861 6), on ports told to listen: default routers, what is on the
 * link, and its MTU. Everything is bounded, and each thing that workers read is one word.
 */
#include "net_int.h"

#define RA_FIXED     16u /* bytes before the options */
#define OPT_MAC      1
#define OPT_PREFIX   3
#define OPT_MTU      5
#define PREFIX_L     0x80 /* on the link */
#define SECOND_US    1000000u
#define SOLICIT_US   4000000u /* RFC 4861 RTR_SOLICITATION_INTERVAL */
#define SOLICIT_N    3u
#define MTU_V6_MIN   1280u
#define NEVER        UINT64_MAX
#define FOREVER_S    UINT32_MAX /* lifetime of a prefix */
#define LINK_LOCAL_8 UINT64_C(0xfe80000000000000)

static const uint8_t all_nodes[16] = {0xff, 0x02, [15] = 0x01};

static uint64_t half(const uint8_t *b)
{
	uint64_t v;

	memcpy(&v, b, 8);
	return v;
}

static struct sl_ip router_ip(uint64_t id)
{
	struct sl_ip ip = {.b = {0xfe, 0x80}};

	memcpy(ip.b + 8, &id, 8);
	return ip;
}

/* fe80::/64 with an identifier: what RFC 4291 2.5.6 allows, and what one word can hold. */
static bool router_address(const struct sl_ip *ip)
{
	return half(ip->b) == __builtin_bswap64(LINK_LOCAL_8) && half(ip->b + 8) != 0;
}

/* ---- workers ---- */

/* RFC 4861 6.1.2, but for the addresses' checks that all of neighbour discovery shares. */
int ra_check(const struct sl_net *net, struct rte_mbuf *m)
{
	const struct sl_pkt *p = sl_pkt(m);
	const struct sl_ipv6_hdr *ip;
	const uint8_t *ra;

	if (!net->ra[p->port].on ||
	    (memcmp(p->dst.b, all_nodes, 16) != 0 && net_addr_find(net, &p->dst) < 0))
		return SL_DROP_ND_IGNORED;
	if (p->l4_len < RA_FIXED || !net_pullup(m, (uint32_t)p->l4 + p->l4_len))
		return SL_DROP_ND_BAD;
	ip = rte_pktmbuf_mtod_offset(m, const struct sl_ipv6_hdr *, p->l3);
	ra = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l4);
	if (ip->hops != 255 || ra[1] != 0 || !router_address(&p->src))
		return SL_DROP_ND_BAD;
	for (uint32_t at = RA_FIXED, len; at < p->l4_len; at += len) {
		len = at + 1u < p->l4_len ? ra[at + 1] * 8u : 0;
		if (len == 0 || len > p->l4_len - at)
			return SL_DROP_ND_BAD;
	}
	return NET_ND;
}

bool ra_on_link(const struct sl_net *net, uint16_t port, const struct sl_ip *dst)
{
	uint64_t first = half(dst->b);

	for (uint32_t i = 0; net->ra[port].on && first && i < NET_RA_PREFIXES; i++)
		if (__atomic_load_n(&net->ra[port].prefix[i], __ATOMIC_RELAXED) == first)
			return true;
	return false;
}

bool ra_hop_on_link(const struct sl_net *net, const struct sl_ip *dst, struct net_hop *hop)
{
	for (uint16_t port = 0; port < net->n_ports; port++)
		if (ra_on_link(net, port, dst)) {
			*hop = (struct net_hop){
				.via = *dst, .src = net->ra[port].src, .port = port};
			return true;
		}
	return false;
}

/* RFC 4861 6.3.6: a router that answers goes before one that may, and that before one that failed.
 */
static int rank(enum neigh_state st)
{
	if (st == NEIGH_REACHABLE || st == NEIGH_STALE || st == NEIGH_PROBE)
		return 3;
	return st == NEIGH_FAILED ? 1 : 2;
}

bool ra_hop_router(const struct sl_net *net, struct net_hop *hop)
{
	int best = 0;

	for (uint16_t port = 0; port < net->n_ports; port++)
		for (uint32_t i = 0; net->ra[port].on && i < NET_RA_ROUTERS; i++) {
			const struct net_ra *ra = &net->ra[port];
			uint64_t id = __atomic_load_n(&ra->router[i], __ATOMIC_RELAXED);
			struct sl_ip via = router_ip(id);
			int r = id ? rank(neigh_peek(net, &via, port)) : 0;

			if (r <= best)
				continue;
			best = r;
			*hop = (struct net_hop){.via = via, .src = ra->src, .port = port};
		}
	return best > 0;
}

/* ---- main lcore ---- */

/* What is there, or a free place, or -1. */
static int place_of(const uint64_t *word, uint32_t n, uint64_t what)
{
	int room = -1;

	for (uint32_t i = 0; i < n; i++) {
		if (word[i] == what)
			return (int)i;
		if (!word[i] && room < 0)
			room = (int)i;
	}
	return room;
}

/* Keeps `what` until then, forgets it when that is now. @return whether it became or was known. */
static bool keep(struct sl_lcore *lc, uint64_t *word, uint64_t *until_us, uint32_t n, uint64_t what,
		 uint64_t until)
{
	int i = place_of(word, n, what);

	if (until <= lc->now_us) {
		if (i >= 0 && word[i] == what)
			__atomic_store_n(&word[i], 0, __ATOMIC_RELAXED);
		return false;
	}
	if (i < 0) { /* those that are known are used: they are not given up for news */
		lc->stats.c->ra_full++;
		return false;
	}
	until_us[i] = until;
	__atomic_store_n(&word[i], what, __ATOMIC_RELAXED);
	return true;
}

static uint32_t routers(const struct net_ra *ra)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < NET_RA_ROUTERS; i++)
		n += ra->router[i] != 0;
	return n;
}

/* The link's MTU is a router's word: without one the port's own counts again. */
static void count_routers(struct sl_net *net, struct sl_lcore *lc)
{
	uint32_t n = 0;

	for (uint16_t port = 0; port < net->n_ports; port++) {
		uint32_t of_port = routers(&net->ra[port]);

		if (!of_port)
			__atomic_store_n(&net->ra[port].mtu, 0, __ATOMIC_RELAXED);
		n += of_port;
	}
	lc->stats.c->ra_routers = n;
}

/* RFC 4861 6.3.4. Of any length but 64 there is none in use (RFC 7421), and none is taken. */
static void take_prefix(struct net_ra *ra, struct sl_lcore *lc, const uint8_t *o)
{
	uint32_t life_s = sl_load32(o + 4);
	uint64_t first = half(o + 16);

	if (o[2] != NET_RA_PREFIX_LEN || !(o[3] & PREFIX_L) || !first || o[16] == 0xff ||
	    (o[16] == 0xfe && (o[17] & 0xc0) == 0x80))
		return;
	keep(lc, ra->prefix, ra->prefix_until_us, NET_RA_PREFIXES, first,
	     life_s == FOREVER_S ? NEVER : lc->now_us + (uint64_t)life_s * SECOND_US);
}

static void take_mtu(struct net_ra *ra, const struct sl_port *port, const uint8_t *o)
{
	uint32_t mtu = sl_load32(o + 4);

	if (mtu >= MTU_V6_MIN && mtu <= port->cfg.mtu)
		__atomic_store_n(&ra->mtu, (uint16_t)mtu, __ATOMIC_RELAXED);
}

static void take_options(struct sl_net *net, struct sl_lcore *lc, struct rte_mbuf *m)
{
	const struct sl_pkt *p = sl_pkt(m);
	const uint8_t *o = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l4) + RA_FIXED;
	const uint8_t *end = o + p->l4_len - RA_FIXED;
	struct net_ra *ra = &net->ra[p->port];

	for (; o < end; o += o[1] * 8u) { /* lengths were checked by ra_check */
		if (o[0] == OPT_MAC && o[1] == 1 && !(o[2] & 1))
			neigh_learn(net, lc, &p->src, p->port, o + 2, NEIGH_NEWS_REQUEST);
		else if (o[0] == OPT_PREFIX && o[1] == 4)
			take_prefix(ra, lc, o);
		else if (o[0] == OPT_MTU && o[1] == 1)
			take_mtu(ra, net->port[p->port], o);
	}
}

int ra_input(struct sl_net *net, struct sl_lcore *lc, struct rte_mbuf *m)
{
	const struct sl_pkt *p = sl_pkt(m);
	struct net_ra *ra = &net->ra[p->port];
	uint32_t life_s = sl_load16(rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l4) + 6);

	take_options(net, lc, m);
	if (keep(lc, ra->router, ra->router_until_us, NET_RA_ROUTERS, half(p->src.b + 8),
		 lc->now_us + (uint64_t)life_s * SECOND_US))
		ra->solicited = SOLICIT_N;
	lc->stats.c->ra_taken++;
	count_routers(net, lc);
	return NET_PASS;
}

void ra_no_router(struct sl_net *net, struct sl_lcore *lc, const struct sl_ip *ip, uint16_t port)
{
	struct net_ra *ra = &net->ra[port];

	if (!ra->on || !router_address(ip))
		return;
	keep(lc, ra->router, ra->router_until_us, NET_RA_ROUTERS, half(ip->b + 8), 0);
	count_routers(net, lc);
}

static void solicit(struct sl_net *net, struct sl_lcore *lc, uint16_t port)
{
	struct net_ra *ra = &net->ra[port];

	if (ra->solicited >= SOLICIT_N || lc->now_us < ra->solicit_us)
		return;
	ra->solicited++;
	ra->solicit_us = lc->now_us + SOLICIT_US;
	for (int i = 0; i < net->n_addrs; i++)
		if (net->addr[i].port == port && net_is_link_local(&net->addr[i].ip)) {
			nd_solicit_routers(net, lc, &net->addr[i]);
			return;
		}
}

static bool expire(const struct sl_lcore *lc, uint64_t *word, const uint64_t *until_us, uint32_t n)
{
	bool any = false;

	for (uint32_t i = 0; i < n; i++)
		if (word[i] && until_us[i] <= lc->now_us) {
			__atomic_store_n(&word[i], 0, __ATOMIC_RELAXED);
			any = true;
		}
	return any;
}

void ra_poll(struct sl_net *net, struct sl_lcore *lc)
{
	for (uint16_t port = 0; port < net->n_ports; port++) {
		struct net_ra *ra = &net->ra[port];

		if (!ra->on)
			continue;
		solicit(net, lc, port);
		expire(lc, ra->prefix, ra->prefix_until_us, NET_RA_PREFIXES);
		if (expire(lc, ra->router, ra->router_until_us, NET_RA_ROUTERS))
			count_routers(net, lc);
	}
}
