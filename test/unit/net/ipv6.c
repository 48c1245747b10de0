/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv6: parsing, extension headers, neighbour discovery, echo, errors, fragments. */
#include "fixture.h"

static struct buf f, l4, back;

#define SRC "2001:db8:1::9"
#define DST "2001:db8:1::1"

static const uint8_t peer[6] = {0x02, 0xaa, 0, 0, 0, 0};

static void rx_v6(struct fx *fx, const char *src, const char *dst, uint8_t next, uint8_t hops)
{
	frame_v6(&f, fx, 0, src, dst, next, hops, &l4);
	fx_rx(fx, 0, f.b, f.n);
}

/* NS (135) or NA (136); opt 0: none. */
static void mk_nd(uint8_t type, uint32_t flags, const char *target, uint8_t opt,
		  const uint8_t mac[6], const char *src, const char *dst)
{
	struct sl_icmp_hdr h = {.type = type, .rest_be = htonl(flags)};
	struct sl_ip t = fx_ip(target);
	const uint8_t o[2] = {opt, 1};

	l4.n = 0;
	put(&l4, &h, sizeof(h));
	put(&l4, t.b, 16);
	if (opt) {
		put(&l4, o, 2);
		put(&l4, mac, 6);
	}
	fx_csum_icmp6(&l4, src, dst);
}

static const uint8_t *out_nd(const struct fx *fx, unsigned i, uint8_t type)
{
	const struct sl_icmp_hdr *icmp = out_icmp(fx, i);

	assert_int_equal(icmp->type, type);
	assert_int_equal(out_v6(fx, i)->hops, 255);
	return (const uint8_t *)icmp;
}

static void know6(struct fx *fx)
{
	mk_nd(135, 0, DST, 1, peer, SRC, "ff02::1:ff00:1");
	rx_v6(fx, SRC, "ff02::1:ff00:1", IPPROTO_ICMPV6, 255);
	fx_clear(fx);
}

static void solicitation_is_answered(void **state)
{
	struct fx *fx = *state;
	const uint8_t *na;
	struct sl_ip dst = fx_ip(DST), src = fx_ip(SRC);

	mk_nd(135, 0, DST, 1, peer, SRC, "ff02::1:ff00:1");
	rx_v6(fx, SRC, "ff02::1:ff00:1", IPPROTO_ICMPV6, 255);
	fx_expect_no_drop(fx);
	assert_int_equal(fx->n_out, 1);
	na = out_nd(fx, 0, 136);
	assert_int_equal(sl_load32(na + 4), 0x60000000);
	assert_memory_equal(na + 8, dst.b, 16);
	assert_int_equal(na[24], 2);
	assert_memory_equal(na + 26, fx->port[0].mac, 6);
	assert_memory_equal(out_v6(fx, 0)->dst, src.b, 16);
	assert_string_equal(fx_neighbour(fx, SRC), "STALE");
	/* Of a host that looks whether the address is free: told to everyone. */
	fx_clear(fx);
	mk_nd(135, 0, DST, 0, NULL, "::", "ff02::1:ff00:1");
	rx_v6(fx, "::", "ff02::1:ff00:1", IPPROTO_ICMPV6, 255);
	na = out_nd(fx, 0, 136);
	assert_int_equal(sl_load32(na + 4), 0x20000000);
	assert_int_equal(fx->out[0].b[0], 0x33);
	/* The link-local address answers as well. */
	fx_clear(fx);
	mk_nd(135, 0, "fe80::ff:fe00:1", 1, peer, "fe80::9", "ff02::1:ff00:1");
	rx_v6(fx, "fe80::9", "ff02::1:ff00:1", IPPROTO_ICMPV6, 255);
	assert_int_equal(fx->n_out, 1);
	assert_string_equal(fx_neighbour(fx, "fe80::9"), "STALE");
}

