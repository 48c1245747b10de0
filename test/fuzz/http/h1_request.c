/* SPDX-License-Identifier: BSD-3-Clause */
/* Request parser on arbitrary bytes: spans stay inside, and what is accepted is one clear message.
 */
#include "check.h"

static void check_framing(const struct sl_http_request *req)
{
	struct sl_str v = {NULL, 0};
	unsigned int te = count_known(req->field, req->n_fields, SL_HTTP_F_TRANSFER_ENCODING, &v);
	unsigned int cl = count_known(req->field, req->n_fields, SL_HTTP_F_CONTENT_LENGTH, &v);
	unsigned int host = count_known(req->field, req->n_fields, SL_HTTP_F_HOST, &v);

	CHECK(te <= 1 && cl <= 1 && te + cl <= 1 && host <= 1);
	CHECK(host == 1 || req->minor == 0);
	CHECK(req->framing == (te ? SL_HTTP_CHUNKED : cl ? SL_HTTP_LENGTH : SL_HTTP_NO_BODY));
	CHECK(req->length <= INT64_MAX && (cl || req->length == 0));
	CHECK(!te || req->minor == 1);
	for (uint16_t i = 0; i < req->n_fields; i++) {
		uint8_t known = req->field[i].known;

		CHECK(known != SL_HTTP_F_TRANSFER_ENCODING || req->field[i].hop);
		CHECK((known != SL_HTTP_F_HOST && known != SL_HTTP_F_CONTENT_LENGTH &&
		       known != SL_HTTP_F_X_FORWARDED_FOR) ||
		      !req->field[i].hop);
	}
}

static void check_request(const struct sl_http_request *req, const char *buf, int head)
{
	CHECK(head >= 16 && memcmp(buf + head - 2, "\r\n", 2) == 0);
	CHECK(sl_http_valid_token(req->method) && req->method.n <= 32);
	CHECK(inside(req->method, buf, head) && inside(req->target, buf, head));
	CHECK(inside(req->query, buf, head) && inside(req->authority, buf, head));
	CHECK(req->minor <= 1);
	CHECK(req->authority.n == 0 || sl_http_valid_authority(req->authority, NULL));
	CHECK(req->query.n == 0 || req->query.p[0] == '?');
	CHECK(sl_str_eq(req->path, SL_STR("*")) || sl_http_valid_target(req->path));
	CHECK(!memchr(req->path.p, '?', req->path.n));
	check_fields(req->field, req->n_fields, buf, head);
	check_framing(req);
}

static void check_reference(const struct sl_http_request *req, const char *buf, size_t size,
			    int head)
{
	static char path[65536], normal[65536];
	struct ref_msg m;
	int n, k;

	CHECK(ref_request(buf, size, 0, &m) == 1);
	CHECK(ref_same(m.method, (struct ref_text){req->method.p, req->method.n}));
	CHECK(ref_same(m.target, (struct ref_text){req->target.p, req->target.n}));
	CHECK(m.minor == req->minor);
	check_same(&m, head, req->field, req->n_fields, req->framing, req->length);
	n = sl_http_path(req->path, NULL, normal, sizeof(normal), NULL);
	k = sl_str_eq(req->path, SL_STR("*"))
		    ? n
		    : ref_normalize((struct ref_text){req->path.p, req->path.n}, path);
	CHECK(n == k && (k <= 0 || normal[0] == '*' || memcmp(normal, path, (size_t)k) == 0));
	ref_reset();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sl_http_request req;
	char *in = exact_copy(data, size);
	int head = sl_http_request_parse(&req, in, size, 0, NULL);

	CHECK((head == SL_HTTP_BAD) == (req.error != SL_HTTP_E_NONE));
	if (head > 0) {
		check_request(&req, in, head);
		check_reference(&req, in, size, head);
		CHECK(sl_http_request_parse(&req, in, (size_t)head - 1, 0, NULL) == SL_HTTP_MORE);
		CHECK(sl_http_request_parse(&req, in, (size_t)head, 0, NULL) == head);
	} else {
		CHECK(req.n_fields == 0 && req.method.n == 0);
	}
	free(in);
	return 0;
}
