/* SPDX-License-Identifier: BSD-3-Clause */
/* ARP and the life of a neighbour: asked, learnt, stale, probed, failed. */
#include "fixture.h"

static const uint8_t peer[6] = {0x02, 0xaa, 0, 0, 0, 0};
static const uint8_t other[6] = {0x02, 0xbb, 0, 0, 0, 9};
static struct buf f;

static const struct sl_arp_hdr *out_arp(const struct fx *fx, unsigned i)
{
	assert_int_equal(out_type(fx, i), SL_ETH_ARP);
	return (const void *)(fx->out[i].b + 14);
}

static void request_is_answered(void **state)
{
	struct fx *fx = *state;
	const struct sl_arp_hdr *a;

	mk_arp(&f, fx, 0, 1, peer, "192.0.2.9", "192.0.2.1", true);
	fx_rx(fx, 0, f.b, f.n);
	assert_int_equal(fx->n_out, 1);
	a = out_arp(fx, 0);
	assert_int_equal(ntohs(a->op_be), 2);
	assert_memory_equal(a->sha, fx->port[0].mac, 6);
	assert_memory_equal(a->tha, peer, 6);
	assert_memory_equal(fx->out[0].b, peer, 6);
	assert_string_equal(fx_neighbour(fx, "192.0.2.9"), "STALE");
	fx_expect_no_drop(fx);
}

static void probe_is_answered_not_learnt(void **state)
{
	struct fx *fx = *state;

	mk_arp(&f, fx, 0, 1, peer, "0.0.0.0", "192.0.2.1", true);
	fx_rx(fx, 0, f.b, f.n);
	assert_int_equal(fx->n_out, 1);
	assert_string_equal(fx_neighbour(fx, "0.0.0.0"), "NONE");
}

static void other_port_address_is_not_answered(void **state)
{
	struct fx *fx = *state;

	mk_arp(&f, fx, 0, 1, peer, "192.0.2.9", "10.10.0.1", true);
	fx_rx(fx, 0, f.b, f.n);
	assert_int_equal(fx->n_out, 0);
	fx_expect_drop(fx, SL_DROP_ARP_IGNORED);
	assert_string_equal(fx_neighbour(fx, "192.0.2.9"), "NONE");
}

static void off_link_sender_is_not_learnt(void **state)
{
	struct fx *fx = *state;

	mk_arp(&f, fx, 0, 1, peer, "198.51.100.7", "192.0.2.1", true);
	fx_rx(fx, 0, f.b, f.n);
	assert_int_equal(fx->n_out, 1); /* answered all the same */
	assert_string_equal(fx_neighbour(fx, "198.51.100.7"), "NONE");
}

static void gratuitous_updates_known_only(void **state)
{
	struct fx *fx = *state;
	struct sl_net_neighbour n;

	mk_arp(&f, fx, 0, 1, other, "192.0.2.9", "192.0.2.9", true);
	fx_rx(fx, 0, f.b, f.n);
	fx_expect_drop(fx, SL_DROP_ARP_IGNORED);
	assert_string_equal(fx_neighbour(fx, "192.0.2.9"), "NONE");
	fx_know(fx, 0, "192.0.2.9");
	mk_arp(&f, fx, 0, 1, other, "192.0.2.9", "192.0.2.9", true);
	fx_rx(fx, 0, f.b, f.n);
	fx_expect_no_drop(fx);
	assert_true(sl_net_neighbour_at(fx->net, 0, &n));
	assert_memory_equal(n.mac, other, 6);
	assert_string_equal(n.state, "STALE");
}

