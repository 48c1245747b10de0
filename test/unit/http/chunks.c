/* SPDX-License-Identifier: BSD-3-Clause */
/* Chunked bodies: content and verdict, whole, cut at every place, and byte by byte. */
#include "sl_http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct vector {
	const char *in;
	size_t len;
	const char *content;
	int left; /* bytes behind the body; or one of these */
	enum sl_http_error error;
};
#define MORE -2
#define OK(bytes, content, left)                                        \
	{                                                               \
		bytes, sizeof(bytes) - 1, content, left, SL_HTTP_E_NONE \
	}
#define BAD(bytes, content, name)                                                \
	{                                                                        \
		bytes, sizeof(bytes) - 1, content, SL_HTTP_BAD, SL_HTTP_E_##name \
	}

static const struct vector vectors[] = {
	OK("0\r\n\r\n", "", 0),
	OK("5\r\nhello\r\n0\r\n\r\n", "hello", 0),
	OK("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nGET ", "hello world", 4),
	OK("a\r\n0123456789\r\nB\r\n0123456789a\r\n00000\r\n\r\n", "01234567890123456789a", 0),
	OK("0000000000000001\r\nx\r\n0000000000000000\r\n\r\n", "x", 0),
	OK("1\r\n\r\r\n2\r\n\r\n\r\n0\r\n\r\n", "\r\r\n", 0),
	OK("1;a=b\r\nx\r\n0;c\r\n\r\n", "x", 0),
	OK("1;\r\nx\r\n0;;; ;\r\n\r\n", "x", 0),
	OK("1;a=\"b;\xff \\\r\nx\r\n0\r\n\r\n", "x", 0),
	OK("0\r\nA: b\r\nC:\r\n\r\n", "", 0),
	OK("0\r\nContent-Length: 5\r\nHost: h\r\n\r\n", "", 0),
	OK("0\r\nA: \t\x80 \r\n\r\n\r\n", "", 2),
	OK("", "", MORE),
	OK("5", "", MORE),
	OK("5\r", "", MORE),
	OK("5\r\nhel", "hel", MORE),
	OK("5\r\nhello\r", "hello", MORE),
	OK("0\r\n\r", "", MORE),
	OK("0\r\nA: b\r\n", "", MORE),
	/* sizes */
	BAD("\r\n", "", BAD_CHUNK),
	BAD(";a\r\n", "", BAD_CHUNK),
	BAD(" 5\r\nhello", "", BAD_CHUNK),
	BAD("5 \r\nhello", "", BAD_CHUNK),
	BAD("5\t\r\nhello", "", BAD_CHUNK),
	BAD("5 ;a\r\nhello", "", BAD_CHUNK),
	BAD("+5\r\nhello", "", BAD_CHUNK),
	BAD("-1\r\n", "", BAD_CHUNK),
	BAD("0x5\r\nhello", "", BAD_CHUNK),
	BAD("5,5\r\nhello", "", BAD_CHUNK),
	BAD("g\r\n", "", BAD_CHUNK),
	BAD("5_0\r\n", "", BAD_CHUNK),
	BAD("\0\r\n", "", BAD_CHUNK),
	BAD("\xff\r\n", "", BAD_CHUNK),
	OK("7fffffffffffffff\r\nx", "x", MORE),
	BAD("8000000000000000\r\n", "", BAD_CHUNK),
	BAD("ffffffffffffffff\r\n", "", BAD_CHUNK),
	BAD("fffffffffffffff0\r\n", "", BAD_CHUNK),
	BAD("10000000000000000\r\n", "", BAD_CHUNK),
	BAD("00000000000000001\r\n", "", BAD_CHUNK),
	BAD("10000000000000005\r\nhello", "", BAD_CHUNK),
	/* line ends: CR LF after size, data and last chunk, nothing else */
	BAD("5\nhello\r\n0\r\n\r\n", "", BAD_CHUNK),
	BAD("5\rhello\r\n", "", BAD_CHUNK),
	BAD("5\r\r\nhello", "", BAD_CHUNK),
	BAD("5\r\nhello\n0\r\n\r\n", "hello", BAD_CHUNK),
	BAD("5\r\nhello0\r\n\r\n", "hello", BAD_CHUNK),
	BAD("5\r\nhello\r0\r\n\r\n", "hello", BAD_CHUNK),
	BAD("5\r\nhello!\r\n", "hello", BAD_CHUNK),
	BAD("5\r\nhello!\n0\r\n\r\n", "hello", BAD_CHUNK),
	BAD("5\r\nhello\r!0\r\n\r\n", "hello", BAD_CHUNK),
	BAD("5\r\nhello\r\n\r\n0\r\n\r\n", "hello", BAD_CHUNK),
	BAD("0\n\n", "", BAD_CHUNK),
	BAD("0\r\n\n", "", BAD_LINE_END),
	BAD("0\r\n\rX", "", BAD_LINE_END),
	/* extensions: not interpreted, but no control byte and no line end in them */
	BAD("1;a\nx\r\n", "", BAD_CHUNK),
	BAD("1;a\rx\r\n", "", BAD_CHUNK),
	BAD("1;a\0\r\n", "", BAD_CHUNK),
	BAD("1;\x7f\r\n", "", BAD_CHUNK),
	BAD("1;a=\"\n\"\r\nx\r\n", "", BAD_CHUNK),
	BAD("1;\ta\r\n", "", BAD_CHUNK),
	BAD("1\x0b;a\r\n", "", BAD_CHUNK),
	/* trailers */
	BAD("0\r\n A: b\r\n\r\n", "", OBS_FOLD),
	BAD("0\r\nA: b\r\n c\r\n\r\n", "", OBS_FOLD),
	BAD("0\r\nA : b\r\n\r\n", "", BAD_FIELD),
	BAD("0\r\n: b\r\n\r\n", "", BAD_FIELD),
	BAD("0\r\nA\r\n\r\n", "", BAD_FIELD),
	BAD("0\r\nA: \0\r\n\r\n", "", BAD_FIELD),
	BAD("0\r\nA: b\n\r\n", "", BAD_LINE_END),
	BAD("0\r\nA\n\r\n", "", BAD_LINE_END),
	BAD("0\r\nA: b\rc\r\n\r\n", "", BAD_LINE_END),
	BAD("0\r\nGET / HTTP/1.1\r\n\r\n", "", BAD_FIELD),
};

