/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two stacks joined by a link that loses, repeats, reorders and delays, on a virtual clock: every
 * byte of both directions arrives, right, without a stall. Seeded, so each run is the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../protocol/pkt.h"
#include "sl_tcp.h"

#define WIRE_MAX 8192
#define MBUFS    8191
#define PORT     8080

struct quality {
	unsigned loss, duplicate, reorder; /* per 10,000 */
	uint32_t delay_us, jitter_us;
	uint16_t mtu[2];
	uint16_t cut;
	uint32_t read_every_us; /* reader wakes; 0: at once */
	bool v6;
	uint32_t rcv_buf; /* 0: the default */
};

struct flying {
	uint64_t at, nr;
	int to;
	uint16_t len;
	uint8_t *bytes;
};

struct side {
	struct sl_lcore lc;
	struct sl_tcp *tcp;
	struct sl_ip ip;
	struct sl_tcp_conn *c;
	uint64_t sent, want_sent, got, want_got;
	uint32_t salt;
	bool shut, closed, eof;
	enum sl_tcp_end end;
};

static struct side side[2];
static struct quality q;
static struct flying wire[WIRE_MAX];
static unsigned n_wire;
static uint64_t now, rnd_state, serial, last_progress, worst_stall, next_read;
static unsigned packets, lost;

static uint32_t rnd(void)
{
	rnd_state = rnd_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(rnd_state >> 33);
}

static bool chance(unsigned per_10k)
{
	return rnd() % 10000 < per_10k;
}

static uint8_t byte_at(uint64_t pos, uint32_t salt)
{
	return (uint8_t)((pos * 2654435761u + salt) >> 13 ^ pos);
}

static void send_on(int to, const uint8_t *p, size_t len)
{
	struct flying *f;

	packets++;
	if (chance(q.loss)) {
		lost++;
		return;
	}
	assert_in_range(n_wire, 0, WIRE_MAX - 1);
	f = &wire[n_wire++];
	f->at = now + q.delay_us + (chance(q.reorder) ? rnd() % (q.jitter_us + 1) : 0);
	f->nr = serial++;
	f->to = to;
	f->len = (uint16_t)len;
	f->bytes = malloc(len);
	memcpy(f->bytes, p, len);
}

static void output(void *user, struct rte_mbuf *m)
{
	struct side *s = user;
	uint8_t buf[PKT_MAX];
	struct pkt_tcp t;
	size_t len = pkt_linear(m, buf);
	const char *bad = len ? pkt_parse(buf, len, &t) : "chain lengths";

	rte_pktmbuf_free(m);
	if (bad)
		fail_msg("sent a bad packet: %s", bad);
	assert_in_range(len, 40, q.mtu[s - side]);
	send_on(s == &side[0], buf, len);
	if (chance(q.duplicate))
		send_on(s == &side[0], buf, len);
}

static bool accept_it(void *user, const struct sl_pkt *syn, uint32_t *listener)
{
	*listener = 7;
	return syn->dport == PORT;
}

static bool route(void *user, const struct sl_ip *dst, struct sl_ip *src, uint16_t *mtu)
{
	struct side *s = user;

	*src = s->ip;
	*mtu = q.mtu[s - side];
	return true;
}

static void side_open(int i)
{
	struct side *s = &side[i];
	struct sl_tcp_config cfg = {
		.conns_max = 64,
		.syn_rcvd_max = 16,
		.time_wait_max = 16,
		.rcv_buf_bytes = q.rcv_buf,
		.secret = {3, (uint64_t)i},
		.accept = accept_it,
		.output = output,
		.route = route,
		.user = s,
	};
	struct sl_err err;
	char text[32];

	memset(s, 0, sizeof(*s));
	assert_int_equal(sl_test_lcore_init(&s->lc, MBUFS), 0);
	s->lc.now_us = now;
	s->lc.rnd += (uint64_t)i;
	snprintf(text, sizeof(text), q.v6 ? "fd00::%d" : "10.0.0.%d", i + 1);
	assert_int_equal(sl_ip_parse(text, &s->ip, &err), 0);
	assert_int_equal(sl_tcp_create(&s->tcp, &s->lc, &cfg, &err), 0);
}

static void write_some(struct side *s)
{
	while (s->c && s->sent < s->want_sent) {
		uint32_t most = 1 + rnd() % 2000;
		uint32_t n = (uint32_t)SL_MIN(s->want_sent - s->sent, (uint64_t)most);
		struct rte_mbuf *m;
		char *p;

		if (sl_tcp_tx_room(s->c) < n)
			return;
		m = rte_pktmbuf_alloc(s->lc.pool);
		if (!m)
			return;
		p = rte_pktmbuf_append(m, (uint16_t)n);
		for (uint32_t i = 0; i < n; i++)
			p[i] = (char)byte_at(s->sent + i, s->salt);
		s->sent += n;
		sl_tcp_tx(s->c, m);
	}
	if (s->c && !s->shut) {
		sl_tcp_shutdown(s->c);
		s->shut = true;
	}
}

