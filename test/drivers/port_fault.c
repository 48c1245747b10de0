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

#define MBUFS    40000
#define WORDS    25
#define LEN      (4 * WORDS)
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
	uint64_t flags;   /* of the last one: what a device said of its checksums */
} seen;

static uint64_t now(void)
{
	return clock_us;
}

/* A frame is its number, over and over: one flipped bit leaves most of them as they were. */
static void fill(uint32_t *b, uint32_t id)
{
	for (int i = 0; i < WORDS; i++)
		b[i] = id;
}

static struct rte_mbuf *packet(uint32_t id)
{
	uint32_t b[WORDS];
	struct rte_mbuf *m;

	fill(b, id);
	m = sl_test_mbuf(&lc, b, LEN);
	assert_non_null(m);
	return m;
}

static void see(struct rte_mbuf *m)
{
	uint32_t b[WORDS], bits = 0, id;

	rte_mbuf_sanity_check(m, 1);
	assert_int_equal(m->pkt_len, LEN);
	memcpy(b, rte_pktmbuf_read(m, 0, LEN, b), LEN);
	id = b[0] == b[1] ? b[0] : b[2];
	for (int i = 0; i < WORDS; i++)
		bits += (uint32_t)__builtin_popcount(b[i] ^ id);
	assert_true(bits <= 1);
	assert_true(seen.n < SEEN_MAX);
	seen.damaged += bits;
	seen.flags = m->ol_flags & (RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK);
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

static const struct sl_port_ops wire_ops = {
	.rx_burst = wire_rx, .tx_burst = wire_tx, .link_up = wire_up, .close = wire_close};

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
	struct sl_fault_rates r = {.loss = 500,
				   .duplicate = 100,
				   .corrupt = 20,
				   .reorder = 200,
				   .reorder_by = 3,
				   .reorder_time_us = 1000};
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
	const struct sl_fault_rates r = {.loss = 300,
					 .duplicate = 300,
					 .corrupt = 300,
					 .reorder = 300,
					 .reorder_by = 5,
					 .reorder_time_us = 400,
					 .delay_us = 700,
					 .jitter_us = 300};
	const struct sl_fault_rates loss = {.loss = 3000};
	uint64_t h[5] = {play(1, false, 0, &r), play(2, false, 0, &r), play(1, true, 0, &r),
			 play(1, false, 1, &r), play(1, true, 1, &r)};

	assert_true(h[0] == play(1, false, 0, &r));
	assert_true(h[2] == play(1, true, 0, &r));
	for (int i = 0; i < 5; i++)
		for (int j = 0; j < i; j++)
			assert_true(h[i] != h[j]);
	assert_true(play(1, false, 0, &loss) != play(1, true, 0, &loss));
	assert_true(play(1, false, 0, &loss) != play(1, false, 1, &loss));
}

/* Held back for a time when nothing follows, in the order they came. */
static void reordering_by_time(void **state)
{
	struct sl_fault_rates r = {.reorder = 10000, .reorder_by = 3, .reorder_time_us = 5000};
	struct sl_port *p = open_port(NULL, &r, 1);

	for (uint32_t i = 0; i < 5; i++)
		send(p, 0, i);
	assert_int_equal(sl_fault_held(p), 5);
	clock_us += 4999;
	receive(p, 0);
	assert_int_equal(seen.n, 0);
	clock_us += 1;
	receive(p, 0);
	assert_int_equal(seen.n, 5);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(seen.id[i], i);
	assert_int_equal(sl_fault_held(p), 0);
	close_port(p);
}

/* Held back until three others went by; all others stay in order. */
static void reordering_by_count(void **state)
{
	struct sl_fault_rates r = {.reorder = 100, .reorder_by = 3, .reorder_time_us = 5000};
	const uint32_t n = 20000;
	struct sl_port *p = open_port(NULL, &r, 5);
	uint32_t late = 0, by_three = 0, highest = 0;

	for (uint32_t i = 0; i < n; i++)
		send(p, 0, i);
	clock_us += 5000;
	receive(p, 0);
	assert_int_equal(seen.n, n);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t overtaken = 0;

		if (seen.id[i] >= highest) {
			highest = seen.id[i];
			continue;
		}
		for (uint32_t j = i - SL_MIN(i, 64); j < i; j++)
			overtaken += seen.id[j] > seen.id[i];
		late++;
		by_three += overtaken == 3;
	}
	is_rate(late, n, 100);
	/* Two that are held at the same time overtake each other by less. */
	assert_true(by_three * 10 >= late * 9);
	assert_int_equal(sl_fault_count(p, SL_FAULT_TX).reordered, late);
	close_port(p);
}

