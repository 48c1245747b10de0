/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A host with this stack and a few small services, on a virtual clock: frames and time come in on
 * standard input, frames go out on standard output. test/oracle/run plays the same exchanges with
 * it and with Linux.
 *
 *   F HEX   a frame comes in             T US    time passes, to US since the start
 *   answered by any number of "F HEX", then "."
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include "sl_net.h"
#include "sl_tcp.h"
#include "sl_test_lcore.h"

#define FRAME_MAX 2048
#define MBUFS     4095
#define ADDRESS   "10.9.0.1"

/* What listens where: test/oracle/linux.py has the same. */
enum service { ECHO = 7001, DISCARD, MUTE, SOURCE, HALT, ONCE, ABORT, SEND, SERVICES_END };

static struct sl_lcore lc, main_lc;
static struct sl_port port;
static struct sl_net *net;
static struct sl_net_lcore *nl;
static struct sl_tcp *tcp;
static struct rte_mbuf *injected[64];
static unsigned n_injected;
static uint64_t start_us;

static void die(const char *what)
{
	fprintf(stderr, "host: %s\n", what);
	exit(1);
}

static uint16_t tx(struct sl_port *p, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	(void)p;
	(void)queue;
	for (uint16_t i = 0; i < n; i++) {
		const uint8_t *b = rte_pktmbuf_mtod(pkts[i], const uint8_t *);

		printf("F ");
		for (uint16_t k = 0; k < pkts[i]->data_len; k++)
			printf("%02x", b[k]);
		printf("\n");
	}
	rte_pktmbuf_free_bulk(pkts, n);
	return n;
}

static const struct sl_port_ops ops = {.tx_burst = tx};

static void inject(void *arg, uint16_t worker, struct rte_mbuf *m)
{
	(void)arg;
	(void)worker;
	if (n_injected == SL_ARRAY_LEN(injected))
		die("too many frames of the main lcore");
	injected[n_injected++] = m;
}

static bool on_accept(void *user, const struct sl_pkt *syn, uint32_t *listener)
{
	(void)user;
	*listener = syn->dport;
	return syn->dport >= ECHO && syn->dport < SERVICES_END;
}

static void on_output(void *user, struct rte_mbuf *m)
{
	(void)user;
	sl_ip_send(nl, m);
}

static bool on_route(void *user, const struct sl_ip *dst, struct sl_ip *src, uint16_t *mtu)
{
	(void)user;
	return sl_net_source(net, dst, src, mtu);
}

static bool on_error(void *arg, struct rte_mbuf *m, const struct sl_icmp_error *e)
{
	(void)arg;
	if (!sl_tcp_icmp_error(tcp, e))
		return false;
	sl_consume(&lc);
	rte_pktmbuf_free(m);
	return true;
}

static void write_zeros(struct sl_tcp_conn *c, uint32_t n)
{
	struct rte_mbuf *head = NULL, **link = &head;

	while (n) {
		uint16_t k = (uint16_t)SL_MIN(n, 1400u);

		*link = rte_pktmbuf_alloc(lc.pool);
		if (!*link)
			die("no mbuf");
		memset(rte_pktmbuf_append(*link, k), 0, k);
		link = &(*link)->next;
		n -= k;
	}
	sl_tcp_tx(c, head);
}

/* @return whether the connection is still there. */
static bool readable(struct sl_tcp_conn *c, uint32_t service)
{
	uint32_t n = service == MUTE ? 0 : sl_tcp_rx_len(c);

	if (service == MUTE)
		return true;
	if (n)
		sl_tcp_rx_skip(c, n);
	if (n && service == ABORT) {
		sl_tcp_abort(c);
		return false;
	}
	if (n && service == ECHO)
		write_zeros(c, n);
	if ((n && service == HALT) || sl_tcp_rx_eof(c)) {
		sl_tcp_close(c);
		return false;
	}
	return true;
}

