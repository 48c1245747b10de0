/* SPDX-License-Identifier: BSD-3-Clause */
/* Translated packets: addresses, ports, checksums, ICMP errors, fragments, both families. */
#include "nat_world.h"

static const struct seg syn_to_vip = {
	.src = CLIENT, .dst = VIP, .sport = 40000, .dport = 80, .flags = SL_TCP_SYN, .seq = 100};

static struct seg udp_to_dns(uint16_t sport, uint32_t len)
{
	return (struct seg){.src = CLIENT,
			    .dst = VIP,
			    .sport = sport,
			    .dport = 53,
			    .proto = IPPROTO_UDP,
			    .len = len};
}

static void a_syn_goes_to_an_endpoint(void **state)
{
	struct nw *w = *state;
	struct got g = nw_syn(w, CLIENT, 40000);
	struct sl_ip own = fx_ip(OWN), web1 = fx_ip(WEB1), web2 = fx_ip(WEB2);

	assert_int_equal(g.port, 1);
	assert_true(sl_ip_eq(&g.src, &own));
	assert_true(sl_ip_eq(&g.dst, &web1) || sl_ip_eq(&g.dst, &web2));
	assert_int_equal(g.dport, 8080);
	assert_in_range(g.sport, SL_NAT_PORT_FIRST, SL_NAT_PORT_FIRST + SL_NAT_PORTS - 1);
	assert_int_equal(g.flags, SL_TCP_SYN);
	assert_int_equal(g.seq, 100);
	assert_int_equal(g.ttl, 63);
	assert_int_equal(w->left, 0);
}

static void an_answer_comes_from_the_service(void **state)
{
	struct nw *w = *state;
	struct got seen = nw_syn(w, CLIENT, 40000), g;

	nw_answer(w, &seen, SL_TCP_SYN | SL_TCP_ACK, 0);
	g = nw_only(w, 0, VIP, 80, CLIENT, 40000);
	assert_int_equal(g.flags, SL_TCP_SYN | SL_TCP_ACK);
	assert_int_equal(g.ack, 101);
	assert_int_equal(g.ttl, 63);
}

static void payload_of_every_length_both_ways(void **state)
{
	struct nw *w = *state;
	struct got seen = nw_open(w, CLIENT, 40000), g;
	struct seg data = syn_to_vip;

	data.flags = SL_TCP_ACK | SL_TCP_PSH;
	for (uint32_t len = 1; len < 1300; len += len < 40 ? 1 : 97) {
		data.len = len;
		data.seq += len;
		nw_send(w, &data);
		assert_int_equal(nw_got(w, 0).len, len);
		assert_int_equal(nw_got(w, 0).sport, seen.sport);
		nw_answer(w, &seen, SL_TCP_ACK, len);
		g = nw_only(w, 0, VIP, 80, CLIENT, 40000);
		assert_int_equal(g.len, len);
	}
}

static void node_port_on_every_address_of_ours(void **state)
{
	struct nw *w = *state;
	static const char *const own[] = {"192.0.2.1", "10.10.0.1"};

	for (int i = 0; i < 2; i++) {
		struct seg s = syn_to_vip;
		struct got seen;

		s.dst = own[i];
		s.dport = 30080;
		nw_send(w, &s);
		seen = nw_got(w, 0);
		assert_int_equal(seen.dport, 8080);
		nw_answer(w, &seen, SL_TCP_SYN | SL_TCP_ACK, 0);
		nw_only(w, 0, own[i], 30080, CLIENT, 40000);
	}
	assert_int_equal(sl_nat_count(w->nat), 2);
}

static void a_listener_service_is_left_to_tcp(void **state)
{
	struct nw *w = *state;
	struct seg s = syn_to_vip;

	s.dst = LISTENER;
	nw_send(w, &s);
	assert_int_equal(w->fx->n_out, 0);
	assert_int_equal(w->left, 1);
	assert_int_equal(w->last_left.service_hit, 1);
	assert_int_equal(w->last_left.service, 3);
	s.dst = "192.0.2.1";
	s.dport = 31373;
	nw_send(w, &s);
	assert_int_equal(w->left, 1);
	assert_int_equal(w->last_left.service, 4);
	assert_int_equal(sl_nat_count(w->nat), 0);
	assert_int_equal(w->fx->lc.stats.service[sl_snap_service(w->snap, 4)->slot.index].in_pkts,
			 1);
}

