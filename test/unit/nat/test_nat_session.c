/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions: states and their times, ports, eviction, balancing, new configurations, a soak. */
#include <stdlib.h>

#include "nat_world.h"

static struct seg from_client(const char *client, uint16_t sport, uint8_t flags)
{
	return (struct seg){.src = client,
			    .dst = VIP,
			    .sport = sport,
			    .dport = 80,
			    .flags = flags,
			    .seq = 101,
			    .ack = 501};
}

static void client_sends(struct nw *w, uint16_t sport, uint8_t flags)
{
	struct seg s = from_client(CLIENT, sport, flags);

	nw_send(w, &s);
}

static uint64_t sessions_of(const struct nw *w, uint32_t endpoint)
{
	return w->fx->lc.stats.endpoint[sl_snap_endpoint(w->snap, endpoint)->slot.index]
		.l4_sessions;
}

static void the_life_of_a_connection(void **state)
{
	struct nw *w = *state;
	struct got seen = nw_syn(w, CLIENT, 1000);

	assert_int_equal(nw_state(w, CLIENT, 1000), SL_NAT_SYN_SENT);
	nw_answer(w, &seen, SL_TCP_SYN | SL_TCP_ACK, 0);
	assert_int_equal(nw_state(w, CLIENT, 1000), SL_NAT_SYN_RECV);
	client_sends(w, 1000, SL_TCP_ACK);
	assert_int_equal(nw_state(w, CLIENT, 1000), SL_NAT_ESTABLISHED);
	nw_pass_s(w, 3600);
	client_sends(w, 1000, SL_TCP_ACK | SL_TCP_FIN);
	assert_int_equal(nw_state(w, CLIENT, 1000), SL_NAT_FIN);
	nw_answer(w, &seen, SL_TCP_ACK, 10);
	assert_int_equal(nw_state(w, CLIENT, 1000), SL_NAT_FIN);
	nw_answer(w, &seen, SL_TCP_ACK | SL_TCP_FIN, 0);
	assert_int_equal(nw_state(w, CLIENT, 1000), SL_NAT_TIME_WAIT);
	nw_pass_s(w, 118);
	client_sends(w, 1000, SL_TCP_ACK);
	nw_pass_s(w, 3);
	assert_int_equal(sl_nat_count(w->nat), 0);
	assert_int_equal(w->fx->lc.stats.c->nat_sessions, 0);
	assert_int_equal(w->fx->lc.stats.c->nat_created, 1);
	assert_int_equal(w->fx->lc.stats.c->nat_expired, 1);
}

static void times_of_each_state(void **state)
{
	struct nw *w = *state;
	struct got seen;

	nw_syn(w, CLIENT, 1000);
	nw_pass_s(w, 119);
	assert_int_equal(nw_state(w, CLIENT, 1000), SL_NAT_SYN_SENT);
	nw_pass_s(w, 2);
	assert_int_equal(nw_state(w, CLIENT, 1000), SL_NAT_FREE);
	seen = nw_syn(w, CLIENT, 1000);
	nw_answer(w, &seen, SL_TCP_SYN | SL_TCP_ACK, 0);
	nw_pass_s(w, 61);
	assert_int_equal(nw_state(w, CLIENT, 1000), SL_NAT_FREE);
	nw_open(w, CLIENT, 1000);
	client_sends(w, 1000, SL_TCP_FIN | SL_TCP_ACK);
	nw_pass_s(w, 119);
	assert_int_equal(nw_state(w, CLIENT, 1000), SL_NAT_FIN);
	nw_pass_s(w, 2);
	assert_int_equal(nw_state(w, CLIENT, 1000), SL_NAT_FREE);
	nw_open(w, CLIENT, 1000);
	client_sends(w, 1000, SL_TCP_RST);
	assert_int_equal(nw_state(w, CLIENT, 1000), SL_NAT_CLOSE);
	nw_pass_s(w, 11);
	assert_int_equal(nw_state(w, CLIENT, 1000), SL_NAT_FREE);
}

