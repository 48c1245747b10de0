/* SPDX-License-Identifier: BSD-3-Clause */
/* The box's ports: opened from the configuration, shown in the stats segment. */
#include <stdio.h>

#include "sl_drivers.h"
#include "sluiced.h"

static bool same(const struct sl_conf_port *a, const struct sl_conf_port *b)
{
	return *a->device && strcmp(a->kind, b->kind) == 0 && strcmp(a->device, b->device) == 0;
}

static void port_config(const struct sl_conf_box *conf, uint16_t index, struct sl_port_config *out)
{
	const struct sl_conf_port *in = &conf->port[index];

	memset(out, 0, sizeof(*out));
	snprintf(out->name, sizeof(out->name), "%s", in->name);
	snprintf(out->kind, sizeof(out->kind), "%s", in->kind);
	snprintf(out->device, sizeof(out->device), "%s", in->device);
	out->has_mac = in->has_mac;
	memcpy(out->mac, in->mac, sizeof(out->mac));
	out->mtu = in->mtu;
	out->vlan = in->vlan;
	out->n_addrs = SL_MIN(in->n_addrs, SL_PORT_ADDRS_MAX);
	for (int i = 0; i < out->n_addrs; i++)
		out->addr[i] = in->addr[i];
	out->router_advertisements = in->router_advertisements;
	for (uint16_t i = 0; i < conf->n_ports; i++)
		out->shared |= i != index && same(in, &conf->port[i]);
}

_Static_assert(SL_CONF_MTU_MAX + 14 + 4 == SL_MBUF_DATA, "an IP packet with its Ethernet header");
_Static_assert(SL_CONF_HOPS_MAX == SL_NET_HOPS_MAX && SL_CONF_ROUTES_MAX == SL_NET_ROUTES_MAX, "");

/* The port that has opened this one's device already, or NULL. */
static struct sl_port *same_device(const struct box *b, uint16_t index)
{
	for (uint16_t i = 0; i < b->n_ports; i++)
		if (same(&b->conf->port[i], &b->conf->port[index]))
			return b->port[i];
	return NULL;
}

static void steering_report(const struct sl_port *p)
{
	if (p->queues == 1)
		return;
	if (p->passed_on)
		sl_log(SL_LOG_INFO, "Port %s: workers pass packets on to their owners, because %s.",
		       p->cfg.name, p->passed_on);
	else
		sl_log(SL_LOG_INFO, "Port %s: the device delivers packets to their owners.",
		       p->cfg.name);
}

int ports_open(struct box *b, struct sl_err *err)
{
	for (uint16_t i = 0; i < b->conf->n_ports; i++) {
		struct sl_port_config cfg;
		struct sl_port *first;
		int rc, noise;

		port_config(b->conf, i, &cfg);
		first = same_device(b, i);
		noise = driver_noise_begin();
		if (first)
			rc = sl_port_open_vlan(&b->port[i], &cfg, i, first, err);
		else
			rc = sl_port_open(&b->port[i], &cfg, i, b->n_workers, b->pool, err);
		driver_noise_end(noise);
		if (rc < 0)
			return rc;
		b->n_ports = i + 1;
		if (!first)
			steering_report(b->port[i]);
		if (b->conf->port[i].fault.on)
			rc = fault_open(&b->port[i], &b->conf->port[i].fault, b->pool, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static void ports_report(const struct box *b)
{
	for (uint16_t i = 0; i < b->n_ports; i++)
		if (b->conf->port[i].fault.on)
			fault_report(b->port[i]);
}

void ports_close(struct box *b)
{
	int noise;

	ports_report(b);
	noise = b->n_ports ? driver_noise_begin() : -1;
	/* Last first: ports in VLANs come behind the one that has their device. */
	for (uint16_t i = b->n_ports; i > 0; i--)
		b->port[i - 1]->ops->close(b->port[i - 1]);
	driver_noise_end(noise);
	b->n_ports = 0;
}

/* A prefix as the user wrote it: "10.10.1.4/24". */
static void prefix_text(const struct sl_prefix *p, char *buf, size_t cap)
{
	char ip[SL_IP_TEXT_MAX];
	int len = sl_ip_is_v4(&p->ip) ? p->len - 96 : p->len;

	snprintf(buf, cap, "%s/%d", sl_ip_format(&p->ip, ip), len);
}

void ports_publish(struct box *b)
{
	struct sl_stats_hdr *hdr = sl_stats_hdr(b->stats);

	hdr->n_ports = b->n_ports;
	for (uint16_t i = 0; i < b->n_ports; i++) {
		struct sl_stats_port_info *info = &hdr->port[i];
		const struct sl_port *p = b->port[i];

		snprintf(info->name, sizeof(info->name), "%s", p->cfg.name);
		snprintf(info->kind, sizeof(info->kind), "%s", p->cfg.kind);
		snprintf(info->device, sizeof(info->device), "%.63s", p->cfg.device);
		memcpy(info->mac, p->mac, sizeof(info->mac));
		info->mtu = p->cfg.mtu;
		info->up = p->ops->link_up(b->port[i]);
		for (size_t a = 0; a < SL_ARRAY_LEN(info->addresses) && a < p->cfg.n_addrs; a++)
			prefix_text(&p->cfg.addr[a], info->addresses[a],
				    sizeof(info->addresses[a]));
	}
}
