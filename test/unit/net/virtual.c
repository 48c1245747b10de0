/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtual addresses: ARP and ND answer for them in their subnet, ping and refusals anywhere. */
#include "fixture.h"

#define ON_LINK  "192.0.2.77"
#define ON_LINK6 "2001:db8:1::77"
#define OFF_LINK "10.96.7.7"

static const uint8_t peer[6] = {0x02, 0xaa, 0, 0, 0, 0};
static struct buf f, l4;

static void set(struct fx *fx, const char *const *text, uint32_t n)
{
	struct sl_ip ip[8];

	for (uint32_t i = 0; i < n; i++)
		ip[i] = fx_ip(text[i]);
	assert_int_equal(sl_net_main_set_virtual(fx->net, ip, n), 0);
}

static int start(void **state)
{
	const char *const all[] = {OFF_LINK, ON_LINK6, "192.0.2.1", ON_LINK, "0.0.0.0", OFF_LINK};

	fx_setup(state);
	set(*state, all, 6);
	fx_pump(*state);
	return 0;
}

static void arp(struct fx *fx, int port, const char *target)
{
	fx_clear(fx);
	mk_arp(&f, fx, port, 1, peer, port ? "10.10.0.9" : "192.0.2.9", target, true);
	fx_rx(fx, port, f.b, f.n);
}

static void new_ones_are_announced_once(void **state)
{
	struct fx *fx = *state;
	const char *const less[] = {ON_LINK}, *const more[] = {"192.0.2.78", ON_LINK};
	const struct sl_arp_hdr *a;

	/* One in IPv4, one in IPv6; the one off link is nobody's business. */
	assert_int_equal(fx->n_out, 2);
	assert_int_equal(fx->out[0].port, 0);
	fx_clear(fx);
	set(fx, less, 1);
	fx_pump(fx);
	assert_int_equal(fx->n_out, 0);
	set(fx, more, 2);
	fx_pump(fx);
	assert_int_equal(fx->n_out, 1);
	a = (const void *)(fx->out[0].b + 14);
	assert_int_equal(ntohl(a->spa_be), 0xc000024e);
	assert_int_equal(a->tpa_be, a->spa_be);
	fx_pass_us(fx, 5000000);
	assert_int_equal(fx->n_out, 1);
}

static void arp_is_answered_on_link(void **state)
{
	struct fx *fx = *state;
	const struct sl_arp_hdr *a;

	arp(fx, 0, ON_LINK);
	assert_int_equal(fx->n_out, 1);
	a = (const void *)(fx->out[0].b + 14);
	assert_int_equal(ntohs(a->op_be), 2);
	assert_int_equal(ntohl(a->spa_be), 0xc000024d);
	assert_memory_equal(a->sha, fx->port[0].mac, 6);
	arp(fx, 1, ON_LINK);
	assert_int_equal(fx->n_out, 0);
	arp(fx, 0, OFF_LINK);
	assert_int_equal(fx->n_out, 0);
	arp(fx, 0, "192.0.2.78");
	assert_int_equal(fx->n_out, 0);
	set(fx, NULL, 0);
	arp(fx, 0, ON_LINK);
	assert_int_equal(fx->n_out, 0);
}

static void solicit(struct fx *fx, const char *target, const char *group)
{
	struct sl_icmp_hdr h = {.type = 135};
	struct sl_ip t = fx_ip(target), s = fx_ip("2001:db8:1::9"), d = fx_ip(group);
	const uint8_t o[2] = {1, 1};
	uint16_t c;

	l4.n = 0;
	put(&l4, &h, sizeof(h));
	put(&l4, t.b, 16);
	put(&l4, o, 2);
	put(&l4, peer, 6);
	c = (uint16_t)~sl_csum_fold(
		sl_csum_add(sl_csum_pseudo(&s, &d, IPPROTO_ICMPV6, l4.n), l4.b, l4.n));
	memcpy(l4.b + 2, &c, 2);
	f.n = 0;
	put_eth(&f, fx, 0, SL_ETH_IPV6, 0);
	f.b[0] = f.b[1] = 0x33;
	memcpy(f.b + 2, d.b + 12, 4);
	put_v6(&f, "2001:db8:1::9", group, IPPROTO_ICMPV6, 255, l4.b, l4.n);
	fx_clear(fx);
	fx_rx(fx, 0, f.b, f.n);
}

