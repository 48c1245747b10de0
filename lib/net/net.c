/* SPDX-License-Identifier: BSD-3-Clause */
/* Life of the net and of its workers' parts; frames from main; what is due by the clock. */
#include <errno.h>
#include <stdlib.h>

#include "net_int.h"

#define NEIGHBOURS_DEFAULT 4096u
#define NEIGHBOURS_MAX     (1u << 20)
#define MTU_MIN            576u
#define MTU_MAX            (NET_FRAME_BYTES - NET_ETH_LEN - NET_VLAN_LEN)

static int config_check(const struct sl_net_config *cfg, struct sl_err *err)
{
	if (cfg->n_ports == 0 || cfg->n_ports > SL_PORTS_MAX)
		return sl_err(err, EINVAL, "A box has 1 to %d ports, not %u.", SL_PORTS_MAX,
			      cfg->n_ports);
	if (cfg->n_routes > SL_NET_ROUTES_MAX)
		return sl_err(err, EINVAL, "%u routes are more than the %d there is room for.",
			      cfg->n_routes, SL_NET_ROUTES_MAX);
	if (cfg->neighbours_max > NEIGHBOURS_MAX)
		return sl_err(err, EINVAL, "A neighbour table of %u is larger than %u.",
			      cfg->neighbours_max, NEIGHBOURS_MAX);
	for (uint16_t i = 0; i < cfg->n_ports; i++) {
		const struct sl_port *port = cfg->ports[i];

		if (port->index != i)
			return sl_err(err, EINVAL, "port %s: index %u at place %u.", port->cfg.name,
				      port->index, i);
		if (port->cfg.mtu < MTU_MIN || port->cfg.mtu > MTU_MAX)
			return sl_err(err, EINVAL,
				      "port %s: an MTU of %u bytes is outside %u to %u, the "
				      "largest that packet buffers of %u bytes allow.",
				      port->cfg.name, port->cfg.mtu, MTU_MIN, MTU_MAX,
				      SL_MBUF_DATA);
	}
	return 0;
}

int sl_net_create(struct sl_net **out, const struct sl_net_config *cfg, struct sl_err *err)
{
	struct sl_net *net;
	int rc = config_check(cfg, err);

	if (rc)
		return rc;
	net = calloc(1, sizeof(*net));
	if (!net)
		return sl_err(err, ENOMEM, "Out of memory for the network tables.");
	net->n_ports = cfg->n_ports;
	memcpy(net->port, cfg->ports, cfg->n_ports * sizeof(net->port[0]));
	rc = net_routes_build(net, cfg, err);
	if (!rc && sl_hash_key_random(&net->key) != 0)
		rc = sl_err(err, EIO, "The kernel gave no random bytes.");
	if (!rc && neigh_table_init(&net->neigh, cfg->neighbours_max ? cfg->neighbours_max
								     : NEIGHBOURS_DEFAULT) != 0)
		rc = sl_err(err, ENOMEM, "Out of memory for the neighbour table.");
	if (rc) {
		sl_net_free(net);
		return rc;
	}
	*out = net;
	return 0;
}

void sl_net_free(struct sl_net *net)
{
	if (!net)
		return;
	neigh_table_free(&net->neigh);
	net_virtual_free(net);
	free(net);
}

struct sl_net_lcore *sl_net_lcore_create(struct sl_net *net, struct sl_lcore *lc)
{
	struct sl_net_lcore *nl = calloc(1, sizeof(*nl));

	if (!nl)
		return NULL;
	nl->net = net;
	nl->lc = lc;
	nl->frags = frag_table_create(lc, &net->key);
	if (!nl->frags) {
		free(nl);
		return NULL;
	}
	/* Identifications start anywhere, but two workers never count over the same numbers. */
	nl->ip_id = (uint32_t)(net->key.k0 >> 32);
	nl->ip_id += lc->index - (lc->workers ? nl->ip_id % lc->workers : 0);
	return nl;
}

void sl_net_lcore_free(struct sl_net_lcore *nl)
{
	if (!nl)
		return;
	frag_table_free(nl->frags, nl->lc);
	for (uint16_t i = 0; i < nl->n_self; i++) {
		nl->lc->stats.c->held--;
		sl_drop(nl->lc, nl->self[i], SL_DROP_SHUTDOWN);
	}
	for (uint16_t port = 0; port < SL_PORTS_MAX; port++)
		for (uint16_t i = 0; i < nl->tx[port].n; i++)
			sl_drop(nl->lc, nl->tx[port].pkts[i], SL_DROP_SHUTDOWN);
	free(nl);
}

void sl_net_on_icmp_error(struct sl_net_lcore *nl, sl_icmp_error_fn fn, void *arg)
{
	nl->on_error = fn;
	nl->on_error_arg = arg;
}

void sl_eth_inject(struct sl_net_lcore *nl, struct rte_mbuf *m)
{
	nl->lc->stats.c->injected++;
	if (sl_pkt(m)->punt != SL_PUNT_SELF) {
		eth_tx(nl, sl_pkt(m)->port, m);
	} else if (nl->n_self < NET_SELF_MAX) {
		nl->lc->stats.c->held++;
		nl->self[nl->n_self++] = m;
	} else {
		sl_drop(nl->lc, m, SL_DROP_ICMP_RATE);
	}
}

void sl_net_poll(struct sl_net_lcore *nl)
{
	struct rte_mbuf *self[NET_SELF_MAX];
	uint16_t n = nl->n_self;

	/* What the hook does may fail in turn and add to the queue. */
	memcpy(self, nl->self, n * sizeof(self[0]));
	nl->n_self = 0;
	for (uint16_t i = 0; i < n; i++) {
		nl->lc->stats.c->held--;
		icmp_error_in(nl, self[i]);
	}
	frag_expire(nl);
}
