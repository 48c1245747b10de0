/* SPDX-License-Identifier: BSD-3-Clause */
/* Limits: of clients, requests and bodies, of clusters and their connections. */
#include "harness.h"

#define POST(path, length) \
	"POST " path " HTTP/1.1\r\nHost: a.test\r\nContent-Length: " length "\r\n\r\n"
#define OVERFLOW "HTTP/1.1 503 *reset reason: overflow"

static struct sl_tcp_conn *client_from(struct env *e, const char *ip)
{
	struct sl_tcp_conn *c = fake_accept(&e->tcp, OWN_IP, 8080);

	assert_int_equal(sl_ip_parse(ip, &c->remote.ip, NULL), 0);
	poll(e);
	return c;
}

static bool syn_from(struct env *e, const char *ip)
{
	struct sl_pkt syn = {.dport = 8080};
	uint32_t row;

	assert_int_equal(sl_ip_parse(OWN_IP, &syn.dst, NULL), 0);
	assert_int_equal(sl_ip_parse(ip, &syn.src, NULL), 0);
	return sl_proxy_accept(e->px, &syn, &row);
}

/* ---- clients ---- */

static int setup_clients(void **state)
{
	return setup_config(state, &(struct sl_proxy_config){.client_conns = 3, .sessions_max = 8});
}

static void connections_of_one_address(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c[4];

	for (int i = 0; i < 3; i++) {
		assert_true(syn_from(e, "192.0.2.9"));
		c[i] = client_from(e, "192.0.2.9");
		assert_int_equal(c[i]->fate, FAKE_OPEN);
	}
	assert_false(syn_from(e, "192.0.2.9"));
	assert_true(syn_from(e, "192.0.2.10"));
	/* One whose SYN was taken before. */
	c[3] = client_from(e, "192.0.2.9");
	assert_int_equal(c[3]->fate, FAKE_ABORTED);
	assert_int_equal(e->lc.stats.c->http_cx_client_limit, 2);
	assert_int_equal(client_from(e, "192.0.2.10")->fate, FAKE_OPEN);
	fin(e, c[1]);
	assert_true(syn_from(e, "192.0.2.9"));
	assert_int_equal(client_from(e, "192.0.2.9")->fate, FAKE_OPEN);
}

/** Behind a proxy in front it is the client it names that is counted, and not the proxy. */
static void connections_of_a_named_client(void **state)
{
	static const char a[] = "PROXY TCP4 203.0.113.9 192.0.2.1 5555 80\r\n";
	static const char b[] = "PROXY TCP4 203.0.113.10 192.0.2.1 5555 80\r\n";
	struct env *e = *state;
	struct sl_tcp_conn *c[4];

	reconfigure(e, CONF_PROXY_FROM);
	for (int i = 0; i < 3; i++) {
		assert_true(syn_from(e, "192.0.2.9"));
		c[i] = client_from(e, "192.0.2.9");
		say(e, c[i], a);
		assert_int_equal(c[i]->fate, FAKE_OPEN);
	}
	assert_true(syn_from(e, "192.0.2.9"));
	c[3] = client_from(e, "192.0.2.9");
	assert_int_equal(c[3]->fate, FAKE_OPEN);
	say(e, c[3], a);
	assert_int_equal(c[3]->fate, FAKE_ABORTED);
	assert_int_equal(e->lc.stats.c->http_cx_client_limit, 1);
	c[3] = client_from(e, "192.0.2.9");
	say(e, c[3], b);
	assert_int_equal(c[3]->fate, FAKE_OPEN);
	/* One that leaves makes room, and an address that comes itself is counted as such. */
	fin(e, c[0]);
	c[0] = client_from(e, "192.0.2.9");
	say(e, c[0], a);
	assert_int_equal(c[0]->fate, FAKE_OPEN);
	for (int i = 0; i < 3; i++) {
		c[i] = client_from(e, "192.0.2.9");
		say(e, c[i], "PROXY UNKNOWN\r\n");
		assert_int_equal(c[i]->fate, FAKE_OPEN);
	}
	c[3] = client_from(e, "192.0.2.9");
	say(e, c[3], "PROXY UNKNOWN\r\n");
	assert_int_equal(c[3]->fate, FAKE_ABORTED);
}

