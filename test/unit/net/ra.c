/* SPDX-License-Identifier: BSD-3-Clause */
/* Router advertisements (RFC 4861 6): who is believed, what is learned, and when it ends. */
#include "fixture.h"

#define NODES  "ff02::1"
#define ROUTER "fe80::a"
#define FAR    "2001:db8:99::1"

static struct buf ra, f;

/* The advertisement so far: its lifetime; options follow. */
static void mk_ra(uint16_t life_s)
{
	uint8_t fixed[16] = {134, 0, 0, 0, 64, 0, (uint8_t)(life_s >> 8), (uint8_t)life_s};

	ra.n = 0;
	put(&ra, fixed, sizeof(fixed));
}

static void add_mac(uint8_t last)
{
	const uint8_t o[8] = {1, 1, 0x02, 0xbb, 0, 0, 0, last};

	put(&ra, o, sizeof(o));
}

static void add_mtu(uint32_t mtu)
{
	const uint8_t o[8] = {5,
			      1,
			      0,
			      0,
			      (uint8_t)(mtu >> 24),
			      (uint8_t)(mtu >> 16),
			      (uint8_t)(mtu >> 8),
			      (uint8_t)mtu};

	put(&ra, o, sizeof(o));
}

static void add_prefix(const char *prefix, uint8_t len, uint8_t flags, uint32_t life_s)
{
	uint8_t o[32] = {3,
			 4,
			 len,
			 flags,
			 (uint8_t)(life_s >> 24),
			 (uint8_t)(life_s >> 16),
			 (uint8_t)(life_s >> 8),
			 (uint8_t)life_s};
	struct sl_ip p = fx_ip(prefix);

	memcpy(o + 16, p.b, 16);
	put(&ra, o, sizeof(o));
}

static void rx_at(struct fx *fx, int port, const char *src, const char *dst, uint8_t hops)
{
	frame_v6(&f, fx, port, src, dst, IPPROTO_ICMPV6, hops, &ra);
	fx_rx(fx, port, f.b, f.n);
}

static void rx_ra(struct fx *fx, const char *src)
{
	fx_csum_icmp6(&ra, src, NODES);
	rx_at(fx, 0, src, NODES, 255);
}

/* Whether there is a way there, its MTU in *mtu. */
static bool way(struct fx *fx, const char *dst, uint16_t *mtu)
{
	struct sl_ip d = fx_ip(dst), src, own = fx_ip("2001:db8:1::1");

	if (!sl_net_source(fx->net, &d, &src, mtu))
		return false;
	assert_memory_equal(src.b, own.b, 16);
	return true;
}

/* Sends a packet there and says the last byte of the MAC it went to, -1: to none. */
static int sent_to(struct fx *fx, const char *dst)
{
	static struct buf ip;
	struct rte_mbuf *m;

	ip.n = 0;
	put_v6(&ip, "2001:db8:1::1", dst, 17, 64, "12345678", 8);
	m = sl_test_mbuf(&fx->lc, ip.b, (uint16_t)ip.n);
	fx_clear(fx);
	sl_ip_send(fx->nl, m);
	fx_pump(fx);
	return fx->n_out == 1 && out_v6(fx, 0)->next == 17 ? fx->out[0].b[5] : -1;
}

static int learns(void **state)
{
	struct fx_setup s = {.learn = true};

	*state = fx_start(&s);
	return 0;
}

static void a_router_is_learned_and_ends(void **state)
{
	struct fx *fx = *state;
	uint16_t mtu;

	assert_false(way(fx, FAR, NULL));
	mk_ra(30);
	add_mac(7);
	rx_ra(fx, ROUTER);
	fx_expect_no_drop(fx);
	assert_true(way(fx, FAR, &mtu));
	assert_int_equal(mtu, 1500);
	assert_string_equal(fx_neighbour(fx, ROUTER), "STALE");
	assert_int_equal(sent_to(fx, FAR), 7);
	assert_int_equal(fx->main.stats.c->ra_taken, 1);
	assert_int_equal(fx->main.stats.c->ra_routers, 1);
	/* Heard again, it begins anew; silent, it is over by then. */
	fx_pass_us(fx, 20000000);
	rx_ra(fx, ROUTER);
	fx_pass_us(fx, 29000000);
	assert_true(way(fx, FAR, NULL));
	fx_pass_us(fx, 1100000);
	assert_false(way(fx, FAR, NULL));
	assert_int_equal(fx->main.stats.c->ra_routers, 0);
	/* IPv4 has its own routers. */
	rx_ra(fx, ROUTER);
	assert_true(way(fx, FAR, NULL));
	mk_ra(0); /* it says so itself */
	rx_ra(fx, ROUTER);
	assert_false(way(fx, FAR, NULL));
	fx_clear(fx);
}

