/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses of the box and the way to any destination: routes by longest prefix. */
#include <errno.h>

#include "net_int.h"

bool net_is_link_local(const struct sl_ip *ip)
{
	return ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80;
}

/* RFC 4291 appendix A. */
static struct sl_ip eui64_link_local(const uint8_t mac[6])
{
	struct sl_ip ip = {.b = {0xfe, 0x80}};

	ip.b[8] = mac[0] ^ 0x02;
	ip.b[9] = mac[1];
	ip.b[10] = mac[2];
	ip.b[11] = 0xff;
	ip.b[12] = 0xfe;
	memcpy(ip.b + 13, mac + 3, 3);
	return ip;
}

int net_addr_find(const struct sl_net *net, const struct sl_ip *ip)
{
	for (int i = 0; i < net->n_addrs; i++)
		if (sl_ip_eq(&net->addr[i].ip, ip))
			return i;
	return -1;
}

/* Ports in VLANs of one device share its MAC; an address says on which of them it is. */
static struct sl_ip link_local(const struct sl_net *net, const struct sl_port *port)
{
	struct sl_ip ip = eui64_link_local(port->mac);

	if (net_addr_find(net, &ip) >= 0) {
		ip.b[11] ^= port->cfg.vlan >> 8;
		ip.b[12] ^= port->cfg.vlan & 0xff;
	}
	return ip;
}

int net_addr_on_link(const struct sl_net *net, uint16_t port, const struct sl_ip *ip)
{
	for (int i = 0; i < net->n_addrs; i++) {
		const struct net_addr *a = &net->addr[i];
		struct sl_prefix subnet = {a->ip, a->len};

		if (a->port == port && sl_prefix_contains(&subnet, ip))
			return i;
	}
	return ra_on_link(net, port, ip) ? net_addr_find(net, &net->ra[port].src) : -1;
}

bool net_is_v4_broadcast(const struct sl_net *net, uint32_t ip_be)
{
	for (int i = 0; i < net->n_bcasts; i++)
		if (net->bcast_be[i] == ip_be)
			return true;
	return false;
}

bool sl_net_is_local(const struct sl_net *net, const struct sl_ip *ip)
{
	return net_addr_find(net, ip) >= 0;
}

/* Link-local destinations exist on every port: the packet's source says on which one. */
static bool link_local_hop(const struct sl_net *net, const struct sl_ip *dst,
			   const struct sl_ip *src, struct net_hop *hop)
{
	int own = src ? net_addr_find(net, src) : -1;
	uint16_t port = own >= 0 ? net->addr[own].port : NET_NO_PORT;

	for (int i = 0; i < net->n_addrs; i++) {
		const struct net_addr *a = &net->addr[i];

		if (!net_is_link_local(&a->ip) || (port != NET_NO_PORT && a->port != port))
			continue;
		if (sl_ip_eq(&a->ip, dst))
			return false;
		*hop = (struct net_hop){.via = *dst, .src = a->ip, .port = a->port};
		return true;
	}
	return false;
}

static const struct net_route *longest(const struct sl_net *net, const struct sl_ip *dst)
{
	for (int i = 0; i < net->n_routes; i++) {
		const struct net_route *r = &net->route[i];

		/* ::/0 and its like must not catch the mapped addresses of IPv4. */
		if (sl_prefix_contains(&r->to, dst) && (r->to.len >= 96 || !sl_ip_is_v4(dst)))
			return r;
	}
	return NULL;
}

bool net_route_find(const struct sl_net *net, const struct sl_ip *dst, const struct sl_ip *src,
		    uint32_t flow, struct net_hop *hop)
{
	bool learned = net->ra_on && !sl_ip_is_v4(dst);
	const struct net_route *r;

	if (net_is_link_local(dst))
		return link_local_hop(net, dst, src, hop);
	r = longest(net, dst);
	/* What is configured goes before what was learned. */
	if (learned && (!r || r->to.len < NET_RA_PREFIX_LEN) && ra_hop_on_link(net, dst, hop))
		return true;
	if (!r)
		return learned && ra_hop_router(net, hop);
	if (r->kind == NET_ROUTE_LOCAL)
		return false;
	r = net_hop_choose(net, r, flow);
	hop->via = r->kind == NET_ROUTE_VIA ? r->via : *dst;
	hop->src = r->src;
	hop->port = r->port;
	return true;
}

