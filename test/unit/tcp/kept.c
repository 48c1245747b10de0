/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Entries of connections that outlive the process: what goes in comes out, and of what is not
 * whole, or not of this worker and version, nothing does.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../../lib/tcp/internal.h"
#include "sl_test_lcore.h"

#define ROWS 4

static struct sl_lcore lc;
static struct sl_tcp *tcp;
static struct sl_tcp_config cfg;
static struct sl_tcp_kept_hdr *hdr;
static struct sl_tcp_kept *entry; /* [ROWS] */
static unsigned sent;

static bool on_accept(void *user, const struct sl_pkt *syn, uint32_t *listener)
{
	return false;
}

static void on_output(void *user, struct rte_mbuf *m)
{
	sent++;
	rte_pktmbuf_free(m);
}

static bool on_route(void *user, const struct sl_ip *dst, struct sl_ip *src, uint16_t *mtu)
{
	return false;
}

static bool on_ours(void *user, const struct sl_ip_port *local, const struct sl_ip_port *remote)
{
	return local->port == 80 && remote->port == 40001;
}

/* A process that comes after the one before. */
static void start(void)
{
	sl_tcp_free(tcp);
	memset(lc.stats.c, 0, sizeof(*lc.stats.c));
	assert_int_equal(sl_tcp_create(&tcp, &lc, &cfg, NULL), 0);
}

static int setup(void **state)
{
	cfg = (struct sl_tcp_config){.conns_max = 8,
				     .secret = {1, 2},
				     .accept = on_accept,
				     .output = on_output,
				     .route = on_route,
				     .ours = on_ours,
				     .kept_rows = ROWS};
	if (sl_test_lcore_init(&lc, 1023) < 0)
		return -1;
	hdr = aligned_alloc(SL_CACHE_LINE, sl_tcp_kept_size(ROWS));
	if (!hdr)
		return -1;
	memset(hdr, 0, sl_tcp_kept_size(ROWS));
	cfg.kept = hdr;
	entry = (struct sl_tcp_kept *)(hdr + 1);
	lc.workers = 2;
	lc.index = 1;
	sent = 0;
	start();
	return 0;
}

static int teardown(void **state)
{
	sl_tcp_free(tcp);
	tcp = NULL;
	free(hdr);
	sl_test_lcore_fini(&lc);
	return 0;
}

static struct sl_tcp_kept example(uint16_t fport)
{
	struct sl_tcp_kept k = {.mark = SL_TCP_KEPT_IDLE,
				.local = sl_ip_from_v4(htonl(0x0a000001)),
				.remote = sl_ip_from_v4(htonl(0x0a000002)),
				.lport = 80,
				.fport = fport,
				.ts = 1,
				.sack = 1,
				.snd_wscale = 7,
				.rcv_wscale = 6,
				.mss = 1400,
				.adv_mss = 1460,
				.mtu = 1500,
				.snd_nxt = 0xfffffff0,
				.rcv_nxt = 0xffffff00,
				.rcv_adv = 0x0000ff00,
				.snd_wnd = 65000,
				.max_snd_wnd = 66000,
				.ts_offset = 12345,
				.ts_recent = 67890,
				.t_rx = 900,
				.user = {.requests = 7, .opened_us = 8, .due_us = 9, .served = 1}};

	k.check = sl_tcp_kept_check(&k);
	return k;
}

static void test_round_trip(void **state)
{
	struct sl_tcp_kept was = example(40001), other;
	struct sl_tcp_memo memo;
	struct sl_tcp_conn *c;

	entry[2] = was;
	start();
	assert_null(sl_tcp_restore(tcp, 1, &memo));
	c = sl_tcp_restore(tcp, 2, &memo);
	assert_non_null(c);
	assert_memory_equal(&memo, &was.user, sizeof(memo));
	assert_string_equal(sl_tcp_state_name(c), "ESTABLISHED");
	assert_true(sl_tcp_ours(c));
	assert_int_equal(lc.stats.c->tcp_kept, 1);
	assert_int_equal(lc.stats.c->tcp_conns, 1);
	/* Written anew, in another place, it is the same to the byte. */
	sl_tcp_unkeep(c);
	assert_int_equal(entry[2].mark, SL_TCP_KEPT_BUSY);
	sl_tcp_keep(c, 3, &memo);
	other = entry[3];
	assert_memory_equal(&other, &was, sizeof(was));
	sl_tcp_abort(c);
	assert_int_equal(entry[3].mark, SL_TCP_KEPT_FREE);
	assert_int_equal(lc.stats.c->tcp_kept, 0);
}

static void test_ipv6(void **state)
{
	struct sl_tcp_memo memo;
	struct sl_ip_port l, f;
	struct sl_tcp_conn *c;

	entry[0] = example(40002);
	assert_int_equal(sl_ip_parse("fd00::1", &entry[0].local, NULL), 0);
	assert_int_equal(sl_ip_parse("fd00::2", &entry[0].remote, NULL), 0);
	entry[0].check = sl_tcp_kept_check(&entry[0]);
	start();
	c = sl_tcp_restore(tcp, 0, &memo);
	assert_non_null(c);
	sl_tcp_local(c, &l);
	sl_tcp_remote(c, &f);
	assert_true(sl_ip_eq(&l.ip, &entry[0].local) && l.port == 80);
	assert_true(sl_ip_eq(&f.ip, &entry[0].remote) && f.port == 40002);
	assert_false(sl_tcp_ours(c));
}

