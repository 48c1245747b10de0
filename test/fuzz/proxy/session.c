/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The whole proxy between hostile clients and hostile endpoints, as a script of their acts: bytes,
 * messages from a stock with one byte changed, ends of all kinds, time, want of memory, a new
 * configuration. oracle.c judges both sides' streams; when all is over every mbuf, session and
 * connection is back.
 */
#include "../../unit/proxy/config.h"
#include "oracle.h"

#include "sl_heads.h"
#include "sl_match.h"
#include "sl_proxy.h"
#include "sl_test_lcore.h"
#include "stock.h"

#define CLIENTS_MAX 24
#define CONNS_MAX   512          /* of both sides in one script */
#define SAID_MAX    (64u * 1024) /* by one peer */
#define MBUFS       1024
#define LOG_SLOTS   1024
#define HEAD_SLOTS  64
#define EPOCHS      3

enum act {
	ACT_ACCEPT,
	ACT_OPEN,
	ACT_FIN,
	ACT_END,
	ACT_CLOCK,
	ACT_WINDOW,
	ACT_BYTES,
	ACT_STOCK,
	ACT_ACK,
	ACT_FAIL,
	ACT_FAMINE,
	ACT_EPOCH,
	ACT_DRAIN,
	ACT_COUNT
};

static struct sl_lcore lc;
static struct sl_snap *snap[EPOCHS];
static struct sl_tcp tcp;
static struct sl_proxy *px;
static struct peer peer[FAKE_CONNS];
static struct sl_ring *records, *heads;
static unsigned int serial; /* tells messages of the stock apart */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void start(void)
{
	static const unsigned int conf[EPOCHS] = {CONF_MIRRORS, CONF_OTHER_C1 | CONF_FIELDS,
						  CONF_SECOND_TABLE | CONF_MIRRORS};

	if (snap[0])
		return;
	CHECK(sl_test_lcore_init(&lc, MBUFS) == 0);
	for (unsigned int i = 0; i < EPOCHS; i++)
		snap[i] = config_build(&lc, conf[i], i + 1, i > 0 ? snap[i - 1] : NULL);
	records = calloc(1, sl_ring_size(LOG_SLOTS, SL_CTL_LOG_SIZE));
	heads = calloc(1, sl_ring_size(HEAD_SLOTS, SL_CTL_HEAD_SIZE));
	CHECK(records && heads);
}

/* Whatever a client sent: control can read what the worker makes of it, unless it was cut. */
static void read_heads(void)
{
	static struct sl_head_in in;
	const void *r;
	uint32_t len;

	while ((r = sl_ring_peek(heads, &len)) != NULL) {
		CHECK(sl_head_read(&in, r, len) == 0 || (in.r.flags & SL_HEAD_CUT));
		sl_ring_release(heads);
	}
}

static void poll(void)
{
	const void *r;
	uint32_t len;

	sl_proxy_poll(px);
	while ((r = sl_ring_peek(records, &len)) != NULL) {
		oracle_logged(r, len);
		sl_ring_release(records);
	}
	read_heads();
}

static struct sl_tcp_conn *pick(uint8_t which, enum sl_tcp_side side)
{
	struct sl_tcp_conn *found[FAKE_CONNS];
	uint32_t n = 0;

	for (uint32_t i = 0; i < tcp.n; i++)
		if (tcp.conn[i].side == side && tcp.conn[i].fate == FAKE_OPEN &&
		    !tcp.conn[i].closed)
			found[n++] = &tcp.conn[i];
	return n > 0 ? found[which % n] : NULL;
}

static void accept_client(void)
{
	uint32_t clients = 0;
	struct sl_tcp_conn *c;

	for (uint32_t i = 0; i < tcp.n; i++)
		clients += tcp.conn[i].side == SL_TCP_DOWNSTREAM;
	if (clients >= CLIENTS_MAX)
		return;
	c = fake_accept(&tcp, OWN_IP, 8080);
	c->remote.ip = oracle_client_ip((uint32_t)(c - tcp.conn));
}

static void say(struct sl_tcp_conn *c, const char *bytes, size_t n, uint32_t segment)
{
	struct peer *p = c ? &peer[c - tcp.conn] : NULL;

	/* Room for a segment a byte must be left in the pool. */
	if (!c || !c->opened || c->eof || p->n + n > SAID_MAX ||
	    rte_mempool_avail_count(lc.pool) < n + 64)
		return;
	oracle_said(p, c, bytes, n);
	fake_rx(c, bytes, (uint32_t)n, segment);
}

/** A message of the stock, now and then with one byte changed. @return bytes of the script used. */
static size_t say_stock(struct sl_tcp_conn *c, enum sl_tcp_side side, const uint8_t *p, size_t n)
{
	char text[STOCK_MAX];
	size_t len = stock_message(side == SL_TCP_UPSTREAM, p[2], serial++, text);
	bool change = p[3] & 0x80 && n >= 7;

	if (change) {
		size_t at = (size_t)(p[4] << 8 | p[5]) % len;

		text[at] = (char)p[6];
		if (p[3] & 0x40)
			len = at + 1;
	}
	say(c, text, len, p[3] & 0x10 ? 1u + (p[3] & 15u) : 1448);
	return change ? 7 : 4;
}

/** Runs once without any packet buffer of one kind. */
static void famine(bool clones)
{
	static struct rte_mbuf *held[MBUFS];
	struct rte_mempool *pool = clones ? lc.clone_pool : lc.pool;
	unsigned int n = rte_mempool_avail_count(pool);

	CHECK(n <= MBUFS && rte_pktmbuf_alloc_bulk(pool, held, n) == 0);
	poll();
	rte_pktmbuf_free_bulk(held, n);
}

