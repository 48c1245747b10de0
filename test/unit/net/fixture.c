/* SPDX-License-Identifier: BSD-3-Clause */
/* The box that the tests of lib/net put frames into. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include <rte_errno.h>

static uint16_t fake_rx(struct sl_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	return 0;
}

static uint16_t fake_tx(struct sl_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct fx *fx = port->driver;
	uint16_t i;

	for (i = 0; i < n && fx->tx_room > 0; i++, fx->tx_room--) {
		struct fx_frame *o = &fx->out[fx->n_out++];
		const void *p;

		assert_true(fx->n_out < FX_OUT_MAX);
		assert_true(pkts[i]->pkt_len <= FX_FRAME);
		rte_mbuf_sanity_check(pkts[i], 1);
		fx->saw_chain |= pkts[i]->nb_segs > 1;
		o->port = port->index;
		o->len = pkts[i]->pkt_len;
		p = rte_pktmbuf_read(pkts[i], 0, o->len, o->b);
		if (p != o->b)
			memcpy(o->b, p, o->len);
		rte_pktmbuf_free(pkts[i]);
	}
	return i;
}

static bool fake_link(struct sl_port *port)
{
	return true;
}

static void fake_close(struct sl_port *port)
{
}

static const struct sl_port_ops fake_ops = {
	.rx_burst = fake_rx, .tx_burst = fake_tx, .link_up = fake_link, .close = fake_close};

struct sl_ip fx_ip(const char *text)
{
	struct sl_ip ip;

	assert_int_equal(sl_ip_parse(text, &ip, NULL), 0);
	return ip;
}

static struct sl_prefix prefix(const char *text)
{
	struct sl_prefix p;
	char addr[64];
	unsigned len;
	const char *slash = strchr(text, '/');

	/* An own address keeps its host bits, which sl_prefix_parse may refuse. */
	snprintf(addr, sizeof(addr), "%.*s", (int)(slash - text), text);
	len = (unsigned)atoi(slash + 1);
	p.ip = fx_ip(addr);
	p.len = (uint8_t)(sl_ip_is_v4(&p.ip) ? 96 + len : len);
	return p;
}

void fx_peer_mac(int port, uint8_t mac[6])
{
	const uint8_t m[6] = {0x02, 0xaa, 0, 0, 0, (uint8_t)port};

	memcpy(mac, m, 6);
}

static void port_make(struct fx *fx, int i, const struct fx_setup *s, const char *v4,
		      const char *v6)
{
	struct sl_port *p = &fx->port[i];
	const uint8_t mac[6] = {0x02, 0, 0, 0, 0, (uint8_t)(i + 1)};

	p->ops = &fake_ops;
	p->driver = fx;
	p->index = (uint16_t)i;
	p->queues = 1;
	p->tx_multi_seg = s->multi_seg;
	memcpy(p->mac, mac, 6);
	p->cfg.mtu = i ? 1400 : 1500;
	p->cfg.vlan = s->vlan[i];
	p->cfg.router_advertisements = s->learn && i == 0;
	p->cfg.addr[0] = prefix(v4);
	p->cfg.addr[1] = prefix(v6);
	p->cfg.n_addrs = 2;
	snprintf(p->cfg.name, sizeof(p->cfg.name), "port%d", i);
}

static void inject(void *arg, uint16_t worker, struct rte_mbuf *m)
{
	struct fx *fx = arg;

	assert_true(fx->n_injected < FX_OUT_MAX);
	assert_int_equal(worker, 0);
	fx->injected[fx->n_injected++] = m;
}

struct fx *fx_start(const struct fx_setup *s)
{
	struct fx *fx = calloc(1, sizeof(*fx));
	struct sl_port *ports[2] = {&fx->port[0], &fx->port[1]};
	struct sl_net_route routes[3] = {
		{prefix("0.0.0.0/0"), fx_ip("192.0.2.254")},
		{prefix("203.0.113.0/24"), fx_ip("10.10.0.254")},
		{prefix("203.0.113.128/25"), fx_ip("192.0.2.253")},
	};
	struct sl_net_config cfg = {.ports = ports,
				    .n_ports = 2,
				    .routes = s->routes ? s->routes : routes,
				    .n_routes = s->routes ? s->n_routes : 3,
				    .neighbours_max = s->neighbours_max};
	struct sl_err err = {""};
	static unsigned serial;
	char name[32];