static void what_is_no_service_is_left(void **state)
{
	struct nw *w = *state;
	struct seg s = syn_to_vip;

	s.dport = 81;
	nw_send(w, &s);
	assert_int_equal(w->left, 1);
	assert_int_equal(w->last_left.service_hit, 0);
	s.dst = "192.0.2.1";
	s.dport = 80; /* the port of a virtual IP is not one of the box */
	nw_send(w, &s);
	assert_int_equal(w->left, 1);
	s.dport = SL_TCP_PORT_FIRST + 5;
	s.flags = SL_TCP_ACK;
	nw_send(w, &s);
	assert_int_equal(w->left, 1);
	s.dport = 9; /* of an ended connection of the box's own */
	w->fx->lc.snap = NULL;
	nw_send(w, &s);
	assert_int_equal(w->left, 1);
	w->fx->lc.snap = w->snap;
}

static void a_refused_service_answers(void **state)
{
	struct nw *w = *state;
	struct seg s = syn_to_vip;
	struct got g;

	s.dst = NONE;
	s.len = 3;
	nw_send(w, &s);
	g = nw_only(w, 0, NONE, 80, CLIENT, 40000);
	assert_int_equal(g.flags, SL_TCP_RST | SL_TCP_ACK);
	assert_int_equal(g.seq, 0);
	assert_int_equal(g.ack, 104);
	assert_int_equal(nw_drops(w, SL_DROP_NAT_NO_ENDPOINT), 1);
	s = udp_to_dns(40000, 20);
	s.dst = NONE;
	nw_send(w, &s);
	g = nw_got(w, 0);
	assert_int_equal(g.proto, IPPROTO_ICMP);
	assert_int_equal(g.l4[0], 3);
	assert_int_equal(g.l4[1], 3);
	assert_int_equal(nw_drops(w, SL_DROP_NAT_NO_ENDPOINT), 2);
	assert_int_equal(w->fx->lc.stats.service[sl_snap_service(w->snap, 6)->slot.index].refused,
			 1);
}

static void no_healthy_endpoint_is_refused(void **state)
{
	struct nw *w = *state;
	struct seg s = syn_to_vip;

	s.dst = EMPTY;
	nw_send(w, &s);
	assert_int_equal(nw_only(w, 0, EMPTY, 80, CLIENT, 40000).flags, SL_TCP_RST | SL_TCP_ACK);
	assert_int_equal(nw_drops(w, SL_DROP_NAT_NO_ENDPOINT), 1);
}

static void only_a_syn_opens(void **state)
{
	static const uint8_t flags[] = {SL_TCP_ACK,
					SL_TCP_SYN | SL_TCP_ACK,
					SL_TCP_FIN | SL_TCP_ACK,
					SL_TCP_SYN | SL_TCP_FIN,
					0,
					SL_TCP_RST,
					SL_TCP_RST | SL_TCP_ACK};
	struct nw *w = *state;

	for (size_t i = 0; i < SL_ARRAY_LEN(flags); i++) {
		struct seg s = syn_to_vip;
		struct got g;

		s.flags = flags[i];
		s.ack = 777;
		s.len = 10;
		nw_send(w, &s);
		assert_int_equal(nw_drops(w, SL_DROP_NAT_NOT_OPENING), i + 1);
		if (flags[i] & SL_TCP_RST) {
			nw_nothing(w);
			continue;
		}
		g = nw_only(w, 0, VIP, 80, CLIENT, 40000);
		if (flags[i] & SL_TCP_ACK) {
			assert_int_equal(g.flags, SL_TCP_RST);
			assert_int_equal(g.seq, 777);
		} else {
			assert_int_equal(g.flags, SL_TCP_RST | SL_TCP_ACK);
			assert_int_equal(g.ack, 110 + (flags[i] ? 2 : 0));
		}
	}
	assert_int_equal(sl_nat_count(w->nat), 0);
}

