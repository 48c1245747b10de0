/* SPDX-License-Identifier: BSD-3-Clause */
/* Heads of requests for control: which, how many, and what of them stays with the worker. */
#include "harness.h"

#include <errno.h>

#include "sl_heads.h"

static int setup_heads(void **state)
{
	return setup_config(state, &(struct sl_proxy_config){.heads = 10});
}

static int setup_many(void **state)
{
	return setup_config(state, &(struct sl_proxy_config){.heads = 1000});
}

/** Takes the next head; false: there is none. */
static bool next(struct env *e, struct sl_head_in *in)
{
	uint32_t len;
	const void *msg = sl_ring_peek(e->heads, &len);

	if (!msg)
		return false;
	assert_int_equal(sl_head_read(in, msg, len), 0);
	sl_ring_release(e->heads);
	return true;
}

/** Takes the only head. */
static void only(struct env *e, struct sl_head_in *in)
{
	uint32_t len;

	assert_true(next(e, in));
	assert_null(sl_ring_peek(e->heads, &len));
}

static uint32_t count(struct env *e)
{
	struct sl_head_in in;
	uint32_t n = 0;

	while (next(e, &in))
		n++;
	return n;
}

/** Row of the only field of that name; -1: there is none. */
static int row_of(const struct sl_head_in *in, const char *name)
{
	int row = -1;

	for (int i = 0; i < in->req.n_fields; i++)
		if (sl_str_ieq(in->req.field[i].name, sl_str(name))) {
			assert_int_equal(row, -1);
			row = i;
		}
	return row;
}

/** @param value NULL: withheld. */
static void assert_field(const struct sl_head_in *in, const char *name, const char *value)
{
	int row = row_of(in, name);

	assert_true(row >= 0);
	assert_int_equal(sl_head_withheld(&in->r, (uint32_t)row), value == NULL);
	assert_true(sl_str_eq(in->req.field[row].value, sl_str(value ? value : "")));
}

#define FIELDS_HEAD                                                                      \
	"POST /fields?a=b HTTP/1.1\r\nX-User: jason\r\nCookie: sid=secret\r\n"           \
	"Authorization: Basic secret\r\nHost: a.test\r\nx-request-id: forged-secret\r\n" \
	"x-envoy-secret: secret\r\nX-Forwarded-For: 9.9.9.9\r\nContent-Length: 2\r\n\r\nhi"

static void what_is_kept(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);
	struct sl_head_in in;
	struct logged l;

	reconfigure(e, CONF_FIELDS);
	say(e, c, FIELDS_HEAD);
	expect(c, "HTTP/1.1 200 OK*hi");
	only(e, &in);
	l = logged(e);
	assert_int_equal(in.r.wall_us, l.r.start_wall_us);
	assert_true(in.r.request == sl_head_request(sl_str(l.text[SL_LOG_REQUEST_ID])));
	assert_int_equal(in.r.requests, 1);
	assert_int_equal(in.r.flags, 0);
	assert_true(sl_ip_eq(&in.r.ip, &l.r.local_ip));
	assert_int_equal(in.r.port, 8080);
	assert_true(sl_str_eq(in.req.method, SL_STR("POST")));
	assert_true(sl_str_eq(in.req.target, SL_STR("/fields?a=b")));
	assert_true(sl_str_eq(in.req.authority, SL_STR("a.test")));
	assert_field(&in, "x-user", "jason");
	assert_field(&in, "content-length", "2");
	/* That a route wants a cookie to be there is no reason to say what is in it. */
	assert_field(&in, "cookie", NULL);
	assert_field(&in, "authorization", NULL);
	assert_field(&in, "x-forwarded-for", NULL);
	assert_field(&in, "x-request-id", NULL);
	assert_int_equal(row_of(&in, "x-envoy-secret"), -1);
	/* Of what a client calls secret, nothing came into the ring's memory. */
	assert_null(
		memmem(e->heads, sl_ring_size(e->heads->slots, e->heads->slot_size), "secret", 6));
	assert_int_equal(e->lc.stats.c->heads_kept, 1);
}

/* Names are those of the configuration in use, and none of one that is gone. */
static void names_follow_the_configuration(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);
	struct sl_head_in in;

	for (int i = 0; i < 3; i++) {
		reconfigure(e, CONF_FIELDS);
		reconfigure(e, CONF_FIELDS);
		say(e, c, "GET /direct HTTP/1.1\r\nHost: a.test\r\nx-user: bob\r\n\r\n");
		only(e, &in);
		assert_field(&in, "x-user", "bob");
		reconfigure(e, 0);
		say(e, c, "GET /direct HTTP/1.1\r\nHost: a.test\r\nx-user: bob\r\n\r\n");
		only(e, &in);
		assert_field(&in, "x-user", NULL);
	}
}

