/* SPDX-License-Identifier: BSD-3-Clause */
/* Bounded writer, reasons, dates, error table and the checks of text from elsewhere. */
#include "sl_http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static void put_all(struct sl_http_out *out)
{
	sl_http_put_status(out, 404, sl_str(sl_http_reason(404)));
	sl_http_put_field(out, SL_STR("content-length"), SL_STR("0"));
	sl_http_put(out, SL_STR("n: "));
	sl_http_put_u64(out, 18446744073709551615u);
	sl_http_put_u64(out, 0);
	sl_http_put(out, (struct sl_str){NULL, 0});
	sl_http_put(out, SL_STR("\r\n\r\n"));
	sl_http_put_chunk(out, 0x1f4);
	sl_http_put_chunk(out, UINT64_MAX);
	sl_http_put_chunk(out, 0);
}

static const char expected[] = "HTTP/1.1 404 Not Found\r\n"
			       "content-length: 0\r\n"
			       "n: 184467440737095516150\r\n\r\n"
			       "1f4\r\nffffffffffffffff\r\n0\r\n";

/* At every capacity: a prefix of the text made of whole calls, and `full` unless all fits. */
static void test_writer(void **state)
{
	const size_t all = sizeof(expected) - 1;

	for (size_t cap = 0; cap <= all + 1; cap++) {
		char *p = malloc(cap ? cap : 1);
		struct sl_http_out out = {.p = p, .cap = cap};

		put_all(&out);
		assert_true(out.n <= cap);
		assert_memory_equal(p, expected, out.n);
		assert_int_equal(out.full, cap < all);
		if (cap >= all)
			assert_int_equal(out.n, all);
		free(p);
	}
}

static void test_full_stays(void **state)
{
	char buf[8];
	struct sl_http_out out = {.p = buf, .cap = sizeof(buf)};

	sl_http_put(&out, SL_STR("123456789"));
	assert_true(out.full);
	sl_http_put(&out, SL_STR("1"));
	sl_http_put_field(&out, SL_STR("a"), SL_STR("b"));
	sl_http_put_u64(&out, 1);
	assert_int_equal(out.n, 0);
	assert_true(out.full);
}

static void test_status_has_three_digits(void **state)
{
	static const uint16_t wrong[] = {0, 99, 1000, 65535};
	char buf[64];

	for (size_t i = 0; i < SL_ARRAY_LEN(wrong); i++) {
		struct sl_http_out out = {.p = buf, .cap = sizeof(buf)};

		sl_http_put_status(&out, wrong[i], SL_STR(""));
		assert_true(out.full);
		assert_int_equal(out.n, 0);
	}
}

static void test_reasons(void **state)
{
	assert_string_equal(sl_http_reason(100), "Continue");
	assert_string_equal(sl_http_reason(200), "OK");
	assert_string_equal(sl_http_reason(413), "Content Too Large");
	assert_string_equal(sl_http_reason(431), "Request Header Fields Too Large");
	assert_string_equal(sl_http_reason(511), "Network Authentication Required");
	assert_string_equal(sl_http_reason(299), "");
	assert_string_equal(sl_http_reason(0), "");
}

static void test_errors(void **state)
{
	assert_int_equal(sl_http_error_status(SL_HTTP_E_BAD_HOST), 400);
	assert_int_equal(sl_http_error_status(SL_HTTP_E_UNSUPPORTED_VERSION), 505);
	assert_int_equal(sl_http_error_status(SL_HTTP_E_UNKNOWN_TRANSFER_CODING), 501);
	assert_string_equal(sl_http_error_details(SL_HTTP_E_HEAD_TOO_LARGE),
			    "http1.headers_too_large");
	assert_int_equal(sl_http_error_status(SL_HTTP_E_COUNT), 400);
	assert_string_equal(sl_http_error_details(SL_HTTP_E_COUNT), "");
	for (int e = 1; e < SL_HTTP_E_COUNT; e++)
		assert_string_not_equal(sl_http_reason(sl_http_error_status(e)), "");
}

/* Against the C library, over leap days, century years and the ends of the range. */
static void test_date(void **state)
{
	static const uint64_t times[] = {0,          1,          784111777,  951782400,
					 951868799,  951868800,  1582934400, 1709251199,
					 2147483648, 4107542400, 4294967296, 253402300799};
	char ours[30] = {0}, theirs[64];

	for (uint64_t i = 0; i < 40000 + SL_ARRAY_LEN(times); i++) {
		time_t t = i < SL_ARRAY_LEN(times) ? (time_t)times[i]
						   : (time_t)(i * 86400 + i * 3607 % 86400);
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(theirs, sizeof(theirs), "%a, %d %b %Y %H:%M:%S GMT", &tm);
		sl_http_date((uint64_t)t, ours);
		assert_string_equal(ours, theirs);
	}
	sl_http_date(784111777, ours);
	assert_string_equal(ours, "Sun, 06 Nov 1994 08:49:37 GMT");
	sl_http_date(UINT64_MAX, ours);
	assert_string_equal(ours, "Fri, 31 Dec 9999 23:59:59 GMT");
}

static void test_valid(void **state)
{
	struct sl_str host;

	assert_true(sl_http_valid_token(SL_STR("x-a")));
	assert_false(sl_http_valid_token(SL_STR("")));
	assert_false(sl_http_valid_token(SL_STR("a b")));
	assert_false(sl_http_valid_token(SL_STR("a:")));
	assert_true(sl_http_valid_value(SL_STR("")));
	assert_true(sl_http_valid_value(SL_STR("a \t\xff")));
	assert_false(sl_http_valid_value(SL_STR("a\r\nb: c")));
	assert_false(sl_http_valid_value(SL_STR("a\0")));
	assert_true(sl_http_valid_target(SL_STR("/a?b")));
	assert_false(sl_http_valid_target(SL_STR("")));
	assert_false(sl_http_valid_target(SL_STR("a")));
	assert_false(sl_http_valid_target(SL_STR("/a b")));
	assert_false(sl_http_valid_target(SL_STR("/a\r\nX: y")));
	assert_false(sl_http_valid_target(SL_STR("/a#b")));
	assert_true(sl_http_valid_authority(SL_STR("a:80"), &host));
	assert_true(sl_str_eq(host, SL_STR("a")));
	assert_true(sl_http_valid_authority(SL_STR("[::]:80"), &host));
	assert_true(sl_str_eq(host, SL_STR("[::]")));
	assert_true(sl_http_valid_authority(SL_STR("a"), NULL));
	assert_false(sl_http_valid_authority(SL_STR(""), NULL));
	assert_false(sl_http_valid_authority((struct sl_str){NULL, 0}, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writer),
		cmocka_unit_test(test_full_stays),
		cmocka_unit_test(test_status_has_three_digits),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_date),
		cmocka_unit_test(test_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
