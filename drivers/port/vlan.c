/* SPDX-License-Identifier: BSD-3-Clause */
/* A port that is a VLAN on the device of another port: it has no queues of its own. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sl_drivers.h"

struct vlan_port {
	struct sl_port port;
	struct sl_port *first;
};

static struct sl_port *first_of(struct sl_port *port)
{
	return ((struct vlan_port *)port->driver)->first;
}

static uint16_t rx_burst(struct sl_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	return 0; /* sl_eth_in_burst finds our frames among those of the device */
}

static uint16_t tx_burst(struct sl_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct sl_port *first = first_of(port);

	return first->ops->tx_burst(first, queue, pkts, n);
}

static bool link_up(struct sl_port *port)
{
	struct sl_port *first = first_of(port);

	return first->ops->link_up(first);
}

static void close_port(struct sl_port *port)
{
	struct vlan_port *v = port->driver;

	for (struct sl_port *p = v->first; p; p = p->next_vlan)
		if (p->next_vlan == port)
			p->next_vlan = port->next_vlan;
	free(v);
}

static const struct sl_port_ops ops = {
	.rx_burst = rx_burst,
	.tx_burst = tx_burst,
	.link_up = link_up,
	.close = close_port,
};

int sl_port_open_vlan(struct sl_port **out, const struct sl_port_config *cfg, uint16_t index,
		      struct sl_port *first, struct sl_err *err)
{
	struct vlan_port *v = calloc(1, sizeof(*v));

	if (!v)
		return sl_err(err, ENOMEM, "Out of memory.");
	v->first = first;
	v->port.ops = &ops;
	v->port.cfg = *cfg;
	v->port.index = index;
	v->port.queues = first->queues;
	v->port.tx_multi_seg = first->tx_multi_seg;
	v->port.passed_on = first->passed_on;
	memcpy(v->port.mac, cfg->has_mac ? cfg->mac : first->mac, 6);
	v->port.driver = v;
	v->port.next_vlan = first->next_vlan;
	first->next_vlan = &v->port;
	*out = &v->port;
	return 0;
}