static void conflict_is_counted_and_defended(void **state)
{
	struct fx *fx = *state;
	const struct sl_net_conflict *c = sl_net_conflict(fx->net);

	for (int i = 0; i < 3; i++) {
		mk_arp(&f, fx, 0, 1, other, "192.0.2.1", "192.0.2.1", true);
		fx_rx(fx, 0, f.b, f.n);
		fx_expect_main_drop(fx, SL_DROP_ADDR_CONFLICT);
	}
	assert_int_equal(c->count, 3);
	assert_memory_equal(c->mac, other, 6);
	/* RFC 5227 2.4 b: one announcement in ten seconds. */
	assert_int_equal(fx->n_out, 1);
	assert_int_equal(out_arp(fx, 0)->spa_be, out_arp(fx, 0)->tpa_be);
	fx_pass_us(fx, 10000001);
	fx_clear(fx);
	fx_rx(fx, 0, f.b, f.n);
	assert_int_equal(fx->n_out, 1);
	assert_string_equal(fx_neighbour(fx, "192.0.2.1"), "NONE");
}

static void malformed_is_dropped(void **state)
{
	static const struct {
		int off;
		uint8_t value;
	} bad[] = {
		{14, 9}, {16, 9}, {18, 5}, {19, 6}, {21, 3}, {22, 0x01}, {28, 127}, {28, 224},
	};
	struct fx *fx = *state;

	for (size_t i = 0; i < SL_ARRAY_LEN(bad); i++) {
		mk_arp(&f, fx, 0, 1, peer, "192.0.2.9", "192.0.2.1", true);
		f.b[bad[i].off] = bad[i].value;
		fx_rx(fx, 0, f.b, f.n);
		fx_expect_drop(fx, SL_DROP_ARP_BAD);
	}
	mk_arp(&f, fx, 0, 1, peer, "192.0.2.255", "192.0.2.1", true);
	fx_rx(fx, 0, f.b, f.n);
	fx_expect_drop(fx, SL_DROP_ARP_BAD);
	mk_arp(&f, fx, 0, 1, peer, "192.0.2.9", "192.0.2.1", true);
	fx_rx(fx, 0, f.b, f.n - 1);
	fx_expect_drop(fx, SL_DROP_ARP_BAD);
	assert_int_equal(fx->n_out, 0);
}

static void unresolved_waits_in_order(void **state)
{
	struct fx *fx = *state;
	const struct sl_arp_hdr *a;

	for (uint32_t i = 0; i < 3; i++)
		sl_ip_send(fx->nl, fx_packet(fx, "192.0.2.1", "192.0.2.9", 10 + i, true));
	fx_pump(fx);
	assert_int_equal(fx->n_out, 1);
	a = out_arp(fx, 0);
	assert_int_equal(ntohs(a->op_be), 1);
	assert_int_equal(fx->out[0].b[0], 0xff);
	assert_int_equal(fx->main.stats.c->held, 3);
	assert_string_equal(fx_neighbour(fx, "192.0.2.9"), "INCOMPLETE");
	fx_clear(fx);
	mk_arp(&f, fx, 0, 2, peer, "192.0.2.9", "192.0.2.1", false);
	fx_rx(fx, 0, f.b, f.n);
	assert_string_equal(fx_neighbour(fx, "192.0.2.9"), "REACHABLE");
	assert_int_equal(fx->n_out, 3);
	for (unsigned i = 0; i < 3; i++) {
		check_v4(fx, i, "192.0.2.1", "192.0.2.9", IPPROTO_UDP);
		assert_int_equal(fx->out[i].len, 14 + 28 + 10 + i);
		assert_memory_equal(fx->out[i].b, peer, 6);
	}
	assert_int_equal(fx->main.stats.c->held, 0);
	/* From now on without main. */
	fx_clear(fx);
	sl_ip_send(fx->nl, fx_packet(fx, "192.0.2.1", "192.0.2.9", 10, true));
	assert_int_equal(sl_net_tx_flush(fx->nl), 1);
	assert_int_equal(fx->n_out, 1);
}

