/* SPDX-License-Identifier: BSD-3-Clause */
/* The way of a packet: one table in wire order, and the stages that run once a round. */
#include <netinet/in.h>

#include <rte_cycles.h>

#include "worker.h"

/* A stage takes a burst and returns how many packets go on, moved to the front. */
typedef uint16_t (*stage_fn)(struct sl_worker *w, struct rte_mbuf **pkts, uint16_t n);

static uint16_t ip_in(struct sl_worker *w, struct rte_mbuf **pkts, uint16_t n)
{
	return sl_ip_in_burst(w->nl, pkts, n);
}

static uint16_t reassemble(struct sl_worker *w, struct rte_mbuf **pkts, uint16_t n)
{
	n = sl_worker_steer_fragments(w, pkts, n);
	return sl_ip_reassemble_burst(w->nl, pkts, n);
}

static uint16_t nat(struct sl_worker *w, struct rte_mbuf **pkts, uint16_t n)
{
	return sl_nat_in_burst(w->nat, pkts, n);
}

/* TCP segments go to the stack; what is left is for ICMP. */
static uint16_t tcp_in(struct sl_worker *w, struct rte_mbuf **pkts, uint16_t n)
{
	struct rte_mbuf *tcp[SL_BURST];
	uint16_t n_tcp = 0, rest = 0;

	for (uint16_t i = 0; i < n; i++) {
		if (sl_pkt(pkts[i])->proto == IPPROTO_TCP)
			tcp[n_tcp++] = pkts[i];
		else
			pkts[rest++] = pkts[i];
	}
	if (n_tcp)
		sl_tcp_in_burst(w->tcp, tcp, n_tcp);
	return rest;
}

static uint16_t icmp(struct sl_worker *w, struct rte_mbuf **pkts, uint16_t n)
{
	sl_icmp_in_burst(w->nl, pkts, n);
	return 0;
}

/* clang-format off */
static const struct {
	enum sl_stage stage;
	stage_fn run;
} path[] = {
	/* port_rx and eth_in know their port and stand before the table */
	{SL_STAGE_ip_in,      ip_in},		/* headers checked, sl_pkt filled */
	{SL_STAGE_reassemble, reassemble},	/* fragments held until whole */
	{SL_STAGE_steer,      sl_worker_steer},	/* to the worker that owns the flow */
	{SL_STAGE_nat,	      nat},		/* L4 services translated and forwarded */
	{SL_STAGE_tcp_in,     tcp_in},		/* connections of our own */
	{SL_STAGE_icmp,	      icmp},		/* echo, errors, closed ports */
};
/* clang-format on */

/* Where a packet that came over a ring enters: it has been through ip_in. */
#define PATH_REDIRECTED 1

static void count(struct sl_worker *w, enum sl_stage stage, uint32_t pkts, uint64_t since)
{
	w->lc.stats.stage[stage].pkts += pkts;
	w->lc.stats.stage[stage].cycles += rte_rdtsc() - since;
}

static void run_from(struct sl_worker *w, unsigned first, struct rte_mbuf **pkts, uint16_t n)
{
	for (unsigned i = first; n > 0 && i < SL_ARRAY_LEN(path); i++) {
		uint64_t t = rte_rdtsc();
		uint16_t in = n;

		n = path[i].run(w, pkts, n);
		count(w, path[i].stage, in, t);
	}
}

uint32_t sl_path_port(struct sl_worker *w, struct sl_port *port)
{
	struct rte_mbuf *pkts[SL_BURST];
	uint64_t t = rte_rdtsc(), bytes = 0;
	uint16_t n = port->ops->rx_burst(port, w->cfg.index, pkts, SL_BURST);
	uint16_t rx = n;

	if (n == 0)
		return 0;
	for (uint16_t i = 0; i < n; i++) {
		bytes += pkts[i]->pkt_len;
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], void *));
	}
	w->lc.stats.c->rx += n;
	w->lc.stats.c->rx_bytes += bytes;
	count(w, SL_STAGE_port_rx, n, t);
	t = rte_rdtsc();
	n = sl_eth_in_burst(w->nl, port, pkts, n);
	count(w, SL_STAGE_eth_in, rx, t);
	run_from(w, 0, pkts, n);
	return rx;
}

uint32_t sl_path_rings(struct sl_worker *w)
{
	struct rte_mbuf *pkts[SL_BURST];
	uint32_t injected, n;

	injected = rte_ring_sc_dequeue_burst(w->cfg.inject, (void **)pkts, SL_BURST, NULL);
	for (uint32_t i = 0; i < injected; i++)
		sl_eth_inject(w->nl, pkts[i]);
	if (w->cfg.workers == 1)
		return injected;
	n = rte_ring_sc_dequeue_burst(w->cfg.redirect[w->cfg.index], (void **)pkts, SL_BURST, NULL);
	w->lc.stats.c->redirected_in += n;
	run_from(w, PATH_REDIRECTED, pkts, (uint16_t)n);
	return injected + n;
}

uint32_t sl_path_output(struct sl_worker *w, bool busy)
{
	uint64_t t = rte_rdtsc(), segs = w->lc.stats.c->tcp_segs_out;
	uint32_t sent;

	sl_tcp_timers(w->tcp);
	sl_nat_timers(w->nat);
	sl_net_poll(w->nl);
	sl_proxy_poll(w->proxy);
	if (busy)
		count(w, SL_STAGE_proxy, 0, t);
	t = rte_rdtsc();
	sl_tcp_flush(w->tcp);
	if (busy)
		count(w, SL_STAGE_tcp_out, (uint32_t)(w->lc.stats.c->tcp_segs_out - segs), t);
	t = rte_rdtsc();
	sent = sl_net_tx_flush(w->nl);
	if (sent)
		count(w, SL_STAGE_port_tx, sent, t);
	return sent;
}
