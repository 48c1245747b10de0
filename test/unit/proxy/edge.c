/* SPDX-License-Identifier: BSD-3-Clause */
/* What an operator can choose about paths and headers. */
#include "harness.h"

static int setup_decode(void **state)
{
	return setup_config(
		state, &(struct sl_proxy_config){.path = {.normalize = SL_HTTP_NORM_MERGE,
							  .slashes = SL_HTTP_SLASHES_UNESCAPE}});
}

static int setup_reject(void **state)
{
	return setup_config(state,
			    &(struct sl_proxy_config){.path = {.slashes = SL_HTTP_SLASHES_REJECT}});
}

static int setup_redirect(void **state)
{
	return setup_config(
		state, &(struct sl_proxy_config){.path = {.slashes = SL_HTTP_SLASHES_REDIRECT}});
}

static int setup_raw(void **state)
{
	return setup_config(state,
			    &(struct sl_proxy_config){.path = {.normalize = SL_HTTP_NORM_NONE}});
}

static void decoded_path_is_matched_and_forwarded(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u;

	/* The route is that of the path as it goes upstream. */
	say(e, c, GET("/x/..%2Frw//%5cy?a=%2F"));
	u = up_open(e, 0);
	expect(u, "GET /y?a=%2F HTTP/1.1\r\nHost: inner.test\r\n" OURS
		  "x-envoy-original-path: /rw/y?a=%2F\r\n" TRIED("1"));
	say(e, u, OK2);
	expect(c, DOWN_OK2);
	assert_string_equal(logged(e).text[SL_LOG_PATH], "/x/..%2Frw//%5cy?a=%2F");
}

static void escaped_slash_is_rejected(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, GET("/a%2fb"));
	expect(c, "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n" LOCAL CLOSE "\r\n");
	assert_log(e, 400, 0, "path_normalization_failed");
	assert_int_equal(e->lc.stats.c->http_path_refused, 1);
	assert_int_equal(ups(e), 0);
	/* In the query it is nobody's slash. */
	c = client(e);
	say(e, c, GET("/direct?%2f"));
	expect(c, "HTTP/1.1 200 OK*hi");
}

static void escaped_slash_is_redirected(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e);

	say(e, c, GET("/direct%2F..%2Fa?q=%2f"));
	expect(c, "HTTP/1.1 307 Temporary Redirect\r\nlocation: /a?q=%2f\r\ncontent-length: "
		  "0\r\n" LOCAL "\r\n");
	assert_log(e, 307, 0, "path_normalization_failed");
	assert_int_equal(e->lc.stats.c->http_path_redirected, 1);
	/* "//b.test" alone would lead to another host. */
	say(e, c, GET("/%2Fb.test"));
	expect(c, "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://a.test//b.test\r\n*");
	assert_log(e, 307, 0, "path_normalization_failed");
	say(e, c, GET("/direct"));
	expect(c, "HTTP/1.1 200 OK*hi");
}

static void raw_path_is_matched_and_forwarded(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u;

	say(e, c, GET("/x/../direct%zz\\"));
	u = up_open(e, 0);
	expect(u, UP_GET("/x/../direct%zz\\"));
	say(e, u, OK2);
	expect(c, DOWN_OK2);
}

static int setup_headers(void **state)
{
	return setup_config(state,
			    &(struct sl_proxy_config){.keep_request_id = true, .via = "edge.1"});
}