static void addresses_of_one_ipv6_network(void **state)
{
	struct env *e = *state;

	client_from(e, "2001:db8:1:2::1");
	client_from(e, "2001:db8:1:2::2");
	client_from(e, "2001:db8:1:2:ffff::3");
	assert_false(syn_from(e, "2001:db8:1:2:8000::4"));
	assert_true(syn_from(e, "2001:db8:1:3::4"));
}

static int setup_greedy(void **state)
{
	return setup_config(state, &(struct sl_proxy_config){.sessions_max = 8});
}

static void greedy_gives_way_to_modest(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c[8];

	for (int i = 0; i < 8; i++)
		c[i] = client_from(e, i < 6 ? "192.0.2.9" : "192.0.2.10");
	say(e, c[5], GET("/"));
	/* All are taken. Not for one that has as many, nor by a SYN alone. */
	assert_false(syn_from(e, "192.0.2.9"));
	assert_int_equal(client_from(e, "192.0.2.9")->fate, FAKE_ABORTED);
	assert_true(syn_from(e, "192.0.2.11"));
	assert_int_equal(sl_proxy_sessions(e->px), 8);
	assert_int_equal(client_from(e, "192.0.2.11")->fate, FAKE_OPEN);
	assert_int_equal(e->lc.stats.c->http_cx_shed, 1);
	/* The newest idle one, not the one that is being served. */
	assert_int_equal(c[5]->fate, FAKE_OPEN);
	assert_int_equal(c[4]->fate, FAKE_CLOSED_FIN);
	assert_int_equal(c[6]->fate, FAKE_OPEN);
	/* Five against one, four against two ... until nobody has far more. */
	for (int i = 0; i < 8; i++)
		client_from(e, "192.0.2.12");
	assert_int_equal(sl_proxy_sessions(e->px), 8);
	assert_int_equal(c[5]->fate, FAKE_OPEN);
	up_open(e, 0);
	say(e, up(e, 0), OK2);
	expect(c[5], DOWN_OK2);
}

static void many_addresses_come_and_go(void **state)
{
	struct env *e = *state;
	char ip[32];

	for (int i = 0; i < 500; i++) {
		snprintf(ip, sizeof(ip), "198.51.%d.%d", i / 250, i % 250 + 1);
		fin(e, client_from(e, ip));
	}
	assert_int_equal(sl_proxy_sessions(e->px), 0);
}

static int setup_rate(void **state)
{
	return setup_config(state, &(struct sl_proxy_config){.client_rate = 10, .client_burst = 3});
}

static void rate_of_one_address(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client_from(e, "192.0.2.9"), *d;

	for (int i = 0; i < 3; i++) {
		say(e, c, GET("/direct"));
		expect(c, "HTTP/1.1 200 *hi");
		assert_log(e, 200, 0, "direct_response");
	}
	say(e, c, GET("/direct"));
	expect(c, "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 18\r\n" TEXT LOCAL
		  "\r\nlocal_rate_limited");
	assert_log(e, 429, F(RL), "local_rate_limited");
	/* Coming anew does not help; others have their own. */
	fin(e, c);
	c = client_from(e, "192.0.2.9");
	say(e, c, GET("/direct"));
	expect(c, "HTTP/1.1 429 *");
	d = client_from(e, "192.0.2.10");
	say(e, d, GET("/direct"));
	expect(d, "HTTP/1.1 200 *hi");
	advance(e, 110);
	say(e, c, GET("/direct"));
	expect(c, "HTTP/1.1 200 *hi");
	say(e, c, GET("/direct"));
	expect(c, "HTTP/1.1 429 *");
	assert_int_equal(e->lc.stats.c->http_rate_limited, 3);
}