static void a_reply_without_a_session(void **state)
{
	struct nw *w = *state;
	struct seg s = {.port = 1,
			.src = WEB1,
			.dst = OWN,
			.sport = 8080,
			.dport = SL_NAT_PORT_FIRST + 9,
			.flags = SL_TCP_ACK,
			.ack = 4711};

	nw_send(w, &s);
	assert_int_equal(nw_only(w, 1, OWN, SL_NAT_PORT_FIRST + 9, WEB1, 8080).seq, 4711);
	assert_int_equal(nw_drops(w, SL_DROP_NAT_NO_SESSION), 1);
	s.proto = IPPROTO_UDP;
	nw_send(w, &s);
	assert_int_equal(nw_got(w, 0).proto, IPPROTO_ICMP);
	assert_int_equal(nw_drops(w, SL_DROP_NAT_NO_SESSION), 2);
}

static void another_host_is_not_the_endpoint(void **state)
{
	struct nw *w = *state;
	struct got seen = nw_syn(w, CLIENT, 40000);

	/* Right port of ours, wrong sender. */
	seen.dst = fx_ip(DNS);
	nw_answer(w, &seen, SL_TCP_SYN | SL_TCP_ACK, 0);
	assert_int_equal(nw_drops(w, SL_DROP_NAT_NO_SESSION), 1);
	assert_int_equal(nw_state(w, CLIENT, 40000), SL_NAT_SYN_SENT);
}

static void udp_both_ways(void **state)
{
	struct nw *w = *state;
	struct seg s = udp_to_dns(5353, 33);
	struct got seen, g;

	nw_send(w, &s);
	seen = nw_only(w, 1, OWN, 0, DNS, 53);
	assert_int_equal(seen.len, 33);
	nw_answer(w, &seen, 0, 120);
	g = nw_only(w, 0, VIP, 53, CLIENT, 5353);
	assert_int_equal(g.len, 120);
	nw_send(w, &s);
	assert_int_equal(nw_got(w, 0).sport, seen.sport);
}

static void udp_without_checksum_stays_without(void **state)
{
	struct nw *w = *state;
	struct seg s = udp_to_dns(5353, 33);

	s.no_csum = true;
	nw_send(w, &s);
	assert_int_equal(sl_load16(nw_only(w, 1, OWN, 0, DNS, 53).l4 + 6), 0);
}

/* Among all source ports some make a translated sum of zero, which must be sent as all ones. */
static void udp_checksum_is_never_translated_to_none(void **state)
{
	struct nw *w = *state;
	unsigned ones = 0;

	for (uint32_t i = 0; i < 66000 && ones < 3; i++) {
		static struct buf l4, f;
		struct v4 ip = {.src = CLIENT, .dst = VIP, .proto = IPPROTO_UDP};
		struct seg s = udp_to_dns(5353, 2);
		struct sl_ip src = fx_ip(CLIENT), dst = fx_ip(VIP);
		uint16_t csum;

		nw_l4(&l4, &s);
		sl_store16(l4.b + 8, (uint16_t)i);
		memset(l4.b + 6, 0, 2);
		csum = (uint16_t)~sl_csum_fold(
			sl_csum_add(sl_csum_pseudo(&src, &dst, IPPROTO_UDP, l4.n), l4.b, l4.n));
		if (csum == 0)
			csum = 0xffff;
		memcpy(l4.b + 6, &csum, 2);
		f.n = 0;
		put_eth(&f, w->fx, 0, SL_ETH_IPV4, 0);
		put_v4(&f, &ip, l4.b, l4.n);
		nw_frame(w, 0, f.b, f.n);
		csum = sl_load16(nw_only(w, 1, OWN, 0, DNS, 53).l4 + 6);
		assert_int_not_equal(csum, 0);
		ones += csum == 0xffff;
	}
	assert_true(ones > 0);
}

static void hairpin(void **state)
{
	struct nw *w = *state;
	struct seg s = {.port = 1,
			.src = DNS,
			.dst = VIP,
			.sport = 53,
			.dport = 53,
			.proto = IPPROTO_UDP,
			.len = 8};
	struct got seen;

	nw_send(w, &s);
	seen = nw_only(w, 1, OWN, 0, DNS, 53);
	nw_answer(w, &seen, 0, 9);
	assert_int_equal(nw_only(w, 1, VIP, 53, DNS, 53).len, 9);
}