static void via_and_request_id(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u;

	say(e, c,
	    "GET / HTTP/1.0\r\nHost: a.test\r\nVia: 1.0 fred, 1.1 p.example\r\n"
	    "x-request-id: mine\r\nX-Request-Id: other\r\nConnection: keep-alive\r\n\r\n");
	u = up_open(e, 0);
	expect(u, "GET / HTTP/1.1\r\nHost: a.test\r\nVia: 1.0 fred, 1.1 p.example\r\n"
		  "x-forwarded-for: 192.0.2.7\r\nx-forwarded-proto: http\r\n"
		  "x-envoy-external-address: 192.0.2.7\r\nx-request-id: mine\r\n"
		  "via: 1.0 edge.1\r\n" TRIED("1"));
	say(e, u, "HTTP/1.1 200 OK\r\nVia: 1.1 inner\r\nContent-Length: 2\r\n\r\nok");
	expect(c, "HTTP/1.1 200 OK\r\nVia: 1.1 inner\r\nContent-Length: 2\r\ndate: *\r\n"
		  "server: istio-envoy\r\nvia: 1.1 edge.1\r\nx-envoy-upstream-service-time: 0\r\n"
		  "connection: keep-alive\r\n\r\nok");
	assert_string_equal(logged(e).text[SL_LOG_REQUEST_ID], "mine");
}

static void client_certificate_is_stripped(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u;

	say(e, c, "GET / HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-Client-Cert: Hash=1\r\n\r\n");
	u = up_open(e, 0);
	expect(u, UP_GET("/"));
	say(e, u, OK2);
	expect(c, DOWN_OK2);
}

#define UP_HEAD(path) "GET " path " HTTP/1.1\r\nHost: a.test\r\n" OURS

static void endpoints_know_their_time(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c = client(e), *u;

	/* 1 s in all, 300 ms a try: the shorter one, then what is left of the longer. */
	say(e, c, GET("/slow"));
	u = up_open(e, 0);
	expect(u, UP_HEAD("/slow") LIMITED("300", "1"));
	advance(e, 302);
	advance(e, 60); /* the pause before the next try */
	u = up(e, 1);
	assert_non_null(u);
	advance(e, 440);
	fake_open(u);
	poll(e);
	expect(u, UP_HEAD("/slow") LIMITED("1*", "2"));
	say(e, u, OK2);
	expect(c, DOWN_OK2);
	say(e, c, GET("/once"));
	u = up_open(e, 2);
	expect(u, UP_HEAD("/once") LIMITED("500", "1"));
	say(e, u, OK2);
	expect(c, DOWN_OK2);
}

#define FROM "PROXY TCP4 203.0.113.9 192.0.2.1 5555 80\r\n"
#define NAMED                                                         \
	"x-forwarded-for: 203.0.113.9\r\nx-forwarded-proto: http\r\n" \
	"x-envoy-external-address: 203.0.113.9\r\nx-request-id: *\r\n"

static void proxy_header_names_the_client(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c, *u;
	char ip[SL_IP_TEXT_MAX];
	struct logged l;

	reconfigure(e, CONF_PROXY_FROM);
	c = client(e);
	/* In any pieces. */
	say_bytes(e, c, FROM, sizeof(FROM) - 1, 1);
	say(e, c, GET("/"));
	u = up_open(e, 0);
	expect(u, "GET / HTTP/1.1\r\nHost: a.test\r\n" NAMED TRIED("1"));
	say(e, u, OK2);
	expect(c, DOWN_OK2);
	l = logged(e);
	assert_string_equal(sl_ip_format(&l.r.downstream_ip, ip), "203.0.113.9");
	assert_int_equal(l.r.downstream_port, 5555);
	assert_string_equal(l.text[SL_LOG_XFF], "203.0.113.9");
	/* Once a connection, not once a request. */
	say(e, c, GET("/direct"));
	expect(c, "HTTP/1.1 200 OK*hi");
	assert_int_equal(e->lc.stats.c->http_proxy_header_ok, 1);
}

static void local_header_names_nobody(void **state)
{
	static const char local[] = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
	struct env *e = *state;
	struct sl_tcp_conn *c, *u;

	reconfigure(e, CONF_PROXY_FROM);
	c = client(e);
	say_bytes(e, c, local, sizeof(local) - 1, 7);
	say(e, c, GET("/"));
	u = up_open(e, 0);
	expect(u, UP_GET("/"));
	say(e, u, OK2);
	expect(c, DOWN_OK2);
}

