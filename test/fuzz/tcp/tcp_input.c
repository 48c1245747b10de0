/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many segments, calls of the user, and time, as the input says, into one TCP stack. Checked: what
 * it sends are whole packets with right checksums, bytes in both directions are those that were
 * put in, every packet is counted, no mbuf is left.
 */
#include "../../../lib/tcp/internal.h"
#include "../../protocol/pkt.h"
#include "../support/bytes.h"

#define FLOWS 4
#define MBUFS 2047
#define OPS   600
#define MTU   1500

struct flow {
	struct sl_tcp_conn *c;
	uint16_t our_port, peer_port;
	uint32_t peer_next, our_next, our_una; /* as the peer knows them */
	uint32_t read_next;                    /* number of the next byte the user reads */
	uint32_t write_base, write_next;       /* numbers of the user's bytes */
	uint32_t ts;
	bool open;
};

static struct sl_lcore lc;
static struct sl_tcp *tcp;
static struct flow flow[FLOWS];
static struct sl_ip ours, peer;
static uint64_t injected;
static struct rte_mbuf *held[2 * MBUFS];
static unsigned n_held;
static bool refuse;

static uint8_t pattern(uint32_t seq)
{
	return (uint8_t)(seq ^ seq >> 8 ^ seq >> 17);
}

static struct flow *flow_of(uint16_t our_port, uint16_t peer_port)
{
	for (unsigned i = 0; i < FLOWS; i++)
		if (flow[i].peer_port == peer_port && flow[i].our_port == our_port)
			return &flow[i];
	return NULL;
}

static void on_output(void *user, struct rte_mbuf *m)
{
	static uint8_t buf[PKT_MAX];
	size_t len = pkt_linear(m, buf);
	struct pkt_tcp t;
	struct flow *f;

	(void)user;
	rte_pktmbuf_free(m);
	if (!len || len > MTU)
		broken("length of a packet sent");
	if (pkt_parse(buf, len, &t))
		broken("a packet sent is malformed");
	f = flow_of(t.sport, t.dport);
	if (!f || t.flags & SL_TCP_RST)
		return;
	if (t.flags & SL_TCP_SYN)
		f->our_next = f->our_una = t.seq;
	if (f->open)
		for (uint32_t i = 0; i < t.len; i++)
			if (t.payload[i] != pattern(t.seq + i - f->write_base))
				broken("byte sent");
	if (seq_lt(f->our_next, t.seq + t.len))
		f->our_next = t.seq + t.len;
	if (t.flags & (SL_TCP_SYN | SL_TCP_FIN))
		f->our_next = seq_max(f->our_next, t.seq + t.len + 1);
}

static bool on_accept(void *user, const struct sl_pkt *syn, uint32_t *listener)
{
	(void)user;
	*listener = 1;
	return !refuse && syn->dport == 80;
}

static bool on_route(void *user, const struct sl_ip *dst, struct sl_ip *src, uint16_t *mtu)
{
	(void)user;
	(void)dst;
	*src = ours;
	*mtu = MTU;
	return true;
}

static void serve(void)
{
	struct sl_tcp_conn *c;
	uint32_t events;

	while ((c = sl_tcp_ready(tcp, &events))) {
		struct sl_ip_port l, r;
		struct flow *f;

		sl_tcp_local(c, &l);
		sl_tcp_remote(c, &r);
		f = flow_of(l.port, r.port);
		if (!f)
			broken("connection of no flow");
		if (events & SL_TCP_OPENED) {
			if (f->c && f->c != c)
				sl_tcp_release(f->c); /* an old one, over */
			f->c = c;
			f->open = true;
			f->read_next = c->rcv_nxt - c->rcv_len - !!(c->flags & F_FIN_IN);
			f->write_base = c->snd_una;
			if (f->write_next && !(c->side == SL_TCP_UPSTREAM))
				f->write_next = 0;
		}
		if (events & SL_TCP_CLOSED && byte() & 1) {
			sl_tcp_release(c);
			f->c = NULL;
			f->open = false;
			f->write_next = 0;
		}
	}
	sl_tcp_flush(tcp);
}