static void metadata_stays_true(void **state)
{
	struct nw *w = *state;
	struct rte_mbuf *m;
	static struct buf l4, f;
	struct v4 ip = {.src = CLIENT, .dst = "192.0.2.1", .proto = IPPROTO_TCP};
	struct seg s = syn_to_vip;

	/* A listener's packet is handed on untouched. */
	s.dst = "192.0.2.1";
	s.dport = 31373;
	nw_l4(&l4, &s);
	put_eth(&f, w->fx, 0, SL_ETH_IPV4, 0);
	put_v4(&f, &ip, l4.b, l4.n);
	m = sl_test_mbuf(&w->fx->lc, f.b, (uint16_t)f.n);
	w->fx->lc.stats.c->rx++;
	assert_int_equal(sl_eth_in_burst(w->fx->nl, &w->fx->port[0], &m, 1), 1);
	assert_int_equal(sl_ip_in_burst(w->fx->nl, &m, 1), 1);
	assert_int_equal(sl_nat_in_burst(w->nat, &m, 1), 1);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), f.b, f.n);
	assert_int_equal(sl_pkt(m)->dport, 31373);
	sl_consume(&w->fx->lc);
	rte_pktmbuf_free(m);
}

static void hop_limit_used_up(void **state)
{
	struct nw *w = *state;
	struct seg s = syn_to_vip;
	struct got g;

	s.ttl = 1;
	nw_send(w, &s);
	g = nw_got(w, 0);
	assert_int_equal(g.proto, IPPROTO_ICMP);
	assert_int_equal(g.l4[0], 11);
	/* What is quoted is what the client sent. */
	assert_int_equal(sl_load16(g.l4 + 28), 40000);
	assert_int_equal(sl_load16(g.l4 + 30), 80);
	assert_int_equal(nw_drops(w, SL_DROP_IP_TTL), 1);
}

static void too_big_is_told_to_the_sender(void **state)
{
	struct nw *w = *state;
	struct got seen = nw_open(w, CLIENT, 40000), g;
	struct seg s = syn_to_vip;

	s.flags = SL_TCP_ACK;
	s.len = 1440; /* the endpoints' side takes 1400 bytes */
	s.df = true;
	nw_send(w, &s);
	g = nw_got(w, 0);
	assert_int_equal(g.port, 0);
	assert_int_equal(g.proto, IPPROTO_ICMP);
	assert_int_equal(g.l4[1], 4);
	assert_int_equal(sl_load16(g.l4 + 6), 1400);
	assert_int_equal(sl_load16(g.l4 + 28), 40000);
	assert_int_equal(nw_drops(w, SL_DROP_IP_TOO_BIG), 1);
	s.df = false;
	nw_send(w, &s);
	assert_int_equal(w->fx->n_out, 2);
	(void)seen;
}

static struct got fragments(struct nw *w, uint32_t len, uint32_t cut, bool second_first)
{
	static struct buf l4, f;
	struct seg s = udp_to_dns(6000, len);

	nw_l4(&l4, &s);
	for (int i = 0; i < 2; i++) {
		bool second = (i == 1) != second_first;
		uint32_t off = second ? cut : 0, n = second ? l4.n - cut : cut;
		struct v4 ip = {.src = CLIENT,
				.dst = VIP,
				.proto = IPPROTO_UDP,
				.id = 77,
				.frag = (uint16_t)(off / 8 | (second ? 0 : SL_IPV4_MF))};

		f.n = 0;
		put_eth(&f, w->fx, 0, SL_ETH_IPV4, 0);
		put_v4(&f, &ip, l4.b + off, n);
		nw_frame(w, 0, f.b, f.n);
	}
	return nw_got(w, 0);
}

static void fragments_are_translated_as_one(void **state)
{
	struct nw *w = *state;

	for (int order = 0; order < 2; order++) {
		struct got g = fragments(w, 1001, 512, order);
		struct sl_ip dns = fx_ip(DNS);

		assert_int_equal(w->fx->n_out, 1);
		assert_int_equal(g.len, 1001);
		assert_true(sl_ip_eq(&g.dst, &dns));
	}
	assert_int_equal(sl_nat_count(w->nat), 1);
}

