/* SPDX-License-Identifier: BSD-3-Clause */
/* Access list, limits of clients and services, denied clients, ports that rest, more addresses. */
#include <stdlib.h>

#include "nat_world.h"

static struct sl_prefix prefix(const char *text)
{
	struct sl_prefix p;

	assert_int_equal(sl_prefix_parse(text, &p, NULL), 0);
	return p;
}

/* The world anew, with this configuration. */
static void configure(struct nw *w, const struct sl_nat_config *cfg)
{
	void *rows = w->cfg.rows;

	w->cfg.guard = cfg->guard;
	memcpy(w->cfg.snat, cfg->snat, sizeof(w->cfg.snat));
	w->cfg.n_snat = cfg->n_snat;
	w->cfg.rows = calloc(1, sl_flows_size(w->cfg.rows_max, cfg->guard.clients_max));
	nw_restart(w);
	free(rows);
}

static void send_to(struct nw *w, const char *client, const char *dst, uint16_t sport,
		    uint16_t dport, uint8_t proto)
{
	struct seg s = {.src = client,
			.dst = dst,
			.sport = sport,
			.dport = dport,
			.proto = proto,
			.flags = SL_TCP_SYN};

	nw_send(w, &s);
}

static void the_first_rule_that_fits_decides(void **state)
{
	const struct sl_nat_rule rules[] = {
		{.from = prefix("192.0.2.11"), .port_last = 65535, .allow = true},
		{.from = prefix("192.0.2.0/24"),
		 .to = prefix(VIP),
		 .port_first = 80,
		 .port_last = 90,
		 .proto = IPPROTO_TCP},
		{.from = prefix("2001:db8:1::/64"), .port_last = 65535}};
	const struct sl_nat_config cfg = {.guard = {.rule = rules, .n_rules = 3}};
	struct nw *w = *state;

	configure(w, &cfg);
	send_to(w, CLIENT2, VIP, 1000, 80, 0);
	assert_int_equal(w->fx->n_out, 1);
	send_to(w, CLIENT, VIP, 1000, 80, 0);
	nw_nothing(w);
	assert_int_equal(nw_drops(w, SL_DROP_ACL), 1);
	send_to(w, CLIENT, VIP, 1000, 53, IPPROTO_UDP);
	assert_int_equal(w->fx->n_out, 1);
	send_to(w, CLIENT, "192.0.2.1", 1000, 30080, 0);
	assert_int_equal(w->fx->n_out, 1);
	send_to(w, CLIENT6, VIP6, 1000, 80, 0);
	nw_nothing(w);
	assert_int_equal(nw_drops(w, SL_DROP_ACL), 2);
}

/* Connections of our own listeners are refused as well, and only what opens one. */
static void the_list_guards_listeners(void **state)
{
	const struct sl_nat_rule rules[] = {{.from = prefix(CLIENT), .port_last = 65535}};
	const struct sl_nat_config cfg = {.guard = {.rule = rules, .n_rules = 1}};
	struct nw *w = *state;
	struct seg s = {.src = CLIENT, .dst = LISTENER, .sport = 1000, .dport = 80};

	configure(w, &cfg);
	send_to(w, CLIENT, LISTENER, 1000, 80, 0);
	nw_nothing(w);
	s.flags = SL_TCP_ACK;
	nw_send(w, &s);
	assert_int_equal(w->left, 1);
	send_to(w, CLIENT2, LISTENER, 1000, 80, 0);
	assert_int_equal(w->left, 1);
}

static void sessions_of_a_client(void **state)
{
	const struct sl_nat_config cfg = {.guard = {.client_sessions = 3, .clients_max = 8}};
	struct nw *w = *state;
	struct seg rst = {
		.src = CLIENT, .dst = VIP, .sport = 1000, .dport = 80, .flags = SL_TCP_RST};

	configure(w, &cfg);
	for (uint16_t i = 0; i < 5; i++)
		send_to(w, CLIENT, VIP, (uint16_t)(1000 + i), 80, 0);
	assert_int_equal(sl_nat_count(w->nat), 3);
	assert_int_equal(nw_drops(w, SL_DROP_NAT_CLIENT_LIMIT), 2);
	nw_syn(w, CLIENT2, 1000);
	/* Sessions that are there go on, and one that ends makes room. */
	nw_syn(w, CLIENT, 1001);
	nw_send(w, &rst);
	nw_pass_s(w, 11);
	nw_syn(w, CLIENT, 1009);
	assert_int_equal(sl_nat_count(w->nat), 4);
	/* Counted again by another process. */
	nw_restart(w);
	send_to(w, CLIENT, VIP, 1010, 80, 0);
	nw_nothing(w);
	assert_int_equal(nw_drops(w, SL_DROP_NAT_CLIENT_LIMIT), 3);
}