static void nd_is_answered_on_link(void **state)
{
	struct fx *fx = *state;
	struct sl_ip t = fx_ip(ON_LINK6);
	const uint8_t *na;

	solicit(fx, ON_LINK6, "ff02::1:ff00:77");
	assert_int_equal(fx->n_out, 1);
	na = (const uint8_t *)out_icmp(fx, 0);
	assert_int_equal(na[0], 136);
	assert_memory_equal(na + 8, t.b, 16);
	assert_memory_equal(na + 26, fx->port[0].mac, 6);
	solicit(fx, "2001:db8:1::78", "ff02::1:ff00:78");
	assert_int_equal(fx->n_out, 0);
	fx_expect_drop(fx, SL_DROP_ND_IGNORED);
}

static void rx_ip(struct fx *fx, const char *dst, uint8_t proto, uint8_t ttl)
{
	const struct v4 ip = {.src = "192.0.2.9", .dst = dst, .proto = proto, .ttl = ttl};

	f.n = 0;
	put_eth(&f, fx, 0, SL_ETH_IPV4, 0);
	put_v4(&f, &ip, l4.b, l4.n);
	fx_rx(fx, 0, f.b, f.n);
}

static void echo_and_refusal_come_from_it(void **state)
{
	struct fx *fx = *state;

	fx_know(fx, 0, "192.0.2.9");
	fx_clear(fx);
	mk_echo(&l4, "192.0.2.9", OFF_LINK, 56);
	rx_ip(fx, OFF_LINK, IPPROTO_ICMP, 1);
	assert_int_equal(fx->n_out, 1);
	check_v4(fx, 0, OFF_LINK, "192.0.2.9", IPPROTO_ICMP);
	assert_int_equal(out_icmp(fx, 0)->type, 0);
	fx_clear(fx);
	mk_udp(&l4, "192.0.2.9", OFF_LINK, 4000, 33434, 20);
	rx_ip(fx, OFF_LINK, IPPROTO_UDP, 1);
	assert_int_equal(fx->n_out, 1);
	check_v4(fx, 0, OFF_LINK, "192.0.2.9", IPPROTO_ICMP);
	assert_int_equal(out_icmp(fx, 0)->type, 3);
	assert_int_equal(out_icmp(fx, 0)->code, 3);
	fx_expect_drop(fx, SL_DROP_UDP_NO_PORT);
	fx_clear(fx);
	mk_udp(&l4, "192.0.2.9", "10.96.7.8", 4000, 33434, 20);
	rx_ip(fx, "10.96.7.8", IPPROTO_UDP, 64);
	assert_int_equal(fx->n_out, 0);
	fx_expect_drop(fx, SL_DROP_IP_NOT_OURS);
}

/* A hop is who forwards: a virtual address is none. */
static void time_exceeded_comes_from_the_box(void **state)
{
	struct fx *fx = *state;
	struct rte_mbuf *m;

	fx_know(fx, 0, "192.0.2.9");
	fx->keep_up = true;
	mk_udp(&l4, "192.0.2.9", OFF_LINK, 4000, 53, 20);
	rx_ip(fx, OFF_LINK, IPPROTO_UDP, 1);
	assert_int_equal(fx->n_up, 1);
	fx_clear(fx);
	m = fx->up[0];
	sl_icmp_error_send(fx->nl, m, 11, 0, 0);
	fx_pump(fx);
	assert_int_equal(fx->n_out, 1);
	check_v4(fx, 0, "192.0.2.1", "192.0.2.9", IPPROTO_ICMP);
	assert_int_equal(out_icmp(fx, 0)->type, 11);
}

#define T(name) cmocka_unit_test_setup_teardown(name, start, fx_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(new_ones_are_announced_once),      T(arp_is_answered_on_link),
		T(nd_is_answered_on_link),           T(echo_and_refusal_come_from_it),
		T(time_exceeded_comes_from_the_box),
	};

	return cmocka_run_group_tests_name("net_virtual", tests, NULL, NULL);
}
