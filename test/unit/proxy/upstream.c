/* SPDX-License-Identifier: BSD-3-Clause */
/* Endpoints: choice, pool, connect failures, retries, timeouts of one try. */
#include "harness.h"

#include <errno.h>

#define UNAVAILABLE   "HTTP/1.1 503 Service Unavailable\r\ncontent-length: *\r\n" TEXT LOCAL "\r\n"
#define UP_N(path, n) "GET " path " HTTP/1.1\r\nHost: a.test\r\n" OURS TRIED(n)

/** Longer than the pause before a second or third attempt. */
static void back_off(struct env *e)
{
	advance(e, 52);
}

static void refuse(struct env *e, uint32_t i)
{
	fake_end(up(e, i), SL_TCP_END_REFUSED);
	poll(e);
	back_off(e);
}

static void no_healthy_endpoint(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, GET("/empty"));
	expect(c, "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 19\r\n" TEXT LOCAL
		  "\r\nno healthy upstream");
	assert_log(e, 503, F(UH), "no_healthy_upstream");
	assert_int_equal(e->lc.stats.c->http_no_endpoint, 1);
	assert_false(c->shut);
	say(e, c, GET("/direct"));
	expect(c, "HTTP/1.1 200 OK*hi");
}

static void round_robin(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);
	uint8_t last[7];

	for (uint32_t i = 0; i < 6; i++) {
		struct sl_tcp_conn *u;

		say(e, c, GET("/turns"));
		if (i < 3)
			up_open(e, i);
		assert_int_equal(ups(e), SL_MIN(i + 1, 3u));
		u = up(e, i % 3);
		expect(u, UP_GET("/turns"));
		last[i] = u->remote.ip.b[15];
		say(e, u, OK2);
	}
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(last[i], last[i + 3]);
	assert_int_equal(last[0] + last[1] + last[2], 30 + 31 + 32);
}

static void least_request(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *a = client(e), *b = client(e), *c = client(e), *d = client(e);
	uint32_t on20 = 0;

	/* With two endpoints both are looked at: never three on one. */
	say(e, a, GET("/two"));
	say(e, b, GET("/two"));
	say(e, c, GET("/two"));
	say(e, d, GET("/two"));
	assert_int_equal(ups(e), 4);
	for (uint32_t i = 0; i < 4; i++)
		on20 += up(e, i)->remote.ip.b[15] == 20;
	assert_int_equal(on20, 2);
}

static void connect_refused_goes_elsewhere(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	/* A POST too: nothing of it was sent. */
	say(e, c, "POST /two HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nab");
	refuse(e, 0);
	assert_int_equal(ups(e), 2);
	assert_int_not_equal(up(e, 0)->remote.ip.b[15], up(e, 1)->remote.ip.b[15]);
	up_open(e, 1);
	expect(up(e, 1),
	       "POST /two HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n" OURS TRIED("2") "ab");
	say(e, up(e, 1), OK2);
	expect(c, DOWN_OK2);
	assert_log(e, 200, 0, "via_upstream");
	assert_int_equal(e->lc.stats.c->http_upstream_retries, 1);
	assert_int_equal(up(e, 0)->fate, FAKE_RELEASED);
}

static void next_request_forgets_failures(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);
	uint32_t seen = 0;

	say(e, c, GET("/turns"));
	refuse(e, 0);
	up_open(e, 1);
	say(e, up(e, 1), OK2);
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t before = ups(e);

		say(e, c, "GET /turns HTTP/1.1\r\nHost: a.test\r\n\r\n");
		if (ups(e) > before)
			up_open(e, before);
		for (uint32_t k = 1; k < ups(e); k++) {
			if (up(e, k)->out_len == up(e, k)->read)
				continue;
			seen |= 1u << (up(e, k)->remote.ip.b[15] - 30);
			up(e, k)->read = up(e, k)->out_len;
			say(e, up(e, k), OK2);
		}
	}
	/* The one that refused has its turn again. */
	assert_int_equal(seen, 7);
}

