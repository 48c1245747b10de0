/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a device with several queues is told, so that it delivers packets to their owners. The
 * device is DPDK's null device, which has a hash key and a table of queues but looks at no packet;
 * between it and us stands what a NIC can do beyond: hash the source alone, and flow rules.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <rte_dev.h>
#include <rte_thash.h>

#include "rss.h"
#include "sl_drivers.h"
#include "sl_steer.h"
#include "sl_test_lcore.h"

#define QUEUES      4
#define SOURCE_ONLY (RTE_ETH_RSS_L3_SRC_ONLY | RTE_ETH_RSS_L4_SRC_ONLY)

static struct sl_lcore lc;

/* The NIC: what it refuses is set by tests, what it was told is looked at by them. */
static struct nic {
	bool no_source_only, no_configure, no_key, no_mask, forgets_table, no_more_rules;
	uint16_t reta_size, key_size; /* 0: as the null device has it */
	uint64_t hf;
	unsigned configured, rules, rules_seen;
	struct sl_rss_rule rule[SL_RSS_RULES_MAX]; /* read from DPDK's form */
} nic;

int __real_rte_eth_dev_info_get(uint16_t id, struct rte_eth_dev_info *info);
int __real_rte_eth_dev_configure(uint16_t id, uint16_t rx, uint16_t tx,
				 const struct rte_eth_conf *conf);
int __real_rte_eth_dev_rss_hash_update(uint16_t id, struct rte_eth_rss_conf *conf);
int __real_rte_eth_dev_rss_hash_conf_get(uint16_t id, struct rte_eth_rss_conf *conf);
int __real_rte_eth_dev_rss_reta_query(uint16_t id, struct rte_eth_rss_reta_entry64 *reta,
				      uint16_t size);
int __wrap_rte_eth_dev_info_get(uint16_t id, struct rte_eth_dev_info *info);
int __wrap_rte_eth_dev_configure(uint16_t id, uint16_t rx, uint16_t tx,
				 const struct rte_eth_conf *conf);
int __wrap_rte_eth_dev_rss_hash_update(uint16_t id, struct rte_eth_rss_conf *conf);
int __wrap_rte_eth_dev_rss_hash_conf_get(uint16_t id, struct rte_eth_rss_conf *conf);
int __wrap_rte_eth_dev_rss_reta_query(uint16_t id, struct rte_eth_rss_reta_entry64 *reta,
				      uint16_t size);
int __wrap_rte_flow_validate(uint16_t id, const struct rte_flow_attr *attr,
			     const struct rte_flow_item item[],
			     const struct rte_flow_action action[], struct rte_flow_error *err);
struct rte_flow *__wrap_rte_flow_create(uint16_t id, const struct rte_flow_attr *attr,
					const struct rte_flow_item item[],
					const struct rte_flow_action action[],
					struct rte_flow_error *err);
int __wrap_rte_flow_destroy(uint16_t id, struct rte_flow *flow, struct rte_flow_error *err);

int __wrap_rte_eth_dev_info_get(uint16_t id, struct rte_eth_dev_info *info)
{
	int rc = __real_rte_eth_dev_info_get(id, info);

	info->hash_key_size = nic.key_size ? nic.key_size : 40;
	if (nic.reta_size)
		info->reta_size = nic.reta_size;
	if (!nic.no_source_only)
		info->flow_type_rss_offloads |= SOURCE_ONLY;
	return rc;
}

int __wrap_rte_eth_dev_configure(uint16_t id, uint16_t rx, uint16_t tx,
				 const struct rte_eth_conf *conf)
{
	struct rte_eth_conf known = *conf;

	nic.configured++;
	nic.hf = conf->rx_adv_conf.rss_conf.rss_hf;
	if (nic.no_configure && nic.hf & SOURCE_ONLY)
		return -ENOTSUP;
	known.rx_adv_conf.rss_conf.rss_hf &= ~SOURCE_ONLY;
	return __real_rte_eth_dev_configure(id, rx, tx, &known);
}

int __wrap_rte_eth_dev_rss_hash_update(uint16_t id, struct rte_eth_rss_conf *conf)
{
	struct rte_eth_rss_conf known = *conf;

	if (nic.no_key)
		return -ENOTSUP;
	nic.hf = conf->rss_hf;
	known.rss_hf &= ~SOURCE_ONLY;
	return __real_rte_eth_dev_rss_hash_update(id, &known);
}

int __wrap_rte_eth_dev_rss_hash_conf_get(uint16_t id, struct rte_eth_rss_conf *conf)
{
	int rc = __real_rte_eth_dev_rss_hash_conf_get(id, conf);

	conf->rss_hf |= nic.hf & SOURCE_ONLY;
	return rc;
}

