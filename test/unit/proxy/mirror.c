/* SPDX-License-Identifier: BSD-3-Clause */
/* Copies of requests for mirrors: what they are, and that nobody else notices them. */
#include "harness.h"

#include <errno.h>

#define POST(path, length) \
	"POST " path " HTTP/1.1\r\nHost: a.test\r\nContent-Length: " length "\r\n\r\n"
#define REWRITTEN(path)     "x-envoy-original-path: " path "\r\n"
#define COUNTED(e, what, n) assert_int_equal((e)->lc.stats.c->http_mirror_##what, n)

static int setup_mirrors(void **state)
{
	int rc = setup(state);

	reconfigure(*state, CONF_MIRRORS);
	return rc;
}

/** Whether a connection leads to this last byte of an address. */
static bool leads_to(const struct sl_tcp_conn *u, uint8_t last)
{
	return u->remote.ip.b[15] == last;
}

/** i-th connection to an endpoint's last byte; NULL: there are fewer. */
static struct sl_tcp_conn *up_to(struct env *e, uint8_t last, uint32_t i)
{
	for (uint32_t k = 0; up(e, k); k++)
		if (leads_to(up(e, k), last) && i-- == 0)
			return up(e, k);
	return NULL;
}

static struct sl_tcp_conn *open_to(struct env *e, uint8_t last, uint32_t i)
{
	struct sl_tcp_conn *u = up_to(e, last, i);

	assert_non_null(u);
	fake_open(u);
	poll(e);
	return u;
}

/** A request whose own endpoint answers it at once. */
static struct sl_tcp_conn *served(struct env *e, const char *request)
{
	struct sl_tcp_conn *c = client(e), *u;
	uint32_t i = 0;

	say(e, c, request);
	while (up_to(e, 10, i + 1))
		i++;
	u = open_to(e, 10, i);
	expect(u, "*");
	say(e, u, OK2);
	poll(e);
	expect(c, DOWN_OK2);
	assert_log(e, 200, 0, "via_upstream");
	return c;
}