static void bad_discovery_is_dropped(void **state)
{
	static const char *group = "ff02::1:ff00:1";
	struct fx *fx = *state;

	mk_nd(135, 0, DST, 1, peer, SRC, group);
	rx_v6(fx, SRC, group, IPPROTO_ICMPV6, 254); /* was forwarded */
	fx_expect_drop(fx, SL_DROP_ND_BAD);
	l4.b[1] = 1; /* code */
	fx_csum_icmp6(&l4, SRC, group);
	rx_v6(fx, SRC, group, IPPROTO_ICMPV6, 255);
	fx_expect_drop(fx, SL_DROP_ND_BAD);
	mk_nd(135, 0, DST, 1, peer, SRC, group);
	l4.n = 20;
	fx_csum_icmp6(&l4, SRC, group);
	rx_v6(fx, SRC, group, IPPROTO_ICMPV6, 255);
	fx_expect_drop(fx, SL_DROP_ND_BAD);
	mk_nd(135, 0, DST, 1, peer, SRC, group);
	l4.b[25] = 0; /* option of no length */
	fx_csum_icmp6(&l4, SRC, group);
	rx_v6(fx, SRC, group, IPPROTO_ICMPV6, 255);
	fx_expect_main_drop(fx, SL_DROP_ND_BAD);
	mk_nd(135, 0, DST, 1, peer, SRC, group);
	l4.b[25] = 2; /* beyond the packet */
	fx_csum_icmp6(&l4, SRC, group);
	rx_v6(fx, SRC, group, IPPROTO_ICMPV6, 255);
	fx_expect_main_drop(fx, SL_DROP_ND_BAD);
	mk_nd(135, 0, DST, 0, NULL, "::", DST);
	rx_v6(fx, "::", DST, IPPROTO_ICMPV6, 255); /* unspecified, but not to the group */
	assert_int_equal(fx->lc.stats.drops[SL_DROP_IP_BAD_SOURCE], 1);
	fx_clear(fx);
	mk_nd(135, 0, "2001:db8:1::77", 1, peer, SRC, group);
	rx_v6(fx, SRC, group, IPPROTO_ICMPV6, 255);
	fx_expect_drop(fx, SL_DROP_ND_IGNORED);
	mk_nd(134, 0, DST, 1, peer, "fe80::9", "ff02::1"); /* router advertisement */
	rx_v6(fx, "fe80::9", "ff02::1", IPPROTO_ICMPV6, 255);
	fx_expect_drop(fx, SL_DROP_ND_IGNORED);
	mk_nd(137, 0, DST, 0, NULL, "fe80::9", DST); /* redirect */
	rx_v6(fx, "fe80::9", DST, IPPROTO_ICMPV6, 255);
	fx_expect_drop(fx, SL_DROP_ND_IGNORED);
	assert_int_equal(fx->n_out, 0);
}

static void send_udp6(struct fx *fx, uint32_t len)
{
	static struct buf udp, ip;
	struct rte_mbuf *m;

	mk_udp(&udp, DST, SRC, 4000, 53, len);
	ip.n = 0;
	put_v6(&ip, DST, SRC, IPPROTO_UDP, 64, udp.b, udp.n);
	m = sl_test_mbuf(&fx->lc, ip.b, (uint16_t)ip.n);
	assert_non_null(m);
	sl_ip_send(fx->nl, m);
}