static void udp_times(void **state)
{
	struct nw *w = *state;
	struct seg s = {.src = CLIENT, .dst = VIP, .sport = 9, .dport = 53, .proto = IPPROTO_UDP};
	struct got seen;

	nw_send(w, &s);
	seen = nw_got(w, 0);
	for (int i = 0; i < 3; i++) {
		nw_pass_s(w, 29);
		nw_send(w, &s);
		assert_int_equal(nw_got(w, 0).sport, seen.sport);
	}
	nw_answer(w, &seen, 0, 1);
	nw_pass_s(w, 119);
	assert_int_equal(nw_state(w, CLIENT, 9), SL_NAT_UDP_STREAM);
	nw_pass_s(w, 2);
	assert_int_equal(nw_state(w, CLIENT, 9), SL_NAT_FREE);
	nw_send(w, &s);
	nw_pass_s(w, 31);
	assert_int_equal(nw_state(w, CLIENT, 9), SL_NAT_FREE);
}

static void configured_times(void **state)
{
	struct nw *w = *state;

	w->cfg.timeout_ms[SL_NAT_SYN_SENT] = 5000;
	w->cfg.timeout_ms[SL_NAT_ESTABLISHED] = 8000;
	nw_restart(w);
	nw_open(w, CLIENT, 1000);
	nw_syn(w, CLIENT, 1001);
	nw_pass_s(w, 6);
	assert_int_equal(nw_state(w, CLIENT, 1001), SL_NAT_FREE);
	assert_int_equal(nw_state(w, CLIENT, 1000), SL_NAT_ESTABLISHED);
	nw_pass_s(w, 3);
	assert_int_equal(nw_state(w, CLIENT, 1000), SL_NAT_FREE);
}

static void next_says_when(void **state)
{
	struct nw *w = *state;
	uint64_t now = w->fx->lc.now_us;

	assert_true(sl_nat_next(w->nat) == UINT64_MAX);
	nw_syn(w, CLIENT, 1000);
	assert_true(sl_nat_next(w->nat) <= now + 121000000);
}

static void a_repeated_syn_is_the_same_session(void **state)
{
	struct nw *w = *state;
	struct got a = nw_syn(w, CLIENT, 1000), b = nw_syn(w, CLIENT, 1000);

	assert_int_equal(a.sport, b.sport);
	assert_true(sl_ip_eq(&a.dst, &b.dst));
	assert_int_equal(sl_nat_count(w->nat), 1);
}

static void a_syn_after_the_end_is_a_new_session(void **state)
{
	struct nw *w = *state;
	struct got seen = nw_open(w, CLIENT, 1000), again;

	client_sends(w, 1000, SL_TCP_FIN | SL_TCP_ACK);
	nw_answer(w, &seen, SL_TCP_FIN | SL_TCP_ACK, 0);
	again = nw_syn(w, CLIENT, 1000);
	assert_int_not_equal(again.sport, seen.sport);
	assert_int_equal(nw_state(w, CLIENT, 1000), SL_NAT_SYN_SENT);
	assert_int_equal(sl_nat_count(w->nat), 1);
	/* And after a reset. */
	client_sends(w, 1000, SL_TCP_RST);
	seen = nw_syn(w, CLIENT, 1000);
	assert_int_not_equal(again.sport, seen.sport);
	assert_int_equal(sl_nat_count(w->nat), 1);
}

/* Whoever forges a reset that the endpoint ignores must not end the session either. */
static void a_forged_reset_does_not_end_a_connection(void **state)
{
	struct nw *w = *state;
	struct got seen = nw_open(w, CLIENT, 1000);

	client_sends(w, 1000, SL_TCP_RST);
	assert_int_equal(nw_state(w, CLIENT, 1000), SL_NAT_CLOSE);
	nw_pass_s(w, 5);
	nw_answer(w, &seen, SL_TCP_ACK, 100);
	nw_only(w, 0, VIP, 80, CLIENT, 1000);
	assert_int_equal(nw_state(w, CLIENT, 1000), SL_NAT_ESTABLISHED);
	nw_pass_s(w, 1000);
	assert_int_equal(nw_state(w, CLIENT, 1000), SL_NAT_ESTABLISHED);
}