static void connect_refused_everywhere(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);
	uint64_t fails = 0;
	struct logged l;

	say(e, c, GET("/two"));
	refuse(e, 0);
	refuse(e, 1);
	refuse(e, 2);
	assert_int_equal(ups(e), 3);
	expect(c, UNAVAILABLE RESET_HEAD "retried and the latest reset reason: connection failure");
	l = logged(e);
	assert_int_equal(l.r.status, 503);
	assert_int_equal(l.r.flags, F(UF) | F(URX));
	assert_int_equal(l.r.has_upstream, 1);
	assert_string_equal(l.text[SL_LOG_DETAILS],
			    "upstream_reset_before_response_started{connection_failure}");
	assert_string_equal(l.text[SL_LOG_FAILURE], "delayed_connect_error:_111");
	for (int i = 0; i < 16; i++)
		fails += e->lc.stats.cluster[i].cx_connect_fail;
	assert_int_equal(fails, 3);
	assert_false(c->shut);
}

static void no_retries_allowed(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, GET("/once"));
	refuse(e, 0);
	expect(c, UNAVAILABLE RESET_HEAD "reset reason: connection failure");
	assert_log(e, 503, F(UF), "upstream_reset_before_response_started{connection_failure}");
}

static void connect_timeout(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, GET("/once"));
	fake_end(up(e, 0), SL_TCP_END_TIMEOUT);
	poll(e);
	expect(c, UNAVAILABLE RESET_HEAD "reset reason: connection timeout");
	assert_log(e, 503, F(UF), "upstream_reset_before_response_started{connection_timeout}");
}

static void unreachable(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	e->tcp.connect_error = -EHOSTUNREACH;
	say(e, c, GET("/two"));
	back_off(e);
	assert_int_equal(ups(e), 1);
	up_open(e, 0);
	expect(up(e, 0), UP_N("/two", "2"));
	say(e, up(e, 0), OK2);
	expect(c, DOWN_OK2);
	e->tcp.connect_error = -EHOSTUNREACH;
	say(e, c, GET("/once"));
	expect(c, UNAVAILABLE RESET_HEAD "reset reason: connection failure");
}

static void connections_used_up(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	e->tcp.connect_error = -ENOBUFS;
	say(e, c, GET("/once"));
	expect(c, UNAVAILABLE RESET_HEAD "reset reason: overflow");
	assert_log(e, 503, F(UO), "upstream_reset_before_response_started{overflow}");
}

static void oldest_idle_makes_room(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *a = client(e), *b = client(e);

	/* Two rows in all: both idle at c1 and c2 of "two", then a third endpoint is needed. */
	say(e, a, GET("/turns"));
	up_open(e, 0);
	say(e, up(e, 0), OK2);
	say(e, a, GET("/turns"));
	up_open(e, 1);
	say(e, up(e, 1), OK2);
	assert_int_equal(e->lc.stats.c->http_upstream_cx_idle, 2);
	say(e, a, GET("/turns"));
	assert_int_equal(up(e, 0)->fate, FAKE_CLOSED_FIN);
	assert_int_equal(up(e, 1)->fate, FAKE_OPEN);
	/* Both rows in use: refused, not queued for ever. */
	up_open(e, 2);
	say(e, b, GET("/turns"));
	say(e, b, GET("/turns"));
	assert_int_equal(e->lc.stats.c->http_upstream_cx_active, 2);
	say(e, up(e, 2), OK2);
}

static void pool_is_bounded(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *a = client(e), *b = client(e);

	say(e, a, GET("/"));
	say(e, b, GET("/"));
	up_open(e, 0);
	up_open(e, 1);
	say(e, up(e, 0), OK2);
	say(e, up(e, 1), OK2);
	assert_int_equal(e->lc.stats.c->http_upstream_cx_idle, 1);
	assert_int_equal(up(e, 0)->fate, FAKE_OPEN);
	assert_int_equal(up(e, 1)->fate, FAKE_CLOSED_FIN);
}

static void pooled_connections_grow_old(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	advance(e, 45000);
	assert_int_equal(u->fate, FAKE_OPEN);
	say(e, c, GET("/"));
	say(e, u, OK2);
	advance(e, 45000);
	assert_int_equal(u->fate, FAKE_OPEN);
	advance(e, 6000);
	assert_int_equal(u->fate, FAKE_CLOSED_FIN);
	assert_int_equal(e->lc.stats.c->http_upstream_cx_idle, 0);
}

