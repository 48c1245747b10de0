/* SPDX-License-Identifier: BSD-3-Clause */
/* The box: one worker with all its stages, the main lcore, two ports, on a virtual clock. */
#include "stack.h"

#include <netinet/in.h>

#include "../../../lib/net/net_int.h"
#include "../../../lib/worker/worker.h"
#include "sl_clock.h"
#include "sl_ctl.h"
#include "sl_flows.h"

#define MBUFS    1023
#define NAT_ROWS 16u
#define ROUNDS   16   /* until nothing moves any more */
#define LONG     3000 /* timers until everything is over */

static struct {
	struct sl_worker *w;
	struct sl_lcore base, main; /* base: pools and counters of the worker */
	struct sl_port port[2];
	struct sl_net *net;
	struct rte_ring *inject, *redirect;
	struct sl_snap *snap[2];
	struct sl_epoch epoch[2];
	struct sl_ring *answers;
	void *rows;
	struct rte_mbuf *pending[SL_BURST];
	uint16_t n_pending;
	struct rte_mbuf *held[2 * MBUFS];
	unsigned n_held;
} box;

/* In place of the real clocks: an input does the same whenever it runs. */
uint64_t sl_clock_us(void)
{
	return 1000000;
}

uint64_t sl_wall_us(void)
{
	return 1000000;
}

static uint16_t rx(struct sl_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	(void)port;
	(void)queue;
	n = SL_MIN(n, box.n_pending);
	memcpy(pkts, box.pending, n * sizeof(pkts[0]));
	box.n_pending -= n;
	memmove(box.pending, box.pending + n, box.n_pending * sizeof(pkts[0]));
	return n;
}

static uint16_t tx(struct sl_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	static uint8_t buf[PKT_MAX];

	(void)queue;
	for (uint16_t i = 0; i < n; i++) {
		size_t len = pkt_linear(pkts[i], buf);

		if (!len || (pkts[i]->nb_segs > 1 && !port->tx_multi_seg))
			broken("segments of a frame sent");
		peer_saw(port, buf, (uint32_t)len);
	}
	rte_pktmbuf_free_bulk(pkts, n);
	return n;
}

static const struct sl_port_ops ops = {.rx_burst = rx, .tx_burst = tx};

static void inject(void *arg, uint16_t worker, struct rte_mbuf *m)
{
	(void)arg;
	(void)worker;
	if (rte_ring_enqueue(box.inject, m) < 0)
		sl_drop(&box.main, m, SL_DROP_PUNT_FULL);
}

static void ports(void)
{
	static const char *const addr[2][2] = {{"192.0.2.1", "2001:db8:1::1"},
					       {"10.0.0.1", "2001:db8:2::1"}};

	box.port[0].next_vlan = &box.port[1];
	for (int i = 0; i < 2; i++) {
		struct sl_port *p = &box.port[i];

		p->ops = &ops;
		p->index = (uint16_t)i;
		p->queues = 1;
		p->mac[0] = 2;
		p->mac[5] = 1;
		p->cfg.mtu = i ? 1280 : 1500;
		p->cfg.vlan = i ? VLAN : 0;
		p->tx_multi_seg = i;
		p->cfg.n_addrs = 2;
		p->cfg.router_advertisements = true;
		for (int k = 0; k < 2; k++) {
			sl_ip_parse(addr[i][k], &p->cfg.addr[k].ip, NULL);
			p->cfg.addr[k].len = k ? 64 : i ? 112 : 120;
		}
	}
}

static void once(void)
{
	size_t answers = sl_ring_size(8, 64);

	if (box.base.pool)
		return;
	CHECK(sl_test_lcore_init(&box.base, MBUFS) == 0);
	CHECK(sl_test_lcore_init(&box.main, MBUFS) == 0);
	box.base.punt = rte_ring_create("punt", 256, SOCKET_ID_ANY, RING_F_SC_DEQ);
	box.inject = rte_ring_create("inject", 256, SOCKET_ID_ANY, RING_F_SC_DEQ);
	box.redirect = rte_ring_create("redirect", 64, SOCKET_ID_ANY, RING_F_SC_DEQ);
	box.snap[0] = config_build(&box.base, CONF_STACK, 1, NULL);
	box.snap[1] = config_build(&box.base, CONF_STACK | CONF_OTHER_C1, 2, box.snap[0]);
	box.answers = aligned_alloc(SL_CACHE_LINE, (answers + 63) / 64 * 64);
	box.rows = calloc(1, sl_flows_size(NAT_ROWS, 0));
	CHECK(box.base.punt && box.inject && box.redirect && box.answers && box.rows);
	for (int i = 0; i < 2; i++)
		box.epoch[i] = (struct sl_epoch){box.snap[i], box.base.scratch};
	ports();
}

