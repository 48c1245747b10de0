/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How packets enter and leave: the interface that drivers/port implements.
 *
 * A port has one receive and one transmit queue a worker. Queue q belongs to worker q alone.
 */
#ifndef SL_PORT_H
#define SL_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "sl_base.h"

#define SL_PORTS_MAX       8
#define SL_PORT_NAME_MAX   32
#define SL_PORT_ADDRS_MAX  8
#define SL_PORT_QUEUES_MAX 32
#define SL_BURST           32

/** Port as the configuration describes it. */
struct sl_port_config {
	char name[SL_PORT_NAME_MAX];
	char kind[16];    /* pci, af_packet, af_xdp, tap, memif, pcap, null */
	char device[128]; /* PCI address, interface, socket or files, by kind; empty where none */
	bool has_mac;
	uint8_t mac[6];
	uint16_t mtu;                             /* bytes, 576..2030 */
	uint16_t vlan;                            /* 0: untagged */
	struct sl_prefix addr[SL_PORT_ADDRS_MAX]; /* own address with the length of its subnet */
	uint16_t n_addrs;
	bool router_advertisements; /* IPv6 default routers are learned (RFC 4861) */
	bool shared;                /* other ports are VLANs on its device */
};

struct sl_port;

struct sl_port_ops {
	/* Both as rte_eth_rx_burst and rte_eth_tx_burst: never block, return what was done. */
	uint16_t (*rx_burst)(struct sl_port *port, uint16_t queue, struct rte_mbuf **pkts,
			     uint16_t n);
	uint16_t (*tx_burst)(struct sl_port *port, uint16_t queue, struct rte_mbuf **pkts,
			     uint16_t n);
	bool (*link_up)(struct sl_port *port);
	/* Packets lost since it was opened, before rx_burst could have them, in all queues; NULL:
	 * the port cannot tell. Main lcore. */
	uint64_t (*missed)(struct sl_port *port);
	void (*close)(struct sl_port *port);
};

struct sl_port {
	const struct sl_port_ops *ops;
	struct sl_port_config cfg;
	uint16_t index;  /* among the ports of the box */
	uint16_t queues; /* = workers */
	uint8_t mac[6];
	bool tx_multi_seg; /* chains may be sent as they are */
	/* With several queues: why workers pass on packets that come in at others, half a sentence.
	 * NULL: the device delivers them to the workers that own them. */
	const char *passed_on;
	void *driver; /* the implementation's own */
	/* Next port on the same device; VLANs tell them apart. Only the first one receives. */
	struct sl_port *next_vlan;
};

#endif
