/* SPDX-License-Identifier: BSD-3-Clause */
/* Retries: conditions, back-off, budget. */
#include "harness.h"

#define UP_N(path, n) "GET " path " HTTP/1.1\r\nHost: a.test\r\n" OURS TRIED(n)
#define BUSY(code)    "HTTP/1.1 " code " x\r\nContent-Length: 4\r\n\r\nbusy"

static uint64_t sum_of(struct env *e, size_t field)
{
	uint64_t n = 0;

	for (int i = 0; i < 16; i++)
		n += *(const uint64_t *)((const char *)&e->lc.stats.cluster[i] + field);
	return n;
}
#define SUM(e, field) sum_of(e, offsetof(struct sl_stats_cluster, field))

static void answer_of(struct env *e, uint32_t i, const char *answer)
{
	up_open(e, i);
	say(e, up(e, i), answer);
}

static void listed_statuses(void **state)
{
	static const char *const retried[] = {BUSY("500"), BUSY("502"), BUSY("503"), BUSY("409")};
	static const char *const passed[] = {BUSY("501"), BUSY("505"), BUSY("404"), BUSY("200")};
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);
	uint32_t n = 0;

	for (int i = 0; i < 4; i++) {
		say(e, c, GET("/codes"));
		answer_of(e, n, retried[i]);
		assert_int_equal(up(e, n)->fate, FAKE_ABORTED);
		expect(c, "");
		advance(e, 26);
		assert_int_equal(ups(e), n + 2);
		assert_int_not_equal(up(e, n)->remote.ip.b[15], up(e, n + 1)->remote.ip.b[15]);
		up_open(e, n + 1);
		expect(up(e, n + 1), UP_N("/codes", "2"));
		/* Not pooled, so that the next round begins with a new one. */
		say(e, up(e, n + 1),
		    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
		expect(c, DOWN_OK2);
		assert_log(e, 200, 0, "via_upstream");
		n += 2;
	}
	assert_int_equal(SUM(e, rq_retry), 4);
	for (int i = 0; i < 4; i++) {
		c = client(e);
		say(e, c, GET("/codes"));
		if (ups(e) > n)
			up_open(e, n);
		say(e, up(e, n), passed[i]);
		expect(c, "HTTP/1.1 * x\r\nContent-Length: 4\r\n" ADDED "\r\nbusy");
		advance(e, 300);
		fin(e, up(e, n++));
		assert_int_equal(ups(e), n);
	}
	assert_int_equal(SUM(e, rq_retry), 4);
}

static void last_status_is_passed_on(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, GET("/codes"));
	for (uint32_t i = 0; i < 3; i++) {
		answer_of(e, i, BUSY("503"));
		if (i < 2)
			expect(c, "");
		advance(e, 52);
	}
	assert_int_equal(ups(e), 3);
	expect(c, "HTTP/1.1 503 x\r\nContent-Length: 4\r\n" ADDED "\r\nbusy");
	assert_log(e, 503, F(URX), "via_upstream");
	assert_int_equal(SUM(e, rq_retry_limit), 1);
}

static void post_is_not_repeated_for_a_status(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, "POST /codes HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n");
	answer_of(e, 0, BUSY("503"));
	expect(c, "HTTP/1.1 503 x\r\n*busy");
	advance(e, 52);
	assert_int_equal(ups(e), 1);
}

static void not_after_an_interim_answer(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, GET("/codes"));
	answer_of(e, 0, "HTTP/1.1 103 Early Hints\r\n\r\n" BUSY("503"));
	expect(c, "HTTP/1.1 103 *HTTP/1.1 503 x\r\n*busy");
}

static void only_what_is_listed(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	/* connect-failure alone: a reset after the request was sent is none. */
	say(e, c, GET("/connect"));
	fake_end(up(e, 0), SL_TCP_END_REFUSED);
	poll(e);
	advance(e, 26);
	up_open(e, 1);
	expect(up(e, 1), UP_N("/connect", "2"));
	rst(e, up(e, 1));
	advance(e, 52);
	assert_int_equal(ups(e), 2);
	expect(c, "HTTP/1.1 503 *reset reason: connection termination");
	assert_log(e, 503, F(UC), "upstream_reset_before_response_started{connection_termination}");
}

static void garbage_is_not_asked_for_twice(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	/* Another endpoint may speak HTTP ... */
	say(e, c, GET("/two"));
	answer_of(e, 0, "SSH-2.0-OpenSSH\r\n");
	expect(c, "");
	advance(e, 26);
	assert_int_not_equal(up(e, 0)->remote.ip.b[15], up(e, 1)->remote.ip.b[15]);
	answer_of(e, 1, "HTTP/1.1 20");
	fin(e, up(e, 1));
	/* ... but not these two. */
	expect(c, "HTTP/1.1 502 Bad Gateway\r\n*protocol error");
	assert_log(e, 502, F(UPE), "upstream_reset_before_response_started{protocol_error}");
	say(e, c, "POST /two HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n");
	answer_of(e, 2, "SSH-2.0-OpenSSH\r\n");
	expect(c, "HTTP/1.1 502 Bad Gateway\r\n*protocol error");
	advance(e, 60);
	assert_int_equal(ups(e), 3);
}