static int setup_requests(void **state)
{
	return setup_config(state, &(struct sl_proxy_config){.conn_requests = 2});
}

static void requests_of_one_connection(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, GET("/direct"));
	expect(c, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n" TEXT LOCAL "\r\nhi");
	say(e, c, GET("/direct") GET("/direct"));
	expect(c, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n" TEXT LOCAL CLOSE "\r\nhi");
	assert_true(c->shut);
	assert_int_equal(e->lc.stats.c->http_cx_max_requests, 1);
}

/* ---- requests ---- */

static int setup_bodies(void **state)
{
	return setup_config(state, &(struct sl_proxy_config){.body_bytes = 10,
							     .body_rate = 100,
							     .body_rate_ms = 1000,
							     .retry_body_bytes = 100});
}

static void body_said_too_large(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, POST("/", "10") "0123456789");
	up_open(e, 0);
	expect(up(e, 0), "POST *0123456789");
	say(e, up(e, 0), OK2);
	expect(c, DOWN_OK2);
	assert_log(e, 200, 0, "via_upstream");
	say(e, c, POST("/", "11"));
	expect(c, "HTTP/1.1 413 Content Too Large\r\ncontent-length: 17\r\n" TEXT LOCAL CLOSE
		  "\r\nPayload Too Large");
	assert_log(e, 413, 0, "request_payload_too_large");
	assert_true(c->shut);
	expect(up(e, 0), "");
	assert_int_equal(e->lc.stats.c->http_rq_too_large, 1);
}

static void body_grows_too_large(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n");
	up_open(e, 0);
	say(e, c, "6\r\n012345\r\n");
	expect(up(e, 0), "POST *012345\r\n");
	say(e, c, "5\r\n67890\r\n");
	expect(c, "HTTP/1.1 413 *Payload Too Large");
	assert_int_equal(up(e, 0)->fate, FAKE_ABORTED);
	assert_log(e, 413, 0, "request_payload_too_large");
}

static void body_too_slow(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, POST("/", "9") "0");
	up_open(e, 0);
	advance(e, 990);
	expect(c, "");
	advance(e, 12);
	expect(c, "HTTP/1.1 408 Request Timeout\r\ncontent-length: 21\r\n" TEXT LOCAL CLOSE
		  "\r\nrequest body too slow");
	assert_log(e, 408, 0, "request_body_too_slow");
	assert_int_equal(up(e, 0)->fate, FAKE_ABORTED);
	assert_int_equal(e->lc.stats.c->http_rq_timeout, 1);
}

static void body_waits_for_continue(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c,
	    "POST / HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
	up_open(e, 0);
	advance(e, 5000);
	say(e, up(e, 0), "HTTP/1.1 100 Continue\r\n\r\n");
	expect(c, "HTTP/1.1 100 Continue\r\n\r\n");
	say(e, c, "abcd");
	say(e, up(e, 0), OK2);
	expect(c, DOWN_OK2);
}

static int setup_rate_only(void **state)
{
	return setup_config(state,
			    &(struct sl_proxy_config){.body_rate = 100, .body_rate_ms = 1000});
}

static void body_held_up_by_the_endpoint(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, POST("/", "3000"));
	up_open(e, 0);
	e->tcp.hold = true;
	fake_window(up(e, 0), 100);
	say(e, c, "0123456789012345678901234567890123456789012345678901234567890123456789");
	say(e, c, "0123456789012345678901234567890123456789012345678901234567890123456789");
	advance(e, 3000);
	expect(c, "");
	assert_int_equal(up(e, 0)->fate, FAKE_OPEN);
	e->tcp.hold = false;
	fake_ack(up(e, 0));
	poll(e);
	/* Now it is the client that waits. */
	advance(e, 2100);
	expect(c, "HTTP/1.1 408 *");
}

