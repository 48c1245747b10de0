/* SPDX-License-Identifier: BSD-3-Clause */
/* Bodies of every framing, both ways: any split, back-pressure, interim answers, tunnels. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>

static uint32_t rnd(struct env *e)
{
	e->lc.rnd ^= e->lc.rnd << 13;
	e->lc.rnd ^= e->lc.rnd >> 7;
	e->lc.rnd ^= e->lc.rnd << 17;
	return (uint32_t)(e->lc.rnd >> 32);
}

static void fill(char *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		p[i] = (char)(i * 2654435761u >> 24);
}

/** Content of a chunked stream; -1 when the framing is wrong or something follows. */
static int64_t dechunk(const char *p, uint32_t n, char *out)
{
	uint32_t at = 0, len = 0;

	for (;;) {
		char *end;
		unsigned long size = strtoul(p + at, &end, 16);

		if (end == p + at || memcmp(end, "\r\n", 2) != 0)
			return -1;
		at = (uint32_t)(end - p) + 2;
		if (at + size + 2 > n || memcmp(p + at + size, "\r\n", 2) != 0)
			return -1;
		memcpy(out + len, p + at, size);
		len += (uint32_t)size;
		at += (uint32_t)size + 2;
		if (size == 0)
			return at == n ? (int64_t)len : -1;
	}
}

/** A chunked body with chunks of random sizes, extensions and a trailer. */
static uint32_t enchunk(struct env *e, const char *body, uint32_t n, char *out)
{
	uint32_t at = 0, len = 0;

	while (at < n) {
		uint32_t max = rnd(e) % 4 ? 300 : 5000, k = 1 + rnd(e) % max;

		k = SL_MIN(k, n - at);
		len += (uint32_t)sprintf(out + len, rnd(e) % 2 ? "%x\r\n" : "%X;a=\"b\"\r\n", k);
		memcpy(out + len, body + at, k);
		len += k;
		at += k;
		len += (uint32_t)sprintf(out + len, "\r\n");
	}
	return len + (uint32_t)sprintf(out + len, "0\r\nX-Trailer: 1\r\n\r\n");
}

static const char *body_of(struct sl_tcp_conn *c, uint32_t *len)
{
	const char *p = c->out + c->read, *end = memmem(p, c->out_len - c->read, "\r\n\r\n", 4);

	assert_non_null(end);
	c->read = c->out_len;
	*len = (uint32_t)(c->out + c->out_len - (end + 4));
	return end + 4;
}

/** Content of the chunked message that c's peer received. */
static int64_t received(struct sl_tcp_conn *c, char *out)
{
	uint32_t len;
	const char *p = body_of(c, &len);

	return dechunk(p, len, out);
}

static void post_with_length(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, "POST /u HTTP/1.1\r\nHost: a.test\r\ncontent-LENGTH: 005\r\n\r\nab");
	expect(u, "POST /u HTTP/1.1\r\nHost: a.test\r\ncontent-LENGTH: 5\r\n" OURS TRIED("1") "ab");
	say(e, c, "cde" GET("/direct"));
	expect(u, "cde");
	say(e, u, OK2);
	expect(c, DOWN_OK2 "HTTP/1.1 200 OK*hi");
	assert_int_equal(logged(e).r.bytes_received, 5);
}

static void post_of_nothing(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, "POST /u HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n");
	expect(u, "POST /u HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n" OURS TRIED("1"));
	say(e, u, OK2);
	expect(c, DOWN_OK2);
	say(e, c,
	    "POST /u HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
	expect(u, "POST /u HTTP/1.1\r\nHost: a.test\r\n" OURS
		  "transfer-encoding: chunked\r\n" TRIED("1") "0\r\n\r\n");
	say(e, u, OK2);
	expect(c, DOWN_OK2);
}

static void chunked_up(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c,
	    "PUT /u HTTP/1.1\r\nHost: a.test\r\nTrailer: x\r\nTransfer-Encoding: Chunked\r\n\r\n"
	    "3;ext=1\r\nabc\r\n2\r\nde\r\n");
	expect(u, "PUT /u HTTP/1.1\r\nHost: a.test\r\n" OURS
		  "transfer-encoding: chunked\r\n" TRIED("1") "5\r\nabcde\r\n");
	say(e, c, "1");
	expect(u, "");
	say(e, c, "0\r\n0123456789abcdef\r\n0\r\nX: y\r\n\r\n");
	expect(u, "10\r\n0123456789abcdef\r\n0\r\n\r\n");
	say(e, u, OK2);
	expect(c, DOWN_OK2);
	assert_int_equal(logged(e).r.bytes_received, 21);
}

