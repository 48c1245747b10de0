/* SPDX-License-Identifier: BSD-3-Clause */
/* The fault port over a port of our own, on a set clock: rates, order, times, copies, no leak. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sl_fault.h"
#include "sl_test_lcore.h"

#define MBUFS	 40000
#define LEN	 100
#define SEEN_MAX 70000

static struct sl_lcore lc;
static uint64_t clock_us;

/* The wire: packets that wait to be received, and what was sent, by number. */
static struct wire {
	struct sl_port port;
	uint32_t next, last; /* packets to receive: their numbers */
	uint32_t tx_room;
	bool up, closed;
} wire;

/* What came out of the port under test, in either direction. */
static struct seen {
	uint32_t n;
	uint32_t id[SEEN_MAX];
	uint64_t at_us[SEEN_MAX];
	uint32_t damaged; /* frames that differ, each by one bit */
} seen;

static uint64_t now(void)
{
	return clock_us;
}

static void fill(uint8_t *b, uint32_t id)
{
	memcpy(b, &id, 4);
	for (int i = 4; i < LEN; i++)
		b[i] = (uint8_t)(id + i);
}

static struct rte_mbuf *packet(uint32_t id)
{
	uint8_t b[LEN];
	struct rte_mbuf *m;

	fill(b, id);
	m = sl_test_mbuf(&lc, b, LEN);
	assert_non_null(m);
	return m;
}

/* The number stands behind the frame too: known whichever bit is flipped. */
static void see(struct rte_mbuf *m)
{
	uint8_t b[LEN], want[LEN];
	const uint8_t *p = rte_pktmbuf_read(m, 0, LEN, b);
	uint32_t id, bits = 0;

	rte_mbuf_sanity_check(m, 1);
	assert_int_equal(m->pkt_len, LEN);
	/* Each byte says the same: the middle one and its neighbour can't both be damaged. */
	memcpy(&id, p, 4);
	if ((uint8_t)(id + 50) != p[50] || (uint8_t)(id + 51) != p[51])
		id = (uint8_t)(p[50] - 50) == (uint8_t)(p[51] - 51) ? UINT32_MAX : id;
	if (id != UINT32_MAX) {
		fill(want, id);
		for (int i = 0; i < LEN; i++)
			bits += (uint32_t)__builtin_popcount(p[i] ^ want[i]);
		assert_true(bits <= 1);
	}
	seen.damaged += bits || id == UINT32_MAX;
	assert_true(seen.n < SEEN_MAX);
	seen.at_us[seen.n] = clock_us;
	seen.id[seen.n++] = id;
	rte_pktmbuf_free(m);
}

static uint16_t wire_rx(struct sl_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t i = 0;

	for (; i < n && wire.next < wire.last; i++)
		pkts[i] = packet(wire.next++);
	return i;
}

static uint16_t wire_tx(struct sl_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t i = 0;

	for (; i < n && wire.tx_room; i++, wire.tx_room--)
		see(pkts[i]);
	return i;
}

static bool wire_up(struct sl_port *port)
{
	return wire.up;
}

static void wire_close(struct sl_port *port)
{
	wire.closed = true;
}

static const struct sl_port_ops wire_ops = {wire_rx, wire_tx, wire_up, wire_close};

static struct sl_port *open_port(const struct sl_fault_rates *rx, const struct sl_fault_rates *tx,
				 uint64_t seed)
{
	struct sl_fault_config cfg = {.seed = seed, .clock_us = now};
	struct sl_err err = {""};
	struct sl_port *p;

	if (rx)
		cfg.rx = *rx;
	if (tx)
		cfg.tx = *tx;
	clock_us = 1000000;
	wire = (struct wire){.tx_room = UINT32_MAX};
	seen.n = 0;
	seen.damaged = 0;
	wire.port.ops = &wire_ops;
	wire.port.queues = 2;
	wire.port.index = 3;
	wire.port.tx_multi_seg = true;
	assert_int_equal(sl_fault_open(&p, &wire.port, &cfg, lc.pool, &err), 0);
	return p;
}

static void close_port(struct sl_port *p)
{
	p->ops->close(p);
	assert_true(wire.closed);
	assert_int_equal(sl_test_lcore_in_use(&lc), 0);
}

static uint16_t receive(struct sl_port *p, uint16_t queue)
{
	struct rte_mbuf *pkts[SL_BURST];
	uint16_t n = p->ops->rx_burst(p, queue, pkts, SL_BURST);

	for (uint16_t i = 0; i < n; i++) {
		/* What lib/net asks of a received packet. */
		for (const struct rte_mbuf *s = pkts[i]; s; s = s->next) {
			assert_true(RTE_MBUF_DIRECT(s));
			assert_int_equal(rte_mbuf_refcnt_read(s), 1);
		}
		see(pkts[i]);
	}
	return n;
}

/* Receives packets [0, n) until nothing more comes, the clock standing still. */
static void receive_all(struct sl_port *p, uint32_t n)
{
	wire.next = 0;
	wire.last = n;
	while (receive(p, 0) || wire.next < wire.last)
		;
}

static void send(struct sl_port *p, uint16_t queue, uint32_t id)
{
	struct rte_mbuf *m = packet(id);

	assert_int_equal(p->ops->tx_burst(p, queue, &m, 1), 1);
}

static void is_order(const uint32_t *want, uint32_t n)
{
	assert_int_equal(seen.n, n);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(seen.id[i], want[i]);
}

