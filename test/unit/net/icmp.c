/* SPDX-License-Identifier: BSD-3-Clause */
/* ICMP: echo of any size, errors sent and not sent, errors received and handed on. */
#include "fixture.h"

static struct buf f, l4, back;

#define SRC "192.0.2.9"
#define DST "192.0.2.1"

static void rx_v4(struct fx *fx, const struct v4 *ip)
{
	f.n = 0;
	put_eth(&f, fx, 0, SL_ETH_IPV4, 0);
	put_v4(&f, ip, l4.b, l4.n);
	fx_rx(fx, 0, f.b, f.n);
}

static void small_echo(void **state)
{
	static const uint8_t opt[4] = {1, 1, 1, 0};
	struct fx *fx = *state;
	struct v4 ip = {.src = SRC, .dst = DST, .proto = IPPROTO_ICMP};
	const struct sl_icmp_hdr *icmp;

	fx_know(fx, 0, SRC);
	for (uint32_t len = 0; len < 130; len += 43) {
		mk_echo(&l4, SRC, DST, len);
		rx_v4(fx, &ip);
		assert_int_equal(fx->n_out, 1);
		check_v4(fx, 0, DST, SRC, IPPROTO_ICMP);
		assert_int_equal(out_v4(fx, 0)->ttl, 64);
		icmp = out_icmp(fx, 0);
		assert_int_equal(icmp->type, 0);
		assert_int_equal(ntohs(icmp->id_be), 0x1234);
		assert_memory_equal(icmp + 1, l4.b + 8, len);
		fx_clear(fx);
	}
	/* Options are not sent back; the other port's address answers too. */
	ip.opt = opt;
	ip.opt_len = 4;
	ip.dst = "10.10.0.1";
	mk_echo(&l4, SRC, ip.dst, 33);
	rx_v4(fx, &ip);
	check_v4(fx, 0, "10.10.0.1", SRC, IPPROTO_ICMP);
	assert_int_equal(fx->out[0].len, 14 + 20 + 8 + 33);
	assert_int_equal(fx->lc.stats.c->originated, 5);
}

/* RFC 1624 4: a reply of zeros only has the checksum 0xffff, not 0. */
static void echo_of_zeros(void **state)
{
	static const uint8_t zeros[8] = {8, 0, 0xf7, 0xff};
	struct fx *fx = *state;
	struct v4 ip = {.src = SRC, .dst = DST, .proto = IPPROTO_ICMP};

	fx_know(fx, 0, SRC);
	l4.n = 0;
	put(&l4, zeros, sizeof(zeros));
	rx_v4(fx, &ip);
	assert_int_equal(fx->n_out, 1);
	assert_int_equal(out_icmp(fx, 0)->csum_be, 0xffff);
}

static void large_echo_both_ways(void **state)
{
	static const uint32_t sizes[] = {1473, 8000, 65507};
	struct fx_setup s = {.mbufs = 4095};
	struct fx *fx = fx_start(&s);
	struct v4 ip = {.src = SRC, .dst = DST, .proto = IPPROTO_ICMP, .id = 77};
	uint16_t csum;

	fx_know(fx, 0, SRC);
	for (size_t k = 0; k < SL_ARRAY_LEN(sizes); k++, ip.id++) {
		mk_echo(&l4, SRC, DST, sizes[k]);
		for (uint32_t off = 0; off < l4.n; off += 1480) {
			uint32_t n = SL_MIN(1480u, l4.n - off);

			ip.frag = (uint16_t)(off / 8 | (off + n < l4.n ? SL_IPV4_MF : 0));
			f.n = 0;
			put_eth(&f, fx, 0, SL_ETH_IPV4, 0);
			put_v4(&f, &ip, l4.b + off, n);
			fx_rx(fx, 0, f.b, f.n);
		}
		back.n = 0;
		for (unsigned i = 0; i < fx->n_out; i++) {
			const struct sl_ipv4_hdr *o = out_v4(fx, i);

			check_v4(fx, i, DST, SRC, IPPROTO_ICMP);
			assert_int_equal((ntohs(o->frag_be) & SL_IPV4_OFF_MASK) * 8u, back.n);
			put(&back, o + 1, ntohs(o->len_be) - 20u);
		}
		assert_int_equal(fx->n_out, (l4.n + 1479) / 1480);
		assert_int_equal(back.n, l4.n);
		assert_int_equal(back.b[0], 0);
		csum = sl_csum_fold(sl_csum_add(0, back.b, back.n));
		assert_int_equal(csum, 0xffff);
		assert_memory_equal(back.b + 4, l4.b + 4, l4.n - 4);
		fx_clear(fx);
	}
	fx_stop(fx);
}

static void closed_udp_port(void **state)
{
	struct fx *fx = *state;
	const struct sl_icmp_hdr *icmp;

	fx_know(fx, 0, SRC);
	frame_udp(&f, fx, 0, SRC, DST, 53, 1000);
	fx_rx(fx, 0, f.b, f.n);
	fx_expect_drop(fx, SL_DROP_UDP_NO_PORT);
	assert_int_equal(fx->n_out, 1);
	check_v4(fx, 0, DST, SRC, IPPROTO_ICMP);
	icmp = out_icmp(fx, 0);
	assert_int_equal(icmp->type, 3);
	assert_int_equal(icmp->code, 3);
	assert_int_equal(ntohs(out_v4(fx, 0)->len_be), 576);
	assert_memory_equal(icmp + 1, f.b + 14, 548); /* what caused it, as it came */
}

