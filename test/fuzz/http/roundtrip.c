/* SPDX-License-Identifier: BSD-3-Clause */
/* What a gateway would send on, made from the spans of what it parsed, is the same one message. */
#include "check.h"

static const struct sl_http_limits from = {.fields = 97};
static const struct sl_http_limits again = {
	.line_bytes = 65536, .head_bytes = 131072, .field_bytes = 65536};

/* Fields that are written anew rather than passed on. */
static bool rewritten(const struct sl_http_field *f)
{
	return f->hop || f->known == SL_HTTP_F_HOST || f->known == SL_HTTP_F_CONTENT_LENGTH;
}

static void put_fields(struct sl_http_out *out, const struct sl_http_field *f, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		if (!rewritten(&f[i]))
			sl_http_put_field(out, f[i].name, f[i].value);
}

static void put_framing(struct sl_http_out *out, enum sl_http_framing framing, uint64_t length,
			bool keep_alive)
{
	if (framing == SL_HTTP_CHUNKED)
		sl_http_put_field(out, SL_STR("transfer-encoding"), SL_STR("chunked"));
	if (framing == SL_HTTP_LENGTH) {
		sl_http_put(out, SL_STR("content-length: "));
		sl_http_put_u64(out, length);
		sl_http_put(out, SL_STR("\r\n"));
	}
	if (!keep_alive)
		sl_http_put_field(out, SL_STR("connection"), SL_STR("close"));
	sl_http_put(out, SL_STR("\r\n"));
}

static void same_fields(const struct sl_http_field *a, uint16_t na, const struct sl_http_field *b,
			uint16_t nb)
{
	uint16_t i = 0, j = 0;

	for (;;) {
		while (i < na && rewritten(&a[i]))
			i++;
		while (j < nb && rewritten(&b[j]))
			j++;
		if (i == na || j == nb)
			break;
		CHECK(sl_str_eq(a[i].name, b[j].name) && sl_str_eq(a[i].value, b[j].value));
		CHECK(a[i].known == b[j].known);
		i++;
		j++;
	}
	CHECK(i == na && j == nb);
}

static void request(const char *in, size_t size)
{
	static struct sl_http_request a, b;
	static char buf[131072];
	struct sl_http_out out = {.p = buf, .cap = sizeof(buf)};

	if (sl_http_request_parse(&a, in, size, 0, &from) <= 0)
		return;
	sl_http_put(&out, a.method);
	sl_http_put(&out, SL_STR(" "));
	sl_http_put(&out, a.path);
	sl_http_put(&out, a.query);
	sl_http_put(&out, SL_STR(" HTTP/1.1\r\n"));
	sl_http_put_field(&out, SL_STR("host"), a.authority.n ? a.authority : SL_STR("default"));
	put_fields(&out, a.field, a.n_fields);
	put_framing(&out, a.framing, a.length, a.keep_alive);
	CHECK(!out.full);
	CHECK(sl_http_request_parse(&b, buf, out.n, 0, &again) == (int)out.n);
	CHECK(sl_str_eq(a.method, b.method) && sl_str_eq(a.path, b.path) &&
	      sl_str_eq(a.query, b.query));
	CHECK(a.authority.n == 0 ||
	      (sl_str_eq(a.authority, b.authority) && sl_str_eq(a.host, b.host)));
	CHECK(a.framing == b.framing && a.length == b.length && a.keep_alive == b.keep_alive);
	same_fields(a.field, a.n_fields, b.field, b.n_fields);
}

static void response(const char *in, size_t size)
{
	static struct sl_http_response a, b;
	static char buf[131072];
	struct sl_http_out out = {.p = buf, .cap = sizeof(buf)};

	if (sl_http_response_parse(&a, in, size, 0, false, &from) <= 0)
		return;
	sl_http_put_status(&out, a.status, a.reason);
	put_fields(&out, a.field, a.n_fields);
	put_framing(&out, a.framing, a.length, a.keep_alive);
	CHECK(!out.full);
	CHECK(sl_http_response_parse(&b, buf, out.n, 0, false, &again) == (int)out.n);
	CHECK(a.status == b.status && sl_str_eq(a.reason, b.reason));
	CHECK(a.framing == b.framing && a.length == b.length && a.keep_alive == b.keep_alive);
	same_fields(a.field, a.n_fields, b.field, b.n_fields);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *in = exact_copy(data, size);

	if (size >= 5 && memcmp(in, "HTTP/", 5) == 0)
		response(in, size);
	else
		request(in, size);
	free(in);
	return 0;
}