	assert_int_equal(sl_test_lcore_init(&fx->lc, s->mbufs ? s->mbufs : 1023), 0);
	assert_int_equal(sl_test_lcore_init(&fx->main, 255), 0);
	snprintf(name, sizeof(name), "punt%u", serial++);
	fx->lc.punt = rte_ring_create(name, s->punt_ring ? s->punt_ring : 1024, SOCKET_ID_ANY,
				      RING_F_SC_DEQ);
	assert_non_null(fx->lc.punt);
	port_make(fx, 0, s, "192.0.2.1/24", "2001:db8:1::1/64");
	port_make(fx, 1, s, "10.10.0.1/16", "2001:db8:2::1/64");
	if (s->one_device) {
		fx->port[0].next_vlan = &fx->port[1];
		memcpy(fx->port[1].mac, fx->port[0].mac, 6);
	}
	fx->tx_room = UINT32_MAX;
	assert_int_equal(sl_net_create(&fx->net, &cfg, &err), 0);
	sl_net_main_inject(fx->net, inject, fx);
	fx->nl = sl_net_lcore_create(fx->net, &fx->lc);
	assert_non_null(fx->nl);
	if (!s->announce) {
		fx_pump(fx);
		fx_pass_us(fx, 2000000);
		fx_clear(fx);
	}
	return fx;
}

void fx_stop(struct fx *fx)
{
	fx_check(fx);
	for (unsigned i = 0; i < fx->n_up; i++)
		rte_pktmbuf_free(fx->up[i]);
	sl_net_lcore_free(fx->nl);
	sl_net_free(fx->net);
	assert_int_equal(sl_test_lcore_in_use(&fx->lc), 0);
	assert_int_equal(sl_test_lcore_in_use(&fx->main), 0);
	rte_ring_free(fx->lc.punt);
	sl_test_lcore_fini(&fx->lc);
	sl_test_lcore_fini(&fx->main);
	free(fx);
}

int fx_setup(void **state)
{
	struct fx_setup s = {.multi_seg = false};

	*state = fx_start(&s);
	return 0;
}

int fx_teardown(void **state)
{
	fx_stop(*state);
	return 0;
}

void fx_pump(struct fx *fx)
{
	void *m;

	fx->main.now_us = fx->lc.now_us;
	do {
		while (rte_ring_dequeue(fx->lc.punt, &m) == 0)
			sl_net_main_input(fx->net, &fx->main, m);
		sl_net_main_poll(fx->net, &fx->main);
		for (unsigned i = 0; i < fx->n_injected; i++)
			sl_eth_inject(fx->nl, fx->injected[i]);
		fx->n_injected = 0;
		sl_net_poll(fx->nl);
		sl_net_tx_flush(fx->nl);
	} while (!rte_ring_empty(fx->lc.punt) || fx->n_injected);
	fx_check(fx);
}

void fx_pass_us(struct fx *fx, uint64_t us)
{
	const uint64_t step = 100000;

	for (; us > step; us -= step) {
		fx->lc.now_us += step;
		fx_pump(fx);
	}
	fx->lc.now_us += us;
	fx_pump(fx);
}

void fx_rx_mbuf(struct fx *fx, int port, struct rte_mbuf *m)
{
	uint16_t n;

	assert_non_null(m);
	fx->lc.stats.c->rx++;
	n = sl_eth_in_burst(fx->nl, &fx->port[port], &m, 1);
	n = sl_ip_in_burst(fx->nl, &m, n);
	n = sl_ip_reassemble_burst(fx->nl, &m, n);
	if (n && fx->keep_up) {
		sl_consume(&fx->lc);
		fx->up[fx->n_up++] = m;
	} else {
		sl_icmp_in_burst(fx->nl, &m, n);
	}
	fx_pump(fx);
}

void fx_rx(struct fx *fx, int port, const void *frame, uint32_t len)
{
	assert_true(len <= SL_MBUF_DATA);
	fx_rx_mbuf(fx, port, sl_test_mbuf(&fx->lc, frame, (uint16_t)len));
}

static void check_one(const struct sl_lcore *lc)
{
	const struct sl_stats_counters *c = lc->stats.c;
	uint64_t drops = 0;

	for (int i = 0; i < SL_DROP_COUNT; i++)
		drops += lc->stats.drops[i];
	assert_int_equal(c->rx + c->redirected_in + c->injected + c->originated,
			 c->tx + c->consumed + c->punted + c->redirected_out + drops + c->held);
}

