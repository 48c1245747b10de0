/* SPDX-License-Identifier: BSD-3-Clause */
/* The way out: routes by longest prefix, TTL, MTU, transmit queues. */
#include "fixture.h"

static struct buf f;

#define CLIENT "192.0.2.9"

static void next_hops(struct fx *fx)
{
	fx_know(fx, 0, "192.0.2.254");
	fx_know(fx, 0, "192.0.2.253");
	fx_know(fx, 1, "10.10.0.254");
}

/* A received packet, parsed, for sl_ip_forward. */
static struct rte_mbuf *received(struct fx *fx, const char *dst, uint8_t ttl, uint32_t len, bool df)
{
	static struct buf udp;
	struct v4 ip = {
		.src = CLIENT, .dst = dst, .proto = 17, .ttl = ttl, .frag = df ? SL_IPV4_DF : 0};

	mk_udp(&udp, ip.src, ip.dst, 1111, 53, len);
	f.n = 0;
	put_eth(&f, fx, 0, SL_ETH_IPV4, 0);
	put_v4(&f, &ip, udp.b, udp.n);
	fx->keep_up = true;
	fx_rx(fx, 0, f.b, f.n);
	assert_int_equal(fx->n_up, 1);
	fx->n_up = 0;
	fx->lc.stats.c->consumed--; /* goes on after all */
	return fx->up[0];
}

static void longest_prefix_wins(void **state)
{
	static const struct {
		const char *dst;
		int port;
		uint16_t mtu;
		const char *src;
	} way[] = {
		{"192.0.2.9", 0, 1500, "192.0.2.1"}, /* connected */
		{"10.10.200.9", 1, 1400, "10.10.0.1"},
		{"8.8.8.8", 0, 1500, "192.0.2.1"},       /* default route */
		{"203.0.113.5", 1, 1400, "10.10.0.1"},   /* /24 */
		{"203.0.113.200", 0, 1500, "192.0.2.1"}, /* /25 in it */
		{"2001:db8:2::77", 1, 1400, "2001:db8:2::1"},
	};
	struct fx *fx = *state;
	struct sl_ip src, dst, want;
	uint16_t mtu;

	for (size_t i = 0; i < SL_ARRAY_LEN(way); i++) {
		dst = fx_ip(way[i].dst);
		want = fx_ip(way[i].src);
		assert_true(sl_net_source(fx->net, &dst, &src, &mtu));
		assert_true(sl_ip_eq(&src, &want));
		assert_int_equal(mtu, way[i].mtu);
	}
	dst = fx_ip("2001:db8:9::1"); /* no IPv6 default route */
	assert_false(sl_net_source(fx->net, &dst, &src, NULL));
	dst = fx_ip("192.0.2.1"); /* ourselves */
	assert_false(sl_net_source(fx->net, &dst, &src, NULL));
	assert_true(sl_net_is_local(fx->net, &dst));
	dst = fx_ip("192.0.2.2");
	assert_false(sl_net_is_local(fx->net, &dst));
}

static void packets_take_their_route(void **state)
{
	static const struct {
		const char *dst;
		int port;
	} way[] = {{"8.8.8.8", 0}, {"203.0.113.5", 1}, {"203.0.113.200", 0}};
	struct fx *fx = *state;
	struct sl_stats_port was[2];
	uint8_t mac[6];

	next_hops(fx);
	memcpy(was, fx->lc.stats.port, sizeof(was));
	for (unsigned i = 0; i < SL_ARRAY_LEN(way); i++) {
		sl_ip_send(fx->nl, fx_packet(fx, "192.0.2.1", way[i].dst, 10, true));
		fx_pump(fx);
		assert_int_equal(fx->n_out, i + 1);
		assert_int_equal(fx->out[i].port, way[i].port);
		fx_peer_mac(way[i].port, mac);
		assert_memory_equal(fx->out[i].b, mac, 6);
	}
	assert_int_equal(fx->lc.stats.port[0].tx - was[0].tx, 2);
	assert_int_equal(fx->lc.stats.port[1].tx - was[1].tx, 1);
	assert_int_equal(fx->lc.stats.port[1].tx_bytes - was[1].tx_bytes, 14 + 38);
	fx_clear(fx);
	sl_ip_send(fx->nl, fx_packet(fx, "192.0.2.1", "192.0.2.1", 10, true));
	fx_pump(fx);
	/* To ourselves: no route. Nobody is told, the hook is not set. */
	assert_int_equal(fx->lc.stats.drops[SL_DROP_IP_NO_ROUTE], 1);
	assert_int_equal(fx->n_out, 0);
}

