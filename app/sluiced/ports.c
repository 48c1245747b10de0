/* SPDX-License-Identifier: BSD-3-Clause */
/* The box's ports: opened from the configuration, shown in the stats segment. */
#include <stdio.h>

#include "sl_drivers.h"
#include "sluiced.h"

static void port_config(const struct sl_conf_port *in, struct sl_port_config *out)
{
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
}

int ports_open(struct box *b, struct sl_err *err)
{
	for (uint16_t i = 0; i < b->conf->n_ports; i++) {
		struct sl_port_config cfg;
		int rc, noise;

		port_config(&b->conf->port[i], &cfg);
		noise = driver_noise_begin();
		rc = sl_port_open(&b->port[i], &cfg, i, b->n_workers, b->pool, err);
		driver_noise_end(noise);
		if (rc < 0)
			return rc;
		b->n_ports = i + 1;
	}
	return 0;
}

void ports_close(struct box *b)
{
	int noise = b->n_ports ? driver_noise_begin() : -1;

	for (uint16_t i = 0; i < b->n_ports; i++)
		b->port[i]->ops->close(b->port[i]);
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