static void read_some(struct side *s, uint32_t salt)
{
	while (s->c && sl_tcp_rx_len(s->c)) {
		uint32_t n = 1 + rnd() % sl_tcp_rx_len(s->c);
		struct rte_mbuf *chain = sl_tcp_rx_take(s->c, n), *m;

		assert_non_null(chain);
		assert_int_equal(chain->pkt_len, n);
		for (m = chain; m; m = m->next)
			for (uint16_t i = 0; i < m->data_len; i++)
				if (rte_pktmbuf_mtod(m, uint8_t *)[i] != byte_at(s->got++, salt))
					fail_msg("byte %lu is wrong", (unsigned long)s->got - 1);
		rte_pktmbuf_free(chain);
		worst_stall = SL_MAX(worst_stall, now - last_progress);
		last_progress = now;
	}
	if (s->c && sl_tcp_rx_eof(s->c))
		s->eof = true;
}

static void serve(struct side *s)
{
	struct sl_tcp_conn *c;
	uint32_t events;

	while ((c = sl_tcp_ready(s->tcp, &events))) {
		if (events & SL_TCP_OPENED) {
			s->c = c;
			if (s == &side[1])
				assert_int_equal(sl_tcp_listener(c), 7);
		}
		if (events & SL_TCP_CLOSED) {
			read_some(s, s == &side[0] ? side[1].salt : side[0].salt);
			s->end = sl_tcp_end(c);
			s->closed = true;
			s->c = NULL;
			sl_tcp_release(c);
		}
	}
	if (!q.read_every_us || now >= next_read)
		read_some(s, s == &side[0] ? side[1].salt : side[0].salt);
	write_some(s);
	sl_tcp_flush(s->tcp);
}

static void deliver(void)
{
	/* In order of time, then of sending. */
	for (;;) {
		unsigned best = n_wire;
		struct pkt_tcp t;
		struct rte_mbuf *m;
		struct flying f;

		for (unsigned i = 0; i < n_wire; i++)
			if (wire[i].at <= now &&
			    (best == n_wire || wire[i].at < wire[best].at ||
			     (wire[i].at == wire[best].at && wire[i].nr < wire[best].nr)))
				best = i;
		if (best == n_wire)
			return;
		f = wire[best];
		wire[best] = wire[--n_wire];
		assert_null(pkt_parse(f.bytes, f.len, &t));
		m = pkt_mbuf(&side[f.to].lc, f.bytes, f.len, &t, q.cut);
		free(f.bytes);
		if (m)
			sl_tcp_in_burst(side[f.to].tcp, &m, 1);
	}
}

static void advance(void)
{
	uint64_t next = UINT64_MAX;

	for (unsigned i = 0; i < n_wire; i++)
		next = SL_MIN(next, wire[i].at);
	for (int i = 0; i < 2; i++)
		next = SL_MIN(next, sl_tcp_next_timer(side[i].tcp));
	if (q.read_every_us)
		next = SL_MIN(next, SL_MAX(next_read, now + 1));
	now = next == UINT64_MAX ? now + 1000000 : SL_MAX(next, now);
	if (q.read_every_us && now > next_read)
		next_read = now + q.read_every_us;
	side[0].lc.now_us = side[1].lc.now_us = now;
}

static void run(const struct quality *quality, uint64_t up, uint64_t down, uint64_t seed)
{
	unsigned rounds = 0;
	int code;

	q = *quality;
	now = 1000000;
	rnd_state = seed;
	n_wire = 0;
	packets = lost = 0;
	worst_stall = 0;
	next_read = 0;
	side_open(0);
	side_open(1);
	side[0].salt = 11;
	side[1].salt = 77;
	side[0].want_sent = up;
	side[1].want_sent = down;
	last_progress = now;
	assert_non_null(sl_tcp_connect(side[0].tcp, &side[1].ip, PORT, 30000, &code));
	while (!side[0].closed || !side[1].closed) {
		deliver();
		for (int i = 0; i < 2; i++) {
			sl_tcp_timers(side[i].tcp);
			serve(&side[i]);
		}
		advance();
		if (++rounds > 3000000 || now > UINT64_C(4000) * 1000000)
			fail_msg("stalled at %lu of %lu up, %lu of %lu down, %s and %s",
				 (unsigned long)side[1].got, (unsigned long)up,
				 (unsigned long)side[0].got, (unsigned long)down,
				 side[0].c ? sl_tcp_state_name(side[0].c) : "-",
				 side[1].c ? sl_tcp_state_name(side[1].c) : "-");
	}
	assert_int_equal(side[0].end, SL_TCP_END_FIN);
	assert_int_equal(side[1].end, SL_TCP_END_FIN);
	if (side[1].got != up || side[0].got != down)
		fail_msg("%lu of %lu up, %lu of %lu down", (unsigned long)side[1].got,
			 (unsigned long)up, (unsigned long)side[0].got, (unsigned long)down);
	printf("  %.1f s, %u packets, %u lost, %lu+%lu retransmitted, %lu+%lu timeouts, "
	       "longest stall %lu ms\n",
	       (double)(now - 1000000) / 1e6, packets, lost,
	       (unsigned long)side[0].lc.stats.c->tcp_retransmits,
	       (unsigned long)side[1].lc.stats.c->tcp_retransmits,
	       (unsigned long)side[0].lc.stats.c->tcp_rtos,
	       (unsigned long)side[1].lc.stats.c->tcp_rtos, (unsigned long)worst_stall / 1000);
	for (unsigned i = 0; i < n_wire; i++)
		free(wire[i].bytes);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(side[i].lc.stats.c->tcp_conns, 0);
		sl_tcp_free(side[i].tcp);
		assert_int_equal(sl_test_lcore_in_use(&side[i].lc), 0);
		sl_test_lcore_fini(&side[i].lc);
	}
}

