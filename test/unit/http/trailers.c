/* SPDX-License-Identifier: BSD-3-Clause */
/* Which trailer fields go on, and how they are written anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sl_http.h"

static void names(void **state)
{
	static const char *const may[] = {
		"X-Sum", "ETag", "Content-Digest", "Server-Timing", "grpc-status",
		"a",     "Hos",  "Hostt",          "x-forwarded",   "If"};
	static const char *const may_not[] = {"Transfer-Encoding",
					      "transfer_encoding",
					      "Content-Length",
					      "HOST",
					      "Connection",
					      "Keep-Alive",
					      "Proxy-Connection",
					      "TE",
					      "Trailer",
					      "Upgrade",
					      "HTTP2-Settings",
					      "Authorization",
					      "WWW-Authenticate",
					      "Cookie",
					      "Set-Cookie",
					      "Set_Cookie",
					      "Expect",
					      "Max-Forwards",
					      "If-Match",
					      "Range",
					      "Cache-Control",
					      "Content-Type",
					      "Content-Encoding",
					      "Content-Range",
					      "Date",
					      "Vary",
					      "Location",
					      "Via",
					      "X-Forwarded-For",
					      "X_Forwarded_Proto",
					      "X-Request-Id",
					      "X-Envoy-Retry-On",
					      "Forwarded",
					      "Accept-Encoding",
					      "Proxy-Authorization",
					      ""};

	(void)state;
	for (size_t i = 0; i < SL_ARRAY_LEN(may); i++)
		if (!sl_http_trailer_allowed(sl_str(may[i])))
			fail_msg("%s was dropped", may[i]);
	for (size_t i = 0; i < SL_ARRAY_LEN(may_not); i++)
		if (sl_http_trailer_allowed(sl_str(may_not[i])))
			fail_msg("%s went on", may_not[i]);
}

static void put(const char *section, const char *want)
{
	char text[256];
	struct sl_http_out out = {.p = text, .cap = sizeof(text)};

	sl_http_put_trailers(&out, sl_str(section));
	assert_int_equal(out.n, strlen(want));
	assert_memory_equal(text, want, out.n);
}

static void sections(void **state)
{
	(void)state;
	put("\r\n", "");
	put("A:b\r\n\r\n", "A: b\r\n");
	put("A: \t b c \t\r\nHost: x\r\nB:\r\nA: 2\r\n\r\n", "A: b c\r\nB: \r\nA: 2\r\n");
	put("Content-Length: 5\r\n\r\n", "");
	/* What the decoder never lets through ends it. */
	put("A: b\r\nno colon\r\nC: d\r\n\r\n", "A: b\r\n");
	put("A: b", "");
	put("", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(sections)};

	return cmocka_run_group_tests_name("http_trailers", tests, NULL, NULL);
}
