/* SPDX-License-Identifier: BSD-3-Clause */
/* Configurations that change under connections, draining, and a long random life. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>

static void epoch_between_requests(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, GET("/new"));
	say(e, u, OK2);
	expect(c, DOWN_OK2);
	reconfigure(e, CONF_SECOND_TABLE);
	say(e, c, GET("/new"));
	expect(c, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n" LOCAL "\r\n");
	/* The pool survived. */
	say(e, c, GET("/"));
	expect(u, "GET /new *" UP_GET("/"));
	say(e, u, OK2);
	assert_int_equal(ups(e), 1);
}

static void epoch_mid_request(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);
	struct logged l;

	say(e, c, "POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n\r\nab");
	reconfigure(e, CONF_SECOND_TABLE);
	say(e, c, "cd");
	expect(u, "POST *abcd");
	reconfigure(e, CONF_OTHER_C1);
	say(e, u, OK2);
	expect(c, DOWN_OK2);
	l = logged(e);
	assert_string_equal(l.text[SL_LOG_UPSTREAM_CLUSTER], "c1");
	assert_string_equal(l.text[SL_LOG_ROUTE_NAME], "r/");
	assert_int_equal(l.r.upstream_ip.b[15], 10);
	/* Its endpoint is gone: not pooled. */
	assert_int_not_equal(u->fate, FAKE_OPEN);
	say(e, c, GET("/"));
	assert_int_equal(up(e, 1)->remote.ip.b[15], 99);
}

static void epoch_while_connecting(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, GET("/"));
	reconfigure(e, CONF_OTHER_C1);
	/* It keeps the endpoint it has; a retry takes one of the new configuration. */
	fake_end(up(e, 0), SL_TCP_END_REFUSED);
	poll(e);
	advance(e, 26);
	assert_int_equal(up(e, 1)->remote.ip.b[15], 99);
	up_open(e, 1);
	say(e, up(e, 1), OK2);
	expect(c, DOWN_OK2);
	say(e, c, GET("/"));
	reconfigure(e, CONF_NO_C1);
	rst(e, up(e, 1));
	expect(c, "HTTP/1.1 503 *no healthy upstream");
}

static void vanished_endpoints_lose_their_pool(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	reconfigure(e, CONF_OTHER_C1);
	assert_int_equal(u->fate, FAKE_CLOSED_FIN);
	assert_int_equal(e->lc.stats.c->http_upstream_cx_idle, 0);
	/* It comes back, and goes again, and its slot may be another's. */
	for (int i = 0; i < 20; i++) {
		reconfigure(e, i % 2 ? CONF_OTHER_C1 : CONF_NO_C1);
		reconfigure(e, i % 3 ? 0 : CONF_OTHER_C1);
		say(e, c, GET("/"));
		up_open(e, ups(e) - 1);
		say(e, up(e, ups(e) - 1), OK2);
	}
	expect(c, "HTTP/1.1 200 *ok");
}

