/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many frames through Ethernet, IP, reassembly and ICMP of a worker, and through the main lcore,
 * with time passing between them; the ledger and the buffers must be right at the end.
 *
 * Input: records of what to do (1 byte), how (1 byte), length (1 byte, times 8), then the bytes.
 */
#include <stdlib.h>

#include <sanitizer/asan_interface.h>

#include "../support/frame.h"
#include "sl_net.h"
#include "sl_test_lcore.h"

enum { DO_RX, DO_FORWARD, DO_SEND, DO_WAIT };

#define HOW_PORT    0x01
#define HOW_TO_US   0x02 /* destination MAC made ours */
#define HOW_CSUM    0x04 /* checksums made right */
#define HOW_CHAIN   0x08 /* in two segments */
#define HOW_STRIPED 0x10 /* VLAN tag moved to the mbuf */

#define INJECTED_MAX 512

struct box {
	struct sl_lcore lc, main;
	struct sl_port port[2];
	struct sl_net *net;
	struct sl_net_lcore *nl;
	struct rte_mbuf *injected[INJECTED_MAX];
	unsigned n_injected;
};

static struct box box;

static uint16_t tx(struct sl_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		if (pkts[i]->nb_segs > 1 && !port->tx_multi_seg)
			abort();
	rte_pktmbuf_free_bulk(pkts, n);
	return n;
}

static const struct sl_port_ops ops = {.tx_burst = tx};

static void inject(void *arg, uint16_t worker, struct rte_mbuf *m)
{
	struct box *b = arg;

	if (b->n_injected < INJECTED_MAX)
		b->injected[b->n_injected++] = m;
	else
		abort();
}

/* Half of the errors belong to somebody. */
static bool on_error(void *arg, struct rte_mbuf *m, const struct sl_icmp_error *e)
{
	struct box *b = arg;

	if (e->inner.sport & 1)
		return false;
	if (e->inner_l3 > m->pkt_len)
		abort();
	sl_consume(&b->lc);
	rte_pktmbuf_free(m);
	return true;
}

static void start_once(void)
{
	static const char *const addr[2][2] = {{"192.0.2.1", "2001:db8:1::1"},
					       {"10.10.0.1", "2001:db8:2::1"}};

	if (box.lc.pool)
		return;
	box.port[0].next_vlan = &box.port[1];
	if (sl_test_lcore_init(&box.lc, 2047) || sl_test_lcore_init(&box.main, 511))
		abort();
	box.lc.punt = rte_ring_create("punt", 256, SOCKET_ID_ANY, RING_F_SC_DEQ);
	for (int i = 0; i < 2; i++) {
		struct sl_port *p = &box.port[i];

		p->ops = &ops;
		p->index = (uint16_t)i;
		p->mac[0] = 2;
		p->mac[5] = (uint8_t)(i + 1);
		p->cfg.mtu = i ? 1280 : 1500;
		p->cfg.vlan = i ? 7 : 0;
		p->tx_multi_seg = i;
		p->cfg.n_addrs = 2;
		p->cfg.router_advertisements = true;
		for (int k = 0; k < 2; k++) {
			sl_ip_parse(addr[i][k], &p->cfg.addr[k].ip, NULL);
			p->cfg.addr[k].len = k ? 64 : 120;
		}
	}
}

/* Two ports on one device: what port 1's VLAN has comes in at port 0 as well. */
static void box_start(void)
{
	struct sl_port *ports[2] = {&box.port[0], &box.port[1]};
	struct sl_net_route route[2] = {{.to.len = 96}, {.to.len = 96}};
	struct sl_net_config cfg = {
		.ports = ports, .n_ports = 2, .routes = route, .n_routes = 2, .neighbours_max = 8};
	struct sl_ip virtual[3];

	route[0].to.ip = route[1].to.ip = sl_ip_from_v4(0);
	sl_ip_parse("192.0.2.254", &route[0].via, NULL);
	sl_ip_parse("192.0.2.253", &route[1].via, NULL);
	sl_ip_parse("192.0.2.77", &virtual[0], NULL);
	sl_ip_parse("2001:db8:1::77", &virtual[1], NULL);
	sl_ip_parse("10.96.0.1", &virtual[2], NULL);
	if (sl_net_create(&box.net, &cfg, NULL))
		abort();
	if (sl_net_main_set_virtual(box.net, virtual, 3))
		abort();
	sl_net_main_inject(box.net, inject, &box);
	box.nl = sl_net_lcore_create(box.net, &box.lc);
	sl_net_on_icmp_error(box.nl, on_error, &box);
}