static void hold_queue_is_bounded(void **state)
{
	struct fx *fx = *state;

	for (uint32_t i = 0; i < 260; i++)
		sl_ip_send(fx->nl, fx_packet(fx, "192.0.2.1", "192.0.2.9", i, true));
	fx_pump(fx);
	assert_int_equal(fx->main.stats.drops[SL_DROP_NEIGH_QUEUE], 4);
	fx_clear(fx);
	mk_arp(&f, fx, 0, 2, peer, "192.0.2.9", "192.0.2.1", false);
	fx_rx(fx, 0, f.b, f.n);
	assert_int_equal(fx->n_out, 256);
	assert_int_equal(fx->out[0].len, 14 + 28 + 4); /* the oldest four are gone */
}

static bool error_seen(void *arg, struct rte_mbuf *m, const struct sl_icmp_error *e)
{
	struct fx *fx = arg;

	assert_int_equal(e->family, 4);
	assert_int_equal(e->type, 3);
	assert_int_equal(e->code, 1);
	assert_int_equal(e->inner.sport, 4000);
	assert_int_equal(e->inner.dport, 53);
	assert_int_equal(e->inner.proto, IPPROTO_UDP);
	fx->up[fx->n_up++] = m;
	sl_consume(&fx->lc);
	return true;
}

static void silent_neighbour_fails(void **state)
{
	struct fx *fx = *state;

	sl_net_on_icmp_error(fx->nl, error_seen, fx);
	sl_ip_send(fx->nl, fx_packet(fx, "192.0.2.1", "192.0.2.9", 10, true));
	fx_pass_us(fx, 2500000);
	assert_int_equal(fx->n_out, 3); /* a question a second */
	assert_int_equal(fx->n_up, 0);
	fx_pass_us(fx, 1000000);
	assert_int_equal(fx->n_out, 3);
	assert_string_equal(fx_neighbour(fx, "192.0.2.9"), "FAILED");
	fx_expect_main_drop(fx, SL_DROP_NEIGH_FAILED);
	/* The sender was ourselves: whoever made the packet is told. */
	assert_int_equal(fx->n_up, 1);
	/* For a while at once, then asked again. */
	sl_ip_send(fx->nl, fx_packet(fx, "192.0.2.1", "192.0.2.9", 10, true));
	fx_pump(fx);
	fx_expect_drop(fx, SL_DROP_NEIGH_FAILED);
	assert_int_equal(fx->n_up, 2);
	fx_pass_us(fx, 2500000);
	assert_string_equal(fx_neighbour(fx, "192.0.2.9"), "NONE");
	fx_clear(fx);
	sl_ip_send(fx->nl, fx_packet(fx, "192.0.2.1", "192.0.2.9", 10, true));
	fx_pump(fx);
	assert_int_equal(fx->n_out, 1);
}

/* More bad news at once than a worker keeps until it looks. */
static void news_of_failures_is_bounded(void **state)
{
	struct fx *fx = *state;
	const char *ip[3] = {"192.0.2.9", "192.0.2.10", "192.0.2.11"};

	sl_net_on_icmp_error(fx->nl, error_seen, fx);
	for (int i = 0; i < 48; i++)
		sl_ip_send(fx->nl, fx_packet(fx, "192.0.2.1", ip[i / 16], 10, true));
	fx_pass_us(fx, 4000000);
	assert_int_equal(fx->main.stats.drops[SL_DROP_NEIGH_FAILED], 48);
	assert_int_equal(fx->n_up, 32);
	assert_int_equal(fx->lc.stats.drops[SL_DROP_ICMP_RATE], 16);
}

