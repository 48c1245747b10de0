/* SPDX-License-Identifier: BSD-3-Clause */
/* Access-log lines: golden ones, forged ones, and records that lie about their lengths. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sl_log_line.h"

static _Alignas(8) char memory[SL_CTL_LOG_SIZE];
static char line[SL_LOG_LINE_MAX];
static struct sl_log_format *istio;

static struct sl_ip ip(const char *text)
{
	struct sl_ip out;

	assert_int_equal(sl_ip_parse(text, &out, NULL), 0);
	return out;
}

/** Puts texts behind the record and returns the message's length. */
static size_t texts_set(struct sl_log_record *r, const char *const text[SL_LOG_TEXTS])
{
	char *p = r->text;

	for (int i = 0; i < SL_LOG_TEXTS; i++) {
		size_t n = text[i] ? strlen(text[i]) : 0;

		r->len[i] = (uint16_t)n;
		if (n)
			memcpy(p, text[i], n);
		p += n;
	}
	return (size_t)(p - (char *)r);
}

static struct sl_log_record *record_new(void)
{
	struct sl_log_record *r = (struct sl_log_record *)memory;

	memset(memory, 0, sizeof(memory));
	r->start_wall_us = UINT64_C(1606339578409123); /* 2020-11-25T21:26:18.409Z */
	r->bytes_sent = 135;
	r->duration_us = 4999;
	r->head_us = 10;
	r->routed_us = 20;
	r->upstream_us = 100;
	r->first_byte_us = 4200;
	r->status = 418;
	r->http_minor = 1;
	r->has_upstream = 1;
	r->downstream_ip = ip("10.44.1.23");
	r->downstream_port = 37652;
	r->local_ip = ip("10.44.1.27");
	r->local_port = 80;
	r->upstream_ip = ip("10.44.2.9");
	r->upstream_port = 8080;
	r->upstream_local_ip = ip("10.44.1.27");
	r->upstream_local_port = 41854;
	return r;
}

static const char *const usual[SL_LOG_TEXTS] = {
	[SL_LOG_METHOD] = "GET",
	[SL_LOG_PATH] = "/status/418?a=b",
	[SL_LOG_AUTHORITY] = "httpbin:8000",
	[SL_LOG_USER_AGENT] = "Mozilla/5.0 (X11; Linux x86_64)",
	[SL_LOG_XFF] = "10.44.1.23",
	[SL_LOG_REQUEST_ID] = "84961386-6d84-929d-98bd-c5aee93b5c88",
	[SL_LOG_UPSTREAM_CLUSTER] = "outbound|8000||httpbin.foo.svc.cluster.local",
	[SL_LOG_ROUTE_NAME] = "default",
	[SL_LOG_DETAILS] = "via_upstream",
};

static void golden_answered(void **state)
{
	struct sl_log_record *r = record_new();
	size_t len = texts_set(r, usual);
	static const char want[] =
		"[2020-11-25T21:26:18.409Z] \"GET /status/418?a=b HTTP/1.1\" 418 - via_upstream "
		"- \"-\" 0 135 4 4 \"10.44.1.23\" \"Mozilla/5.0 (X11; Linux x86_64)\" "
		"\"84961386-6d84-929d-98bd-c5aee93b5c88\" \"httpbin:8000\" \"10.44.2.9:8080\" "
		"outbound|8000||httpbin.foo.svc.cluster.local 10.44.1.27:41854 10.44.1.27:80 "
		"10.44.1.23:37652 - default\n";

	assert_int_equal(sl_log_format_write(istio, r, len, line, sizeof(line)), sizeof(want) - 1);
	assert_string_equal(line, want);
	/* Bytes behind the message (a larger slot) change nothing. */
	assert_int_equal(sl_log_format_write(istio, r, SL_CTL_LOG_SIZE - 4, line, sizeof(line)),
			 sizeof(want) - 1);
	assert_string_equal(line, want);
}

