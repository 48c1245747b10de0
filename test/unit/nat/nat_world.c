/* SPDX-License-Identifier: BSD-3-Clause */
/* The worker that the tests of lib/nat put packets into. */
#include "nat_world.h"

#include <stdlib.h>

static void endpoint(struct sl_model_cluster *c, const char *addr, enum sl_health health)
{
	struct sl_model_endpoint *e = sl_model_endpoint_add(c);

	assert_non_null(e);
	assert_int_equal(sl_ip_port_parse(addr, &e->addr, NULL), 0);
	e->health = health;
}

static void service(struct sl_model *m, const char *addr, uint8_t proto, const char *listener,
		    const char *cluster)
{
	struct sl_model_service *s = sl_model_service_add(m, addr);
	struct sl_ip_port at;

	assert_non_null(s);
	assert_int_equal(sl_ip_port_parse(addr, &at, NULL), 0);
	s->ip = at.ip;
	s->port = at.port;
	s->proto = proto;
	assert_int_equal(sl_model_set(&s->listener, listener), 0);
	assert_int_equal(sl_model_set(&s->cluster, cluster), 0);
}

static struct sl_model *make_model(void)
{
	struct sl_model *m = sl_model_create();
	struct sl_model_cluster *c = sl_model_cluster_add(m, "web");
	struct sl_model_listener *l;

	endpoint(c, WEB1 ":8080", SL_HEALTHY);
	endpoint(c, WEB2 ":8080", SL_HEALTHY);
	c = sl_model_cluster_add(m, "dns");
	endpoint(c, DNS ":53", SL_HEALTHY);
	c = sl_model_cluster_add(m, "web6");
	endpoint(c, "[" WEB6 "]:8080", SL_HEALTHY);
	c = sl_model_cluster_add(m, "empty");
	endpoint(c, WEB1 ":9999", SL_UNHEALTHY);
	sl_model_table_add(m, "t");
	l = sl_model_listener_add(m, "l");
	sl_model_set(&l->table, "t");
	l->ip = fx_ip("0.0.0.0");
	l->port = 8080;
	service(m, VIP ":80", IPPROTO_TCP, "", "web");
	service(m, VIP ":53", IPPROTO_UDP, "", "dns");
	service(m, "0.0.0.0:30080", IPPROTO_TCP, "", "web");
	service(m, LISTENER ":80", IPPROTO_TCP, "l", "");
	service(m, "0.0.0.0:31373", IPPROTO_TCP, "l", "");
	service(m, NONE ":80", IPPROTO_TCP, "", "");
	service(m, NONE ":53", IPPROTO_UDP, "", "");
	service(m, EMPTY ":80", IPPROTO_TCP, "", "empty");
	service(m, "[" VIP6 "]:80", IPPROTO_TCP, "", "web6");
	service(m, "[" VIP6 "]:53", IPPROTO_UDP, "", "web6");
	service(m, "[::]:30080", IPPROTO_TCP, "", "web6");
	service(m, "[" VIP64 "]:80", IPPROTO_TCP, "", "web");
	service(m, "[" VIP64 "]:53", IPPROTO_UDP, "", "dns");
	service(m, KEPT ":53", IPPROTO_UDP, "", "dns");
	m->services[m->n_services - 1].keep_client = true;
	service(m, KEPT ":54", IPPROTO_UDP, "", "dns");
	m->services[m->n_services - 1].keep_client = true;
	return m;
}

static void claim_slots(struct nw *w)
{
	for (int cls = 0; cls < SL_STATS_CLASS_COUNT; cls++)
		for (uint32_t i = 0; i < sl_snap_count(w->snap, sl_snap_slot_tab(cls)); i++) {
			const struct sl_slot *s = sl_snap_slot(w->snap, cls, i);

			sl_stats_slot_claim(&w->fx->lc.stats, cls, s->index, s->born);
		}
}

static void set_virtual(struct nw *w)
{
	static struct sl_ip ips[32768];
	uint32_t n = sl_snap_count(w->snap, SL_SNAP_SERVICES);

	assert_true(n <= SL_ARRAY_LEN(ips));
	for (uint32_t i = 0; i < n; i++)
		ips[i] = sl_snap_service(w->snap, i)->ip;
	assert_int_equal(sl_net_main_set_virtual(w->fx->net, ips, n), 0);
}

