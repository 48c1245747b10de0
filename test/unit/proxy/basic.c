/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests and answers as they should be: heads rewritten, routes' actions, keep-alive, pipelining.
 */
#include "harness.h"

#include <stdio.h>

static void get(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u;

	say(e, c, GET("/a?b=c"));
	assert_int_equal(ups(e), 1);
	u = up(e, 0);
	assert_int_equal(u->remote.port, 8000);
	assert_int_equal(u->timeout_ms, 700);
	expect(u, "");
	up_open(e, 0);
	expect(u, UP_GET("/a?b=c"));
	assert_int_equal(e->lc.stats.c->http_downstream_rq_active, 1);
	say(e, u, OK2);
	expect(c, DOWN_OK2);
	assert_int_equal(c->fate, FAKE_OPEN);
	assert_int_equal(e->lc.stats.c->http_upstream_cx_idle, 1);
	assert_int_equal(e->lc.stats.c->http_rq_2xx, 1);
}

static void keep_alive_both_sides(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	for (int i = 0; i < 5; i++) {
		say(e, c, GET("/k"));
		expect(u, UP_GET("/k"));
		say(e, u, OK2);
		expect(c, DOWN_OK2);
	}
	assert_int_equal(ups(e), 1);
	assert_int_equal(e->lc.stats.c->http_downstream_rq_total, 6);
	assert_int_equal(e->lc.stats.c->http_downstream_cx_total, 1);
}

static void pool_is_shared_and_lifo(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *a = client(e), *b = client(e), *u0, *u1;

	say(e, a, GET("/1"));
	say(e, b, GET("/2"));
	u0 = up_open(e, 0);
	u1 = up_open(e, 1);
	say(e, u0, OK2);
	say(e, u1, OK2);
	expect(u0, UP_GET("/1"));
	expect(u1, UP_GET("/2"));
	say(e, a, GET("/3"));
	expect(u1, UP_GET("/3"));
	expect(u0, "");
	say(e, u1, OK2);
	expect(a, DOWN_OK2 DOWN_OK2);
	expect(b, DOWN_OK2);
}

static void pipelined_in_order(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, GET("/1") GET("/direct") GET("/2"));
	expect(u, UP_GET("/1"));
	expect(c, "");
	assert_true(sl_tcp_rx_len(c) > 0);
	say(e, u, OK2);
	expect(c, DOWN_OK2 "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n" TEXT LOCAL "\r\nhi");
	expect(u, UP_GET("/2"));
	say(e, u, OK2);
	expect(c, DOWN_OK2);
}

static void many_pipelined_are_shared_out(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);
	char text[8192] = "";
	uint64_t first;

	for (int i = 0; i < 100; i++)
		strcat(text, GET("/direct"));
	say(e, c, text);
	first = e->lc.stats.c->http_downstream_rq_total;
	/* One connection has a bounded share of a round. */
	assert_true(first > 0 && first < 100);
	for (int i = 0; i < 10; i++)
		poll(e);
	assert_int_equal(e->lc.stats.c->http_downstream_rq_total, 100);
}

static void unread_answers_stop_requests(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	e->tcp.hold = true;
	c->window = 300;
	say(e, c, GET("/direct") GET("/direct") GET("/direct") GET("/direct") GET("/direct"));
	assert_int_equal(e->lc.stats.c->http_downstream_rq_total, 3);
	advance(e, 20000);
	assert_int_equal(e->lc.stats.c->http_downstream_rq_total, 3);
	fake_ack(c);
	poll(e);
	assert_int_equal(e->lc.stats.c->http_downstream_rq_total, 5);
	fake_ack(c);
}

static void split_at_every_byte(void **state)
{
	static const char req[] = "POST /p?q HTTP/1.1\r\nHost: a.test\r\nX-Y:  z \r\n"
				  "Content-Length: 3\r\n\r\nabc";
	static const char ans[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\nok";
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);
	uint32_t n = sizeof(req) - 1, k = sizeof(ans) - 1;

	for (uint32_t i = 1; i < n; i++) {
		say_bytes(e, c, req, i, 1448);
		say_bytes(e, c, req + i, n - i, 1448);
		expect(u,
		       "POST /p?q HTTP/1.1\r\nHost: a.test\r\nX-Y: z\r\nContent-Length: 3\r\n" OURS
			       TRIED("1") "abc");
		say_bytes(e, u, ans, i % k, 1448);
		say_bytes(e, u, ans + i % k, k - i % k, 1448);
		expect(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n" ADDED "\r\nok");
		logged(e);
	}
	assert_int_equal(ups(e), 1);
}

static void one_byte_segments(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);
	static const char req[] = GET("/bytes");

	/* All at once in the queue, and then one poll a byte. */
	say_bytes(e, c, req, sizeof(req) - 1, 1);
	expect(u, UP_GET("/bytes"));
	say_bytes(e, u, OK2, sizeof(OK2) - 1, 1);
	expect(c, DOWN_OK2);
	for (uint32_t i = 0; i < sizeof(req) - 1; i++)
		say_bytes(e, c, req + i, 1, 1);
	expect(u, UP_GET("/bytes"));
	for (uint32_t i = 0; i < sizeof(OK2) - 1; i++)
		say_bytes(e, u, &OK2[i], 1, 1);
	expect(c, DOWN_OK2);
}

