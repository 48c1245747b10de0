/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device with several queues told to deliver packets to the workers they belong to, by the rules
 * of sl_steer.h. All of it or nothing: a device that hashed the source alone, but did not know our
 * own ports, would deliver all that an endpoint answers to one queue. Private to drivers/port.
 */
#ifndef SL_RSS_H
#define SL_RSS_H

#include <stdbool.h>

#include <rte_ethdev.h>
#include <rte_flow.h>

#include "sl_port.h"

#define SL_RSS_KEY_MAX   128u
#define SL_RSS_RULES_MAX (SL_PORT_ADDRS_MAX * 2 * SL_PORT_QUEUES_MAX)

/** Packets to one of our ports, by the bits of the port that say whose they are. */
struct sl_rss_rule {
	struct sl_ip dst;
	uint8_t proto;       /* IPPROTO_TCP, IPPROTO_UDP */
	uint16_t vlan;       /* 0: untagged */
	uint16_t port, mask; /* host byte order: destination & mask == port */
	uint16_t queue;
};

/** What one device was told. */
struct sl_rss {
	uint16_t id; /* of the device */
	uint16_t queues, reta_size;
	struct rte_eth_rss_conf hash; /* to configure the device with */
	uint8_t key[SL_RSS_KEY_MAX];
	uint16_t n_rules;
	struct rte_flow *rule[SL_RSS_RULES_MAX];
};

/**
 * Rules for all addresses of a port; each packet to a port of ours at one of them matches one.
 *
 * @param queues A power of two. @param rule Room for SL_RSS_RULES_MAX.
 * @return How many.
 */
uint16_t sl_rss_rules(const struct sl_port_config *cfg, uint16_t queues, struct sl_rss_rule *rule);

/**
 * Whether a device may be told, by what it says of itself, and what.
 *
 * @return NULL, or why not: half a sentence.
 */
const char *sl_rss_init(struct sl_rss *rss, uint16_t id, const struct sl_port_config *cfg,
			uint16_t queues, const struct rte_eth_dev_info *info);

/**
 * Tells a device that was configured with `hash` and has started, and asks it what it understood.
 *
 * @return NULL, or why it does not do so: half a sentence; it must be configured anew then.
 */
const char *sl_rss_start(struct sl_rss *rss, const struct sl_port_config *cfg);

/** Takes the rules back, before the device is stopped. Fine when there are none. */
void sl_rss_stop(struct sl_rss *rss);

#endif