uint16_t net_mtu(const struct sl_net *net, uint16_t port, bool v6)
{
	uint16_t learned = v6 ? __atomic_load_n(&net->ra[port].mtu, __ATOMIC_RELAXED) : 0;

	return learned ? learned : net->port[port]->cfg.mtu;
}

bool sl_net_source(const struct sl_net *net, const struct sl_ip *dst, struct sl_ip *src,
		   uint16_t *mtu)
{
	struct net_hop hop;

	if (!net_route_find(net, dst, NULL, 0, &hop))
		return false;
	*src = hop.src;
	if (mtu)
		*mtu = net_mtu(net, hop.port, !sl_ip_is_v4(dst));
	return true;
}

static bool same_prefix(const struct sl_prefix *a, const struct sl_prefix *b)
{
	return a->len == b->len && sl_prefix_contains(a, &b->ip);
}

/*
 * Keeps the order: longest prefix first; among equals the one added first, but next hops of one
 * prefix side by side.
 */
static void route_add(struct sl_net *net, const struct net_route *r)
{
	int i = net->n_routes++, n = 0;

	for (; i > 0 && net->route[i - 1].to.len < r->to.len; i--)
		net->route[i] = net->route[i - 1];
	for (int j = i; j > 0 && r->kind == NET_ROUTE_VIA; j--)
		if (same_prefix(&net->route[j - 1].to, &r->to)) {
			for (; i > j; i--)
				net->route[i] = net->route[i - 1];
			break;
		}
	net->route[i] = *r;
	net->route[i].hops = 1;
	if (r->kind != NET_ROUTE_VIA)
		return;
	for (; i >= 0 && same_prefix(&net->route[i].to, &r->to); i--) {
		net->route[i].hops = (uint8_t)++n;
		net->route[i].shared = n > 1;
		if (n > 1)
			net->route[i + 1].shared = true;
	}
	net->multipath |= n > 1;
}

static void broadcasts_add(struct sl_net *net, const struct sl_prefix *p)
{
	uint32_t mask, ip;

	/* RFC 3021: a /31 has no broadcast address. */
	if (!sl_ip_is_v4(&p->ip) || p->len < 96 || p->len > 126)
		return;
	mask = p->len == 96 ? 0 : htonl(UINT32_MAX << (128 - p->len));
	ip = sl_ip_v4_be(&p->ip);
	net->bcast_be[net->n_bcasts++] = (ip & mask) | ~mask;
	net->bcast_be[net->n_bcasts++] = ip & mask;
}

static void addr_add(struct sl_net *net, uint16_t port, const struct sl_prefix *p)
{
	struct net_route r = {.to = *p, .src = p->ip, .port = port, .kind = NET_ROUTE_CONNECTED};

	net->addr[net->n_addrs++] = (struct net_addr){p->ip, p->len, port};
	if (!net_is_link_local(&p->ip))
		route_add(net, &r);
	r.to.len = 128;
	r.kind = NET_ROUTE_LOCAL;
	route_add(net, &r);
	broadcasts_add(net, p);
}

static bool unicast(const struct sl_ip *ip)
{
	if (sl_ip_is_any(ip))
		return false;
	if (sl_ip_is_v4(ip))
		return ip->b[12] != 0 && ip->b[12] != 127 && ip->b[12] < 224;
	return ip->b[0] != 0xff;
}

/* Addresses are configured, never made from what a router says: it gives the way, not the name. */
static bool learns(struct sl_net *net, uint16_t port)
{
	for (int i = 0; i < net->n_addrs; i++) {
		const struct net_addr *a = &net->addr[i];

		if (a->port != port || sl_ip_is_v4(&a->ip) || net_is_link_local(&a->ip))
			continue;
		net->ra[port].src = a->ip;
		net->ra[port].on = net->ra_on = true;
		return true;
	}
	return false;
}

