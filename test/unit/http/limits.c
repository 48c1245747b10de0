/* SPDX-License-Identifier: BSD-3-Clause */
/* Limits of heads: refused with the right status, early, and the same however bytes are cut. */
#include "sl_http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static char buf[131072];
static struct sl_http_request req;
static struct sl_http_response res;

static size_t put(size_t n, const char *text)
{
	memcpy(buf + n, text, strlen(text));
	return n + strlen(text);
}

static size_t fill(size_t n, char c, size_t count)
{
	memset(buf + n, c, count);
	return n + count;
}

/* One call, and calls of `step` more bytes each, agree on verdict and error; returns the verdict.
 * *decided is how many bytes the stepwise calls had when they decided. */
static int parse(size_t len, size_t step, bool response, const struct sl_http_limits *limits,
		 size_t *decided)
{
	enum sl_http_error error;
	int whole, verdict = 0;
	size_t seen = 0, n;

	if (response)
		whole = sl_http_response_parse(&res, buf, len, 0, false, limits);
	else
		whole = sl_http_request_parse(&req, buf, len, 0, limits);
	error = response ? res.error : req.error;
	for (n = SL_MIN(step, len);; n = SL_MIN(n + step, len)) {
		if (response)
			verdict = sl_http_response_parse(&res, buf, n, seen, false, limits);
		else
			verdict = sl_http_request_parse(&req, buf, n, seen, limits);
		seen = n;
		if (verdict != SL_HTTP_MORE || n == len)
			break;
	}
	*decided = n;
	assert_int_equal(verdict, whole);
	assert_int_equal(response ? res.error : req.error, error);
	return verdict;
}

static void expect(size_t len, bool response, const struct sl_http_limits *limits,
		   enum sl_http_error error, size_t by)
{
	size_t decided;

	for (size_t step = 1; step < 2000; step = step * 5 + 2) {
		int verdict = parse(len, step, response, limits, &decided);

		assert_int_equal(response ? res.error : req.error, error);
		if (error) {
			assert_int_equal(verdict, SL_HTTP_BAD);
			assert_true(decided <= by + step);
		} else {
			assert_int_equal(verdict, len);
		}
	}
}

/* "GET /aaa" that makes a request line of `line` bytes with its line end, then the rest. */
static size_t request_with_line(size_t line)
{
	size_t n = put(0, "GET /");

	n = fill(n, 'a', line - strlen("GET / HTTP/1.1\r\n"));
	n = put(n, " HTTP/1.1\r\n");
	assert_int_equal(n, line);
	return put(n, "Host: h\r\n\r\n");
}

static void test_line(void **state)
{
	const struct sl_http_limits small = {.line_bytes = 100};

	expect(request_with_line(8192), false, NULL, SL_HTTP_E_NONE, 0);
	expect(request_with_line(8193), false, NULL, SL_HTTP_E_LINE_TOO_LONG, 8192);
	expect(request_with_line(100), false, &small, SL_HTTP_E_NONE, 0);
	expect(request_with_line(101), false, &small, SL_HTTP_E_LINE_TOO_LONG, 100);
	assert_int_equal(sl_http_error_status(SL_HTTP_E_LINE_TOO_LONG), 414);
	/* refused as soon as its end can not fit any more */
	request_with_line(8193);
	assert_int_equal(sl_http_request_parse(&req, buf, 8191, 0, NULL), SL_HTTP_MORE);
	assert_int_equal(sl_http_request_parse(&req, buf, 8192, 8191, NULL), SL_HTTP_BAD);
	/* refused though the line never ends */
	expect(fill(put(0, "GET /"), 'a', 20000), false, NULL, SL_HTTP_E_LINE_TOO_LONG, 8192);
	expect(fill(put(0, "GET /?"), '?', 20000), false, NULL, SL_HTTP_E_LINE_TOO_LONG, 8192);
	/* a status line has the same limit */
	expect(fill(put(0, "HTTP/1.1 200 "), 'a', 20000), true, NULL, SL_HTTP_E_LINE_TOO_LONG,
	       8192);
}

/* A field line of `line` bytes behind a request or status line. */
static size_t with_field(const char *first, size_t line, bool in_name)
{
	size_t n = put(0, first);

	if (in_name) {
		n = fill(n, 'n', line - 4);
		n = put(n, ":v\r\n");
	} else {
		n = put(n, "N: ");
		n = fill(n, 'v', line - 5);
		n = put(n, "\r\n");
	}
	return put(n, "\r\n");
}

