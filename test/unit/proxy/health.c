/* SPDX-License-Identifier: BSD-3-Clause */
/* Clients that stay with their endpoint; checks over our own stack; ejection. */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#define CHECK_HEAD                                                             \
	"GET /healthz HTTP/1.1\r\nhost: c.test\r\nuser-agent: Sluice-HC/1\r\n" \
	"connection: close\r\n\r\n"
#define ANSWER(status) "HTTP/1.1 " status " x\r\nContent-Length: 0\r\n\r\n"

/* ---- affinity ---- */

/* Sends one request over a connection of its own; @return the port-less address's last byte. */
static unsigned int ask(struct env *e, const char *request, const char *answer)
{
	struct sl_tcp_conn *c = client(e), *u;
	uint32_t before = ups(e);
	unsigned int to;

	say(e, c, request);
	assert_int_equal(ups(e), before + 1);
	u = up_open(e, before);
	to = u->remote.ip.b[15];
	say(e, u, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
	expect(c, answer);
	fin(e, c);
	return to;
}

#define STICKY(cookie) "GET /sticky HTTP/1.1\r\nHost: a.test\r\n" cookie "Connection: close\r\n\r\n"
#define PLAIN          "HTTP/1.1 200 OK\r\nContent-Length: 2\r\ndate: *\r\n*\r\n\r\nok"

static void a_cookie_leads_to_its_endpoint(void **state)
{
	struct env *e = *state;
	unsigned int seen = 0;

	for (int i = 0; i < 20; i++) {
		char request[256];
		unsigned int to;

		snprintf(request, sizeof(request), STICKY("Cookie: a=b; sid=\"user-%d\"; c=d\r\n"),
			 i);
		to = ask(e, request,
			 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" ADDED
			 "connection: close\r\n\r\nok");
		seen |= 1u << (to - 50);
		assert_int_equal(to, ask(e, request, PLAIN));
		snprintf(request, sizeof(request), STICKY("Cookie: sid=user-%d\r\n"), i);
		assert_int_equal(to, ask(e, request, PLAIN)); /* quotes are not part of it */
	}
	assert_int_equal(seen, 7);
}

static void without_a_cookie_one_is_given(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u;
	char request[256], value[17] = "";
	const char *at;

	say(e, c, STICKY("Cookie: xsid=no; sidx=no\r\n"));
	u = up_open(e, 0);
	say(e, u, OK2);
	at = strstr(c->out, "set-cookie: sid=\"");
	assert_non_null(at);
	memcpy(value, at + 17, 16);
	expect(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" ADDED
		  "set-cookie: sid=\"*\"; Max-Age=60; Path=/s; HttpOnly\r\n"
		  "connection: close\r\n\r\nok");
	fin(e, c);
	snprintf(request, sizeof(request), STICKY("Cookie: sid=%s\r\n"), value);
	/* The very same endpoint, over the connection that was pooled. */
	c = client(e);
	say(e, c, request);
	assert_int_equal(ups(e), 1);
	say(e, u, OK2);
	expect(c, PLAIN);
	fin(e, c);
}

/* ---- checks ---- */

/* The checks' connections of one round: to .90 and .91. */
static void round_of(struct env *e, uint32_t *from, struct sl_tcp_conn *c[2])
{
	assert_int_equal(ups(e), *from + 2);
	for (uint32_t i = 0; i < 2; i++) {
		struct sl_tcp_conn *u = up(e, *from + i);

		c[u->remote.ip.b[15] - 90] = u;
	}
	*from += 2;
}

static unsigned int flags(struct env *e, unsigned int last)
{
	for (uint32_t i = 0; i < sl_snap_count(e->snap, SL_SNAP_ENDPOINTS); i++) {
		const struct sl_snap_endpoint *ep = sl_snap_endpoint(e->snap, i);

		if (ep->ip.b[15] == last && ep->ip.b[12] == 10)
			return sl_health_flags(e->lc.health, ep->slot.index, ep->slot.born);
	}
	fail_msg("no endpoint %u", last);
	return 0;
}

static void checks_decide(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c[2];
	uint32_t n = 0;

	reconfigure(e, CONF_CHECKS);
	advance(e, 2);
	/* The first result decides alone. */
	round_of(e, &n, c);
	for (int i = 0; i < 2; i++)
		fake_open(c[i]);
	poll(e);
	expect(c[0], CHECK_HEAD);
	say(e, c[0], "HTTP/1.1 100 Continue\r\n\r\n" ANSWER("204"));
	say(e, c[1], ANSWER("500"));
	assert_int_equal(flags(e, 90), 0);
	assert_int_equal(flags(e, 91), SL_HEALTH_FAILED);
	/* Then two in a row: an answer out of time and one that is refused. */
	advance(e, 1001);
	round_of(e, &n, c);
	fake_open(c[1]);
	poll(e);
	say(e, c[1], ANSWER("200"));
	advance(e, 301);
	assert_int_equal(flags(e, 90), 0);
	assert_int_equal(flags(e, 91), SL_HEALTH_FAILED);
	advance(e, 700); /* .91 is due again after its answer */
	assert_int_equal(ups(e), n + 1);
	fake_open(up(e, n));
	poll(e);
	say(e, up(e, n), ANSWER("299"));
	assert_int_equal(flags(e, 91), 0);
	advance(e, 301);
	assert_int_equal(ups(e), n + 2);
	fake_end(up(e, n + 1), SL_TCP_END_REFUSED);
	poll(e);
	assert_int_equal(flags(e, 90), SL_HEALTH_FAILED);
	/* Nothing is checked any more: nothing is held against anyone. */
	reconfigure(e, 0);
	assert_int_equal(flags(e, 90), 0);
	advance(e, 5000);
	assert_int_equal(ups(e), n + 2);
}

/* ---- ejection ---- */

/* One request to the cluster that is answered with this; @return who answered. */
static unsigned int answered(struct env *e, const char *status)
{
	struct sl_tcp_conn *c = client(e), *u = NULL;
	char answer[128];
	uint32_t before = ups(e);

	say(e, c, "GET /checked HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n");
	assert_int_equal(ups(e), before + 1);
	u = up_open(e, before);
	snprintf(answer, sizeof(answer),
		 "HTTP/1.1 %s x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status);
	say(e, u, answer);
	fin(e, c);
	return u->remote.ip.b[15];
}

static void failures_eject_for_a_while(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c[2];
	unsigned int bad;
	uint32_t n = 0;

	reconfigure(e, CONF_CHECKS);
	advance(e, 2);
	round_of(e, &n, c);
	for (int i = 0; i < 2; i++) {
		fake_open(c[i]);
		poll(e);
		say(e, c[i], ANSWER("200"));
	}
	/* By turns: whoever is first answers 500 three times. */
	bad = answered(e, "500");
	for (int i = 0; i < 4; i++)
		answered(e, i % 2 ? "500" : "200");
	poll(e);
	assert_int_equal(flags(e, bad), SL_HEALTH_EJECTED);
	for (int i = 0; i < 6; i++)
		assert_int_not_equal(answered(e, "200"), bad);
	/* Not more than half of them: the other one stays whatever it answers. */
	for (int i = 0; i < 5; i++)
		assert_int_not_equal(answered(e, "503"), bad);
	poll(e);
	assert_int_equal(flags(e, bad == 90 ? 91 : 90), 0);
	advance(e, 2600);
	assert_int_equal(flags(e, bad), 0);
	reconfigure(e, 0); /* ends the checks */
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_cookie_leads_to_its_endpoint),
		TEST(without_a_cookie_one_is_given),
		TEST(checks_decide),
		TEST(failures_eject_for_a_while),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