static void forwarding_counts_the_hop(void **state)
{
	struct fx *fx = *state;

	next_hops(fx);
	sl_ip_forward(fx->nl, received(fx, "203.0.113.5", 17, 10, true));
	fx_pump(fx);
	assert_int_equal(fx->n_out, 1);
	check_v4(fx, 0, CLIENT, "203.0.113.5", 17);
	assert_int_equal(out_v4(fx, 0)->ttl, 16);
	assert_int_equal(fx->out[0].port, 1);
	fx_expect_no_drop(fx);
}

static void ttl_used_up(void **state)
{
	struct fx *fx = *state;

	next_hops(fx);
	fx_know(fx, 0, CLIENT);
	sl_ip_forward(fx->nl, received(fx, "203.0.113.5", 1, 10, true));
	fx_pump(fx);
	fx_expect_drop(fx, SL_DROP_IP_TTL);
	assert_int_equal(fx->n_out, 1);
	check_v4(fx, 0, "192.0.2.1", CLIENT, IPPROTO_ICMP); /* from the near side */
	assert_int_equal(out_icmp(fx, 0)->type, 11);
	assert_int_equal(out_icmp(fx, 0)->code, 0);
}

static void too_big_with_df(void **state)
{
	struct fx *fx = *state;

	next_hops(fx);
	fx_know(fx, 0, CLIENT);
	sl_ip_forward(fx->nl, received(fx, "203.0.113.5", 9, 1373, true));
	fx_pump(fx);
	fx_expect_drop(fx, SL_DROP_IP_TOO_BIG);
	assert_int_equal(fx->n_out, 1);
	assert_int_equal(out_icmp(fx, 0)->type, 3);
	assert_int_equal(out_icmp(fx, 0)->code, 4);
	assert_int_equal(ntohs(out_icmp(fx, 0)->mtu_be), 1400);
	fx_clear(fx);
	sl_ip_forward(fx->nl, received(fx, "203.0.113.5", 9, 1372, true));
	fx_pump(fx);
	assert_int_equal(fx->n_out, 1);
	assert_int_equal(fx->out[0].len, 1414);
}

static void too_big_without_df_is_cut(void **state)
{
	struct fx *fx = *state;

	next_hops(fx);
	sl_ip_forward(fx->nl, received(fx, "203.0.113.5", 9, 1450, false));
	fx_pump(fx);
	fx_expect_no_drop(fx);
	assert_int_equal(fx->n_out, 2);
	assert_int_equal(ntohs(out_v4(fx, 0)->frag_be), SL_IPV4_MF);
	assert_int_equal(ntohs(out_v4(fx, 1)->frag_be), 1376 / 8);
	assert_int_equal(fx->out[0].len + fx->out[1].len, 2 * 34 + 1458);
}

/* Options: all in the first fragment, those with the copied flag in the others (RFC 791). */
static void options_of_fragments(void **state)
{
	static const uint8_t opt[12] = {7, 7, 4, 0, 0, 0, 0, 148, 4, 0, 0, 0};
	static struct buf udp;
	struct fx *fx = *state;
	struct v4 ip = {.src = "10.10.0.1",
			.dst = "10.10.0.9",
			.proto = 17,
			.opt = opt,
			.opt_len = sizeof(opt)};

	fx_know(fx, 1, "10.10.0.9");
	mk_udp(&udp, ip.src, ip.dst, 1, 2, 1500);
	f.n = 0;
	put_v4(&f, &ip, udp.b, udp.n);
	sl_ip_send(fx->nl, sl_test_mbuf(&fx->lc, f.b, (uint16_t)f.n));
	fx_pump(fx);
	assert_int_equal(fx->n_out, 2);
	check_v4(fx, 0, ip.src, ip.dst, 17);
	check_v4(fx, 1, ip.src, ip.dst, 17);
	assert_int_equal(out_v4(fx, 0)->ver_ihl, 0x48);
	assert_memory_equal(out_v4(fx, 0) + 1, opt, 12);
	assert_int_equal(out_v4(fx, 1)->ver_ihl, 0x46);
	assert_memory_equal(out_v4(fx, 1) + 1, opt + 7, 4);
}

static struct sl_icmp_error told;

static bool hook(void *arg, struct rte_mbuf *m, const struct sl_icmp_error *e)
{
	struct fx *fx = arg;

	told = *e;
	sl_consume(&fx->lc);
	rte_pktmbuf_free(m);
	return true;
}