static void every_session_has_its_own_port(void **state)
{
	struct nw *w = *state;
	static uint8_t used[2][65536];

	memset(used, 0, sizeof(used));
	for (uint16_t i = 0; i < 60; i++) {
		struct got g = nw_syn(w, i & 1 ? CLIENT : CLIENT2, (uint16_t)(1000 + i / 2));
		int web = g.dst.b[15] == 12;

		assert_false(used[web][g.sport]);
		used[web][g.sport] = 1;
	}
	assert_int_equal(sl_nat_count(w->nat), 60);
}

static void be_worker(struct nw *w, uint16_t index, uint16_t workers)
{
	w->fx->lc.index = index;
	w->fx->lc.workers = workers;
}

static void ports_say_whose_worker(void **state)
{
	struct nw *w = *state;

	for (uint16_t workers = 1; workers <= 7; workers++)
		for (uint16_t index = 0; index < workers; index++) {
			be_worker(w, index, workers);
			nw_restart(w);
			for (uint16_t i = 0; i < 5; i++) {
				struct got g = nw_syn(w, CLIENT, (uint16_t)(1000 + i));
				struct sl_tuple t = {g.dst, g.src, g.dport, g.sport, IPPROTO_TCP};

				assert_int_equal(sl_steer_owner(&t, true, workers), index);
				assert_in_range(g.sport, SL_NAT_PORT_FIRST,
						SL_NAT_PORT_FIRST + SL_NAT_PORTS - 1);
			}
		}
	be_worker(w, 0, 1);
}

/*
 * An endpoint that sees the client's own address answers to it, so that the client it sees decides:
 * also where its port is another one, being in use towards that endpoint by the client itself.
 */
static void kept_clients_say_whose_worker(void **state)
{
	struct nw *w = *state;
	unsigned changed = 0;

	for (uint16_t workers = 2; workers <= 7; workers++) {
		for (uint16_t i = 0; i < 100; i++) {
			struct sl_ip client = fx_ip(CLIENT);
			uint16_t port = (uint16_t)(1000 + i);
			uint16_t owner = sl_steer_slot(&client, port) % workers;

			be_worker(w, owner, workers);
			nw_restart(w);
			for (uint16_t service = 53; service <= 54; service++) {
				struct seg s = {.src = CLIENT,
						.dst = KEPT,
						.sport = port,
						.dport = service,
						.proto = IPPROTO_UDP};
				struct got seen;

				nw_send(w, &s);
				assert_int_equal(w->fx->n_out, 1);
				seen = nw_got(w, 0);
				assert_true(sl_ip_eq(&seen.src, &client));
				assert_int_equal(sl_steer_slot(&seen.src, seen.sport) % workers,
						 owner);
				changed += seen.sport != port;
				nw_answer(w, &seen, 0, 1);
				nw_only(w, 0, KEPT, service, CLIENT, port);
			}
		}
	}
	assert_int_equal(changed, 600);
	be_worker(w, 0, 1);
}

static void ports_of_one_endpoint_run_out(void **state)
{
	struct nw *w = *state;
	struct seg s = {.src = CLIENT, .dst = VIP, .dport = 53, .proto = IPPROTO_UDP};

	/* Four ports for this worker. */
	be_worker(w, 17, 4096);
	nw_restart(w);
	for (uint16_t i = 0; i < 4; i++) {
		struct got seen;

		s.sport = (uint16_t)(100 + i);
		nw_send(w, &s);
		assert_int_equal(w->fx->n_out, 1);
		seen = nw_got(w, 0);
		nw_answer(w, &seen, 0, 1);
		assert_int_equal(w->fx->n_out, 1);
	}
	s.sport = 200;
	nw_send(w, &s);
	nw_nothing(w);
	assert_int_equal(nw_drops(w, SL_DROP_NAT_NO_PORT), 1);
	/* They are only in use towards that endpoint, and free again when sessions end. */
	nw_syn(w, CLIENT, 1000);
	be_worker(w, 0, 1);
	nw_pass_s(w, 121);
	be_worker(w, 17, 4096);
	nw_send(w, &s);
	assert_int_equal(w->fx->n_out, 1);
	be_worker(w, 0, 1);
}

