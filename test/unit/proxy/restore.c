/* SPDX-License-Identifier: BSD-3-Clause */
/* Client connections that outlive the process: which go on, as what, and which don't. */
#include "harness.h"

#define PP "PROXY TCP4 203.0.113.9 192.0.2.1 5555 80\r\n"

static uint32_t kept(const struct env *e, enum sl_tcp_kept_mark mark)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < e->tcp.n; i++)
		n += e->tcp.conn[i].kept == mark;
	return n;
}

/** A request on c is served, over a new connection to its endpoint or the pooled one. */
static void serves(struct env *e, struct sl_tcp_conn *c)
{
	uint32_t i = ups(e);

	say(e, c, GET("/again"));
	say(e, ups(e) > i ? up_open(e, i) : up(e, i - 1), OK2);
	expect(c, DOWN_OK2);
}

static void goes_on(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *fresh = client(e), *used = client(e);

	assert_int_equal(kept(e, SL_TCP_KEPT_IDLE), 2);
	warm(e, used);
	assert_int_equal(used->memo.served, 1);
	assert_int_equal(used->memo.requests, 1);
	restart(e);
	/* What comes before the first configuration waits for it. */
	say(e, used, GET("/early"));
	expect(used, "");
	reconfigure(e, 0);
	assert_int_equal(e->lc.stats.c->tcp_restored, 2);
	assert_int_equal(e->lc.stats.c->http_downstream_cx_active, 2);
	assert_int_equal(sl_proxy_sessions(e->px), 2);
	say(e, up_open(e, 1), OK2);
	expect(used, DOWN_OK2);
	serves(e, fresh);
	/* And again. */
	restart(e);
	reconfigure(e, 0);
	assert_int_equal(e->lc.stats.c->tcp_restored, 2);
	serves(e, used);
	assert_int_equal(used->memo.requests, 3);
}

static void not_within_a_request(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c[5];

	for (int i = 0; i < 5; i++)
		c[i] = client(e);
	/* In pieces: what came is off its queue, and lies in a head buffer. */
	say_bytes(e, c[0], "GET / HT", 8, 3);
	assert_int_equal(c[0]->rx_len, 0);
	say(e, c[1], GET("/"));
	/* Answered, and the answer is not acknowledged yet. */
	up_open(e, 0);
	e->tcp.hold = true;
	say(e, up(e, 0), OK2);
	fin(e, c[2]);
	say(e, c[3], "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n");
	assert_int_equal(kept(e, SL_TCP_KEPT_IDLE), 1);
	assert_int_equal(c[1]->kept, SL_TCP_KEPT_BUSY);
	fake_ack(c[1]);
	poll(e);
	assert_int_equal(c[1]->kept, SL_TCP_KEPT_IDLE);
	e->tcp.hold = false;
	restart(e);
	reconfigure(e, 0);
	assert_int_equal(e->lc.stats.c->tcp_restored, 2);
	/* New connections take the places of those that are yet to be reset last. */
	for (int i = 0; i < 60; i++)
		client(e);
	assert_int_equal(kept(e, SL_TCP_KEPT_LOST), 2);
	for (int i = 0; i < 2; i++)
		client(e);
	assert_int_equal(kept(e, SL_TCP_KEPT_LOST), 0);
}

static void only_with_its_listener(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	restart(e);
	reconfigure(e, CONF_NO_LISTENER);
	assert_int_equal(c->fate, FAKE_ABORTED);
	assert_int_equal(e->lc.stats.c->tcp_restore_gone, 1);
	assert_int_equal(e->lc.stats.c->tcp_restored, 0);
	reconfigure(e, 0);
	c = client(e);
	restart(e);
	e->tcp.foreign = true;
	reconfigure(e, 0);
	assert_int_equal(c->fate, FAKE_ABORTED);
	e->tcp.foreign = false;
	/* Its row serves others. */
	for (int i = 0; i < 64; i++)
		assert_int_equal(client(e)->fate, FAKE_OPEN);
}

