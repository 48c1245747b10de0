/* SPDX-License-Identifier: BSD-3-Clause */
/* A port as one or more DPDK ethernet devices: opened, polled and closed here. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "kinds.h"
#include "rss.h"
#include "sl_drivers.h"

#define RX_DESC   1024
#define TX_DESC   1024
#define NAME_MAX_ 128

/* One device with a queue a worker, or one device a queue. */
struct ethdev {
	struct sl_port port;
	const struct sl_port_kind *kind;
	uint64_t kernel_missed; /* of sockets, so far */
	struct sl_rss rss;      /* of a physical device */
	uint16_t n_devs;
	struct {
		uint16_t id;
		bool vdev; /* made here, so removed here */
		char name[NAME_MAX_];
	} dev[SL_PORT_QUEUES_MAX];
};

static uint16_t rx_burst(struct sl_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	const struct ethdev *e = port->driver;

	if (e->n_devs == 1)
		return rte_eth_rx_burst(e->dev[0].id, queue, pkts, n);
	return rte_eth_rx_burst(e->dev[queue].id, 0, pkts, n);
}

static uint16_t tx_burst(struct sl_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	const struct ethdev *e = port->driver;

	if (e->n_devs == 1)
		return rte_eth_tx_burst(e->dev[0].id, queue, pkts, n);
	return rte_eth_tx_burst(e->dev[queue].id, 0, pkts, n);
}

static bool link_up(struct sl_port *port)
{
	const struct ethdev *e = port->driver;
	struct rte_eth_link link;

	if (rte_eth_link_get_nowait(e->dev[0].id, &link) < 0)
		return false;
	return link.link_status == RTE_ETH_LINK_UP;
}

static uint64_t missed(struct sl_port *port)
{
	struct ethdev *e = port->driver;
	struct rte_eth_stats st;
	uint64_t n = 0;

	for (uint16_t i = 0; i < e->n_devs; i++)
		if (rte_eth_stats_get(e->dev[i].id, &st) == 0)
			n += st.imissed + st.rx_nombuf;
	if (e->kind->own_sockets)
		e->kernel_missed += sl_socket_missed(port->cfg.device);
	return n + e->kernel_missed;
}

static void close_port(struct sl_port *port)
{
	struct ethdev *e = port->driver;

	sl_rss_stop(&e->rss);
	for (uint16_t i = 0; i < e->n_devs; i++) {
		rte_eth_dev_stop(e->dev[i].id);
		if (e->dev[i].vdev)
			rte_eal_hotplug_remove("vdev", e->dev[i].name);
		else
			rte_eth_dev_close(e->dev[i].id);
	}
	free(e);
}

static const struct sl_port_ops ops = {
	.rx_burst = rx_burst,
	.tx_burst = tx_burst,
	.link_up = link_up,
	.missed = missed,
	.close = close_port,
};

/* Makes the virtual device of a queue, or finds the physical one EAL has probed. */
static int attach(struct ethdev *e, uint16_t queue, struct sl_err *err)
{
	const struct sl_port_config *cfg = &e->port.cfg;
	char args[SL_DEVARGS_MAX];
	int rc;

	if (!e->kind->driver) {
		snprintf(e->dev[queue].name, NAME_MAX_, "%s", cfg->device);
	} else {
		snprintf(e->dev[queue].name, NAME_MAX_, "%s%u", e->kind->driver,
			 e->port.index * SL_PORT_QUEUES_MAX + queue);
		if (!e->kind->args(cfg, queue, e->port.queues, args, sizeof(args)))
			return sl_err(err, EINVAL, "Port %s: device \"%s\" can't be used: %s",
				      cfg->name, cfg->device, e->kind->hint);
		rc = rte_eal_hotplug_add("vdev", e->dev[queue].name, args);
		if (rc < 0)
			return sl_err(err, -rc, "Port %s: the %s device \"%s\" can't be opened: %s",
				      cfg->name, cfg->kind, cfg->device, e->kind->hint);
		e->dev[queue].vdev = true;
	}
	if (rte_eth_dev_get_port_by_name(e->dev[queue].name, &e->dev[queue].id) < 0)
		return sl_err(err, ENODEV, "Port %s: there is no %s device \"%s\": %s", cfg->name,
			      cfg->kind, cfg->device, e->kind->hint);
	e->n_devs = queue + 1;
	return 0;
}

/* Without `rss`, hashes over addresses and ports where the device can: a flow stays on a queue. */
static void choose_offloads(struct ethdev *e, const struct rte_eth_dev_info *info,
			    const struct rte_eth_rss_conf *rss, struct rte_eth_conf *conf)
{
	const uint64_t rx_csum = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM |
				 RTE_ETH_RX_OFFLOAD_UDP_CKSUM;

	if (info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS) {
		conf->txmode.offloads |= RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
		e->port.tx_multi_seg = true;
	}
	/* Software devices claim what they compute themselves; only hardware saves us work. */
	if (!e->kind->driver && (info->rx_offload_capa & rx_csum) == rx_csum)
		conf->rxmode.offloads |= rx_csum;
	if (!e->kind->driver && e->port.queues > 1) {
		conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf->rx_adv_conf.rss_conf.rss_hf =
			(RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP) &
			info->flow_type_rss_offloads;
	}
	if (rss)
		conf->rx_adv_conf.rss_conf = *rss;
}

/* Configures a stopped device, and starts it. */
static int set_up(struct ethdev *e, uint16_t id, uint16_t queues,
		  const struct rte_eth_dev_info *info, const struct rte_eth_rss_conf *rss,
		  struct rte_mempool *pool, struct sl_err *err)
{
	const struct sl_port_config *cfg = &e->port.cfg;
	uint16_t rxd = RX_DESC, txd = TX_DESC;
	struct rte_eth_conf conf = {0};
	int rc;