/* Both sides close; who first? The client's sequence numbers are 101 and, behind its FIN, 102. */
static struct got closed(struct nw *w, uint16_t cport, bool client_first)
{
	struct got seen = nw_open(w, CLIENT, cport);
	struct seg fin = {.src = CLIENT,
			  .dst = VIP,
			  .sport = cport,
			  .dport = 80,
			  .flags = SL_TCP_FIN | SL_TCP_ACK,
			  .seq = 101,
			  .ack = 501};

	if (client_first)
		nw_send(w, &fin);
	/* What an endpoint acknowledges is one more than this. */
	seen.seq = client_first ? 101 : 100;
	nw_answer(w, &seen, SL_TCP_FIN | SL_TCP_ACK, 0);
	if (!client_first)
		nw_send(w, &fin);
	assert_int_equal(nw_state(w, CLIENT, cport), SL_NAT_TIME_WAIT);
	return seen;
}

static void one_endpoint_of_four_ports(struct nw *w)
{
	w->model->clusters[0].n_endpoints = 1;
	nw_epoch(w);
	be_worker(w, 17, 4096);
	nw_restart(w);
}

/* A port whose endpoint holds nothing any more serves again before its session's time is up. */
static void ended_sessions_give_up_their_ports(void **state)
{
	struct nw *w = *state;

	one_endpoint_of_four_ports(w);
	for (uint16_t i = 0; i < 4; i++)
		closed(w, (uint16_t)(1000 + i), true);
	client_sends(w, 2000, SL_TCP_SYN);
	nw_nothing(w);
	be_worker(w, 0, 1);
	nw_pass_s(w, 2);
	be_worker(w, 17, 4096);
	nw_syn(w, CLIENT, 2000);
	assert_int_equal(sl_nat_count(w->nat), 4);
	be_worker(w, 0, 1);
}

/* An endpoint that is in TIME-WAIT would not take a new client's SYN: it is told to forget. */
static void a_port_is_cleared_before_it_is_used_again(void **state)
{
	struct nw *w = *state;
	struct got rst, syn;

	one_endpoint_of_four_ports(w);
	for (uint16_t i = 0; i < 4; i++)
		closed(w, (uint16_t)(1000 + i), false);
	be_worker(w, 0, 1);
	nw_pass_s(w, 2);
	be_worker(w, 17, 4096);
	client_sends(w, 2000, SL_TCP_SYN);
	assert_int_equal(w->fx->n_out, 2);
	rst = nw_got(w, 0);
	syn = nw_got(w, 1);
	assert_int_equal(rst.flags, SL_TCP_RST);
	assert_int_equal(rst.seq, 102);
	assert_int_equal(syn.flags, SL_TCP_SYN);
	assert_true(rst.sport == syn.sport && rst.dport == syn.dport);
	assert_true(sl_ip_eq(&rst.dst, &syn.dst) && sl_ip_eq(&rst.src, &syn.src));
	be_worker(w, 0, 1);
}

static void unanswered_sessions_give_up_their_ports(void **state)
{
	struct nw *w = *state;
	struct seg s = {.src = CLIENT, .dst = VIP, .dport = 53, .proto = IPPROTO_UDP};
	struct got seen;

	be_worker(w, 17, 4096);
	nw_restart(w);
	s.sport = 99;
	nw_send(w, &s);
	seen = nw_got(w, 0);
	nw_answer(w, &seen, 0, 1);
	for (uint16_t i = 0; i < 20; i++) {
		s.sport = (uint16_t)(100 + i);
		nw_send(w, &s);
		assert_int_equal(w->fx->n_out, 1);
	}
	assert_int_equal(nw_drops(w, SL_DROP_NAT_NO_PORT), 0);
	assert_int_equal(w->fx->lc.stats.c->nat_evicted, 17);
	assert_int_equal(sl_nat_count(w->nat), 4);
	/* The one that was answered has its port still. */
	assert_int_equal(nw_state(w, CLIENT, 99), SL_NAT_UDP_STREAM);
	nw_answer(w, &seen, 0, 1);
	nw_only(w, 0, VIP, 53, CLIENT, 99);
	be_worker(w, 0, 1);
}

