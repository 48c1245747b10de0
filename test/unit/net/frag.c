/* SPDX-License-Identifier: BSD-3-Clause */
/* Reassembly: every order, overlaps, limits, time; and fragmentation on the way out. */
#include "fixture.h"

static struct buf f, l4;

#define SRC "192.0.2.9"
#define DST "192.0.2.1"

/* Sends bytes [off, off + len) of l4 as a fragment. */
static void rx_piece(struct fx *fx, const char *src, uint16_t id, uint8_t proto, uint32_t off,
		     uint32_t len, bool more)
{
	struct v4 ip = {.src = src,
			.dst = DST,
			.proto = proto,
			.id = id,
			.frag = (uint16_t)(off / 8 | (more ? SL_IPV4_MF : 0))};

	f.n = 0;
	put_eth(&f, fx, 0, SL_ETH_IPV4, 0);
	put_v4(&f, &ip, l4.b + off, len);
	fx_rx(fx, 0, f.b, f.n);
}

static void check_whole(struct fx *fx, struct rte_mbuf *m)
{
	static uint8_t got[66000];
	const struct sl_pkt *p = sl_pkt(m);

	rte_mbuf_sanity_check(m, 1);
	assert_int_equal(p->flags & SL_PKT_FRAGMENT, 0);
	assert_true(p->flags & SL_PKT_L4_CSUM_OK);
	assert_int_equal(p->l4_len, l4.n);
	assert_int_equal(m->pkt_len, p->l4 + l4.n);
	assert_true(m->data_len >= p->payload);
	assert_memory_equal(rte_pktmbuf_read(m, p->l4, l4.n, got), l4.b, l4.n);
	assert_int_equal(fx->lc.stats.c->held, 0);
}

/* Five fragments in each of the 120 orders. */
static void every_order(void **state)
{
	struct fx *fx = *state;
	const uint32_t cut[6] = {0, 8, 24, 800, 808, 1000};
	uint16_t id = 0;

	mk_tcp(&l4, SRC, DST, 1000, 80, 976);
	assert_int_equal(l4.n, 1000);
	fx->keep_up = true;
	for (int code = 0; code < 3125; code++) {
		int c = code, seen = 0, order[5];

		for (int i = 0; i < 5; i++, c /= 5) {
			order[i] = c % 5;
			seen |= 1 << order[i];
		}
		if (seen != 31)
			continue;
		id++;
		for (int i = 0; i < 5; i++) {
			assert_int_equal(fx->n_up, 0);
			rx_piece(fx, SRC, id, IPPROTO_TCP, cut[order[i]],
				 cut[order[i] + 1] - cut[order[i]], order[i] < 4);
		}
		assert_int_equal(fx->n_up, 1);
		check_whole(fx, fx->up[0]);
		assert_int_equal(sl_pkt(fx->up[0])->dport, 80);
		rte_pktmbuf_free(fx->up[0]);
		fx->n_up = 0;
	}
	assert_int_equal(id, 120);
	fx_expect_no_drop(fx);
}

static void first_fragment_has_its_tuple(void **state)
{
	struct fx *fx = *state;
	struct v4 ip = {.src = SRC, .dst = DST, .proto = IPPROTO_TCP, .frag = SL_IPV4_MF};
	struct rte_mbuf *m;

	mk_tcp(&l4, SRC, DST, 1000, 80, 100);
	f.n = 0;
	put_eth(&f, fx, 0, SL_ETH_IPV4, 0);
	put_v4(&f, &ip, l4.b, 8); /* ports are there, the rest of the header is not */
	m = sl_test_mbuf(&fx->lc, f.b, (uint16_t)f.n);
	assert_int_equal(sl_eth_in_burst(fx->nl, &fx->port[0], &m, 1), 1);
	assert_int_equal(sl_ip_in_burst(fx->nl, &m, 1), 1);
	assert_true(sl_pkt(m)->flags & SL_PKT_FRAGMENT);
	assert_int_equal(sl_pkt(m)->sport, 1000);
	assert_int_equal(sl_pkt(m)->dport, 80);
	rte_pktmbuf_free(m);
}

