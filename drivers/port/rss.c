/* SPDX-License-Identifier: BSD-3-Clause */
/* A device's hash, table of queues and flow rules, so that packets come in where they belong. */
#include "rss.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_common.h>

#include "sl_steer.h"

#define SOURCE_ONLY (RTE_ETH_RSS_L3_SRC_ONLY | RTE_ETH_RSS_L4_SRC_ONLY)
/* Those that matter; of others that a device knows as well, it hashes what there is. */
#define NEEDED                                                         \
	(RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP | \
	 RTE_ETH_RSS_NONFRAG_IPV6_TCP | RTE_ETH_RSS_NONFRAG_IPV6_UDP | SOURCE_ONLY)
#define WANTED (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP | NEEDED)

#define RETA_MAX    2048
#define RETA_GROUPS (RETA_MAX / RTE_ETH_RETA_GROUP_SIZE)

uint16_t sl_rss_rules(const struct sl_port_config *cfg, uint16_t queues, struct sl_rss_rule *rule)
{
	static const uint8_t protos[] = {IPPROTO_TCP, IPPROTO_UDP};
	uint16_t n = 0;

	/* sl_port_is_ours is the highest bit of a port, a power of two the lowest ones. */
	_Static_assert(SL_NAT_PORT_FIRST == 0x8000, "");
	for (uint16_t a = 0; a < cfg->n_addrs; a++)
		for (size_t p = 0; p < SL_ARRAY_LEN(protos); p++)
			for (uint16_t q = 0; q < queues; q++)
				rule[n++] = (struct sl_rss_rule){
					.dst = cfg->addr[a].ip,
					.proto = protos[p],
					.vlan = cfg->vlan,
					.port = (uint16_t)(SL_NAT_PORT_FIRST | q),
					.mask = (uint16_t)(SL_NAT_PORT_FIRST | (queues - 1)),
					.queue = q,
				};
	return n;
}

const char *sl_rss_init(struct sl_rss *rss, uint16_t id, const struct sl_port_config *cfg,
			uint16_t queues, const struct rte_eth_dev_info *info)
{
	rss->id = id;
	rss->queues = queues;
	rss->reta_size = info->reta_size;
	rss->n_rules = 0;
	if (!rte_is_power_of_2(queues))
		return "the number of workers is not a power of two";
	if (cfg->shared)
		return "several ports are VLANs of the device";
	if ((info->flow_type_rss_offloads & NEEDED) != NEEDED)
		return "the device can't hash the source alone";
	/* With powers of two, hash % table % queues is the owner, hash % slots % queues. */
	if (!rte_is_power_of_2(info->reta_size) || info->reta_size < queues ||
	    info->reta_size % RTE_ETH_RETA_GROUP_SIZE || info->reta_size > RETA_MAX)
		return "the device has no table of queues of a usual size";
	if (info->hash_key_size == 0 || info->hash_key_size % 2 ||
	    info->hash_key_size > SL_RSS_KEY_MAX)
		return "the device has no hash key of a usual size";
	for (unsigned i = 0; i < info->hash_key_size; i++)
		rss->key[i] = (uint8_t)(i % 2 ? SL_STEER_KEY : SL_STEER_KEY >> 8);
	rss->hash = (struct rte_eth_rss_conf){.rss_key = rss->key,
					      .rss_key_len = info->hash_key_size,
					      .rss_hf = WANTED & info->flow_type_rss_offloads};
	return NULL;
}

/* Whether the device has the key, and hashes at least what it was told. */
static bool hash_is_ours(const struct sl_rss *rss)
{
	uint8_t key[SL_RSS_KEY_MAX] = {0};
	struct rte_eth_rss_conf has = {.rss_key = key, .rss_key_len = rss->hash.rss_key_len};

	return rte_eth_dev_rss_hash_conf_get(rss->id, &has) == 0 &&
	       (has.rss_hf & NEEDED) == NEEDED && memcmp(key, rss->key, rss->hash.rss_key_len) == 0;
}

static uint16_t *reta_entry(struct rte_eth_rss_reta_entry64 *reta, unsigned i)
{
	return &reta[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE];
}

static bool set_reta(const struct sl_rss *rss)
{
	struct rte_eth_rss_reta_entry64 reta[RETA_GROUPS];

	memset(reta, 0, sizeof(reta));
	for (unsigned i = 0; i < RETA_GROUPS; i++)
		reta[i].mask = UINT64_MAX;
	for (unsigned i = 0; i < rss->reta_size; i++)
		*reta_entry(reta, i) = (uint16_t)(i % rss->queues);
	if (rte_eth_dev_rss_reta_update(rss->id, reta, rss->reta_size) < 0)
		return false;
	for (unsigned i = 0; i < RETA_GROUPS; i++) {
		memset(reta[i].reta, 0xff, sizeof(reta[i].reta));
		reta[i].mask = UINT64_MAX;
	}
	if (rte_eth_dev_rss_reta_query(rss->id, reta, rss->reta_size) < 0)
		return false;
	for (unsigned i = 0; i < rss->reta_size; i++)
		if (*reta_entry(reta, i) != i % rss->queues)
			return false;
	return true;
}

