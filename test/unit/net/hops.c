/* SPDX-License-Identifier: BSD-3-Clause */
/* Several next hops of one prefix: flows spread, kept together, and led past what is silent. */
#include "fixture.h"

#define FLOWS 64u

static struct buf f;

/* Which next hop each flow takes: the last byte of the MAC it was sent to. */
static void send_flows(struct fx *fx, uint8_t hop[FLOWS], uint16_t len)
{
	fx_clear(fx);
	for (uint16_t i = 0; i < FLOWS; i++) {
		struct rte_mbuf *m = fx_packet(fx, "192.0.2.1", "198.51.100.7", len, true);
		uint8_t *udp = rte_pktmbuf_mtod_offset(m, uint8_t *, 20);

		udp[0] = 0x40;
		udp[1] = (uint8_t)i;
		sl_ip_send(fx->nl, m);
		assert_int_equal(sl_net_tx_flush(fx->nl), 1);
		assert_int_equal(fx->n_out, i + 1u);
		hop[i] = fx->out[i].b[5];
	}
}

static void know(struct fx *fx, const char *ip, uint8_t last)
{
	const uint8_t mac[6] = {0x02, 0xbb, 0, 0, 0, last};

	mk_arp(&f, fx, 0, 2, mac, ip, "192.0.2.1", false);
	fx_rx(fx, 0, f.b, f.n);
	assert_string_equal(fx_neighbour(fx, ip), "REACHABLE");
}

static int start(void **state)
{
	static struct sl_net_route routes[3];
	struct fx_setup s = {.routes = routes, .n_routes = 3};

	for (int i = 0; i < 3; i++) {
		const char *const via[] = {"192.0.2.251", "192.0.2.252", "192.0.2.253"};

		assert_int_equal(sl_prefix_parse("0.0.0.0/0", &routes[i].to, NULL), 0);
		routes[i].via = fx_ip(via[i]);
	}
	*state = fx_start(&s);
	/* They are asked for without traffic. */
	assert_string_equal(fx_neighbour(*state, "192.0.2.253"), "INCOMPLETE");
	know(*state, "192.0.2.251", 1);
	know(*state, "192.0.2.252", 2);
	know(*state, "192.0.2.253", 3);
	return 0;
}

static void flows_are_spread_and_kept(void **state)
{
	struct fx *fx = *state;
	uint8_t one[FLOWS], two[FLOWS];
	unsigned n[4] = {0};

	send_flows(fx, one, 10);
	send_flows(fx, two, 1000);
	assert_memory_equal(one, two, FLOWS);
	for (unsigned i = 0; i < FLOWS; i++)
		n[one[i]]++;
	for (unsigned i = 1; i <= 3; i++)
		assert_true(n[i] > FLOWS / 3 / 3);
	assert_int_equal(n[0], 0);
}

static void silent_hop_is_passed_over(void **state)
{
	struct fx *fx = *state;
	uint8_t before[FLOWS], after[FLOWS];

	send_flows(fx, before, 10);
	/* Two answer whatever they are asked, one does not any more. */
	for (int i = 0; i < 80; i++) {
		fx_pass_us(fx, 100000);
		for (unsigned o = 0; o < fx->n_out; o++) {
			const struct sl_arp_hdr *a = (const void *)(fx->out[o].b + 14);
			uint8_t host = (uint8_t)(ntohl(a->tpa_be) & 0xff);
			char ip[16];

			if (out_type(fx, o) != SL_ETH_ARP || host == 252)
				continue;
			snprintf(ip, sizeof(ip), "192.0.2.%u", host);
			know(fx, ip, host - 250);
		}
		fx_clear(fx);
	}
	send_flows(fx, after, 10);
	for (unsigned i = 0; i < FLOWS; i++) {
		assert_int_not_equal(after[i], 2);
		if (before[i] != 2)
			assert_int_equal(after[i], before[i]);
	}
	/* It comes back, and so do its flows. */
	know(fx, "192.0.2.252", 2);
	send_flows(fx, after, 10);
	assert_memory_equal(after, before, FLOWS);
}

static void fragments_keep_together(void **state)
{
	struct fx *fx = *state;

	for (int i = 0; i < 16; i++) {
		fx_clear(fx);
		sl_ip_send(fx->nl,
			   fx_packet(fx, "192.0.2.1", "198.51.100.7", 3000 + (uint32_t)i, false));
		sl_net_tx_flush(fx->nl);
		assert_int_equal(fx->n_out, 3);
		assert_memory_equal(fx->out[0].b, fx->out[1].b, 6);
		assert_memory_equal(fx->out[0].b, fx->out[2].b, 6);
	}
}

static void same_hop_twice_is_refused(void **state)
{
	struct fx *fx = *state;
	struct sl_port *ports[2] = {&fx->port[0], &fx->port[1]};
	struct sl_net_route routes[9];
	struct sl_net_config cfg = {.ports = ports, .n_ports = 2, .routes = routes, .n_routes = 2};
	struct sl_err err;
	struct sl_net *net;

	for (int i = 0; i < 9; i++) {
		assert_int_equal(sl_prefix_parse("0.0.0.0/0", &routes[i].to, NULL), 0);
		routes[i].via = fx_ip("192.0.2.254");
	}
	assert_int_equal(sl_net_create(&net, &cfg, &err), -EINVAL);
	for (uint8_t i = 0; i < 9; i++)
		routes[i].via.b[15] = 100 + i;
	cfg.n_routes = 8;
	assert_int_equal(sl_net_create(&net, &cfg, &err), 0);
	sl_net_free(net);
	cfg.n_routes = 9;
	assert_int_equal(sl_net_create(&net, &cfg, &err), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(flows_are_spread_and_kept, start, fx_teardown),
		cmocka_unit_test_setup_teardown(silent_hop_is_passed_over, start, fx_teardown),
		cmocka_unit_test_setup_teardown(fragments_keep_together, start, fx_teardown),
		cmocka_unit_test_setup_teardown(same_hop_twice_is_refused, start, fx_teardown),
	};

	return cmocka_run_group_tests_name("net_hops", tests, NULL, NULL);
}
