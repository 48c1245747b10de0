/* SPDX-License-Identifier: BSD-3-Clause */
/* Ethernet, VLAN and IP input: what passes is parsed, what doesn't is dropped for its reason. */
#include "fixture.h"

static struct buf f, l4;

static void eth_checks(void **state)
{
	struct fx *fx = *state;

	frame_udp(&f, fx, 0, "192.0.2.9", "192.0.2.1", 53, 10);
	fx_rx(fx, 0, f.b, 13);
	fx_expect_drop(fx, SL_DROP_ETH_SHORT);
	f.b[5] ^= 0x40;
	fx_rx(fx, 0, f.b, f.n);
	fx_expect_drop(fx, SL_DROP_ETH_NOT_OURS);
	f.b[5] ^= 0x40;
	f.b[6] |= 1;
	fx_rx(fx, 0, f.b, f.n);
	fx_expect_drop(fx, SL_DROP_ETH_BAD_SOURCE);
	memcpy(f.b + 6, fx->port[0].mac, 6);
	fx_rx(fx, 0, f.b, f.n);
	fx_expect_drop(fx, SL_DROP_ETH_BAD_SOURCE);
	frame_udp(&f, fx, 0, "192.0.2.9", "192.0.2.1", 53, 10);
	f.b[12] = 0x88;
	fx_rx(fx, 0, f.b, f.n);
	fx_expect_drop(fx, SL_DROP_ETH_TYPE);
	assert_int_equal(fx->n_out, 0);
}

static void vlan_udp(const struct fx *fx, int port, uint16_t vlan)
{
	struct v4 ip = {.src = port ? "10.10.0.9" : "192.0.2.9",
			.dst = port ? "10.10.0.1" : "192.0.2.1",
			.proto = IPPROTO_UDP};

	mk_udp(&l4, ip.src, ip.dst, 1111, 53, 10);
	f.n = 0;
	put_eth(&f, fx, port, SL_ETH_IPV4, vlan);
	put_v4(&f, &ip, l4.b, l4.n);
}

static void vlan_in(void **state)
{
	struct fx_setup s = {.vlan = {0, 30}};
	struct fx *fx = fx_start(&s);
	struct rte_mbuf *m;

	fx->keep_up = true;
	vlan_udp(fx, 0, 0);
	fx_rx(fx, 0, f.b, f.n);
	vlan_udp(fx, 0, 0x2000); /* priority tag: VLAN 0 */
	fx_rx(fx, 0, f.b, f.n);
	assert_int_equal(fx->n_up, 2);
	vlan_udp(fx, 0, 30);
	fx_rx(fx, 0, f.b, f.n);
	fx_expect_drop(fx, SL_DROP_ETH_VLAN);
	vlan_udp(fx, 1, 0x6000 | 30);
	fx_rx(fx, 1, f.b, f.n);
	assert_int_equal(fx->n_up, 3);
	assert_int_equal(sl_pkt(fx->up[2])->vlan, 30);
	assert_int_equal(sl_pkt(fx->up[2])->l3, 18);
	vlan_udp(fx, 1, 31);
	fx_rx(fx, 1, f.b, f.n);
	fx_expect_drop(fx, SL_DROP_ETH_VLAN);
	vlan_udp(fx, 1, 0);
	fx_rx(fx, 1, f.b, f.n);
	fx_expect_drop(fx, SL_DROP_ETH_VLAN);
	fx_rx(fx, 1, f.b, 15);
	fx_expect_drop(fx, SL_DROP_ETH_VLAN);
	/* Moved to the mbuf by the port. */
	m = sl_test_mbuf(&fx->lc, f.b, (uint16_t)f.n);
	m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	m->vlan_tci = 0x6000 | 30;
	fx_rx_mbuf(fx, 1, m);
	assert_int_equal(fx->n_up, 4);
	assert_int_equal(sl_pkt(fx->up[3])->vlan, 30);
	assert_int_equal(sl_pkt(fx->up[3])->l3, 14);
	m = sl_test_mbuf(&fx->lc, f.b, (uint16_t)f.n);
	m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	m->vlan_tci = 31;
	fx_rx_mbuf(fx, 1, m);
	fx_expect_drop(fx, SL_DROP_ETH_VLAN);
	/* A second tag. */
	vlan_udp(fx, 1, 30);
	m = sl_test_mbuf(&fx->lc, f.b, (uint16_t)f.n);
	m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
	m->vlan_tci = 30;
	fx_rx_mbuf(fx, 1, m);
	fx_expect_drop(fx, SL_DROP_ETH_VLAN);
	fx_stop(fx);
}

