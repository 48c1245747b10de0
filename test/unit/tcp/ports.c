/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Source ports of our own connections: of this worker, each once, refused when used up. Initial
 * sequence numbers (RFC 6528), and what a row of each table takes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../lib/tcp/internal.h"
#include "sl_test_lcore.h"

static struct sl_lcore lc;
static struct sl_tcp *tcp;

static bool on_accept(void *user, const struct sl_pkt *syn, uint32_t *listener)
{
	return false;
}

static void on_output(void *user, struct rte_mbuf *m)
{
	rte_pktmbuf_free(m);
}

static bool on_route(void *user, const struct sl_ip *dst, struct sl_ip *src, uint16_t *mtu)
{
	*src = sl_ip_from_v4(htonl(0x0a000001));
	*mtu = 1500;
	return dst->b[15] != 99;
}

static int setup(void **state)
{
	struct sl_tcp_config cfg = {.conns_max = 10000,
				    .secret = {1, 2},
				    .accept = on_accept,
				    .output = on_output,
				    .route = on_route};

	if (sl_test_lcore_init(&lc, 1023) < 0)
		return -1;
	lc.workers = 4;
	lc.index = 3;
	return sl_tcp_create(&tcp, &lc, &cfg, NULL);
}

static int teardown(void **state)
{
	sl_tcp_free(tcp);
	sl_test_lcore_fini(&lc);
	return 0;
}

static void test_each_once_and_ours(void **state)
{
	static bool seen[65536];
	struct sl_ip dst = sl_ip_from_v4(htonl(0x0a000002));
	struct sl_tcp_conn *c;
	struct sl_ip_port l;
	unsigned n = 0;
	int code;

	while ((c = sl_tcp_connect(tcp, &dst, 80, 1000, &code))) {
		sl_tcp_local(c, &l);
		assert_in_range(l.port, SL_TCP_PORT_FIRST, 65535);
		assert_int_equal(l.port % 4, 3);
		assert_false(seen[l.port]);
		seen[l.port] = true;
		n++;
	}
	assert_int_equal(n, SL_TCP_PORTS / 4);
	assert_int_equal(code, -EADDRNOTAVAIL);
	assert_int_equal(lc.stats.c->tcp_ports_exhausted, 1);
	/* Another port or address of the endpoint has all ports again. */
	assert_non_null(sl_tcp_connect(tcp, &dst, 81, 1000, &code));
	dst = sl_ip_from_v4(htonl(0x0a000003));
	assert_non_null(sl_tcp_connect(tcp, &dst, 80, 1000, &code));
}

/* Connections to an endpoint from every port, closed by us first. */
static void close_all(const struct sl_ip *dst, uint32_t flags, uint32_t snd_max)
{
	struct sl_tcp_conn *c;
	int code;

	while ((c = sl_tcp_connect(tcp, dst, 80, 1000, &code))) {
		c->flags |= flags;
		c->state = ST_FIN_WAIT_2;
		c->snd_max = snd_max;
		tcp_conn_time_wait(c);
		sl_tcp_release(c);
	}
	assert_int_equal(code, -EADDRNOTAVAIL);
	assert_int_equal(lc.stats.c->tcp_time_wait, SL_TCP_PORTS / 4);
}

/* We close first, as the pool does: ports in TIME-WAIT serve again, not only after a minute. */
static void test_follows_time_wait(void **state)
{
	struct sl_ip dst = sl_ip_from_v4(htonl(0x0a000002));
	struct sl_tcp_conn *c;
	uint32_t n = 0;
	int code;

	lc.now_us = 1000000;
	close_all(&dst, F_TS, 0xfffffff0);
	/* So soon a timestamp could be the same, and the ports are not looked through again. */
	lc.now_us += 6000;
	assert_null(sl_tcp_connect(tcp, &dst, 80, 1000, &code));
	lc.now_us += 6000;
	while ((c = sl_tcp_connect(tcp, &dst, 80, 1000, &code))) {
		assert_true(seq_le(0xfffffff0 + 65537, c->snd_una));
		n++;
	}
	assert_int_equal(n, SL_TCP_PORTS / 4);
	assert_int_equal(lc.stats.c->tcp_time_wait, 0);
}

/* Without timestamps an old segment could be taken for one of the new connection. */
static void test_does_not_follow_without_timestamps(void **state)
{
	struct sl_ip dst = sl_ip_from_v4(htonl(0x0a000002));
	int code;

	lc.now_us = 1000000;
	close_all(&dst, 0, 7);
	lc.now_us += 5000000;
	assert_null(sl_tcp_connect(tcp, &dst, 80, 1000, &code));
	assert_int_equal(code, -EADDRNOTAVAIL);
}