static void unknown_protocol(void **state)
{
	struct fx *fx = *state;
	struct v4 ip = {.src = SRC, .dst = DST, .proto = 132};

	fx_know(fx, 0, SRC);
	l4.n = 0;
	put(&l4, "sctp", 4);
	rx_v4(fx, &ip);
	fx_expect_drop(fx, SL_DROP_IP_PROTO);
	assert_int_equal(out_icmp(fx, 0)->code, 2);
}

static void errors_are_rate_limited(void **state)
{
	struct fx *fx = *state;
	char src[32];

	fx_know(fx, 0, "192.0.2.254");
	frame_udp(&f, fx, 0, "198.51.100.1", DST, 53, 10);
	for (int i = 0; i < 10; i++)
		fx_rx(fx, 0, f.b, f.n);
	assert_int_equal(fx->n_out, 6);
	assert_int_equal(fx->lc.stats.drops[SL_DROP_ICMP_RATE], 4);
	fx_pass_us(fx, 2000000);
	fx_clear(fx);
	for (int i = 0; i < 10; i++)
		fx_rx(fx, 0, f.b, f.n);
	assert_int_equal(fx->n_out, 2);
	/* And all together: fifty at once. */
	fx_pass_us(fx, 2000000);
	fx_know(fx, 0, "192.0.2.254");
	for (int i = 0; i < 200; i++) {
		snprintf(src, sizeof(src), "198.51.%d.1", i);
		frame_udp(&f, fx, 0, src, DST, 53, 10);
		fx_rx(fx, 0, f.b, f.n);
	}
	assert_int_equal(fx->n_out, 50);
}

/* RFC 1122 3.2.2: never about these. */
static void errors_not_sent(void **state)
{
	static const uint8_t about_error[] = {3, 4, 5, 11, 12, 1, 40};
	struct fx *fx = *state;
	struct rte_mbuf *m;

	fx_know(fx, 0, SRC);
	for (size_t i = 0; i < sizeof(about_error) + 1; i++) {
		struct v4 ip = {.src = SRC, .dst = DST, .proto = IPPROTO_ICMP};

		mk_echo(&l4, SRC, DST, 40);
		if (i < sizeof(about_error))
			l4.b[0] = about_error[i];
		f.n = 0;
		put_v4(&f, &ip, l4.b, l4.n);
		m = sl_test_mbuf(&fx->lc, f.b, (uint16_t)f.n);
		sl_icmp_error_send(fx->nl, m, 3, 1, 0);
		fx_pump(fx);
		assert_int_equal(fx->n_out, i < sizeof(about_error) ? 0 : 1);
		rte_pktmbuf_free(m);
	}
	fx_clear(fx);
	{
		static const struct v4 no[] = {
			{.src = SRC, .dst = DST, .proto = 17, .frag = 2},
			{.src = "192.0.2.255", .dst = DST, .proto = 17},
			{.src = "0.0.0.0", .dst = DST, .proto = 17},
			{.src = "224.1.1.1", .dst = DST, .proto = 17},
			{.src = SRC, .dst = "192.0.2.255", .proto = 17},
			{.src = SRC, .dst = "224.0.0.1", .proto = 17},
			{.src = SRC, .dst = "255.255.255.255", .proto = 17},
		};

		for (size_t i = 0; i < SL_ARRAY_LEN(no); i++) {
			f.n = 0;
			put_v4(&f, &no[i], l4.b, l4.n);
			m = sl_test_mbuf(&fx->lc, f.b, (uint16_t)f.n);
			sl_icmp_error_send(fx->nl, m, 3, 1, 0);
			fx_pump(fx);
			rte_pktmbuf_free(m);
		}
	}
	/* Came to everyone on the link. */
	frame_udp(&f, fx, 0, SRC, DST, 53, 10);
	m = sl_test_mbuf(&fx->lc, f.b + 14, (uint16_t)(f.n - 14));
	sl_pkt(m)->flags = SL_PKT_BROADCAST;
	sl_icmp_error_send(fx->nl, m, 3, 3, 0);
	fx_pump(fx);
	rte_pktmbuf_free(m);
	assert_int_equal(fx->n_out, 0);
	fx_expect_no_drop(fx);
}

static struct sl_icmp_error seen;
static bool take;

static bool hook(void *arg, struct rte_mbuf *m, const struct sl_icmp_error *e)
{
	struct fx *fx = arg;

	seen = *e;
	if (!take)
		return false;
	sl_consume(&fx->lc);
	rte_pktmbuf_free(m);
	return true;
}