static void vanished_listener(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *idle = client(e), *busy = client(e), *fresh = client(e), *c, *u;

	say(e, idle, GET("/direct"));
	u = warm(e, busy);
	say(e, busy, GET("/"));
	reconfigure(e, CONF_NO_LISTENER);
	assert_true(idle->shut);
	assert_false(busy->shut);
	assert_false(fresh->shut);
	say(e, u, OK2);
	expect(busy, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" ADDED CLOSE "\r\nok");
	assert_true(busy->shut);
	say(e, fresh, GET("/direct"));
	expect(fresh, "HTTP/1.1 404 *" CLOSE "\r\n");
	c = client(e);
	assert_int_equal(c->fate, FAKE_ABORTED);
}

static void epoch_within_a_head(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, "GET /new HTTP/1.1\r\n");
	reconfigure(e, CONF_SECOND_TABLE);
	say(e, c, "Host: a.test\r\n\r\n");
	expect(c, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n" LOCAL "\r\n");
}

static void draining(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *idle = client(e), *busy = client(e), *begun = client(e), *u;
	struct sl_tcp_conn *fresh = client(e), *silent = client(e);
	struct sl_pkt syn = {.dport = 8080};
	uint32_t row;

	say(e, idle, GET("/direct"));
	u = warm(e, busy);
	say(e, busy, GET("/"));
	say(e, begun, "GET /direct HTTP/1.1\r\n");
	assert_int_equal(sl_ip_parse(OWN_IP, &syn.dst, NULL), 0);
	assert_true(sl_proxy_accept(e->px, &syn, &row));
	sl_proxy_drain(e->px, true);
	assert_false(sl_proxy_accept(e->px, &syn, &row));
	assert_true(idle->shut);
	/* A client that has just come must not find a closed door behind an open one. */
	assert_false(fresh->shut);
	say(e, fresh, GET("/direct"));
	expect(fresh, "HTTP/1.1 200 OK\r\n*" CLOSE "\r\nhi");
	fin(e, fresh);
	say(e, begun, "Host: a.test\r\n\r\n");
	expect(begun, "HTTP/1.1 200 OK\r\n*" CLOSE "\r\nhi");
	say(e, u, OK2);
	expect(busy, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" ADDED CLOSE "\r\nok");
	assert_int_equal(sl_proxy_sessions(e->px), 4);
	fin(e, idle);
	fin(e, busy);
	fin(e, begun);
	assert_int_equal(sl_proxy_sessions(e->px), 1);
	advance(e, 10100);
	assert_int_equal(silent->fate, FAKE_CLOSED_FIN);
	assert_int_equal(sl_proxy_sessions(e->px), 0);
	sl_proxy_drain(e->px, false);
	assert_true(sl_proxy_accept(e->px, &syn, &row));
	idle = client(e);
	say(e, idle, GET("/direct"));
	expect(idle, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n" TEXT LOCAL "\r\nhi");
	assert_false(idle->shut);
}

static void next_timer(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c;

	assert_true(sl_proxy_next_timer(e->px) == UINT64_MAX);
	c = client(e);
	say(e, c, "GET /");
	assert_true(sl_proxy_next_timer(e->px) <= e->lc.now_us + 10001000);
	assert_true(sl_proxy_next_timer(e->px) > e->lc.now_us);
	fin(e, c);
	assert_true(sl_proxy_next_timer(e->px) == UINT64_MAX);
}

static void wall_clock_moves(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	sl_proxy_set_wall_offset(e->px, UINT64_C(1000000000) * 1000000);
	say(e, c, GET("/direct"));
	expect(c, "*\r\ndate: Sun, 09 Sep 2001 01:46:41 GMT\r\n*");
}

/* ---- random life: whatever both sides do, nobody gets another's answer ---- */

static uint32_t rnd(struct env *e)
{
	e->lc.rnd ^= e->lc.rnd << 13;
	e->lc.rnd ^= e->lc.rnd >> 7;
	e->lc.rnd ^= e->lc.rnd << 17;
	return (uint32_t)(e->lc.rnd >> 32);
}

#define CLIENTS 6

/** A client that asks for /cN-K and must get "cN-K" back, or nothing. */
struct talker {
	struct sl_tcp_conn *c;
	uint32_t id, asked;
};

static void talk(struct env *e, struct talker *t)
{
	char text[256], body[32];
	int n = snprintf(body, sizeof(body), "c%u-%u", t->id, t->asked++);

	switch (rnd(e) % 3) {
	case 0:
		snprintf(text, sizeof(text), "GET /two/%s HTTP/1.1\r\nHost: a.test\r\n\r\n", body);
		break;
	case 1:
		snprintf(text, sizeof(text),
			 "POST /turns/%s HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n%s",
			 body, n, body);
		break;
	default:
		snprintf(text, sizeof(text),
			 "PUT /x/%s HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
			 "%x\r\n%s\r\n0\r\n\r\n",
			 body, n, body);
	}
	say_bytes(e, t->c, text, (uint32_t)strlen(text), 1 + rnd(e) % 200);
}

/** An endpoint answers the last request it has seen with that request's name. */
static void endpoint_acts(struct env *e, struct sl_tcp_conn *u)
{
	char text[256], name[64] = "";
	const char *from, *p;
	uint32_t what = rnd(e) % 12;

	if (!u->opened) {
		if (what == 0)
			fake_end(u, SL_TCP_END_REFUSED);
		else
			fake_open(u);
		return;
	}
	if (u->out_len == 0)
		return;
	from = u->out + u->read;
	p = memmem(from, u->out_len - u->read, "/c", 2);
	if (!p || !memmem(from, u->out_len - u->read, "\r\n\r\n", 4)) {
		if (what == 1)
			fake_fin(u);
		return;
	}
	/* A body may be on its way still; then the answer is early. */
	for (int i = 0; i < 60 && p[i + 1] != ' '; i++) {
		name[i] = p[i + 1];
		name[i + 1] = '\0';
	}
	u->read = u->out_len;
	if (what == 2)
		fake_end(u, SL_TCP_END_RESET);
	else if (what == 3)
		fake_fin(u);
	else if (what < 8)
		snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
			 strlen(name), name);
	else if (what < 10)
		snprintf(text, sizeof(text),
			 "HTTP/1.1 200 OK\r\nTransfer-Encoding: "
			 "chunked\r\n\r\n%zx\r\n%s\r\n0\r\n\r\n",
			 strlen(name), name);
	else
		snprintf(text, sizeof(text),
			 "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n%s", name);
	if (what >= 4)
		fake_rx(u, text, (uint32_t)strlen(text), 1 + rnd(e) % 100);
	if (what >= 10)
		fake_fin(u);
}

/** No answer that a client has is anyone else's. */
static void check_talker(const struct talker *t)
{
	const char *p = t->c->out ? t->c->out : "", *end = p + t->c->out_len;
	char mine[16];
	int n = snprintf(mine, sizeof(mine), "c%u-", t->id);
	uint32_t last = 0;

	while (p < end && (p = memmem(p, (size_t)(end - p), "\nc", 2)) != NULL) {
		p++;
		if (strncmp(p, "content", 7) == 0 || strncmp(p, "connection", 10) == 0)
			continue;
		assert_memory_equal(p, mine, n);
		/* In the order of the requests. */
		assert_true(last <= strtoul(p + n, NULL, 10));
		last = (uint32_t)strtoul(p + n, NULL, 10);
	}
}

static void random_life(void **state)
{
	struct env *e = *state;
	struct talker t[CLIENTS];
	uint32_t made = 0;

	for (uint32_t i = 0; i < CLIENTS; i++)
		t[i] = (struct talker){.c = client(e), .id = made++};
	for (uint32_t round = 0; round < 1500 && e->tcp.n < FAKE_CONNS - 16; round++) {
		struct talker *one = &t[rnd(e) % CLIENTS];

		if (one->c->fate != FAKE_OPEN || one->c->closed || one->c->eof) {
			check_talker(one);
			*one = (struct talker){.c = client(e), .id = made++};
		}
		talk(e, one);
		if (rnd(e) % 50 == 0)
			fake_end(one->c, SL_TCP_END_RESET);
		else if (rnd(e) % 50 == 0)
			fake_fin(one->c);
		for (uint32_t i = 0; up(e, i); i++)
			if (up(e, i)->fate == FAKE_OPEN && !up(e, i)->closed && !up(e, i)->eof)
				endpoint_acts(e, up(e, i));
		if (rnd(e) % 100 == 0)
			reconfigure(e, rnd(e) % 8 & ~CONF_NO_LISTENER);
		advance(e, rnd(e) % 40);
		while (!no_log(e))
			sl_ring_release(e->log);
	}
	for (uint32_t i = 0; i < CLIENTS; i++)
		check_talker(&t[i]);
	assert_true(e->lc.stats.c->http_rq_2xx > 100);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(epoch_between_requests),
		CASE(epoch_mid_request),
		CASE(epoch_while_connecting),
		CASE(vanished_endpoints_lose_their_pool),
		CASE(vanished_listener),
		CASE(epoch_within_a_head),
		CASE(draining),
		CASE(next_timer),
		CASE(wall_clock_moves),
		CASE(random_life),
	};

	return cmocka_run_group_tests_name("proxy_life", cases, NULL, NULL);
}
