/* SPDX-License-Identifier: BSD-3-Clause */
/* Response parser on arbitrary bytes; the first one says whether the request was HEAD. */
#include "check.h"

static void check_response(const struct sl_http_response *res, bool head, const char *buf, int len)
{
	struct sl_str v = {NULL, 0};
	unsigned int te = count_known(res->field, res->n_fields, SL_HTTP_F_TRANSFER_ENCODING, &v);
	unsigned int cl = count_known(res->field, res->n_fields, SL_HTTP_F_CONTENT_LENGTH, &v);
	bool bodiless = head || res->status < 200 || res->status == 204 || res->status == 304;

	CHECK(len >= 16 && memcmp(buf + len - 2, "\r\n", 2) == 0);
	CHECK(res->status >= 100 && res->status <= 599 && res->minor <= 1);
	CHECK(inside(res->reason, buf, len) && sl_http_valid_value(res->reason));
	check_fields(res->field, res->n_fields, buf, len);
	CHECK(te <= 1 && cl <= 1);
	CHECK(res->framing == (res->status == 101 ? SL_HTTP_TUNNEL
			       : bodiless         ? SL_HTTP_NO_BODY
			       : te               ? SL_HTTP_CHUNKED
			       : cl               ? SL_HTTP_LENGTH
						  : SL_HTTP_UNTIL_CLOSE));
	CHECK(!(te && cl && res->keep_alive));
	CHECK(!(res->framing == SL_HTTP_UNTIL_CLOSE && res->keep_alive));
	CHECK(res->length == 0 || (res->framing == SL_HTTP_LENGTH && res->length <= INT64_MAX));
}

static void check_reference(const struct sl_http_response *res, bool head, const char *buf,
			    size_t size, int len)
{
	struct ref_msg m;

	CHECK(ref_response(buf, size, 0, head, &m) == 1);
	CHECK(m.status == res->status && m.minor == res->minor);
	check_same(&m, len, res->field, res->n_fields, res->framing, res->length);
	ref_reset();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sl_http_response res;
	bool head;
	char *in;
	int n;

	if (size == 0)
		return 0;
	head = data[0] & 1;
	in = exact_copy(data + 1, --size);
	n = sl_http_response_parse(&res, in, size, 0, head, NULL);
	CHECK((n == SL_HTTP_BAD) == (res.error != SL_HTTP_E_NONE));
	if (n > 0) {
		check_response(&res, head, in, n);
		check_reference(&res, head, in, size, n);
		CHECK(sl_http_response_parse(&res, in, (size_t)n - 1, 0, head, NULL) ==
		      SL_HTTP_MORE);
		CHECK(sl_http_response_parse(&res, in, (size_t)n, 0, head, NULL) == n);
	} else {
		CHECK(res.n_fields == 0 && res.status == 0);
	}
	free(in);
	return 0;
}