/** One chunk of every size that fits a segment: its head says exactly that, both ways. */
static void every_chunk_size(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);
	static const char up_head[] =
		"POST /u HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n";
	static const char down_head[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
	char want[1600], text[1600], body[1400];
	const char *got;
	uint32_t len;

	fill(body, sizeof(body));
	for (uint32_t n = 1; n < 1300; n += n < 300 ? 1 : 7) {
		int w = sprintf(want, "%x\r\n", n);

		memcpy(want + w, body, n);
		w += (int)n + sprintf(want + w + n, "\r\n0\r\n\r\n");
		for (int down = 0; down < 2; down++) {
			int h = sprintf(text, "%s", down ? down_head : up_head);

			memcpy(text + h, want, (size_t)w);
			say_bytes(e, down ? u : c, text, (uint32_t)(h + w), 2048);
			got = body_of(down ? c : u, &len);
			assert_int_equal(len, w);
			assert_memory_equal(got, want, len);
		}
	}
}

static void random_chunks_both_ways(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);
	char *body = malloc(60000), *wire = malloc(200000), *got = malloc(200000);

	fill(body, 60000);
	for (int round = 0; round < 20; round++) {
		uint32_t n = 1 + rnd(e) % 60000, w = enchunk(e, body, n, wire), at = 0;

		say(e, c, "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n");
		while (at < w) {
			uint32_t k = 1 + rnd(e) % 3000;

			k = SL_MIN(k, w - at);
			say_bytes(e, c, wire + at, k, 1 + rnd(e) % 1448);
			at += k;
		}
		assert_int_equal(received(u, got), n);
		assert_memory_equal(got, body, n);
		say(e, u, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
		for (at = 0; at < w;) {
			uint32_t k = 1 + rnd(e) % 3000;

			k = SL_MIN(k, w - at);
			say_bytes(e, u, wire + at, k, 1 + rnd(e) % 1448);
			at += k;
		}
		assert_int_equal(received(c, got), n);
		assert_memory_equal(got, body, n);
	}
	assert_int_equal(ups(e), 1);
	free(body);
	free(wire);
	free(got);
}

static void chunked_split_at_every_byte(void **state)
{
	static const char wire[] = "3;x\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: v\r\n\r\n";
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);
	char got[64];

	for (uint32_t i = 0; i < sizeof(wire); i++) {
		say(e, c, GET("/"));
		say(e, u, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
		say_bytes(e, u, wire, i, 1448);
		say_bytes(e, u, wire + i, (uint32_t)sizeof(wire) - 1 - i, 1448);
		assert_int_equal(received(c, got), 13);
		assert_memory_equal(got, "abc0123456789", 13);
		logged(e);
	}
}

static void one_byte_chunks_do_not_multiply(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);
	char wire[6 * 1000 + 1] = "";
	char got[1024];

	for (int i = 0; i < 1000; i++)
		memcpy(wire + 6 * i, "1\r\nx\r\n", 6);
	say(e, c, GET("/"));
	say(e, u, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	e->tcp.hold = true;
	say_bytes(e, u, wire, 6000, 1448);
	poll(e);
	poll(e);
	/* 1000 bytes of content, not 1000 buffers. */
	assert_true(sl_test_lcore_in_use(&e->lc) < 40);
	say(e, u, "0\r\n\r\n");
	fake_ack(c);
	e->tcp.hold = false;
	assert_int_equal(received(c, got), 1000);
}

static void back_pressure_down(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);
	char *body = malloc(100000);
	uint32_t len;

	fill(body, 100000);
	say(e, c, GET("/"));
	e->tcp.hold = true;
	c->window = 10000;
	say(e, u, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
	say_bytes(e, u, body, 100000, 1448);
	/* What the client has no room for stays in the endpoint's receive queue. */
	assert_true(c->out_len - c->acked <= 10000);
	assert_true(sl_tcp_rx_len(u) >= 90000);
	for (int i = 0; i < 12; i++) {
		fake_ack(c);
		poll(e);
		assert_true(c->out_len - c->acked <= 10000);
	}
	fake_ack(c);
	assert_int_equal(c->fate, FAKE_OPEN);
	body_of(c, &len);
	assert_int_equal(len, 100000);
	assert_memory_equal(c->out + c->out_len - 100000, body, 100000);
	assert_log(e, 200, 0, "via_upstream");
	fake_ack(u);
	free(body);
}