static void a_full_table_evicts_what_nobody_answered(void **state)
{
	struct nw *w = *state;

	nw_open(w, CLIENT, 999);
	for (uint16_t i = 0; i < 63; i++)
		nw_syn(w, CLIENT2, (uint16_t)(1000 + i));
	assert_int_equal(sl_nat_count(w->nat), 64);
	nw_syn(w, CLIENT2, 3000);
	assert_int_equal(sl_nat_count(w->nat), 64);
	/* The oldest of them is gone, the connection is not. */
	assert_int_equal(nw_state(w, CLIENT2, 1000), SL_NAT_FREE);
	assert_int_equal(nw_state(w, CLIENT2, 1001), SL_NAT_SYN_SENT);
	assert_int_equal(nw_state(w, CLIENT, 999), SL_NAT_ESTABLISHED);
	for (uint16_t i = 0; i < 500; i++)
		nw_syn(w, CLIENT2, (uint16_t)(4000 + i));
	assert_int_equal(nw_state(w, CLIENT, 999), SL_NAT_ESTABLISHED);
	assert_int_equal(sl_nat_count(w->nat), 64);
}

static void a_table_full_of_connections_takes_no_more(void **state)
{
	struct nw *w = *state;

	for (uint16_t i = 0; i < 64; i++)
		nw_open(w, CLIENT, (uint16_t)(1000 + i));
	client_sends(w, 3000, SL_TCP_SYN);
	nw_nothing(w);
	assert_int_equal(nw_drops(w, SL_DROP_NAT_TABLE_FULL), 1);
	for (uint16_t i = 0; i < 64; i++)
		assert_int_equal(nw_state(w, CLIENT, (uint16_t)(1000 + i)), SL_NAT_ESTABLISHED);
}

static void the_least_loaded_endpoint_is_chosen(void **state)
{
	struct nw *w = *state;

	w->model->clusters[0].lb = SL_LB_LEAST_REQUEST;
	nw_epoch(w);
	for (uint16_t i = 0; i < 40; i++)
		nw_syn(w, CLIENT, (uint16_t)(1000 + i));
	/* Of two endpoints both are looked at each time. */
	assert_int_equal(sessions_of(w, 0), 20);
	assert_int_equal(sessions_of(w, 1), 20);
	nw_pass_s(w, 121);
	assert_int_equal(sessions_of(w, 0), 0);
	assert_int_equal(sessions_of(w, 1), 0);
}

static void random_endpoints_by_weight(void **state)
{
	struct nw *w = *state;
	unsigned first = 0;

	w->model->clusters[0].lb = SL_LB_RANDOM;
	w->model->clusters[0].endpoints[0].weight = 9;
	nw_epoch(w);
	for (uint16_t i = 0; i < 2000; i++)
		first += nw_syn(w, CLIENT, (uint16_t)(1000 + i)).dst.b[15] == 11;
	assert_in_range(first, 1700, 1900);
}

static void mixed_families(void **state)
{
	struct nw *w = *state;
	struct sl_model_cluster *c = &w->model->clusters[0];

	/* One endpoint of each family: IPv4 clients get the one they can speak to. */
	assert_int_equal(sl_ip_port_parse("[" WEB6 "]:8080", &c->endpoints[0].addr, NULL), 0);
	nw_epoch(w);
	for (uint16_t i = 0; i < 10; i++) {
		nw_syn(w, CLIENT, (uint16_t)(1000 + i));
		nw_only(w, 1, OWN, 0, WEB2, 8080);
	}
}

