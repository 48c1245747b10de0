/* SPDX-License-Identifier: BSD-3-Clause */
/* PROXY protocol headers: right ones of both versions, wrong ones, every prefix of each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sl_pp.h"

#define MAGIC "\r\n\r\n\0\r\nQUIT\n"
#define B(s)  s, sizeof(s) - 1

static const struct {
	const char *in;
	size_t n;
	const char *src, *dst; /* NULL: names nobody */
} right[] = {
	{B("PROXY TCP4 192.0.2.1 198.51.100.2 1 65535\r\n"), "192.0.2.1:1", "198.51.100.2:65535"},
	{B("PROXY TCP6 2001:db8::1 ::1 0 80\r\n"), "[2001:db8::1]:0", "[::1]:80"},
	{B("PROXY UNKNOWN\r\n"), NULL, NULL},
	{B("PROXY UNKNOWN what ever 1 2 3\r\n"), NULL, NULL},
	{B(MAGIC "\x21\x11\0\x0c\xc0\0\2\1\xc6\x33\x64\2\0\x50\x1f\x90"), "192.0.2.1:80",
	 "198.51.100.2:8080"},
	{B(MAGIC "\x21\x11\0\x10\xc0\0\2\1\xc6\x33\x64\2\0\x50\x1f\x90\4\0\1\0"), "192.0.2.1:80",
	 "198.51.100.2:8080"},
	{B(MAGIC "\x21\x21\0\x24\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
		 "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2\0\1\0\2"),
	 "[2001:db8::1]:1", "[2001:db8::2]:2"},
	{B(MAGIC "\x20\0\0\0"), NULL, NULL},
	{B(MAGIC "\x20\x11\0\3abc"), NULL, NULL},
	{B(MAGIC "\x21\0\0\0"), NULL, NULL},
	{B(MAGIC "\x21\x31\0\1x"), NULL, NULL},
};

static const struct {
	const char *in;
	size_t n;
} wrong[] = {
	{B("GET / HTTP/1.1\r\n")},
	{B("PROXY\r\n")},
	{B("PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n")},
	{B("PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n")},
	{B("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n")},
	{B("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n")},
	{B("PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n")},
	{B("PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n")},
	{B("PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n")},
	{B("PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n")},
	{B("PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n")},
	{B("PROXY TCP4 ::1 ::2 1 2\r\n")},
	{B("PROXY TCP6 192.0.2.1 ::2 1 2\r\n")},
	{B("PROXY TCP6 [::1] ::2 1 2\r\n")},
	{B("PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n")},
	{B("PROXY tcp4 192.0.2.1 192.0.2.2 1 2\r\n")},
	{B("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n")},
	{B("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\rx")},
	{B("PROXY UNKNOWN 9999999999999999999999999999999999999999999999999999999999999999999999999"
	   "99999999999999999999999999\r\n")},
	{B(MAGIC "\x11\x11\0\0")},
	{B(MAGIC "\x22\x11\0\0")},
	{B(MAGIC "\x21\x12\0\x0c")},
	{B(MAGIC "\x21\x11\0\x0b")},
	{B(MAGIC "\x21\x21\0\x23")},
	{B(MAGIC "\x21\x11\xff\xff")},
	{B("\r\n\r\n\0\r\nQUIX")},
};

/** The verdict on a heap copy of exactly n bytes. */
static int parse(const char *in, size_t n, struct sl_pp *pp)
{
	char *copy = malloc(n ? n : 1);
	int got;

	assert_non_null(copy);
	memcpy(copy, in, n);
	got = sl_pp_parse(copy, n, pp);
	free(copy);
	return got;
}

static void accepted(void **state)
{
	char text[SL_IP_PORT_TEXT_MAX];
	struct sl_pp pp;

	for (size_t i = 0; i < SL_ARRAY_LEN(right); i++) {
		for (size_t n = 0; n < right[i].n; n++)
			assert_int_equal(parse(right[i].in, n, &pp), SL_PP_MORE);
		assert_int_equal(parse(right[i].in, right[i].n, &pp), right[i].n);
		assert_int_equal(pp.known, right[i].src != NULL);
		if (!pp.known)
			continue;
		assert_string_equal(sl_ip_port_format(&pp.src.ip, pp.src.port, text), right[i].src);
		assert_string_equal(sl_ip_port_format(&pp.dst.ip, pp.dst.port, text), right[i].dst);
	}
}

static void refused(void **state)
{
	struct sl_pp pp;

	for (size_t i = 0; i < SL_ARRAY_LEN(wrong); i++)
		assert_int_equal(parse(wrong[i].in, wrong[i].n, &pp), SL_PP_BAD);
}

static void what_is_written_is_read(void **state)
{
	static const char *const pairs[][2] = {{"192.0.2.1:1", "198.51.100.2:65535"},
					       {"[2001:db8::1]:80", "[::1]:0"},
					       {"192.0.2.1:1", "[::1]:2"}};
	char out[SL_PP_EMIT_MAX];
	struct sl_pp pp;

	for (size_t i = 0; i < SL_ARRAY_LEN(pairs); i++) {
		struct sl_ip_port src, dst;

		assert_int_equal(sl_ip_port_parse(pairs[i][0], &src, NULL), 0);
		assert_int_equal(sl_ip_port_parse(pairs[i][1], &dst, NULL), 0);
		for (int v = 1; v <= 2; v++) {
			size_t n = sl_pp_emit(v, &src, &dst, out);

			assert_int_equal(parse(out, n, &pp), n);
			assert_int_equal(pp.known, v == 2 || i < 2);
			if (pp.known) {
				assert_true(sl_ip_eq(&pp.src.ip, &src.ip) &&
					    pp.src.port == src.port);
				assert_true(sl_ip_eq(&pp.dst.ip, &dst.ip) &&
					    pp.dst.port == dst.port);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(accepted),
		cmocka_unit_test(refused),
		cmocka_unit_test(what_is_written_is_read),
	};

	return cmocka_run_group_tests_name("wire_pp", cases, NULL, NULL);
}