void fx_check(struct fx *fx)
{
	check_one(&fx->lc);
	check_one(&fx->main);
	assert_int_equal(fx->lc.stats.c->punted, fx->main.stats.c->redirected_in);
	assert_int_equal(fx->main.stats.c->redirected_out, fx->lc.stats.c->injected);
}

static void expect_drop(const struct sl_lcore *lc, uint64_t *seen, int reason)
{
	for (int i = 0; i < SL_DROP_COUNT; i++) {
		uint64_t now = lc->stats.drops[i] - seen[i];

		if (now != (i == reason))
			print_message("%s: %lu drops\n", sl_drop_name((enum sl_drop)i),
				      (unsigned long)now);
		assert_int_equal(now, i == reason);
		seen[i] = lc->stats.drops[i];
	}
}

void fx_expect_drop(struct fx *fx, enum sl_drop reason)
{
	expect_drop(&fx->lc, fx->drops_seen, (int)reason);
}

void fx_expect_main_drop(struct fx *fx, enum sl_drop reason)
{
	expect_drop(&fx->main, fx->main_drops_seen, (int)reason);
}

void fx_expect_no_drop(struct fx *fx)
{
	expect_drop(&fx->lc, fx->drops_seen, -1);
	expect_drop(&fx->main, fx->main_drops_seen, -1);
}

void fx_clear(struct fx *fx)
{
	fx->n_out = 0;
	memcpy(fx->drops_seen, fx->lc.stats.drops, sizeof(fx->drops_seen));
	memcpy(fx->main_drops_seen, fx->main.stats.drops, sizeof(fx->main_drops_seen));
}

void fx_know(struct fx *fx, int port, const char *ip)
{
	struct buf f = {0};
	uint8_t mac[6];

	fx_peer_mac(port, mac);
	mk_arp(&f, fx, port, 1, mac, ip, port ? "10.10.0.1" : "192.0.2.1", true);
	fx_rx(fx, port, f.b, f.n);
	fx_clear(fx);
}

const char *fx_neighbour(struct fx *fx, const char *ip)
{
	struct sl_net_neighbour n;
	struct sl_ip want = fx_ip(ip);

	for (uint32_t i = 0; sl_net_neighbour_at(fx->net, i, &n); i++)
		if (sl_ip_eq(&n.ip, &want))
			return n.state;
	return "NONE";
}

/* ---- frames ---- */

void put(struct buf *f, const void *p, uint32_t n)
{
	assert_true(f->n + n <= sizeof(f->b));
	if (n)
		memcpy(f->b + f->n, p, n);
	f->n += n;
}

void put_eth(struct buf *f, const struct fx *fx, int port, uint16_t type, uint16_t vlan)
{
	struct sl_eth_hdr eth = {.type_be = htons(vlan ? SL_ETH_VLAN : type)};
	struct sl_vlan_hdr tag = {htons(vlan), htons(type)};

	memcpy(eth.dst, fx->port[port].mac, 6);
	fx_peer_mac(port, eth.src);
	put(f, &eth, sizeof(eth));
	if (vlan)
		put(f, &tag, sizeof(tag));
}

void put_v4(struct buf *f, const struct v4 *v, const void *payload, uint32_t len)
{
	struct sl_ip src = fx_ip(v->src), dst = fx_ip(v->dst);
	struct sl_ipv4_hdr ip = {.ver_ihl = (uint8_t)(0x40 | (20 + v->opt_len) / 4),
				 .len_be = htons((uint16_t)(20 + v->opt_len + len)),
				 .id_be = htons(v->id),
				 .frag_be = htons(v->frag),
				 .ttl = v->ttl ? v->ttl : 64,
				 .proto = v->proto,
				 .src_be = sl_ip_v4_be(&src),
				 .dst_be = sl_ip_v4_be(&dst)};
	uint32_t at = f->n;

	put(f, &ip, sizeof(ip));
	put(f, v->opt, v->opt_len);
	ip.csum_be = sl_ipv4_csum((struct sl_ipv4_hdr *)(f->b + at), 20 + v->opt_len);
	memcpy(f->b + at + 10, &ip.csum_be, 2);
	put(f, payload, len);
}