static void vlans_of_one_device(void **state)
{
	struct fx_setup s = {.vlan = {0, 30}, .one_device = true};
	struct fx *fx = fx_start(&s);

	fx->keep_up = true;
	vlan_udp(fx, 0, 0);
	fx_rx(fx, 0, f.b, f.n);
	assert_int_equal(sl_pkt(fx->up[0])->port, 0);
	vlan_udp(fx, 0, 30);
	fx_rx(fx, 0, f.b, f.n);
	assert_int_equal(fx->n_up, 2);
	assert_int_equal(sl_pkt(fx->up[1])->port, 1);
	vlan_udp(fx, 0, 31);
	fx_rx(fx, 0, f.b, f.n);
	fx_expect_drop(fx, SL_DROP_ETH_VLAN);
	/* Own addresses of both ports are distinct, the link-local ones as well. */
	vlan_udp(fx, 0, 30);
	f.b[5] ^= 1;
	fx_rx(fx, 0, f.b, f.n);
	fx_expect_drop(fx, SL_DROP_ETH_NOT_OURS);
	assert_int_equal(fx->lc.stats.port[0].rx, 2);
	assert_int_equal(fx->lc.stats.port[1].rx, 2);
	assert_int_equal(fx->lc.stats.port[1].rx_bytes, 2 * f.n);
	fx->keep_up = false;
	fx_know(fx, 0, "192.0.2.9");
	sl_ip_send(fx->nl, fx_packet(fx, "192.0.2.1", "192.0.2.9", 10, true));
	fx_pump(fx);
	assert_int_equal(fx->out[0].port, 0);
	assert_int_equal(sl_load16(fx->out[0].b + 12), SL_ETH_IPV4);
	fx_stop(fx);
}

/* The ports share a MAC, from which link-local addresses are made. */
static void vlans_have_their_own_link_local(void **state)
{
	struct fx_setup s = {.vlan = {0, 30}, .one_device = true, .announce = true};
	struct fx *fx = fx_start(&s);
	const uint8_t *target[2] = {NULL, NULL};

	fx_pump(fx);
	for (unsigned i = 0; i < fx->n_out; i++) {
		const struct fx_frame *o = &fx->out[i];
		const uint8_t *ip = o->b + (o->port ? 18 : 14);

		if (out_type(fx, i) == SL_ETH_IPV6 && ip[48] == 0xfe)
			target[o->port] = ip + 48;
	}
	assert_non_null(target[0]);
	assert_non_null(target[1]);
	assert_memory_not_equal(target[0], target[1], 16);
	fx_stop(fx);
}

static void vlan_out(void **state)
{
	struct fx_setup s = {.vlan = {0, 30}};
	struct fx *fx = fx_start(&s);

	fx_know(fx, 1, "10.10.0.9");
	sl_ip_send(fx->nl, fx_packet(fx, "10.10.0.1", "10.10.0.9", 10, true));
	fx_pump(fx);
	assert_int_equal(fx->n_out, 1);
	assert_int_equal(sl_load16(fx->out[0].b + 12), SL_ETH_VLAN);
	assert_int_equal(sl_load16(fx->out[0].b + 14), 30);
	check_v4(fx, 0, "10.10.0.1", "10.10.0.9", IPPROTO_UDP);
	fx_stop(fx);
}