static void do_segment(struct flow *f)
{
	static uint8_t buf[PKT_MAX], payload[MTU], opts[40];
	uint8_t how = byte(), flags = byte();
	struct pkt_tcp t = {.src = peer, .dst = ours, .opts = opts, .payload = payload};
	struct rte_mbuf *m;
	size_t len;

	t.sport = f->peer_port;
	t.dport = f->our_port;
	t.flags = flags;
	t.seq = f->peer_next;
	t.ack = f->our_next;
	t.win = how & 1 ? (uint16_t)word() : 65535;
	t.len = how & 2 ? (uint16_t)(word() % 1400) : 0;
	if (how & 4)
		t.seq += (uint32_t)(int32_t)(int16_t)word();
	if (how & 8)
		t.ack -= word() % 5000;
	if (how & 16) { /* a timestamp that moves on, and perhaps SACK */
		sl_store32(opts, 0x0101080a);
		sl_store32(opts + 4, f->ts += byte());
		sl_store32(opts + 8, f->c ? ts_now(f->c) : 0);
		t.opts_len = 12;
	}
	if (how & 32) {
		uint32_t left = f->our_next - word() % 5000;

		sl_store32(opts + t.opts_len, 0x0101050a);
		sl_store32(opts + t.opts_len + 4, left);
		sl_store32(opts + t.opts_len + 8, left + word() % 3000);
		t.opts_len += 12;
	}
	if (how & 64)
		for (unsigned n = byte() % 5 * 4; n && t.opts_len < 40; n--)
			opts[t.opts_len++] = byte();
	for (uint32_t i = 0; i < t.len; i++)
		payload[i] = pattern(t.seq + i);
	len = pkt_emit(buf, &t);
	m = pkt_mbuf(&lc, buf, len, &t, how & 128 ? 64 : 0);
	if (!m)
		return;
	injected++;
	if (!(how & 4))
		f->peer_next = t.seq + t.len + !!(flags & SL_TCP_SYN) + !!(flags & SL_TCP_FIN);
	sl_tcp_in_burst(tcp, &m, 1);
}

/* The next segment of a peer that behaves, so that the deeper states are reached. */
static void do_good_segment(struct flow *f)
{
	static const uint8_t full[20] = {2, 4, 5, 180, 4, 2, 8, 10, 0, 0,
					 0, 1, 0, 0,   0, 0, 1, 3,  3, 7};
	static uint8_t buf[PKT_MAX], payload[MTU];
	uint8_t how = byte();
	struct pkt_tcp t = {.src = peer, .dst = ours, .payload = payload, .win = 60000};
	struct rte_mbuf *m;
	size_t len;

	t.sport = f->peer_port;
	t.dport = f->our_port;
	t.seq = f->peer_next;
	t.ack = f->our_next;
	t.flags = SL_TCP_ACK;
	if (how & 1) {
		t.flags = f->our_next && how & 2 ? SL_TCP_SYN | SL_TCP_ACK : SL_TCP_SYN;
		if (how & 4) {
			t.opts = full;
			t.opts_len = sizeof(full);
		}
	} else if (how & 2) {
		t.len = (uint16_t)(1 + how * 5);
	} else if (how & 4) {
		t.flags |= SL_TCP_FIN;
	}
	for (uint32_t i = 0; i < t.len; i++)
		payload[i] = pattern(t.seq + i);
	len = pkt_emit(buf, &t);
	m = pkt_mbuf(&lc, buf, len, &t, 0);
	if (!m)
		return;
	injected++;
	f->peer_next += t.len + !!(t.flags & SL_TCP_SYN) + !!(t.flags & SL_TCP_FIN);
	sl_tcp_in_burst(tcp, &m, 1);
}

static void do_write(struct flow *f)
{
	uint32_t n = 1 + word() % 4000, piece = 1 + byte() * 6;
	struct rte_mbuf *head = NULL, **link = &head;

	if (!f->c || !f->open || sl_tcp_tx_room(f->c) < n)
		return;
	while (n) {
		uint16_t k = (uint16_t)SL_MIN(n, piece);
		struct rte_mbuf *m = rte_pktmbuf_alloc(lc.pool);
		uint8_t *p;

		if (!m)
			break;
		p = (uint8_t *)rte_pktmbuf_append(m, k);
		for (uint16_t i = 0; i < k; i++)
			p[i] = pattern(f->write_next++);
		*link = m;
		link = &m->next;
		n -= k;
	}
	if (head)
		sl_tcp_tx(f->c, head);
}

static void do_read(struct flow *f)
{
	uint32_t n = word();
	struct rte_mbuf *chain, *m;

	if (!f->c || !f->open || !sl_tcp_rx_len(f->c))
		return;
	n = 1 + n % sl_tcp_rx_len(f->c);
	if (n & 1) {
		sl_tcp_rx_skip(f->c, n);
		f->read_next += n;
		return;
	}
	chain = sl_tcp_rx_take(f->c, n);
	for (m = chain; m; m = m->next)
		for (uint16_t i = 0; i < m->data_len; i++)
			if (rte_pktmbuf_mtod(m, uint8_t *)[i] != pattern(f->read_next++))
				broken("byte received");
	rte_pktmbuf_free(chain);
}

static void do_connect(struct flow *f)
{
	struct sl_ip_port l;
	int code;

	if (f->c)
		return;
	f->c = sl_tcp_connect(tcp, &peer, f->peer_port, 1 + word(), &code);
	if (!f->c)
		return;
	sl_tcp_local(f->c, &l);
	f->our_port = l.port;
	f->open = false;
	f->write_next = 0;
}