/* Whatever byte did not make it: the entry is dropped, and it alone. */
static void test_torn(void **state)
{
	for (size_t at = 0; at < sizeof(*entry); at++) {
		struct sl_tcp_memo memo;

		if (at >= offsetof(struct sl_tcp_kept, mark) &&
		    at < offsetof(struct sl_tcp_kept, local))
			continue;
		entry[0] = example(40001);
		entry[1] = example(40002);
		((uint8_t *)&entry[0])[at] ^= 0x10;
		start();
		assert_null(sl_tcp_restore(tcp, 0, &memo));
		assert_non_null(sl_tcp_restore(tcp, 1, &memo));
		assert_int_equal(lc.stats.c->tcp_restore_torn, 1);
		assert_int_equal(entry[0].mark, SL_TCP_KEPT_FREE);
	}
}

/* Whole, but no connection: a checksum is no proof of sense. */
static void test_impossible(void **state)
{
	struct sl_tcp_memo memo;

	for (int i = 0; i < 8; i++) {
		struct sl_tcp_kept *k = &entry[0];

		*k = example(40001);
		if (i == 0)
			k->mark = SL_TCP_KEPT_LOST + 1;
		if (i == 1)
			k->lport = 0;
		if (i == 2)
			k->snd_wscale = WSCALE_MAX + 1;
		if (i == 3)
			k->mss = MSS_FLOOR - 1;
		if (i == 4)
			k->mtu = 40;
		if (i == 5)
			k->rcv_adv = k->rcv_nxt - 1;
		if (i == 6)
			k->adv_mss = 0;
		if (i == 7)
			k->rcv_adv = k->rcv_nxt + (1u << 31) - 1;
		k->check = sl_tcp_kept_check(k);
		start();
		assert_null(sl_tcp_restore(tcp, 0, &memo));
		assert_int_equal(lc.stats.c->tcp_restore_torn, 1);
	}
	/* Two of one tuple can't both be true. */
	entry[0] = entry[1] = example(40001);
	start();
	assert_non_null(sl_tcp_restore(tcp, 0, &memo));
	assert_null(sl_tcp_restore(tcp, 1, &memo));
	assert_int_equal(lc.stats.c->tcp_restore_torn, 1);
}

/* Another version's, another worker's, or another number of workers': not a word is believed. */
static void test_other_header(void **state)
{
	struct sl_tcp_memo memo;

	for (int i = 0; i < 5; i++) {
		entry[0] = example(40001);
		hdr->layout += i == 0;
		hdr->row_size += i == 1;
		hdr->rows += i == 2;
		hdr->index += i == 3;
		hdr->workers += i == 4;
		start();
		assert_null(sl_tcp_restore(tcp, 0, &memo));
		assert_int_equal(entry[0].mark, SL_TCP_KEPT_FREE);
		/* From then on it is ours. */
		entry[0] = example(40001);
		start();
		assert_non_null(sl_tcp_restore(tcp, 0, &memo));
	}
}

/* Where the table is smaller now, what has no place is reset. */
static void test_no_place(void **state)
{
	struct sl_tcp_memo memo;
	unsigned n = 0;

	for (uint16_t i = 0; i < ROWS; i++)
		entry[i] = example(40001 + i);
	cfg.conns_max = 3;
	start();
	for (uint32_t i = 0; i < ROWS; i++)
		n += sl_tcp_restore(tcp, i, &memo) != NULL;
	assert_int_equal(n, 3);
	assert_int_equal(lc.stats.c->tcp_restore_gone, 1);
	assert_true(sl_tcp_lost(tcp, 3));
	for (int i = 0; i < 6000; i++) {
		lc.now_us += 1000;
		sl_tcp_timers(tcp);
	}
	assert_int_equal(sent, 3);
	assert_false(sl_tcp_lost(tcp, 3));
	assert_int_equal(sl_tcp_next_timer(tcp) < lc.now_us, 0);
}

/* The numbers of an entry belong to one connection: a new one in its place begins it anew. */
static void test_place_taken(void **state)
{
	struct sl_tcp_memo memo;
	struct sl_tcp_conn *c;

	entry[0] = example(40001);
	entry[1] = example(40002);
	entry[1].mark = SL_TCP_KEPT_BUSY;
	start();
	c = sl_tcp_restore(tcp, 0, &memo);
	assert_non_null(c);
	assert_null(sl_tcp_restore(tcp, 1, &memo));
	assert_int_equal(lc.stats.c->tcp_restore_busy, 1);
	assert_int_equal(tcp->lost, 1);
	sl_tcp_note(c, 1);
	assert_int_equal(tcp->lost, 0);
	assert_int_equal(entry[1].fport, 40001);
	assert_int_equal(entry[1].mark, SL_TCP_KEPT_BUSY);
	lc.now_us += 10000000;
	sl_tcp_timers(tcp);
	assert_int_equal(sent, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_round_trip),  TEST(test_ipv6),         TEST(test_torn),
		TEST(test_impossible),  TEST(test_other_header), TEST(test_no_place),
		TEST(test_place_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