static void duplicates_do_no_harm(void **state)
{
	struct fx *fx = *state;

	mk_udp(&l4, SRC, DST, 1, 2, 92);
	fx->keep_up = true;
	rx_piece(fx, SRC, 1, IPPROTO_UDP, 0, 48, true);
	rx_piece(fx, SRC, 1, IPPROTO_UDP, 0, 48, true);
	fx_expect_drop(fx, SL_DROP_FRAG_OVERLAP);
	rx_piece(fx, SRC, 1, IPPROTO_UDP, 48, 52, false);
	assert_int_equal(fx->n_up, 1);
	check_whole(fx, fx->up[0]);
}

static void overlap_kills_the_datagram(void **state)
{
	struct fx *fx = *state;

	mk_udp(&l4, SRC, DST, 1, 2, 92);
	fx->keep_up = true;
	rx_piece(fx, SRC, 1, IPPROTO_UDP, 0, 48, true);
	rx_piece(fx, SRC, 1, IPPROTO_UDP, 40, 16, true);
	assert_int_equal(fx->lc.stats.drops[SL_DROP_FRAG_OVERLAP], 2);
	assert_int_equal(fx->lc.stats.c->held, 0);
	/* What still comes is dropped too, RFC 5722. */
	rx_piece(fx, SRC, 1, IPPROTO_UDP, 0, 48, true);
	rx_piece(fx, SRC, 1, IPPROTO_UDP, 48, 52, false);
	assert_int_equal(fx->lc.stats.drops[SL_DROP_FRAG_OVERLAP], 4);
	assert_int_equal(fx->n_up, 0);
	/* Overlap from the other side, and one that swallows another. */
	rx_piece(fx, SRC, 2, IPPROTO_UDP, 48, 16, true);
	rx_piece(fx, SRC, 2, IPPROTO_UDP, 40, 16, true);
	rx_piece(fx, SRC, 3, IPPROTO_UDP, 48, 8, true);
	rx_piece(fx, SRC, 3, IPPROTO_UDP, 40, 48, true);
	assert_int_equal(fx->lc.stats.drops[SL_DROP_FRAG_OVERLAP], 8);
}

static void impossible_lengths(void **state)
{
	struct fx *fx = *state;

	mk_udp(&l4, SRC, DST, 1, 2, 92);
	rx_piece(fx, SRC, 1, IPPROTO_UDP, 0, 47, true); /* not in eights */
	fx_expect_drop(fx, SL_DROP_FRAG_BAD);
	rx_piece(fx, SRC, 1, IPPROTO_UDP, 8, 0, true); /* nothing */
	fx_expect_drop(fx, SL_DROP_FRAG_BAD);
	rx_piece(fx, SRC, 1, IPPROTO_UDP, 0, 8, true);
	f.b[20] = 0x1f;
	f.b[21] = 0xff; /* ends behind 64 KiB */
	{
		struct sl_ipv4_hdr *ip = (struct sl_ipv4_hdr *)(f.b + 14);

		ip->csum_be = sl_ipv4_csum(ip, 20);
	}
	fx_rx(fx, 0, f.b, f.n);
	fx_expect_drop(fx, SL_DROP_FRAG_BAD);
	/* Two ends; an end before what is there; more behind the end. */
	rx_piece(fx, SRC, 2, IPPROTO_UDP, 48, 8, false);
	rx_piece(fx, SRC, 2, IPPROTO_UDP, 64, 8, false);
	assert_int_equal(fx->lc.stats.drops[SL_DROP_FRAG_BAD], 5);
	rx_piece(fx, SRC, 3, IPPROTO_UDP, 64, 8, true);
	rx_piece(fx, SRC, 3, IPPROTO_UDP, 48, 8, false);
	assert_int_equal(fx->lc.stats.drops[SL_DROP_FRAG_BAD], 7);
	rx_piece(fx, SRC, 4, IPPROTO_UDP, 48, 8, false);
	rx_piece(fx, SRC, 4, IPPROTO_UDP, 56, 8, true);
	assert_int_equal(fx->lc.stats.drops[SL_DROP_FRAG_BAD], 9);
}