static void neighbour_ages_and_is_probed(void **state)
{
	struct fx *fx = *state;

	sl_ip_send(fx->nl, fx_packet(fx, "192.0.2.1", "192.0.2.9", 10, true));
	fx_pump(fx);
	mk_arp(&f, fx, 0, 2, peer, "192.0.2.9", "192.0.2.1", false);
	fx_rx(fx, 0, f.b, f.n);
	assert_string_equal(fx_neighbour(fx, "192.0.2.9"), "REACHABLE");
	fx_clear(fx);
	fx_pass_us(fx, 46000000);
	assert_string_equal(fx_neighbour(fx, "192.0.2.9"), "STALE");
	assert_int_equal(fx->n_out, 0); /* nobody uses it: nobody asks */
	sl_ip_send(fx->nl, fx_packet(fx, "192.0.2.1", "192.0.2.9", 10, true));
	fx_pass_us(fx, 1100000);
	assert_string_equal(fx_neighbour(fx, "192.0.2.9"), "PROBE");
	assert_int_equal(fx->n_out, 2);
	assert_int_equal(out_type(fx, 0), SL_ETH_IPV4); /* sent meanwhile */
	assert_memory_equal(fx->out[1].b, peer, 6);     /* asked in person */
	mk_arp(&f, fx, 0, 2, peer, "192.0.2.9", "192.0.2.1", false);
	fx_rx(fx, 0, f.b, f.n);
	assert_string_equal(fx_neighbour(fx, "192.0.2.9"), "REACHABLE");
	/* Used again, but gone: two questions in person, one to everyone. */
	fx_pass_us(fx, 46000000);
	fx_clear(fx);
	sl_ip_send(fx->nl, fx_packet(fx, "192.0.2.1", "192.0.2.9", 10, true));
	fx_pass_us(fx, 5000000);
	assert_int_equal(fx->n_out, 4);
	assert_memory_equal(fx->out[2].b, peer, 6);
	assert_int_equal(fx->out[3].b[0], 0xff);
	assert_string_equal(fx_neighbour(fx, "192.0.2.9"), "FAILED");
}

static void send_confirming(struct fx *fx, const char *to)
{
	struct rte_mbuf *m = fx_packet(fx, "192.0.2.1", to, 10, true);

	sl_pkt(m)->flags |= SL_PKT_CONFIRMS;
	sl_ip_send(fx->nl, m);
}

/* RFC 4861 7.3.1: who answers TCP need not answer ARP to stay known. */
static void progress_confirms_a_neighbour(void **state)
{
	struct fx *fx = *state;

	fx_know(fx, 0, "192.0.2.9");
	for (int i = 0; i < 6; i++) {
		send_confirming(fx, "192.0.2.9");
		fx_pass_us(fx, 1100000);
	}
	assert_string_equal(fx_neighbour(fx, "192.0.2.9"), "REACHABLE");
	assert_int_equal(fx->n_out, 6); /* no question among them */
}

static void progress_saves_a_neighbour_under_question(void **state)
{
	struct fx *fx = *state;

	fx_know(fx, 0, "192.0.2.9");
	sl_ip_send(fx->nl, fx_packet(fx, "192.0.2.1", "192.0.2.9", 10, true));
	fx_pass_us(fx, 1100000);
	assert_string_equal(fx_neighbour(fx, "192.0.2.9"), "PROBE");
	send_confirming(fx, "192.0.2.9");
	fx_pass_us(fx, 5000000);
	assert_string_equal(fx_neighbour(fx, "192.0.2.9"), "REACHABLE");
}

/* It moved: what the old MAC confirmed says nothing of the new one. */
static void progress_before_a_move_confirms_nothing(void **state)
{
	static const uint8_t moved[6] = {2, 0, 0, 0, 0, 0x77};
	struct fx *fx = *state;

	fx_know(fx, 0, "192.0.2.9");
	send_confirming(fx, "192.0.2.9");
	mk_arp(&f, fx, 0, 1, moved, "192.0.2.9", "192.0.2.1", true);
	fx_rx(fx, 0, f.b, f.n);
	fx_pass_us(fx, 1100000);
	assert_string_not_equal(fx_neighbour(fx, "192.0.2.9"), "REACHABLE");
}

static void unused_neighbour_is_forgotten(void **state)
{
	struct fx *fx = *state;

	fx_know(fx, 0, "192.0.2.9");
	fx_pass_us(fx, 598000000);
	assert_string_equal(fx_neighbour(fx, "192.0.2.9"), "STALE");
	fx_pass_us(fx, 4000000);
	assert_string_equal(fx_neighbour(fx, "192.0.2.9"), "NONE");
}