static void large_datagrams_are_fragmented_again(void **state)
{
	static struct buf whole;
	struct nw *w = *state;
	struct seg s = udp_to_dns(6000, 2500);
	static struct buf l4, f;
	struct sl_ip src, dst;

	nw_l4(&l4, &s);
	for (uint32_t off = 0; off < l4.n; off += 1400) {
		uint32_t n = SL_MIN(1400u, l4.n - off);
		struct v4 ip = {.src = CLIENT,
				.dst = VIP,
				.proto = IPPROTO_UDP,
				.id = 78,
				.frag = (uint16_t)(off / 8 | (off + n < l4.n ? SL_IPV4_MF : 0))};

		f.n = 0;
		put_eth(&f, w->fx, 0, SL_ETH_IPV4, 0);
		put_v4(&f, &ip, l4.b + off, n);
		nw_frame(w, 0, f.b, f.n);
	}
	whole.n = 0;
	assert_true(w->fx->n_out >= 2);
	for (unsigned i = 0; i < w->fx->n_out; i++) {
		const struct sl_ipv4_hdr *ip = out_v4(w->fx, i);

		check_v4(w->fx, i, OWN, DNS, IPPROTO_UDP);
		assert_int_equal((ntohs(ip->frag_be) & SL_IPV4_OFF_MASK) * 8, whole.n);
		put(&whole, ip + 1, ntohs(ip->len_be) - 20u);
	}
	assert_int_equal(whole.n, 2508);
	src = fx_ip(OWN);
	dst = fx_ip(DNS);
	assert_int_equal(sl_csum_fold(sl_csum_add(sl_csum_pseudo(&src, &dst, IPPROTO_UDP, whole.n),
						  whole.b, whole.n)),
			 0xffff);
}

/* ---- ICMP errors ---- */

/* An error of a host on `port` that quotes `quote` bytes of a packet that came out. */
static void icmp_error(struct nw *w, int port, const char *from, const char *to, uint8_t type,
		       uint8_t code, const uint8_t *quoted, uint32_t quote)
{
	static struct buf icmp, f;
	bool v6 = strchr(from, ':');
	uint8_t head[8] = {type, code};
	struct sl_ip src = fx_ip(from), dst = fx_ip(to);
	uint16_t csum;

	sl_store16(head + 6, 1300);
	icmp.n = f.n = 0;
	put(&icmp, head, 8);
	put(&icmp, quoted, quote);
	csum = (uint16_t)~sl_csum_fold(sl_csum_add(
		v6 ? sl_csum_pseudo(&src, &dst, IPPROTO_ICMPV6, icmp.n) : 0, icmp.b, icmp.n));
	memcpy(icmp.b + 2, &csum, 2);
	put_eth(&f, w->fx, port, v6 ? SL_ETH_IPV6 : SL_ETH_IPV4, 0);
	if (v6) {
		put_v6(&f, from, to, IPPROTO_ICMPV6, 64, icmp.b, icmp.n);
	} else {
		struct v4 ip = {.src = from, .dst = to, .proto = IPPROTO_ICMP};

		put_v4(&f, &ip, icmp.b, icmp.n);
	}
	nw_frame(w, port, f.b, f.n);
}

/* The packet an error quotes, its checksums verified as far as they are quoted whole. */
static void check_quoted(const uint8_t *ip, uint32_t len, const char *src, uint16_t sport,
			 const char *dst, uint16_t dport)
{
	struct sl_ip want_src = fx_ip(src), want_dst = fx_ip(dst), s, d;
	const struct sl_ipv4_hdr *v4 = (const void *)ip;
	uint32_t header = 20, l4_len;

	if (ip[0] >> 4 == 6) {
		header = 40;
		memcpy(s.b, ip + 8, 16);
		memcpy(d.b, ip + 24, 16);
		l4_len = sl_load16(ip + 4);
	} else {
		assert_int_equal(v4->csum_be, sl_ipv4_csum(v4, 20));
		s = sl_ip_from_v4(v4->src_be);
		d = sl_ip_from_v4(v4->dst_be);
		l4_len = ntohs(v4->len_be) - 20u;
	}
	assert_true(sl_ip_eq(&s, &want_src));
	assert_true(sl_ip_eq(&d, &want_dst));
	assert_int_equal(sl_load16(ip + header), sport);
	assert_int_equal(sl_load16(ip + header + 2), dport);
	if (len >= header + l4_len)
		assert_int_equal(
			sl_csum_fold(sl_csum_add(
				sl_csum_pseudo(&s, &d, ip[0] >> 4 == 6 ? ip[6] : ip[9], l4_len),
				ip + header, l4_len)),
			0xffff);
}