void put_v6(struct buf *f, const char *src, const char *dst, uint8_t next, uint8_t hops,
	    const void *payload, uint32_t len)
{
	struct sl_ip s = fx_ip(src), d = fx_ip(dst);
	struct sl_ipv6_hdr ip = {.ver_class_flow_be = htonl(6u << 28),
				 .len_be = htons((uint16_t)len),
				 .next = next,
				 .hops = hops};

	memcpy(ip.src, s.b, 16);
	memcpy(ip.dst, d.b, 16);
	put(f, &ip, sizeof(ip));
	put(f, payload, len);
}

static void put_pattern(struct buf *f, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		f->b[f->n++] = (uint8_t)(i * 7 + i / 256);
}

static void set_csum(struct buf *f, const char *src, const char *dst, uint8_t proto, uint32_t at)
{
	struct sl_ip s = fx_ip(src), d = fx_ip(dst);
	uint64_t sum = proto == IPPROTO_ICMP ? 0 : sl_csum_pseudo(&s, &d, proto, f->n);
	uint16_t c = (uint16_t)~sl_csum_fold(sl_csum_add(sum, f->b, f->n));

	memcpy(f->b + at, &c, 2);
}

void mk_udp(struct buf *f, const char *src, const char *dst, uint16_t sport, uint16_t dport,
	    uint32_t len)
{
	struct sl_udp_hdr u = {htons(sport), htons(dport), htons((uint16_t)(8 + len)), 0};

	f->n = 0;
	put(f, &u, sizeof(u));
	put_pattern(f, len);
	set_csum(f, src, dst, IPPROTO_UDP, 6);
}

void mk_tcp(struct buf *f, const char *src, const char *dst, uint16_t sport, uint16_t dport,
	    uint32_t len)
{
	struct sl_tcp_hdr t = {.sport_be = htons(sport),
			       .dport_be = htons(dport),
			       .seq_be = htonl(0x01020304),
			       .off = 0x60,
			       .flags = SL_TCP_ACK,
			       .win_be = htons(1000)};
	const uint8_t opt[4] = {1, 1, 1, 0};

	f->n = 0;
	put(f, &t, sizeof(t));
	put(f, opt, 4);
	put_pattern(f, len);
	set_csum(f, src, dst, IPPROTO_TCP, 16);
}

void mk_echo(struct buf *f, const char *src, const char *dst, uint32_t len)
{
	bool v6 = strchr(src, ':');
	struct sl_icmp_hdr h = {.type = v6 ? 128 : 8, .id_be = htons(0x1234), .seq_be = htons(7)};

	f->n = 0;
	put(f, &h, sizeof(h));
	put_pattern(f, len);
	set_csum(f, src, dst, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, 2);
}

void mk_arp(struct buf *f, const struct fx *fx, int port, uint16_t op, const uint8_t sha[6],
	    const char *spa, const char *tpa, bool broadcast)
{
	struct sl_ip s = fx_ip(spa), t = fx_ip(tpa);
	struct sl_arp_hdr a = {.htype_be = htons(1),
			       .ptype_be = htons(SL_ETH_IPV4),
			       .hlen = 6,
			       .plen = 4,
			       .op_be = htons(op),
			       .spa_be = sl_ip_v4_be(&s),
			       .tpa_be = sl_ip_v4_be(&t)};

	f->n = 0;
	put_eth(f, fx, port, SL_ETH_ARP, fx->port[port].cfg.vlan);
	if (broadcast)
		memset(f->b, 0xff, 6);
	memcpy(f->b + 6, sha, 6);
	memcpy(a.sha, sha, 6);
	if (op == 2)
		memcpy(a.tha, fx->port[port].mac, 6);
	put(f, &a, sizeof(a));
}

void frame_udp(struct buf *f, const struct fx *fx, int port, const char *src, const char *dst,
	       uint16_t dport, uint32_t len)
{
	static struct buf udp;
	struct v4 ip = {.src = src, .dst = dst, .proto = IPPROTO_UDP};

	mk_udp(&udp, src, dst, 1111, dport, len);
	f->n = 0;
	put_eth(f, fx, port, SL_ETH_IPV4, fx->port[port].cfg.vlan);
	put_v4(f, &ip, udp.b, udp.n);
}

struct rte_mbuf *fx_packet(struct fx *fx, const char *src, const char *dst, uint32_t len, bool df)
{
	static struct buf udp, f;
	struct v4 ip = {.src = src, .dst = dst, .proto = IPPROTO_UDP, .frag = df ? 0x4000 : 0};
	struct rte_mbuf *head = NULL, *m;

