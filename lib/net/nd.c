/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbour discovery (RFC 4861): as ARP, for IPv6. What routers advertise is read in ra.c. */
#include "net_int.h"

#define ND_RS          133
#define ND_NS          135
#define ND_NA          136
#define ND_ROUTER      0x80000000u
#define ND_SOLICITED   0x40000000u
#define ND_OVERRIDE    0x20000000u
#define OPT_SOURCE_MAC 1
#define OPT_TARGET_MAC 2

/** NS or NA with one link-layer address option. */
struct nd_msg {
	struct sl_icmp_hdr icmp; /* rest_be: flags of NA */
	uint8_t target[16];
	uint8_t opt, opt_len8;
	uint8_t mac[6];
} __attribute__((packed));
#define ND_FIXED 24u /* without the option */

struct rs_msg {
	struct sl_icmp_hdr icmp;
	uint8_t opt, opt_len8;
	uint8_t mac[6];
} __attribute__((packed));

static const struct sl_ip all_nodes = {.b = {0xff, 0x02, [15] = 0x01}};
static const struct sl_ip all_routers = {.b = {0xff, 0x02, [15] = 0x02}};

static struct sl_ip solicited_node(const struct sl_ip *ip)
{
	struct sl_ip g = {.b = {0xff, 0x02, [11] = 0x01, [12] = 0xff}};

	memcpy(g.b + 13, ip->b + 13, 3);
	return g;
}

static const struct nd_msg *msg_of(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, const struct nd_msg *, sl_pkt(m)->l4);
}

static struct sl_ip target_of(const struct nd_msg *msg)
{
	struct sl_ip ip = {.b = {0}};

	memcpy(ip.b, msg->target, 16);
	return ip;
}

/* RFC 4861 7.1.1 and 7.1.2, but for the options. */
static bool valid(struct rte_mbuf *m)
{
	const struct sl_pkt *p = sl_pkt(m);
	const struct sl_ipv6_hdr *ip;
	const struct nd_msg *msg;

	if (p->l4_len < ND_FIXED || !net_pullup(m, (uint32_t)p->l4 + p->l4_len))
		return false;
	ip = rte_pktmbuf_mtod_offset(m, const struct sl_ipv6_hdr *, p->l3);
	msg = msg_of(m);
	if (ip->hops != 255 || msg->icmp.code != 0 || msg->target[0] == 0xff)
		return false;
	if (msg->icmp.type == ND_NA)
		return p->dst.b[0] != 0xff || !(msg->icmp.rest_be & htonl(ND_SOLICITED));
	/* Whoever has no address yet asks everyone who might have this one. */
	return !sl_ip_is_any(&p->src) || (p->dst.b[0] == 0xff && p->dst.b[11] == 0x01);
}

/* The MAC in an option of this kind; false when an option is malformed. */
static bool option_mac(struct rte_mbuf *m, uint8_t kind, const uint8_t **mac)
{
	const uint8_t *o = (const uint8_t *)msg_of(m) + ND_FIXED;
	uint32_t left = sl_pkt(m)->l4_len - ND_FIXED;

	*mac = NULL;
	while (left >= 2) {
		uint32_t len = o[1] * 8u;

		if (len == 0 || len > left)
			return false;
		if (o[0] == kind && len == 8)
			*mac = o + 2;
		o += len;
		left -= len;
	}
	return left == 0 && (!*mac || !((*mac)[0] & 1));
}

int nd_check(const struct sl_net *net, struct rte_mbuf *m)
{
	const struct sl_pkt *p = sl_pkt(m);
	uint8_t type = *rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l4);
	struct sl_ip target;

	if (type == ND_RA)
		return ra_check(net, m);
	if (type != ND_NS && type != ND_NA)
		return SL_DROP_ND_IGNORED;
	if (!valid(m))
		return SL_DROP_ND_BAD;
	target = target_of(msg_of(m));
	if (net_answers_for(net, p->port, &target) ||
	    (type == ND_NA && neigh_known(net, &target, p->port)))
		return NET_ND;
	return SL_DROP_ND_IGNORED;
}

static void multicast_mac(const struct sl_ip *group, uint8_t mac[6])
{
	mac[0] = mac[1] = 0x33;
	memcpy(mac + 2, group->b + 12, 4);
}

/* A message that ends with the option of our own MAC, which is written here. */
static void send_msg(struct sl_net *net, struct sl_lcore *lc, void *msg, uint16_t len,
		     const struct net_addr *from, const struct sl_ip *dst, const uint8_t *mac,
		     uint16_t worker)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(lc->clone_pool), *f;
	struct sl_icmp_hdr *icmp = msg;
	struct sl_ipv6_hdr ip = {.ver_class_flow_be = htonl(6u << 28),
				 .len_be = htons(len),
				 .next = IPPROTO_ICMPV6,
				 .hops = 255};
	uint8_t group[6];
	char *at;

	if (!m)
		return;
	memset(sl_pkt(m), 0, sizeof(struct sl_pkt));
	memcpy(ip.src, from->ip.b, 16);
	memcpy(ip.dst, dst->b, 16);
	((uint8_t *)msg)[len - 7] = 1; /* the option's length in units of 8 bytes */
	memcpy((uint8_t *)msg + len - 6, net->port[from->port]->mac, 6);
	icmp->csum_be = (uint16_t)~sl_csum_fold(
		sl_csum_add(sl_csum_pseudo(&from->ip, dst, IPPROTO_ICMPV6, len), msg, len));
	at = rte_pktmbuf_append(m, (uint16_t)(sizeof(ip) + len));
	memcpy(at, &ip, sizeof(ip));
	memcpy(at + sizeof(ip), msg, len);
	multicast_mac(dst, group);
	f = eth_push(lc, net->port[from->port], m, mac ? mac : group, SL_ETH_IPV6);
	if (!f) {
		rte_pktmbuf_free(m);
		return;
	}
	lc->stats.c->originated++;
	net_inject(net, lc, f, from->port, worker, SL_PUNT_FRAME);
}