struct decoded {
	struct sl_http_chunks c;
	char content[64];
	size_t n, consumed;
	bool bad;
};

static void feed(struct decoded *d, const char *p, size_t len)
{
	char *in = malloc(len ? len : 1);
	size_t at = 0, skip, content;

	memcpy(in, p, len);
	while (at < len && !d->c.done && !d->bad) {
		int64_t n = sl_http_chunks_next(&d->c, in + at, len - at, &skip, &content);

		if (n < 0) {
			d->bad = true;
			break;
		}
		assert_true(n >= 1);
		assert_int_equal(n, skip + content);
		assert_true(d->n + content <= sizeof(d->content));
		memcpy(d->content + d->n, in + at + skip, content);
		d->n += content;
		at += (size_t)n;
	}
	d->consumed += at;
	free(in);
}

static void check(const struct vector *v, size_t first, size_t step)
{
	struct decoded d = {0};

	feed(&d, v->in, first);
	for (size_t at = first; at < v->len; at += step)
		feed(&d, v->in + at, SL_MIN(step, v->len - at));
	assert_int_equal(d.n, strlen(v->content));
	assert_memory_equal(d.content, v->content, d.n);
	assert_int_equal(d.bad, v->error != SL_HTTP_E_NONE);
	assert_int_equal(d.c.error, v->error);
	assert_int_equal(d.c.done, v->left >= 0);
	if (v->left >= 0)
		assert_int_equal(d.consumed, v->len - (size_t)v->left);
}

static void test_vectors(void **state)
{
	for (size_t i = 0; i < SL_ARRAY_LEN(vectors); i++) {
		for (size_t cut = 0; cut <= vectors[i].len; cut++)
			check(&vectors[i], cut, vectors[i].len + 1);
		check(&vectors[i], 0, 1);
		check(&vectors[i], 0, 3);
	}
}