static void udp_is_parsed(void **state)
{
	struct fx *fx = *state;
	const struct sl_pkt *p;
	struct sl_ip src = fx_ip("192.0.2.9");

	fx->keep_up = true;
	frame_udp(&f, fx, 0, "192.0.2.9", "192.0.2.1", 53, 11);
	put(&f, "padding", 7);
	fx_rx(fx, 0, f.b, f.n);
	assert_int_equal(fx->n_up, 1);
	p = sl_pkt(fx->up[0]);
	assert_int_equal(p->family, 4);
	assert_int_equal(p->proto, IPPROTO_UDP);
	assert_int_equal(p->l3, 14);
	assert_int_equal(p->l4, 34);
	assert_int_equal(p->payload, 42);
	assert_int_equal(p->l4_len, 19);
	assert_int_equal(p->sport, 1111);
	assert_int_equal(p->dport, 53);
	assert_true(sl_ip_eq(&p->src, &src));
	assert_int_equal(p->flags, SL_PKT_L4_CSUM_OK | SL_PKT_SUM);
	assert_int_equal(p->sum, sl_csum_fold(sl_csum_add(0, f.b + 42, 11)));
	assert_int_equal(fx->up[0]->pkt_len, 34 + 19); /* padding is gone */
	fx_expect_no_drop(fx);
}

/* Headers may stand across segments as a port delivers them. */
static void scattered_tcp_is_parsed(void **state)
{
	struct fx *fx = *state;
	struct v4 ip = {.src = "192.0.2.9", .dst = "192.0.2.1", .proto = IPPROTO_TCP};
	struct rte_mbuf *head = NULL, *m;

	fx->keep_up = true;
	mk_tcp(&l4, ip.src, ip.dst, 1000, 80, 101);
	f.n = 0;
	put_eth(&f, fx, 0, SL_ETH_IPV4, 0);
	put_v4(&f, &ip, l4.b, l4.n);
	for (uint32_t at = 0; at < f.n; at += 5) {
		m = sl_test_mbuf(&fx->lc, f.b + at, (uint16_t)SL_MIN(5u, f.n - at));
		if (head)
			rte_pktmbuf_chain(head, m);
		else
			head = m;
	}
	fx_rx_mbuf(fx, 0, head);
	assert_int_equal(fx->n_up, 1);
	assert_int_equal(sl_pkt(fx->up[0])->payload, 14 + 20 + 24);
	assert_true(fx->up[0]->data_len >= 14 + 20 + 24);
	rte_mbuf_sanity_check(fx->up[0], 1);
}

struct bad {
	const char *src, *dst;
	enum sl_drop reason;
};