static void back_pressure_of_chunks(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);
	char chunk[1010] = "3e8\r\n", got[20000];

	memset(chunk + 5, 'x', 1000);
	memcpy(chunk + 1005, "\r\n", 2);
	say(e, c, GET("/"));
	e->tcp.hold = true;
	c->window = 3000;
	say(e, u, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 20; i++)
		say_bytes(e, u, chunk, 1007, 1448);
	/* Framing is on top of the room. */
	assert_true(c->out_len - c->acked <= 3100);
	assert_true(sl_tcp_rx_len(u) >= 16000);
	say(e, u, "0\r\n\r\n");
	for (int i = 0; i < 10; i++) {
		fake_ack(c);
		poll(e);
		assert_true(c->out_len - c->acked <= 3100);
	}
	assert_int_equal(received(c, got), 20000);
	fake_ack(c);
	fake_ack(u);
}

static void back_pressure_up(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);
	char *body = malloc(50000);

	fill(body, 50000);
	e->tcp.hold = true;
	u->window = 8000;
	say(e, c, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 50000\r\n\r\n");
	say_bytes(e, c, body, 50000, 1000);
	assert_true(u->out_len - u->acked <= 8000);
	assert_true(sl_tcp_rx_len(c) >= 42000);
	for (int i = 0; i < 10; i++) {
		fake_ack(u);
		poll(e);
	}
	assert_memory_equal(u->out + u->out_len - 50000, body, 50000);
	say(e, u, OK2);
	expect(c, DOWN_OK2);
	fake_ack(c);
	fake_ack(u);
	free(body);
}

static void back_pressure_of_a_connecting_endpoint(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u;

	say(e, c, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n\r\nbody");
	assert_int_equal(sl_tcp_rx_len(c), 4);
	u = up_open(e, 0);
	expect(u, "POST *\r\n\r\nbody");
	say(e, u, OK2);
	expect(c, DOWN_OK2);
}

static void until_close(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, GET("/"));
	say(e, u, "HTTP/1.1 200 OK\r\n\r\nabc");
	expect(c, "HTTP/1.1 200 OK\r\n" ADDED "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n");
	say(e, u, "de");
	fin(e, u);
	expect(c, "2\r\nde\r\n0\r\n\r\n");
	assert_int_equal(u->fate, FAKE_CLOSED_FIN);
	assert_false(c->shut);
	assert_log(e, 200, 0, "via_upstream");
}

