/* SPDX-License-Identifier: BSD-3-Clause */
/* What can't be served: bad requests, no route, bad answers, timeouts, buffers used up. */
#include "harness.h"

#include <stdio.h>

#define NOT_FOUND "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n" LOCAL
#define BAD_GATEWAY                                                                       \
	"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 87\r\n" TEXT LOCAL "\r\n" RESET_HEAD \
	"reset reason: protocol error"

static void refused(struct env *e, const char *text, uint16_t status, const char *details)
{
	struct sl_tcp_conn *c = client(e);
	char want[64];

	say(e, c, text);
	snprintf(want, sizeof(want), "HTTP/1.1 %u *" CLOSE "\r\n*", status);
	expect(c, want);
	assert_true(c->shut);
	assert_log(e, status, F(DPE), details);
	fin(e, c);
	assert_int_equal(c->fate, FAKE_CLOSED_FIN);
}

static void bad_requests(void **state)
{
	struct env *e = *state;

	refused(e, "GET / HTTP/1.1\r\n\r\n", 400, "missing_host_header");
	refused(e, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "http1.invalid_host");
	refused(e, "GET / HTTP/1.1\nHost: a\n\n", 400, "http1.invalid_line_end");
	refused(e,
		"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: "
		"chunked\r\n\r\n",
		400, "http1.content_length_and_chunked_not_allowed");
	refused(e, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400,
		"http1.invalid_content_length");
	refused(e, "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501,
		"http1.unknown_transfer_encoding");
	refused(e, "GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505, "http1.unsupported_version");
	refused(e, "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 405, "http1.connect_not_allowed");
	refused(e, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "http1.http2_preface");
	assert_int_equal(ups(e), 0);
	assert_int_equal(e->lc.stats.c->http_bad_request, 9);
	assert_int_equal(e->lc.stats.c->http_downstream_rq_total, 9);
}

static void bad_request_has_envoys_body(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, "GET / HTTP/1.1\r\nA b: 1\r\n\r\n");
	expect(c, "HTTP/1.1 400 Bad Request\r\ncontent-length: 11\r\n" TEXT LOCAL CLOSE
		  "\r\nBad Request");
}

static void bad_request_after_good_ones(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, GET("/") "nonsense\r\n\r\n" GET("/smuggled"));
	expect(u, UP_GET("/"));
	say(e, u, OK2);
	expect(c, DOWN_OK2 "HTTP/1.1 400 *" CLOSE "*");
	expect(u, "");
	assert_int_equal(e->lc.stats.c->http_downstream_rq_total, 3);
}

static void too_large(void **state)
{
	struct env *e = *state;
	static char text[70000];
	int n;

	n = sprintf(text, "GET /");
	memset(text + n, 'x', 9000);
	strcpy(text + n + 9000, " HTTP/1.1\r\nHost: a.test\r\n\r\n");
	refused(e, text, 414, "http1.request_line_too_large");
	n = sprintf(text, "GET / HTTP/1.1\r\nHost: a.test\r\n");
	for (int i = 0; i < 8; i++) {
		n += sprintf(text + n, "X-%d: ", i);
		memset(text + n, 'v', 5000);
		n += 5000;
		n += sprintf(text + n, "\r\n");
	}
	sprintf(text + n, "\r\n");
	refused(e, text, 431, "http1.headers_too_large");
	n = sprintf(text, "GET / HTTP/1.1\r\nHost: a.test\r\n");
	for (int i = 0; i < 101; i++)
		n += sprintf(text + n, "a: b\r\n");
	sprintf(text + n, "\r\n");
	refused(e, text, 431, "http1.too_many_headers");
}

static void no_route(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, "GET / HTTP/1.1\r\nHost: nobody.test\r\n\r\n");
	expect(c, NOT_FOUND "\r\n");
	assert_log(e, 404, F(NR), "route_not_found");
	assert_int_equal(e->lc.stats.c->http_no_route, 1);
	/* The connection is good for more. */
	say(e, c, GET("/direct"));
	expect(c, "HTTP/1.1 200 OK*hi");
}

static void bad_path(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, GET("/a%00b"));
	expect(c, "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n" LOCAL CLOSE "\r\n");
	assert_log(e, 400, 0, "path_normalization_failed");
}