int __wrap_rte_eth_dev_rss_reta_query(uint16_t id, struct rte_eth_rss_reta_entry64 *reta,
				      uint16_t size)
{
	int rc = __real_rte_eth_dev_rss_reta_query(id, reta, size);

	reta[1].reta[7] += nic.forgets_table;
	return rc;
}

int __wrap_rte_flow_validate(uint16_t id, const struct rte_flow_attr *attr,
			     const struct rte_flow_item item[],
			     const struct rte_flow_action action[], struct rte_flow_error *err)
{
	assert_true(attr->ingress && !attr->egress && !attr->transfer);
	assert_int_equal(item[0].type, RTE_FLOW_ITEM_TYPE_ETH);
	assert_int_equal(action[0].type, RTE_FLOW_ACTION_TYPE_QUEUE);
	assert_int_equal(action[1].type, RTE_FLOW_ACTION_TYPE_END);
	return nic.no_mask ? -ENOTSUP : 0;
}

static void be_zero(const void *data, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(((const uint8_t *)data)[i], 0);
}

/* Address and ports out of an item; everything else must not be looked at. */
static struct sl_ip read_ip(const struct rte_flow_item *item)
{
	struct sl_ip a;

	if (item->type == RTE_FLOW_ITEM_TYPE_IPV4) {
		const struct rte_flow_item_ipv4 *ip4 = item->spec;
		struct rte_flow_item_ipv4 mask = *(const struct rte_flow_item_ipv4 *)item->mask;

		assert_int_equal(mask.hdr.dst_addr, UINT32_MAX);
		mask.hdr.dst_addr = 0;
		be_zero(&mask, sizeof(mask));
		return sl_ip_from_v4(ip4->hdr.dst_addr);
	}
	const struct rte_flow_item_ipv6 *ip6 = item->spec;
	struct rte_flow_item_ipv6 mask = *(const struct rte_flow_item_ipv6 *)item->mask;

	assert_int_equal(item->type, RTE_FLOW_ITEM_TYPE_IPV6);
	for (unsigned i = 0; i < sizeof(a.b); i++)
		assert_int_equal(mask.hdr.dst_addr[i], 0xff);
	memset(mask.hdr.dst_addr, 0, sizeof(a.b));
	be_zero(&mask, sizeof(mask));
	memcpy(a.b, ip6->hdr.dst_addr, sizeof(a.b));
	return a;
}

static void read_ports(const struct rte_flow_item *item, struct sl_rss_rule *r)
{
	if (item->type == RTE_FLOW_ITEM_TYPE_TCP) {
		struct rte_flow_item_tcp mask = *(const struct rte_flow_item_tcp *)item->mask;

		r->proto = IPPROTO_TCP;
		r->port = ntohs(((const struct rte_flow_item_tcp *)item->spec)->hdr.dst_port);
		r->mask = ntohs(mask.hdr.dst_port);
		mask.hdr.dst_port = 0;
		be_zero(&mask, sizeof(mask));
		return;
	}
	struct rte_flow_item_udp mask = *(const struct rte_flow_item_udp *)item->mask;

	assert_int_equal(item->type, RTE_FLOW_ITEM_TYPE_UDP);
	r->proto = IPPROTO_UDP;
	r->port = ntohs(((const struct rte_flow_item_udp *)item->spec)->hdr.dst_port);
	r->mask = ntohs(mask.hdr.dst_port);
	mask.hdr.dst_port = 0;
	be_zero(&mask, sizeof(mask));
}

/* Rules are numbers here. */
struct rte_flow *__wrap_rte_flow_create(uint16_t id, const struct rte_flow_attr *attr,
					const struct rte_flow_item item[],
					const struct rte_flow_action action[],
					struct rte_flow_error *err)
{
	struct sl_rss_rule *r = &nic.rule[nic.rules];

	if (nic.no_more_rules && nic.rules == 5)
		return NULL;
	memset(r, 0, sizeof(*r));
	item++;
	if (item->type == RTE_FLOW_ITEM_TYPE_VLAN) {
		const struct rte_flow_item_vlan *vlan = item->spec, *mask = item->mask;

		assert_int_equal(ntohs(mask->hdr.vlan_tci), 0xfff);
		assert_int_equal(mask->hdr.eth_proto, 0);
		r->vlan = ntohs(vlan->hdr.vlan_tci);
		item++;
	}
	r->dst = read_ip(item++);
	read_ports(item++, r);
	assert_int_equal(item->type, RTE_FLOW_ITEM_TYPE_END);
	r->queue = ((const struct rte_flow_action_queue *)action[0].conf)->index;
	nic.rules++;
	return (struct rte_flow *)(uintptr_t)++nic.rules_seen;
}

int __wrap_rte_flow_destroy(uint16_t id, struct rte_flow *flow, struct rte_flow_error *err)
{
	assert_in_range((uintptr_t)flow, 1, nic.rules_seen);
	assert_true(nic.rules > 0);
	nic.rules--;
	return 0;
}