static void a_host_is_no_router(void **state)
{
	struct fx *fx = *state;
	const struct sl_icmp_hdr na = {.type = 136, .rest_be = htonl(0x20000000)};
	struct sl_ip target = fx_ip(ROUTER);

	mk_ra(1800);
	add_mac(7);
	rx_ra(fx, ROUTER);
	assert_true(way(fx, FAR, NULL));
	ra.n = 0;
	put(&ra, &na, sizeof(na));
	put(&ra, target.b, 16);
	put(&ra, (const uint8_t[8]){2, 1, 0x02, 0xbb, 0, 0, 0, 7}, 8);
	rx_ra(fx, ROUTER); /* RFC 4861 7.2.5: without the R flag */
	assert_false(way(fx, FAR, NULL));
	fx_clear(fx);
}

static void another_router_takes_over(void **state)
{
	struct fx *fx = *state;

	mk_ra(1800);
	add_mac(7);
	rx_ra(fx, ROUTER);
	mk_ra(1800);
	add_mac(8);
	rx_ra(fx, "fe80::b");
	assert_int_equal(sent_to(fx, FAR), 7);
	/* It is asked whether it is there, three times. */
	fx_pass_us(fx, 5000000);
	assert_string_equal(fx_neighbour(fx, ROUTER), "FAILED");
	assert_int_equal(sent_to(fx, FAR), 8);
	fx_clear(fx);
}

static void bad_advertisements_are_dropped(void **state)
{
	struct fx *fx = *state;

	mk_ra(1800);
	rx_ra(fx, "2001:db8:1::9"); /* not link-local */
	fx_expect_drop(fx, SL_DROP_ND_BAD);
	rx_ra(fx, "fe80:1::9");
	fx_expect_drop(fx, SL_DROP_ND_BAD);
	fx_csum_icmp6(&ra, ROUTER, NODES);
	rx_at(fx, 0, ROUTER, NODES, 254); /* was forwarded */
	fx_expect_drop(fx, SL_DROP_ND_BAD);
	ra.b[2] ^= 1;
	rx_at(fx, 0, ROUTER, NODES, 255);
	fx_expect_drop(fx, SL_DROP_ICMP_BAD);
	mk_ra(1800);
	ra.b[1] = 1; /* code */
	rx_ra(fx, ROUTER);
	fx_expect_drop(fx, SL_DROP_ND_BAD);
	mk_ra(1800);
	ra.n = 12;
	rx_ra(fx, ROUTER);
	fx_expect_drop(fx, SL_DROP_ND_BAD);
	mk_ra(1800);
	add_mac(7);
	ra.b[17] = 0; /* option of no length */
	rx_ra(fx, ROUTER);
	fx_expect_drop(fx, SL_DROP_ND_BAD);
	ra.b[17] = 2; /* beyond the packet */
	rx_ra(fx, ROUTER);
	fx_expect_drop(fx, SL_DROP_ND_BAD);
	ra.b[17] = 1;
	ra.n--; /* half an option */
	rx_ra(fx, ROUTER);
	fx_expect_drop(fx, SL_DROP_ND_BAD);
	assert_false(way(fx, FAR, NULL));
	assert_int_equal(fx->main.stats.c->ra_taken, 0);
	assert_int_equal(fx->n_out, 0);
}

static void only_where_configured(void **state)
{
	struct fx *fx = *state;

	mk_ra(1800);
	fx_csum_icmp6(&ra, ROUTER, NODES);
	rx_at(fx, 1, ROUTER, NODES, 255); /* port 1 does not listen */
	fx_expect_drop(fx, SL_DROP_ND_IGNORED);
	fx_csum_icmp6(&ra, ROUTER, "2001:db8:1::77");
	rx_at(fx, 0, ROUTER, "2001:db8:1::77", 255); /* not for us */
	fx_expect_drop(fx, SL_DROP_ND_IGNORED);
	assert_false(way(fx, FAR, NULL));
}