static void test_field(void **state)
{
	static const char get[] = "GET / HTTP/1.1\r\nHost: h\r\n", ok[] = "HTTP/1.1 200 OK\r\n";
	const struct sl_http_limits small = {.field_bytes = 64};

	for (int in_name = 0; in_name < 2; in_name++) {
		expect(with_field(get, 8192, in_name), false, NULL, SL_HTTP_E_NONE, 0);
		expect(with_field(get, 8193, in_name), false, NULL, SL_HTTP_E_HEAD_TOO_LARGE,
		       sizeof(get) - 1 + 8192);
		expect(with_field(get, 64, in_name), false, &small, SL_HTTP_E_NONE, 0);
		expect(with_field(get, 65, in_name), false, &small, SL_HTTP_E_HEAD_TOO_LARGE,
		       sizeof(get) - 1 + 64);
		/* an endpoint's field is only bound by the whole head */
		expect(with_field(ok, 32768 - sizeof(ok) + 1 - 2, in_name), true, NULL,
		       SL_HTTP_E_NONE, 0);
		expect(with_field(ok, 32768 - sizeof(ok) + 1 - 1, in_name), true, NULL,
		       SL_HTTP_E_HEAD_TOO_LARGE, 32768);
		expect(with_field(ok, 65, in_name), true, &small, SL_HTTP_E_HEAD_TOO_LARGE,
		       sizeof(ok) - 1 + 64);
	}
	assert_int_equal(sl_http_error_status(SL_HTTP_E_HEAD_TOO_LARGE), 431);
}

/* A head of exactly `total` bytes, made of fields of up to 1000 bytes. */
static size_t request_of(size_t total)
{
	size_t n = put(0, "GET / HTTP/1.1\r\nHost: h\r\n");

	while (total - n > 2) {
		size_t left = total - n - 2, line = left > 1100 ? 1000 : left;

		n = put(n, "N: ");
		n = fill(n, 'v', line - 5);
		n = put(n, "\r\n");
	}
	n = put(n, "\r\n");
	assert_int_equal(n, total);
	return n;
}

static void test_head(void **state)
{
	const struct sl_http_limits small = {.head_bytes = 500}, big = {.head_bytes = 65536};

	expect(request_of(32768), false, NULL, SL_HTTP_E_NONE, 0);
	expect(request_of(32769), false, NULL, SL_HTTP_E_HEAD_TOO_LARGE, 32768);
	expect(request_of(500), false, &small, SL_HTTP_E_NONE, 0);
	expect(request_of(501), false, &small, SL_HTTP_E_HEAD_TOO_LARGE, 500);
	expect(request_of(65536), false, &big, SL_HTTP_E_NONE, 0);
	/* A full buffer without an end is refused: there is no room for what could end it. */
	request_of(32769);
	assert_int_equal(sl_http_request_parse(&req, buf, 32768, 0, NULL), SL_HTTP_BAD);
	assert_int_equal(sl_http_request_parse(&req, buf, 32767, 0, NULL), SL_HTTP_MORE);
	/* A caller that went on regardless is refused again. */
	assert_int_equal(sl_http_request_parse(&req, buf, 32769, 32760, &small), SL_HTTP_BAD);
	/* Bytes behind a whole head do not count. */
	assert_int_equal(
		sl_http_request_parse(&req, buf, fill(request_of(32768), 'x', 5000), 0, NULL),
		32768);
}

static size_t request_with_fields(unsigned int fields)
{
	size_t n = put(0, "GET / HTTP/1.1\r\nHost: h\r\n");

	for (unsigned int i = 1; i < fields; i++)
		n = put(n, "A:b\r\n");
	return put(n, "\r\n");
}

static void test_fields(void **state)
{
	const struct sl_http_limits small = {.fields = 3}, beyond = {.fields = 2000};

	expect(request_with_fields(100), false, NULL, SL_HTTP_E_NONE, 0);
	expect(request_with_fields(101), false, NULL, SL_HTTP_E_TOO_MANY_FIELDS, 25 + 99 * 5 + 1);
	expect(request_with_fields(5000), false, NULL, SL_HTTP_E_TOO_MANY_FIELDS, 25 + 99 * 5 + 1);
	expect(request_with_fields(101), false, &beyond, SL_HTTP_E_TOO_MANY_FIELDS,
	       25 + 99 * 5 + 1);
	expect(request_with_fields(3), false, &small, SL_HTTP_E_NONE, 0);
	expect(request_with_fields(4), false, &small, SL_HTTP_E_TOO_MANY_FIELDS, 25 + 2 * 5 + 1);
	assert_int_equal(sl_http_error_status(SL_HTTP_E_TOO_MANY_FIELDS), 431);
}

/* A wrong `seen` can not make the parser look behind the bytes it was given. */
static void test_seen_beyond_the_bytes(void **state)
{
	char *in = malloc(10);

	memcpy(in, "GET / HTTP", 10);
	assert_int_equal(sl_http_request_parse(&req, in, 10, 4000, NULL), SL_HTTP_MORE);
	free(in);
}

/* Names compared with each field are bounded, whatever Connection lists. */
static void test_connection_options(void **state)
{
	for (int options = 32; options <= 33; options++) {
		size_t n = put(0, "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nConnection: b");

		for (int i = 2; i < options; i++)
			n = put(n, ",");
		n = put(n, ",a\r\n\r\n");
		expect(n, false, NULL, options <= 32 ? SL_HTTP_E_NONE : SL_HTTP_E_BAD_FIELD, n);
		if (options == 32)
			assert_true(req.field[1].hop);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line),
		cmocka_unit_test(test_field),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_seen_beyond_the_bytes),
		cmocka_unit_test(test_connection_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
