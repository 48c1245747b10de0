/* SPDX-License-Identifier: BSD-3-Clause */
/* Trailers: dropped, or forwarded with what may go on of them, both ways. */
#include "harness.h"

#include <stdio.h>

#define POST "POST /u HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n"
#define UP_POST \
	"POST /u HTTP/1.1\r\nHost: a.test\r\n" OURS "transfer-encoding: chunked\r\n" TRIED("1")
#define WANT_GET    "GET / HTTP/1.1\r\nHost: a.test\r\nTE: trailers\r\n\r\n"
#define UP_WANT_GET "GET / HTTP/1.1\r\nHost: a.test\r\nTE: trailers\r\n" OURS TRIED("1")
#define CHUNKED     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
#define DOWN        "HTTP/1.1 200 OK\r\n" ADDED "transfer-encoding: chunked\r\n\r\n"

static int setup_forward(void **state)
{
	return setup_config(state,
			    &(struct sl_proxy_config){.forward_trailers = true, .head_fields = 20});
}

static void finish(struct env *e, struct sl_tcp_conn *c, struct sl_tcp_conn *u)
{
	say(e, u, OK2);
	expect(c, DOWN_OK2);
}

static void dropped(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, POST "Trailer: X\r\n\r\n1\r\na\r\n0\r\nX: 1\r\n\r\n");
	expect(u, UP_POST "1\r\na\r\n0\r\n\r\n");
	finish(e, c, u);
	say(e, c, WANT_GET);
	expect(u, UP_WANT_GET);
	say(e, u, CHUNKED "Trailer: X\r\n\r\n1\r\na\r\n0\r\nX: 1\r\n\r\n");
	expect(c, DOWN "1\r\na\r\n0\r\n\r\n");
	assert_int_equal(e->lc.stats.c->http_trailers_forwarded, 0);
}

static void listener_forwards(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c, *u;

	reconfigure(e, CONF_TRAILERS);
	c = client(e);
	u = warm(e, c);
	say(e, c, POST "\r\n0\r\nX: 1\r\n\r\n");
	expect(u, UP_POST "0\r\nX: 1\r\n\r\n");
	finish(e, c, u);
}

static void of_a_request(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);
	static const char text[] =
		POST "Trailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum:\t1 \r\nHost: b.test\r\n"
		     "Transfer-Encoding: x\r\nAuthorization: me\r\nX-Sum: 2\r\n\r\n";

	for (uint32_t seg = 1; seg <= 1448; seg = seg * 3 + 1) {
		say_bytes(e, c, text, sizeof(text) - 1, seg);
		expect(u,
		       "POST /u HTTP/1.1\r\nHost: a.test\r\nTrailer: X-Sum\r\n" OURS
		       "transfer-encoding: chunked\r\n" TRIED("1") "3\r\nabc\r\n0\r\n"
								   "X-Sum: 1\r\nX-Sum: 2\r\n\r\n");
		finish(e, c, u);
	}
	/* Nothing is left of it for the next body. */
	say(e, c, POST "\r\n0\r\n\r\n");
	expect(u, UP_POST "0\r\n\r\n");
	finish(e, c, u);
	say(e, c, POST "\r\n0\r\nHost: b\r\n\r\n");
	expect(u, UP_POST "0\r\n\r\n");
	finish(e, c, u);
}

static void of_an_answer(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);
	static const char answer[] =
		CHUNKED "Trailer: ETag\r\n\r\n2\r\nok\r\n0\r\nETag: \"1\"\r\nSet-Cookie: a\r\n\r\n";

	for (uint32_t seg = 5; seg <= 1448; seg = seg * 3 + 1) {
		say(e, c, WANT_GET);
		expect(u, UP_WANT_GET);
		say_bytes(e, u, answer, sizeof(answer) - 1, seg);
		expect(c, "HTTP/1.1 200 OK\r\nTrailer: ETag\r\n" ADDED
			  "transfer-encoding: chunked\r\n\r\n*ok\r\n0\r\nETag: \"1\"\r\n\r\n");
	}
	/* Who does not ask for them gets none. */
	say(e, c, GET("/"));
	expect(u, UP_GET("/"));
	say_bytes(e, u, answer, sizeof(answer) - 1, 1448);
	expect(c, DOWN "2\r\nok\r\n0\r\n\r\n");
}