static void golden_no_route(void **state)
{
	struct sl_log_record *r = record_new();
	const char *text[SL_LOG_TEXTS] = {
		[SL_LOG_METHOD] = "POST",
		[SL_LOG_PATH] = "/",
		[SL_LOG_AUTHORITY] = "other.example",
		[SL_LOG_DETAILS] = "route_not_found",
	};
	size_t len;

	r->has_upstream = 0;
	r->status = 404;
	r->flags = 1u << SL_FLAG_NR;
	r->duration_us = 0;
	r->bytes_sent = 0;
	r->bytes_received = 104857600;
	r->http_minor = 0;
	r->start_wall_us = 0;
	r->upstream_us = r->first_byte_us = UINT32_MAX;
	r->downstream_ip = ip("2001:db8::1");
	len = texts_set(r, text);
	assert_true(sl_log_format_write(istio, r, len, line, sizeof(line)) > 0);
	assert_string_equal(
		line, "[1970-01-01T00:00:00.000Z] \"POST / HTTP/1.0\" 404 NR route_not_found - "
		      "\"-\" 104857600 0 0 - \"-\" \"-\" \"-\" \"other.example\" \"-\" - - "
		      "10.44.1.27:80 [2001:db8::1]:37652 - -\n");
}

static void golden_unparsable(void **state)
{
	struct sl_log_record *r = record_new();
	const char *text[SL_LOG_TEXTS] = {
		[SL_LOG_DETAILS] = "http1.codec_error",
		[SL_LOG_FAILURE] = "connection refused",
	};
	size_t len;

	r->status = 400;
	r->flags = 1u << SL_FLAG_DPE | 1u << SL_FLAG_UF | 1u << SL_FLAG_URX;
	r->upstream_us = UINT32_MAX;
	r->upstream_local_port = 0;
	len = texts_set(r, text);
	assert_true(sl_log_format_write(istio, r, len, line, sizeof(line)) > 0);
	assert_string_equal(line,
			    "[2020-11-25T21:26:18.409Z] \"- - HTTP/1.1\" 400 UF,URX,DPE "
			    "http1.codec_error - \"connection refused\" 0 135 4 - \"-\" \"-\" "
			    "\"-\" \"-\" \"10.44.2.9:8080\" - - 10.44.1.27:80 10.44.1.23:37652 "
			    "- -\n");
}