static void idle_fin_and_reset(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	fin(e, u);
	assert_int_equal(u->fate, FAKE_CLOSED_FIN);
	u = warm(e, c);
	rst(e, u);
	assert_int_equal(u->fate, FAKE_RELEASED);
	u = warm(e, c);
	assert_int_equal(ups(e), 3);
	/* In the same round as the next request: a POST notices nothing. */
	fake_fin(u);
	say(e, c, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nab");
	assert_int_not_equal(u->fate, FAKE_OPEN);
	expect(u, "");
	up_open(e, 3);
	expect(up(e, 3), "POST *" TRIED("1") "ab");
}

static void reused_connection_dies(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, GET("/once"));
	expect(u, UP_GET("/once"));
	rst(e, u);
	/* Once more on a fresh connection, whatever the route says about retries. */
	assert_int_equal(ups(e), 2);
	up_open(e, 1);
	expect(up(e, 1), UP_N("/once", "2"));
	say(e, up(e, 1), OK2);
	expect(c, DOWN_OK2);
	assert_log(e, 200, 0, "via_upstream");
	/* But only once. */
	u = up(e, 1);
	say(e, c, GET("/once"));
	expect(u, UP_GET("/once"));
	fin(e, u);
	up_open(e, 2);
	rst(e, up(e, 2));
	assert_int_equal(ups(e), 3);
	expect(c, UNAVAILABLE RESET_HEAD
	       "retried and the latest reset reason: connection termination");
	assert_log(e, 503, F(UC) | F(URX),
		   "upstream_reset_before_response_started{connection_termination}");
}

static void post_on_a_dying_connection(void **state)
{
	static const char post[] =
		"POST /once HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n";
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	/* Acknowledged: it may have been acted upon. */
	say(e, c, post);
	rst(e, u);
	expect(c, UNAVAILABLE RESET_HEAD "reset reason: connection termination");
	assert_log(e, 503, F(UC), "upstream_reset_before_response_started{connection_termination}");
	u = warm(e, c);
	/* Nothing acknowledged: the endpoint was closing before it arrived. */
	e->tcp.hold = true;
	say(e, c, post);
	fin(e, u);
	assert_int_equal(ups(e), 3);
	e->tcp.hold = false;
	up_open(e, 2);
	expect(up(e, 2), "POST /once *" TRIED("2"));
	say(e, up(e, 2), OK2);
	fake_ack(c);
	expect(c, DOWN_OK2);
}

static void body_that_is_gone_is_not_sent_again(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);
	char body[4001];

	memset(body, 'x', sizeof(body));
	say(e, c, "PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4001\r\n\r\n");
	say_bytes(e, c, body, sizeof(body), 1448);
	assert_int_equal(e->lc.stats.c->http_retry_body_dropped, 1);
	rst(e, u);
	assert_int_equal(ups(e), 1);
	expect(c, UNAVAILABLE RESET_HEAD "reset reason: connection termination");
	assert_log(e, 503, F(UC), "upstream_reset_before_response_started{connection_termination}");
}

static void fresh_connection_reset(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	/* Idempotent: tried elsewhere within the route's attempts. */
	say(e, c, GET("/two"));
	up_open(e, 0);
	rst(e, up(e, 0));
	back_off(e);
	up_open(e, 1);
	assert_int_not_equal(up(e, 0)->remote.ip.b[15], up(e, 1)->remote.ip.b[15]);
	expect(up(e, 1), UP_N("/two", "2"));
	say(e, up(e, 1), OK2);
	expect(c, DOWN_OK2);
	/* Not a POST. */
	c = client(e);
	say(e, c, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n");
	up_open(e, 2);
	fin(e, up(e, 2));
	assert_int_equal(ups(e), 3);
	expect(c, UNAVAILABLE RESET_HEAD "reset reason: connection termination");
}

static void interim_answer_forbids_retry(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, GET("/"));
	say(e, u, "HTTP/1.1 103 Early Hints\r\n\r\n");
	rst(e, u);
	assert_int_equal(ups(e), 1);
	expect(c, "HTTP/1.1 103 Early Hints\r\n\r\n" UNAVAILABLE RESET_HEAD "reset reason: *");
}