static void an_endpoint_without_a_route(void **state)
{
	struct nw *w = *state;
	struct seg s = {.src = CLIENT6, .dst = VIP6, .sport = 7, .dport = 80, .flags = SL_TCP_SYN};

	assert_int_equal(sl_ip_port_parse("[2001:db8:ffff::1]:80",
					  &w->model->clusters[2].endpoints[0].addr, NULL),
			 0);
	nw_epoch(w);
	nw_send(w, &s);
	nw_nothing(w);
	assert_int_equal(nw_drops(w, SL_DROP_IP_NO_ROUTE), 1);
}

/* ---- new configurations ---- */

static void sessions_outlive_an_unrelated_change(void **state)
{
	struct nw *w = *state;
	struct got seen = nw_open(w, CLIENT, 1000);

	sl_model_cluster_add(w->model, "another");
	nw_epoch(w);
	client_sends(w, 1000, SL_TCP_ACK);
	assert_int_equal(nw_got(w, 0).sport, seen.sport);
	nw_answer(w, &seen, SL_TCP_ACK, 5);
	nw_only(w, 0, VIP, 80, CLIENT, 1000);
	assert_int_equal(sessions_of(w, 0) + sessions_of(w, 1), 1);
}

static void an_endpoint_that_is_gone_loses_its_connections(void **state)
{
	struct nw *w = *state;
	struct got seen = nw_open(w, CLIENT, 1000);
	struct sl_model_cluster *c = &w->model->clusters[0];
	int gone = seen.dst.b[15] == 11 ? 0 : 1;

	assert_int_equal(sl_ip_port_parse("10.10.0.99:8080", &c->endpoints[gone].addr, NULL), 0);
	nw_epoch(w);
	client_sends(w, 1000, SL_TCP_ACK);
	assert_int_equal(nw_only(w, 0, VIP, 80, CLIENT, 1000).flags, SL_TCP_RST);
	assert_int_equal(nw_drops(w, SL_DROP_NAT_NOT_OPENING), 1);
	assert_int_equal(sl_nat_count(w->nat), 0);
}

static void a_failed_endpoint_keeps_connections_but_not_datagrams(void **state)
{
	struct nw *w = *state;
	struct seg s = {.src = CLIENT, .dst = VIP, .sport = 9, .dport = 53, .proto = IPPROTO_UDP};
	struct got seen = nw_open(w, CLIENT, 1000);
	struct sl_model_endpoint *e;

	nw_send(w, &s);
	e = sl_model_endpoint_add(&w->model->clusters[1]);
	assert_int_equal(sl_ip_port_parse(WEB2 ":53", &e->addr, NULL), 0);
	w->model->clusters[1].endpoints[0].health = SL_UNHEALTHY;
	w->model->clusters[0].endpoints[0].health = SL_UNHEALTHY;
	w->model->clusters[0].endpoints[1].health = SL_DRAINING;
	nw_epoch(w);
	client_sends(w, 1000, SL_TCP_ACK);
	assert_int_equal(nw_got(w, 0).sport, seen.sport);
	nw_send(w, &s);
	nw_only(w, 1, OWN, 0, WEB2, 53);
	/* Nothing new goes to either. */
	client_sends(w, 1001, SL_TCP_SYN);
	assert_int_equal(nw_only(w, 0, VIP, 80, CLIENT, 1001).flags, SL_TCP_RST | SL_TCP_ACK);
}

static void a_service_that_lost_its_cluster_refuses(void **state)
{
	struct nw *w = *state;

	nw_open(w, CLIENT, 1000);
	sl_model_set(&w->model->services[0].cluster, "");
	nw_epoch(w);
	client_sends(w, 1000, SL_TCP_ACK);
	assert_int_equal(nw_only(w, 0, VIP, 80, CLIENT, 1000).flags, SL_TCP_RST);
	assert_int_equal(nw_drops(w, SL_DROP_NAT_NO_ENDPOINT), 1);
	assert_int_equal(sl_nat_count(w->nat), 0);
}