static void net_start(void)
{
	static struct sl_port *const both[2] = {&box.port[0], &box.port[1]};
	struct sl_net_route route[3] = {{.to.len = 96}, {.to.len = 96}, {.to.len = 0}};
	struct sl_net_config cfg = {.ports = (struct sl_port **)both,
				    .n_ports = 2,
				    .routes = route,
				    .n_routes = 3,
				    .neighbours_max = 8};
	struct sl_ip virtual[4];

	route[0].to.ip = route[1].to.ip = sl_ip_from_v4(0);
	sl_ip_parse("192.0.2.254", &route[0].via, NULL);
	sl_ip_parse("192.0.2.253", &route[1].via, NULL);
	sl_ip_parse("2001:db8:1::fe", &route[2].via, NULL);
	sl_ip_parse(VIP, &virtual[0], NULL);
	sl_ip_parse(VIP_L4, &virtual[1], NULL);
	sl_ip_parse(VIP_L4_6, &virtual[2], NULL);
	sl_ip_parse("192.0.2.77", &virtual[3], NULL);
	CHECK(sl_net_create(&box.net, &cfg, NULL) == 0);
	box.net->key = (struct sl_hash_key){3, 4};
	CHECK(sl_net_main_set_virtual(box.net, virtual, 4) == 0);
	sl_net_main_inject(box.net, inject, NULL);
}

void box_start(uint8_t how)
{
	static struct sl_port *first[1] = {&box.port[0]};
	struct sl_worker_config cfg = {.workers = 1, .ports = first, .n_ports = 1};

	once();
	net_start();
	sl_ring_init(box.answers, 8, 64);
	memset(box.rows, 0, sl_flows_size(NAT_ROWS, 0));
	cfg.net = box.net;
	cfg.pool = box.base.pool;
	cfg.clone_pool = box.base.clone_pool;
	cfg.punt = box.base.punt;
	cfg.inject = box.inject;
	cfg.redirect = &box.redirect;
	cfg.stats = box.base.stats;
	cfg.answers = box.answers;
	cfg.tcp = (struct sl_tcp_config){.conns_max = how & 1 ? 4 : 24,
					 .syn_rcvd_max = how & 2 ? 2 : 16,
					 .time_wait_max = how & 4 ? 2 : 16,
					 .rcv_buf_bytes = 20000,
					 .snd_buf_bytes = 20000,
					 .keepalive_ms = 20000,
					 .secret = {1, 2}};
	cfg.nat = (struct sl_nat_config){.rows = box.rows,
					 .rows_max = NAT_ROWS,
					 .secret = {5, 6},
					 .timeout_ms = {[SL_NAT_ESTABLISHED] = 60000}};
	cfg.proxy = (struct sl_proxy_config){.sessions_max = 16,
					     .upstreams_max = 16,
					     .pool_idle_max = 2,
					     .pool_idle_ms = 5000,
					     .head_timeout_ms = 10000,
					     .idle_timeout_ms = 60000,
					     .stream_idle_ms = 30000,
					     .head_buffers = 4,
					     .secret = {7, 8}};
	CHECK(sl_worker_create(&box.w, &cfg, NULL) == 0);
	box.w->lc.rnd = 1; /* the seed was random */
	box_epoch(0);
	box_round();
}

void box_epoch(unsigned which)
{
	sl_worker_offer(box.w, &box.epoch[which & 1]);
	sl_worker_take_epoch(box.w);
}

static void main_lcore(void)
{
	void *m;

	box.main.now_us = box.w->lc.now_us;
	while (rte_ring_dequeue(box.base.punt, &m) == 0)
		sl_net_main_input(box.net, &box.main, m);
	sl_net_main_poll(box.net, &box.main);
}