static void new_sessions_a_second(void **state)
{
	const struct sl_nat_config cfg = {.guard = {.client_new_per_s = 5, .clients_max = 8}};
	struct nw *w = *state;

	configure(w, &cfg);
	for (uint16_t i = 0; i < 8; i++)
		send_to(w, CLIENT, VIP, (uint16_t)(1000 + i), 80, 0);
	assert_int_equal(sl_nat_count(w->nat), 5);
	w->fx->lc.now_us += 400000;
	for (uint16_t i = 0; i < 8; i++)
		send_to(w, CLIENT, VIP, (uint16_t)(2000 + i), 80, 0);
	assert_int_equal(sl_nat_count(w->nat), 7);
	nw_syn(w, CLIENT2, 1);
	assert_int_equal(nw_drops(w, SL_DROP_NAT_CLIENT_LIMIT), 9);
}

static void a_client_that_goes_on_is_denied_for_a_while(void **state)
{
	const struct sl_nat_config cfg = {.guard = {.client_new_per_s = 2,
						    .clients_max = 8,
						    .deny_after = 5,
						    .deny_ms = 10000}};
	const struct sl_flow_client *c;
	struct nw *w = *state;

	configure(w, &cfg);
	for (uint16_t i = 0; i < 10; i++)
		send_to(w, CLIENT, VIP, (uint16_t)(1000 + i), 80, 0);
	assert_int_equal(nw_drops(w, SL_DROP_NAT_CLIENT_LIMIT), 5);
	assert_int_equal(nw_drops(w, SL_DROP_NAT_DENIED), 3);
	assert_int_equal(w->fx->lc.stats.c->nat_denied, 1);
	c = (const void *)((const char *)w->cfg.rows + sl_flows_size(w->cfg.rows_max, 0));
	assert_int_equal(c->refused, 8);
	nw_pass_s(w, 5);
	send_to(w, CLIENT, VIP, 1100, 80, 0);
	nw_nothing(w);
	nw_syn(w, CLIENT2, 1);
	nw_pass_s(w, 6);
	nw_syn(w, CLIENT, 1101);
}

/* A second's worth at once, then at the rate; also packets of sessions that are there. */
static void packets_a_second(void **state)
{
	const struct sl_nat_config cfg = {.guard = {.client_pkts_per_s = 10, .clients_max = 8}};
	struct nw *w = *state;

	configure(w, &cfg);
	for (uint16_t i = 0; i < 25; i++)
		send_to(w, CLIENT, VIP, 1000, 53, IPPROTO_UDP);
	assert_int_equal(nw_drops(w, SL_DROP_NAT_CLIENT_RATE), 15);
	w->fx->lc.now_us += 300000;
	for (uint16_t i = 0; i < 5; i++)
		send_to(w, CLIENT, VIP, 1000, 53, IPPROTO_UDP);
	assert_int_equal(nw_drops(w, SL_DROP_NAT_CLIENT_RATE), 17);
	send_to(w, CLIENT2, VIP, 1000, 53, IPPROTO_UDP);
	assert_int_equal(w->fx->n_out, 1);
	/* Whatever the time in between, it is counted anew. */
	for (uint64_t s = 1; s < 1000; s += 7) {
		w->fx->lc.now_us += s * 1000000;
		send_to(w, CLIENT, VIP, 1000, 53, IPPROTO_UDP);
		assert_int_equal(nw_drops(w, SL_DROP_NAT_CLIENT_RATE), 17);
	}
}

static void ports_that_run_out_are_announced(void **state)
{
	const struct sl_stats_counters *c;
	struct nw *w = nw_start(32768);
	uint32_t n = 0;

	c = w->fx->lc.stats.c;
	for (uint32_t i = 0; i < SL_NAT_PORTS; i++) {
		send_to(w, CLIENT, VIP, (uint16_t)(1 + i), 53, IPPROTO_UDP);
		n += w->fx->n_out;
		assert_int_equal(c->nat_ports_low, n > SL_NAT_PORTS * 4 / 5);
	}
	assert_true(n > SL_NAT_PORTS * 9 / 10);
	assert_int_equal(c->nat_ports_scarce, n - SL_NAT_PORTS * 4 / 5);
	nw_pass_s(w, 40);
	for (int i = 0; i < 1000; i++)
		sl_nat_timers(w->nat);
	assert_int_equal(sl_nat_count(w->nat), 0);
	assert_int_equal(c->nat_ports_low, 0);
	nw_stop(w);
}

static void sessions_of_a_service(void **state)
{
	const struct sl_nat_config cfg = {.guard = {.service_sessions = 4}};
	struct nw *w = *state;

	configure(w, &cfg);
	for (uint16_t i = 0; i < 6; i++)
		send_to(w, i % 2 ? CLIENT : CLIENT2, VIP, (uint16_t)(1000 + i), 80, 0);
	assert_int_equal(sl_nat_count(w->nat), 4);
	assert_int_equal(nw_drops(w, SL_DROP_NAT_SERVICE_LIMIT), 2);
	send_to(w, CLIENT, VIP, 1000, 53, IPPROTO_UDP);
	assert_int_equal(w->fx->n_out, 1);
}