static void errors_of_an_endpoint_reach_the_client(void **state)
{
	struct nw *w = *state;
	struct seg s = udp_to_dns(5353, 12);
	struct got g;
	uint8_t sent[40];

	nw_send(w, &s);
	memcpy(sent, out_v4(w->fx, 0), sizeof(sent));
	icmp_error(w, 1, DNS, OWN, 3, 3, sent, sizeof(sent));
	g = nw_only(w, 0, VIP, 0, CLIENT, 0);
	assert_int_equal(g.proto, IPPROTO_ICMP);
	check_quoted(g.l4 + 8, g.l4_len - 8, CLIENT, 5353, VIP, 53);
	/* Not a byte beyond the port numbers' eight. */
	icmp_error(w, 1, DNS, OWN, 3, 3, sent, 28);
	g = nw_only(w, 0, VIP, 0, CLIENT, 0);
	check_quoted(g.l4 + 8, g.l4_len - 8, CLIENT, 5353, VIP, 53);
}

static void a_router_s_too_big_reaches_the_client(void **state)
{
	struct nw *w = *state;
	struct got seen = nw_open(w, CLIENT, 40000), g;
	struct seg s = syn_to_vip;
	uint8_t sent[28];

	s.flags = SL_TCP_ACK;
	s.len = 1000;
	nw_send(w, &s);
	memcpy(sent, out_v4(w->fx, 0), sizeof(sent));
	icmp_error(w, 1, "10.10.0.254", OWN, 3, 4, sent, sizeof(sent));
	g = nw_only(w, 0, VIP, 0, CLIENT, 0);
	assert_int_equal(sl_load16(g.l4 + 6), 1300);
	check_quoted(g.l4 + 8, g.l4_len - 8, CLIENT, 40000, VIP, 80);
	assert_int_equal(nw_state(w, CLIENT, 40000), SL_NAT_ESTABLISHED);
	(void)seen;
}

static void errors_of_a_client_reach_the_endpoint(void **state)
{
	struct nw *w = *state;
	struct seg s = udp_to_dns(5353, 12);
	struct got seen, g;
	uint8_t sent[60];

	nw_send(w, &s);
	seen = nw_got(w, 0);
	nw_answer(w, &seen, 0, 32);
	memcpy(sent, out_v4(w->fx, 0), sizeof(sent));
	icmp_error(w, 0, CLIENT, VIP, 3, 3, sent, sizeof(sent));
	g = nw_only(w, 1, OWN, 0, DNS, 0);
	assert_int_equal(g.proto, IPPROTO_ICMP);
	check_quoted(g.l4 + 8, g.l4_len - 8, DNS, 53, OWN, seen.sport);
}

static void errors_of_strangers_are_not_taken(void **state)
{
	struct nw *w = *state;
	struct seg s = udp_to_dns(5353, 12);
	uint8_t sent[40];

	nw_send(w, &s);
	memcpy(sent, out_v4(w->fx, 0), sizeof(sent));
	sl_store16(sent + 20, sl_load16(sent + 20) + 1);
	icmp_error(w, 1, DNS, OWN, 3, 3, sent, sizeof(sent));
	assert_int_equal(w->fx->n_out, 0);
	assert_int_equal(nw_drops(w, SL_DROP_ICMP_IGNORED), 1);
}

static void udp_errors_without_checksum(void **state)
{
	struct nw *w = *state;
	struct seg s = udp_to_dns(5353, 12);
	struct got g;
	uint8_t sent[40];

	s.no_csum = true;
	nw_send(w, &s);
	memcpy(sent, out_v4(w->fx, 0), sizeof(sent));
	icmp_error(w, 1, DNS, OWN, 3, 3, sent, sizeof(sent));
	g = nw_only(w, 0, VIP, 0, CLIENT, 0);
	assert_int_equal(sl_load16(g.l4 + 8 + 20 + 6), 0);
}

/* ---- IPv6 ---- */