/* Nobody ends a field or a line but us. */
static void forged(void **state)
{
	struct sl_log_record *r = record_new();
	const char *text[SL_LOG_TEXTS];
	size_t len;

	memcpy(text, usual, sizeof(text));
	text[SL_LOG_PATH] = "/a b\"c\\";
	text[SL_LOG_USER_AGENT] = "x\" \"\n[2020] \"GET";
	text[SL_LOG_AUTHORITY] = "h\x1b[2J\x7f\xc3\xa4";
	text[SL_LOG_ROUTE_NAME] = "a b";
	len = texts_set(r, text);
	r->len[SL_LOG_ROUTE_NAME] |= SL_LOG_CUT;
	assert_true(sl_log_format_write(istio, r, len, line, sizeof(line)) > 0);
	assert_non_null(strstr(line, "\"GET /a\\x20b\\x22c\\x5c HTTP/1.1\""));
	assert_non_null(strstr(line, " \"x\\x22 \\x22\\x0a[2020] \\x22GET\" "));
	assert_non_null(strstr(line, "\"h\\x1b[2J\\x7f\\xc3\\xa4\""));
	assert_non_null(strstr(line, " a\\x20b...\n"));
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void lying_lengths(void **state)
{
	struct sl_log_record *r = record_new(), *exact;
	size_t len = texts_set(r, usual);

	/* On the heap, exactly as long as the message, so that ASan sees any step behind it. */
	exact = malloc(len);
	memcpy(exact, r, len);
	assert_true(sl_log_format_write(istio, exact, len, line, sizeof(line)) > 0);
	for (int i = 0; i < SL_LOG_TEXTS; i++) {
		uint16_t good = exact->len[i];

		exact->len[i] = (uint16_t)(good + 1);
		assert_int_equal(sl_log_format_write(istio, exact, len, line, sizeof(line)),
				 -EBADMSG);
		assert_string_equal(line, "");
		exact->len[i] = 0x7fff;
		assert_int_equal(sl_log_format_write(istio, exact, len, line, sizeof(line)),
				 -EBADMSG);
		exact->len[i] = 0xffff;
		assert_int_equal(sl_log_format_write(istio, exact, len, line, sizeof(line)),
				 -EBADMSG);
		exact->len[i] = good;
	}
	free(exact);
	for (size_t n = 0; n < len; n++) {
		exact = malloc(n ? n : 1);
		memcpy(exact, r, n);
		assert_int_equal(sl_log_format_write(istio, exact, n, line, sizeof(line)),
				 -EBADMSG);
		free(exact);
	}
}

/* Any bytes at all: an answer, a terminated line, no step outside. */
static void garbage(void **state)
{
	struct sl_log_record *r = (struct sl_log_record *)memory;
	int lines = 0;

	srand(1);
	for (int round = 0; round < 3000; round++) {
		int n;

		for (unsigned i = 0; i < sizeof(memory); i++)
			memory[i] = (char)(round == 0 ? 0xff : rand());
		for (int i = 0; i < SL_LOG_TEXTS; i++)
			r->len[i] = (uint16_t)(rand() % 400);
		n = sl_log_format_write(istio, r, sizeof(memory) - 4, line, sizeof(line));
		assert_true(n > 0 || n == -EBADMSG);
		assert_int_equal(strlen(line), n > 0 ? n : 0);
		lines += n > 0;
		if (n > 0)
			assert_ptr_equal(strchr(line, '\n'), line + n - 1);
	}
	assert_in_range(lines, 100, 2990);
	memset(memory, 0xff, sizeof(memory));
	memset(r->len, 0, sizeof(r->len));
	r->len[SL_LOG_USER_AGENT] = (uint16_t)(sizeof(memory) - 4 - sizeof(*r));
	assert_true(sl_log_format_write(istio, r, sizeof(memory) - 4, line, sizeof(line)) > 0);
}

static void too_small(void **state)
{
	struct sl_log_record *r = record_new();
	size_t len = texts_set(r, usual);
	int n = sl_log_format_write(istio, r, len, line, sizeof(line));

	for (int cap = 0; cap <= n; cap++) {
		char *out = malloc((size_t)cap + 1);

		out[cap] = 'x';
		assert_int_equal(sl_log_format_write(istio, r, len, out, (size_t)cap), -ENOSPC);
		assert_int_equal(out[cap], 'x');
		assert_true(cap == 0 || out[0] == '\0');
		free(out);
	}
	assert_int_equal(sl_log_format_write(istio, r, len, line, (size_t)n + 1), n);
}

static void flags(void **state)
{
	char buf[128], tiny[3];

	assert_string_equal(sl_log_flags(0, buf, sizeof(buf)), "-");
	assert_string_equal(sl_log_flags(1u << SL_FLAG_UH, buf, sizeof(buf)), "UH");
	assert_string_equal(sl_log_flags(1u << SL_FLAG_OM | 1u << SL_FLAG_UH, buf, sizeof(buf)),
			    "UH,OM");
	assert_string_equal(sl_log_flags(1u << 31, buf, sizeof(buf)), "-");
	assert_string_equal(sl_log_flags(UINT32_MAX, buf, sizeof(buf)),
			    "UH,UF,UO,NR,URX,NC,DC,UT,UC,UR,DPE,UPE,SI,DT,OM,RL,DI,FI");
	assert_string_equal(sl_log_flags(UINT32_MAX, tiny, sizeof(tiny)), "UH");
}

/** The usual record by a format. */
static const char *by_format(const char *text)
{
	struct sl_log_record *r = record_new();
	const char *texts[SL_LOG_TEXTS];
	struct sl_log_format *f = NULL;

	memcpy(texts, usual, sizeof(texts));
	texts[SL_LOG_REFERER] = "http://a.test/\xc3\xa4\"";
	r->accept_us = 7;
	r->bytes_received = 3;
	assert_int_equal(sl_log_format_parse(text, &f, NULL), 0);
	assert_true(sl_log_format_write(f, r, texts_set(r, texts), line, sizeof(line)) > 0);
	sl_log_format_free(f);
	return line;
}

static void json(void **state)
{
	struct sl_log_record *r;
	struct sl_log_format *f = NULL;
	const char *text[SL_LOG_TEXTS] = {[SL_LOG_PATH] = "/\"\\\n\x7f \xff"};

	assert_string_equal(
		by_format("json"),
		"{\"start_time\":\"2020-11-25T21:26:18.409Z\",\"route_name\":\"default\","
		"\"method\":\"GET\",\"path\":\"/status/418?a=b\",\"protocol\":\"HTTP/1.1\","
		"\"response_code\":418,\"response_flags\":\"-\","
		"\"response_code_details\":\"via_upstream\","
		"\"connection_termination_details\":null,\"bytes_received\":3,\"bytes_sent\":135,"
		"\"duration\":4,\"upstream_service_time\":\"4\",\"x_forwarded_for\":\"10.44.1.23\","
		"\"user_agent\":\"Mozilla/5.0 (X11; Linux x86_64)\","
		"\"request_id\":\"84961386-6d84-929d-98bd-c5aee93b5c88\","
		"\"authority\":\"httpbin:8000\",\"upstream_host\":\"10.44.2.9:8080\","
		"\"upstream_cluster\":\"outbound|8000||httpbin.foo.svc.cluster.local\","
		"\"upstream_local_address\":\"10.44.1.27:41854\","
		"\"downstream_local_address\":\"10.44.1.27:80\","
		"\"downstream_remote_address\":\"10.44.1.23:37652\","
		"\"requested_server_name\":null,\"upstream_transport_failure_reason\":null,"
		"\"accept_us\":7,\"head_us\":10,\"routed_us\":20,\"first_byte_us\":4200,"
		"\"done_us\":4999}\n");
	r = record_new();
	r->has_upstream = 0;
	r->upstream_us = r->first_byte_us = r->routed_us = UINT32_MAX;
	assert_int_equal(sl_log_format_parse("json", &f, NULL), 0);
	assert_true(sl_log_format_write(f, r, texts_set(r, text), line, sizeof(line)) > 0);
	sl_log_format_free(f);
	assert_non_null(strstr(line, "\"path\":\"/\\u0022\\u005c\\u000a\\u007f \\u00ff\","));
	assert_non_null(strstr(line, "\"upstream_service_time\":null,"));
	assert_non_null(strstr(line, "\"upstream_host\":null,"));
	assert_non_null(strstr(line, "\"routed_us\":null,\"first_byte_us\":null,"));
}

static void combined(void **state)
{
	assert_string_equal(by_format("combined"), "10.44.1.23 - - [25/Nov/2020:21:26:18 +0000] "
						   "\"GET /status/418?a=b HTTP/1.1\" 418 135 "
						   "\"http://a.test/\\xc3\\xa4\\x22\" "
						   "\"Mozilla/5.0 (X11; Linux x86_64)\"\n");
}

static void own_formats(void **state)
{
	static const struct {
		const char *text, *line;
	} good[] = {
		{"%RESPONSE_CODE%", "418\n"},
		{"100%% %PROTOCOL%", "100% HTTP/1.1\n"},
		{"%REQ(user-agent):7% \"%REQ(USER-AGENT):13%\"", "Mozilla \"Mozilla/5.0 (\"\n"},
		{"%REQ(X-NONE?:AUTHORITY)%", "httpbin:8000\n"},
		{"%START_TIME(%s)%", "1606339578\n"},
		{"%DOWNSTREAM_REMOTE_PORT% %DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT% "
		 "%RESPONSE_DURATION%",
		 "37652 10.44.1.27 4\n"},
		{"%SLUICE_ACCEPT_US% %SLUICE_HEAD_US% %SLUICE_ROUTED_US% %SLUICE_FIRST_BYTE_US% "
		 "%SLUICE_DONE_US%",
		 "7 10 20 4200 4999\n"},
	};
	static const char *const bad[] = {"",
					  "isto",
					  "%",
					  "%RESPONSE_CODE",
					  "%response_code%",
					  "%RESPONSE_CODE(x)%",
					  "%REQ(COOKIE)%",
					  "%REQ%",
					  "%RESP(SERVER)%",
					  "%REQ(:PATH%",
					  "%REQ(:PATH):0%",
					  "%REQ(:PATH):x%",
					  "%NO_SUCH%",
					  "%RESPONSE_CODE%\n"};
	struct sl_log_format *f = NULL;
	struct sl_err err;

	for (size_t i = 0; i < SL_ARRAY_LEN(good); i++)
		assert_string_equal(by_format(good[i].text), good[i].line);
	for (size_t i = 0; i < SL_ARRAY_LEN(bad); i++) {
		assert_int_equal(sl_log_format_parse(bad[i], &f, &err), -EINVAL);
		assert_true(strlen(err.text) > 20);
	}
}

static int read_istio(void **state)
{
	return sl_log_format_parse("istio", &istio, NULL);
}

static int free_istio(void **state)
{
	sl_log_format_free(istio);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_answered),
		cmocka_unit_test(golden_no_route),
		cmocka_unit_test(golden_unparsable),
		cmocka_unit_test(forged),
		cmocka_unit_test(lying_lengths),
		cmocka_unit_test(garbage),
		cmocka_unit_test(too_small),
		cmocka_unit_test(flags),
		cmocka_unit_test(json),
		cmocka_unit_test(combined),
		cmocka_unit_test(own_formats),
	};

	return cmocka_run_group_tests(tests, read_istio, free_istio);
}
