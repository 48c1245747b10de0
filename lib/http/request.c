/* SPDX-License-Identifier: BSD-3-Clause */
/* Request heads (RFC 9112 3): what a client sent, as spans, with its framing decided. */
#include "scan.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define METHOD_BYTES    32
#define EMPTY_LINES_MAX 4
#define FIELD_BYTES     8192u

/* RFC 9112 2.2: some clients send an empty line behind a body. */
static const char *empty_lines(struct scan *s, const char *p)
{
	for (int i = 0; i < EMPTY_LINES_MAX && p < s->end; i++) {
		if (*p == '\n')
			return h1_refuse(s, SL_HTTP_E_BAD_LINE_END);
		if (*p != '\r')
			break;
		p = h1_crlf(s, p);
		if (!p)
			return NULL;
	}
	return p;
}

static const char *method(struct scan *s, struct sl_http_request *req, const char *p,
			  bool allow_connect_trace)
{
	const char *start = p;

	while (p < s->end && char_is(*p, CHAR_TOKEN) && p - start <= METHOD_BYTES)
		p++;
	if (p - start > METHOD_BYTES)
		return h1_refuse(s, SL_HTTP_E_BAD_METHOD);
	if (p == s->end)
		return h1_out(s);
	if (*p != ' ' || p == start)
		return h1_refuse(s, SL_HTTP_E_BAD_METHOD);
	req->method = (struct sl_str){start, (uint32_t)(p - start)};
	if (!allow_connect_trace) {
		if (sl_str_eq(req->method, SL_STR("CONNECT")))
			return h1_refuse(s, SL_HTTP_E_CONNECT);
		if (sl_str_eq(req->method, SL_STR("TRACE")))
			return h1_refuse(s, SL_HTTP_E_TRACE);
	}
	return p + 1;
}

/* First byte that ends a path: '?' or what a target can not contain. */
static const char *path_end(const char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i sp = _mm_set1_epi8(0x21), del = _mm_set1_epi8(0x7f);
	const __m128i hash = _mm_set1_epi8('#'), query = _mm_set1_epi8('?');

	for (; end - p >= 16; p += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)p);
		/* Signed, so bytes from 0x80 on are below SP too. */
		__m128i m = _mm_or_si128(_mm_cmplt_epi8(v, sp), _mm_cmpeq_epi8(v, del));

		m = _mm_or_si128(m, _mm_cmpeq_epi8(v, hash));
		m = _mm_or_si128(m, _mm_cmpeq_epi8(v, query));
		if (_mm_movemask_epi8(m))
			return p + __builtin_ctz((unsigned int)_mm_movemask_epi8(m));
	}
#endif
	while (p < end && *p != '?' && char_is(*p, CHAR_TARGET))
		p++;
	return p;
}

static struct sl_str span(const char *from, const char *to)
{
	return (struct sl_str){from, (uint32_t)(to - from)};
}

/* "http://authority[/path]"; https can not be true of a connection in the clear. */
static bool absolute_form(struct sl_http_request *req, const char *p, const char *path_stop)
{
	const char *path;

	if (path_stop - p < 7 || !sl_str_ieq((struct sl_str){p, 7}, SL_STR("http://")))
		return false;
	p += 7;
	path = memchr(p, '/', (size_t)(path_stop - p));
	req->authority = span(p, path ? path : path_stop);
	if (path)
		req->path = span(path, path_stop);
	else if (sl_str_eq(req->method, SL_STR("OPTIONS")) && req->query.n == 0)
		req->path = SL_STR("*"); /* RFC 9112 3.2.4 */
	else
		req->path = SL_STR("/");
	return sl_http_valid_authority(req->authority, &req->host);
}

/* RFC 9112 3.2 */
static bool target_form(struct sl_http_request *req, const char *start, const char *path_stop)
{
	if (sl_str_eq(req->method, SL_STR("CONNECT"))) {
		req->authority = req->target;
		return sl_http_valid_authority(req->target, &req->host) &&
		       req->host.n < req->target.n;
	}
	if (*start == '/') {
		req->path = span(start, path_stop);
		return true;
	}
	if (sl_str_eq(req->target, SL_STR("*"))) {
		req->path = req->target;
		return sl_str_eq(req->method, SL_STR("OPTIONS"));
	}
	return absolute_form(req, start, path_stop);
}

