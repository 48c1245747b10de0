/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions of a process that died: they go on; torn rows are dropped alone. */
#include <stdlib.h>

#include "nat_world.h"

static struct sl_nat_session *rows_of(struct nw *w)
{
	return (struct sl_nat_session *)((char *)w->cfg.rows + sl_flows_size(0, 0));
}

static struct sl_nat_session *row_of(struct nw *w, uint16_t cport)
{
	for (uint32_t i = 0; i < w->cfg.rows_max; i++)
		if (rows_of(w)[i].check && rows_of(w)[i].cport == cport)
			return &rows_of(w)[i];
	fail_msg("no row of client port %u", cport);
	return NULL;
}

static void ack(struct nw *w, uint16_t sport)
{
	struct seg s = {.src = CLIENT,
			.dst = VIP,
			.sport = sport,
			.dport = 80,
			.flags = SL_TCP_ACK,
			.ack = 42};

	nw_send(w, &s);
}

static void sessions_go_on_after_a_restart(void **state)
{
	struct nw *w = *state;
	struct got seen[20], again;

	for (uint16_t i = 0; i < 20; i++)
		seen[i] = nw_open(w, CLIENT, (uint16_t)(1000 + i));
	nw_restart(w);
	assert_int_equal(sl_nat_restored(w->nat).sessions, 20);
	assert_int_equal(sl_nat_restored(w->nat).torn, 0);
	assert_false(sl_nat_restored(w->nat).cleared);
	assert_int_equal(w->fx->lc.stats.c->nat_sessions, 20);
	for (uint16_t i = 0; i < 20; i++) {
		ack(w, (uint16_t)(1000 + i));
		assert_int_equal(nw_got(w, 0).sport, seen[i].sport);
		again = nw_got(w, 0);
		assert_true(sl_ip_eq(&seen[i].dst, &again.dst));
		nw_answer(w, &seen[i], SL_TCP_ACK, 7);
		nw_only(w, 0, VIP, 80, CLIENT, (uint16_t)(1000 + i));
	}
}

static void gauges_are_counted_again(void **state)
{
	struct nw *w = *state;
	const struct sl_stats_worker *st = &w->fx->lc.stats;
	uint32_t service = sl_snap_service(w->snap, 0)->slot.index;
	uint64_t sessions = 0;

	for (uint16_t i = 0; i < 10; i++)
		nw_open(w, CLIENT, (uint16_t)(1000 + i));
	nw_restart(w);
	assert_int_equal(st->service[service].sessions, 10);
	for (uint32_t i = 0; i < st->slots[SL_STATS_ENDPOINT]; i++)
		sessions += st->endpoint[i].l4_sessions;
	assert_int_equal(sessions, 10);
	nw_pass_s(w, 432000 / 1000);
	for (uint16_t i = 0; i < 10; i++)
		rows_of(w)[row_of(w, (uint16_t)(1000 + i)) - rows_of(w)].expires_us = 1;
	nw_restart(w);
	assert_int_equal(st->service[service].sessions, 0);
	assert_int_equal(sl_nat_count(w->nat), 0);
}

/* Every byte that a session is recognised by, torn one at a time, in one row of two. */
static void a_torn_row_is_dropped_alone(void **state)
{
	struct nw *w = *state;
	size_t covered = offsetof(struct sl_nat_session, state);

	for (size_t at = 0; at < covered; at++) {
		struct sl_nat_session *s;

		nw_open(w, CLIENT, 1000);
		nw_open(w, CLIENT, 1001);
		s = row_of(w, 1000);
		((uint8_t *)s)[at] ^= 0x21;
		/* The dying process leaves no index that could contradict. */
		nw_restart(w);
		assert_int_equal(sl_nat_restored(w->nat).sessions, 1);
		assert_int_equal(sl_nat_restored(w->nat).torn, 1);
		assert_int_equal(nw_state(w, CLIENT, 1001), SL_NAT_ESTABLISHED);
		ack(w, 1000);
		assert_int_equal(nw_only(w, 0, VIP, 80, CLIENT, 1000).flags, SL_TCP_RST);
		memset(w->cfg.rows, 0, sl_flows_size(w->cfg.rows_max, w->cfg.guard.clients_max));
		nw_restart(w);
	}
}

static void impossible_values_are_dropped(void **state)
{
	struct nw *w = *state;

	for (int i = 0; i < 5; i++) {
		struct sl_nat_session *s;

		nw_open(w, CLIENT, 1000);
		s = row_of(w, 1000);
		if (i == 0)
			s->state = SL_NAT_STATES;
		else if (i == 1)
			s->state = SL_NAT_UDP;
		else if (i == 2)
			s->fins = 8;
		else if (i == 3)
			s->expires_us = w->fx->lc.now_us - 1;
		else
			s->state = SL_NAT_FREE;
		nw_restart(w);
		assert_int_equal(sl_nat_restored(w->nat).sessions, 0);
		assert_int_equal(sl_nat_restored(w->nat).torn, 1);
	}
}

static void a_clock_that_jumped_keeps_nothing_for_ever(void **state)
{
	struct nw *w = *state;

	nw_open(w, CLIENT, 1000);
	row_of(w, 1000)->expires_us = UINT64_MAX;
	w->cfg.timeout_ms[SL_NAT_ESTABLISHED] = 5000;
	nw_restart(w);
	assert_int_equal(sl_nat_restored(w->nat).sessions, 1);
	nw_pass_s(w, 6);
	assert_int_equal(sl_nat_count(w->nat), 0);
}