/* Closing frees those that are held back, and those that are under way, on each queue. */
static void closing(void **state)
{
	struct sl_fault_rates late = {.reorder = 10000, .reorder_by = 3, .reorder_time_us = 5000};
	struct sl_fault_rates slow = {.delay_us = 1000};
	struct sl_port *p = open_port(&slow, &late, 1);

	wire.last = 20;
	for (uint32_t i = 0; i < 5; i++) {
		send(p, 0, i);
		send(p, 1, i);
	}
	receive(p, 0);
	assert_int_equal(sl_fault_held(p), 30);
	close_port(p);
	assert_int_equal(seen.n, 0);
}

/* Nothing earlier than delay - jitter, nothing later than delay + jitter, nothing out of order. */
static void delay(void **state)
{
	struct sl_fault_rates r = {.delay_us = 10000, .jitter_us = 2000};
	struct sl_port *p = open_port(NULL, &r, 3);
	uint64_t least = UINT64_MAX, most = 0;

	for (uint32_t i = 0; i < 500; i++, clock_us += 100) {
		send(p, 0, i);
		receive(p, 0);
	}
	for (int i = 0; i < 150; i++, clock_us += 100)
		receive(p, 0);
	assert_int_equal(seen.n, 500);
	for (uint32_t i = 0; i < 500; i++) {
		uint64_t took = seen.at_us[i] - (1000000 + i * 100);

		assert_int_equal(seen.id[i], i);
		least = SL_MIN(least, took);
		most = SL_MAX(most, took);
	}
	assert_in_range(least, 8000, 9000);
	assert_in_range(most, 11000, 12100);
	close_port(p);

	r = (struct sl_fault_rates){.delay_us = 50000};
	p = open_port(&r, NULL, 3);
	wire.last = 40;
	for (; seen.n < 40; clock_us += 1000)
		receive(p, 0);
	/* 32 are taken from the wire at first, the others a poll later. */
	assert_int_equal(seen.at_us[0], 1050000);
	assert_int_equal(seen.at_us[31], 1050000);
	assert_int_equal(seen.at_us[32], 1051000);
	close_port(p);
}

/* A packet that the sender still holds is damaged in a copy only, and doubled by a copy. */
static void copies(void **state)
{
	struct sl_fault_rates r = {.duplicate = 10000, .corrupt = 10000};
	struct sl_port *p = open_port(NULL, &r, 1);
	struct rte_mbuf *m = packet(77), *sent = m;
	uint32_t b[WORDS], want[WORDS];

	rte_mbuf_refcnt_update(m, 1);
	assert_int_equal(p->ops->tx_burst(p, 0, &sent, 1), 1);
	fill(want, 77);
	assert_memory_equal(rte_pktmbuf_read(m, 0, LEN, b), want, LEN);
	assert_int_equal(rte_mbuf_refcnt_read(m), 1);
	rte_pktmbuf_free(m);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.damaged, 1);
	close_port(p);

	/* Received ones belong to the receiver alone, which receive() checks. */
	p = open_port(&r, NULL, 1);
	receive_all(p, 100);
	assert_int_equal(seen.n, 200);
	assert_int_equal(seen.damaged, 100);
	close_port(p);
}

/* A damaged packet has no good checksum, whatever the device said. */
static void checksum_flags(void **state)
{
	struct sl_fault_rates r = {.corrupt = 10000};
	struct sl_port *p = open_port(NULL, &r, 1);
	struct rte_mbuf *m = packet(1);

	m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	assert_int_equal(p->ops->tx_burst(p, 0, &m, 1), 1);
	assert_int_equal(seen.flags, 0);
	close_port(p);
}

/* A chain goes through whole, and its copy is one. */
static void chains(void **state)
{
	struct sl_fault_rates r = {.duplicate = 10000};
	struct sl_port *p = open_port(NULL, &r, 1);
	struct rte_mbuf *m = packet(5), *tail = packet(5);

	rte_pktmbuf_trim(m, 60);
	rte_pktmbuf_adj(tail, LEN - 60);
	assert_int_equal(rte_pktmbuf_chain(m, tail), 0);
	assert_int_equal(p->ops->tx_burst(p, 0, &m, 1), 1);
	assert_int_equal(seen.n, 2);
	close_port(p);
}