static void body_fast_enough(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, POST("/", "300"));
	up_open(e, 0);
	for (int i = 0; i < 30; i++) {
		say(e, c, "0123456789");
		advance(e, 90);
	}
	say(e, up(e, 0), OK2);
	expect(c, DOWN_OK2);
}

static int setup_times(void **state)
{
	return setup_config(state,
			    &(struct sl_proxy_config){.request_ms = 2000, .stream_ms = 3000});
}

static void whole_request(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, POST("/", "100"));
	up_open(e, 0);
	for (int i = 0; i < 19; i++) {
		advance(e, 98);
		say(e, c, "x");
	}
	expect(c, "");
	advance(e, 200);
	expect(c, "HTTP/1.1 408 *\r\n\r\nrequest timeout");
	assert_log(e, 408, 0, "request_overall_timeout");
	assert_int_equal(up(e, 0)->fate, FAKE_ABORTED);
	/* A request that is whole is not judged by it. */
	c = client(e);
	say(e, c, POST("/", "1") "x");
	up_open(e, 1);
	advance(e, 2500);
	say(e, up(e, 1), OK2);
	expect(c, DOWN_OK2);
}

static void whole_stream(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, GET("/"));
	up_open(e, 0);
	advance(e, 2990);
	expect(c, "");
	advance(e, 20);
	expect(c, "HTTP/1.1 504 *downstream duration timeout");
	assert_log(e, 504, F(DT), "max_duration_timeout");
	c = client(e);
	say(e, c, GET("/"));
	up_open(e, 1);
	say(e, up(e, 1), "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n");
	for (int i = 0; i < 29; i++) {
		say(e, up(e, 1), "x");
		advance(e, 100);
	}
	assert_int_equal(c->fate, FAKE_OPEN);
	advance(e, 200);
	assert_int_equal(c->fate, FAKE_CLOSED_FIN);
	assert_log(e, 200, F(DT), "max_duration_timeout");
	assert_int_equal(e->lc.stats.c->http_rq_max_duration, 2);
}

static int setup_refuse(void **state)
{
	return setup_config(state, &(struct sl_proxy_config){.refuse_http10 = true,
							     .refuse_websocket = true,
							     .line_bytes = 100,
							     .head_bytes = 300,
							     .head_fields = 4});
}

static void what_is_not_served(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);
	char text[600];

	say(e, c, "GET /direct HTTP/1.0\r\nHost: a.test\r\n\r\n");
	expect(c, "HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\n" LOCAL
		  "upgrade: HTTP/1.1\r\nconnection: upgrade, close\r\n\r\n");
	assert_log(e, 426, 0, "low_version");
	c = client(e);
	say(e, c,
	    "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
	expect(c, "HTTP/1.1 403 Forbidden\r\n*");
	assert_log(e, 403, 0, "upgrade_failed");
	say(e, c,
	    "GET /direct HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n");
	expect(c, "HTTP/1.1 200 *hi");
	snprintf(text, sizeof(text), "GET /%0100d HTTP/1.1\r\nHost: a.test\r\n\r\n", 0);
	say(e, c, text);
	expect(c, "HTTP/1.1 414 *");
	c = client(e);
	snprintf(text, sizeof(text), "GET / HTTP/1.1\r\nHost: a.test\r\nX: %0300d\r\n\r\n", 0);
	say(e, c, text);
	expect(c, "HTTP/1.1 431 *");
	c = client(e);
	say(e, c, "GET / HTTP/1.1\r\nHost: a.test\r\nA: 1\r\nA: 2\r\nA: 3\r\nA: 4\r\n\r\n");
	expect(c, "HTTP/1.1 431 *");
}

/* ---- clusters ---- */

/** Answers the one request that went to an endpoint. */
static void serve_limited(struct env *e)
{
	struct sl_tcp_conn *u;

	poll(e);
	u = up(e, ups(e) - 1);
	if (!u->opened)
		up_open(e, ups(e) - 1);
	expect(u, UP_GET("/limited"));
	say(e, u, OK2);
	poll(e);
}