static void a_row_that_is_there_twice_counts_once(void **state)
{
	struct nw *w = *state;
	struct sl_nat_session *s;

	nw_open(w, CLIENT, 1000);
	s = row_of(w, 1000);
	rows_of(w)[60] = *s;
	nw_restart(w);
	assert_int_equal(sl_nat_restored(w->nat).sessions, 1);
	assert_int_equal(sl_nat_restored(w->nat).torn, 1);
}

static void rows_of_another_shape_are_cleared(void **state)
{
	struct nw *w = *state;

	nw_open(w, CLIENT, 1000);
	((uint32_t *)w->cfg.rows)[2]++; /* layout */
	nw_restart(w);
	assert_true(sl_nat_restored(w->nat).cleared);
	assert_int_equal(sl_nat_count(w->nat), 0);
	assert_int_equal(row_of(w, (nw_open(w, CLIENT, 1000), 1000))->vport, 80);
	/* With another number of workers the replies would come to another one. */
	w->fx->lc.workers = 2;
	nw_restart(w);
	assert_true(sl_nat_restored(w->nat).cleared);
	w->fx->lc.workers = 1;
	nw_restart(w);
}

static void garbage_is_no_session(void **state)
{
	struct nw *w = *state;
	uint64_t seed = 12345;

	for (int round = 0; round < 200; round++) {
		uint8_t *rows = (uint8_t *)rows_of(w);

		for (size_t i = 0; i < w->cfg.rows_max * sizeof(struct sl_nat_session); i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			rows[i] = (uint8_t)(seed >> 40);
		}
		nw_restart(w);
		assert_int_equal(sl_nat_count(w->nat), 0);
		nw_open(w, CLIENT, 1000);
	}
}

static void embryonic_sessions_stay_the_first_to_go(void **state)
{
	struct nw *w = *state;

	nw_open(w, CLIENT, 999);
	for (uint16_t i = 0; i < 63; i++)
		nw_syn(w, CLIENT2, (uint16_t)(1000 + i));
	nw_restart(w);
	assert_int_equal(sl_nat_count(w->nat), 64);
	for (uint16_t i = 0; i < 100; i++)
		nw_syn(w, CLIENT2, (uint16_t)(2000 + i));
	assert_int_equal(nw_state(w, CLIENT, 999), SL_NAT_ESTABLISHED);
}

/* Sessions don't wait for the configuration, and nobody is refused before it is there. */
static void before_the_first_configuration(void **state)
{
	struct nw *w = *state;
	struct got seen = nw_open(w, CLIENT, 1000);
	struct seg s = {.src = CLIENT,
			.dst = VIP,
			.sport = 1000,
			.dport = 80,
			.flags = SL_TCP_ACK,
			.seq = 101,
			.ack = 501,
			.len = 7};

	nw_restart(w);
	w->fx->lc.snap = NULL;
	nw_send(w, &s);
	assert_int_equal(nw_only(w, 1, OWN, seen.sport,
				 sl_ip_is_v4(&seen.dst) && seen.dst.b[15] == 11 ? WEB1 : WEB2, 8080)
				 .len,
			 7);
	nw_answer(w, &seen, SL_TCP_ACK, 9);
	nw_only(w, 0, VIP, 80, CLIENT, 1000);
	s.sport = 1001;
	nw_send(w, &s);
	nw_nothing(w);
	s.flags = SL_TCP_SYN;
	s.dst = "192.0.2.1";
	s.dport = 30080;
	nw_send(w, &s);
	nw_nothing(w);
	assert_int_equal(nw_drops(w, SL_DROP_IP_NOT_OURS), 2);
	w->fx->lc.snap = w->snap;
}

/* Sessions that fit a filter are ended while packets go on. */
static void ended_by_order(void **state)
{
	struct nw *w = *state;
	struct sl_flows_hdr *h = w->cfg.rows;

	nw_open(w, CLIENT, 1000);
	nw_open(w, CLIENT, 1001);
	nw_open(w, CLIENT2, 1000);
	assert_false(sl_nat_orders(w->nat));
	h->kill = (struct sl_session_filter){
		.client = fx_ip(CLIENT), .client_len = 128, .parts = SL_FILTER_CLIENT};
	h->kill_asked++;
	while (sl_nat_orders(w->nat))
		;
	assert_int_equal(h->kill_done, h->kill_asked);
	assert_int_equal(h->killed, 2);
	assert_int_equal(sl_nat_count(w->nat), 1);
	assert_int_equal(nw_state(w, CLIENT2, 1000), SL_NAT_ESTABLISHED);
	h->kill = (struct sl_session_filter){.states = 1u << SL_NAT_SYN_SENT};
	h->kill_asked++;
	while (sl_nat_orders(w->nat))
		;
	assert_int_equal(h->killed, 0);
	/* What was asked of a run that died is not carried out by the next. */
	h->kill = (struct sl_session_filter){.proto = IPPROTO_TCP};
	h->kill_asked++;
	nw_restart(w);
	while (sl_nat_orders(w->nat))
		;
	assert_int_equal(sl_nat_count(w->nat), 1);
}

int main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, nw_setup, nw_teardown)
	const struct CMUnitTest tests[] = {
		CASE(sessions_go_on_after_a_restart),
		CASE(gauges_are_counted_again),
		CASE(a_torn_row_is_dropped_alone),
		CASE(impossible_values_are_dropped),
		CASE(a_clock_that_jumped_keeps_nothing_for_ever),
		CASE(a_row_that_is_there_twice_counts_once),
		CASE(rows_of_another_shape_are_cleared),
		CASE(garbage_is_no_session),
		CASE(embryonic_sessions_stay_the_first_to_go),
		CASE(before_the_first_configuration),
		CASE(ended_by_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