static void bad_proxy_headers_close(void **state)
{
	static const char *const bad[] = {
		GET("/"),
		"PROXY TCP4 203.0.113.9 192.0.2.1 5555\r\n" GET("/"),
		"PROXY TCP4 203.0.113.9 192.0.2.1 5555 80\n" GET("/"),
	};
	struct env *e = *state;
	struct sl_tcp_conn *c;

	reconfigure(e, CONF_PROXY_FROM);
	for (size_t i = 0; i < SL_ARRAY_LEN(bad); i++) {
		c = client(e);
		say(e, c, bad[i]);
		assert_int_equal(c->fate, FAKE_ABORTED);
		expect(c, "");
	}
	/* Neither late nor cut short. */
	c = client(e);
	say(e, c, "PROXY TCP4 203");
	advance(e, 10010);
	assert_int_equal(c->fate, FAKE_ABORTED);
	c = client(e);
	say(e, c, "PROXY TCP4 203");
	fin(e, c);
	assert_int_equal(c->fate, FAKE_ABORTED);
	assert_int_equal(e->lc.stats.c->http_proxy_header_bad, 5);
	assert_true(no_log(e));
}

static void proxy_header_of_a_stranger_is_refused(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c;

	reconfigure(e, CONF_PROXY_FROM);
	c = fake_accept(&e->tcp, OWN_IP, 8080);
	sl_ip_parse("198.51.100.1", &c->remote.ip, NULL);
	poll(e);
	say(e, c, FROM GET("/direct"));
	expect(c, "HTTP/1.1 400 Bad Request*");
}

static void proxy_header_to_endpoints(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c, *u;

	reconfigure(e, CONF_PROXY_V1 | CONF_PROXY_FROM);
	c = client(e);
	say(e, c, FROM GET("/") GET("/x"));
	u = up_open(e, 0);
	expect(u, "PROXY TCP4 203.0.113.9 " OWN_IP " 5555 8080\r\nGET / *" TRIED("1"));
	say(e, u, OK2);
	/* The connection is this client's: it is not kept for others. */
	assert_int_not_equal(u->fate, FAKE_OPEN);
	u = up_open(e, 1);
	expect(u, "PROXY TCP4 203.0.113.9 " OWN_IP " 5555 8080\r\nGET /x *" TRIED("1"));
	say(e, u, OK2);
	expect(c, DOWN_OK2 DOWN_OK2);
	reconfigure(e, CONF_PROXY_V2);
	c = client(e);
	say(e, c, GET("/"));
	u = up_open(e, 2);
	assert_memory_equal(
		u->out,
		"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\x0a\x0a\x01\x04\x0f\xa0\x1f"
		"\x90GET / ",
		34);
	say(e, u, OK2);
	expect(c, DOWN_OK2);
}

static void listener_has_its_own_rules(void **state)
{
	struct env *e = *state;
	struct sl_tcp_conn *c;

	reconfigure(e, CONF_MERGE);
	c = client(e);
	say(e, c, GET("//direct"));
	expect(c, "HTTP/1.1 200 OK*hi");
}

#define CASE(f, start) cmocka_unit_test_setup_teardown(f, start, teardown)

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(decoded_path_is_matched_and_forwarded, setup_decode),
		CASE(escaped_slash_is_rejected, setup_reject),
		CASE(escaped_slash_is_redirected, setup_redirect),
		CASE(listener_has_its_own_rules, setup),
		CASE(proxy_header_names_the_client, setup),
		CASE(local_header_names_nobody, setup),
		CASE(bad_proxy_headers_close, setup),
		CASE(proxy_header_of_a_stranger_is_refused, setup),
		CASE(proxy_header_to_endpoints, setup),
		CASE(via_and_request_id, setup_headers),
		CASE(client_certificate_is_stripped, setup),
		CASE(endpoints_know_their_time, setup),
		CASE(raw_path_is_matched_and_forwarded, setup_raw),
	};

	return cmocka_run_group_tests_name("proxy_edge", cases, NULL, NULL);
}