static void until_close_1_0(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u;

	say(e, c, "GET http://a.test/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	u = up_open(e, 0);
	say(e, u, "HTTP/1.0 200 OK\r\n\r\nabc");
	fin(e, u);
	expect(c, "HTTP/1.1 200 OK\r\n" ADDED CLOSE "\r\nabc");
	assert_true(c->shut);
	/* A reset is no end of such a body: the client must notice. */
	c = client(e);
	say(e, c, "GET http://a.test/ HTTP/1.0\r\n\r\n");
	u = up_open(e, 1);
	say(e, u, "HTTP/1.0 200 OK\r\n\r\nabc");
	rst(e, u);
	assert_int_equal(c->fate, FAKE_ABORTED);
}

static void head_request(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, "HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n");
	say(e, u, "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n");
	expect(c, "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n" ADDED "\r\n");
	say(e, c, GET("/"));
	say(e, u, OK2);
	expect(c, DOWN_OK2);
	assert_int_equal(ups(e), 1);
	/* A length beside chunked is nobody's length. */
	say(e, c, "HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n");
	say(e, u, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n");
	expect(c, "HTTP/1.1 200 OK\r\n" ADDED "\r\n");
	assert_int_not_equal(u->fate, FAKE_OPEN);
}

static void bodiless_statuses(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, GET("/"));
	say(e, u, "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n");
	expect(c, "HTTP/1.1 204 No Content\r\n" ADDED "\r\n");
	say(e, c, GET("/"));
	say(e, u, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: x\r\n\r\n");
	expect(c, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: x\r\n" ADDED "\r\n");
	assert_int_equal(ups(e), 1);
	assert_int_equal(e->lc.stats.c->http_rq_3xx, 1);
}

static void extra_bytes_close_the_endpoint(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	/* The next request must never be answered by these. */
	say(e, c, GET("/"));
	say(e, u, "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	expect(c, "HTTP/1.1 204 No Content\r\n" ADDED "\r\n");
	assert_int_equal(u->fate, FAKE_ABORTED);
	warm(e, c);
	u = up(e, 1);
	say(e, u, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
	assert_int_equal(u->fate, FAKE_ABORTED);
	warm(e, c);
	assert_int_equal(ups(e), 3);
}

static void expect_continue(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c,
	    "POST / HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	expect(u,
	       "POST / HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n*");
	say(e, u, "HTTP/1.1 100 Continue\r\nX-I: 1\r\n\r\n");
	expect(c, "HTTP/1.1 100 Continue\r\nX-I: 1\r\n\r\n");
	say(e, c, "ab");
	expect(u, "ab");
	say(e, u, OK2);
	expect(c, DOWN_OK2);
	assert_false(c->shut);
	assert_int_equal(e->lc.stats.c->http_rq_1xx, 1);
	assert_log(e, 200, 0, "via_upstream");
}

static void refused_expectation(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c,
	    "POST / HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
	say(e, u, "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n");
	expect(c, "HTTP/1.1 417 No\r\nContent-Length: 0\r\n" ADDED CLOSE "\r\n");
	assert_true(c->shut);
	assert_int_not_equal(u->fate, FAKE_OPEN);
}

static void several_interim_answers(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, GET("/"));
	say(e, u, "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" OK2);
	expect(c, "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 102 "
		  "Processing\r\n\r\n" DOWN_OK2);
	/* Not for HTTP/1.0. */
	c = client(e);
	say(e, c, "GET http://a.test/ HTTP/1.0\r\n\r\n");
	say(e, u, "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" OK2);
	expect(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" ADDED CLOSE "\r\nok");
}

static void early_answer_during_upload(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100000\r\n\r\nstart");
	say(e, u, "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig");
	expect(c, "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n" ADDED CLOSE "\r\nbig");
	assert_true(c->shut);
	assert_int_not_equal(u->fate, FAKE_OPEN);
	/* What the client still sends is thrown away, but not for ever. */
	for (int i = 0; i < 70 && c->fate == FAKE_OPEN; i++) {
		char junk[1024] = {0};

		say_bytes(e, c, junk, sizeof(junk), 1024);
	}
	assert_int_equal(c->fate, FAKE_CLOSED_FIN);
	assert_log(e, 413, 0, "via_upstream");
}

static void answer_overtakes_upload(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	/* Both stream on until the answer is complete. */
	say(e, c, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 6\r\n\r\nab");
	say(e, u, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nab");
	say(e, c, "cdef");
	expect(u, "POST *\r\n\r\nabcdef");
	say(e, u, "cdef");
	expect(c, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n" ADDED CLOSE "\r\nabcdef");
	assert_int_equal(u->fate, FAKE_OPEN);
}

#define WS_REQ                                                                              \
	"GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n" \
	"Sec-WebSocket-Key: k\r\n\r\n"
#define WS_UP                                                               \
	"GET /ws HTTP/1.1\r\nHost: a.test\r\nSec-WebSocket-Key: k\r\n" OURS \
	"connection: Upgrade\r\nupgrade: websocket\r\n" TRIED("1")
#define WS_ANS                                                                              \
	"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
	"Sec-WebSocket-Accept: a\r\n\r\n"
#define WS_DOWN                                                                 \
	"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: a\r\n" ADDED \
	"connection: Upgrade\r\nupgrade: websocket\r\n\r\n"

static void websocket(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);
	struct logged l;

	say(e, c, WS_REQ);
	expect(u, WS_UP);
	say(e, u, WS_ANS "first");
	expect(c, WS_DOWN "first");
	say(e, c, "\x81\x02hi");
	expect(u, "\x81\x02hi");
	say(e, u, "\x81\x03yes");
	expect(c, "\x81\x03yes");
	reconfigure(e, CONF_OTHER_C1);
	say(e, c, "more");
	expect(u, "more");
	assert_true(no_log(e));
	fin(e, c);
	assert_true(u->shut);
	say(e, u, "last");
	expect(c, "last");
	fin(e, u);
	assert_int_equal(u->fate, FAKE_CLOSED_FIN);
	assert_int_equal(c->fate, FAKE_CLOSED_FIN);
	l = logged(e);
	assert_int_equal(l.r.status, 101);
	assert_int_equal(l.r.bytes_received, 8);
	assert_int_equal(l.r.bytes_sent, 14);
}

static void websocket_endpoint_leaves_first(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, WS_REQ);
	expect(u, WS_UP);
	say(e, u, WS_ANS);
	fin(e, u);
	assert_true(c->shut);
	/* The client's last words arrive together with the end of its connection. */
	fake_rx(c, "bye", 3, 1448);
	fake_fin(c);
	fake_end(c, SL_TCP_END_FIN);
	poll(e);
	expect(u, "bye");
	assert_int_equal(u->fate, FAKE_CLOSED_FIN);
	assert_log(e, 101, 0, "via_upstream");
}

static void websocket_cut(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, WS_REQ);
	say(e, u, WS_ANS);
	rst(e, u);
	assert_int_equal(c->fate, FAKE_ABORTED);
	assert_log(e, 101, F(UC), "upstream_reset_after_response_started{connection_termination}");
	c = client(e);
	u = warm(e, c);
	say(e, c, WS_REQ);
	say(e, u, WS_ANS);
	rst(e, c);
	assert_int_equal(u->fate, FAKE_ABORTED);
	assert_log(e, 101, F(DC), "downstream_remote_disconnect");
}

static void websocket_idle(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, WS_REQ);
	say(e, u, WS_ANS);
	advance(e, 200000);
	say(e, c, "ping");
	advance(e, 200000);
	assert_int_equal(c->fate, FAKE_OPEN);
	advance(e, 101000);
	assert_int_equal(c->fate, FAKE_ABORTED);
	assert_int_equal(u->fate, FAKE_ABORTED);
	assert_log(e, 101, F(SI), "stream_idle_timeout");
}

static void websocket_refused(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, WS_REQ);
	say(e, u, "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno");
	expect(c, "HTTP/1.1 403 No\r\nContent-Length: 2\r\n" ADDED "\r\nno");
	assert_false(c->shut);
	say(e, c, GET("/"));
	say(e, u, OK2);
	expect(c, DOWN_OK2);
}

static void other_upgrades(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c,
	    "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: "
	    "h2c\r\n"
	    "HTTP2-Settings: AA\r\n\r\n");
	expect(u, UP_GET("/"));
	/* 101 to a request that did not ask. */
	say(e, u, WS_ANS);
	expect(c, "HTTP/1.1 502 Bad Gateway*protocol error");
	assert_int_equal(u->fate, FAKE_ABORTED);
	assert_log(e, 502, F(UPE), "upstream_reset_before_response_started{protocol_error}");
	say(e, c, "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: irc\r\n\r\n");
	expect(c, "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n" LOCAL "\r\n");
	assert_log(e, 403, 0, "upgrade_failed");
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(post_with_length),
		CASE(post_of_nothing),
		CASE(chunked_up),
		CASE(every_chunk_size),
		CASE(random_chunks_both_ways),
		CASE(chunked_split_at_every_byte),
		CASE(one_byte_chunks_do_not_multiply),
		CASE(back_pressure_down),
		CASE(back_pressure_of_chunks),
		CASE(back_pressure_up),
		CASE(back_pressure_of_a_connecting_endpoint),
		CASE(until_close),
		CASE(until_close_1_0),
		CASE(head_request),
		CASE(bodiless_statuses),
		CASE(extra_bytes_close_the_endpoint),
		CASE(expect_continue),
		CASE(refused_expectation),
		CASE(several_interim_answers),
		CASE(early_answer_during_upload),
		CASE(answer_overtakes_upload),
		CASE(websocket),
		CASE(websocket_endpoint_leaves_first),
		CASE(websocket_cut),
		CASE(websocket_idle),
		CASE(websocket_refused),
		CASE(other_upgrades),
	};

	return cmocka_run_group_tests_name("proxy_bodies", cases, NULL, NULL);
}