static void ipv6_both_ways(void **state)
{
	struct nw *w = *state;
	struct seg s = {.src = CLIENT6,
			.dst = VIP6,
			.sport = 40000,
			.dport = 80,
			.flags = SL_TCP_SYN,
			.len = 11};
	struct got seen, g;

	nw_send(w, &s);
	seen = nw_only(w, 1, OWN6, 0, WEB6, 8080);
	assert_int_equal(seen.ttl, 63);
	nw_answer(w, &seen, SL_TCP_SYN | SL_TCP_ACK, 7);
	g = nw_only(w, 0, VIP6, 80, CLIENT6, 40000);
	assert_int_equal(g.len, 7);
	s.dst = "2001:db8:1::1";
	s.dport = 30080;
	nw_send(w, &s);
	nw_only(w, 1, OWN6, 0, WEB6, 8080);
	s.dport = 53;
	s.dst = VIP6;
	s.proto = IPPROTO_UDP;
	nw_send(w, &s);
	nw_only(w, 1, OWN6, 0, WEB6, 8080);
}

static void ipv6_refused(void **state)
{
	struct nw *w = *state;
	struct seg s = {.src = CLIENT6,
			.dst = VIP6,
			.sport = 40000,
			.dport = 80,
			.flags = SL_TCP_ACK,
			.ack = 9};
	struct got g;

	nw_send(w, &s);
	g = nw_only(w, 0, VIP6, 80, CLIENT6, 40000);
	assert_int_equal(g.flags, SL_TCP_RST);
	assert_int_equal(g.seq, 9);
	w->model->clusters[2].endpoints[0].health = SL_UNHEALTHY;
	nw_epoch(w);
	s.dport = 53;
	s.proto = IPPROTO_UDP;
	nw_send(w, &s);
	g = nw_got(w, 0);
	assert_int_equal(g.proto, IPPROTO_ICMPV6);
	assert_int_equal(g.l4[0], 1);
	assert_int_equal(g.l4[1], 4);
}

static void ipv6_errors(void **state)
{
	struct nw *w = *state;
	struct seg s = {.src = CLIENT6,
			.dst = VIP6,
			.sport = 5353,
			.dport = 53,
			.proto = IPPROTO_UDP,
			.len = 5};
	struct got g;
	uint8_t sent[53];

	nw_send(w, &s);
	memcpy(sent, out_v6(w->fx, 0), sizeof(sent));
	icmp_error(w, 1, WEB6, OWN6, 1, 4, sent, sizeof(sent));
	g = nw_only(w, 0, VIP6, 0, CLIENT6, 0);
	check_quoted(g.l4 + 8, g.l4_len - 8, CLIENT6, 5353, VIP6, 53);
}

int main(void)
{
#define CASE(fn) cmocka_unit_test_setup_teardown(fn, nw_setup, nw_teardown)
	const struct CMUnitTest tests[] = {
		CASE(a_syn_goes_to_an_endpoint),
		CASE(an_answer_comes_from_the_service),
		CASE(payload_of_every_length_both_ways),
		CASE(node_port_on_every_address_of_ours),
		CASE(a_listener_service_is_left_to_tcp),
		CASE(what_is_no_service_is_left),
		CASE(a_refused_service_answers),
		CASE(no_healthy_endpoint_is_refused),
		CASE(only_a_syn_opens),
		CASE(a_reply_without_a_session),
		CASE(another_host_is_not_the_endpoint),
		CASE(udp_both_ways),
		CASE(udp_without_checksum_stays_without),
		CASE(udp_checksum_is_never_translated_to_none),
		CASE(hairpin),
		CASE(metadata_stays_true),
		CASE(hop_limit_used_up),
		CASE(too_big_is_told_to_the_sender),
		CASE(fragments_are_translated_as_one),
		CASE(large_datagrams_are_fragmented_again),
		CASE(errors_of_an_endpoint_reach_the_client),
		CASE(a_router_s_too_big_reaches_the_client),
		CASE(errors_of_a_client_reach_the_endpoint),
		CASE(errors_of_strangers_are_not_taken),
		CASE(udp_errors_without_checksum),
		CASE(ipv6_both_ways),
		CASE(ipv6_refused),
		CASE(ipv6_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