#define MIB (1024u * 1024u)

static void test_clean(void **state)
{
	const struct quality clean = {.delay_us = 100, .mtu = {1500, 1500}};

	run(&clean, 4 * MIB, 4 * MIB, 1);
	assert_true(worst_stall < 50000);
	assert_int_equal(side[0].end, SL_TCP_END_FIN);
}

static void test_lossy(void **state)
{
	for (uint64_t seed = 1; seed <= 4; seed++) {
		const struct quality lossy = {.loss = 200,
					      .duplicate = 50,
					      .reorder = 200,
					      .delay_us = 10000,
					      .jitter_us = 5000,
					      .mtu = {1500, 1500}};

		run(&lossy, 2 * MIB, 2 * MIB, seed);
		assert_true(worst_stall < 3000000);
	}
}

static void test_very_lossy(void **state)
{
	const struct quality lossy = {.loss = 1500, .delay_us = 2000, .mtu = {1500, 1500}};

	run(&lossy, MIB / 2, MIB / 2, 5);
}

static void test_reordered(void **state)
{
	const struct quality mixed = {
		.reorder = 5000, .delay_us = 1000, .jitter_us = 3000, .mtu = {1500, 1500}};

	run(&mixed, MIB, MIB, 6);
}

static void test_slow_reader(void **state)
{
	const struct quality slow = {
		.loss = 50, .delay_us = 500, .mtu = {1500, 1500}, .read_every_us = 700000};

	run(&slow, 2 * MIB, MIB, 7);
}

static void test_v6_and_chains(void **state)
{
	const struct quality v6 = {
		.loss = 100, .delay_us = 300, .mtu = {1280, 9000}, .cut = 300, .v6 = true};

	run(&v6, MIB, MIB, 8);
}

static void test_nothing_to_send(void **state)
{
	const struct quality lossy = {.loss = 1000, .delay_us = 300, .mtu = {1500, 1500}};

	run(&lossy, 0, 0, 9);
	run(&lossy, 1, 0, 10);
	run(&lossy, 0, 1, 11);
}

/* Links of all kinds; more of them with LINK_SEEDS in the environment. */
static void test_any_link(void **state)
{
	const char *more = getenv("LINK_SEEDS");
	uint64_t seeds = more ? strtoull(more, NULL, 10) : 25;

	for (uint64_t seed = 100; seed < 100 + seeds; seed++) {
		struct quality any = {0};

		rnd_state = seed * 7919;
		any.loss = rnd() % 3 ? rnd() % 500 : 0;
		any.duplicate = rnd() % 3 ? 0 : rnd() % 500;
		any.reorder = rnd() % 2 ? 0 : rnd() % 3000;
		any.delay_us = rnd() % 3 ? rnd() % 50000 : rnd() % 200;
		any.jitter_us = rnd() % 20000;
		any.mtu[0] = (uint16_t)(rnd() % 4 ? 1500 : 1280 + rnd() % 700);
		any.mtu[1] = (uint16_t)(rnd() % 4 ? 1500 : 1280 + rnd() % 7000);
		any.cut = (uint16_t)(rnd() % 4 ? 0 : 50 + rnd() % 500);
		any.read_every_us = rnd() % 4 ? 0 : rnd() % 300000;
		any.v6 = rnd() % 3 == 0;
		any.rcv_buf = rnd() % 2 ? 0 : 1000 + rnd() % 60000;
		printf("  seed %lu:", (unsigned long)seed);
		run(&any, rnd() % (MIB / 2), rnd() % (MIB / 2), seed);
		assert_true(worst_stall < 10000000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),           cmocka_unit_test(test_lossy),
		cmocka_unit_test(test_very_lossy),      cmocka_unit_test(test_reordered),
		cmocka_unit_test(test_slow_reader),     cmocka_unit_test(test_v6_and_chains),
		cmocka_unit_test(test_nothing_to_send), cmocka_unit_test(test_any_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