static void resolution(void **state)
{
	struct fx *fx = *state;
	struct sl_ip group = fx_ip("ff02::1:ff00:9"), target = fx_ip(SRC);
	const uint8_t *ns;

	send_udp6(fx, 10);
	fx_pump(fx);
	assert_int_equal(fx->n_out, 1);
	ns = out_nd(fx, 0, 135);
	assert_memory_equal(ns + 8, target.b, 16);
	assert_memory_equal(out_v6(fx, 0)->dst, group.b, 16);
	assert_int_equal(ns[24], 1);
	assert_string_equal(fx_neighbour(fx, SRC), "INCOMPLETE");
	fx_clear(fx);
	mk_nd(136, 0x60000000, SRC, 2, peer, SRC, DST);
	rx_v6(fx, SRC, DST, IPPROTO_ICMPV6, 255);
	assert_string_equal(fx_neighbour(fx, SRC), "REACHABLE");
	assert_int_equal(fx->n_out, 1);
	assert_int_equal(out_v6(fx, 0)->next, IPPROTO_UDP);
	/* Without the override flag another MAC only casts doubt (RFC 4861 7.2.5). */
	{
		const uint8_t other[6] = {2, 0xbb, 0, 0, 0, 1};
		struct sl_net_neighbour n;

		mk_nd(136, 0x40000000, SRC, 2, other, SRC, DST);
		rx_v6(fx, SRC, DST, IPPROTO_ICMPV6, 255);
		assert_string_equal(fx_neighbour(fx, SRC), "STALE");
		assert_true(sl_net_neighbour_at(fx->net, 0, &n));
		assert_memory_equal(n.mac, peer, 6);
		mk_nd(136, 0x20000000, SRC, 2, other, SRC, "ff02::1");
		rx_v6(fx, SRC, "ff02::1", IPPROTO_ICMPV6, 255);
		assert_true(sl_net_neighbour_at(fx->net, 0, &n));
		assert_memory_equal(n.mac, other, 6);
	}
	/* Of hosts that nobody asked for. */
	mk_nd(136, 0x20000000, "2001:db8:1::55", 2, peer, "2001:db8:1::55", "ff02::1");
	rx_v6(fx, "2001:db8:1::55", "ff02::1", IPPROTO_ICMPV6, 255);
	fx_expect_drop(fx, SL_DROP_ND_IGNORED);
}

static void conflict(void **state)
{
	struct fx *fx = *state;

	mk_nd(136, 0x20000000, DST, 2, peer, "fe80::9", "ff02::1");
	rx_v6(fx, "fe80::9", "ff02::1", IPPROTO_ICMPV6, 255);
	fx_expect_main_drop(fx, SL_DROP_ADDR_CONFLICT);
	assert_int_equal(sl_net_conflict(fx->net)->count, 1);
	assert_int_equal(fx->n_out, 1); /* defended */
	out_nd(fx, 0, 136);
}

static void echo(void **state)
{
	struct fx *fx = *state;
	const struct sl_icmp_hdr *icmp;

	know6(fx);
	mk_echo(&l4, SRC, DST, 56);
	rx_v6(fx, SRC, DST, IPPROTO_ICMPV6, 64);
	assert_int_equal(fx->n_out, 1);
	icmp = out_icmp(fx, 0);
	assert_int_equal(icmp->type, 129);
	assert_memory_equal(icmp + 1, l4.b + 8, 56);
	fx_expect_no_drop(fx);
	/* A group of ours is not answered. */
	mk_echo(&l4, SRC, "ff02::1", 56);
	rx_v6(fx, SRC, "ff02::1", IPPROTO_ICMPV6, 64);
	fx_expect_drop(fx, SL_DROP_IP_MULTICAST);
	l4.b[20] ^= 1;
	rx_v6(fx, SRC, DST, IPPROTO_ICMPV6, 64);
	fx_expect_drop(fx, SL_DROP_ICMP_BAD);
}

static void echo_in_fragments(void **state)
{
	struct fx *fx = *state;
	struct sl_ip s = fx_ip(SRC), d = fx_ip(DST);
	uint32_t pieces = 0;

	know6(fx);
	mk_echo(&l4, SRC, DST, 8000);
	for (uint32_t off = 0; off < l4.n; off += 1448, pieces++) {
		uint32_t n = SL_MIN(1448u, l4.n - off);
		uint8_t frag[8] = {IPPROTO_ICMPV6, 0, 0, 0, 0, 0, 0x12, 0x34};
		static struct buf part;

		sl_store16(frag + 2, (uint16_t)(off | (off + n < l4.n)));
		part.n = 0;
		put(&part, frag, 8);
		put(&part, l4.b + off, n);
		f.n = 0;
		put_eth(&f, fx, 0, SL_ETH_IPV6, 0);
		put_v6(&f, SRC, DST, 44, 64, part.b, part.n);
		fx_rx(fx, 0, f.b, f.n);
	}
	fx_expect_no_drop(fx);
	assert_int_equal(fx->n_out, pieces);
	back.n = 0;
	for (unsigned i = 0; i < fx->n_out; i++) {
		const uint8_t *frag = (const uint8_t *)(out_v6(fx, i) + 1);

		assert_int_equal(out_v6(fx, i)->next, 44);
		assert_int_equal(sl_load16(frag + 2) & 0xfff8, back.n);
		put(&back, frag + 8, ntohs(out_v6(fx, i)->len_be) - 8u);
	}
	assert_int_equal(back.n, 8008);
	assert_int_equal(
		sl_csum_fold(sl_csum_add(sl_csum_pseudo(&d, &s, 58, back.n), back.b, back.n)),
		0xffff);
	assert_memory_equal(back.b + 8, l4.b + 8, 8000);
}