static void ends_while_it_waits(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c[2] = {client(e), client(e)};

	restart(e);
	rst(e, c[0]);
	assert_int_equal(c[0]->fate, FAKE_RELEASED);
	sl_proxy_drain(e->px, true);
	reconfigure(e, 0);
	assert_int_equal(e->lc.stats.c->tcp_restored, 1);
	assert_false(c[1]->kept == SL_TCP_KEPT_IDLE);
	sl_proxy_drain(e->px, false);
	say(e, c[1], GET("/warm"));
	say(e, up_open(e, 0), OK2);
	expect(c[1], "HTTP/1.1 200 OK*connection: close*ok");
}

static void drained_does_not_go_on(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c[2] = {client(e), client(e)};

	warm(e, c[0]);
	sl_proxy_drain(e->px, true);
	assert_int_equal(kept(e, SL_TCP_KEPT_IDLE), 0);
	restart(e);
	reconfigure(e, 0);
	assert_int_equal(e->lc.stats.c->tcp_restored, 0);
}

static void idle_time_goes_on(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c[2] = {client(e), NULL};

	e->lc.now_us += 3000000000;
	c[1] = client(e);
	restart(e);
	e->lc.now_us += 700000000;
	reconfigure(e, 0);
	assert_int_equal(c[0]->fate, FAKE_ABORTED);
	assert_int_equal(c[1]->fate, FAKE_OPEN);
	advance(e, 2800000);
	assert_int_equal(c[1]->fate, FAKE_OPEN);
	advance(e, 200000);
	assert_int_equal(c[1]->fate, FAKE_CLOSED_FIN);
	assert_int_equal(e->lc.stats.c->http_cx_idle_timeout, 1);
}

static void named_stays_named(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c, *waits;

	reconfigure(e, CONF_PROXY_FROM);
	c = client(e);
	waits = client(e);
	assert_int_equal(kept(e, SL_TCP_KEPT_IDLE), 0);
	say(e, c, PP);
	assert_int_equal(c->kept, SL_TCP_KEPT_IDLE);
	restart(e);
	reconfigure(e, CONF_PROXY_FROM);
	assert_int_equal(waits->fate, FAKE_ABORTED);
	say(e, c, GET("/"));
	say(e, up_open(e, 0), OK2);
	expect(up(e, 0), "*x-forwarded-for: 203.0.113.9*");
	expect(c, DOWN_OK2);
	assert_int_equal(logged(e).r.downstream_port, 5555);
}

static int setup_two(void **state)
{
	return setup_config(state, &(struct sl_proxy_config){.client_conns = 2});
}

static void counts_for_its_client(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c[2] = {client(e), client(e)};

	restart(e);
	reconfigure(e, 0);
	assert_int_equal(client(e)->fate, FAKE_ABORTED);
	e->cfg.client_conns = 1;
	restart(e);
	reconfigure(e, 0);
	assert_int_equal((c[0]->fate == FAKE_OPEN) + (c[1]->fate == FAKE_OPEN), 1);
}

static void relayed_does_not(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c;

	reconfigure(e, CONF_RELAY);
	c = fake_accept(&e->tcp, OWN_IP, 9000);
	poll(e);
	up_open(e, 0);
	assert_int_equal(c->kept, SL_TCP_KEPT_BUSY);
	say(e, c, "x");
	assert_int_equal(c->kept, SL_TCP_KEPT_BUSY);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(goes_on),
		TEST(not_within_a_request),
		TEST(only_with_its_listener),
		TEST(ends_while_it_waits),
		TEST(drained_does_not_go_on),
		TEST(idle_time_goes_on),
		TEST(named_stays_named),
		TEST(relayed_does_not),
		cmocka_unit_test_setup_teardown(counts_for_its_client, setup_two, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