static void one_connection_at_a_time(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c[4];

	for (int i = 0; i < 4; i++) {
		c[i] = client(e);
		say(e, c[i], GET("/limited"));
	}
	/* One is served, two wait, one is too many. */
	assert_int_equal(ups(e), 1);
	expect(c[3], OVERFLOW);
	assert_log(e, 503, F(UO), "upstream_reset_before_response_started{overflow}");
	for (int i = 0; i < 3; i++) {
		serve_limited(e);
		expect(c[i], DOWN_OK2);
		assert_log(e, 200, 0, "via_upstream");
	}
	/* By turns to the other endpoint: the idle connection gives way. */
	for (int i = 0; i < 4; i++) {
		say(e, c[i], GET("/limited"));
		serve_limited(e);
		expect(c[i], DOWN_OK2);
	}
	assert_true(ups(e) >= 4);
	assert_int_equal(e->lc.stats.c->http_upstream_cx_active, 1);
}

static void waiting_ends(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c[3];

	for (int i = 0; i < 3; i++) {
		c[i] = client(e);
		say(e, c[i], GET("/limited"));
	}
	/* The first that waits leaves; the connection dies: the second one's turn. */
	fake_end(c[1], SL_TCP_END_RESET);
	poll(e);
	assert_log(e, 0, F(DC), "downstream_remote_disconnect");
	fake_end(c[0], SL_TCP_END_RESET);
	poll(e);
	poll(e);
	assert_int_equal(ups(e), 2);
	up_open(e, 1);
	say(e, up(e, 1), OK2);
	expect(c[2], DOWN_OK2);
}

static void waiting_across_configurations(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *a = client(e), *b = client(e);

	say(e, a, GET("/limited"));
	say(e, b, GET("/limited"));
	reconfigure(e, CONF_SECOND_TABLE);
	poll(e);
	assert_int_equal(ups(e), 1);
	up_open(e, 0);
	say(e, up(e, 0), OK2);
	poll(e);
	expect(a, DOWN_OK2);
	assert_int_equal(ups(e), 2);
	up_open(e, 1);
	say(e, up(e, 1), OK2);
	expect(b, DOWN_OK2);
}

static void requests_at_a_time(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c[3];

	for (int i = 0; i < 3; i++) {
		c[i] = client(e);
		say(e, c[i], GET("/few"));
	}
	assert_int_equal(ups(e), 2);
	expect(c[2], OVERFLOW);
	up_open(e, 0);
	say(e, up(e, 0), OK2);
	expect(c[0], DOWN_OK2);
	say(e, c[2], GET("/few"));
	expect(up(e, 0), UP_GET("/few") UP_GET("/few"));
	say(e, up(e, 0), OK2);
	expect(c[2], DOWN_OK2);
	/* Two were all for that connection. */
	assert_int_equal(up(e, 0)->fate, FAKE_CLOSED_FIN);
	up_open(e, 1);
	say(e, up(e, 1), OK2);
	assert_int_equal(up(e, 1)->fate, FAKE_OPEN);
	advance(e, 2100);
	assert_int_equal(up(e, 1)->fate, FAKE_CLOSED_FIN);
}

static int setup_endpoint(void **state)
{
	return setup_config(state, &(struct sl_proxy_config){.endpoint_conns = 1});
}

static void one_connection_an_endpoint(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *a = client(e), *b = client(e);

	say(e, a, GET("/"));
	say(e, b, GET("/"));
	assert_int_equal(ups(e), 1);
	up_open(e, 0);
	say(e, up(e, 0), OK2);
	expect(a, DOWN_OK2);
	poll(e);
	expect(up(e, 0), UP_GET("/") UP_GET("/"));
	say(e, up(e, 0), OK2);
	expect(b, DOWN_OK2);
}

/* ---- bodies sent again ---- */

