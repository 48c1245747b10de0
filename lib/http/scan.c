/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines, version and fields of a head: the byte loops of the request and response parsers. */
#include "scan.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define LINE_BYTES 8192u
#define HEAD_BYTES 32768u

const struct sl_http_limits h1_default_limits;

void h1_init(struct scan *s, struct sl_http_field *field, const char *buf, size_t len,
	     const struct sl_http_limits *limits, uint32_t field_bytes)
{
	uint32_t head_bytes = limits->head_bytes ? limits->head_bytes : HEAD_BYTES;
	bool cut = len >= head_bytes;

	s->buf = buf;
	s->stop = s->end = buf + (cut ? head_bytes : len);
	s->stop_error = s->end_error = cut ? SL_HTTP_E_HEAD_TOO_LARGE : SL_HTTP_E_NONE;
	s->error = SL_HTTP_E_NONE;
	s->line_bytes = limits->line_bytes ? limits->line_bytes : LINE_BYTES;
	s->field_bytes = limits->field_bytes ? limits->field_bytes : field_bytes;
	s->fields_max = SL_HTTP_FIELDS_MAX;
	if (limits->fields && limits->fields < SL_HTTP_FIELDS_MAX)
		s->fields_max = limits->fields;
	s->n = 0;
	s->field = field;
	memset(s->count, 0, sizeof(s->count));
	memset(s->last, 0, sizeof(s->last));
}

#ifdef __SSE2__
const char *h1_value(const char *p, const char *end)
{
	const __m128i ctl = _mm_set1_epi8(0x1f), del = _mm_set1_epi8(0x7f);

	while (end - p >= 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)p);
		__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, ctl), v);
		unsigned int m =
			(unsigned int)_mm_movemask_epi8(_mm_or_si128(low, _mm_cmpeq_epi8(v, del)));

		if (m == 0) {
			p += 16;
			continue;
		}
		p += __builtin_ctz(m);
		if (*p != '\t')
			return p;
		p++;
	}
	while (p < end && char_is(*p, CHAR_VALUE))
		p++;
	return p;
}
#else
const char *h1_value(const char *p, const char *end)
{
	while (p < end && char_is(*p, CHAR_VALUE))
		p++;
	return p;
}
#endif

#ifdef __SSE2__
static inline __m128i in_range(__m128i v, char from, char to)
{
	__m128i d = _mm_sub_epi8(v, _mm_set1_epi8(from));

	return _mm_cmpeq_epi8(_mm_min_epu8(d, _mm_set1_epi8((char)(to - from))), d);
}

/* Bit i says that byte i is no token character. */
static inline unsigned int non_token(__m128i v)
{
	__m128i m = _mm_cmplt_epi8(v, _mm_set1_epi8('!')); /* signed: from 0x80 on, too */

	m = _mm_or_si128(m, in_range(v, ':', '@'));
	m = _mm_or_si128(m, in_range(v, '[', ']'));
	m = _mm_or_si128(m, in_range(v, '(', ')'));
	m = _mm_or_si128(m, _mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
	m = _mm_or_si128(m, _mm_cmpeq_epi8(v, _mm_set1_epi8(',')));
	m = _mm_or_si128(m, _mm_cmpeq_epi8(v, _mm_set1_epi8('/')));
	m = _mm_or_si128(m, _mm_cmpeq_epi8(v, _mm_set1_epi8('{')));
	m = _mm_or_si128(m, _mm_cmpeq_epi8(_mm_or_si128(v, _mm_set1_epi8(2)), _mm_set1_epi8(0x7f)));
	return (unsigned int)_mm_movemask_epi8(m);
}
#endif

/* First byte at or behind p that a name can not contain, or end. */
static inline const char *name_end(const char *p, const char *end)
{
#ifdef __SSE2__
	for (; end - p >= 16; p += 16) {
		unsigned int m = non_token(_mm_loadu_si128((const __m128i *)p));

		if (m)
			return p + __builtin_ctz(m);
	}
#endif
	while (p < end && char_is(*p, CHAR_TOKEN))
		p++;
	return p;
}

const char *h1_version(struct scan *s, const char *p, uint8_t *minor)
{
	static const char form[] = "HTTP/d.d";
	size_t have = (size_t)(s->end - p);
	const char *start = p;

	if (have >= 8 && memcmp(p, "HTTP/1.", 7) == 0 && (p[7] == '1' || p[7] == '0')) {
		*minor = (uint8_t)(p[7] - '0');
		return p + 8;
	}
	for (size_t i = 0; i < sizeof(form) - 1; i++, p++) {
		if (p == s->end)
			return h1_out(s);
		if (form[i] == 'd' ? !char_is(*p, CHAR_DIGIT) : *p != form[i])
			return h1_refuse(s, SL_HTTP_E_BAD_VERSION);
	}
	if (start[5] != '1')
		return h1_refuse(s, start[5] == '0' ? SL_HTTP_E_BAD_VERSION
						    : SL_HTTP_E_UNSUPPORTED_VERSION);
	*minor = 1;
	return p;
}

/* Compares a token with a lower-case name of the same length. Or-ing 0x20 folds letters and moves
 * no other token byte onto a byte of such a name. */
static inline bool same(const char *p, const char *name, size_t n)
{
	const uint64_t fold = 0x2020202020202020u;
	uint64_t a, b, diff = 0;
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		memcpy(&a, p + i, 8);
		memcpy(&b, name + i, 8);
		diff |= (a | fold) ^ b;
	}
	for (; i < n; i++)
		diff |= (uint64_t)((p[i] | 0x20) ^ name[i]);
	return diff == 0;
}

#define IS(name) same(p, name, sizeof(name) - 1)