/* A packet with a source of ours (translated, or of our TCP) that cannot go: told to the hook. */
static void our_own_packet_too_big(void **state)
{
	struct fx *fx = *state;

	next_hops(fx);
	sl_net_on_icmp_error(fx->nl, hook, fx);
	sl_ip_send(fx->nl, fx_packet(fx, "10.10.0.1", "203.0.113.5", 1400, true));
	assert_int_equal(told.mtu, 0); /* not from within the call */
	assert_int_equal(fx->lc.stats.c->held, 1);
	fx_pump(fx);
	fx_expect_drop(fx, SL_DROP_IP_TOO_BIG);
	assert_int_equal(told.mtu, 1400);
	assert_int_equal(told.inner.dport, 53);
	assert_int_equal(fx->n_out, 0);
	for (int i = 0; i < 40; i++)
		sl_ip_send(fx->nl, fx_packet(fx, "10.10.0.1", "203.0.113.5", 1400, true));
	assert_int_equal(fx->lc.stats.c->held, 32); /* bounded */
	fx_pump(fx);
}

static void full_queue_drops(void **state)
{
	struct fx *fx = *state;

	next_hops(fx);
	fx->tx_room = 3;
	for (int i = 0; i < 5; i++)
		sl_ip_send(fx->nl, fx_packet(fx, "192.0.2.1", "8.8.8.8", 10, true));
	assert_int_equal(sl_net_tx_flush(fx->nl), 3);
	assert_int_equal(fx->lc.stats.drops[SL_DROP_TX_FULL], 2);
	assert_int_equal(fx->lc.stats.port[0].tx_full, 2);
	fx_check(fx);
	assert_int_equal(sl_net_tx_flush(fx->nl), 0);
	/* More than a vector between two flushes. */
	fx->tx_room = UINT32_MAX;
	fx_clear(fx);
	for (int i = 0; i < 200; i++)
		sl_ip_send(fx->nl, fx_packet(fx, "192.0.2.1", "8.8.8.8", 10, true));
	assert_int_equal(sl_net_tx_flush(fx->nl), 200);
}

static void chains_as_the_port_likes(void **state)
{
	struct fx_setup s = {.multi_seg = true};
	struct fx *fx = fx_start(&s);

	next_hops(fx);
	sl_ip_send(fx->nl, fx_packet(fx, "192.0.2.1", "8.8.8.8", 1400, true));
	fx_pump(fx);
	assert_true(fx->saw_chain);
	fx_stop(fx);
	s.multi_seg = false;
	fx = fx_start(&s);
	next_hops(fx);
	sl_ip_send(fx->nl, fx_packet(fx, "192.0.2.1", "8.8.8.8", 1400, true));
	fx_pump(fx);
	assert_false(fx->saw_chain);
	assert_int_equal(fx->out[0].len, 1400 + 42);
	fx_stop(fx);
}

/* Payload that others still hold (a retransmission queue) is never written to. */
static void shared_buffers_get_a_new_head(void **state)
{
	struct fx *fx = *state;
	struct rte_mbuf *m = fx_packet(fx, "192.0.2.1", "8.8.8.8", 10, true), *clone;
	static uint8_t before[128];
	char *room = (char *)m->buf_addr;

	next_hops(fx);
	clone = rte_pktmbuf_clone(m, fx->lc.clone_pool);
	assert_non_null(clone);
	memset(room, 0x5a, RTE_PKTMBUF_HEADROOM);
	memcpy(before, room, sizeof(before));
	sl_ip_send(fx->nl, clone);
	fx_pump(fx);
	assert_int_equal(fx->n_out, 1);
	check_v4(fx, 0, "192.0.2.1", "8.8.8.8", 17);
	assert_memory_equal(room, before, RTE_PKTMBUF_HEADROOM);
	rte_pktmbuf_free(m);
}

static void nonsense_is_not_sent(void **state)
{
	static const uint8_t junk[64] = {0x35};
	struct fx *fx = *state;

	for (uint16_t n = 0; n < 64; n += 9)
		sl_ip_send(fx->nl, sl_test_mbuf(&fx->lc, junk, n));
	fx_pump(fx);
	assert_int_equal(fx->lc.stats.drops[SL_DROP_IP_BAD_HEADER], 8);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(longest_prefix_wins),
		T(packets_take_their_route),
		T(forwarding_counts_the_hop),
		T(ttl_used_up),
		T(too_big_with_df),
		T(too_big_without_df_is_cut),
		T(options_of_fragments),
		T(our_own_packet_too_big),
		T(full_queue_drops),
		cmocka_unit_test(chains_as_the_port_likes),
		T(shared_buffers_get_a_new_head),
		T(nonsense_is_not_sent),
	};

	return cmocka_run_group_tests_name("net_ip_out", tests, NULL, NULL);
}