static void local_answer_and_a_body(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	/* A body that is there as a whole is thrown away, and the connection goes on. */
	say(e, c,
	    "POST / HTTP/1.1\r\nHost: x.test\r\nContent-Length: 4\r\n\r\nGET " GET("/direct"));
	expect(c, NOT_FOUND "\r\n"
			    "HTTP/1.1 200 OK*hi");
	/* One that is not: the connection can't be used any more. */
	say(e, c, "POST / HTTP/1.1\r\nHost: x.test\r\nContent-Length: 999\r\n\r\n" GET("/direct"));
	expect(c, NOT_FOUND CLOSE "\r\n");
	assert_true(c->shut);
	c = client(e);
	say(e, c, "POST / HTTP/1.1\r\nHost: x.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
	expect(c, NOT_FOUND CLOSE "\r\n");
}

static void bad_chunk(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX");
	expect(u, "POST *3\r\nabc\r\n");
	expect(c, "HTTP/1.1 400 Bad Request*" CLOSE "\r\nBad Request");
	assert_log(e, 400, F(DPE), "http1.invalid_chunk");
	/* Never a complete message out of a broken one. */
	assert_int_equal(u->fate, FAKE_ABORTED);
}

static void bad_chunk_after_the_answer_began(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n");
	say(e, u, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab");
	say(e, c, "zz");
	assert_int_equal(c->fate, FAKE_CLOSED_FIN);
	assert_int_equal(u->fate, FAKE_ABORTED);
	assert_log(e, 200, F(DPE), "http1.invalid_chunk");
}

static void bad_answer(struct env *e, const char *text)
{
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, GET("/"));
	say(e, u, text);
	expect(c, BAD_GATEWAY);
	assert_int_equal(u->fate, FAKE_ABORTED);
	assert_log(e, 502, F(UPE), "upstream_reset_before_response_started{protocol_error}");
	/* The client is not to blame. */
	assert_false(c->shut);
}

static void bad_answers(void **state)
{
	struct env *e = *state;

	bad_answer(e, "garbage\r\n\r\n");
	bad_answer(e, "HTTP/1.1 99 x\r\n\r\n");
	bad_answer(e, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n");
	bad_answer(e, "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n");
	bad_answer(e, "HTTP/1.1 200 OK\r\n folded: 1\r\n\r\n");
	bad_answer(e, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
}

static void cut_answer_head(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, GET("/"));
	say(e, u, "HTTP/1.1 200 OK\r\nContent-Le");
	fin(e, u);
	expect(c, BAD_GATEWAY);
}

static void cut_answer_bodies(void **state)
{
	static const char *const heads[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
	};
	struct env *e = *state;

	for (int i = 0; i < 6; i++) {
		struct sl_tcp_conn *c = client(e), *u = warm(e, c);

		say(e, c, GET("/"));
		say(e, u, heads[i / 2]);
		if (i % 2)
			fin(e, u);
		else
			rst(e, u);
		/* What came is delivered; the framing shows that it was not all. */
		assert_memory_equal(c->out + c->out_len - (i < 2 ? 3 : 5),
				    i < 2 ? "abc" : "abc\r\n", i < 2 ? 3 : 5);
		assert_int_equal(c->fate, FAKE_CLOSED_FIN);
		assert_log(e, 200, F(UC),
			   "upstream_reset_after_response_started{connection_termination}");
	}
}

static void bad_chunk_in_an_answer(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, GET("/"));
	say(e, u, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nq");
	assert_int_equal(c->fate, FAKE_CLOSED_FIN);
	assert_int_equal(u->fate, FAKE_ABORTED);
	assert_log(e, 200, F(UPE), "upstream_reset_after_response_started{protocol_error}");
}

static void answer_before_the_reset_counts(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100000\r\n\r\nx");
	fake_rx(u, "HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno", 40, 1448);
	rst(e, u);
	expect(c, "HTTP/1.1 413 No\r\nContent-Length: 2\r\n" ADDED CLOSE "\r\nno");
	assert_int_equal(u->fate, FAKE_RELEASED);
}

static void head_timeout(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, "GET / HTTP/1.1\r\nHo");
	advance(e, 6000);
	/* Total time, not idle time. */
	say(e, c, "st: a.test\r\n");
	advance(e, 3500);
	expect(c, "");
	advance(e, 700);
	expect(c, "HTTP/1.1 408 Request Timeout\r\ncontent-length: 22\r\n" TEXT LOCAL CLOSE
		  "\r\nrequest header timeout");
	assert_log(e, 408, 0, "request_header_timeout");
	assert_int_equal(e->lc.stats.c->http_rq_timeout, 1);
	assert_true(c->shut);
	advance(e, 1100);
	assert_int_equal(c->fate, FAKE_CLOSED_FIN);
}

/** What comes behind a refusal is thrown away, but not for ever. */
static void rest_after_a_refusal(void **state)
{
	static char junk[4096];
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, "BAD\r\n\r\n");
	expect(c, "HTTP/1.1 400 *");
	assert_true(c->shut);
	for (int i = 0; i < 15; i++) {
		say_bytes(e, c, junk, sizeof(junk), 1448);
		assert_int_equal(c->fate, FAKE_OPEN);
	}
	say_bytes(e, c, junk, sizeof(junk), 1448);
	assert_int_equal(c->fate, FAKE_CLOSED_FIN);
	expect(c, "");
}