static void bad_checksum_shows_when_whole(void **state)
{
	struct fx *fx = *state;

	mk_udp(&l4, SRC, DST, 1, 2, 92);
	l4.b[70] ^= 1;
	rx_piece(fx, SRC, 1, IPPROTO_UDP, 0, 48, true);
	rx_piece(fx, SRC, 1, IPPROTO_UDP, 48, 52, false);
	fx_expect_drop(fx, SL_DROP_L4_BAD_CSUM);
	assert_int_equal(fx->lc.stats.c->consumed, 1);
}

static void datagrams_per_source(void **state)
{
	struct fx_setup s = {.mbufs = 4095};
	struct fx *fx = fx_start(&s);

	mk_udp(&l4, SRC, DST, 1, 2, 92);
	fx->keep_up = true;
	for (uint16_t id = 0; id < 64; id++)
		rx_piece(fx, SRC, id, IPPROTO_UDP, 0, 48, true);
	fx_expect_no_drop(fx);
	rx_piece(fx, SRC, 64, IPPROTO_UDP, 0, 48, true);
	fx_expect_drop(fx, SL_DROP_FRAG_LIMIT);
	/* The oldest had to go, the newest is served. */
	rx_piece(fx, SRC, 64, IPPROTO_UDP, 48, 52, false);
	assert_int_equal(fx->n_up, 1);
	rx_piece(fx, SRC, 1, IPPROTO_UDP, 48, 52, false);
	assert_int_equal(fx->n_up, 2);
	rx_piece(fx, SRC, 0, IPPROTO_UDP, 48, 52, false);
	assert_int_equal(fx->n_up, 2);
	fx_stop(fx);
}

/* A flood of sources pushes out its own; whoever is quick is served. */
static void bytes_overall(void **state)
{
	struct fx_setup s = {.mbufs = 511};
	struct fx *fx = fx_start(&s);
	char src[32];

	fx->keep_up = true;
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(src, sizeof(src), "198.51.%u.%u", 100 + i / 200, 1 + i % 200);
		mk_udp(&l4, src, DST, 1, 2, 92);
		rx_piece(fx, src, (uint16_t)i, IPPROTO_UDP, 0, 48, true);
		assert_true(fx->lc.stats.c->held <= 511 / 8);
	}
	assert_true(fx->lc.stats.drops[SL_DROP_FRAG_LIMIT] > 900);
	mk_udp(&l4, SRC, DST, 1, 2, 92);
	rx_piece(fx, SRC, 1, IPPROTO_UDP, 48, 52, false);
	rx_piece(fx, SRC, 1, IPPROTO_UDP, 0, 48, true);
	assert_int_equal(fx->n_up, 1);
	fx_stop(fx);
}

static void too_many_pieces(void **state)
{
	struct fx_setup s = {.mbufs = 4095};
	struct fx *fx = fx_start(&s);

	mk_udp(&l4, SRC, DST, 1, 2, 2000);
	for (uint32_t i = 0; i < 128; i++)
		rx_piece(fx, SRC, 1, IPPROTO_UDP, i * 8, 8, true);
	fx_expect_no_drop(fx);
	rx_piece(fx, SRC, 1, IPPROTO_UDP, 128 * 8, 8, true);
	assert_int_equal(fx->lc.stats.drops[SL_DROP_FRAG_LIMIT], 129);
	assert_int_equal(fx->lc.stats.c->held, 0);
	fx_stop(fx);
}

static void timeout_is_told(void **state)
{
	struct fx *fx = *state;
	const struct sl_icmp_hdr *icmp;

	fx_know(fx, 0, SRC);
	mk_udp(&l4, SRC, DST, 1, 2, 92);
	rx_piece(fx, SRC, 1, IPPROTO_UDP, 0, 48, true);
	rx_piece(fx, SRC, 2, IPPROTO_UDP, 48, 16, true);
	fx_pass_us(fx, 29000000);
	fx_expect_no_drop(fx);
	fx_clear(fx);
	fx_pass_us(fx, 1100000);
	assert_int_equal(fx->lc.stats.drops[SL_DROP_FRAG_TIMEOUT], 2);
	assert_int_equal(fx->lc.stats.c->held, 0);
	/* Only of the one whose beginning had come (RFC 792). */
	assert_int_equal(fx->n_out, 1);
	icmp = out_icmp(fx, 0);
	assert_int_equal(icmp->type, 11);
	assert_int_equal(icmp->code, 1);
}

