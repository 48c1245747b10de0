/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections that are not HTTP: bytes both ways, ends of either side, endpoints that fail. */
#include "harness.h"

static int setup_relay(void **state)
{
	if (setup_config(state, &(struct sl_proxy_config){.idle_timeout_ms = 60000,
							  .stream_idle_ms = 1000}) < 0)
		return -1;
	reconfigure(*state, CONF_RELAY);
	return 0;
}

static struct sl_tcp_conn *relayed(struct env *e, uint16_t port)
{
	struct sl_tcp_conn *c = fake_accept(&e->tcp, OWN_IP, port);

	poll(e);
	return c;
}

static void bytes_go_both_ways(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = relayed(e, 9000), *u;
	struct logged l;

	/* What the client says at once waits for the endpoint. */
	say(e, c, "GET / HTTP/1.1\r\n\r\nno HTTP to us");
	u = up_open(e, 0);
	expect(u, "GET / HTTP/1.1\r\n\r\nno HTTP to us");
	say(e, u, "hello");
	expect(c, "hello");
	say(e, c, "more");
	expect(u, "more");
	fin(e, c);
	assert_true(u->shut);
	say(e, u, "last words");
	expect(c, "last words");
	fin(e, u);
	assert_true(c->shut);
	l = logged(e);
	assert_int_equal(l.r.http_minor, SL_LOG_NO_HTTP);
	assert_int_equal(l.r.status, 0);
	assert_int_equal(l.r.flags, 0);
	assert_int_equal(l.r.bytes_received, 35);
	assert_int_equal(l.r.bytes_sent, 15);
	assert_int_equal(l.r.upstream_port, 8000);
	assert_string_equal(l.text[SL_LOG_UPSTREAM_CLUSTER], "c1");
	assert_string_equal(l.text[SL_LOG_METHOD], "");
	/* It counts as a connection, not as a request. */
	assert_int_equal(e->lc.stats.c->http_downstream_cx_total, 1);
	assert_int_equal(e->lc.stats.c->http_downstream_rq_total, 0);
}

static void endpoint_speaks_first(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = relayed(e, 9000), *u = up_open(e, 0);

	say(e, u, "220 ready");
	expect(c, "220 ready");
	rst(e, c);
	assert_int_equal(u->fate, FAKE_ABORTED);
	assert_int_equal(logged(e).r.flags, F(DC));
}

static void endpoint_resets(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = relayed(e, 9000), *u = up_open(e, 0);

	rst(e, u);
	assert_int_equal(c->fate, FAKE_ABORTED);
	assert_int_equal(logged(e).r.flags, F(UC));
}

static void another_endpoint_is_tried(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = relayed(e, 9001), *u;

	say(e, c, "x");
	rst(e, up(e, 0));
	advance(e, 500);
	assert_int_equal(ups(e), 2);
	u = up_open(e, 1);
	assert_memory_not_equal(&u->remote, &up(e, 0)->remote, sizeof(u->remote));
	expect(u, "x");
	expect(c, "");
	rst(e, c);
}

static void none_is_left(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = relayed(e, 9002);

	assert_int_equal(c->fate, FAKE_ABORTED);
	assert_int_equal(logged(e).r.flags, F(UH));
	c = relayed(e, 9001);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(ups(e), i + 1);
		rst(e, up(e, i));
		advance(e, 500);
	}
	assert_int_equal(c->fate, FAKE_ABORTED);
	expect(c, "");
	assert_int_equal(logged(e).r.flags, F(UF) | F(URX));
}

static void pooled_connections_are_not_its(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c;

	warm(e, client(e));
	c = relayed(e, 9000);
	assert_int_equal(ups(e), 2);
	up_open(e, 1);
	rst(e, c);
}

static void endpoint_learns_the_client(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c, *u;

	reconfigure(e, CONF_RELAY | CONF_PROXY_V1);
	c = relayed(e, 9000);
	say(e, c, "x");
	u = up_open(e, 0);
	expect(u, "PROXY TCP4 192.0.2.7 " OWN_IP " * 9000\r\nx");
	rst(e, c);
}

static void silence_ends_it_in_the_connections_time(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = relayed(e, 9000);

	up_open(e, 0);
	advance(e, 50000);
	assert_int_equal(c->fate, FAKE_OPEN);
	advance(e, 20000);
	assert_int_equal(c->fate, FAKE_ABORTED);
	assert_int_equal(logged(e).r.flags, F(SI));
}

static void listener_goes_connections_stay(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = relayed(e, 9000), *u = up_open(e, 0);

	reconfigure(e, 0);
	say(e, c, "still");
	expect(u, "still");
	rst(e, c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bytes_go_both_ways, setup_relay, teardown),
		cmocka_unit_test_setup_teardown(endpoint_speaks_first, setup_relay, teardown),
		cmocka_unit_test_setup_teardown(endpoint_resets, setup_relay, teardown),
		cmocka_unit_test_setup_teardown(another_endpoint_is_tried, setup_relay, teardown),
		cmocka_unit_test_setup_teardown(none_is_left, setup_relay, teardown),
		cmocka_unit_test_setup_teardown(pooled_connections_are_not_its, setup_relay,
						teardown),
		cmocka_unit_test_setup_teardown(endpoint_learns_the_client, setup_relay, teardown),
		cmocka_unit_test_setup_teardown(silence_ends_it_in_the_connections_time,
						setup_relay, teardown),
		cmocka_unit_test_setup_teardown(listener_goes_connections_stay, setup_relay,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