static void large_head_spans_mbufs(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);
	char text[6000];
	int n = snprintf(text, sizeof(text), "GET /l HTTP/1.1\r\nHost: a.test\r\nX-L: ");

	memset(text + n, 'x', 5000);
	strcpy(text + n + 5000, "\r\n\r\nrest");
	text[n + 5000 + 4] = '\0';
	say(e, c, text);
	expect(u, "GET /l HTTP/1.1\r\nHost: a.test\r\nX-L: xxx*xxx\r\n" OURS TRIED("1"));
	strcpy(text, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-L: ");
	n = (int)strlen(text);
	memset(text + n, 'y', 5000);
	strcpy(text + n + 5000, "\r\n\r\nrest");
	say(e, u, text);
	expect(c, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-L: yyy*yyy\r\n" ADDED "\r\nrest");
}

static void headers_upstream(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c,
	    "GET /h HTTP/1.1\r\nHOST: A.test:80\r\nUser-Agent: t/1\r\n"
	    "Connection: keep-alive, X-Drop, Host, x-forwarded-for\r\nX-Drop: 1\r\n"
	    "Keep-Alive: 5\r\nProxy-Connection: x\r\nTE: trailers\r\nX-Forwarded-For: 1.1.1.1\r\n"
	    "x-forwarded-proto: https\r\nX-Request-Id: mine\r\nX-Envoy-Retry-On: 5xx\r\n"
	    "x-envoy-internal: true\r\nAccept: a\r\naCCEPT: b\r\nx_y: 1\r\n"
	    "x-forwarded-for: 2.2.2.2\r\n\r\n");
	expect(u,
	       "GET /h HTTP/1.1\r\nHOST: A.test:80\r\nUser-Agent: t/1\r\nTE: trailers\r\n"
	       "Accept: a\r\naCCEPT: b\r\nx_y: 1\r\nx-forwarded-for: 1.1.1.1,2.2.2.2,192.0.2.7\r\n"
	       "x-forwarded-proto: http\r\nx-envoy-external-address: 192.0.2.7\r\n"
	       "x-request-id: *-*-4*-*-*\r\n" TRIED("1"));
}

/* RFC 9110 7.6.2: counted down for OPTIONS, answered here at 0, nothing to other methods. */
static void max_forwards(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c,
	    "OPTIONS /h HTTP/1.1\r\nHost: a.test\r\nMax-Forwards: 3\r\nmax-forwards: x\r\n"
	    "\r\n");
	expect(u,
	       "OPTIONS /h HTTP/1.1\r\nHost: a.test\r\nMax-Forwards: 2\r\nmax-forwards: x\r\n" OURS
		       TRIED("1"));
	say(e, u, OK2);
	expect(c, DOWN_OK2);
	say(e, c, "GET /h HTTP/1.1\r\nHost: a.test\r\nMax-Forwards: 0\r\n\r\n");
	expect(u, "GET /h HTTP/1.1\r\nHost: a.test\r\nMax-Forwards: 0\r\n" OURS TRIED("1"));
	say(e, u, OK2);
	expect(c, DOWN_OK2);
	say(e, c, "OPTIONS /h HTTP/1.1\r\nHost: a.test\r\nMax-Forwards: 0\r\n\r\n");
	expect(c, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\ndate: *\r\nserver: istio-envoy\r\n\r\n");
}

/* RFC 9110 10.1.1: only what a client of 1.1 expects is passed on. */
static void expect_http10(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c,
	    "POST /h HTTP/1.0\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 1\r\n"
	    "\r\nz");
	expect(u, "POST /h HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\n" OURS TRIED("1") "z");
}