/* Without a buffer for a copy the packet itself goes on. */
static void no_buffers(void **state)
{
	struct sl_fault_rates r = {.duplicate = 10000, .corrupt = 10000};
	struct sl_port *p = open_port(NULL, &r, 1);
	static struct rte_mbuf *all[MBUFS];
	struct rte_mbuf *m = packet(1);
	uint32_t n = 0;

	while ((all[n] = rte_pktmbuf_alloc(lc.pool)))
		n++;
	assert_int_equal(p->ops->tx_burst(p, 0, &m, 1), 1);
	rte_pktmbuf_free_bulk(all, n);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.damaged, 0);
	assert_int_equal(sl_fault_count(p, SL_FAULT_TX).no_mbuf, 2);
	assert_int_equal(sl_fault_count(p, SL_FAULT_TX).duplicated, 0);
	close_port(p);
}

/* Full lanes take no more; nothing is lost, and closing frees what is under way. */
static void full(void **state)
{
	struct sl_fault_rates r = {
		.delay_us = 1000000, .reorder = 100, .reorder_by = 8, .reorder_time_us = 1000000};
	struct sl_port *p = open_port(&r, &r, 1);
	struct rte_mbuf *m;
	uint32_t sent = 0, taken;

	for (;; sent++) {
		m = packet(sent);
		if (p->ops->tx_burst(p, 0, &m, 1) == 0)
			break;
	}
	rte_pktmbuf_free(m);
	assert_in_range(sent, SL_FAULT_HELD_MAX - 2, SL_FAULT_HELD_MAX);
	wire.last = MBUFS;
	for (int i = 0; i < MBUFS / SL_BURST; i++)
		receive(p, 0);
	taken = wire.next;
	assert_in_range(taken, SL_FAULT_HELD_MAX - 2, SL_FAULT_HELD_MAX);
	assert_int_equal(seen.n, 0);
	assert_int_equal(sl_fault_held(p), sent + taken);
	assert_int_equal(sl_test_lcore_in_use(&lc), sent + taken);

	/* The wire takes a part, keeps the rest waiting in order. */
	clock_us += 2000000;
	wire.last = wire.next;
	wire.tx_room = 100;
	while (receive(p, 0))
		;
	clock_us += 2000000; /* those that were held back came into the line only now */
	while (receive(p, 0))
		;
	assert_int_equal(seen.n, 100 + taken);
	assert_int_equal(sl_fault_held(p), sent - 100);
	close_port(p);
}

static void refused(void **state)
{
	static const struct {
		struct sl_fault_rates r;
		const char *text;
	} cases[] = {
		{{.loss = 10001}, "Port x: a rate of tx faults is above 100%."},
		{{.corrupt = 10001}, "Port x: a rate of tx faults is above 100%."},
		{{.reorder = 1}, "Port x: a reordered packet is overtaken by 1 to 64 others."},
		{{.reorder = 1, .reorder_by = 65},
		 "Port x: a reordered packet is overtaken by 1 to 64 others."},
		{{.delay_us = 1, .jitter_us = 2},
		 "Port x: the jitter of tx faults is above the delay."},
	};
	struct sl_port inner = {.ops = &wire_ops, .cfg = {.name = "x"}, .queues = 1}, *p;
	struct sl_err err;

	for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
		struct sl_fault_config cfg = {.tx = cases[i].r, .clock_us = now};

		assert_int_equal(sl_fault_open(&p, &inner, &cfg, lc.pool, &err), -EINVAL);
		assert_string_equal(err.text, cases[i].text);
	}
}

static int begin(void **state)
{
	return sl_test_lcore_init(&lc, MBUFS);
}

static int end(void **state)
{
	sl_test_lcore_fini(&lc);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing),
		cmocka_unit_test(rates),
		cmocka_unit_test(determinism),
		cmocka_unit_test(reordering_by_time),
		cmocka_unit_test(reordering_by_count),
		cmocka_unit_test(closing),
		cmocka_unit_test(delay),
		cmocka_unit_test(copies),
		cmocka_unit_test(checksum_flags),
		cmocka_unit_test(chains),
		cmocka_unit_test(no_buffers),
		cmocka_unit_test(full),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