static void copy_of_what_goes_up(void **state)
{
	static const char head[] =
		"Content-Length: 6\r\n" OURS REWRITTEN("/mirror/all/x?y=1") TRIED("1");
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u, *m;
	char want[512];

	say(e, c, POST("/mirror/all/x?y=1", "6") "abc");
	u = open_to(e, 10, 0);
	poll(e);
	/* Not before the body's end. */
	assert_null(up_to(e, 70, 0));
	say(e, c, "def");
	poll(e);
	snprintf(want, sizeof(want), "POST /x?y=1 HTTP/1.1\r\nHost: inner.test:8080\r\n%sabcdef",
		 head);
	expect(u, want);
	m = open_to(e, 70, 0);
	snprintf(want, sizeof(want),
		 "POST /x?y=1 HTTP/1.1\r\nHost: inner.test-shadow:8080\r\n%sabcdef", head);
	expect(m, want);
	say(e, u, OK2);
	expect(c, DOWN_OK2);
	assert_log(e, 200, 0, "via_upstream");
	/* Its answer goes nowhere; the connection is pooled and serves the next one. */
	say(e, m, "HTTP/1.1 500 x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
	assert_int_equal(e->lc.stats.c->http_upstream_cx_idle, 1);
	say(e, m, "0\r\nA: b\r\n\r\n");
	assert_int_equal(e->lc.stats.c->http_upstream_cx_idle, 2);
	say(e, c, GET("/mirror/all/"));
	poll(e);
	expect(m, "GET / HTTP/1.1\r\nHost: inner.test-shadow:8080\r\n" OURS REWRITTEN(
			  "/mirror/all/") TRIED("1"));
	say(e, m, OK2);
	expect(c, "");
	say(e, u, OK2);
	expect(c, DOWN_OK2);
	assert_log(e, 200, 0, "via_upstream");
	assert_true(no_log(e));
	COUNTED(e, sent, 2);
	COUNTED(e, failed, 0);
	assert_int_equal(e->lc.stats.c->http_downstream_rq_total, 2);
	assert_int_equal(e->lc.stats.c->http_rq_5xx, 0);
}

static void host_as_it_came(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c;

	served(e, "GET /mirror/both/x HTTP/1.1\r\nHost: A.test:80\r\nExpect: 100-continue\r\n"
		  "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
	poll(e);
	open_to(e, 70, 0);
	open_to(e, 30, 0);
	expect(up_to(e, 30, 0),
	       "GET /x HTTP/1.1\r\nHost: A.test-shadow:80\r\nExpect: 100-continue\r\n" OURS
	       "x-envoy-original-path: *\r\ntransfer-encoding: chunked\r\n" TRIED(
		       "1") "3\r\nabc\r\n0\r\n\r\n");
	/* An interim answer is none. */
	say(e, up_to(e, 30, 0), "HTTP/1.1 100 Continue\r\n\r\n");
	assert_int_equal(up_to(e, 30, 0)->fate, FAKE_OPEN);
	say(e, up_to(e, 30, 0), OK2);
	say(e, up_to(e, 70, 0), OK2);
	assert_int_equal(e->lc.stats.c->http_upstream_cx_idle, 3);
	COUNTED(e, failed, 0);
	/* The answer to a HEAD has no body. */
	c = client(e);
	say(e, c, "HEAD /mirror/all/x HTTP/1.1\r\nHost: a.test\r\n\r\n");
	poll(e);
	expect(up_to(e, 70, 0), "*HEAD /x HTTP/1.1\r\nHost: inner.test-shadow:8080\r\n*");
	say(e, up_to(e, 70, 0), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
	say(e, up_to(e, 10, 0), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
	assert_int_equal(e->lc.stats.c->http_upstream_cx_idle, 3);
}

/** Each way in which a mirror can go wrong, after the client was answered, and before. */
static void failures_are_nobodys(void **state)
{
	static const char *const answers[] = {
		"SSH-2.0-OpenSSH\r\n",
		"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	};
	struct env *e = *state;
	struct sl_tcp_conn *c;
	uint32_t n = 0;

	for (size_t i = 0; i < SL_ARRAY_LEN(answers); i++, n++) {
		served(e, GET("/mirror/all/"));
		say(e, open_to(e, 70, n), answers[i]);
		assert_int_equal(up_to(e, 70, n)->fate, FAKE_ABORTED);
		COUNTED(e, failed, n + 1);
	}
	/* Refused, cut within head and body, by FIN and by RST. */
	served(e, GET("/mirror/all/"));
	fake_end(up_to(e, 70, n), SL_TCP_END_REFUSED);
	poll(e);
	COUNTED(e, failed, ++n);
	served(e, GET("/mirror/all/"));
	say(e, open_to(e, 70, n), "HTTP/1.1 200 OK\r\nConte");
	fin(e, up_to(e, 70, n));
	COUNTED(e, failed, ++n);
	served(e, GET("/mirror/all/"));
	say(e, open_to(e, 70, n), "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal");
	rst(e, up_to(e, 70, n));
	COUNTED(e, failed, ++n);
	/* One that can't even be tried. */
	c = client(e);
	say(e, c, GET("/mirror/all/"));
	e->tcp.connect_error = -EHOSTUNREACH;
	poll(e);
	COUNTED(e, failed, n + 1);
	say(e, up_to(e, 10, 0), OK2);
	expect(c, DOWN_OK2);
	assert_log(e, 200, 0, "via_upstream");
	assert_true(no_log(e));
	/* None of them was tried again; a body until close is a whole one. */
	advance(e, 500);
	assert_null(up_to(e, 70, n));
	served(e, GET("/mirror/all/"));
	say(e, open_to(e, 70, n), "HTTP/1.1 200 OK\r\n\r\nuntil the end");
	fin(e, up_to(e, 70, n));
	COUNTED(e, failed, n + 1);
	COUNTED(e, sent, n);
}

/** Of the buffers for heads a quarter at most is theirs: two of eight. */
static void heads_that_never_end(void **state)
{
	struct env *e = *state;
	uint32_t i;

	for (i = 0; i < 3; i++) {
		served(e, GET("/mirror/all/"));
		say(e, open_to(e, 70, i), "HTTP/1.1 200 OK\r\n");
		say(e, up_to(e, 70, i), "Content-");
	}
	COUNTED(e, failed, 1);
	assert_int_equal(up_to(e, 70, 2)->fate, FAKE_ABORTED);
	/* They come free when a head is whole, and when it is given up. */
	say(e, up_to(e, 70, 0), "Length: 0\r\n\r\n");
	rst(e, up_to(e, 70, 1));
	for (i = 0; i < 3; i++) {
		served(e, GET("/mirror/all/"));
		say(e, up_to(e, 70, 0), "HTTP/1.1 200 OK\r\n");
		say(e, up_to(e, 70, 0), "Content-Length: 0\r\n\r\n");
	}
	COUNTED(e, failed, 2);
	COUNTED(e, sent, 6);
}

static void dead_pooled_connection(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *m;

	served(e, GET("/mirror/all/"));
	m = open_to(e, 70, 0);
	say(e, m, OK2);
	served(e, GET("/mirror/all/"));
	COUNTED(e, sent, 2);
	rst(e, m);
	advance(e, 500);
	COUNTED(e, failed, 1);
	assert_null(up_to(e, 70, 1));
}

static void times_are_up(void **state)
{
	struct env *e = *state;

	served(e, GET("/mirror/brief/"));
	open_to(e, 70, 0);
	served(e, GET("/mirror/all/"));
	advance(e, 490);
	assert_int_equal(up_to(e, 70, 0)->fate, FAKE_OPEN);
	advance(e, 30);
	assert_int_equal(up_to(e, 70, 0)->fate, FAKE_ABORTED);
	COUNTED(e, failed, 1);
	/* The other one has the box's minute, connection and all. */
	open_to(e, 70, 1);
	say(e, up_to(e, 70, 1), "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
	for (int i = 0; i < 58; i++) {
		advance(e, 1000);
		say(e, up_to(e, 70, 1), "drip");
	}
	assert_int_equal(up_to(e, 70, 1)->fate, FAKE_OPEN);
	advance(e, 2000);
	assert_int_equal(up_to(e, 70, 1)->fate, FAKE_ABORTED);
	COUNTED(e, failed, 2);
}

static void client_that_leaves(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, GET("/mirror/all/"));
	open_to(e, 10, 0);
	poll(e);
	rst(e, c);
	assert_log(e, 0, F(DC), "downstream_remote_disconnect");
	/* Whom draining waits for, the mirror is not among them. */
	assert_int_equal(sl_proxy_sessions(e->px), 0);
	say(e, open_to(e, 70, 0), OK2);
	COUNTED(e, sent, 1);
	COUNTED(e, failed, 0);
	assert_int_equal(e->lc.stats.c->http_upstream_cx_idle, 1);
	/* Of half a request there is no copy. */
	c = client(e);
	say(e, c, POST("/mirror/all/", "6") "abc");
	open_to(e, 10, 1);
	rst(e, c);
	poll(e);
	COUNTED(e, not_whole, 1);
	COUNTED(e, sent, 1);
}

static void share_of_the_requests(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);
	uint64_t n;

	for (uint32_t i = 0; i < 1000; i++) {
		n = e->lc.stats.c->http_mirror_sent;
		say(e, c, GET("/mirror/some/"));
		if (i == 0)
			open_to(e, 10, 0);
		say(e, up_to(e, 10, 0), OK2);
		expect(c, DOWN_OK2);
		sl_ring_release(e->log);
		if (n == 0 && up_to(e, 70, 0))
			open_to(e, 70, 0);
		if (e->lc.stats.c->http_mirror_sent > n)
			say(e, up_to(e, 70, 0), OK2);
	}
	assert_in_range(e->lc.stats.c->http_mirror_sent, 260, 340);
	assert_int_equal(ups(e), 2);
}

static void body_that_is_not_kept(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);
	char body[4001];

	/* Kept for the mirror alone: there is no second try. */
	served(e, POST("/mirror/brief/", "2") "hi");
	poll(e);
	open_to(e, 70, 0);
	expect(up_to(e, 70, 0), "POST / *\r\n\r\nhi");
	say(e, up_to(e, 70, 0), OK2);
	memset(body, 'x', sizeof(body));
	say(e, c, POST("/mirror/all/", "4000"));
	say_bytes(e, c, body, 4000, 1448);
	poll(e);
	assert_int_equal(up_to(e, 70, 0)->out_len, up_to(e, 10, 0)->out_len + 14);
	say(e, up_to(e, 70, 0), OK2);
	say(e, up_to(e, 10, 0), OK2);
	expect(c, DOWN_OK2);
	say(e, c, POST("/mirror/all/", "4001"));
	say_bytes(e, c, body, 4001, 1448);
	say(e, up_to(e, 10, 0), OK2);
	expect(c, DOWN_OK2);
	COUNTED(e, not_whole, 1);
	/* Answered before its end, and to its end all the same. */
	say(e, c, POST("/mirror/all/", "6") "abc");
	say(e, up_to(e, 10, 0), "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nan");
	say(e, c, "def");
	say(e, up_to(e, 10, 0), "sw");
	expect(c, "HTTP/1.1 200 OK\r\n*answ");
	COUNTED(e, not_whole, 2);
	COUNTED(e, sent, 2);
}

/** The connection to cluster "limited": there is one at a time. */
static struct sl_tcp_conn *unanswered(struct env *e)
{
	for (uint32_t k = 0; up(e, k); k++)
		if ((leads_to(up(e, k), 50) || leads_to(up(e, k), 51)) &&
		    up(e, k)->fate == FAKE_OPEN)
			return up(e, k);
	fail();
	return NULL;
}

static void limits_of_the_cluster(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *m;

	/* One connection, two that wait, a fourth is left out. */
	for (int i = 0; i < 4; i++)
		served(e, GET("/mirror/limited/"));
	COUNTED(e, overflow, 1);
	for (uint32_t i = 1; i <= 3; i++) {
		m = unanswered(e);
		fake_open(m);
		poll(e);
		COUNTED(e, sent, i);
		say(e, m, OK2);
		poll(e);
	}
	COUNTED(e, failed, 0);
	/* Two under way at one time. */
	for (int i = 0; i < 3; i++)
		served(e, GET("/mirror/few/"));
	COUNTED(e, overflow, 2);
	assert_non_null(up_to(e, 60, 1));
	assert_null(up_to(e, 60, 2));
	served(e, GET("/mirror/empty/"));
	COUNTED(e, no_endpoint, 1);
	assert_int_equal(e->lc.stats.c->http_no_endpoint, 0);
}

static int setup_one(void **state)
{
	int rc =
		setup_config(state, &(struct sl_proxy_config){.mirrors_max = 1, .mirror_ms = 2000});

	reconfigure(*state, CONF_MIRRORS);
	return rc;
}

static void so_many_and_no_more(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	served(e, GET("/mirror/both/"));
	COUNTED(e, no_room, 1);
	assert_non_null(up_to(e, 70, 0));
	assert_null(up_to(e, 30, 0));
	advance(e, 2050);
	COUNTED(e, failed, 1);
	assert_int_equal(up_to(e, 70, 0)->fate, FAKE_ABORTED);
	served(e, GET("/mirror/all/"));
	say(e, open_to(e, 70, 1), OK2);
	COUNTED(e, sent, 1);
	/* Without a byte kept, what has a body is not mirrored. */
	say(e, c, POST("/mirror/all/", "2") "hi");
	say(e, up_to(e, 10, 0), OK2);
	expect(c, DOWN_OK2);
	COUNTED(e, not_whole, 1);
}

static void once_for_all_attempts(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, GET("/mirror/all/"));
	fake_end(up_to(e, 10, 0), SL_TCP_END_REFUSED);
	poll(e);
	assert_null(up_to(e, 70, 0));
	advance(e, 60);
	open_to(e, 10, 1);
	rst(e, up_to(e, 10, 1));
	poll(e);
	advance(e, 60);
	open_to(e, 10, 2);
	say(e, up_to(e, 10, 2), OK2);
	expect(c, DOWN_OK2);
	assert_non_null(up_to(e, 70, 0));
	assert_null(up_to(e, 70, 1));
	say(e, open_to(e, 70, 0), OK2);
	COUNTED(e, sent, 1);
	/* None at all of one that never got anywhere. */
	reconfigure(e, CONF_MIRRORS | CONF_NO_C1);
	say(e, c, GET("/mirror/all/"));
	expect(c, "HTTP/1.1 503 *no healthy upstream");
	COUNTED(e, not_whole, 1);
}

static void told_of_the_client(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u;

	reconfigure(e, CONF_MIRRORS | CONF_PROXY_V1);
	say(e, c, GET("/mirror/c1/"));
	u = up_open(e, 0);
	rst(e, c); /* it need not be there any more */
	open_to(e, 10, 0);
	expect(up_to(e, 10, 0), "PROXY TCP4 192.0.2.7 " OWN_IP " * 8080\r\nGET / HTTP/1.1\r\n"
				"Host: a.test-shadow\r\n*");
	assert_int_equal(u->fate, FAKE_ABORTED);
	say(e, up_to(e, 10, 0), OK2);
	COUNTED(e, sent, 1);
}

static void configurations_change(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	/* Under way, waiting for its request's end, waiting for a connection. */
	served(e, GET("/mirror/all/"));
	open_to(e, 70, 0);
	say(e, c, POST("/mirror/all/", "6") "abc");
	for (int i = 0; i < 3; i++)
		served(e, GET("/mirror/limited/"));
	reconfigure(e, 0);
	poll(e);
	say(e, up_to(e, 70, 0), OK2);
	say(e, c, "def");
	poll(e);
	say(e, up_to(e, 10, 0), OK2);
	COUNTED(e, no_endpoint, 1);
	COUNTED(e, failed, 0);
	expect(c, "*200 OK*");
}

static void no_copy_of_a_tunnel(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c,
	    "GET /mirror/all/ HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\n"
	    "Upgrade: websocket\r\n\r\n");
	open_to(e, 10, 0);
	say(e, up_to(e, 10, 0),
	    "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n");
	expect(c, "HTTP/1.1 101 *");
	poll(e);
	assert_null(up_to(e, 70, 0));
	COUNTED(e, not_whole, 0);
}

#define CASE(f)            cmocka_unit_test_setup_teardown(f, setup_mirrors, teardown)
#define CASE_WITH(make, f) cmocka_unit_test_setup_teardown(f, make, teardown)

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(copy_of_what_goes_up),
		CASE(host_as_it_came),
		CASE(failures_are_nobodys),
		CASE(heads_that_never_end),
		CASE(dead_pooled_connection),
		CASE(times_are_up),
		CASE(client_that_leaves),
		CASE(share_of_the_requests),
		CASE(body_that_is_not_kept),
		CASE(limits_of_the_cluster),
		CASE_WITH(setup_one, so_many_and_no_more),
		CASE(once_for_all_attempts),
		CASE(told_of_the_client),
		CASE(configurations_change),
		CASE(no_copy_of_a_tunnel),
	};

	return cmocka_run_group_tests_name("proxy_mirror", cases, NULL, NULL);
}
