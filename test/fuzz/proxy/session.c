/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The whole proxy between hostile clients and hostile endpoints, as a script of their acts.
 * Oracle: what an endpoint receives is nothing but strictly well-formed requests as the gateway
 * makes them, and when all is over every mbuf, session and connection is back.
 */
#include "../../unit/proxy/config.h"
#include "../../unit/proxy/fake_tcp.h"

#include "sl_http.h"
#include "sl_match.h"
#include "sl_proxy.h"
#include "sl_test_lcore.h"

#define CONNS_MAX 64 /* of both sides in one script */

static struct sl_lcore lc;
static struct sl_snap *snap;
static struct sl_tcp tcp;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void start(void)
{
	if (snap)
		return;
	CHECK(sl_test_lcore_init(&lc, 4096) == 0);
	snap = config_build(&lc, 0, 1, NULL);
}

/** Bytes of a body that starts at p, or -1: not there as a whole; -2: its framing is wrong. */
static int64_t body_bytes(enum sl_http_framing framing, uint64_t length, const char *p, size_t n)
{
	struct sl_http_chunks c = {0};
	size_t at = 0;

	switch (framing) {
	case SL_HTTP_NO_BODY:
		return 0;
	case SL_HTTP_LENGTH:
		return length <= n ? (int64_t)length : -1;
	case SL_HTTP_CHUNKED:
		while (at < n && !c.done) {
			size_t skip, content;
			int64_t k = sl_http_chunks_next(&c, p + at, n - at, &skip, &content);

			if (k <= 0)
				return -2;
			at += (size_t)k;
		}
		return c.done ? (int64_t)at : -1;
	default:
		return -1;
	}
}

/** Requests that an endpoint has received; everything in between must be exactly their bodies. */
static void check_upstream(const struct sl_tcp_conn *u)
{
	static struct sl_http_request req;
	size_t at = 0;

	while (at < u->out_len) {
		const struct sl_http_field *last;
		int64_t body;
		int head = sl_http_request_parse(&req, u->out + at, u->out_len - at, 0, NULL);

		CHECK(head > 0);
		last = &req.field[req.n_fields - 1];
		CHECK(sl_str_eq(last->name, SL_STR("x-envoy-attempt-count")));
		at += (size_t)head;
		if (req.upgrade) /* what follows may be a tunnel's */
			return;
		body = body_bytes(req.framing, req.length, u->out + at, u->out_len - at);
		CHECK(body != -2);
		if (body < 0)
			break;
		at += (size_t)body;
	}
}

static struct sl_tcp_conn *pick(uint8_t which, enum sl_tcp_side side)
{
	struct sl_tcp_conn *found[CONNS_MAX * 8];
	uint32_t n = 0;

	for (uint32_t i = 0; i < tcp.n && n < CONNS_MAX * 8; i++)
		if (tcp.conn[i].side == side && tcp.conn[i].fate == FAKE_OPEN &&
		    !tcp.conn[i].closed)
			found[n++] = &tcp.conn[i];
	return n > 0 ? found[which % n] : NULL;
}

/** One act: code, which connection, length, bytes. @return bytes of the script used. */
static size_t act(const uint8_t *p, size_t n)
{
	enum sl_tcp_side side = p[0] & 1 ? SL_TCP_UPSTREAM : SL_TCP_DOWNSTREAM;
	struct sl_tcp_conn *c = pick(p[1], side);
	size_t len = SL_MIN((size_t)p[2], n - 3);

	switch (p[0] >> 1 & 7) {
	case 0:
		if (tcp.n < CONNS_MAX)
			fake_accept(&tcp, OWN_IP, 8080);
		return 2;
	case 1:
		if (c && !c->opened)
			fake_open(c);
		return 2;
	case 2:
		if (c)
			fake_fin(c);
		return 2;
	case 3:
		if (c)
			fake_end(c, p[1] & 64 ? SL_TCP_END_TIMEOUT : SL_TCP_END_RESET);
		return 2;
	case 4:
		lc.now_us += (uint64_t)p[2] * p[2] * 5000;
		return 3;
	case 5:
		if (c)
			fake_window(c, 1u + p[2] * 64u);
		return 3;
	default:
		if (c && c->opened && !c->eof)
			fake_rx(c, p + 3, (uint32_t)len, 1u + p[0] * 8u);
		return 3 + len;
	}
}

static void finish(struct sl_proxy *px)
{
	for (uint32_t i = 0; i < tcp.n; i++)
		if (tcp.conn[i].fate == FAKE_OPEN && !tcp.conn[i].closed &&
		    tcp.conn[i].side == SL_TCP_DOWNSTREAM)
			fake_end(&tcp.conn[i], SL_TCP_END_RESET);
	sl_proxy_poll(px);
	lc.now_us += 60000000;
	for (int i = 0; i < 4; i++) {
		sl_proxy_poll(px);
		lc.now_us += 2000;
	}
	CHECK(sl_proxy_sessions(px) == 0);
	CHECK(lc.stats.c->http_upstream_cx_active == 0);
	CHECK(lc.stats.c->http_downstream_rq_active == 0);
	CHECK(sl_test_lcore_in_use(&lc) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_proxy_config cfg = {.sessions_max = 8, .upstreams_max = 8, .head_buffers = 2};
	struct sl_proxy *px;
	size_t at = 0;

	start();
	fake_init(&tcp, &lc);
	CHECK(sl_proxy_create(&px, &lc, &tcp, &cfg, NULL) == 0);
	fake_accept(&tcp, OWN_IP, 8080);
	sl_proxy_poll(px);
	while (size - at >= 4) {
		at += act(data + at, size - at);
		sl_proxy_poll(px);
	}
	for (uint32_t i = 0; i < tcp.n; i++)
		if (tcp.conn[i].side == SL_TCP_UPSTREAM)
			check_upstream(&tcp.conn[i]);
	finish(px);
	sl_proxy_free(px);
	fake_fini(&tcp);
	return 0;
}