static void stop_gives_up_what_is_held(void **state)
{
	struct fx_setup s = {.mbufs = 255};
	struct fx *fx = fx_start(&s);

	mk_udp(&l4, SRC, DST, 1, 2, 92);
	rx_piece(fx, SRC, 1, IPPROTO_UDP, 0, 48, true);
	assert_int_equal(fx->lc.stats.c->held, 1);
	fx_stop(fx); /* no buffer stays behind */
}

/* ---- out ---- */

static struct buf back;

/* Puts the fragments that came out together again; returns their number. */
static unsigned join(const struct fx *fx, uint16_t mtu)
{
	uint16_t id = out_v4(fx, 0)->id_be;
	uint32_t expect = 0;

	back.n = 0;
	for (unsigned i = 0; i < fx->n_out; i++) {
		const struct sl_ipv4_hdr *ip = out_v4(fx, i);
		uint16_t frag = ntohs(ip->frag_be);
		uint32_t hlen = (ip->ver_ihl & 15) * 4u;

		assert_int_equal(ip->id_be, id);
		assert_int_equal((frag & SL_IPV4_OFF_MASK) * 8u, expect);
		assert_int_equal(!!(frag & SL_IPV4_MF), i + 1 < fx->n_out);
		assert_true(ntohs(ip->len_be) <= mtu);
		assert_int_equal(ip->csum_be, sl_ipv4_csum(ip, hlen));
		put(&back, (const uint8_t *)ip + hlen, ntohs(ip->len_be) - hlen);
		expect = back.n;
	}
	return fx->n_out;
}

static void locally_made_is_cut(void **state)
{
	struct fx *fx = *state;
	uint16_t id;

	fx_know(fx, 1, "10.10.0.9");
	sl_ip_send(fx->nl, fx_packet(fx, "10.10.0.1", "10.10.0.9", 5000, false));
	fx_pump(fx);
	assert_int_equal(join(fx, 1400), 4);
	assert_int_equal(back.n, 5008);
	mk_udp(&l4, "10.10.0.1", "10.10.0.9", 4000, 53, 5000);
	assert_memory_equal(back.b, l4.b, l4.n);
	assert_int_equal(fx->lc.stats.c->originated, 4);
	id = out_v4(fx, 0)->id_be;
	fx_clear(fx);
	sl_ip_send(fx->nl, fx_packet(fx, "10.10.0.1", "10.10.0.9", 5000, false));
	fx_pump(fx);
	assert_int_not_equal(out_v4(fx, 0)->id_be, id);
	/* Exactly the MTU passes whole. */
	fx_clear(fx);
	sl_ip_send(fx->nl, fx_packet(fx, "10.10.0.1", "10.10.0.9", 1400 - 28, false));
	fx_pump(fx);
	assert_int_equal(join(fx, 1400), 1);
	assert_false(fx->saw_chain);
}

static void no_buffers_drop_it_whole(void **state)
{
	struct fx *fx = *state;
	struct rte_mbuf *hog[2000], *m;
	unsigned n = 0;

	fx_know(fx, 1, "10.10.0.9");
	m = fx_packet(fx, "10.10.0.1", "10.10.0.9", 5000, false);
	while ((hog[n] = rte_pktmbuf_alloc(fx->lc.pool)))
		n++;
	rte_pktmbuf_free(hog[--n]);
	rte_pktmbuf_free(hog[--n]);
	sl_ip_send(fx->nl, m);
	fx_expect_drop(fx, SL_DROP_NO_MBUF);
	rte_pktmbuf_free_bulk(hog, n);
	fx_pump(fx);
	assert_int_equal(fx->n_out, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(every_order),
		T(first_fragment_has_its_tuple),
		T(duplicates_do_no_harm),
		T(overlap_kills_the_datagram),
		T(impossible_lengths),
		T(bad_checksum_shows_when_whole),
		cmocka_unit_test(datagrams_per_source),
		cmocka_unit_test(bytes_overall),
		cmocka_unit_test(too_many_pieces),
		T(timeout_is_told),
		cmocka_unit_test(stop_gives_up_what_is_held),
		T(locally_made_is_cut),
		T(no_buffers_drop_it_whole),
	};

	return cmocka_run_group_tests_name("net_frag", tests, NULL, NULL);
}