static void addresses(void **state)
{
	static const struct bad bad[] = {
		{"0.0.0.0", "192.0.2.1", SL_DROP_IP_BAD_SOURCE},
		{"0.1.2.3", "192.0.2.1", SL_DROP_IP_BAD_SOURCE},
		{"127.0.0.1", "192.0.2.1", SL_DROP_IP_BAD_SOURCE},
		{"224.0.0.5", "192.0.2.1", SL_DROP_IP_BAD_SOURCE},
		{"240.1.1.1", "192.0.2.1", SL_DROP_IP_BAD_SOURCE},
		{"255.255.255.255", "192.0.2.1", SL_DROP_IP_BAD_SOURCE},
		{"192.0.2.255", "192.0.2.1", SL_DROP_IP_BAD_SOURCE}, /* directed broadcast */
		{"192.0.2.0", "192.0.2.1", SL_DROP_IP_BAD_SOURCE},
		{"10.10.255.255", "192.0.2.1", SL_DROP_IP_BAD_SOURCE}, /* of another port */
		{"192.0.2.1", "192.0.2.1", SL_DROP_IP_BAD_SOURCE},     /* ours */
		{"10.10.0.1", "192.0.2.1", SL_DROP_IP_BAD_SOURCE},
		{"192.0.2.9", "224.0.0.1", SL_DROP_IP_MULTICAST},
		{"192.0.2.9", "255.255.255.255", SL_DROP_IP_MULTICAST},
		{"192.0.2.9", "192.0.2.255", SL_DROP_IP_MULTICAST},
		{"192.0.2.9", "10.10.255.255", SL_DROP_IP_MULTICAST},
		{"192.0.2.9", "127.0.0.1", SL_DROP_IP_NOT_OURS},
		{"192.0.2.9", "0.0.0.0", SL_DROP_IP_NOT_OURS},
		{"192.0.2.9", "241.0.0.1", SL_DROP_IP_NOT_OURS},
		{"192.0.2.9", "192.0.2.77", SL_DROP_IP_NOT_OURS},
		{"192.0.2.9", "8.8.8.8", SL_DROP_IP_NOT_OURS},
	};
	struct fx *fx = *state;

	for (size_t i = 0; i < SL_ARRAY_LEN(bad); i++) {
		frame_udp(&f, fx, 0, bad[i].src, bad[i].dst, 53, 10);
		fx_rx(fx, 0, f.b, f.n);
		fx_expect_drop(fx, bad[i].reason);
	}
	/* To everyone on the link, but to one address: RFC 1122 3.3.6. */
	frame_udp(&f, fx, 0, "192.0.2.9", "192.0.2.1", 53, 10);
	memset(f.b, 0xff, 6);
	fx_rx(fx, 0, f.b, f.n);
	fx_expect_drop(fx, SL_DROP_IP_MULTICAST);
	assert_int_equal(fx->n_out, 0);
}

static void bad_v4_headers(void **state)
{
	static const struct {
		uint8_t off, value;
		bool fix; /* header checksum made right again */
		enum sl_drop reason;
	} bad[] = {
		{14, 0x55, true, SL_DROP_IP_BAD_HEADER}, /* version */
		{14, 0x44, true, SL_DROP_IP_BAD_HEADER}, /* header length */
		{17, 19, true, SL_DROP_IP_BAD_HEADER},   /* total below header */
		{16, 0x40, true, SL_DROP_IP_TRUNCATED},  /* total above frame */
		{24, 0x12, false, SL_DROP_IP_BAD_CSUM},
	};
	struct fx *fx = *state;

	for (size_t i = 0; i < SL_ARRAY_LEN(bad); i++) {
		struct sl_ipv4_hdr *ip = (struct sl_ipv4_hdr *)(f.b + 14);

		frame_udp(&f, fx, 0, "192.0.2.9", "192.0.2.1", 53, 10);
		f.b[bad[i].off] = bad[i].value;
		if (bad[i].fix)
			ip->csum_be = sl_ipv4_csum(ip, 20);
		fx_rx(fx, 0, f.b, f.n);
		fx_expect_drop(fx, bad[i].reason);
	}
	frame_udp(&f, fx, 0, "192.0.2.9", "192.0.2.1", 53, 10);
	fx_rx(fx, 0, f.b, 33);
	fx_expect_drop(fx, SL_DROP_IP_TRUNCATED);
	fx_rx(fx, 0, f.b, f.n - 1);
	fx_expect_drop(fx, SL_DROP_IP_TRUNCATED);
}