	choose_offloads(e, info, rss, &conf);
	rc = rte_eth_dev_configure(id, queues, queues, &conf);
	if (rc == 0)
		rc = rte_eth_dev_adjust_nb_rx_tx_desc(id, &rxd, &txd);
	for (uint16_t q = 0; rc == 0 && q < queues; q++)
		rc = rte_eth_rx_queue_setup(id, q, rxd, SOCKET_ID_ANY, NULL, pool);
	for (uint16_t q = 0; rc == 0 && q < queues; q++)
		rc = rte_eth_tx_queue_setup(id, q, txd, SOCKET_ID_ANY, NULL);
	if (rc == 0 && cfg->mtu != 1500) {
		rc = rte_eth_dev_set_mtu(id, cfg->mtu);
		if (rc < 0)
			return sl_err(err, -rc, "Port %s: the device does not take an MTU of %u.",
				      cfg->name, cfg->mtu);
	}
	if (rc == 0)
		rc = rte_eth_dev_start(id);
	if (rc < 0)
		return sl_err(err, -rc, "Port %s: the device does not start (%s): %s", cfg->name,
			      strerror(-rc), e->kind->hint);
	return 0;
}

/* A device that delivers packets to their owners, or NULL; else why not, and it is stopped. */
static const char *set_up_steered(struct ethdev *e, uint16_t id, uint16_t queues,
				  const struct rte_eth_dev_info *info, struct rte_mempool *pool)
{
	const char *why;

	if (e->kind->driver)
		return "this kind of port can't be told whose they are";
	why = sl_rss_init(&e->rss, id, &e->port.cfg, queues, info);
	if (why)
		return why;
	if (set_up(e, id, queues, info, &e->rss.hash, pool, NULL) < 0)
		return "the driver does not take the hash";
	why = sl_rss_start(&e->rss, &e->port.cfg);
	if (why)
		rte_eth_dev_stop(id);
	return why;
}

static int start_dev(struct ethdev *e, uint16_t dev, uint16_t queues, struct rte_mempool *pool,
		     struct sl_err *err)
{
	const struct sl_port_config *cfg = &e->port.cfg;
	uint16_t id = e->dev[dev].id;
	struct rte_eth_dev_info info;
	int rc;

	rc = rte_eth_dev_info_get(id, &info);
	if (rc < 0)
		return sl_err(err, -rc, "Port %s: the driver tells nothing of itself.", cfg->name);
	if (queues > info.max_rx_queues || queues > info.max_tx_queues)
		return sl_err(err, EINVAL,
			      "Port %s: %u workers need as many queues; this device has %u. "
			      "Lower workers.count.",
			      cfg->name, queues, SL_MIN(info.max_rx_queues, info.max_tx_queues));
	if (e->port.queues > 1)
		e->port.passed_on = set_up_steered(e, id, queues, &info, pool);
	if (e->port.queues == 1 || e->port.passed_on)
		rc = set_up(e, id, queues, &info, NULL, pool, err);
	if (rc < 0)
		return rc;
	/* Frames are told apart by software; a device without the mode delivers all anyway. */
	rte_eth_promiscuous_enable(id);
	return 0;
}

/* Locally administered address that stays the same from start to start. */
static void derive_mac(const struct sl_port_config *cfg, uint8_t mac[6])
{
	uint64_t h = sl_fnv1a(0, cfg->name, strlen(cfg->name));

	h = sl_fnv1a(h, cfg->device, strlen(cfg->device));
	memcpy(mac, &h, 6);
	mac[0] = 0x02;
}

static void choose_mac(struct ethdev *e)
{
	struct rte_ether_addr addr;

	if (e->port.cfg.has_mac)
		memcpy(e->port.mac, e->port.cfg.mac, 6);
	else if (e->kind->own_mac || rte_eth_macaddr_get(e->dev[0].id, &addr) < 0)
		derive_mac(&e->port.cfg, e->port.mac);
	else
		memcpy(e->port.mac, addr.addr_bytes, 6);
}

static int open_devs(struct ethdev *e, struct rte_mempool *pool, struct sl_err *err)
{
	uint16_t devs = e->kind->device_per_queue ? e->port.queues : 1;
	int rc = 0;

	for (uint16_t i = 0; rc == 0 && i < devs; i++) {
		rc = attach(e, i, err);
		if (rc == 0)
			rc = start_dev(e, i, e->kind->device_per_queue ? 1 : e->port.queues, pool,
				       err);
	}
	return rc;
}

int sl_port_open(struct sl_port **out, const struct sl_port_config *cfg, uint16_t index,
		 uint16_t queues, struct rte_mempool *pool, struct sl_err *err)
{
	const struct sl_port_kind *kind = sl_port_kind_find(cfg->kind);
	struct ethdev *e;
	int rc;

	if (!kind)
		return sl_err(err, EINVAL, "Port %s: there is no port kind \"%s\".", cfg->name,
			      cfg->kind);
	if (queues > SL_PORT_QUEUES_MAX)
		return sl_err(err, EINVAL, "Port %s: at most %d workers.", cfg->name,
			      SL_PORT_QUEUES_MAX);
	e = calloc(1, sizeof(*e));
	if (!e)
		return sl_err(err, ENOMEM, "Out of memory.");
	e->port.ops = &ops;
	e->port.cfg = *cfg;
	e->port.index = index;
	e->port.queues = queues;
	e->port.driver = e;
	e->kind = kind;
	rc = open_devs(e, pool, err);
	if (rc < 0) {
		close_port(&e->port);
		return rc;
	}
	choose_mac(e);
	*out = &e->port;
	return 0;
}