static int port_addrs(struct sl_net *net, const struct sl_port *port, struct sl_err *err)
{
	bool v6 = false, has_link_local = false;
	char text[SL_IP_TEXT_MAX];

	for (int i = 0; i < port->cfg.n_addrs; i++) {
		const struct sl_prefix *p = &port->cfg.addr[i];

		if (!unicast(&p->ip) || p->len > 128)
			return sl_err(err, EINVAL,
				      "port %s: %s is no address a host can have; write a unicast "
				      "address with the length of its subnet.",
				      port->cfg.name, sl_ip_format(&p->ip, text));
		if (net_addr_find(net, &p->ip) >= 0)
			return sl_err(err, EINVAL,
				      "port %s: address %s is there twice; write it once.",
				      port->cfg.name, sl_ip_format(&p->ip, text));
		v6 |= !sl_ip_is_v4(&p->ip);
		has_link_local |= net_is_link_local(&p->ip);
		addr_add(net, port->index, p);
	}
	if (v6 && port->cfg.mtu < 1280)
		return sl_err(err, EINVAL,
			      "port %s: IPv6 needs an MTU of at least 1280 bytes, not %u.",
			      port->cfg.name, port->cfg.mtu);
	if (port->cfg.router_advertisements && !learns(net, port->index))
		return sl_err(err, EINVAL,
			      "port %s: router advertisements need an IPv6 address from which to "
			      "speak to what they lead to; write one.",
			      port->cfg.name);
	if (v6 && !has_link_local) {
		struct sl_prefix p = {link_local(net, port), 64};

		addr_add(net, port->index, &p);
	}
	return 0;
}

static int static_route(struct sl_net *net, const struct sl_net_route *cfg, struct sl_err *err)
{
	struct net_route r = {.to = cfg->to, .via = cfg->via, .kind = NET_ROUTE_VIA};
	char to[SL_IP_TEXT_MAX], via[SL_IP_TEXT_MAX];
	int own = -1;

	for (uint16_t p = 0; p < net->n_ports && own < 0; p++)
		own = net_addr_on_link(net, p, &cfg->via);
	if (own < 0 || net_addr_find(net, &cfg->via) >= 0 ||
	    sl_ip_is_v4(&cfg->via) != sl_ip_is_v4(&cfg->to.ip))
		return sl_err(err, EINVAL,
			      "route to %s: next hop %s is on no subnet of a port; write a "
			      "neighbour's address of the same family.",
			      sl_ip_format(&cfg->to.ip, to), sl_ip_format(&cfg->via, via));
	for (int i = 0; i < net->n_routes; i++) {
		const struct net_route *o = &net->route[i];

		if (!same_prefix(&o->to, &cfg->to))
			continue;
		if (o->kind != NET_ROUTE_VIA || sl_ip_eq(&o->via, &cfg->via))
			return sl_err(err, EINVAL,
				      "route to %s is there already, as a route or as the subnet "
				      "of a port; write one of them.",
				      sl_ip_format(&cfg->to.ip, to));
		if (o->hops == SL_NET_HOPS_MAX)
			return sl_err(err, EINVAL,
				      "route to %s has more than %d next hops; write fewer.",
				      sl_ip_format(&cfg->to.ip, to), SL_NET_HOPS_MAX);
	}
	r.src = net->addr[own].ip;
	r.port = net->addr[own].port;
	route_add(net, &r);
	return 0;
}

int net_routes_build(struct sl_net *net, const struct sl_net_config *cfg, struct sl_err *err)
{
	int rc;

	for (uint16_t i = 0; i < cfg->n_ports; i++) {
		rc = port_addrs(net, cfg->ports[i], err);
		if (rc)
			return rc;
	}
	for (uint16_t i = 0; i < cfg->n_routes; i++) {
		rc = static_route(net, &cfg->routes[i], err);
		if (rc)
			return rc;
	}
	return 0;
}