struct ext {
	uint8_t first;
	uint8_t bytes[64];
	uint32_t n;
	int verdict; /* -1: passes */
};

static void extension_headers(void **state)
{
	static const struct ext cases[] = {
		{0, {17, 0, 1, 4, 0, 0, 0, 0}, 8, -1},                        /* hop-by-hop, PadN */
		{60, {17, 0, 0x1e, 4, 9, 9, 9, 9}, 8, -1},                    /* unknown, to skip */
		{60, {17, 0, 0x80, 4, 9, 9, 9, 9}, 8, SL_DROP_IP_BAD_HEADER}, /* not to skip */
		{60, {17, 0, 1, 9, 0, 0, 0, 0}, 8, SL_DROP_IP_BAD_HEADER},    /* option too long */
		{60, {17, 9, 1, 4, 0, 0, 0, 0}, 8, SL_DROP_IP_BAD_HEADER},    /* header too long */
		{43, {17, 0, 0, 1, 0, 0, 0, 0}, 8, SL_DROP_IP_BAD_HEADER},    /* routing */
		{60,
		 {0, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0},
		 16,
		 SL_DROP_IP_BAD_HEADER},                /* hop-by-hop not first */
		{44, {17, 0, 0, 0, 0, 0, 0, 1}, 8, -1}, /* atomic fragment, RFC 6946 */
		{44, {44, 0, 0, 0, 0, 0, 0, 1, 17, 0, 0, 0, 0, 0, 0, 1}, 16, SL_DROP_IP_BAD_HEADER},
	};
	struct fx *fx = *state;
	static struct buf udp;

	fx->keep_up = true;
	for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
		mk_udp(&udp, SRC, DST, 1111, 53, 30);
		l4.n = 0;
		put(&l4, cases[i].bytes, cases[i].n);
		put(&l4, udp.b, udp.n);
		rx_v6(fx, SRC, DST, cases[i].first, 64);
		if (cases[i].verdict < 0) {
			fx_expect_no_drop(fx);
			assert_int_equal(fx->n_up, 1);
			assert_int_equal(sl_pkt(fx->up[0])->l4, 54 + cases[i].n);
			assert_int_equal(sl_pkt(fx->up[0])->proto, 17);
			assert_int_equal(sl_pkt(fx->up[0])->dport, 53);
			assert_int_equal(sl_pkt(fx->up[0])->family, 6);
			rte_pktmbuf_free(fx->up[0]);
			fx->n_up = 0;
		} else {
			fx_expect_drop(fx, (enum sl_drop)cases[i].verdict);
		}
	}
	/* A long chain of them. */
	l4.n = 0;
	for (int i = 0; i < 12; i++) {
		const uint8_t h[8] = {i < 11 ? 60 : 17, 0, 1, 4};

		put(&l4, h, 8);
	}
	put(&l4, udp.b, udp.n);
	rx_v6(fx, SRC, DST, 60, 64);
	fx_expect_drop(fx, SL_DROP_IP_BAD_HEADER);
}