static void do_icmp(struct flow *f)
{
	struct sl_icmp_error e = {.family = sl_ip_is_v4(&ours) ? 4 : 6};

	e.type = e.family == 4 ? 3 : 2;
	e.code = byte() % 6;
	e.mtu = (uint16_t)word();
	e.inner = (struct sl_tuple){ours, peer, f->our_port, f->peer_port, IPPROTO_TCP};
	e.inner_seq = f->our_next - word() % 3000;
	sl_tcp_icmp_error(tcp, &e);
}

static void do_mbufs(void)
{
	uint32_t leave = byte();
	struct rte_mempool *pool = leave & 1 ? lc.pool : lc.clone_pool;

	while (n_held)
		rte_pktmbuf_free(held[--n_held]);
	if (leave < 128)
		return;
	leave -= 128;
	for (unsigned n = rte_mempool_avail_count(pool); n > leave; n--)
		held[n_held++] = rte_pktmbuf_alloc(pool);
}

static void do_end(struct flow *f, uint8_t op)
{
	if (!f->c)
		return;
	if (op == 9)
		sl_tcp_shutdown(f->c);
	else if (op == 10)
		sl_tcp_close(f->c);
	else
		sl_tcp_abort(f->c);
	if (op == 9)
		return;
	f->c = NULL;
	f->open = false;
	f->write_next = 0;
}

static void do_time(void)
{
	static const uint32_t steps[] = {1, 10, 50, 250, 1000, 10000, 70000, 4000000};
	uint8_t how = byte();
	uint64_t next = sl_tcp_next_timer(tcp);

	if (how & 128 && next > lc.now_us && next != UINT64_MAX)
		lc.now_us = next;
	else
		lc.now_us += steps[how % 8] * UINT64_C(1000);
	sl_tcp_timers(tcp);
}

static void step(void)
{
	uint8_t op = byte();
	struct flow *f = &flow[op >> 4 & 3];

	switch (op & 15) {
	case 0:
	case 1:
	case 2:
		do_segment(f);
		break;
	case 3:
	case 4:
	case 5:
		do_good_segment(f);
		break;
	case 6:
		do_write(f);
		break;
	case 7:
		do_read(f);
		break;
	case 8:
	case 12:
		do_time();
		break;
	case 9:
	case 10:
	case 11:
		do_end(f, op & 15);
		break;
	case 13:
		do_connect(f);
		break;
	case 14:
		do_icmp(f);
		break;
	default:
		if (op & 64)
			refuse = !refuse;
		else
			do_mbufs();
		break;
	}
	serve();
}

static void start(void)
{
	struct sl_tcp_config cfg = {.conns_max = 3,
				    .syn_rcvd_max = 2,
				    .time_wait_max = 2,
				    .rcv_buf_bytes = 20000,
				    .snd_buf_bytes = 20000,
				    .secret = {1, 2},
				    .accept = on_accept,
				    .output = on_output,
				    .route = on_route};

	if (!lc.pool && sl_test_lcore_init(&lc, MBUFS) < 0)
		broken("no EAL");
	lc.now_us = 1000000;
	lc.rnd = 1;
	memset(lc.stats.c, 0, sizeof(*lc.stats.c));
	memset(lc.stats.drops, 0, SL_DROP_COUNT * sizeof(uint64_t));
	if (byte() & 1) {
		(void)sl_ip_parse("fd00::1", &ours, NULL);
		(void)sl_ip_parse("fd00::2", &peer, NULL);
	} else {
		ours = sl_ip_from_v4(htonl(0x0a000001));
		peer = sl_ip_from_v4(htonl(0x0a000002));
	}
	injected = 0;
	refuse = false;
	memset(flow, 0, sizeof(flow));
	for (unsigned i = 0; i < FLOWS; i++) {
		flow[i].peer_port = (uint16_t)(1000 + i);
		flow[i].our_port = 80;
		flow[i].peer_next = i * 0x40000000u - 3;
	}
	if (sl_tcp_create(&tcp, &lc, &cfg, NULL) < 0)
		broken("no stack");
}

static void finish(void)
{
	uint64_t drops = 0;

	while (n_held)
		rte_pktmbuf_free(held[--n_held]);
	for (unsigned i = 0; i < SL_DROP_COUNT; i++)
		drops += lc.stats.drops[i];
	if (injected != lc.stats.c->consumed + drops)
		broken("packets in are not consumed + drops");
	sl_tcp_free(tcp);
	if (sl_test_lcore_in_use(&lc))
		broken("mbufs are left");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_in = data;
	fuzz_left = size;
	start();
	for (unsigned i = 0; i < OPS && fuzz_left; i++)
		step();
	finish();
	return 0;
}