static void waits_between_attempts(void **state)
{
	struct env *e = *state;
	uint64_t longest = 0, shortest = UINT64_MAX;

	for (int i = 0; i < 40; i++) {
		struct sl_tcp_conn *c = client(e);
		uint32_t n = ups(e) + 1;
		uint64_t from;

		say(e, c, GET("/two"));
		fake_end(up(e, n - 1), SL_TCP_END_REFUSED);
		from = e->lc.now_us;
		poll(e);
		while (ups(e) == n) {
			e->lc.now_us += 1000;
			poll(e);
			assert_true(e->lc.now_us - from < 28000);
		}
		longest = SL_MAX(longest, e->lc.now_us - from);
		shortest = SL_MIN(shortest, e->lc.now_us - from);
		fake_end(c, SL_TCP_END_RESET);
		poll(e);
	}
	/* Spread over the 25 ms. */
	assert_true(longest > 15000);
	assert_true(shortest < 10000);
}

static void client_leaves_between_attempts(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, GET("/two"));
	fake_end(up(e, 0), SL_TCP_END_REFUSED);
	poll(e);
	fake_end(c, SL_TCP_END_RESET);
	poll(e);
	advance(e, 100);
	assert_int_equal(ups(e), 1);
	assert_log(e, 0, F(DC), "downstream_remote_disconnect");
}

static void request_timeout_between_attempts(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, GET("/slow"));
	advance(e, 990);
	fake_end(up(e, 0), SL_TCP_END_REFUSED);
	poll(e);
	e->lc.rnd = UINT64_MAX;
	advance(e, 12);
	expect(c, "HTTP/1.1 504 Gateway Timeout*\r\nupstream request timeout");
	advance(e, 30);
	assert_int_equal(ups(e), 1);
}

static void budget(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c[10];

	/* Ten under way, a fifth of them may be retries. */
	for (uint32_t i = 0; i < 10; i++) {
		c[i] = client(e);
		say(e, c[i], GET("/budget"));
	}
	for (uint32_t i = 0; i < 10; i++)
		fake_end(up(e, i), SL_TCP_END_REFUSED);
	poll(e);
	for (uint32_t i = 2; i < 10; i++) {
		expect(c[i], "HTTP/1.1 503 *connection failure");
		assert_log(e, 503, F(UF) | F(UO),
			   "upstream_reset_before_response_started{connection_failure}");
	}
	assert_int_equal(SUM(e, rq_retry_overflow), 8);
	advance(e, 26);
	assert_int_equal(ups(e), 12);
	answer_of(e, 10, OK2);
	answer_of(e, 11, OK2);
	for (uint32_t i = 0; i < 2; i++) {
		expect(c[i], DOWN_OK2);
		assert_log(e, 200, 0, "via_upstream");
	}
	/* Both shares are free again; one retry is always within. */
	say(e, c[0], GET("/budget"));
	rst(e, up(e, 11));
	answer_of(e, 12, OK2);
	expect(c[0], DOWN_OK2);
}

/** One request has one place in the budget, however often it is tried. */
static void one_place_for_all_tries(void **state)
{
	struct env *e = *state;

	for (uint32_t i = 0; i < 3; i++) {
		struct sl_tcp_conn *c = client(e);
		uint32_t n = ups(e);

		say(e, c, GET("/budget"));
		for (uint32_t k = 0; k < 2; k++) {
			fake_end(up(e, n + k), SL_TCP_END_REFUSED);
			poll(e);
			advance(e, 52);
			assert_int_equal(ups(e), n + k + 2);
		}
		up_open(e, n + 2);
		/* Not pooled: the next one connects anew. */
		say(e, up(e, n + 2),
		    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
		expect(c, DOWN_OK2);
	}
	assert_int_equal(SUM(e, rq_retry_overflow), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(listed_statuses),
		CASE(last_status_is_passed_on),
		CASE(post_is_not_repeated_for_a_status),
		CASE(not_after_an_interim_answer),
		CASE(only_what_is_listed),
		CASE(garbage_is_not_asked_for_twice),
		CASE(waits_between_attempts),
		CASE(client_leaves_between_attempts),
		CASE(request_timeout_between_attempts),
		CASE(budget),
		CASE(one_place_for_all_tries),
	};

	return cmocka_run_group_tests_name("proxy_retry", cases, NULL, NULL);
}