static void pump(void)
{
	void *m;

	box.main.now_us = box.lc.now_us;
	do {
		while (rte_ring_dequeue(box.lc.punt, &m) == 0)
			sl_net_main_input(box.net, &box.main, m);
		sl_net_main_poll(box.net, &box.main);
		for (unsigned i = 0; i < box.n_injected; i++)
			sl_eth_inject(box.nl, box.injected[i]);
		box.n_injected = 0;
		sl_net_poll(box.nl);
		sl_net_tx_flush(box.nl);
	} while (!rte_ring_empty(box.lc.punt));
}

static struct rte_mbuf *packet(const uint8_t *p, uint32_t n, uint8_t how)
{
	uint32_t cut = how & HOW_CHAIN ? n / 2 : n;
	struct rte_mbuf *m = sl_test_mbuf(&box.lc, p, (uint16_t)cut), *tail;

	if (!m)
		abort();
	if (cut < n) {
		tail = sl_test_mbuf(&box.lc, p + cut, (uint16_t)(n - cut));
		if (!tail)
			abort();
		rte_pktmbuf_chain(m, tail);
	}
	return m;
}

static void receive(uint8_t *p, uint32_t n, uint8_t how, bool forward)
{
	struct sl_port *port = &box.port[how & HOW_PORT];
	struct rte_mbuf *m;
	uint16_t k, room;
	char *tail;

	if (n >= 14 && (how & HOW_TO_US))
		memcpy(p, port->mac, 6);
	if (n >= 14 && (how & HOW_CSUM))
		fuzz_fix(p + 14, n - 14);
	m = packet(p, n, how);
	if (how & HOW_STRIPED) {
		m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
		m->vlan_tci = 7;
	}
	box.lc.stats.c->rx++;
	/* Buffers are larger than frames: make the parsers' steps beyond the end seen. */
	tail = rte_pktmbuf_mtod_offset(m, char *, m->data_len);
	room = m->nb_segs > 1 ? 0 : rte_pktmbuf_tailroom(m);
	ASAN_POISON_MEMORY_REGION(tail, room);
	k = sl_eth_in_burst(box.nl, port, &m, 1);
	k = sl_ip_in_burst(box.nl, &m, k);
	ASAN_UNPOISON_MEMORY_REGION(tail, room);
	k = sl_ip_reassemble_burst(box.nl, &m, k);
	if (k)
		rte_mbuf_sanity_check(m, 1);
	if (k && forward)
		sl_ip_forward(box.nl, m);
	else
		sl_icmp_in_burst(box.nl, &m, k);
}

static void step(uint8_t what, uint8_t how, uint8_t *p, uint32_t n)
{
	switch (what & 3) {
	case DO_RX:
	case DO_FORWARD:
		receive(p, n, how, (what & 3) == DO_FORWARD);
		break;
	case DO_SEND:
		fuzz_fix(p, n);
		sl_ip_send(box.nl, packet(p, n, how));
		break;
	default:
		box.lc.now_us += (uint64_t)how * 250000;
	}
	pump();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t buf[256 * 8];

	start_once();
	box_start();
	while (size >= 3) {
		uint32_t n = data[2] * 8u;

		n = SL_MIN(n, (uint32_t)(size - 3));
		memcpy(buf, data + 3, n);
		step(data[0], data[1], buf, n);
		data += 3 + n;
		size -= 3 + n;
	}
	fuzz_ledger(&box.lc);
	fuzz_ledger(&box.main);
	sl_net_lcore_free(box.nl);
	sl_net_free(box.net);
	if (sl_test_lcore_in_use(&box.lc) || sl_test_lcore_in_use(&box.main))
		abort();
	fuzz_ledger_clear(&box.lc);
	fuzz_ledger_clear(&box.main);
	return 0;
}