void box_round(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		sl_path_port(box.w, &box.port[0]);
		main_lcore();
		sl_path_rings(box.w);
		sl_path_output(box.w, true);
		fuzz_ledger(&box.w->lc);
		fuzz_ledger(&box.main);
		if (rte_ring_empty(box.base.punt) && rte_ring_empty(box.inject) && !box.n_pending)
			return;
	}
}

void box_pass_us(uint64_t us)
{
	box.w->lc.now_us += us;
	box_round();
}

static uint64_t next_timer(void)
{
	uint64_t t = SL_MIN(sl_tcp_next_timer(box.w->tcp), sl_proxy_next_timer(box.w->proxy));

	return SL_MIN(t, sl_nat_next(box.w->nat));
}

void box_pass_to_timer(void)
{
	uint64_t now = box.w->lc.now_us, next = next_timer();

	if (next != UINT64_MAX)
		box_pass_us(next > now ? next - now : 1000);
}

uint64_t box_now_us(void)
{
	return box.w->lc.now_us;
}

const uint8_t *box_mac(uint16_t port)
{
	return box.port[port].mac;
}

bool box_rx(const uint8_t *frame, uint32_t len, bool chain, bool striped)
{
	uint32_t cut = chain ? len / 2 : len;
	struct rte_mbuf *m, *tail;

	if (box.n_pending == SL_BURST)
		return false;
	m = sl_test_mbuf(&box.base, frame, (uint16_t)cut);
	if (!m)
		return false;
	if (cut < len) {
		tail = sl_test_mbuf(&box.base, frame + cut, (uint16_t)(len - cut));
		if (!tail) {
			rte_pktmbuf_free(m);
			return false;
		}
		rte_pktmbuf_chain(m, tail);
	}
	if (striped) {
		m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
		m->vlan_tci = VLAN;
	}
	box.pending[box.n_pending++] = m;
	return true;
}

void box_mbufs(uint8_t leave)
{
	struct rte_mempool *pool = leave & 1 ? box.base.pool : box.base.clone_pool;

	while (box.n_held)
		rte_pktmbuf_free(box.held[--box.n_held]);
	if (leave == 255)
		return;
	while (rte_mempool_avail_count(pool) > leave)
		box.held[box.n_held++] = rte_pktmbuf_alloc(pool);
}

static bool all_over(void)
{
	const struct sl_stats_counters *c = box.base.stats.c;

	return !c->tcp_conns && !c->tcp_syn_rcvd && !c->tcp_time_wait && !c->nat_sessions &&
	       !c->http_downstream_cx_active && !c->http_downstream_rq_active &&
	       !c->http_upstream_cx_active && !c->http_upstream_cx_idle &&
	       sl_test_lcore_in_use(&box.base) == 0;
}

static void say_what_is_left(void)
{
	const struct sl_stats_counters *c = box.base.stats.c;

	fprintf(stderr,
		"left: conns %llu, half-open %llu, time-wait %llu, l4 %llu, clients %llu, requests "
		"%llu, endpoints %llu, mbufs %u\n",
		(unsigned long long)c->tcp_conns, (unsigned long long)c->tcp_syn_rcvd,
		(unsigned long long)c->tcp_time_wait, (unsigned long long)c->nat_sessions,
		(unsigned long long)c->http_downstream_cx_active,
		(unsigned long long)c->http_downstream_rq_active,
		(unsigned long long)c->http_upstream_cx_active, sl_test_lcore_in_use(&box.base));
	broken("not everything ended");
}

void box_finish(void)
{
	box_mbufs(255);
	box_round();
	for (int i = 0; i < LONG && !all_over(); i++) {
		uint64_t now = box.w->lc.now_us, next = next_timer();

		/* The neighbours' and the fragments' timers are none of these. */
		next = SL_MAX(next, now + 1000);
		box.w->lc.now_us = SL_MIN(next, now + 1000000);
		box_round();
	}
	if (!all_over())
		say_what_is_left();
	sl_worker_free(box.w);
	sl_net_free(box.net);
	if (sl_test_lcore_in_use(&box.base) || sl_test_lcore_in_use(&box.main))
		broken("mbufs are left");
	fuzz_ledger_clear(&box.base);
	fuzz_ledger_clear(&box.main);
}