static void a_service_on_a_port_of_ours(void **state)
{
	struct nw *w = *state;
	struct seg s = from_client(CLIENT, 1000, SL_TCP_SYN);
	struct got seen;

	s.dst = "192.0.2.1";
	w->model->services[2].port = 45000;
	w->model->services[4].port = 60000;
	nw_epoch(w);
	s.dport = 45000;
	nw_send(w, &s);
	seen = nw_got(w, 0);
	assert_int_equal(seen.dport, 8080);
	nw_answer(w, &seen, SL_TCP_SYN | SL_TCP_ACK, 0);
	nw_only(w, 0, "192.0.2.1", 45000, CLIENT, 1000);
	s.dport = 60000;
	nw_send(w, &s);
	assert_int_equal(w->left, 1);
	assert_int_equal(w->last_left.service_hit, 1);
	w->model->listeners[0].port = 45001;
	nw_epoch(w);
	s.dport = 45001;
	nw_send(w, &s);
	assert_int_equal(w->left, 1);
}

static void statistics(void **state)
{
	struct nw *w = *state;
	struct got seen = nw_open(w, CLIENT, 1000);
	const struct sl_stats_service *st =
		&w->fx->lc.stats.service[sl_snap_service(w->snap, 0)->slot.index];

	nw_answer(w, &seen, SL_TCP_ACK, 100);
	assert_int_equal(st->sessions_total, 1);
	assert_int_equal(st->sessions, 1);
	assert_int_equal(st->in_pkts, 2);
	assert_int_equal(st->in_bytes, 2 * 44);
	assert_int_equal(st->out_pkts, 2);
	assert_int_equal(st->out_bytes, 2 * 44 + 100);
	assert_int_equal(sessions_of(w, 0) + sessions_of(w, 1), 1);
	assert_int_equal(w->fx->lc.stats.c->nat_sessions, 1);
	client_sends(w, 1000, SL_TCP_RST);
	nw_pass_s(w, 11);
	assert_int_equal(st->sessions, 0);
	assert_int_equal(st->sessions_total, 1);
	assert_int_equal(sessions_of(w, 0) + sessions_of(w, 1), 0);
}

static void bad_configurations(void **state)
{
	struct nw *w = *state;
	struct sl_nat_config cfg = w->cfg;
	struct sl_err err = {""};
	struct sl_nat *nat;

	cfg.rows_max = 0;
	assert_int_equal(sl_nat_create(&nat, &w->fx->lc, w->fx->net, w->fx->nl, &cfg, &err),
			 -EINVAL);
	cfg.rows_max = 63;
	assert_int_equal(sl_nat_create(&nat, &w->fx->lc, w->fx->net, w->fx->nl, &cfg, &err),
			 -EINVAL);
	cfg = w->cfg;
	cfg.rows = NULL;
	assert_int_equal(sl_nat_create(&nat, &w->fx->lc, w->fx->net, w->fx->nl, &cfg, &err),
			 -EINVAL);
	assert_null(nat);
	assert_true(err.text[0] != '\0');
	sl_nat_free(NULL);
}

static void names_of_states(void **state)
{
	assert_string_equal(sl_nat_state_name(SL_NAT_ESTABLISHED), "ESTABLISHED");
	for (uint8_t i = 0; i < SL_NAT_STATES; i++)
		assert_string_not_equal(sl_nat_state_name(i), "?");
	assert_string_equal(sl_nat_state_name(SL_NAT_STATES), "?");
}

/* ---- soak: random packets of random flows against a simple translator ---- */

#define FLOWS 200

struct flow {
	bool open, stream;
	uint16_t sport;
	struct got seen; /* at the endpoint */
};

static uint64_t seed;