static uint8_t known_long(const char *p, size_t n)
{
	if (n == 14 && IS("content-length"))
		return SL_HTTP_F_CONTENT_LENGTH;
	if (n == 14 && IS("http2-settings"))
		return SL_HTTP_F_HTTP2_SETTINGS;
	if (n == 12 && IS("x-request-id"))
		return SL_HTTP_F_X_REQUEST_ID;
	if (n == 15 && IS("x-forwarded-for"))
		return SL_HTTP_F_X_FORWARDED_FOR;
	if (n == 16 && IS("proxy-connection"))
		return SL_HTTP_F_PROXY_CONNECTION;
	if (n == 17 && IS("transfer-encoding"))
		return SL_HTTP_F_TRANSFER_ENCODING;
	if (n == 17 && IS("x-forwarded-proto"))
		return SL_HTTP_F_X_FORWARDED_PROTO;
	return n > 8 && IS("x-envoy-") ? SL_HTTP_F_X_ENVOY : SL_HTTP_F_OTHER;
}

uint8_t h1_known(const char *p, size_t n)
{
	switch (n) {
	case 2:
		return IS("te") ? SL_HTTP_F_TE : SL_HTTP_F_OTHER;
	case 4:
		return IS("host") ? SL_HTTP_F_HOST : IS("date") ? SL_HTTP_F_DATE : SL_HTTP_F_OTHER;
	case 6:
		return IS("expect")   ? SL_HTTP_F_EXPECT
		       : IS("server") ? SL_HTTP_F_SERVER
				      : SL_HTTP_F_OTHER;
	case 7:
		return IS("upgrade")   ? SL_HTTP_F_UPGRADE
		       : IS("trailer") ? SL_HTTP_F_TRAILER
				       : SL_HTTP_F_OTHER;
	case 10:
		return IS("connection")   ? SL_HTTP_F_CONNECTION
		       : IS("user-agent") ? SL_HTTP_F_USER_AGENT
		       : IS("keep-alive") ? SL_HTTP_F_KEEP_ALIVE
					  : SL_HTTP_F_OTHER;
	default:
		return known_long(p, n);
	}
}

/* Never forwarded, whatever Connection says. Content-Length is end-to-end; TE is looked at. */
static const bool always_hop[SL_HTTP_F_COUNT] = {
	[SL_HTTP_F_CONNECTION] = true,       [SL_HTTP_F_KEEP_ALIVE] = true,
	[SL_HTTP_F_PROXY_CONNECTION] = true, [SL_HTTP_F_TRANSFER_ENCODING] = true,
	[SL_HTTP_F_UPGRADE] = true,          [SL_HTTP_F_HTTP2_SETTINGS] = true,
};

static const char *bad_name(struct scan *s, const char *name, const char *p)
{
	if (*p == '\n')
		return h1_refuse(s, SL_HTTP_E_BAD_LINE_END);
	if (p == name && s->n > 0 && (*p == ' ' || *p == '\t'))
		return h1_refuse(s, SL_HTTP_E_OBS_FOLD);
	return h1_refuse(s, SL_HTTP_E_BAD_FIELD);
}

/* RFC 9112 5: no white space before the colon, no folding, CR LF and nothing else ends a line. */
static const char *field_line(struct scan *s, struct sl_http_field *f, const char *p)
{
	const char *const end = s->end;
	const char *name = p, *value;

	p = name_end(p, end);
	if (p == end)
		return h1_out(s);
	if (*p != ':' || p == name)
		return bad_name(s, name, p);
	f->name = (struct sl_str){name, (uint32_t)(p - name)};
	p++;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	value = p;
	p = h1_value(p, end);
	if (p == end)
		return h1_out(s);
	if (*p != '\r')
		return h1_refuse(s, *p == '\n' ? SL_HTTP_E_BAD_LINE_END : SL_HTTP_E_BAD_FIELD);
	f->value = (struct sl_str){value, (uint32_t)(p - value)};
	while (f->value.n > 0 && (value[f->value.n - 1] == ' ' || value[f->value.n - 1] == '\t'))
		f->value.n--;
	return h1_crlf(s, p);
}

const char *h1_fields(struct scan *s, const char *p)
{
	for (;;) {
		struct sl_http_field *f;

		h1_limit(s, p, s->field_bytes, SL_HTTP_E_HEAD_TOO_LARGE);
		if (p == s->end)
			return h1_out(s);
		if (*p == '\r')
			return h1_crlf(s, p);
		if (s->n >= s->fields_max)
			return h1_refuse(s, SL_HTTP_E_TOO_MANY_FIELDS);
		f = &s->field[s->n];
		p = field_line(s, f, p);
		if (!p)
			return NULL;
		f->known = h1_known(f->name.p, f->name.n);
		f->hop = always_hop[f->known];
		s->count[f->known]++;
		s->last[f->known] = (uint8_t)s->n++;
	}
}

bool h1_resume(struct scan *s, size_t seen)
{
	const char *first = s->buf, *known_end, *p, *lf;

	if (seen > (size_t)(s->stop - s->buf))
		seen = (size_t)(s->stop - s->buf);
	known_end = s->buf + seen;
	while (known_end - first >= 2 && first[0] == '\r' && first[1] == '\n')
		first += 2;
	lf = memrchr(first, '\n', (size_t)(known_end - first));
	if (!lf)
		return true;
	/* Fields are only counted when a line begins in the new bytes: that is where the limit is
	 * applied, and a head that comes byte by byte must not be read over and over. */
	if (lf + 1 == known_end || memchr(known_end, '\n', (size_t)(s->stop - known_end))) {
		for (p = first; (p = memchr(p, '\n', (size_t)(lf - p))); p++)
			s->n++;
	}
	return h1_fields(s, lf + 1) != NULL;
}