static void status_503_is_not_retried(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	say(e, c, GET("/"));
	say(e, u, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
	expect(c, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n" ADDED "\r\n");
	assert_int_equal(ups(e), 1);
	assert_log(e, 503, 0, "via_upstream");
}

static void per_try_timeout(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, GET("/slow"));
	up_open(e, 0);
	advance(e, 290);
	assert_int_equal(ups(e), 1);
	advance(e, 20);
	assert_int_equal(up(e, 0)->fate, FAKE_ABORTED);
	back_off(e);
	assert_int_equal(ups(e), 2);
	up_open(e, 1);
	expect(up(e, 1), UP_N("/slow", "2"));
	advance(e, 310);
	expect(c, "HTTP/1.1 504 Gateway Timeout*\r\nupstream request timeout");
	assert_log(e, 504, F(UT) | F(URX), "upstream_per_try_timeout");
	/* A POST reaches an endpoint once. */
	say(e, c, "POST /slow HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n");
	up_open(e, 2);
	advance(e, 310);
	assert_int_equal(ups(e), 3);
	expect(c, "HTTP/1.1 504 Gateway Timeout*\r\nupstream request timeout");
}

static void request_timeout_covers_connecting(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, GET("/slow"));
	advance(e, 1010);
	assert_int_equal(up(e, 0)->fate, FAKE_ABORTED);
	expect(c, "HTTP/1.1 504 Gateway Timeout*\r\nupstream request timeout");
	assert_log(e, 504, F(UT), "upstream_response_timeout");
}

static void unacknowledged_request_is_not_pooled(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u = warm(e, c);

	e->tcp.hold = true;
	say(e, c, GET("/"));
	say(e, u, OK2);
	expect(c, DOWN_OK2);
	assert_int_not_equal(u->fate, FAKE_OPEN);
	fake_ack(c);
}

static void retried_head_is_whole(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);
	struct rte_mbuf *sent;
	char first[2048];
	uint16_t n;

	/* The first attempt's mbufs are still being sent when the second one goes out. */
	e->tcp.hold = true;
	say(e, c, GET("/two"));
	up_open(e, 0);
	expect(up(e, 0), UP_N("/two", "1"));
	sent = rte_pktmbuf_clone(up(e, 0)->tx, e->lc.clone_pool);
	assert_non_null(sent);
	n = sent->data_len;
	memcpy(first, rte_pktmbuf_mtod(sent, char *), n);
	fin(e, up(e, 0));
	back_off(e);
	up_open(e, 1);
	expect(up(e, 1), UP_N("/two", "2"));
	assert_memory_equal(first, rte_pktmbuf_mtod(sent, char *), n);
	rte_pktmbuf_free(sent);
	fake_ack(up(e, 1));
	fin(e, up(e, 1));
	back_off(e);
	up_open(e, 2);
	expect(up(e, 2), UP_N("/two", "3"));
	fake_ack(up(e, 2));
	say(e, up(e, 2), OK2);
	expect(c, DOWN_OK2);
	fake_ack(c);
}

#define CASE(f)       cmocka_unit_test_setup_teardown(f, setup, teardown)
#define SMALL_CASE(f) cmocka_unit_test_setup_teardown(f, setup_small, teardown)

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(no_healthy_endpoint),
		CASE(round_robin),
		CASE(least_request),
		CASE(connect_refused_goes_elsewhere),
		CASE(next_request_forgets_failures),
		CASE(connect_refused_everywhere),
		CASE(no_retries_allowed),
		CASE(connect_timeout),
		CASE(unreachable),
		CASE(connections_used_up),
		SMALL_CASE(oldest_idle_makes_room),
		SMALL_CASE(pool_is_bounded),
		CASE(pooled_connections_grow_old),
		CASE(idle_fin_and_reset),
		CASE(reused_connection_dies),
		CASE(post_on_a_dying_connection),
		CASE(body_that_is_gone_is_not_sent_again),
		CASE(fresh_connection_reset),
		CASE(interim_answer_forbids_retry),
		CASE(status_503_is_not_retried),
		CASE(per_try_timeout),
		CASE(request_timeout_covers_connecting),
		CASE(unacknowledged_request_is_not_pooled),
		CASE(retried_head_is_whole),
	};

	return cmocka_run_group_tests_name("proxy_upstream", cases, NULL, NULL);
}
