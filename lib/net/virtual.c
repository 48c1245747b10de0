/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtual addresses: what services have, written by main, looked up where packets are for us. */
#include <errno.h>
#include <stdlib.h>

#include "net_int.h"

#define ANNOUNCE_BURST 16u /* announcements a call of sl_net_main_poll */

/** Sorted, each once; immutable once published. */
struct net_virtual {
	uint32_t n;
	struct sl_ip ip[];
};

static int ip_cmp(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct sl_ip));
}

static bool holds(const struct net_virtual *v, const struct sl_ip *ip)
{
	return v && bsearch(ip, v->ip, v->n, sizeof(v->ip[0]), ip_cmp);
}

bool sl_net_is_virtual(const struct sl_net *net, const struct sl_ip *ip)
{
	return holds(__atomic_load_n(&net->virtual, __ATOMIC_ACQUIRE), ip);
}

bool net_answers_for(const struct sl_net *net, uint16_t port, const struct sl_ip *ip)
{
	int own = net_addr_find(net, ip);

	if (own >= 0)
		return net->addr[own].port == port;
	return sl_net_is_virtual(net, ip) && net_addr_on_link(net, port, ip) >= 0;
}

static struct net_virtual *table_of(const struct sl_net *net, const struct sl_ip *ips, uint32_t n)
{
	struct net_virtual *v = malloc(sizeof(*v) + n * sizeof(v->ip[0]));
	uint32_t sorted = 0;

	if (!v)
		return NULL;
	v->n = 0;
	for (uint32_t i = 0; i < n; i++)
		if (!sl_ip_is_any(&ips[i]) && !sl_net_is_local(net, &ips[i]))
			v->ip[v->n++] = ips[i];
	qsort(v->ip, v->n, sizeof(v->ip[0]), ip_cmp);
	for (uint32_t i = 0; i < v->n; i++)
		if (sorted == 0 || !sl_ip_eq(&v->ip[sorted - 1], &v->ip[i]))
			v->ip[sorted++] = v->ip[i];
	v->n = sorted;
	return v;
}

int sl_net_main_set_virtual(struct sl_net *net, const struct sl_ip *ips, uint32_t n)
{
	struct net_virtual *v = table_of(net, ips, n);

	if (!v)
		return -ENOMEM;
	/* Nobody reads it any more, says the contract; the one in use is read for a while yet. */
	free(net->virtual_last);
	net->virtual_last = net->virtual;
	net->virtual_told = 0;
	__atomic_store_n(&net->virtual, v, __ATOMIC_RELEASE);
	return 0;
}

void net_virtual_free(struct sl_net *net)
{
	free(net->virtual);
	free(net->virtual_last);
}

/* New ones only, and only where neighbours may have another idea of whose they are. */
static void announce_one(struct sl_net *net, struct sl_lcore *lc, const struct sl_ip *ip)
{
	for (uint16_t port = 0; port < net->n_ports; port++) {
		struct net_addr from = {.ip = *ip, .len = 128, .port = port};

		if (net_addr_on_link(net, port, ip) >= 0)
			net_announce(net, lc, &from);
	}
}

void net_virtual_announce(struct sl_net *net, struct sl_lcore *lc)
{
	const struct net_virtual *v = net->virtual;

	for (uint32_t i = 0; v && i < ANNOUNCE_BURST && net->virtual_told < v->n; i++) {
		const struct sl_ip *ip = &v->ip[net->virtual_told++];

		if (!holds(net->virtual_last, ip))
			announce_one(net, lc, ip);
	}
}