static void claim_health(struct nw *w)
{
	for (uint32_t i = 0; i < sl_snap_count(w->snap, SL_SNAP_ENDPOINTS); i++) {
		const struct sl_slot *s = &sl_snap_endpoint(w->snap, i)->slot;

		sl_health_claim(w->health, s->index, s->born, w->fx->lc.now_us);
	}
}

bool nw_set_health(struct nw *w, const struct sl_ip_port *at, bool failed)
{
	bool found = false;

	for (uint32_t i = 0; i < sl_snap_count(w->snap, SL_SNAP_ENDPOINTS); i++) {
		const struct sl_snap_endpoint *e = sl_snap_endpoint(w->snap, i);

		if (e->port != at->port || !sl_ip_eq(&e->ip, &at->ip))
			continue;
		found = true;
		sl_health_set(w->health, sl_health_row(w->health, e->slot.index, e->slot.born),
			      SL_HEALTH_FAILED, failed, w->fx->lc.now_us);
	}
	return found;
}

void nw_epoch(struct nw *w)
{
	struct sl_snap *old = w->snap;
	struct sl_err err = {""};
	size_t size;

	if (sl_snap_build(w->model, old ? old->epoch + 1 : 1, old, w->cache, &w->snap, &size, &err))
		fail_msg("%s", err.text);
	free(old);
	w->fx->lc.snap = w->snap;
	claim_slots(w);
	claim_health(w);
	set_virtual(w);
	sl_nat_epoch(w->nat);
}

static bool on_error(void *arg, struct rte_mbuf *m, const struct sl_icmp_error *e)
{
	struct nw *w = arg;

	return sl_nat_icmp_error(w->nat, m, e);
}

/* A peer whose MAC the box learns from its own neighbour solicitation (RFC 4861 7.2.3). */
static void know6(struct nw *w, int port, const char *ip, const char *own)
{
	struct buf f = {0}, ns = {0};
	const uint8_t head[8] = {135};
	uint8_t option[8] = {1, 1};
	struct sl_ip s = fx_ip(ip), d = fx_ip(own);
	uint16_t csum;

	fx_peer_mac(port, option + 2);
	put(&ns, head, 8);
	put(&ns, d.b, 16);
	put(&ns, option, 8);
	csum = (uint16_t)~sl_csum_fold(
		sl_csum_add(sl_csum_pseudo(&s, &d, IPPROTO_ICMPV6, ns.n), ns.b, ns.n));
	memcpy(ns.b + 2, &csum, 2);
	put_eth(&f, w->fx, port, SL_ETH_IPV6, 0);
	put_v6(&f, ip, own, IPPROTO_ICMPV6, 255, ns.b, ns.n);
	fx_rx(w->fx, port, f.b, f.n);
}

void nw_know(struct nw *w, int port, const char *ip)
{
	if (strchr(ip, ':'))
		know6(w, port, ip, port ? OWN6 : "2001:db8:1::1");
	else
		fx_know(w->fx, port, ip);
	fx_clear(w->fx);
}

/* A host answers, in case the box has asked whether it is still there. */
static void answer(struct nw *w, int port, const char *ip)
{
	struct buf f = {0};
	uint8_t mac[6];

	fx_peer_mac(port, mac);
	mk_arp(&f, w->fx, port, 2, mac, ip, port ? OWN : "192.0.2.1", false);
	fx_rx(w->fx, port, f.b, f.n);
}

static void know_peers(struct nw *w)
{
	static const char *const peers[2][3] = {{CLIENT, CLIENT2, "192.0.2.254"},
						{WEB1, WEB2, DNS}};

	for (int port = 0; port < 2; port++)
		for (int i = 0; i < 3; i++) {
			fx_know(w->fx, port, peers[port][i]);
			answer(w, port, peers[port][i]);
		}
	fx_know(w->fx, 1, "10.10.0.254");
	know6(w, 0, CLIENT6, "2001:db8:1::1");
	know6(w, 1, WEB6, OWN6);
	fx_clear(w->fx);
}

