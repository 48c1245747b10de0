/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sl_tcp.h over queues in memory: the test plays the peers of both sides. What the proxy sends is
 * kept as mbufs until it is acknowledged, then compared with what it was when it was sent.
 */
#ifndef FAKE_TCP_H
#define FAKE_TCP_H

#include "sl_tcp.h"

#define FAKE_CONNS 2048

enum fake_fate {
	FAKE_OPEN,
	FAKE_CLOSED_FIN, /* sl_tcp_close */
	FAKE_ABORTED,    /* sl_tcp_abort */
	FAKE_RELEASED,
};

struct sl_tcp_conn {
	struct sl_tcp *tcp;
	enum sl_tcp_side side;
	enum fake_fate fate;
	uint32_t user, events;
	struct rte_mbuf *rx, *rx_tail;
	uint32_t rx_len;
	bool eof, closed, opened, shut; /* shut: sl_tcp_shutdown was called */
	enum sl_tcp_end end;
	struct rte_mbuf *tx, *tx_tail; /* not acknowledged yet */
	char *out;                     /* all bytes ever sent */
	uint32_t out_cap, out_len;
	uint32_t acked, read; /* read: what the test has looked at */
	uint32_t window;      /* send queue */
	struct sl_ip_port local, remote;
	uint32_t timeout_ms;
	enum sl_tcp_kept_mark kept; /* in its place, kept_row */
	uint32_t kept_row;
	struct sl_tcp_memo memo;
};

struct sl_tcp {
	struct sl_lcore *lc;
	uint32_t n;
	bool hold;                              /* nothing is acknowledged until fake_ack */
	int connect_error;                      /* next sl_tcp_connect fails with this */
	bool foreign;                           /* sl_tcp_ours says no */
	uint32_t fail_take;                     /* so many sl_tcp_rx_take fail */
	void (*sending)(struct sl_tcp_conn *c); /* if set: called before sl_tcp_tx appends to out */
	struct sl_tcp_conn conn[FAKE_CONNS];
};

void fake_init(struct sl_tcp *tcp, struct sl_lcore *lc);
void fake_fini(struct sl_tcp *tcp);

struct sl_tcp_conn *fake_accept(struct sl_tcp *tcp, const char *local, uint16_t port);
/** Bytes from the peer, cut into mbufs of at most `seg` bytes. */
void fake_rx(struct sl_tcp_conn *c, const void *data, uint32_t len, uint32_t seg);
void fake_fin(struct sl_tcp_conn *c);
void fake_end(struct sl_tcp_conn *c, enum sl_tcp_end end);
void fake_open(struct sl_tcp_conn *c);
/** The process dies: what is kept idle waits to be taken up, the rest is reset. */
void fake_die(struct sl_tcp *tcp);
void fake_ack(struct sl_tcp_conn *c);
void fake_window(struct sl_tcp_conn *c, uint32_t window);

#endif
