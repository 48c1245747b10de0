/* SPDX-License-Identifier: BSD-3-Clause */
/* The same bytes in random segments: every parser says what it says of the whole. */
#include "check.h"

/* Small limits, so that inputs of a fuzzer's size reach them. */
static const struct sl_http_limits limits[] = {
	{0},
	{.line_bytes = 64, .head_bytes = 256, .field_bytes = 32, .fields = 5},
};

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Mostly short, sometimes up to 128 bytes. */
static size_t segment(uint32_t *state)
{
	uint32_t scale = 1u << next_random(state) % 8;

	return 1 + next_random(state) % scale;
}

static void same_span(struct sl_str a, const char *a_buf, struct sl_str b, const char *b_buf)
{
	CHECK(a.n == b.n && (a.n == 0 || a.p - a_buf == b.p - b_buf));
}

static void same_fields(const struct sl_http_field *a, const char *a_buf,
			const struct sl_http_field *b, const char *b_buf, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		same_span(a[i].name, a_buf, b[i].name, b_buf);
		same_span(a[i].value, a_buf, b[i].value, b_buf);
		CHECK(a[i].known == b[i].known && a[i].hop == b[i].hop);
	}
}

static void same_request(const struct sl_http_request *a, const char *a_buf,
			 const struct sl_http_request *b, const char *b_buf)
{
	CHECK(a->error == b->error && a->n_fields == b->n_fields && a->framing == b->framing);
	CHECK(a->length == b->length && a->minor == b->minor && a->keep_alive == b->keep_alive);
	CHECK(a->upgrade == b->upgrade && a->expect_continue == b->expect_continue);
	same_span(a->method, a_buf, b->method, b_buf);
	same_span(a->target, a_buf, b->target, b_buf);
	same_span(a->query, a_buf, b->query, b_buf);
	same_span(a->authority, a_buf, b->authority, b_buf);
	CHECK(sl_str_eq(a->path, b->path) && a->host.n == b->host.n);
	same_fields(a->field, a_buf, b->field, b_buf, a->n_fields);
}

static void requests(const char *in, size_t size, const struct sl_http_limits *l, uint32_t seed)
{
	static struct sl_http_request a, b;
	int whole = sl_http_request_parse(&a, in, size, 0, l), cut = SL_HTTP_MORE;

	for (size_t n = 0, seen = 0; cut == SL_HTTP_MORE && seen < size; seen = n) {
		char *piece;

		n += segment(&seed);
		n = SL_MIN(size, n);
		piece = exact_copy(in, n);
		cut = sl_http_request_parse(&b, piece, n, seen, l);
		if (cut > 0)
			same_request(&a, in, &b, piece);
		free(piece);
	}
	CHECK(size == 0 || (cut == whole && a.error == b.error));
}

static void responses(const char *in, size_t size, const struct sl_http_limits *l, uint32_t seed)
{
	static struct sl_http_response a, b;
	int whole = sl_http_response_parse(&a, in, size, 0, seed & 1, l), cut = SL_HTTP_MORE;
	bool head = seed & 1;

	for (size_t n = 0, seen = 0; cut == SL_HTTP_MORE && seen < size; seen = n) {
		char *piece;

		n += segment(&seed);
		n = SL_MIN(size, n);
		piece = exact_copy(in, n);
		cut = sl_http_response_parse(&b, piece, n, seen, head, l);
		if (cut > 0) {
			CHECK(a.status == b.status && a.n_fields == b.n_fields);
			CHECK(a.framing == b.framing && a.length == b.length);
			CHECK(a.minor == b.minor && a.keep_alive == b.keep_alive);
			same_span(a.reason, in, b.reason, piece);
			same_fields(a.field, in, b.field, piece, a.n_fields);
		}
		free(piece);
	}
	CHECK(size == 0 || (cut == whole && a.error == b.error));
}

/* Decodes in random pieces (step 0) or at once; returns bytes consumed, content into out. */
static size_t decode(const char *in, size_t size, uint32_t seed, bool at_once, char *out, size_t *n,
		     struct sl_http_chunks *c)
{
	size_t at = 0, skip, content;

	*n = 0;
	*c = (struct sl_http_chunks){0};
	while (at < size && !c->done) {
		size_t part = at_once ? size : segment(&seed);
		int64_t r =
			sl_http_chunks_next(c, in + at, SL_MIN(part, size - at), &skip, &content);

		if (r < 0)
			break;
		memcpy(out + *n, in + at + skip, content);
		*n += content;
		at += (size_t)r;
	}
	return c->error ? 0 : at;
}

static void chunks(const char *in, size_t size, uint32_t seed)
{
	struct sl_http_chunks a, b;
	char *x = exact_copy(in, size), *y = exact_copy(in, size);
	size_t nx, ny;

	CHECK(decode(in, size, seed, true, x, &nx, &a) ==
	      decode(in, size, seed, false, y, &ny, &b));
	CHECK(nx == ny && memcmp(x, y, nx) == 0 && a.done == b.done && a.error == b.error);
	free(x);
	free(y);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t seed;

	if (size < 4)
		return 0;
	memcpy(&seed, data, 4);
	seed = seed ? seed : 1;
	data += 4;
	size -= 4;
	requests((const char *)data, size, &limits[seed >> 31], seed);
	responses((const char *)data, size, &limits[seed >> 31], seed);
	chunks((const char *)data, size, seed);
	return 0;
}