static void v4_options(void **state)
{
	static const struct {
		uint8_t opt[8];
		uint32_t len;
		bool ok;
	} cases[] = {
		{{1, 1, 1, 0}, 4, true},
		{{7, 7, 4, 0, 0, 0, 0, 0}, 8, true},    /* record route */
		{{0, 9, 9, 9}, 4, true},                /* rest behind the end is not read */
		{{148, 4, 0, 0}, 4, true},              /* router alert */
		{{131, 7, 4, 1, 2, 3, 4, 0}, 8, false}, /* loose source route */
		{{137, 7, 4, 1, 2, 3, 4, 0}, 8, false}, /* strict */
		{{7, 1, 0, 0}, 4, false},
		{{7, 0, 0, 0}, 4, false},
		{{7, 5, 0, 0}, 4, false},
		{{1, 1, 1, 7}, 4, false},
	};
	struct fx *fx = *state;

	fx->keep_up = true;
	for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
		struct v4 ip = {.src = "192.0.2.9",
				.dst = "192.0.2.1",
				.proto = IPPROTO_UDP,
				.opt = cases[i].opt,
				.opt_len = cases[i].len};
		unsigned before = fx->n_up;

		mk_udp(&l4, ip.src, ip.dst, 1111, 53, 10);
		f.n = 0;
		put_eth(&f, fx, 0, SL_ETH_IPV4, 0);
		put_v4(&f, &ip, l4.b, l4.n);
		fx_rx(fx, 0, f.b, f.n);
		if (cases[i].ok) {
			assert_int_equal(fx->n_up, before + 1);
			assert_int_equal(sl_pkt(fx->up[before])->l4, 34 + cases[i].len);
			fx_expect_no_drop(fx);
		} else {
			fx_expect_drop(fx, SL_DROP_IP_BAD_HEADER);
		}
	}
}

static void rx_l4(struct fx *fx, uint8_t proto)
{
	struct v4 ip = {.src = "192.0.2.9", .dst = "192.0.2.1", .proto = proto};

	f.n = 0;
	put_eth(&f, fx, 0, SL_ETH_IPV4, 0);
	put_v4(&f, &ip, l4.b, l4.n);
	fx_rx(fx, 0, f.b, f.n);
}

static void l4_checks(void **state)
{
	struct fx *fx = *state;
	const char *src = "192.0.2.9", *dst = "192.0.2.1";

	fx->keep_up = true;
	for (uint32_t n = 0; n < 8; n++) {
		mk_udp(&l4, src, dst, 1, 2, 0);
		l4.n = n;
		rx_l4(fx, IPPROTO_UDP);
		fx_expect_drop(fx, SL_DROP_L4_BAD_HEADER);
	}
	mk_udp(&l4, src, dst, 1, 2, 10);
	l4.b[5] = 7; /* below its header */
	rx_l4(fx, IPPROTO_UDP);
	fx_expect_drop(fx, SL_DROP_L4_BAD_HEADER);
	l4.b[5] = 19; /* above the packet */
	rx_l4(fx, IPPROTO_UDP);
	fx_expect_drop(fx, SL_DROP_L4_BAD_HEADER);
	mk_udp(&l4, src, dst, 1, 2, 10);
	l4.b[17] ^= 1;
	rx_l4(fx, IPPROTO_UDP);
	fx_expect_drop(fx, SL_DROP_L4_BAD_CSUM);
	mk_tcp(&l4, src, dst, 1, 2, 10);
	l4.b[12] = 0x40;
	rx_l4(fx, IPPROTO_TCP);
	fx_expect_drop(fx, SL_DROP_L4_BAD_HEADER);
	l4.b[12] = 0xf0;
	rx_l4(fx, IPPROTO_TCP);
	fx_expect_drop(fx, SL_DROP_L4_BAD_HEADER);
	l4.n = 19;
	rx_l4(fx, IPPROTO_TCP);
	fx_expect_drop(fx, SL_DROP_L4_BAD_HEADER);
	mk_tcp(&l4, src, dst, 1, 2, 1000);
	l4.b[1000] ^= 0x10;
	rx_l4(fx, IPPROTO_TCP);
	fx_expect_drop(fx, SL_DROP_L4_BAD_CSUM);
	mk_echo(&l4, src, dst, 3);
	l4.b[9] ^= 1;
	rx_l4(fx, IPPROTO_ICMP);
	fx_expect_drop(fx, SL_DROP_ICMP_BAD);
	l4.n = 7;
	rx_l4(fx, IPPROTO_ICMP);
	fx_expect_drop(fx, SL_DROP_ICMP_BAD);
	assert_int_equal(fx->n_up, 0);
	/* UDP without a checksum is fine in IPv4. */
	mk_udp(&l4, src, dst, 1, 2, 10);
	l4.b[6] = l4.b[7] = 0;
	rx_l4(fx, IPPROTO_UDP);
	assert_int_equal(fx->n_up, 1);
	assert_int_equal(sl_pkt(fx->up[0])->flags, SL_PKT_L4_CSUM_OK);
}