static void headers_downstream(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, GET("/h"));
	say(e, u,
	    "HTTP/1.0 207 Multi thing\r\nServer: nginx\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
	    "Set-Cookie: a\r\nset-cookie: b\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n"
	    "Keep-Alive: timeout=5\r\nx-envoy-upstream-service-time: 99\r\nContent-Length: 1\r\n"
	    "\r\nz");
	expect(c, "HTTP/1.1 207 Multi thing\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
		  "Set-Cookie: a\r\nset-cookie: b\r\nContent-Length: 1\r\nserver: istio-envoy\r\n"
		  "x-envoy-upstream-service-time: 0\r\n\r\nz");
	assert_int_equal(e->lc.stats.c->http_upstream_cx_idle, 1);
}

static void service_time_and_date(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, GET("/t"));
	e->lc.now_us += 42500;
	say(e, u, OK2);
	expect(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\ndate: Tue, 14 Nov 2023 22:13:21 GMT\r\n"
		  "server: istio-envoy\r\nx-envoy-upstream-service-time: 42\r\n\r\nok");
}

static void trusted_hops(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u;

	say(e, c,
	    "GET / HTTP/1.1\r\nHost: a.test\r\nx-forwarded-for: 9.9.9.9, 8.8.8.8\r\n"
	    "X-Forwarded-Proto: https\r\nX-Request-Id: mine\r\n\r\n");
	u = up_open(e, 0);
	expect(u, "GET / HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-Proto: https\r\n"
		  "x-forwarded-for: 9.9.9.9, 8.8.8.8,192.0.2.7\r\n"
		  "x-envoy-external-address: 8.8.8.8\r\nx-request-id: *\r\n" TRIED("1"));
	say(e, u, OK2);
	expect(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\ndate: *\r\nserver: edge\r\n*ok");
}

static void rewritten(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, GET("/rw/x/../y%2Fz?q=1"));
	expect(u, "GET /y%2Fz?q=1 HTTP/1.1\r\nHost: inner.test\r\n" OURS
		  "x-envoy-original-path: /rw/y%2Fz?q=1\r\n" TRIED("1"));
	say(e, u, OK2);
	expect(c, DOWN_OK2);
	assert_string_equal(logged(e).text[SL_LOG_PATH], "/rw/x/../y%2Fz?q=1");
}

static void redirected(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, GET("/redir/x?y=1"));
	expect(c, "HTTP/1.1 302 Found\r\nlocation: http://b.test/redir/x?y=1\r\n"
		  "content-length: 0\r\n" LOCAL "\r\n");
	say(e, c, GET("/moved/x?y=1"));
	expect(c, "HTTP/1.1 301 Moved Permanently\r\nlocation: http://a.test/there?y=1\r\n"
		  "content-length: 0\r\n" LOCAL "\r\n");
	assert_log(e, 302, 0, "direct_response");
	assert_int_equal(e->lc.stats.c->http_rq_3xx, 2);
}

static void direct_and_head(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, "HEAD /direct HTTP/1.1\r\nHost: a.test\r\n\r\n");
	expect(c, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n" TEXT LOCAL "\r\n");
	say(e, c, GET("/direct"));
	expect(c, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n" TEXT LOCAL "\r\nhi");
}

static void absolute_form(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, "GET http://a.test/abs?x HTTP/1.1\r\nHost: other.test\r\n\r\n");
	expect(u, UP_GET("/abs?x"));
	say(e, u, OK2);
	expect(c, DOWN_OK2);
}

static void options_star(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	/* No prefix begins with "*". */
	say(e, c, "OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n");
	expect(c, "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n" LOCAL "\r\n");
}