static void idle_timeout(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	warm(e, c);
	advance(e, 3590000);
	assert_int_equal(c->fate, FAKE_OPEN);
	advance(e, 80000);
	assert_int_equal(c->fate, FAKE_CLOSED_FIN);
	expect(c, "");
	assert_true(no_log(e));
	assert_int_equal(e->lc.stats.c->http_cx_idle_timeout, 1);
}

static void stream_idle(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 9\r\n\r\nabc");
	advance(e, 280000);
	say(e, c, "d");
	advance(e, 280000);
	expect(c, "");
	advance(e, 30000);
	expect(c, "HTTP/1.1 408 Request Timeout*" CLOSE "\r\nstream timeout");
	assert_int_equal(e->lc.stats.c->http_rq_idle_timeout, 1);
	assert_int_equal(u->fate, FAKE_ABORTED);
	assert_log(e, 408, F(SI), "stream_idle_timeout");
	c = client(e);
	u = warm(e, c);
	say(e, c, GET("/"));
	advance(e, 310000);
	expect(c, "HTTP/1.1 504 Gateway Timeout*" CLOSE "\r\nstream timeout");
	c = client(e);
	u = warm(e, c);
	say(e, c, GET("/"));
	say(e, u, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
	advance(e, 310000);
	assert_int_equal(c->fate, FAKE_CLOSED_FIN);
	assert_log(e, 200, F(SI), "stream_idle_timeout");
}

static void request_timeout(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, GET("/once"));
	advance(e, 480);
	expect(c, "");
	advance(e, 30);
	expect(c, "HTTP/1.1 504 Gateway Timeout\r\ncontent-length: 24\r\n" TEXT LOCAL
		  "\r\nupstream request timeout");
	assert_int_equal(u->fate, FAKE_ABORTED);
	assert_log(e, 504, F(UT), "upstream_response_timeout");
	warm(e, c);
}

static void request_timeout_waits_for_the_upload(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, "POST /once HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\na");
	advance(e, 5000);
	expect(c, "");
	say(e, c, "b");
	advance(e, 510);
	expect(c, "HTTP/1.1 504*upstream request timeout");
	assert_int_equal(u->fate, FAKE_ABORTED);
}

static void timeout_after_the_answer_began(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, GET("/once"));
	say(e, u, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
	advance(e, 510);
	assert_int_equal(c->fate, FAKE_CLOSED_FIN);
	assert_log(e, 200, F(UT), "response_timeout");
}