static struct sl_ip ip(const char *text)
{
	struct sl_ip a;

	assert_int_equal(sl_ip_parse(text, &a, NULL), 0);
	return a;
}

static struct sl_port_config config(const char *kind, const char *device)
{
	struct sl_port_config cfg = {.name = "lan", .mtu = 1500, .n_addrs = 3};

	snprintf(cfg.kind, sizeof(cfg.kind), "%s", kind);
	snprintf(cfg.device, sizeof(cfg.device), "%s", device);
	cfg.addr[0].ip = ip("192.0.2.1");
	cfg.addr[1].ip = ip("192.0.2.2");
	cfg.addr[2].ip = ip("2001:db8::1");
	return cfg;
}

/* A device that stands for a physical one, for as long as a test lasts. */
static void probe(void)
{
	nic = (struct nic){0};
	assert_int_equal(rte_eal_hotplug_add("vdev", "net_null_nic", ""), 0);
}

static uint16_t device(void)
{
	uint16_t id;

	assert_int_equal(rte_eth_dev_get_port_by_name("net_null_nic", &id), 0);
	return id;
}

static struct sl_port *open_nic(uint16_t queues, bool shared, uint16_t vlan)
{
	struct sl_port_config cfg = config("pci", "net_null_nic");
	struct sl_err err = {""};
	struct sl_port *p;
	int rc;

	cfg.shared = shared;
	cfg.vlan = vlan;
	rc = sl_port_open(&p, &cfg, 0, queues, lc.pool, &err);
	if (rc < 0)
		fail_msg("%s", err.text);
	return p;
}

static void close_nic(struct sl_port *p)
{
	p->ops->close(p);
	rte_eal_hotplug_remove("vdev", "net_null_nic");
	assert_int_equal(nic.rules, 0);
}

/* The queue this device would put a client's packet into, by all that was read back from it. */
static uint16_t queue_of(uint16_t id, uint32_t client, uint16_t port)
{
	uint8_t key[40];
	struct rte_eth_rss_conf conf = {.rss_key = key, .rss_key_len = sizeof(key)};
	struct rte_eth_rss_reta_entry64 reta[2] = {{.mask = UINT64_MAX}, {.mask = UINT64_MAX}};
	uint32_t words[3] = {client, 0, (uint32_t)port << 16}, hash;

	assert_int_equal(rte_eth_dev_rss_hash_conf_get(id, &conf), 0);
	assert_int_equal(rte_eth_dev_rss_reta_query(id, reta, 128), 0);
	hash = rte_softrss(words, 3, key);
	return reta[hash / 64 % 2].reta[hash % 64];
}

static void rules_are(const struct sl_port_config *cfg, uint16_t queues)
{
	static struct sl_rss_rule want[SL_RSS_RULES_MAX];
	uint16_t n = sl_rss_rules(cfg, queues, want);

	assert_int_equal(nic.rules, n);
	for (uint16_t i = 0; i < n; i++) {
		const struct sl_rss_rule *got = &nic.rule[i];

		assert_true(sl_ip_eq(&got->dst, &want[i].dst));
		assert_int_equal(got->proto, want[i].proto);
		assert_int_equal(got->vlan, want[i].vlan);
		assert_int_equal(got->port, want[i].port);
		assert_int_equal(got->mask, want[i].mask);
		assert_int_equal(got->queue, want[i].queue);
	}
}

static void delivers_to_owners(void **state)
{
	uint32_t rnd = 7;
	struct sl_port *p;

	for (uint16_t queues = 2; queues <= 32; queues *= 2) {
		probe();
		p = open_nic(queues, false, queues == 8 ? 7 : 0);
		assert_null(p->passed_on);
		assert_int_equal(nic.configured, 1);
		assert_int_equal(nic.hf & SOURCE_ONLY, SOURCE_ONLY);
		rules_are(&p->cfg, queues);
		for (int i = 0; i < 5000; i++) {
			struct sl_tuple t = {.dst = ip("198.51.100.1"), .dport = 80};
			uint32_t client = rnd = rnd * 1664525 + 1013904223;

			t.src = sl_ip_from_v4(htonl(client));
			t.sport = (uint16_t)(rnd >> 13);
			assert_int_equal(queue_of(device(), client, t.sport),
					 sl_steer_owner(&t, false, queues));
		}
		close_nic(p);
	}
}

/* All of it or nothing: without a part, the device spreads whole flows as it did. */
static void spreads(bool *refusal, uint16_t queues, bool shared, unsigned configured,
		    const char *why)
{
	struct sl_port *p;

	probe();
	if (refusal)
		*refusal = true;
	p = open_nic(queues, shared, 0);
	assert_string_equal(p->passed_on, why);
	assert_int_equal(nic.configured, configured);
	assert_int_equal(nic.hf & SOURCE_ONLY, 0);
	assert_true(nic.hf & RTE_ETH_RSS_NONFRAG_IPV4_TCP);
	assert_int_equal(nic.rules, 0);
	close_nic(p);
}