static uint32_t rnd(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

static void soak_step(struct nw *w, struct flow *flows)
{
	uint32_t i = rnd(FLOWS), len = rnd(1200);
	struct flow *f = &flows[i];
	struct seg s = {.src = i & 1 ? CLIENT : CLIENT2,
			.dst = VIP,
			.sport = (uint16_t)(1000 + i / 2),
			.dport = 53,
			.proto = IPPROTO_UDP,
			.len = len};

	if (!f->open || rnd(2)) {
		struct got g;

		nw_send(w, &s);
		g = nw_only(w, 1, OWN, 0, DNS, 53);
		assert_int_equal(g.len, len);
		if (f->open)
			assert_int_equal(g.sport, f->seen.sport);
		for (uint32_t k = 0; k < FLOWS; k++)
			assert_false(k != i && flows[k].open && flows[k].seen.sport == g.sport);
		f->open = true;
		f->seen = g;
		return;
	}
	nw_answer(w, &f->seen, 0, len);
	assert_int_equal(nw_only(w, 0, VIP, 53, s.src, s.sport).len, len);
}

static uint32_t open_flows(const struct flow *flows)
{
	uint32_t n = 0;

	for (int i = 0; i < FLOWS; i++)
		n += flows[i].open;
	return n;
}

static void random_packets_of_random_flows(void **state)
{
	struct nw *w = nw_start(256);
	const char *given = getenv("SL_SEED");
	static struct flow flows[FLOWS];

	seed = given ? strtoull(given, NULL, 10) : sl_wall_us();
	print_message("seed %llu\n", (unsigned long long)seed);
	memset(flows, 0, sizeof(flows));
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 2000; i++)
			soak_step(w, flows);
		assert_int_equal(sl_nat_count(w->nat), open_flows(flows));
		if (round % 3 == 1)
			nw_restart(w);
		if (round % 3 == 2) {
			nw_pass_s(w, 130);
			assert_int_equal(sl_nat_count(w->nat), 0);
			memset(flows, 0, sizeof(flows));
		}
	}
	nw_stop(w);
	(void)state;
}

/* Unanswered sessions beyond a quarter of the table are given up after seconds; others stay. */
static void a_flood_is_over_soon(void **state)
{
	struct nw *w = *state;

	nw_open(w, CLIENT2, 7);
	for (uint16_t i = 0; i < 60; i++)
		nw_syn(w, CLIENT, (uint16_t)(1000 + i));
	assert_int_equal(sl_nat_count(w->nat), 61);
	nw_pass_s(w, 2);
	assert_int_equal(sl_nat_count(w->nat), 61);
	nw_pass_s(w, 2);
	assert_int_equal(sl_nat_count(w->nat), 17);
	assert_int_equal(w->fx->lc.stats.c->nat_evicted, 44);
	assert_int_equal(nw_state(w, CLIENT2, 7), SL_NAT_ESTABLISHED);
	/* The newest are still waited for. */
	assert_int_equal(nw_state(w, CLIENT, 1059), SL_NAT_SYN_SENT);
	nw_pass_s(w, 130);
	assert_int_equal(sl_nat_count(w->nat), 1);
}

int main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, nw_setup, nw_teardown)
	const struct CMUnitTest tests[] = {
		CASE(a_flood_is_over_soon),
		CASE(the_life_of_a_connection),
		CASE(times_of_each_state),
		CASE(udp_times),
		CASE(configured_times),
		CASE(next_says_when),
		CASE(a_repeated_syn_is_the_same_session),
		CASE(a_syn_after_the_end_is_a_new_session),
		CASE(a_forged_reset_does_not_end_a_connection),
		CASE(every_session_has_its_own_port),
		CASE(ports_say_whose_worker),
		CASE(kept_clients_say_whose_worker),
		CASE(ports_of_one_endpoint_run_out),
		CASE(unanswered_sessions_give_up_their_ports),
		CASE(ended_sessions_give_up_their_ports),
		CASE(a_port_is_cleared_before_it_is_used_again),
		CASE(a_full_table_evicts_what_nobody_answered),
		CASE(a_table_full_of_connections_takes_no_more),
		CASE(the_least_loaded_endpoint_is_chosen),
		CASE(random_endpoints_by_weight),
		CASE(mixed_families),
		CASE(an_endpoint_without_a_route),
		CASE(sessions_outlive_an_unrelated_change),
		CASE(an_endpoint_that_is_gone_loses_its_connections),
		CASE(a_failed_endpoint_keeps_connections_but_not_datagrams),
		CASE(a_service_that_lost_its_cluster_refuses),
		CASE(a_service_on_a_port_of_ours),
		CASE(statistics),
		CASE(bad_configurations),
		CASE(names_of_states),
		cmocka_unit_test(random_packets_of_random_flows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
