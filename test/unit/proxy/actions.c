/* SPDX-License-Identifier: BSD-3-Clause */
/* What routes do beside forwarding, and what of it is logged: samples, times, faults, CORS. */
#include "harness.h"

static int setup_sampled(void **state)
{
	return setup_config(state, &(struct sl_proxy_config){.log_skip = 7500});
}

/** Requests of a path that are in the log; the rest is counted as left out. */
static uint32_t logged_of(struct env *e, const char *request, uint32_t n)
{
	struct sl_tcp_conn *c = client(e);
	uint64_t out = e->lc.stats.c->log_sampled_out;
	uint32_t in = 0;

	for (uint32_t i = 0; i < n; i++) {
		say(e, c, request);
		expect(c, "HTTP/1.1 200 OK*hi");
		for (; !no_log(e); in++)
			sl_ring_release(e->log);
	}
	assert_int_equal(e->lc.stats.c->log_sampled_out - out, n - in);
	fin(e, c);
	return in;
}

static void shares_of_the_log(void **state)
{
	struct env *e = *state;
	uint32_t n;

	reconfigure(e, CONF_ACTIONS);
	/* The box's share, and routes that say their own, which outranks it. */
	n = logged_of(e, GET("/direct"), 1000);
	assert_in_range(n, 200, 300);
	assert_int_equal(logged_of(e, GET("/log/all"), 100), 100);
	assert_int_equal(logged_of(e, GET("/log/none"), 100), 0);
	n = logged_of(e, GET("/log/tenth"), 1000);
	assert_in_range(n, 60, 140);
	assert_int_equal(e->lc.stats.c->log_dropped, 0);
}

/** Accept, head, route, first byte, done: each from the first byte of the request. */
static void five_times(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u;
	struct logged l;

	e->lc.now_us += 500;
	say(e, c, "GET /t HTTP/1.1\r\n");
	e->lc.now_us += 1000;
	say(e, c, "Host: a.test\r\n\r\n");
	e->lc.now_us += 2000;
	u = up_open(e, 0);
	e->lc.now_us += 3000;
	say(e, u, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
	e->lc.now_us += 4000;
	say(e, u, "ok");
	l = logged(e);
	assert_int_equal(l.r.accept_us, 500);
	assert_int_equal(l.r.head_us, 1000);
	assert_int_equal(l.r.routed_us, 1000);
	assert_int_equal(l.r.first_byte_us, 6000);
	assert_int_equal(l.r.duration_us, 10000);
	/* The next one on the connection: its wait counts from the connection's begin. */
	e->lc.now_us += 100;
	say(e, c, GET("/direct"));
	l = logged(e);
	assert_int_equal(l.r.accept_us, 10600);
	assert_int_equal(l.r.head_us, 0);
	assert_int_equal(l.r.routed_us, 0);
	assert_int_equal(l.r.first_byte_us, UINT32_MAX);
	assert_int_equal(l.r.upstream_us, UINT32_MAX);
	/* What was not routed has no such time. */
	say(e, c, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n");
	l = logged(e);
	assert_int_equal(l.r.status, 400);
	assert_int_equal(l.r.routed_us, UINT32_MAX);
}

static void aborted_on_purpose(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c;

	reconfigure(e, CONF_ACTIONS);
	c = client(e);
	say(e, c, GET("/fault/abort"));
	expect(c, "HTTP/1.1 555 \r\ncontent-length: 18\r\n" TEXT LOCAL "\r\nfault filter abort");
	assert_log(e, 555, F(FI), "fault_filter_abort");
	assert_int_equal(e->lc.stats.c->http_fault_aborted, 1);
	/* A backend that is not there is no fault on purpose. */
	say(e, c, GET("/fault/nowhere"));
	expect(c, "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n" LOCAL "\r\n");
	assert_log(e, 500, F(NC), "cluster_not_found");
	assert_int_equal(e->lc.stats.c->http_fault_aborted, 1);
	assert_int_equal(e->lc.stats.c->http_no_backend, 1);
	assert_int_equal(ups(e), 0);
}

static void delayed_on_purpose(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c, *u;
	struct logged l;

	reconfigure(e, CONF_ACTIONS);
	c = client(e);
	say(e, c, "POST /fault/delay HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi");
	advance(e, 290);
	assert_int_equal(ups(e), 0);
	advance(e, 20);
	u = up_open(e, 0);
	expect(u, "POST /fault/delay HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n" OURS TRIED(
			  "1") "hi");
	say(e, u, OK2);
	expect(c, DOWN_OK2);
	l = logged(e);
	assert_int_equal(l.r.flags, F(DI));
	assert_true(l.r.duration_us >= 300000);
	assert_int_equal(e->lc.stats.c->http_fault_delayed, 1);
	/* A client that leaves meanwhile costs nothing; both faults, one after the other. */
	say(e, c, GET("/fault/delay"));
	rst(e, c);
	assert_log(e, 0, F(DC) | F(DI), "downstream_remote_disconnect");
	c = client(e);
	say(e, c, GET("/fault/both"));
	expect(c, "");
	advance(e, 310);
	expect(c, "HTTP/1.1 503 *fault filter abort");
	assert_log(e, 503, F(DI) | F(FI), "fault_filter_abort");
	assert_int_equal(ups(e), 1);
}

static void cross_origin(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c, *u;

	reconfigure(e, CONF_ACTIONS);
	c = client(e);
	say(e, c,
	    "OPTIONS /cors HTTP/1.1\r\nHost: a.test\r\nOrigin: https://a.org\r\n"
	    "Access-Control-Request-Method: PUT\r\n\r\n");
	expect(c, "HTTP/1.1 200 OK\r\n*access-control-allow-origin: https://a.org\r\n*");
	assert_log(e, 200, 0, "cors_response");
	assert_int_equal(e->lc.stats.c->http_cors_preflights, 1);
	assert_int_equal(ups(e), 0);
	/* Not a preflight: forwarded, the grant on the answer, and none for another origin. */
	say(e, c, "GET /cors HTTP/1.1\r\nHost: a.test\r\nOrigin: https://a.org\r\n\r\n");
	u = up_open(e, 0);
	expect(u,
	       "GET /cors HTTP/1.1\r\nHost: a.test\r\nOrigin: https://a.org\r\n" OURS TRIED("1"));
	say(e, u, OK2);
	expect(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n*"
		  "access-control-allow-origin: https://a.org\r\n*\r\nok");
	say(e, c, "GET /cors HTTP/1.1\r\nHost: a.test\r\nOrigin: https://b.org\r\n\r\n");
	expect(u, "GET /cors *");
	say(e, u, OK2);
	expect(c, DOWN_OK2);
}

#define CASE(f)            cmocka_unit_test_setup_teardown(f, setup, teardown)
#define CASE_WITH(make, f) cmocka_unit_test_setup_teardown(f, make, teardown)

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE_WITH(setup_sampled, shares_of_the_log),
		CASE(five_times),
		CASE(aborted_on_purpose),
		CASE(delayed_on_purpose),
		CASE(cross_origin),
	};

	return cmocka_run_group_tests_name("proxy_actions", cases, NULL, NULL);
}