static void act_on(struct sl_tcp_conn *c, enum act what, const uint8_t *p)
{
	switch (what) {
	case ACT_OPEN:
		if (c && !c->opened)
			fake_open(c);
		break;
	case ACT_FIN:
		if (c && c->opened)
			fake_fin(c);
		break;
	case ACT_END:
		if (c)
			fake_end(c, c->opened ? p[2] & 1 ? SL_TCP_END_TIMEOUT : SL_TCP_END_RESET
					      : SL_TCP_END_REFUSED);
		break;
	case ACT_WINDOW:
		if (c)
			fake_window(c, 1u + p[2] * 64u);
		break;
	case ACT_ACK:
		tcp.hold = p[2] & 1;
		if (c && !c->closed)
			fake_ack(c);
		break;
	default:
		break;
	}
}

/** One act: code, which connection, two numbers, bytes. @return bytes of the script used. */
static size_t act(const uint8_t *p, size_t n)
{
	enum sl_tcp_side side = p[0] & 1 ? SL_TCP_UPSTREAM : SL_TCP_DOWNSTREAM;
	struct sl_tcp_conn *c = pick(p[1], side);
	enum act what = (enum act)(p[0] >> 1) % ACT_COUNT;
	size_t len = SL_MIN((size_t)p[2], n - 4);

	switch (what) {
	case ACT_ACCEPT:
		accept_client();
		break;
	case ACT_CLOCK:
		lc.now_us += (uint64_t)p[2] * p[2] * 5000;
		break;
	case ACT_BYTES:
		say(c, (const char *)p + 4, len, 1u + p[3]);
		return 4 + len;
	case ACT_STOCK:
		return SL_MIN(say_stock(c, side, p, n), n);
	case ACT_FAIL:
		tcp.connect_error = p[2] & 1 ? -EHOSTUNREACH : -ENOBUFS;
		tcp.fail_take = p[3] & 3;
		break;
	case ACT_FAMINE:
		famine(p[2] & 1);
		break;
	case ACT_EPOCH: {
		const struct sl_snap *old = lc.snap;

		config_use(&lc, snap[p[2] % EPOCHS]);
		sl_proxy_epoch(px, old);
		break;
	}
	case ACT_DRAIN:
		if (p[2] == 'D')
			sl_proxy_drain(px, true);
		break;
	default:
		act_on(c, what, p);
	}
	return 4;
}

/** Both directions of every connection, for who looks into a finding: SHOW=1 in the environment. */
static void show(void)
{
	for (uint32_t i = 0; getenv("SHOW") && i < tcp.n; i++) {
		const struct sl_tcp_conn *c = &tcp.conn[i];

		fprintf(stderr, "== %s %u, fate %d%s%s%s\n",
			c->side == SL_TCP_UPSTREAM ? "endpoint" : "client", i, c->fate,
			c->eof ? ", it sent FIN" : "", c->closed ? ", closed" : "",
			c->shut ? ", we sent FIN" : "");
		fprintf(stderr, "-- it said\n%.*s\n-- it got\n%.*s\n", (int)peer[i].n,
			peer[i].bytes ? peer[i].bytes : "", (int)c->out_len, c->out ? c->out : "");
	}
}

static void finish(void)
{
	tcp.hold = false;
	for (uint32_t i = 0; i < tcp.n; i++)
		if (tcp.conn[i].fate == FAKE_OPEN && !tcp.conn[i].closed &&
		    tcp.conn[i].side == SL_TCP_DOWNSTREAM)
			fake_end(&tcp.conn[i], SL_TCP_END_RESET);
	poll();
	lc.now_us += 60000000;
	for (int i = 0; i < 4; i++) {
		poll();
		lc.now_us += 2000;
	}
	CHECK(sl_proxy_sessions(px) == 0);
	CHECK(lc.stats.c->http_upstream_cx_active == 0);
	CHECK(lc.stats.c->http_downstream_rq_active == 0);
	CHECK(lc.stats.c->log_dropped == 0);
	for (uint32_t i = 0; i < tcp.n; i++)
		CHECK(tcp.conn[i].fate != FAKE_OPEN);
	CHECK(sl_test_lcore_in_use(&lc) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_proxy_config cfg = {.sessions_max = 8,
				      .upstreams_max = 8,
				      .mirrors_max = 2,
				      .retry_body_bytes = size & 2 ? 64 : 0,
				      .head_buffers = 2,
				      .forward_trailers = size & 1,
				      .log = true,
				      .secret = {1, 2}};
	size_t at = 0;

	start();
	serial = 0;
	config_use(&lc, snap[0]);
	fake_init(&tcp, &lc);
	tcp.sending = oracle_sending;
	sl_ring_init(records, LOG_SLOTS, SL_CTL_LOG_SIZE);
	oracle_trailers = cfg.forward_trailers;
	cfg.log_ring = records;
	sl_ring_init(heads, HEAD_SLOTS, SL_CTL_HEAD_SIZE);
	cfg.head_ring = heads;
	cfg.heads = 1000;
	CHECK(sl_proxy_create(&px, &lc, &tcp, &cfg, NULL) == 0);
	accept_client();
	poll();
	while (size - at >= 4 && tcp.n < CONNS_MAX) {
		at += act(data + at, size - at);
		poll();
	}
	finish();
	show();
	oracle_judge(&tcp, peer);
	oracle_reset(peer, tcp.n);
	sl_proxy_free(px);
	fake_fini(&tcp);
	return 0;
}
