/* SPDX-License-Identifier: BSD-3-Clause */
/* Retry conditions, read and written. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sl_model.h"

static void conditions(void **state)
{
	static const struct {
		const char *list, *text;
		uint16_t codes[SL_RETRY_CODES_MAX];
	} rows[] = {
		{"", "", {0}},
		{"5xx", "5xx", {0}},
		{" gateway-error ,reset,, connect-failure",
		 "connect-failure,reset,gateway-error",
		 {0}},
		{"503", "retriable-status-codes", {503}},
		{"503,429,503, 500", "retriable-status-codes", {503, 429, 500}},
		{"unavailable,cancelled", "unavailable,cancelled", {0}},
		{"201,202,203,204,205,206,207,208",
		 "retriable-status-codes",
		 {201, 202, 203, 204, 205, 206, 207, 208}},
	};
	char text[SL_RETRY_TEXT_MAX];
	struct sl_err err;

	for (size_t i = 0; i < SL_ARRAY_LEN(rows); i++) {
		struct sl_model_route r = {.retry_on = 0xffff, .retry_codes = {1, 2, 3}};

		assert_int_equal(sl_model_retry_on(&r, rows[i].list, &err), 0);
		assert_string_equal(sl_retry_on_text(r.retry_on, text), rows[i].text);
		assert_memory_equal(r.retry_codes, rows[i].codes, sizeof(r.retry_codes));
	}
	assert_string_equal(sl_retry_on_text(SL_RETRY_DEFAULT, text),
			    "connect-failure,refused-stream,reset,retriable-status-codes,"
			    "unavailable,cancelled");
	assert_true(strlen(sl_retry_on_text(UINT32_MAX, text)) < SL_RETRY_TEXT_MAX);
}

static void refused(void **state)
{
	static const char *const bad[] = {
		"5xxx", "resets", "50",        "5o3",
		"199",  "600",    "reset 5xx", "201,202,203,204,205,206,207,208,209",
		"-503"};
	struct sl_model_route r;
	struct sl_err err;

	for (size_t i = 0; i < SL_ARRAY_LEN(bad); i++)
		assert_int_equal(sl_model_retry_on(&r, bad[i], &err), -EINVAL);
	assert_int_equal(sl_model_retry_on(&r, "resets", &err), -EINVAL);
	assert_string_equal(err.text,
			    "'resets' is no condition for a retry; write connect-failure, reset, "
			    "5xx, gateway-error, retriable-4xx or at most 8 codes from 200 to 599");
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(conditions),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests_name("model_retry", cases, NULL, NULL);
}
