/* SPDX-License-Identifier: BSD-3-Clause */
/* Several next hops for one prefix: a flow keeps to one of them while its neighbour answers. */
#include "net_int.h"

/* Ports, where every packet of the flow has them; fragments do not. */
static void ports_of(const struct rte_mbuf *m, uint8_t ports[4])
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t l4 = NET_V6_LEN;
	uint8_t proto = ip[6];

	if (ip[0] >> 4 == 4) {
		proto = sl_load16(ip + 6) & (SL_IPV4_OFF_MASK | SL_IPV4_MF) ? 0 : ip[9];
		l4 = (ip[0] & 0x0f) * 4u;
	}
	if ((proto == IPPROTO_TCP || proto == IPPROTO_UDP) && m->data_len >= l4 + 4)
		memcpy(ports, ip + l4, 4);
}

uint32_t net_flow(const struct sl_net *net, const struct rte_mbuf *m, const struct sl_ip *src,
		  const struct sl_ip *dst)
{
	struct {
		struct sl_ip src, dst;
		uint8_t ports[4];
	} key;

	if (!net->multipath)
		return 0;
	memset(&key, 0, sizeof(key));
	key.src = *src;
	key.dst = *dst;
	ports_of(m, key.ports);
	return (uint32_t)sl_siphash(&net->key, &key, sizeof(key));
}

static bool usable(const struct sl_net *net, const struct net_route *r)
{
	enum neigh_state st = neigh_peek(net, &r->via, r->port);

	return st == NEIGH_REACHABLE || st == NEIGH_STALE || st == NEIGH_PROBE;
}

const struct net_route *net_hop_choose(const struct sl_net *net, const struct net_route *r,
				       uint32_t flow)
{
	uint32_t first = flow % r->hops;

	for (uint32_t i = 0; r->hops > 1 && i < r->hops; i++) {
		const struct net_route *c = r + (first + i) % r->hops;

		if (usable(net, c))
			return c;
	}
	/* None is known to answer: asking for this one is how to find out. */
	return r + first;
}

bool net_is_hop(const struct sl_net *net, const struct sl_ip *ip, uint16_t port)
{
	for (int i = 0; net->multipath && i < net->n_routes; i++) {
		const struct net_route *r = &net->route[i];

		if (r->shared && r->port == port && sl_ip_eq(&r->via, ip))
			return true;
	}
	return false;
}