static void named_by_connection(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, POST "Connection: X-Hop\r\n\r\n0\r\nX-Hop: 1\r\nX: 1\r\n\r\n");
	expect(u, UP_POST "0\r\n\r\n");
	finish(e, c, u);
	say(e, c, POST "Connection: TE, keep-alive\r\n\r\n0\r\nX: 1\r\n\r\n");
	expect(u, UP_POST "0\r\nX: 1\r\n\r\n");
	finish(e, c, u);
	say(e, c, WANT_GET);
	expect(u, UP_WANT_GET);
	say(e, u, CHUNKED "Connection: X-Hop\r\n\r\n0\r\nX-Hop: 1\r\n\r\n");
	expect(c, DOWN "0\r\n\r\n");
}

/** Slow trailers hold at most a quarter of the head buffers; who comes then goes without. */
static void buffers_are_left_for_heads(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c[3], *u[3];

	for (uint32_t i = 0; i < 3; i++) {
		c[i] = client(e);
		say(e, c[i], POST "\r\n0\r\nX: ");
		u[i] = up_open(e, i);
		expect(u[i], UP_POST);
	}
	for (int i = 2; i >= 0; i--) {
		say(e, c[i], "1\r\n\r\n");
		expect(u[i], i == 2 ? "0\r\n\r\n" : "0\r\nX: 1\r\n\r\n");
		finish(e, c[i], u[i]);
	}
	assert_int_equal(e->lc.stats.c->http_trailers_dropped, 1);
	assert_int_equal(e->lc.stats.c->http_trailers_forwarded, 2);
}

/** However a message ends within its trailers, their buffer is free again. */
static void cut_within(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c, *u;

	for (uint32_t i = 0; i < 12; i++) {
		c = client(e);
		say(e, c, i % 2 ? POST "\r\n0\r\nX: 1" : WANT_GET);
		u = up_open(e, ups(e) - 1);
		expect(u, i % 2 ? UP_POST : UP_WANT_GET);
		if (i % 2 == 0)
			say(e, u, CHUNKED "\r\n0\r\nX: 1");
		switch (i / 2) {
		case 0:
			rst(e, c);
			break;
		case 1:
			fin(e, c);
			rst(e, u);
			break;
		case 2:
			say(e, i % 2 ? c : u, "\r\n bad");
			break;
		case 3:
			rst(e, u);
			break;
		case 4:
			advance(e, 400000);
			break;
		default:
			fin(e, u);
		}
	}
	c = client(e);
	say(e, c, POST "\r\n0\r\nX: 1\r\n\r\n");
	u = up_open(e, ups(e) - 1);
	expect(u, UP_POST "0\r\nX: 1\r\n\r\n");
	finish(e, c, u);
	assert_int_equal(e->lc.stats.c->http_trailers_dropped, 0);
}

static void limits_of_a_head(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u;
	char text[1024];
	int n = sprintf(text, POST "\r\n0\r\n");

	for (int i = 0; i < 21; i++)
		n += sprintf(text + n, "X: 1\r\n");
	sprintf(text + n, "\r\n");
	say(e, c, text);
	u = up_open(e, 0);
	expect(c, "HTTP/1.1 431 *");
	assert_int_equal(u->fate, FAKE_ABORTED);
	assert_log(e, 431, F(DPE), "http1.too_many_headers");
}

static void sent_again(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	/* The pooled connection dies; all of the request was kept. */
	say(e, c,
	    "PUT /u HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "1\r\na\r\n0\r\nX: 1\r\n\r\n");
	rst(e, u);
	u = up_open(e, 1);
	expect(u, "PUT /u HTTP/1.1\r\nHost: a.test\r\n" OURS
		  "transfer-encoding: chunked\r\n" TRIED("2") "1\r\na\r\n0\r\nX: 1\r\n\r\n");
	finish(e, c, u);
}

static int setup_kept(void **state)
{
	return setup_config(state, &(struct sl_proxy_config){.forward_trailers = true,
							     .retry_body_bytes = 65536});
}

#define CASE(f)            cmocka_unit_test_setup_teardown(f, setup, teardown)
#define CASE_WITH(make, f) cmocka_unit_test_setup_teardown(f, make, teardown)

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(dropped),
		CASE(listener_forwards),
		CASE_WITH(setup_forward, of_a_request),
		CASE_WITH(setup_forward, of_an_answer),
		CASE_WITH(setup_forward, named_by_connection),
		CASE_WITH(setup_forward, buffers_are_left_for_heads),
		CASE_WITH(setup_forward, cut_within),
		CASE_WITH(setup_forward, limits_of_a_head),
		CASE_WITH(setup_kept, sent_again),
	};

	return cmocka_run_group_tests_name("proxy_trailers", cases, NULL, NULL);
}