static void small_body_is_sent_again(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, "PUT /two HTTP/1.1\r\nHost: a.test\r\nContent-Length: 6\r\n\r\nabc");
	up_open(e, 0);
	expect(up(e, 0), "PUT *" TRIED("1") "abc");
	rst(e, up(e, 0));
	advance(e, 26);
	say(e, c, "def");
	up_open(e, 1);
	expect(up(e, 1), "PUT *" TRIED("2") "abcdef");
	say(e, up(e, 1), OK2);
	expect(c, DOWN_OK2);
	/* In chunks, as they went the first time. */
	say(e, c,
	    "PUT /two HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "3\r\nabc\r\n");
	say(e, c, "0\r\n\r\n");
	advance(e, 1);
	if (ups(e) == 3)
		up_open(e, 2);
	fin(e, up(e, ups(e) - 1));
	advance(e, 60);
	up_open(e, ups(e) - 1);
	expect(up(e, ups(e) - 1), "PUT *" TRIED("2") "3\r\nabc\r\n0\r\n\r\n");
	say(e, up(e, ups(e) - 1), OK2);
	expect(c, DOWN_OK2);
}

static void body_that_grows_beyond_is_let_go(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);
	char half[2100];

	memset(half, 'x', sizeof(half));
	say(e, c, "PUT /two HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5000\r\n\r\n");
	up_open(e, 0);
	say_bytes(e, c, half, sizeof(half), 1448);
	assert_int_equal(e->lc.stats.c->http_retry_body_dropped, 0);
	say_bytes(e, c, half, sizeof(half), 1448);
	assert_int_equal(e->lc.stats.c->http_retry_body_dropped, 1);
	rst(e, up(e, 0));
	advance(e, 60);
	assert_int_equal(ups(e), 1);
	expect(c, "HTTP/1.1 503 *");
}

static void post_that_may_have_arrived_is_not(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, POST("/two", "3") "abc");
	up_open(e, 0);
	rst(e, up(e, 0));
	advance(e, 60);
	assert_int_equal(ups(e), 1);
	expect(c, "HTTP/1.1 503 *");
}

#define CASE(f)         cmocka_unit_test_setup_teardown(f, setup, teardown)
#define CASE_WITH(s, f) cmocka_unit_test_setup_teardown(f, s, teardown)

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE_WITH(setup_clients, connections_of_one_address),
		CASE_WITH(setup_clients, connections_of_a_named_client),
		CASE_WITH(setup_clients, addresses_of_one_ipv6_network),
		CASE_WITH(setup_clients, many_addresses_come_and_go),
		CASE_WITH(setup_greedy, greedy_gives_way_to_modest),
		CASE_WITH(setup_rate, rate_of_one_address),
		CASE_WITH(setup_rate, many_addresses_come_and_go),
		CASE_WITH(setup_requests, requests_of_one_connection),
		CASE_WITH(setup_bodies, body_said_too_large),
		CASE_WITH(setup_bodies, body_grows_too_large),
		CASE_WITH(setup_bodies, body_too_slow),
		CASE_WITH(setup_bodies, body_waits_for_continue),
		CASE_WITH(setup_rate_only, body_held_up_by_the_endpoint),
		CASE_WITH(setup_rate_only, body_fast_enough),
		CASE_WITH(setup_times, whole_request),
		CASE_WITH(setup_times, whole_stream),
		CASE_WITH(setup_refuse, what_is_not_served),
		CASE(one_connection_at_a_time),
		CASE(waiting_ends),
		CASE(waiting_across_configurations),
		CASE(requests_at_a_time),
		CASE_WITH(setup_endpoint, one_connection_an_endpoint),
		CASE(small_body_is_sent_again),
		CASE(body_that_grows_beyond_is_let_go),
		CASE(post_that_may_have_arrived_is_not),
	};

	return cmocka_run_group_tests_name("proxy_limits", cases, NULL, NULL);
}