static void refusals(void **state)
{
	spreads(NULL, 3, false, 1, "the number of workers is not a power of two");
	spreads(NULL, QUEUES, true, 1, "several ports are VLANs of the device");
	spreads(&nic.no_source_only, QUEUES, false, 1, "the device can't hash the source alone");
	spreads(&nic.no_configure, QUEUES, false, 2, "the driver does not take the hash");
	spreads(&nic.forgets_table, QUEUES, false, 2,
		"the driver does not take the table of queues");
	spreads(&nic.no_key, QUEUES, false, 2, "the driver does not take the hash key");
	spreads(&nic.no_mask, QUEUES, false, 2,
		"the driver does not take rules for ports under a mask");
	spreads(&nic.no_more_rules, QUEUES, false, 2,
		"the driver does not take rules for ports under a mask");
	assert_int_equal(nic.rules_seen, 5);
}

static void one_queue(void **state)
{
	struct sl_port *p;

	probe();
	p = open_nic(1, false, 0);
	assert_int_equal(nic.configured, 1);
	assert_int_equal(nic.hf, 0);
	assert_int_equal(nic.rules_seen, 0);
	close_nic(p);
}

/* Ports whose devices are made here are never told. */
static void software_device(void **state)
{
	struct sl_port_config cfg = config("null", "");
	struct sl_port *p;

	nic = (struct nic){0};
	assert_int_equal(sl_port_open(&p, &cfg, 0, QUEUES, lc.pool, NULL), 0);
	assert_string_equal(p->passed_on, "this kind of port can't be told whose they are");
	assert_int_equal(nic.hf, 0);
	p->ops->close(p);
}

/* Sizes of the table and of the key, by what a device says of them. */
static void sizes(void **state)
{
	static const struct {
		uint16_t reta, key;
		bool fine;
	} cases[] = {
		{64, 40, true},    {128, 40, true}, {512, 40, true},  {2048, 52, true},
		{128, 128, true},  {0, 40, false},  {32, 40, false},  {192, 40, false},
		{4096, 40, false}, {128, 0, false}, {128, 41, false}, {128, 130, false},
	};
	struct sl_port_config cfg = config("pci", "x");
	static struct sl_rss rss;

	for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
		struct rte_eth_dev_info info = {
			.reta_size = cases[i].reta,
			.hash_key_size = (uint8_t)cases[i].key,
			.flow_type_rss_offloads = UINT64_MAX,
		};

		assert_int_equal(!sl_rss_init(&rss, 0, &cfg, 32, &info), cases[i].fine);
		if (!cases[i].fine)
			continue;
		assert_int_equal(rss.hash.rss_key_len, cases[i].key);
		for (unsigned b = 0; b < cases[i].key; b += 2)
			assert_int_equal(rss.key[b] << 8 | rss.key[b + 1], SL_STEER_KEY);
	}
}

/* Of all rules exactly one takes a packet to a port of ours, to its owner; none takes another. */
static void rules(void **state)
{
	static struct sl_rss_rule rule[SL_RSS_RULES_MAX];
	struct sl_port_config cfg = config("pci", "x");

	cfg.vlan = 7;
	for (uint16_t queues = 2; queues <= SL_PORT_QUEUES_MAX; queues *= 2) {
		uint16_t n = sl_rss_rules(&cfg, queues, rule);

		assert_int_equal(n, cfg.n_addrs * 2 * queues);
		for (uint32_t i = 0; i < 65536 * 2; i++) {
			struct sl_tuple t = {.dst = cfg.addr[i % 3].ip,
					     .dport = (uint16_t)i,
					     .proto = i >> 16 ? IPPROTO_TCP : IPPROTO_UDP};
			unsigned hits = 0;

			for (uint16_t r = 0; r < n; r++)
				if (sl_ip_eq(&rule[r].dst, &t.dst) && rule[r].proto == t.proto &&
				    (t.dport & rule[r].mask) == rule[r].port) {
					hits++;
					assert_int_equal(rule[r].queue,
							 sl_steer_owner(&t, true, queues));
					assert_int_equal(rule[r].vlan, 7);
				}
			assert_int_equal(hits, sl_port_is_ours(t.dport));
		}
	}
}

static int begin(void **state)
{
	return sl_test_lcore_init(&lc, 4096);
}

static int end(void **state)
{
	sl_test_lcore_fini(&lc);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(delivers_to_owners),
		cmocka_unit_test(refusals),
		cmocka_unit_test(one_queue),
		cmocka_unit_test(software_device),
		cmocka_unit_test(sizes),
		cmocka_unit_test(rules),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