struct nw *nw_start(uint32_t rows)
{
	return nw_start_with(rows, make_model(), &(struct sl_nat_config){0});
}

struct nw *nw_start_with(uint32_t rows, struct sl_model *model, const struct sl_nat_config *cfg)
{
	struct nw *w = calloc(1, sizeof(*w));
	struct fx_setup setup = {.mbufs = 2047};
	uint32_t slots[SL_STATS_CLASS_COUNT];
	struct sl_err err = {""};

	w->fx = fx_start(&setup);
	w->cache = sl_snap_cache_create(NULL);
	for (int cls = 0; cls < SL_STATS_CLASS_COUNT; cls++)
		slots[cls] = 1u << 17; /* counted nowhere where the lcore has fewer */
	sl_snap_cache_slots(w->cache, slots);
	w->model = model ? model : make_model();
	w->cfg = *cfg;
	w->cfg.rows_max = rows;
	w->cfg.rows = calloc(1, sl_flows_size(rows, w->cfg.guard.clients_max));
	w->cfg.affinity = sl_nat_affinity_create(1024);
	w->health = sl_health_create(1024, 1);
	w->fx->lc.health = w->health;
	w->cfg.secret = (struct sl_hash_key){1, 2};
	if (sl_nat_create(&w->nat, &w->fx->lc, w->fx->net, w->fx->nl, &w->cfg, &err))
		fail_msg("%s", err.text);
	sl_net_on_icmp_error(w->fx->nl, on_error, w);
	nw_epoch(w);
	know_peers(w);
	return w;
}

void nw_stop(struct nw *w)
{
	sl_nat_free(w->nat);
	sl_nat_affinity_free(w->cfg.affinity);
	sl_health_free(w->health);
	fx_stop(w->fx);
	sl_snap_cache_free(w->cache);
	sl_model_free(w->model);
	free(w->snap);
	free(w->cfg.rows);
	free(w);
}

int nw_setup(void **state)
{
	*state = nw_start(64);
	return 0;
}

int nw_teardown(void **state)
{
	nw_stop(*state);
	return 0;
}

void nw_change(struct nw *w, struct sl_model *model)
{
	sl_model_free(w->model);
	w->model = model;
	nw_epoch(w);
}

void nw_restart(struct nw *w)
{
	struct sl_stats_worker *st = &w->fx->lc.stats;
	struct sl_err err = {""};

	sl_nat_free(w->nat);
	st->c->nat_sessions = 0;
	for (int cls = 0; cls < SL_STATS_CLASS_COUNT; cls++)
		memset(st->born[cls], 0, st->slots[cls] * sizeof(uint64_t));
	memset(st->service, 0, st->slots[SL_STATS_SERVICE] * sizeof(*st->service));
	memset(st->endpoint, 0, st->slots[SL_STATS_ENDPOINT] * sizeof(*st->endpoint));
	if (sl_nat_create(&w->nat, &w->fx->lc, w->fx->net, w->fx->nl, &w->cfg, &err))
		fail_msg("%s", err.text);
	nw_epoch(w);
}

void nw_pass_s(struct nw *w, unsigned seconds)
{
	for (unsigned i = 0; i < seconds; i++) {
		w->fx->lc.now_us += 1000000;
		for (int k = 0; k < 4; k++)
			sl_nat_timers(w->nat);
	}
	/* The neighbours have not been silent all the while. */
	know_peers(w);
}

/* ---- packets in ---- */

void nw_l4(struct buf *out, const struct seg *s)
{
	struct sl_tcp_hdr *t;

	if (s->proto == IPPROTO_UDP) {
		mk_udp(out, s->src, s->dst, s->sport, s->dport, s->len);
		if (s->no_csum)
			memset(out->b + 6, 0, 2);
		return;
	}
	mk_tcp(out, s->src, s->dst, s->sport, s->dport, s->len);
	t = (struct sl_tcp_hdr *)out->b;
	t->flags = s->flags;
	t->seq_be = htonl(s->seq);
	t->ack_be = htonl(s->ack);
	t->csum_be = 0;
	{
		struct sl_ip src = fx_ip(s->src), dst = fx_ip(s->dst);
		uint64_t sum = sl_csum_pseudo(&src, &dst, IPPROTO_TCP, out->n);

		t->csum_be = (uint16_t)~sl_csum_fold(sl_csum_add(sum, out->b, out->n));
	}
}