static void nd_send(struct sl_net *net, struct sl_lcore *lc, struct nd_msg *msg,
		    const struct net_addr *from, const struct sl_ip *dst, const uint8_t *mac,
		    uint16_t worker)
{
	send_msg(net, lc, msg, sizeof(*msg), from, dst, mac, worker);
}

void nd_solicit_routers(struct sl_net *net, struct sl_lcore *lc, const struct net_addr *from)
{
	struct rs_msg msg = {.icmp.type = ND_RS, .opt = OPT_SOURCE_MAC};

	send_msg(net, lc, &msg, sizeof(msg), from, &all_routers, NULL, 0);
}

void nd_solicit(struct sl_net *net, struct sl_lcore *lc, const struct net_addr *from,
		const struct sl_ip *target, const uint8_t *mac, uint16_t worker)
{
	struct nd_msg msg = {.icmp.type = ND_NS, .opt = OPT_SOURCE_MAC};
	struct sl_ip dst = mac ? *target : solicited_node(target);

	memcpy(msg.target, target->b, 16);
	nd_send(net, lc, &msg, from, &dst, mac, worker);
}

void nd_announce(struct sl_net *net, struct sl_lcore *lc, const struct net_addr *from)
{
	struct nd_msg msg = {
		.icmp.type = ND_NA, .icmp.rest_be = htonl(ND_OVERRIDE), .opt = OPT_TARGET_MAC};

	memcpy(msg.target, from->ip.b, 16);
	nd_send(net, lc, &msg, from, &all_nodes, NULL, 0);
}

static int solicitation(struct sl_net *net, struct sl_lcore *lc, struct rte_mbuf *m)
{
	const struct sl_pkt *p = sl_pkt(m);
	struct sl_ip target = target_of(msg_of(m));
	struct nd_msg msg = {.icmp.type = ND_NA, .opt = OPT_TARGET_MAC};
	struct net_addr from = {.ip = target, .port = p->port};
	const uint8_t *mac, *to;

	if (!option_mac(m, OPT_SOURCE_MAC, &mac))
		return SL_DROP_ND_BAD;
	if (!net_answers_for(net, p->port, &target))
		return SL_DROP_ND_IGNORED;
	memcpy(msg.target, target.b, 16);
	if (sl_ip_is_any(&p->src)) {
		/* Another host would like our address (RFC 4862 5.4.3): everyone is told. */
		msg.icmp.rest_be = htonl(ND_OVERRIDE);
		nd_send(net, lc, &msg, &from, &all_nodes, NULL, p->worker);
		return NET_PASS;
	}
	if (net_addr_on_link(net, p->port, &p->src) < 0)
		return SL_DROP_ND_IGNORED;
	if (mac)
		neigh_learn(net, lc, &p->src, p->port, mac, NEIGH_NEWS_REQUEST);
	to = mac ? mac : rte_pktmbuf_mtod(m, const struct sl_eth_hdr *)->src;
	msg.icmp.rest_be = htonl(ND_SOLICITED | ND_OVERRIDE);
	nd_send(net, lc, &msg, &from, &p->src, to, p->worker);
	return NET_PASS;
}

static int advertisement(struct sl_net *net, struct sl_lcore *lc, struct rte_mbuf *m)
{
	const struct sl_pkt *p = sl_pkt(m);
	const struct nd_msg *msg = msg_of(m);
	struct sl_ip target = target_of(msg);
	int own = net_addr_find(net, &target);
	uint32_t flags = ntohl(msg->icmp.rest_be);
	enum neigh_news news = NEIGH_NEWS_NO_OVERRIDE;
	const uint8_t *mac;

	if (!option_mac(m, OPT_TARGET_MAC, &mac))
		return SL_DROP_ND_BAD;
	if (own >= 0) {
		if (!mac)
			mac = rte_pktmbuf_mtod(m, const struct sl_eth_hdr *)->src;
		if (net_mac_is_ours(net, mac))
			return SL_DROP_ND_IGNORED;
		net_conflict(net, lc, own, p->port, mac);
		return SL_DROP_ADDR_CONFLICT;
	}
	if (!(flags & ND_ROUTER))
		ra_no_router(net, lc, &target, p->port);
	if (!(flags & ND_SOLICITED) && !(flags & ND_OVERRIDE))
		return SL_DROP_ND_IGNORED;
	if (!(flags & ND_SOLICITED))
		news = NEIGH_NEWS_HINT;
	else if (flags & ND_OVERRIDE)
		news = NEIGH_NEWS_ANSWER;
	return neigh_learn(net, lc, &target, p->port, mac, news) ? NET_PASS : SL_DROP_ND_IGNORED;
}

void nd_input(struct sl_net *net, struct sl_lcore *lc, struct rte_mbuf *m)
{
	uint8_t type = msg_of(m)->icmp.type;
	int verdict;

	if (type == ND_RA)
		verdict = ra_input(net, lc, m);
	else if (type == ND_NS)
		verdict = solicitation(net, lc, m);
	else
		verdict = advertisement(net, lc, m);

	if (verdict != NET_PASS) {
		sl_drop(lc, m, (enum sl_drop)verdict);
		return;
	}
	sl_consume(lc);
	rte_pktmbuf_free(m);
}