static void port_vouches_for_checksums(void **state)
{
	struct fx *fx = *state;
	struct rte_mbuf *m;

	fx->keep_up = true;
	frame_udp(&f, fx, 0, "192.0.2.9", "192.0.2.1", 53, 10);
	f.b[24] ^= 1; /* header checksum */
	f.b[50] ^= 1; /* payload */
	m = sl_test_mbuf(&fx->lc, f.b, (uint16_t)f.n);
	m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	fx_rx_mbuf(fx, 0, m);
	assert_int_equal(fx->n_up, 1);
	assert_int_equal(sl_pkt(fx->up[0])->flags, SL_PKT_L4_CSUM_OK);
	/* What the port calls bad or unknown is looked at. */
	frame_udp(&f, fx, 0, "192.0.2.9", "192.0.2.1", 53, 10);
	m = sl_test_mbuf(&fx->lc, f.b, (uint16_t)f.n);
	m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_BAD | RTE_MBUF_F_RX_L4_CKSUM_BAD;
	fx_rx_mbuf(fx, 0, m);
	assert_int_equal(fx->n_up, 2);
}

static void config_is_checked(void **state)
{
	struct fx *fx = *state;
	struct sl_port *ports[2] = {&fx->port[0], &fx->port[1]};
	struct sl_net_route r = {{fx_ip("0.0.0.0"), 96}, fx_ip("192.0.3.1")};
	struct sl_net_config cfg = {.ports = ports, .n_ports = 2, .routes = &r, .n_routes = 1};
	struct sl_err err;
	struct sl_net *net;

	assert_int_equal(sl_net_create(&net, &cfg, &err), -EINVAL);
	assert_non_null(strstr(err.text, "192.0.3.1"));
	r.via = fx_ip("192.0.2.1"); /* ourselves */
	assert_int_equal(sl_net_create(&net, &cfg, &err), -EINVAL);
	r.via = fx_ip("192.0.2.2");
	r.to.ip = fx_ip("192.0.2.0");
	r.to.len = 120; /* the subnet itself */
	assert_int_equal(sl_net_create(&net, &cfg, &err), -EINVAL);
	cfg.n_routes = 0;
	fx->port[0].cfg.mtu = 9000;
	assert_int_equal(sl_net_create(&net, &cfg, &err), -EINVAL);
	assert_non_null(strstr(err.text, "9000"));
	fx->port[0].cfg.mtu = 1200; /* too small for IPv6 */
	assert_int_equal(sl_net_create(&net, &cfg, &err), -EINVAL);
	fx->port[0].cfg.mtu = 1500;
	fx->port[1].cfg.addr[0].ip = fx_ip("192.0.2.1"); /* twice */
	assert_int_equal(sl_net_create(&net, &cfg, &err), -EINVAL);
	fx->port[1].cfg.addr[0].ip = fx_ip("224.0.0.1");
	assert_int_equal(sl_net_create(&net, &cfg, &err), -EINVAL);
}

#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(eth_checks),
		cmocka_unit_test(vlan_in),
		cmocka_unit_test(vlans_of_one_device),
		cmocka_unit_test(vlans_have_their_own_link_local),
		cmocka_unit_test(vlan_out),
		T(udp_is_parsed),
		T(scattered_tcp_is_parsed),
		T(addresses),
		T(bad_v4_headers),
		T(v4_options),
		T(l4_checks),
		T(port_vouches_for_checksums),
		T(config_is_checked),
	};

	return cmocka_run_group_tests_name("net_ip_in", tests, NULL, NULL);
}