/* Forgets what the box asked its neighbours in between. */
static void only_ip(struct fx *fx)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < fx->n_out; i++)
		if (out_type(fx, i) == SL_ETH_IPV4 ||
		    (out_type(fx, i) == SL_ETH_IPV6 &&
		     !(out_v6(fx, i)->next == IPPROTO_ICMPV6 && out_v6(fx, i)->hops == 255)))
			fx->out[kept++] = fx->out[i];
	fx->n_out = kept;
}

static void run(struct nw *w, int port, struct rte_mbuf *m)
{
	struct fx *fx = w->fx;
	uint16_t n;

	assert_non_null(m);
	fx->lc.stats.c->rx++;
	n = sl_eth_in_burst(fx->nl, &fx->port[port], &m, 1);
	n = sl_ip_in_burst(fx->nl, &m, n);
	n = sl_ip_reassemble_burst(fx->nl, &m, n);
	if (n)
		w->sent = *sl_pkt(m);
	n = sl_nat_in_burst(w->nat, &m, n);
	if (n && sl_pkt(m)->proto != IPPROTO_ICMP && sl_pkt(m)->proto != IPPROTO_ICMPV6) {
		w->left++;
		w->last_left = *sl_pkt(m);
		sl_consume(&fx->lc);
		rte_pktmbuf_free(m);
	} else if (n) {
		sl_icmp_in_burst(fx->nl, &m, n);
	}
	fx_pump(fx);
	only_ip(fx);
}

void nw_frame(struct nw *w, int port, const void *frame, uint32_t len)
{
	w->fx->n_out = 0;
	w->left = 0;
	run(w, port, sl_test_mbuf(&w->fx->lc, frame, (uint16_t)len));
}

void nw_send(struct nw *w, const struct seg *s)
{
	static struct buf l4, f;
	bool v6 = strchr(s->src, ':');
	uint8_t proto = s->proto ? s->proto : IPPROTO_TCP;

	nw_l4(&l4, s);
	f.n = 0;
	put_eth(&f, w->fx, s->port, v6 ? SL_ETH_IPV6 : SL_ETH_IPV4, 0);
	if (v6) {
		put_v6(&f, s->src, s->dst, proto, s->ttl ? s->ttl : 64, l4.b, l4.n);
	} else {
		struct v4 ip = {.src = s->src,
				.dst = s->dst,
				.proto = proto,
				.ttl = s->ttl,
				.frag = s->df ? SL_IPV4_DF : 0};

		put_v4(&f, &ip, l4.b, l4.n);
	}
	nw_frame(w, s->port, f.b, f.n);
}

/* ---- packets out ---- */

static void parse_l4(struct got *g)
{
	uint64_t sum = sl_csum_pseudo(&g->src, &g->dst, g->proto, g->l4_len);
	uint32_t header = 8;

	if (g->proto == IPPROTO_ICMP)
		sum = 0;
	if (!(g->proto == IPPROTO_UDP && sl_load16(g->l4 + 6) == 0))
		assert_int_equal(sl_csum_fold(sl_csum_add(sum, g->l4, g->l4_len)), 0xffff);
	if (g->proto == IPPROTO_TCP) {
		const struct sl_tcp_hdr *t = (const void *)g->l4;

		g->flags = t->flags;
		g->seq = ntohl(t->seq_be);
		g->ack = ntohl(t->ack_be);
		header = (t->off >> 4) * 4u;
	}
	if (g->proto == IPPROTO_TCP || g->proto == IPPROTO_UDP) {
		g->sport = sl_load16(g->l4);
		g->dport = sl_load16(g->l4 + 2);
	}
	assert_true(header <= g->l4_len);
	g->len = g->l4_len - header;
}

struct got nw_got(const struct nw *w, unsigned i)
{
	struct got g = {.port = w->fx->out[i].port};