static void client_aborts(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	/* In every phase: head, connecting, waiting, body up, body down. */
	say(e, c, "GET / HT");
	rst(e, c);
	assert_true(no_log(e));
	c = client(e);
	say(e, c, GET("/"));
	rst(e, c);
	assert_int_equal(u->fate, FAKE_ABORTED);
	assert_log(e, 0, F(DC), "downstream_remote_disconnect");
	c = client(e);
	say(e, c, GET("/"));
	rst(e, c);
	assert_int_equal(up(e, 1)->fate, FAKE_ABORTED);
	assert_log(e, 0, F(DC), "downstream_remote_disconnect");
	c = client(e);
	u = warm(e, c);
	say(e, c, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 9\r\n\r\nab");
	rst(e, c);
	assert_int_equal(u->fate, FAKE_ABORTED);
	logged(e);
	c = client(e);
	u = warm(e, c);
	say(e, c, GET("/"));
	say(e, u, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc");
	rst(e, c);
	assert_int_equal(u->fate, FAKE_ABORTED);
	assert_log(e, 200, F(DC), "downstream_remote_disconnect");
}

static void client_half_closes(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	/* A whole request is still answered (RFC 9293 3.6), */
	fake_rx(c, GET("/"), sizeof(GET("/")) - 1, 1448);
	fin(e, c);
	expect(u, UP_GET("/"));
	say(e, u, OK2);
	expect(c, DOWN_OK2);
	assert_int_equal(c->fate, FAKE_CLOSED_FIN);
	/* half a body is never completed, */
	c = client(e);
	say(e, c, "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab");
	fin(e, c);
	assert_int_equal(u->fate, FAKE_ABORTED);
	assert_int_equal(c->fate, FAKE_ABORTED);
	/* and half a head is nothing. */
	c = client(e);
	say(e, c, "GET / HTTP/1.1\r\n");
	fin(e, c);
	assert_int_equal(c->fate, FAKE_CLOSED_FIN);
	expect(c, "");
}

static void head_buffers_used_up(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *a = client(e), *b = client(e);

	/* There is one; a head within one mbuf needs none. */
	say_bytes(e, a, "GET /direct HTTP/1.1\r\n", 22, 4);
	say_bytes(e, b, "GET /direct HTTP/1.1\r\n", 22, 4);
	expect(b, "HTTP/1.1 503 Service Unavailable*" CLOSE "\r\nenvoy overloaded");
	assert_log(e, 503, F(OM), "overload");
	assert_int_equal(e->lc.stats.c->http_buffers_exhausted, 1);
	say(e, a, "Host: a.test\r\n\r\n");
	expect(a, "HTTP/1.1 200 OK*hi");
	fin(e, b);
	b = client(e);
	say_bytes(e, b, GET("/direct"), sizeof(GET("/direct")) - 1, 4);
	expect(b, "HTTP/1.1 200 OK*hi");
}

static void large_heads_keep_their_buffer(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *a = client(e), *u;
	char text[4096];
	int n = sprintf(text, "GET / HTTP/1.1\r\nHost: a.test\r\nX: ");

	/* Above one mbuf: held until the request is over, for the access record. */
	memset(text + n, 'x', 3000);
	strcpy(text + n + 3000, "\r\n\r\n");
	say(e, a, text);
	u = up_open(e, 0);
	say_bytes(e, u, OK2, sizeof(OK2) - 1, 3);
	expect(a, "HTTP/1.1 503*overloaded");
	assert_string_equal(logged(e).text[SL_LOG_AUTHORITY], "a.test");
	fin(e, a);
	a = client(e);
	say_bytes(e, a, GET("/direct"), sizeof(GET("/direct")) - 1, 4);
	expect(a, "HTTP/1.1 200 OK*hi");
}

static void sessions_used_up(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *a = client(e), *b = client(e), *c;
	struct sl_pkt syn = {.dport = 8080};
	uint32_t row;

	assert_int_equal(sl_ip_parse(OWN_IP, &syn.dst, NULL), 0);
	assert_int_equal(sl_ip_parse("192.0.2.7", &syn.src, NULL), 0);
	assert_false(sl_proxy_accept(e->px, &syn, &row));
	/* One that was let in before the last row was taken. */
	c = client(e);
	assert_int_equal(c->fate, FAKE_ABORTED);
	fin(e, a);
	assert_true(sl_proxy_accept(e->px, &syn, &row));
	c = client(e);
	say(e, c, GET("/direct"));
	expect(c, "HTTP/1.1 200 OK*hi");
	say(e, b, GET("/direct"));
	expect(b, "HTTP/1.1 200 OK*hi");
}

static void mbufs_used_up(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u;
	struct rte_mbuf *all[2048], *none;
	uint32_t n = 0;

	say(e, c, GET("/"));
	u = up_open(e, 0);
	fake_rx(u, OK2, sizeof(OK2) - 1, 1448);
	while ((none = rte_pktmbuf_alloc(e->lc.pool)) != NULL)
		all[n++] = none;
	poll(e);
	expect(c, "");
	assert_true(e->lc.stats.c->http_buffers_exhausted > 0);
	while (n > 0)
		rte_pktmbuf_free(all[--n]);
	/* The answer waited, and goes out as soon as there is something to put it in. */
	poll(e);
	expect(c, "HTTP/1.1 200 OK*ok");
	fake_rx(c, GET("/"), sizeof(GET("/")) - 1, 1448);
	while ((none = rte_pktmbuf_alloc(e->lc.pool)) != NULL)
		all[n++] = none;
	poll(e);
	assert_int_equal(c->fate, FAKE_ABORTED);
	while (n > 0)
		rte_pktmbuf_free(all[--n]);
}

static void clones_used_up(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u;
	struct rte_mbuf *all[2048], *none;
	uint32_t n = 0;

	say(e, c, "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n");
	u = up_open(e, 0);
	expect(u, "POST *\r\n\r\n");
	while ((none = rte_pktmbuf_alloc(e->lc.clone_pool)) != NULL)
		all[n++] = none;
	say(e, c, "3\r\nabc\r\n0\r\n\r\n");
	expect(u, "");
	while (n > 0)
		rte_pktmbuf_free(all[--n]);
	poll(e);
	expect(u, "3\r\nabc\r\n0\r\n\r\n");
	fake_rx(u, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 41, 1448);
	e->tcp.fail_take = 3;
	poll(e);
	poll(e);
	poll(e);
	poll(e);
	expect(c, "HTTP/1.1 200 OK*abc");
}

static void chunk_can_not_be_taken(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);
	char text[600] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1f4\r\n";
	size_t n = strlen(text);

	/* The decoder must not have moved on when the bytes did not. */
	memset(text + n, 'z', 500);
	memcpy(text + n + 500, "\r\n0\r\n\r\n", 8);
	say(e, c, GET("/"));
	e->tcp.fail_take = 2;
	say(e, u, text);
	poll(e);
	poll(e);
	poll(e);
	expect(c, "HTTP/1.1 200 OK\r\n" ADDED
		  "transfer-encoding: chunked\r\n\r\n1f4\r\nzzz*zzz\r\n0\r\n\r\n");
	assert_log(e, 200, 0, "via_upstream");
}

static void head_can_not_be_taken(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	e->tcp.fail_take = 1;
	say(e, c, GET("/direct"));
	expect(c, "HTTP/1.1 503*" CLOSE "\r\nenvoy overloaded");
	assert_log(e, 503, F(OM), "overload");
}

#define CASE(f)       cmocka_unit_test_setup_teardown(f, setup, teardown)
#define SMALL_CASE(f) cmocka_unit_test_setup_teardown(f, setup_small, teardown)

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(bad_requests),
		CASE(bad_request_has_envoys_body),
		CASE(bad_request_after_good_ones),
		CASE(too_large),
		CASE(no_route),
		CASE(bad_path),
		CASE(local_answer_and_a_body),
		CASE(bad_chunk),
		CASE(bad_chunk_after_the_answer_began),
		CASE(bad_answers),
		CASE(cut_answer_head),
		CASE(cut_answer_bodies),
		CASE(bad_chunk_in_an_answer),
		CASE(answer_before_the_reset_counts),
		CASE(head_timeout),
		CASE(rest_after_a_refusal),
		CASE(idle_timeout),
		CASE(stream_idle),
		CASE(request_timeout),
		CASE(request_timeout_waits_for_the_upload),
		CASE(timeout_after_the_answer_began),
		CASE(client_aborts),
		CASE(client_half_closes),
		SMALL_CASE(head_buffers_used_up),
		SMALL_CASE(large_heads_keep_their_buffer),
		SMALL_CASE(sessions_used_up),
		SMALL_CASE(mbufs_used_up),
		SMALL_CASE(clones_used_up),
		CASE(chunk_can_not_be_taken),
		CASE(head_can_not_be_taken),
	};

	return cmocka_run_group_tests_name("proxy_errors", cases, NULL, NULL);
}