/* Spoofed sources: the table of clients is full of them, and nobody is worse off. */
static void more_clients_than_are_counted(void **state)
{
	const struct sl_nat_config cfg = {
		.guard = {.client_sessions = 1, .client_new_per_s = 1, .clients_max = 4}};
	struct nw *w = *state;
	char client[32];

	configure(w, &cfg);
	for (int i = 0; i < 40; i++) {
		snprintf(client, sizeof(client), "198.51.100.%d", i);
		send_to(w, client, VIP, 1000, 80, 0);
		assert_int_equal(w->fx->n_out, 1);
	}
	assert_int_equal(sl_nat_count(w->nat), 40);
	nw_pass_s(w, 130);
	assert_int_equal(sl_nat_count(w->nat), 0);
	nw_syn(w, CLIENT, 1);
	send_to(w, CLIENT, VIP, 2, 80, 0);
	assert_int_equal(nw_drops(w, SL_DROP_NAT_CLIENT_LIMIT), 1);
}

/* The port of a connection that the endpoint may still hold is not used towards it for a minute. */
static void a_port_rests(void **state)
{
	struct nw *w = *state;
	struct sl_flows_hdr *h = w->cfg.rows;
	uint64_t before;

	nw_open(w, CLIENT, 1000);
	nw_open(w, CLIENT, 1001);
	h->kill_asked++;
	while (sl_nat_orders(w->nat))
		;
	assert_int_equal(sl_nat_count(w->nat), 0);
	/* All of the range is asked for once, from either endpoint. */
	for (uint32_t i = 0; i < 2 * SL_NAT_PORTS; i++) {
		nw_syn(w, CLIENT, (uint16_t)(2000 + i % 40));
		h->kill_asked++;
		while (sl_nat_orders(w->nat))
			;
	}
	assert_in_range(w->fx->lc.stats.c->nat_port_resting, 1, 8);
	before = w->fx->lc.stats.c->nat_port_resting;
	nw_pass_s(w, 65);
	for (uint32_t i = 0; i < 2 * SL_NAT_PORTS; i++) {
		nw_syn(w, CLIENT, (uint16_t)(2000 + i % 40));
		h->kill_asked++;
		while (sl_nat_orders(w->nat))
			;
	}
	assert_int_equal(w->fx->lc.stats.c->nat_port_resting, before);
}

static void another_address_when_ports_are_used_up(void **state)
{
	/* The address on the other side is one of the box as well. */
	const struct sl_nat_config cfg = {.snat = {fx_ip("192.0.2.1")}, .n_snat = 1};
	struct nw *w = nw_start_with(65536, sl_model_create(), &cfg);
	struct sl_model *m = w->model;
	struct sl_model_cluster *c = sl_model_cluster_add(m, "one");
	struct sl_model_endpoint *e = sl_model_endpoint_add(c);
	struct sl_model_service *s = sl_model_service_add(m, "s");
	unsigned first = 0, second = 0;

	e->addr = (struct sl_ip_port){fx_ip(DNS), 53};
	s->ip = fx_ip(VIP);
	s->port = 53;
	s->proto = IPPROTO_UDP;
	sl_model_set(&s->cluster, "one");
	nw_epoch(w);
	for (uint32_t i = 0; i < 20000; i++) {
		struct got g;

		send_to(w, i % 2 ? CLIENT : CLIENT2, VIP, (uint16_t)(1000 + i / 2), 53,
			IPPROTO_UDP);
		assert_int_equal(w->fx->n_out, 1);
		g = nw_got(w, 0);
		first += g.src.b[12] == 10;
		second += g.src.b[12] == 192;
	}
	assert_int_equal(first + second, 20000);
	assert_in_range(first, 16000, SL_NAT_PORTS);
	/* The counter tells before it hurts. */
	assert_true(w->fx->lc.stats.c->nat_port_busy > 16384);
	assert_int_equal(nw_drops(w, SL_DROP_NAT_NO_PORT), 0);
	nw_stop(w);
}

int main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, nw_setup, nw_teardown)
	const struct CMUnitTest tests[] = {
		CASE(the_first_rule_that_fits_decides),
		CASE(the_list_guards_listeners),
		CASE(sessions_of_a_client),
		CASE(new_sessions_a_second),
		CASE(a_client_that_goes_on_is_denied_for_a_while),
		CASE(packets_a_second),
		CASE(sessions_of_a_service),
		CASE(more_clients_than_are_counted),
		CASE(a_port_rests),
		cmocka_unit_test(ports_that_run_out_are_announced),
		cmocka_unit_test(another_address_when_ports_are_used_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
