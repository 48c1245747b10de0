/* SPDX-License-Identifier: BSD-3-Clause */
/* Address texts: RFC 5952's cases, prefixes, endpoints, and what must be refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "sl_base.h"

static void format_rfc5952(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		/* section 1 and 2: ways to write one address */
		{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
		{"2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
		{"2001:db8::1:0:0:1", "2001:db8::1:0:0:1"},
		{"2001:db8::0:1:0:0:1", "2001:db8::1:0:0:1"},
		{"2001:0db8::1:0:0:1", "2001:db8::1:0:0:1"},
		{"2001:db8:0:0:1::1", "2001:db8::1:0:0:1"},
		{"2001:DB8:0:0:1::1", "2001:db8::1:0:0:1"},
		/* 4.1: leading zeros */
		{"2001:0db8::0001", "2001:db8::1"},
		/* 4.2.1: as short as possible */
		{"2001:db8:0:0:0:0:2:1", "2001:db8::2:1"},
		/* 4.2.2: not one group alone */
		{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
		/* 4.2.3: longest run, else the first */
		{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
		{"2001:db8:0:0:1:0:0:0", "2001:db8:0:0:1::"},
		/* 4.3: lower case */
		{"2001:DB8:AAAA:BBBB:CCCC:DDDD:EEEE:FFFF",
		 "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff"},
		{"::", "::"},
		{"::1", "::1"},
		{"1::", "1::"},
		{"1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0"},
		{"0:2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
		{"0:0:3:4:5:6:0:0", "::3:4:5:6:0:0"},
		{"10.1.2.3", "10.1.2.3"},
		{"::ffff:10.1.2.3", "10.1.2.3"},
		{"255.255.255.255", "255.255.255.255"},
	};
	char buf[SL_IP_TEXT_MAX];
	struct sl_ip ip, again;

	for (unsigned i = 0; i < SL_ARRAY_LEN(cases); i++) {
		assert_int_equal(sl_ip_parse(cases[i].in, &ip, NULL), 0);
		assert_string_equal(sl_ip_format(&ip, buf), cases[i].out);
		assert_int_equal(sl_ip_parse(buf, &again, NULL), 0);
		assert_true(sl_ip_eq(&ip, &again));
	}
}

static void parse_refuses(void **state)
{
	static const char *const bad[] = {
		"",    "10.0.0",  "10.0.0.256", "10.0.0.1 ",   " 10.0.0.1",  "010.0.0.1",
		"1:2", ":::",     "1::2::3",    "fe80::1%1",   "10.0.0.1/8", "[::1]",
		"x",   "12345::", "0x0a000001", "10.0.0.1:80",
	};
	struct sl_err err;
	struct sl_ip ip;

	for (unsigned i = 0; i < SL_ARRAY_LEN(bad); i++) {
		assert_int_equal(sl_ip_parse(bad[i], &ip, &err), -EINVAL);
		assert_non_null(strstr(err.text, bad[i]));
	}
}

static void prefixes(void **state)
{
	static const char *const bad[] = {"10.0.0.0/33",
					  "10.0.0.0/",
					  "10.0.0.0/-1",
					  "10.0.0.0/08",
					  "::/129",
					  "/8",
					  "10.0.0.0/8/8",
					  "10.0.0.0/ 8",
					  "10.0.0.0/99999999999999999999",
					  ""};
	struct sl_prefix p;
	struct sl_ip ip;

	assert_int_equal(sl_prefix_parse("10.1.0.0/16", &p, NULL), 0);
	assert_int_equal(p.len, 112);
	assert_int_equal(sl_ip_parse("10.1.255.1", &ip, NULL), 0);
	assert_true(sl_prefix_contains(&p, &ip));
	assert_int_equal(sl_ip_parse("10.2.0.0", &ip, NULL), 0);
	assert_false(sl_prefix_contains(&p, &ip));
	assert_int_equal(sl_ip_parse("2001:db8::1", &ip, NULL), 0);
	assert_false(sl_prefix_contains(&p, &ip));

	assert_int_equal(sl_prefix_parse("2001:db8::/29", &p, NULL), 0);
	assert_int_equal(p.len, 29);
	assert_true(sl_prefix_contains(&p, &ip));
	assert_int_equal(sl_ip_parse("2001:dbf:ffff::", &ip, NULL), 0);
	assert_true(sl_prefix_contains(&p, &ip));
	assert_int_equal(sl_ip_parse("2001:dc0::", &ip, NULL), 0);
	assert_false(sl_prefix_contains(&p, &ip));

	assert_int_equal(sl_prefix_parse("0.0.0.0/0", &p, NULL), 0);
	assert_int_equal(p.len, 96);
	assert_int_equal(sl_prefix_parse("10.0.0.1", &p, NULL), 0);
	assert_int_equal(p.len, 128);
	assert_int_equal(sl_prefix_parse("::/0", &p, NULL), 0);
	assert_true(sl_prefix_contains(&p, &ip));
	for (unsigned i = 0; i < SL_ARRAY_LEN(bad); i++)
		assert_int_equal(sl_prefix_parse(bad[i], &p, NULL), -EINVAL);
}

static void endpoints(void **state)
{
	static const char *const good[] = {"10.0.0.1:80", "[2001:db8::1]:8080", "0.0.0.0:0",
					   "[::]:65535"};
	static const char *const bad[] = {"10.0.0.1",
					  "10.0.0.1:",
					  "10.0.0.1:65536",
					  "::1:80",
					  "[10.0.0.1]:80",
					  "[::1]80",
					  "[::1:80",
					  "]:80",
					  "[]:80",
					  "10.0.0.1:+80",
					  "10.0.0.1:080",
					  ":80",
					  "",
					  "["};
	char buf[SL_IP_PORT_TEXT_MAX];
	struct sl_ip_port ep;
	struct sl_err err;

	for (unsigned i = 0; i < SL_ARRAY_LEN(good); i++) {
		assert_int_equal(sl_ip_port_parse(good[i], &ep, NULL), 0);
		assert_string_equal(sl_ip_port_format(&ep.ip, ep.port, buf), good[i]);
	}
	for (unsigned i = 0; i < SL_ARRAY_LEN(bad); i++) {
		char quoted[64];

		assert_int_equal(sl_ip_port_parse(bad[i], &ep, &err), -EINVAL);
		snprintf(quoted, sizeof(quoted), "'%s'", bad[i]);
		assert_non_null(strstr(err.text, quoted));
	}
}

static void any_address(void **state)
{
	struct sl_ip ip;

	assert_int_equal(sl_ip_parse("0.0.0.0", &ip, NULL), 0);
	assert_true(sl_ip_is_any(&ip));
	assert_int_equal(sl_ip_parse("::", &ip, NULL), 0);
	assert_true(sl_ip_is_any(&ip));
	assert_int_equal(sl_ip_parse("0.0.0.1", &ip, NULL), 0);
	assert_false(sl_ip_is_any(&ip));
	assert_int_equal(sl_ip_parse("::1", &ip, NULL), 0);
	assert_false(sl_ip_is_any(&ip));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(format_rfc5952), cmocka_unit_test(parse_refuses),
		cmocka_unit_test(prefixes),       cmocka_unit_test(endpoints),
		cmocka_unit_test(any_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
