/* SPDX-License-Identifier: BSD-3-Clause */
/* Response heads (RFC 9112 4): what an endpoint sent, as hostile as what a client sends. */
#include "scan.h"

/* The space before an absent reason may be absent too: many endpoints leave it out, and nothing
 * depends on it, since the status line is written anew. */
static const char *status_line(struct scan *s, struct sl_http_response *res, const char *p)
{
	const char *start;

	h1_limit(s, p, s->line_bytes, SL_HTTP_E_LINE_TOO_LONG);
	p = h1_version(s, p, &res->minor);
	if (!p)
		return NULL;
	for (int i = 0; i < 4; i++, p++) {
		if (p == s->end)
			return h1_out(s);
		if (i == 0 ? *p != ' ' : !char_is(*p, CHAR_DIGIT))
			return h1_refuse(s, SL_HTTP_E_BAD_STATUS);
		if (i > 0)
			res->status = (uint16_t)(res->status * 10 + (*p - '0'));
	}
	if (res->status < 100 || res->status > 599)
		return h1_refuse(s, SL_HTTP_E_BAD_STATUS);
	if (p < s->end && *p == ' ') {
		start = ++p;
		p = h1_value(p, s->end);
		res->reason = (struct sl_str){start, (uint32_t)(p - start)};
	} else if (p < s->end && *p != '\r' && *p != '\n') {
		return h1_refuse(s, SL_HTTP_E_BAD_STATUS);
	}
	if (p < s->end && *p != '\r' && *p != '\n')
		return h1_refuse(s, SL_HTTP_E_BAD_FIELD);
	return h1_crlf(s, p);
}

static bool bodiless(uint16_t status, bool head)
{
	return head || status < 200 || status == 204 || status == 304;
}

static bool meaning(struct scan *s, struct sl_http_response *res, bool head)
{
	struct connection c;
	bool chunked, has_length;

	if (!h1_framing(s, res->minor, true, &chunked, &has_length, &res->length) ||
	    !h1_connection(s, &c))
		return false;
	res->keep_alive = !c.close && (res->minor > 0 || c.keep_alive);
	res->names_fields = c.names_fields;
	if (res->status == 101) {
		res->framing = SL_HTTP_TUNNEL;
		res->keep_alive = false;
	} else if (bodiless(res->status, head)) {
		res->framing = SL_HTTP_NO_BODY;
	} else if (chunked) {
		res->framing = SL_HTTP_CHUNKED;
	} else if (has_length) {
		res->framing = SL_HTTP_LENGTH;
	} else {
		res->framing = SL_HTTP_UNTIL_CLOSE;
		res->keep_alive = false;
	}
	if (res->framing != SL_HTTP_LENGTH)
		res->length = 0;
	/* RFC 9112 6.3: the coding outranks the length, but who says both is not to be trusted with
	 * a second response. RFC 9110 8.6: 1xx and 204 have no length to tell the client. */
	if (has_length && (chunked || res->status < 200 || res->status == 204))
		s->field[s->last[SL_HTTP_F_CONTENT_LENGTH]].hop = true;
	if (has_length && chunked)
		res->keep_alive = false;
	return true;
}

static void clear(struct sl_http_response *res, enum sl_http_error error)
{
	memset(res, 0, offsetof(struct sl_http_response, field));
	res->error = error;
}

static const char *whole(struct scan *s, struct sl_http_response *res, bool head)
{
	const char *p;

	p = status_line(s, res, s->buf);
	if (p)
		p = h1_fields(s, p);
	return p && meaning(s, res, head) ? p : NULL;
}

int sl_http_response_parse(struct sl_http_response *res, const char *buf, size_t len, size_t seen,
			   bool head, const struct sl_http_limits *limits)
{
	const char *end = NULL;
	struct scan s;

	if (!limits)
		limits = &h1_default_limits;
	clear(res, SL_HTTP_E_NONE);
	h1_init(&s, res->field, buf, len, limits, UINT32_MAX);
	if (seen == 0 || h1_resume(&s, seen)) {
		if (s.n > 0)
			h1_init(&s, res->field, buf, len, limits, UINT32_MAX);
		end = whole(&s, res, head);
	}
	if (!end) {
		clear(res, s.error);
		return s.error ? SL_HTTP_BAD : SL_HTTP_MORE;
	}
	res->n_fields = s.n;
	return (int)(end - buf);
}