/* An error of this type about a TCP segment from a virtual IP to SRC. */
static void mk_error(uint8_t type, uint8_t code, uint32_t rest, uint32_t quote, uint32_t opt_len)
{
	static const uint8_t nops[8] = {1, 1, 1, 1, 1, 1, 1, 1};
	static struct buf tcp, ip;
	struct v4 in = {.src = "10.96.0.10",
			.dst = SRC,
			.proto = IPPROTO_TCP,
			.opt = nops,
			.opt_len = opt_len};
	struct sl_icmp_hdr h = {.type = type, .code = code, .rest_be = htonl(rest)};

	mk_tcp(&tcp, in.src, in.dst, 80, 5555, 500);
	ip.n = 0;
	put_v4(&ip, &in, tcp.b, tcp.n);
	l4.n = 0;
	put(&l4, &h, sizeof(h));
	put(&l4, ip.b, quote);
	h.csum_be = (uint16_t)~sl_csum_fold(sl_csum_add(0, l4.b, l4.n));
	memcpy(l4.b + 2, &h.csum_be, 2);
}

static void errors_reach_the_hook(void **state)
{
	struct fx *fx = *state;
	struct v4 ip = {.src = "198.51.100.1", .dst = "10.96.0.10", .proto = IPPROTO_ICMP};
	struct sl_ip src = fx_ip("10.96.0.10"), dst = fx_ip(SRC);

	sl_net_on_icmp_error(fx->nl, hook, fx);
	take = true;
	mk_error(3, 4, 1300, 28, 0);
	rx_v4(fx, &ip); /* to a virtual IP: not ours, but the hook's */
	fx_expect_no_drop(fx);
	assert_int_equal(seen.family, 4);
	assert_int_equal(seen.type, 3);
	assert_int_equal(seen.code, 4);
	assert_int_equal(seen.mtu, 1300);
	assert_int_equal(seen.inner.proto, IPPROTO_TCP);
	assert_true(sl_ip_eq(&seen.inner.src, &src));
	assert_true(sl_ip_eq(&seen.inner.dst, &dst));
	assert_int_equal(seen.inner.sport, 80);
	assert_int_equal(seen.inner.dport, 5555);
	assert_int_equal(seen.inner_seq, 0x01020304);
	assert_int_equal(seen.inner_l3, 14 + 20 + 8);
	mk_error(11, 0, 0, 36, 8);
	ip.dst = DST;
	rx_v4(fx, &ip);
	assert_int_equal(seen.type, 11);
	assert_int_equal(seen.mtu, 0);
	assert_int_equal(seen.inner.dport, 5555);
	/* Nobody knows the flow. */
	take = false;
	rx_v4(fx, &ip);
	fx_expect_drop(fx, SL_DROP_ICMP_IGNORED);
	ip.dst = "10.96.0.10";
	rx_v4(fx, &ip);
	fx_expect_drop(fx, SL_DROP_IP_NOT_OURS);
	assert_int_equal(fx->n_out, 0);
}

static void short_quotes_are_ignored(void **state)
{
	struct fx *fx = *state;
	struct v4 ip = {.src = "198.51.100.1", .dst = DST, .proto = IPPROTO_ICMP};

	sl_net_on_icmp_error(fx->nl, hook, fx);
	take = true;
	for (uint32_t quote = 0; quote < 36; quote++) {
		mk_error(3, 1, 0, quote, 8);
		rx_v4(fx, &ip);
		fx_expect_drop(fx, SL_DROP_ICMP_IGNORED);
	}
	mk_error(3, 1, 0, 40, 0);
	l4.b[8 + 7] = 1; /* quotes a fragment that is not the first */
	l4.b[2] = l4.b[3] = 0;
	{
		uint16_t c = (uint16_t)~sl_csum_fold(sl_csum_add(0, l4.b, l4.n));

		memcpy(l4.b + 2, &c, 2);
	}
	rx_v4(fx, &ip);
	fx_expect_drop(fx, SL_DROP_ICMP_IGNORED);
}

static void other_types_are_ignored(void **state)
{
	static const uint8_t types[] = {0, 4, 5, 9, 13, 17, 30, 255};
	struct fx *fx = *state;
	struct v4 ip = {.src = SRC, .dst = DST, .proto = IPPROTO_ICMP};

	for (size_t i = 0; i < sizeof(types); i++) {
		uint8_t was[2] = {8, 0}, is[2] = {types[i], 0};
		uint16_t c;

		mk_echo(&l4, SRC, DST, 30);
		memcpy(&c, l4.b + 2, 2);
		c = sl_csum_update(c, was, is, 2);
		memcpy(l4.b + 2, &c, 2);
		l4.b[0] = types[i];
		rx_v4(fx, &ip);
		fx_expect_drop(fx, SL_DROP_ICMP_IGNORED);
	}
	assert_int_equal(fx->n_out, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(small_echo),
		T(echo_of_zeros),
		cmocka_unit_test(large_echo_both_ways),
		T(closed_udp_port),
		T(unknown_protocol),
		T(errors_are_rate_limited),
		T(errors_not_sent),
		T(errors_reach_the_hook),
		T(short_quotes_are_ignored),
		T(other_types_are_ignored),
	};

	return cmocka_run_group_tests_name("net_icmp", tests, NULL, NULL);
}