static void addresses(void **state)
{
	static const struct {
		const char *src, *dst;
		enum sl_drop reason;
	} bad[] = {
		{"::", DST, SL_DROP_IP_BAD_SOURCE},
		{"::1", DST, SL_DROP_IP_BAD_SOURCE},
		{"ff02::1", DST, SL_DROP_IP_BAD_SOURCE},
		{"::ffff:192.0.2.9", DST, SL_DROP_IP_BAD_SOURCE},
		{DST, DST, SL_DROP_IP_BAD_SOURCE},
		{SRC, "ff02::1", SL_DROP_IP_MULTICAST},
		{SRC, "::", SL_DROP_IP_NOT_OURS},
		{SRC, "2001:db8:1::2", SL_DROP_IP_NOT_OURS},
	};
	struct rte_mbuf *m;
	struct fx *fx = *state;

	for (size_t i = 0; i < SL_ARRAY_LEN(bad); i++) {
		mk_udp(&l4, bad[i].src, bad[i].dst, 1111, 53, 30);
		rx_v6(fx, bad[i].src, bad[i].dst, 17, 64);
		fx_expect_drop(fx, bad[i].reason);
	}
	mk_udp(&l4, SRC, DST, 1111, 53, 30);
	l4.b[6] = l4.b[7] = 0; /* UDP needs its checksum here */
	rx_v6(fx, SRC, DST, 17, 64);
	fx_expect_drop(fx, SL_DROP_L4_BAD_CSUM);
	m = sl_test_mbuf(&fx->lc, f.b, (uint16_t)f.n); /* whatever the port says */
	m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	fx_rx_mbuf(fx, 0, m);
	fx_expect_drop(fx, SL_DROP_L4_BAD_CSUM);
	rx_v6(fx, SRC, DST, 17, 64);
	fx_rx(fx, 0, f.b, f.n - 1);
	fx_rx(fx, 0, f.b, 14 + 39);
	assert_int_equal(fx->lc.stats.drops[SL_DROP_IP_TRUNCATED], 2);
	f.b[14] = 0x50;
	fx_rx(fx, 0, f.b, f.n);
	assert_int_equal(fx->lc.stats.drops[SL_DROP_IP_BAD_HEADER], 1);
}

static void errors(void **state)
{
	struct fx *fx = *state;
	const struct sl_icmp_hdr *icmp;

	know6(fx);
	mk_udp(&l4, SRC, DST, 1111, 53, 30);
	rx_v6(fx, SRC, DST, 17, 64);
	icmp = out_icmp(fx, 0);
	assert_int_equal(icmp->type, 1);
	assert_int_equal(icmp->code, 4);
	assert_memory_equal(icmp + 1, f.b + 14, f.n - 14);
	fx_clear(fx);
	l4.n = 0;
	put(&l4, "sctp", 4);
	rx_v6(fx, SRC, DST, 132, 64);
	icmp = out_icmp(fx, 0);
	assert_int_equal(icmp->type, 4);
	assert_int_equal(icmp->code, 1);
	assert_int_equal(ntohl(icmp->rest_be), 6); /* where the next header is named */
	fx_clear(fx);
	rx_v6(fx, SRC, DST, 59, 64); /* nothing follows */
	assert_int_equal(fx->n_out, 0);
	fx_expect_drop(fx, SL_DROP_IP_PROTO);
}

static struct sl_icmp_error seen;

static bool hook(void *arg, struct rte_mbuf *m, const struct sl_icmp_error *e)
{
	struct fx *fx = arg;

	seen = *e;
	sl_consume(&fx->lc);
	rte_pktmbuf_free(m);
	return true;
}

static void errors_reach_the_hook(void **state)
{
	struct fx *fx = *state;
	static struct buf tcp;
	struct sl_icmp_hdr h = {.type = 2, .rest_be = htonl(1290)};

	sl_net_on_icmp_error(fx->nl, hook, fx);
	mk_tcp(&tcp, DST, SRC, 80, 5555, 100);
	l4.n = 0;
	put(&l4, &h, sizeof(h));
	put_v6(&l4, DST, SRC, 6, 64, tcp.b, tcp.n);
	fx_csum_icmp6(&l4, "2001:db8:77::1", DST);
	rx_v6(fx, "2001:db8:77::1", DST, IPPROTO_ICMPV6, 60);
	fx_expect_no_drop(fx);
	assert_int_equal(seen.family, 6);
	assert_int_equal(seen.type, 2);
	assert_int_equal(seen.mtu, 1290);
	assert_int_equal(seen.inner.sport, 80);
	assert_int_equal(seen.inner.dport, 5555);
	assert_int_equal(seen.inner_seq, 0x01020304);
}