static void http_1_0(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u;

	say(e, c, "GET /old HTTP/1.0\r\n\r\n");
	expect(c, "HTTP/1.1 404*" CLOSE "\r\n");
	assert_true(c->shut);
	c = client(e);
	say(e, c, "GET http://a.test/old HTTP/1.0\r\n\r\n");
	u = up_open(e, 0);
	expect(u, "GET /old HTTP/1.1\r\nhost: a.test\r\n" OURS TRIED("1"));
	say(e, u, OK2);
	expect(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" ADDED CLOSE "\r\nok");
	assert_true(c->shut);
}

static void http_1_0_without_host(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u;

	/* The authority is empty then: only "*" would match; an empty Host goes nowhere. */
	say(e, c, "GET / HTTP/1.0\r\nHost: " OWN_IP "\r\nConnection: keep-alive\r\n\r\n");
	u = up_open(e, 0);
	expect(u, "GET / HTTP/1.1\r\nHost: " OWN_IP "\r\n" OURS TRIED("1"));
	say(e, u, OK2);
	expect(c,
	       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" ADDED "connection: keep-alive\r\n\r\nok");
	assert_false(c->shut);
	say(e, c, "GET / HTTP/1.0\r\nHost: " OWN_IP "\r\nConnection: keep-alive\r\n\r\n");
	say(e, u, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
	expect(c, "HTTP/1.1 200 OK\r\n" ADDED CLOSE "\r\nok");
	assert_true(c->shut);
}

static void connection_close(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n");
	expect(u, UP_GET("/"));
	say(e, u, OK2);
	expect(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" ADDED CLOSE "\r\nok");
	assert_true(c->shut);
	assert_int_equal(sl_proxy_sessions(e->px), 1);
	fin(e, c);
	assert_int_equal(c->fate, FAKE_CLOSED_FIN);
	assert_int_equal(sl_proxy_sessions(e->px), 0);
	assert_int_equal(u->fate, FAKE_OPEN);
}

static void upstream_says_close(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, GET("/"));
	say(e, u, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
	expect(c, DOWN_OK2);
	assert_int_equal(u->fate, FAKE_CLOSED_FIN);
	assert_false(c->shut);
	warm(e, c);
}

static void services(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = fake_accept(&e->tcp, VIP, 80);
	struct logged l;

	say(e, c, GET("/direct"));
	expect(c, "HTTP/1.1 200*hi");
	l = logged(e);
	assert_int_equal(l.r.local_port, 80);
	c = fake_accept(&e->tcp, OWN_IP, 31373);
	say(e, c, GET("/direct"));
	expect(c, "HTTP/1.1 200*hi");
	assert_int_equal(logged(e).r.local_port, 31373);
	assert_int_equal(e->lc.stats.service[0].sessions + e->lc.stats.service[1].sessions, 2);
	assert_int_equal(e->lc.stats.service[0].in_bytes, strlen(GET("/direct")));
	assert_int_equal(e->lc.stats.listener[0].cx_active, 2);
	/* Nobody listens there any more. */
	c = fake_accept(&e->tcp, OWN_IP, 81);
	poll(e);
	assert_int_equal(c->fate, FAKE_ABORTED);
}

static void accept_finds_the_listener(void **state)
{
	struct env *e = *state;
	struct sl_pkt syn = {.dport = 8080};
	uint32_t row = 77;

	assert_int_equal(sl_ip_parse(OWN_IP, &syn.dst, NULL), 0);
	assert_true(sl_proxy_accept(e->px, &syn, &row));
	assert_int_equal(row, 0);
	syn.dport = 8081;
	assert_false(sl_proxy_accept(e->px, &syn, &row));
	syn.service_hit = 1;
	syn.service = 0;
	assert_true(sl_proxy_accept(e->px, &syn, &row));
	syn.service = 99;
	assert_false(sl_proxy_accept(e->px, &syn, &row));
}

static void access_record(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u;
	struct logged l;

	say(e, c, "POST /log?x=1 HTTP/1.1\r\nHost: a.test\r\nUser-Agent: curl/8\r\n");
	e->lc.now_us += 1000;
	say(e, c, "Content-Length: 4\r\n\r\nbody");
	e->lc.now_us += 2000;
	u = up_open(e, 0);
	e->lc.now_us += 3000;
	say(e, u, "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nn");
	e->lc.now_us += 4000;
	assert_true(no_log(e));
	say(e, u, "op");
	l = logged(e);
	assert_int_equal(l.r.start_wall_us, UINT64_C(1700000001000000));
	assert_int_equal(l.r.bytes_received, 4);
	assert_int_equal(l.r.bytes_sent, 3);
	assert_int_equal(l.r.head_us, 1000);
	assert_int_equal(l.r.routed_us, 1000);
	assert_int_equal(l.r.upstream_us, 3000);
	assert_int_equal(l.r.first_byte_us, 6000);
	assert_int_equal(l.r.duration_us, 10000);
	assert_int_equal(l.r.status, 404);
	assert_int_equal(l.r.flags, 0);
	assert_int_equal(l.r.http_minor, 1);
	assert_int_equal(l.r.has_upstream, 1);
	assert_int_equal(l.r.downstream_port, 4000);
	assert_int_equal(l.r.local_port, 8080);
	assert_int_equal(l.r.upstream_port, 8000);
	assert_int_equal(l.r.upstream_local_port, u->local.port);
	assert_string_equal(l.text[SL_LOG_METHOD], "POST");
	assert_string_equal(l.text[SL_LOG_PATH], "/log?x=1");
	assert_string_equal(l.text[SL_LOG_AUTHORITY], "a.test");
	assert_string_equal(l.text[SL_LOG_USER_AGENT], "curl/8");
	assert_string_equal(l.text[SL_LOG_XFF], "192.0.2.7");
	assert_int_equal(strlen(l.text[SL_LOG_REQUEST_ID]), 36);
	assert_string_equal(l.text[SL_LOG_UPSTREAM_CLUSTER], "c1");
	assert_string_equal(l.text[SL_LOG_ROUTE_NAME], "r/");
	assert_string_equal(l.text[SL_LOG_DETAILS], "via_upstream");
	assert_string_equal(l.text[SL_LOG_FAILURE], "");
}

static void long_texts_are_cut(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);
	const struct sl_log_record *r;
	char text[8192];
	uint32_t len;
	int n = snprintf(text, sizeof(text), "GET /direct?");

	memset(text + n, 'p', 4000);
	n += 4000;
	n += snprintf(text + n, sizeof(text) - (size_t)n, " HTTP/1.1\r\nHost: a.test\r\n");
	n += snprintf(text + n, sizeof(text) - (size_t)n, "User-Agent: ");
	memset(text + n, 'u', 1000);
	strcpy(text + n + 1000, "\r\n\r\n");
	say(e, c, text);
	expect(c, "HTTP/1.1 200 OK*hi");
	r = sl_ring_peek(e->log, &len);
	assert_non_null(r);
	assert_true(len <= SL_CTL_LOG_SIZE - 4);
	assert_true(r->len[SL_LOG_PATH] & SL_LOG_CUT);
	assert_true(r->len[SL_LOG_USER_AGENT] & SL_LOG_CUT);
	assert_int_equal(r->len[SL_LOG_USER_AGENT] & ~SL_LOG_CUT, 255);
	assert_false(r->len[SL_LOG_METHOD] & SL_LOG_CUT);
}

static void full_log_is_counted(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	for (int i = 0; i < 70; i++)
		say(e, c, GET("/direct"));
	assert_int_equal(e->lc.stats.c->log_records, 64);
	assert_int_equal(e->lc.stats.c->log_dropped, 6);
}

static void counters_by_object(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);
	const struct sl_stats_listener *l = &e->lc.stats.listener[0];
	uint64_t routes = 0, clusters = 0, endpoints = 0, hist = 0;

	say(e, c, GET("/"));
	say(e, u, "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(l->rq_2xx, 1);
	assert_int_equal(l->rq_5xx, 1);
	assert_int_equal(l->rx_bytes, strlen(GET("/warm") GET("/")));
	assert_int_equal(l->tx_bytes, c->out_len);
	for (int i = 0; i < 32; i++) {
		routes += e->lc.stats.route[i].rq_total;
		hist += e->lc.stats.route[i].latency.count + e->lc.stats.cluster[i].latency.count;
		clusters += e->lc.stats.cluster[i].rq_2xx * 10 + e->lc.stats.cluster[i].rq_5xx;
		endpoints +=
			e->lc.stats.endpoint[i].rq_success * 10 + e->lc.stats.endpoint[i].rq_error;
	}
	assert_int_equal(routes, 2);
	assert_int_equal(hist, 4);
	assert_int_equal(clusters, 11);
	assert_int_equal(endpoints, 11);
}

#define CASE(f)       cmocka_unit_test_setup_teardown(f, setup, teardown)
#define SMALL_CASE(f) cmocka_unit_test_setup_teardown(f, setup_small, teardown)

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(get),
		CASE(keep_alive_both_sides),
		CASE(pool_is_shared_and_lifo),
		CASE(pipelined_in_order),
		CASE(many_pipelined_are_shared_out),
		CASE(unread_answers_stop_requests),
		CASE(split_at_every_byte),
		CASE(one_byte_segments),
		CASE(large_head_spans_mbufs),
		CASE(headers_upstream),
		CASE(max_forwards),
		CASE(expect_http10),
		CASE(headers_downstream),
		CASE(service_time_and_date),
		SMALL_CASE(trusted_hops),
		CASE(rewritten),
		CASE(redirected),
		CASE(direct_and_head),
		CASE(absolute_form),
		CASE(options_star),
		CASE(http_1_0),
		CASE(http_1_0_without_host),
		CASE(connection_close),
		CASE(upstream_says_close),
		CASE(services),
		CASE(accept_finds_the_listener),
		CASE(access_record),
		CASE(long_texts_are_cut),
		CASE(full_log_is_counted),
		CASE(counters_by_object),
	};

	return cmocka_run_group_tests_name("proxy_basic", cases, NULL, NULL);
}