static void test_unreachable(void **state)
{
	struct sl_ip dst = sl_ip_from_v4(htonl(0x0a000063));
	int code;

	assert_null(sl_tcp_connect(tcp, &dst, 80, 1000, &code));
	assert_int_equal(code, -EHOSTUNREACH);
}

static void test_table_full(void **state)
{
	struct sl_ip dst = sl_ip_from_v4(htonl(0x0a000002));
	unsigned n = 0;
	int code = 0;

	for (uint16_t port = 1; code == 0; port++)
		n += sl_tcp_connect(tcp, &dst, port, 1000, &code) != NULL;
	assert_int_equal(n, 10000);
	assert_int_equal(code, -ENOBUFS);
	/* They all give up after their second, and the table is free again. */
	sl_tcp_flush(tcp);
	lc.now_us += 1100000;
	sl_tcp_timers(tcp);
	while (n--) {
		uint32_t events;
		struct sl_tcp_conn *c = sl_tcp_ready(tcp, &events);

		assert_non_null(c);
		assert_int_equal(sl_tcp_end(c), SL_TCP_END_TIMEOUT);
		sl_tcp_release(c);
	}
	assert_int_equal(lc.stats.c->tcp_conns, 0);
	sl_tcp_flush(tcp);
	assert_non_null(sl_tcp_connect(tcp, &dst, 80, 1000, &code));
}

/* Receive buffers grow as long as there is a budget; idle ones give back what they had. */
static void test_budget(void **state)
{
	const struct sl_ip dst = sl_ip_from_v4(htonl(0x0a000002));
	struct sl_tcp_conn *c[3];
	uint32_t budget = tcp->rcv_budget, least = tcp->cfg.rcv_buf_bytes;
	int code;

	tcp->cfg.buf_max_bytes = budget / 2 + least;
	for (int i = 0; i < 3; i++) {
		c[i] = sl_tcp_connect(tcp, &dst, (uint16_t)(i + 1), 1000, &code);
		assert_non_null(c[i]);
		lc.now_us += 60000;
		c[i]->rcv_len = budget;
		tcp_buffer_taken(c[i], budget);
		assert_int_equal(path_of(c[i])->rcv_limit, i < 2 ? budget / 2 + least : least);
	}
	assert_int_equal(lc.stats.c->tcp_buffers_short, 1);
	assert_in_range(tcp->rcv_budget, 0, 1);
	/* The first has been silent for a second, the second one is in use. */
	lc.now_us += 2000000;
	c[0]->rcv_len = c[2]->rcv_len = 0;
	tcp->now_ms = (uint32_t)(lc.now_us / 1000);
	tcp_buffer_reclaim(tcp);
	assert_int_equal(path_of(c[0])->rcv_limit, least);
	assert_int_equal(path_of(c[1])->rcv_limit, budget / 2 + least);
	for (int i = 0; i < 3; i++)
		sl_tcp_abort(c[i]);
	assert_int_equal(tcp->rcv_budget, budget);
}

/* What one connection costs: control block, what is known of its path, wheel link, nothing else
 * until it is busy. */
static void test_memory(void **state)
{
	assert_true(sizeof(struct sl_tcp_conn) + sizeof(struct path) + 12 <= 320);
	assert_int_equal(sizeof(struct syn_entry), 48);
	assert_int_equal(sizeof(struct tw_entry), 32);
}

static void test_isn(void **state)
{
	struct sl_ip l = sl_ip_from_v4(htonl(0x0a000001)), f = sl_ip_from_v4(htonl(0x0a000002));
	struct key k = {.l = &l, .f = &f, .lport = 80, .fport = 40000};
	struct sl_hash_key was = tcp->isn_key;
	uint32_t ts, ts2, first;

	lc.now_us = 5000000;
	first = tcp_isn(tcp, &k, &ts);
	/* RFC 6528 3: of one tuple they follow a clock of 4 us, so that TIME-WAIT can be reopened.
	 */
	lc.now_us += 4000000;
	assert_int_equal(tcp_isn(tcp, &k, &ts2) - first, 1000000);
	assert_int_equal(ts2, ts);
	/* Of another they tell nothing, nor do the timestamps, nor under another secret. */
	lc.now_us -= 4000000;
	k.fport++;
	assert_true(tcp_isn(tcp, &k, &ts2) - first + 0x10000 > 0x20000);
	assert_int_not_equal(ts2, ts);
	k.fport--;
	tcp->isn_key.k1++;
	assert_true(tcp_isn(tcp, &k, &ts2) - first + 0x10000 > 0x20000);
	assert_int_not_equal(ts2, ts);
	tcp->isn_key = was;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_once_and_ours, setup, teardown),
		cmocka_unit_test_setup_teardown(test_follows_time_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(test_does_not_follow_without_timestamps, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_unreachable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_table_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_budget, setup, teardown),
		cmocka_unit_test_setup_teardown(test_isn, setup, teardown),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
