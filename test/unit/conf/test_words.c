/* SPDX-License-Identifier: BSD-3-Clause */
/* Durations, sizes, addresses and text as they are written in configurations. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "words.h"

static void durations(void **state)
{
	static const struct {
		const char *text;
		int code;
		uint32_t ms;
	} cases[] = {
		{"0", 0, 0},
		{"0s", 0, 0},
		{"200ms", 0, 200},
		{"10s", 0, 10000},
		{"1m30s", 0, 90000},
		{"1.5s", 0, 1500},
		{"1h", 0, 3600000},
		{"1us", 0, 1},
		{"1ns", 0, 1},
		{"1h1m1s1ms", 0, 3661001},
		{"2147483647ms", 0, 2147483647},
		{"2147483648ms", -ERANGE, 0},
		{"597h", -ERANGE, 0},
		{"99999999999999999999s", -ERANGE, 0},
		{"2147483647h2147483647h2147483647h", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"5", -EINVAL, 0},
		{"5x", -EINVAL, 0},
		{"-5s", -EINVAL, 0},
		{"s", -EINVAL, 0},
		{"5 s", -EINVAL, 0},
		{".5s", -EINVAL, 0},
		{"5.s", -EINVAL, 0},
		{"5s ", -EINVAL, 0},
	};

	for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
		uint32_t ms = 77;

		print_message("%s\n", cases[i].text);
		assert_int_equal(sl_word_ms(cases[i].text, &ms), cases[i].code);
		if (cases[i].code == 0)
			assert_int_equal(ms, cases[i].ms);
	}
}

static void rates(void **state)
{
	static const struct {
		const char *text;
		int code;
		uint16_t rate;
	} cases[] = {
		{"0%", 0, 0},          {"1%", 0, 100},       {"0.5%", 0, 50},
		{"0.01%", 0, 1},       {"12.34%", 0, 1234},  {"100%", 0, 10000},
		{"100.00%", 0, 10000}, {"100.01%", -EINVAL}, {"101%", -EINVAL},
		{"1000%", -EINVAL},    {"0.001%", -EINVAL},  {"1.%", -EINVAL},
		{".5%", -EINVAL},      {"5", -EINVAL},       {"%", -EINVAL},
		{"", -EINVAL},         {"-1%", -EINVAL},     {"5%%", -EINVAL},
		{"5 %", -EINVAL},
	};

	for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
		uint16_t rate = 77;

		print_message("%s\n", cases[i].text);
		assert_int_equal(sl_word_rate(cases[i].text, &rate), cases[i].code);
		assert_int_equal(rate, cases[i].code ? 77 : cases[i].rate);
	}
}

static void sizes(void **state)
{
	static const struct {
		const char *text;
		int code;
		uint64_t bytes;
	} cases[] = {
		{"0", 0, 0},
		{"1K", 0, 1024},
		{"512M", 0, 512u << 20},
		{"1GiB", 0, 1u << 30},
		{"2Gi", 0, UINT64_C(2) << 30},
		{"1T", 0, UINT64_C(1) << 40},
		{"5", -EINVAL, 0},
		{"M", -EINVAL, 0},
		{"5m", -EINVAL, 0},
		{"5Mx", -EINVAL, 0},
		{"", -EINVAL, 0},
		{"18446744073709551615T", -ERANGE, 0},
		{"99999999999999999999", -ERANGE, 0},
	};

	for (size_t i = 0; i < SL_ARRAY_LEN(cases); i++) {
		uint64_t bytes = 77;

		print_message("%s\n", cases[i].text);
		assert_int_equal(sl_word_bytes(cases[i].text, &bytes), cases[i].code);
		if (cases[i].code == 0)
			assert_int_equal(bytes, cases[i].bytes);
	}
}

static void macs(void **state)
{
	static const uint8_t want[6] = {2, 0, 0xab, 0xcd, 0xef, 1};
	uint8_t mac[6];

	assert_int_equal(sl_word_mac("02:00:aB:Cd:eF:01", mac), 0);
	assert_memory_equal(mac, want, 6);
	assert_int_equal(sl_word_mac("00:00:00:00:00:00", mac), -EINVAL);
	assert_int_equal(sl_word_mac("ff:ff:ff:ff:ff:ff", mac), -EINVAL);
	assert_int_equal(sl_word_mac("02-00-ab-cd-ef-01", mac), -EINVAL);
	assert_int_equal(sl_word_mac("02:00:ab:cd:ef:0", mac), -EINVAL);
	assert_int_equal(sl_word_mac("02:00:ab:cd:ef:0g", mac), -EINVAL);
}

/* RFC 3629: overlong forms, surrogates and what lies above U+10FFFF are no UTF-8. */
static void utf8(void **state)
{
	assert_true(sl_word_utf8("caf\xc3\xa9 \xf0\x9f\x98\x80\n", 11));
	assert_false(sl_word_utf8("\xc0\x80", 2));
	assert_false(sl_word_utf8("\xe0\x80\x80", 3));
	assert_false(sl_word_utf8("\xed\xa0\x80", 3));
	assert_false(sl_word_utf8("\xf4\x90\x80\x80", 4));
	assert_false(sl_word_utf8("\xc3", 1));
	assert_false(sl_word_utf8("\x80", 1));
	assert_false(sl_word_utf8("\x1b[1m", 4));
	assert_false(sl_word_utf8("\x7f", 1));
}

/* What is quoted in a message neither moves a terminal's cursor nor fills the screen. */
static void quotations_are_tame(void **state)
{
	char show[SL_SHOW_MAX], text[300];

	assert_string_equal(sl_show("a\x1b[2Jb\n", show), "a?[2Jb?");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(strlen(sl_show(text, show)), SL_SHOW_MAX - 5);
	assert_string_equal(show + SL_SHOW_MAX - 9, "x...");
	assert_string_equal(sl_show("\xff\xc3\xa9\xc3", show), "?\xc3\xa9?");
	memset(text, 0, sizeof(text));
	for (int i = 0; i < 80; i += 2)
		memcpy(text + 1 + i, "\xc3\xa9", 2);
	text[0] = 'a';
	sl_show(text, show);
	assert_true(sl_word_utf8(show, strlen(show)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations), cmocka_unit_test(rates),
		cmocka_unit_test(sizes),     cmocka_unit_test(macs),
		cmocka_unit_test(utf8),      cmocka_unit_test(quotations_are_tame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