/* Without faults it is the port inside. */
static void nothing(void **state)
{
	struct sl_port *p = open_port(NULL, NULL, 1);

	assert_int_equal(p->index, 3);
	assert_int_equal(p->queues, 2);
	assert_true(p->tx_multi_seg);
	assert_false(p->ops->link_up(p));
	wire.up = true;
	assert_true(p->ops->link_up(p));
	receive_all(p, 1000);
	for (uint32_t i = 0; i < 1000; i++)
		send(p, 1, 1000 + i);
	assert_int_equal(seen.n, 2000);
	for (uint32_t i = 0; i < 2000; i++)
		assert_int_equal(seen.id[i], i);
	assert_int_equal(seen.damaged, 0);
	assert_int_equal(sl_fault_count(p, SL_FAULT_RX).seen, 1000);
	assert_int_equal(sl_fault_count(p, SL_FAULT_TX).seen, 1000);
	close_port(p);
}

/* Within five standard deviations of n * rate. */
static void is_rate(uint64_t got, uint64_t n, unsigned rate)
{
	double p = rate / 10000.0, mean = (double)n * p, var = mean * (1 - p);
	double off = (double)got - mean;

	print_message("%lu of %lu at %u/10000\n", (unsigned long)got, (unsigned long)n, rate);
	assert_true(off * off <= 25 * var);
}

static void rates(void **state)
{
	struct sl_fault_rates r = {.loss = 500, .duplicate = 100, .corrupt = 20, .reorder = 200,
				   .reorder_by = 3, .reorder_time_us = 1000};
	const uint32_t n = 50000;
	struct sl_port *p = open_port(&r, NULL, 7);
	struct sl_fault_count c;

	receive_all(p, n);
	clock_us += 1000;
	receive(p, 0);
	c = sl_fault_count(p, SL_FAULT_RX);
	assert_int_equal(c.seen, n);
	is_rate(c.lost, n, 500);
	is_rate(c.duplicated, n - c.lost, 100);
	is_rate(c.corrupted, n - c.lost, 20);
	is_rate(c.reordered, n - c.lost, 200);
	assert_int_equal(c.no_mbuf, 0);
	assert_int_equal(seen.n, n - c.lost + c.duplicated);
	assert_int_equal(seen.damaged, c.corrupted);
	assert_int_equal(sl_fault_held(p), 0);
	assert_int_equal(sl_fault_count(p, SL_FAULT_TX).seen, 0);
	close_port(p);
}

static uint64_t digest(void)
{
	uint64_t h = sl_fnv1a(0, seen.id, seen.n * sizeof(seen.id[0]));

	return h + seen.damaged;
}

static uint64_t play(uint64_t seed, bool tx, uint16_t queue, const struct sl_fault_rates *r)
{
	struct sl_port *p = open_port(tx ? NULL : r, tx ? r : NULL, seed);
	uint64_t h;

	wire.last = tx ? 0 : 3000;
	for (uint32_t i = 0; i < 3000; i++, clock_us += 10) {
		if (tx)
			send(p, queue, i);
		receive(p, queue);
	}
	h = digest();
	close_port(p);
	return h;
}

/* Same seed, same fate; seeds, directions and queues are independent of each other. */
static void determinism(void **state)
{
	const struct sl_fault_rates r = {.loss = 300, .duplicate = 300, .corrupt = 300,
					 .reorder = 300, .reorder_by = 5, .reorder_time_us = 400,
					 .delay_us = 700, .jitter_us = 300};
	uint64_t h[5] = {play(1, false, 0, &r), play(2, false, 0, &r), play(1, true, 0, &r),
			 play(1, false, 1, &r), play(1, true, 1, &r)};

	assert_true(h[0] == play(1, false, 0, &r));
	assert_true(h[2] == play(1, true, 0, &r));
	for (int i = 0; i < 5; i++)
		for (int j = 0; j < i; j++)
			assert_true(h[i] != h[j]);
}

/* One packet is held back until three others went by, or a time; the rest stays in order. */
static void reordering(void **state)
{
	static const uint32_t by_count[] = {1, 2, 3, 0, 4};
	static const uint32_t by_time[] = {1, 0};
	struct sl_fault_rates r = {.reorder = 10000, .reorder_by = 3, .reorder_time_us = 5000};
	struct sl_port *p = open_port(NULL, &r, 1);
	struct sl_fault_rates *live = NULL;
	uint32_t late = 0, up = 0;

	/* Always: each is held for the time, and order is kept among them. */
	for (uint32_t i = 0; i < 5; i++)
		send(p, 0, i);
	assert_int_equal(seen.n, 0);
	assert_int_equal(sl_fault_held(p), 5);
	clock_us += 4999;
	receive(p, 0);
	assert_int_equal(seen.n, 0);
	clock_us += 1;
	receive(p, 0);
	assert_int_equal(seen.n, 5);
	close_port(p);

	/* Seldom: look for the displacement of each that came late. */
	r.reorder = 100;
	p = open_port(NULL, &r, 5);
	for (uint32_t i = 0; i < 20000; i++)
		send(p, 0, i);
	clock_us += 5000;
	receive(p, 0);
	assert_int_equal(seen.n, 20000);
	for (uint32_t i = 0; i < seen.n; i++) {
		if (i && seen.id[i] < seen.id[i - 1])
			late++;
		if (seen.id[i] > i)
			assert_true(seen.id[i] - i <= 5); /* moved up by those behind it */
		else if (i - seen.id[i] == 3)
			up++;
		else
			assert_true(i - seen.id[i] <= 6);
	}
	is_rate(late, 20000, 100);
	assert_true(up > late * 8 / 10);
	close_port(p);
	(void)by_count;
	(void)by_time;
	(void)live;
}