static void ask(struct env *e, struct sl_tcp_conn *c, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		say(e, c, GET("/direct"));
		expect(c, "HTTP/1.1 200 OK*hi");
		if (!no_log(e))
			sl_ring_release(e->log);
	}
}

/* So many a second, at once if need be, and none is saved up for longer. */
static void sampled(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);
	struct sl_head_in in;
	uint32_t n = 0;

	e->lc.now_us += 5000000;
	ask(e, c, 30);
	assert_int_equal(count(e), 10);
	ask(e, c, 5);
	assert_int_equal(count(e), 0);
	e->lc.now_us += 100000;
	ask(e, c, 1);
	/* It stands for those that were left out, too. */
	assert_true(next(e, &in));
	assert_int_equal(in.r.requests, 26);
	ask(e, c, 1);
	assert_int_equal(count(e), 0);
	e->lc.now_us += 60000000;
	ask(e, c, 16);
	assert_int_equal(count(e), 10);
	/* One every 50 ms, of which every second one is due. */
	for (int i = 0; i < 40; i++) {
		e->lc.now_us += 50000;
		ask(e, c, 1);
		n += count(e);
	}
	assert_in_range(n, 19, 20);
	assert_int_equal(e->lc.stats.c->heads_dropped, 0);
}

/* What has no room is counted, and stood for by the next one. */
static void full_ring(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);
	struct sl_head_in in;

	e->lc.now_us += 5000000;
	ask(e, c, 20);
	assert_int_equal(e->lc.stats.c->heads_kept, 16);
	assert_int_equal(e->lc.stats.c->heads_dropped, 4);
	for (int i = 0; i < 16; i++) {
		assert_true(next(e, &in));
		assert_int_equal(in.r.requests, 1);
	}
	ask(e, c, 1);
	only(e, &in);
	assert_int_equal(in.r.requests, 5);
}

static void off(void **state)
{
	struct env *e = *state;

	ask(e, client(e), 20);
	assert_int_equal(count(e), 0);
	assert_int_equal(e->lc.stats.c->heads_kept + e->lc.stats.c->heads_dropped, 0);
}

/* A request that a fault holds back is routed twice, and kept once. */
static void once_each(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c;

	reconfigure(e, CONF_ACTIONS);
	c = client(e);
	say(e, c, GET("/fault/delay"));
	advance(e, 310);
	assert_non_null(up_open(e, 0));
	assert_int_equal(count(e), 1);
	/* What is not routed has no head. */
	say(e, client(e), "GET / HTTP/1.1\r\nHost: a b\r\n\r\n");
	say(e, client(e), GET("/%00"));
	assert_int_equal(count(e), 0);
	say(e, client(e), "GET / HTTP/1.1\r\nHost: nobody.test\r\n\r\n");
	assert_int_equal(count(e), 1);
}

static void long_ones_are_cut(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);
	struct sl_head_in in;
	char text[8000];
	int n;

	reconfigure(e, CONF_FIELDS);
	n = sprintf(text, "GET /");
	memset(text + n, 'p', 4000);
	strcpy(text + n + 4000, " HTTP/1.1\r\nHost: a.test\r\nx-user: jason\r\n\r\n");
	say(e, c, text);
	only(e, &in);
	assert_int_equal(in.r.flags, SL_HEAD_CUT);
	assert_true(in.req.target.n > 1900);
	n = sprintf(text, "GET /fields HTTP/1.1\r\nHost: a.test\r\nx-user: jason");
	memset(text + n, 'u', 4000);
	strcpy(text + n + 4000, "\r\nx-other: 1\r\n\r\n");
	say(e, client(e), text);
	only(e, &in);
	assert_int_equal(in.r.flags, 0);
	assert_field(&in, "x-user", NULL);
	assert_field(&in, "x-other", NULL);
}

#define CASE(make, f) cmocka_unit_test_setup_teardown(f, make, teardown)

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(setup_heads, what_is_kept),
		CASE(setup_heads, names_follow_the_configuration),
		CASE(setup_heads, sampled),
		CASE(setup_many, full_ring),
		CASE(setup, off),
		CASE(setup_heads, once_each),
		CASE(setup_heads, long_ones_are_cut),
	};

	return cmocka_run_group_tests_name("proxy_heads", cases, NULL, NULL);
}