	mk_udp(&udp, src, dst, 4000, 53, len);
	f.n = 0;
	put_v4(&f, &ip, udp.b, udp.n);
	/* In pieces of at most 1000 bytes. */
	for (uint32_t at = 0; at < f.n; at += 1000) {
		m = sl_test_mbuf(&fx->lc, f.b + at, (uint16_t)SL_MIN(1000u, f.n - at));
		assert_non_null(m);
		if (head)
			rte_pktmbuf_chain(head, m);
		else
			head = m;
	}
	return head;
}

/* ---- looking at what came out ---- */

static uint32_t l3_of(const struct fx_frame *o)
{
	return sl_load16(o->b + 12) == SL_ETH_VLAN ? 18 : 14;
}

uint16_t out_type(const struct fx *fx, unsigned i)
{
	assert_true(i < fx->n_out);
	return sl_load16(fx->out[i].b + l3_of(&fx->out[i]) - 2);
}

const struct sl_ipv4_hdr *out_v4(const struct fx *fx, unsigned i)
{
	assert_int_equal(out_type(fx, i), SL_ETH_IPV4);
	return (const void *)(fx->out[i].b + l3_of(&fx->out[i]));
}

const struct sl_ipv6_hdr *out_v6(const struct fx *fx, unsigned i)
{
	assert_int_equal(out_type(fx, i), SL_ETH_IPV6);
	return (const void *)(fx->out[i].b + l3_of(&fx->out[i]));
}

void check_v4(const struct fx *fx, unsigned i, const char *src, const char *dst, uint8_t proto)
{
	const struct sl_ipv4_hdr *ip = out_v4(fx, i);
	struct sl_ip s = fx_ip(src), d = fx_ip(dst);

	assert_int_equal(ip->src_be, sl_ip_v4_be(&s));
	assert_int_equal(ip->dst_be, sl_ip_v4_be(&d));
	assert_int_equal(ip->proto, proto);
	assert_int_equal(ip->csum_be, sl_ipv4_csum(ip, (ip->ver_ihl & 15) * 4u));
	assert_int_equal(ntohs(ip->len_be), fx->out[i].len - l3_of(&fx->out[i]));
	assert_memory_equal(fx->out[i].b + 6, fx->port[fx->out[i].port].mac, 6);
}

const struct sl_icmp_hdr *out_icmp(const struct fx *fx, unsigned i)
{
	const uint8_t *l4;
	uint32_t len;
	uint64_t sum = 0;

	if (out_type(fx, i) == SL_ETH_IPV4) {
		l4 = (const uint8_t *)(out_v4(fx, i) + 1);
		len = ntohs(out_v4(fx, i)->len_be) - 20u;
	} else {
		const struct sl_ipv6_hdr *ip = out_v6(fx, i);
		struct sl_ip s, d;

		memcpy(s.b, ip->src, 16);
		memcpy(d.b, ip->dst, 16);
		l4 = (const uint8_t *)(ip + 1);
		len = ntohs(ip->len_be);
		assert_int_equal(ip->next, IPPROTO_ICMPV6);
		sum = sl_csum_pseudo(&s, &d, IPPROTO_ICMPV6, len);
	}
	assert_int_equal(sl_csum_fold(sl_csum_add(sum, l4, len)), 0xffff);
	return (const void *)l4;
}

void fx_csum_icmp6(struct buf *icmp, const char *src, const char *dst)
{
	struct sl_ip s = fx_ip(src), d = fx_ip(dst);
	uint16_t c;

	memset(icmp->b + 2, 0, 2);
	c = (uint16_t)~sl_csum_fold(
		sl_csum_add(sl_csum_pseudo(&s, &d, IPPROTO_ICMPV6, icmp->n), icmp->b, icmp->n));
	memcpy(icmp->b + 2, &c, 2);
}

void frame_v6(struct buf *f, const struct fx *fx, int port, const char *src, const char *dst,
	      uint8_t next, uint8_t hops, const struct buf *payload)
{
	struct sl_ip d = fx_ip(dst);

	f->n = 0;
	put_eth(f, fx, port, SL_ETH_IPV6, 0);
	if (d.b[0] == 0xff) {
		f->b[0] = f->b[1] = 0x33;
		memcpy(f->b + 2, d.b + 12, 4);
	}
	put_v6(f, src, dst, next, hops, payload->b, payload->n);
}