static void prefixes_are_on_the_link(void **state)
{
	struct fx *fx = *state;

	mk_ra(0);
	add_prefix("2001:db8:5::", 64, 0x80, 30);
	add_prefix("2001:db8:6::", 64, 0x40, 30); /* for autoconfiguration only */
	add_prefix("2001:db8:7::", 48, 0x80, 30); /* no length in use */
	add_prefix("fe80::", 64, 0x80, 30);
	add_prefix("ff02::", 64, 0x80, 30);
	rx_ra(fx, ROUTER);
	assert_true(way(fx, "2001:db8:5::77", NULL));
	assert_false(way(fx, "2001:db8:6::77", NULL));
	assert_false(way(fx, "2001:db8:7::77", NULL));
	assert_false(way(fx, FAR, NULL)); /* a lifetime of none is no router */
	/* Who is there is asked for directly. */
	assert_int_equal(sent_to(fx, "2001:db8:5::77"), -1);
	assert_int_equal(fx->n_out, 1);
	assert_int_equal(out_icmp(fx, 0)->type, 135);
	fx_pass_us(fx, 31000000);
	assert_false(way(fx, "2001:db8:5::77", NULL));
	/* For ever, until a lifetime of none. */
	mk_ra(0);
	add_prefix("2001:db8:5::", 64, 0x80, UINT32_MAX);
	rx_ra(fx, ROUTER);
	fx_pass_us(fx, 300000000);
	assert_true(way(fx, "2001:db8:5::77", NULL));
	mk_ra(0);
	add_prefix("2001:db8:5::", 64, 0x80, 0);
	rx_ra(fx, ROUTER);
	assert_false(way(fx, "2001:db8:5::77", NULL));
	fx_clear(fx);
}

static void mtu_is_bounded(void **state)
{
	static const struct {
		uint32_t said;
		uint16_t is;
	} t[] = {{1280, 1280}, {1279, 1280}, {1501, 1280}, {UINT32_MAX, 1280}, {1400, 1400}};
	struct fx *fx = *state;
	uint16_t mtu;

	for (unsigned i = 0; i < SL_ARRAY_LEN(t); i++) {
		mk_ra(30);
		add_mtu(t[i].said);
		rx_ra(fx, ROUTER);
		assert_true(way(fx, FAR, &mtu));
		assert_int_equal(mtu, t[i].is);
	}
	assert_true(sl_net_source(fx->net, &(struct sl_ip){.b = {[10] = 0xff, 0xff, 192, 0, 2, 9}},
				  &(struct sl_ip){.b = {0}}, &mtu));
	assert_int_equal(mtu, 1500); /* IPv4's is its own */
	fx_pass_us(fx, 31000000);
	mk_ra(30);
	rx_ra(fx, ROUTER);
	assert_true(way(fx, FAR, &mtu));
	assert_int_equal(mtu, 1500);
	fx_clear(fx);
}

static void what_is_kept_is_bounded(void **state)
{
	struct fx *fx = *state;
	char text[64];

	for (unsigned i = 1; i <= 10; i++) {
		mk_ra(30);
		snprintf(text, sizeof(text), "2001:db8:%x::", 0x100 + i);
		add_prefix(text, 64, 0x80, 30);
		snprintf(text, sizeof(text), "fe80::%x", i);
		rx_ra(fx, text);
	}
	assert_int_equal(fx->main.stats.c->ra_routers, 4);
	assert_int_equal(fx->main.stats.c->ra_full, 6 + 2);
	assert_true(way(fx, "2001:db8:108::1", NULL));
	/* The ninth goes by way of a router. */
	assert_true(way(fx, "2001:db8:109::1", NULL));
	fx_clear(fx);
}

static void routers_are_asked_for(void **state)
{
	struct fx_setup s = {.learn = true, .announce = true};
	struct fx *fx = fx_start(&s);
	unsigned asked = 0;

	fx_pass_us(fx, 60000000);
	for (unsigned i = 0; i < fx->n_out; i++)
		if (out_type(fx, i) == SL_ETH_IPV6 && out_icmp(fx, i)->type == 133) {
			const uint8_t to[6] = {0x33, 0x33, 0, 0, 0, 2};

			asked++;
			assert_int_equal(fx->out[i].port, 0);
			assert_memory_equal(fx->out[i].b, to, 6);
			assert_int_equal(out_v6(fx, i)->hops, 255);
			assert_int_equal(ntohs(out_v6(fx, i)->len_be), 16);
		}
	assert_int_equal(asked, 3);
	fx_stop(fx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_router_is_learned_and_ends, learns, fx_teardown),
		cmocka_unit_test_setup_teardown(a_host_is_no_router, learns, fx_teardown),
		cmocka_unit_test_setup_teardown(another_router_takes_over, learns, fx_teardown),
		cmocka_unit_test_setup_teardown(bad_advertisements_are_dropped, learns,
						fx_teardown),
		cmocka_unit_test_setup_teardown(only_where_configured, learns, fx_teardown),
		cmocka_unit_test_setup_teardown(prefixes_are_on_the_link, learns, fx_teardown),
		cmocka_unit_test_setup_teardown(mtu_is_bounded, learns, fx_teardown),
		cmocka_unit_test_setup_teardown(what_is_kept_is_bounded, learns, fx_teardown),
		cmocka_unit_test(routers_are_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