static void unasked_reply_does_not_confirm(void **state)
{
	struct fx *fx = *state;

	fx_know(fx, 0, "192.0.2.9");
	mk_arp(&f, fx, 0, 2, peer, "192.0.2.9", "192.0.2.1", false);
	fx_rx(fx, 0, f.b, f.n);
	assert_string_equal(fx_neighbour(fx, "192.0.2.9"), "STALE");
	mk_arp(&f, fx, 0, 2, peer, "192.0.2.77", "192.0.2.1", false);
	fx_rx(fx, 0, f.b, f.n);
	assert_string_equal(fx_neighbour(fx, "192.0.2.77"), "NONE");
}

static void punt_ring_full(void **state)
{
	struct fx_setup s = {.punt_ring = 4};
	struct fx *fx = fx_start(&s);

	for (int i = 0; i < 5; i++)
		sl_ip_send(fx->nl, fx_packet(fx, "192.0.2.1", "192.0.2.9", 10, true));
	assert_int_equal(fx->lc.stats.drops[SL_DROP_PUNT_FULL], 2);
	fx_pump(fx);
	fx_stop(fx);
}

static void full_table_evicts_the_unconfirmed(void **state)
{
	struct fx_setup s = {.neighbours_max = 16};
	struct fx *fx = fx_start(&s);
	char ip[32];
	unsigned n = 0;
	struct sl_net_neighbour row;

	sl_ip_send(fx->nl, fx_packet(fx, "192.0.2.1", "192.0.2.9", 10, true));
	fx_pump(fx);
	mk_arp(&f, fx, 0, 2, peer, "192.0.2.9", "192.0.2.1", false);
	fx_rx(fx, 0, f.b, f.n);
	for (unsigned i = 10; i < 110; i++) {
		snprintf(ip, sizeof(ip), "192.0.2.%u", i);
		sl_ip_send(fx->nl, fx_packet(fx, "192.0.2.1", ip, 10, true));
		fx_pump(fx);
	}
	while (sl_net_neighbour_at(fx->net, n, &row))
		n++;
	assert_int_equal(n, 16);
	assert_string_equal(fx_neighbour(fx, "192.0.2.9"), "REACHABLE");
	assert_int_equal(fx->main.stats.drops[SL_DROP_NEIGH_QUEUE], 85);
	fx_stop(fx);
}

static void addresses_are_announced_at_start(void **state)
{
	struct fx_setup s = {.announce = true};
	struct fx *fx = fx_start(&s);
	unsigned arps = 0;

	fx_pump(fx);
	for (unsigned i = 0; i < fx->n_out; i++)
		if (out_type(fx, i) == SL_ETH_ARP) {
			assert_int_equal(out_arp(fx, i)->spa_be, out_arp(fx, i)->tpa_be);
			arps++;
		}
	assert_int_equal(arps, 2);
	fx_pass_us(fx, 60000000);
	assert_int_equal(fx->n_out, 2 * (2 + 4)); /* twice: IPv4, IPv6, link-local of each port */
	fx_stop(fx);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(request_is_answered),
		T(probe_is_answered_not_learnt),
		T(other_port_address_is_not_answered),
		T(off_link_sender_is_not_learnt),
		T(gratuitous_updates_known_only),
		T(conflict_is_counted_and_defended),
		T(malformed_is_dropped),
		T(unresolved_waits_in_order),
		T(hold_queue_is_bounded),
		T(silent_neighbour_fails),
		T(news_of_failures_is_bounded),
		T(neighbour_ages_and_is_probed),
		T(progress_confirms_a_neighbour),
		T(progress_saves_a_neighbour_under_question),
		T(progress_before_a_move_confirms_nothing),
		T(unused_neighbour_is_forgotten),
		T(unasked_reply_does_not_confirm),
		cmocka_unit_test(punt_ring_full),
		cmocka_unit_test(full_table_evicts_the_unconfirmed),
		cmocka_unit_test(addresses_are_announced_at_start),
	};

	return cmocka_run_group_tests_name("net_arp", tests, NULL, NULL);
}