static const char *target(struct scan *s, struct sl_http_request *req, const char *p)
{
	const char *start = p, *path_stop;

	path_stop = p = path_end(p, s->end);
	while (p < s->end && *p == '?')
		p = path_end(p + 1, s->end);
	if (p == s->end)
		return h1_out(s);
	if (*p == '\n')
		return h1_refuse(s, SL_HTTP_E_BAD_LINE_END);
	if (*p == '\r' && p > start) /* HTTP/0.9 */
		return h1_refuse(s, SL_HTTP_E_BAD_VERSION);
	if (*p != ' ' || p == start)
		return h1_refuse(s, SL_HTTP_E_BAD_TARGET);
	req->target = span(start, p);
	req->query = span(path_stop, p);
	if (sl_str_eq(req->method, SL_STR("PRI")) && sl_str_eq(req->target, SL_STR("*")))
		return h1_refuse(s, SL_HTTP_E_HTTP2_PREFACE);
	if (!target_form(req, start, path_stop))
		return h1_refuse(s, SL_HTTP_E_BAD_TARGET);
	return p + 1;
}

static const char *request_line(struct scan *s, struct sl_http_request *req, const char *p,
				bool allow_connect_trace)
{
	h1_limit(s, p, s->line_bytes, SL_HTTP_E_LINE_TOO_LONG);
	p = method(s, req, p, allow_connect_trace);
	if (p)
		p = target(s, req, p);
	if (p)
		p = h1_version(s, p, &req->minor);
	if (p && p < s->end && *p != '\r' && *p != '\n')
		return h1_refuse(s, SL_HTTP_E_BAD_VERSION);
	return p ? h1_crlf(s, p) : NULL;
}

/* RFC 9112 3.2: one valid Host, whatever the target says; an absolute-form target outranks it. */
static bool host(struct scan *s, struct sl_http_request *req)
{
	struct sl_str value, name;

	if (s->count[SL_HTTP_F_HOST] == 0) {
		s->error = req->minor == 0 ? SL_HTTP_E_NONE : SL_HTTP_E_MISSING_HOST;
		return req->minor == 0;
	}
	value = s->field[s->last[SL_HTTP_F_HOST]].value;
	if (s->count[SL_HTTP_F_HOST] > 1 || !sl_http_valid_authority(value, &name)) {
		s->error = SL_HTTP_E_BAD_HOST;
		return false;
	}
	if (req->authority.n == 0) {
		req->authority = value;
		req->host = name;
	}
	return true;
}

static bool meaning(struct scan *s, struct sl_http_request *req)
{
	struct connection c;
	bool chunked, has_length;

	if (!host(s, req) ||
	    !h1_framing(s, req->minor, false, &chunked, &has_length, &req->length) ||
	    !h1_connection(s, &c))
		return false;
	req->framing = chunked ? SL_HTTP_CHUNKED : has_length ? SL_HTTP_LENGTH : SL_HTTP_NO_BODY;
	req->keep_alive = !c.close && (req->minor > 0 || c.keep_alive);
	req->names_fields = c.names_fields;
	/* RFC 9110 7.8, 10.1.1: a 1.0 client can ask for neither. */
	req->upgrade = req->minor > 0 && c.upgrade && s->count[SL_HTTP_F_UPGRADE] > 0;
	req->expect_continue =
		req->minor > 0 && s->count[SL_HTTP_F_EXPECT] > 0 &&
		sl_str_ieq(s->field[s->last[SL_HTTP_F_EXPECT]].value, SL_STR("100-continue"));
	return true;
}

static void clear(struct sl_http_request *req, enum sl_http_error error)
{
	memset(req, 0, offsetof(struct sl_http_request, field));
	req->error = error;
}

static const char *whole(struct scan *s, struct sl_http_request *req, bool allow_connect_trace)
{
	const char *p;

	p = empty_lines(s, s->buf);
	if (p)
		p = request_line(s, req, p, allow_connect_trace);
	if (p)
		p = h1_fields(s, p);
	return p && meaning(s, req) ? p : NULL;
}

int sl_http_request_parse(struct sl_http_request *req, const char *buf, size_t len, size_t seen,
			  const struct sl_http_limits *limits)
{
	const char *end = NULL;
	struct scan s;

	if (!limits)
		limits = &h1_default_limits;
	clear(req, SL_HTTP_E_NONE);
	h1_init(&s, req->field, buf, len, limits, FIELD_BYTES);
	if (seen == 0 || h1_resume(&s, seen)) {
		if (s.n > 0)
			h1_init(&s, req->field, buf, len, limits, FIELD_BYTES);
		end = whole(&s, req, limits->allow_connect_trace);
	}
	if (!end) {
		clear(req, s.error);
		return s.error ? SL_HTTP_BAD : SL_HTTP_MORE;
	}
	req->n_fields = s.n;
	return (int)(end - buf);
}