	assert_true(i < w->fx->n_out);
	if (out_type(w->fx, i) == SL_ETH_IPV4) {
		const struct sl_ipv4_hdr *ip = out_v4(w->fx, i);
		uint32_t header = (ip->ver_ihl & 15) * 4u;

		assert_int_equal(sl_csum_fold(sl_csum_add(0, ip, header)), 0xffff);
		g.src = sl_ip_from_v4(ip->src_be);
		g.dst = sl_ip_from_v4(ip->dst_be);
		g.proto = ip->proto;
		g.ttl = ip->ttl;
		g.l4 = (const uint8_t *)ip + header;
		g.l4_len = ntohs(ip->len_be) - header;
	} else {
		const struct sl_ipv6_hdr *ip = out_v6(w->fx, i);

		memcpy(g.src.b, ip->src, 16);
		memcpy(g.dst.b, ip->dst, 16);
		g.proto = ip->next;
		g.ttl = ip->hops;
		g.l4 = (const uint8_t *)(ip + 1);
		g.l4_len = ntohs(ip->len_be);
	}
	parse_l4(&g);
	return g;
}

static void same_ip(const struct sl_ip *got, const char *want)
{
	char text[SL_IP_TEXT_MAX];

	assert_string_equal(sl_ip_format(got, text), want);
}

struct got nw_only(const struct nw *w, int port, const char *src, uint16_t sport, const char *dst,
		   uint16_t dport)
{
	struct got g;

	assert_int_equal(w->fx->n_out, 1);
	g = nw_got(w, 0);
	assert_int_equal(g.port, port);
	same_ip(&g.src, src);
	same_ip(&g.dst, dst);
	if (sport)
		assert_int_equal(g.sport, sport);
	assert_int_equal(g.dport, dport);
	return g;
}

void nw_nothing(const struct nw *w)
{
	assert_int_equal(w->fx->n_out, 0);
	assert_int_equal(w->left, 0);
}

/* ---- conversations ---- */

struct got nw_syn(struct nw *w, const char *client, uint16_t sport)
{
	struct seg syn = {.src = client,
			  .dst = VIP,
			  .sport = sport,
			  .dport = 80,
			  .flags = SL_TCP_SYN,
			  .seq = 100};

	nw_send(w, &syn);
	assert_int_equal(w->fx->n_out, 1);
	return nw_got(w, 0);
}

void nw_answer(struct nw *w, const struct got *seen, uint8_t flags, uint32_t len)
{
	char src[SL_IP_TEXT_MAX], dst[SL_IP_TEXT_MAX];
	struct seg s = {.port = 1,
			.src = sl_ip_format(&seen->dst, src),
			.dst = sl_ip_format(&seen->src, dst),
			.sport = seen->dport,
			.dport = seen->sport,
			.proto = seen->proto,
			.flags = flags,
			.seq = 500,
			.ack = seen->seq + 1,
			.len = len};

	nw_send(w, &s);
}

struct got nw_open(struct nw *w, const char *client, uint16_t sport)
{
	struct seg ack = {.src = client,
			  .dst = VIP,
			  .sport = sport,
			  .dport = 80,
			  .flags = SL_TCP_ACK,
			  .seq = 101,
			  .ack = 501};
	struct got seen = nw_syn(w, client, sport);

	nw_answer(w, &seen, SL_TCP_SYN | SL_TCP_ACK, 0);
	nw_only(w, 0, VIP, 80, client, sport);
	nw_send(w, &ack);
	assert_int_equal(w->fx->n_out, 1);
	assert_int_equal(nw_state(w, client, sport), SL_NAT_ESTABLISHED);
	return seen;
}

uint32_t nw_state(const struct nw *w, const char *client, uint16_t sport)
{
	const struct sl_nat_session *s;
	struct sl_ip ip = fx_ip(client);

	for (uint32_t row = 0; (s = sl_nat_at(w->nat, &row));)
		if (s->cport == sport && sl_ip_eq(&s->client, &ip))
			return s->state;
	return SL_NAT_FREE;
}

uint64_t nw_drops(const struct nw *w, enum sl_drop reason)
{
	return w->fx->lc.stats.drops[reason];
}