/* Refused is refused: a decoder does not come back. */
static void test_stays_bad(void **state)
{
	struct sl_http_chunks c = {0};
	size_t skip, content;

	assert_int_equal(sl_http_chunks_next(&c, "x", 1, &skip, &content), SL_HTTP_BAD);
	assert_int_equal(sl_http_chunks_next(&c, "0\r\n\r\n", 5, &skip, &content), SL_HTTP_BAD);
	assert_int_equal(c.error, SL_HTTP_E_BAD_CHUNK);
}

static void test_done_consumes_nothing(void **state)
{
	struct sl_http_chunks c = {0};
	size_t skip, content;

	assert_int_equal(sl_http_chunks_next(&c, "0\r\n\r\nabc", 8, &skip, &content), 5);
	assert_true(c.done);
	assert_int_equal(sl_http_chunks_next(&c, "abc", 3, &skip, &content), 0);
	assert_int_equal(skip, 0);
	assert_int_equal(content, 0);
}

/* Feeds head, then `unit` `times` over; returns how many times it was taken before it was refused.
 */
static unsigned int repeat(const char *head, const char *unit, unsigned int times,
			   struct sl_http_chunks *c)
{
	size_t skip, content;

	*c = (struct sl_http_chunks){0};
	for (size_t at = 0; at < strlen(head);)
		at += (size_t)sl_http_chunks_next(c, head + at, strlen(head) - at, &skip, &content);
	for (unsigned int i = 0; i < times; i++) {
		for (size_t at = 0; at < strlen(unit);) {
			int64_t n = sl_http_chunks_next(c, unit + at, strlen(unit) - at, &skip,
							&content);

			if (n < 0)
				return i;
			at += (size_t)n;
		}
	}
	return times;
}

static void test_limits(void **state)
{
	struct sl_http_chunks c;
	char line[5000], unit[200];

	/* one size line: "1;" and 1022 more */
	assert_int_equal(repeat("1;", "a", 5000, &c), 1022);
	assert_int_equal(c.error, SL_HTTP_E_BAD_CHUNK);
	/* extensions of one message: 100 bytes of them a chunk */
	snprintf(unit, sizeof(unit), "1;%099d\r\nx\r\n", 0);
	assert_int_equal(repeat("", unit, 5000, &c), 163);
	assert_int_equal(c.error, SL_HTTP_E_BAD_CHUNK);
	/* chunks of one byte without extensions are taken for ever */
	assert_int_equal(repeat("", "1\r\nx\r\n", 100000, &c), 100000);
	/* trailers: count, one line, all of them */
	assert_int_equal(repeat("0\r\n", "A: b\r\n", 5000, &c), 100);
	assert_int_equal(c.error, SL_HTTP_E_TOO_MANY_FIELDS);
	assert_int_equal(repeat("0\r\nA:", "b", 50000, &c), 8190);
	assert_int_equal(c.error, SL_HTTP_E_HEAD_TOO_LARGE);
	snprintf(line, sizeof(line), "A:%0996d\r\n", 0);
	assert_int_equal(repeat("0\r\n", line, 50, &c), 32);
	assert_int_equal(c.error, SL_HTTP_E_HEAD_TOO_LARGE);
}

/* Counters hold beyond 4 GiB of one chunk and of one body. */
static void test_long_body(void **state)
{
	static char data[1 << 20];
	struct sl_http_chunks c = {0};
	size_t skip, content;
	uint64_t total = 0;

	for (int chunk = 0; chunk < 2; chunk++) {
		uint64_t left = 0x180000007u; /* 6 GiB and 7 bytes */

		assert_int_equal(sl_http_chunks_next(&c, "180000007\r\n", 11, &skip, &content), 11);
		while (left) {
			size_t n = (size_t)SL_MIN(left, (uint64_t)sizeof(data));

			assert_int_equal(sl_http_chunks_next(&c, data, n, &skip, &content), n);
			assert_int_equal(skip, 0);
			assert_int_equal(content, n);
			left -= n;
			total += n;
		}
		assert_int_equal(sl_http_chunks_next(&c, "\r\n", 2, &skip, &content), 2);
		assert_int_equal(skip, 2);
	}
	assert_int_equal(sl_http_chunks_next(&c, "0\r\n\r\n", 5, &skip, &content), 5);
	assert_true(c.done);
	assert_true(total == 2 * 0x180000007u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_stays_bad),
		cmocka_unit_test(test_done_consumes_nothing),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_long_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