static void forwarding(void **state)
{
	struct fx *fx = *state;
	static struct buf udp;

	know6(fx);
	fx->keep_up = true;
	for (int big = 0; big < 2; big++) {
		mk_udp(&udp, SRC, "2001:db8:2::7", 1, 2, big ? 1400 : 100);
		l4 = udp;
		rx_v6(fx, SRC, "2001:db8:2::7", 17, 9);
		fx->n_up = 0;
		fx->lc.stats.c->consumed--;
		fx_clear(fx);
		sl_ip_forward(fx->nl, fx->up[0]);
		fx_pump(fx);
		assert_int_equal(fx->n_out, 1);
		if (!big) {
			out_nd(fx, 0, 135); /* waits for its neighbour */
			continue;
		}
		fx_expect_drop(fx, SL_DROP_IP_TOO_BIG);
		assert_int_equal(out_icmp(fx, 0)->type, 2);
		assert_int_equal(ntohl(out_icmp(fx, 0)->rest_be), 1400);
	}
}

/* Came in fragments that fit, and leaves by a smaller MTU: cut again, not refused. */
static void forwarding_what_came_in_fragments(void **state)
{
	const char *dst = "2001:db8:2::7";
	struct fx *fx = *state;
	static struct buf udp, part;

	know6(fx);
	mk_udp(&udp, SRC, dst, 1, 2, 1400);
	fx->keep_up = true;
	for (uint32_t off = 0; off < udp.n; off += 1000) {
		uint32_t n = SL_MIN(1000u, udp.n - off);
		uint8_t frag[8] = {IPPROTO_UDP, 0, 0, 0, 0, 0, 0x12, 0x34};

		sl_store16(frag + 2, (uint16_t)(off | (off + n < udp.n)));
		part.n = 0;
		put(&part, frag, 8);
		put(&part, udp.b + off, n);
		l4 = part;
		rx_v6(fx, SRC, dst, 44, 9);
	}
	assert_int_equal(fx->n_up, 1);
	fx->lc.stats.c->consumed--;
	fx_clear(fx);
	sl_ip_forward(fx->nl, fx->up[0]);
	fx->n_up = 0;
	fx_pump(fx);
	assert_int_equal(fx->n_out, 1);
	out_nd(fx, 0, 135);
	assert_int_equal(fx->main.stats.c->held, 2);
	fx_clear(fx);
	mk_nd(136, 0x60000000, dst, 2, peer, dst, "2001:db8:2::1");
	f.n = 0;
	put_eth(&f, fx, 1, SL_ETH_IPV6, 0);
	put_v6(&f, dst, "2001:db8:2::1", IPPROTO_ICMPV6, 255, l4.b, l4.n);
	fx_rx(fx, 1, f.b, f.n);
	fx_expect_no_drop(fx);
	assert_int_equal(fx->n_out, 2);
	back.n = 0;
	for (unsigned i = 0; i < 2; i++) {
		const struct sl_ipv6_hdr *ip = out_v6(fx, i);

		assert_int_equal(ip->next, 44);
		assert_int_equal(ip->hops, 8);
		put(&back, (const uint8_t *)(ip + 1) + 8, ntohs(ip->len_be) - 8u);
	}
	assert_int_equal(back.n, udp.n);
	assert_memory_equal(back.b, udp.b, udp.n);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(solicitation_is_answered),
		T(bad_discovery_is_dropped),
		T(resolution),
		T(conflict),
		T(echo),
		T(echo_in_fragments),
		T(extension_headers),
		T(addresses),
		T(errors),
		T(errors_reach_the_hook),
		T(forwarding),
		T(forwarding_what_came_in_fragments),
	};

	return cmocka_run_group_tests_name("net_ipv6", tests, NULL, NULL);
}