/* The parts of one rule as DPDK wants them; they point into each other. */
struct parts {
	struct rte_flow_item_vlan vlan, vlan_mask;
	struct rte_flow_item_ipv4 ip4, ip4_mask;
	struct rte_flow_item_ipv6 ip6, ip6_mask;
	struct rte_flow_item_tcp tcp, tcp_mask;
	struct rte_flow_item_udp udp, udp_mask;
	struct rte_flow_action_queue queue;
	struct rte_flow_item item[5];
	struct rte_flow_action action[2];
};

static struct rte_flow_item ip_item(struct parts *p, const struct sl_ip *dst)
{
	if (sl_ip_is_v4(dst)) {
		p->ip4.hdr.dst_addr = sl_ip_v4_be(dst);
		p->ip4_mask.hdr.dst_addr = UINT32_MAX;
		return (struct rte_flow_item){
			.type = RTE_FLOW_ITEM_TYPE_IPV4, .spec = &p->ip4, .mask = &p->ip4_mask};
	}
	memcpy(p->ip6.hdr.dst_addr, dst->b, sizeof(dst->b));
	memset(p->ip6_mask.hdr.dst_addr, 0xff, sizeof(dst->b));
	return (struct rte_flow_item){
		.type = RTE_FLOW_ITEM_TYPE_IPV6, .spec = &p->ip6, .mask = &p->ip6_mask};
}

static struct rte_flow_item port_item(struct parts *p, const struct sl_rss_rule *r)
{
	if (r->proto == IPPROTO_TCP) {
		p->tcp.hdr.dst_port = rte_cpu_to_be_16(r->port);
		p->tcp_mask.hdr.dst_port = rte_cpu_to_be_16(r->mask);
		return (struct rte_flow_item){
			.type = RTE_FLOW_ITEM_TYPE_TCP, .spec = &p->tcp, .mask = &p->tcp_mask};
	}
	p->udp.hdr.dst_port = rte_cpu_to_be_16(r->port);
	p->udp_mask.hdr.dst_port = rte_cpu_to_be_16(r->mask);
	return (struct rte_flow_item){
		.type = RTE_FLOW_ITEM_TYPE_UDP, .spec = &p->udp, .mask = &p->udp_mask};
}

static void compose(struct parts *p, const struct sl_rss_rule *r)
{
	unsigned n = 0;

	memset(p, 0, sizeof(*p));
	p->item[n++].type = RTE_FLOW_ITEM_TYPE_ETH;
	if (r->vlan) {
		p->vlan.hdr.vlan_tci = rte_cpu_to_be_16(r->vlan);
		p->vlan_mask.hdr.vlan_tci = rte_cpu_to_be_16(0xfff);
		p->item[n++] = (struct rte_flow_item){
			.type = RTE_FLOW_ITEM_TYPE_VLAN, .spec = &p->vlan, .mask = &p->vlan_mask};
	}
	p->item[n++] = ip_item(p, &r->dst);
	p->item[n++] = port_item(p, r);
	p->item[n].type = RTE_FLOW_ITEM_TYPE_END;
	p->queue.index = r->queue;
	p->action[0] = (struct rte_flow_action){RTE_FLOW_ACTION_TYPE_QUEUE, &p->queue};
	p->action[1].type = RTE_FLOW_ACTION_TYPE_END;
}

/* Drivers may accept in one step what they refuse in the other: masks, or the last rule of many. */
static bool set_rules(struct sl_rss *rss, const struct sl_port_config *cfg)
{
	const struct rte_flow_attr attr = {.ingress = 1};
	struct sl_rss_rule rule[SL_RSS_RULES_MAX];
	uint16_t n = sl_rss_rules(cfg, rss->queues, rule);
	struct rte_flow_error err;

	for (uint16_t i = 0; i < n; i++) {
		struct parts p;

		compose(&p, &rule[i]);
		if (rte_flow_validate(rss->id, &attr, p.item, p.action, &err) < 0)
			return false;
		rss->rule[i] = rte_flow_create(rss->id, &attr, p.item, p.action, &err);
		if (!rss->rule[i])
			return false;
		rss->n_rules++;
	}
	return true;
}

const char *sl_rss_start(struct sl_rss *rss, const struct sl_port_config *cfg)
{
	/* Some drivers begin anew where the table changes, without their rules: those come last. */
	if (!set_reta(rss))
		return "the driver does not take the table of queues";
	/* Some drivers take the key only from a device that has started. */
	if (!hash_is_ours(rss) &&
	    (rte_eth_dev_rss_hash_update(rss->id, &rss->hash) < 0 || !hash_is_ours(rss)))
		return "the driver does not take the hash key";
	if (!set_rules(rss, cfg)) {
		sl_rss_stop(rss);
		return "the driver does not take rules for ports under a mask";
	}
	return NULL;
}

void sl_rss_stop(struct sl_rss *rss)
{
	struct rte_flow_error err;

	while (rss->n_rules)
		rte_flow_destroy(rss->id, rss->rule[--rss->n_rules], &err);
}