static void serve(void)
{
	struct sl_tcp_conn *c;
	uint32_t events;

	while ((c = sl_tcp_ready(tcp, &events))) {
		uint32_t service = sl_tcp_listener(c);

		if (events & SL_TCP_CLOSED) {
			sl_tcp_release(c);
			continue;
		}
		if (events & SL_TCP_OPENED && service == SEND)
			write_zeros(c, 100);
		if (events & SL_TCP_OPENED && service == ONCE)
			sl_tcp_shutdown(c);
		if (events & SL_TCP_OPENED && service == SOURCE) {
			write_zeros(c, 20000);
			sl_tcp_shutdown(c);
		}
		if (events & SL_TCP_READABLE && !readable(c, service))
			continue;
	}
	sl_tcp_flush(tcp);
}

/* One round of the worker and the main lcore. */
static void turn(void)
{
	void *m;

	do {
		serve();
		main_lc.now_us = lc.now_us;
		while (rte_ring_dequeue(lc.punt, &m) == 0)
			sl_net_main_input(net, &main_lc, m);
		sl_net_main_poll(net, &main_lc);
		for (unsigned i = 0; i < n_injected; i++)
			sl_eth_inject(nl, injected[i]);
		n_injected = 0;
		sl_net_poll(nl);
		serve();
		sl_net_tx_flush(nl);
	} while (!rte_ring_empty(lc.punt));
}

static void frame_in(const uint8_t *b, uint16_t len)
{
	struct rte_mbuf *m = sl_test_mbuf(&lc, b, len);
	uint16_t n;

	if (!m)
		die("no mbuf");
	lc.stats.c->rx++;
	n = sl_eth_in_burst(nl, &port, &m, 1);
	n = sl_ip_in_burst(nl, &m, n);
	n = sl_ip_reassemble_burst(nl, &m, n);
	if (n && sl_pkt(m)->proto == IPPROTO_TCP)
		sl_tcp_in_burst(tcp, &m, n);
	else
		sl_icmp_in_burst(nl, &m, n);
	turn();
}

static void pass(uint64_t until)
{
	for (;;) {
		uint64_t next = SL_MIN(sl_tcp_next_timer(tcp), lc.now_us + 100000);

		next = SL_MAX(next, lc.now_us + 1000);
		if (next > until)
			break;
		lc.now_us = next;
		sl_tcp_timers(tcp);
		turn();
	}
	lc.now_us = until;
	sl_tcp_timers(tcp);
	turn();
}

static void start(void)
{
	struct sl_port *ports[1] = {&port};
	struct sl_net_config nc = {.ports = ports, .n_ports = 1};
	struct sl_tcp_config tc = {.conns_max = 256,
				   .rcv_buf_bytes = 32768,
				   .secret = {11, 12},
				   .accept = on_accept,
				   .output = on_output,
				   .route = on_route};

	port.ops = &ops;
	port.queues = 1;
	port.mac[0] = 2;
	port.mac[5] = 9;
	port.cfg.mtu = 1500;
	port.cfg.n_addrs = 1;
	port.cfg.addr[0].len = 112;
	if (sl_ip_parse(ADDRESS, &port.cfg.addr[0].ip, NULL) < 0 ||
	    sl_test_lcore_init(&lc, MBUFS) < 0 || sl_test_lcore_init(&main_lc, 255) < 0)
		die("no EAL");
	lc.punt = rte_ring_create("punt", 256, SOCKET_ID_ANY, RING_F_SC_DEQ);
	if (!lc.punt || sl_net_create(&net, &nc, NULL) < 0)
		die("no network");
	sl_net_main_inject(net, inject, NULL);
	nl = sl_net_lcore_create(net, &lc);
	if (!nl || sl_tcp_create(&tcp, &lc, &tc, NULL) < 0)
		die("no stack");
	sl_net_on_icmp_error(nl, on_error, NULL);
	start_us = lc.now_us;
}

static uint16_t read_hex(const char *text, uint8_t *out)
{
	uint16_t n = 0;
	unsigned v;

	for (; n < FRAME_MAX && sscanf(text, "%2x", &v) == 1; text += 2)
		out[n++] = (uint8_t)v;
	return n;
}

int main(void)
{
	static char line[2 * FRAME_MAX + 16];
	static uint8_t frame[FRAME_MAX];

	start();
	while (fgets(line, sizeof(line), stdin)) {
		if (line[0] == 'F')
			frame_in(frame, read_hex(line + 2, frame));
		else if (line[0] == 'T')
			pass(start_us + strtoull(line + 2, NULL, 10));
		printf(".\n");
		fflush(stdout);
	}
	return 0;
}
