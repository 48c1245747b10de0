/* SPDX-License-Identifier: BSD-3-Clause */
/* One pass over a head, inside lib/http: what request and response parsers share. */
#ifndef SL_HTTP_SCAN_H
#define SL_HTTP_SCAN_H

#include "sl_http.h"

/* Character classes (RFC 9110 5.6.2, 5.5; RFC 3986). */
#define CHAR_TOKEN  0x01
#define CHAR_VALUE  0x02 /* field value: SP, HTAB, VCHAR, obs-text */
#define CHAR_TARGET 0x04 /* request target: VCHAR without '#' */
#define CHAR_HOST   0x08 /* reg-name without pct-encoded and ',' */
#define CHAR_HEX    0x10
#define CHAR_DIGIT  0x20

extern const uint8_t h1_class[256];
extern const struct sl_http_limits h1_default_limits;

static inline bool char_is(char c, uint8_t cls)
{
	return (h1_class[(uint8_t)c] & cls) != 0;
}

/** Value of a CHAR_HEX byte. */
static inline unsigned int char_hex(char c)
{
	return c <= '9' ? (unsigned int)(c - '0') : (unsigned int)((c | 0x20) - 'a') + 10;
}

/**
 * Position in a head and the limits in force.
 *
 * Bytes are judged strictly in order and each verdict depends only on the bytes before it, so a
 * head gets the same answer however it is cut into segments. Functions that move forward return
 * NULL when they can not: `error` then says why, NONE meaning that more bytes are needed.
 */
struct scan {
	const char *buf, *stop;        /* received bytes, cut at the head limit */
	const char *end;               /* of the line being read: stop, or its own limit */
	enum sl_http_error stop_error; /* what reaching stop means; NONE: more may come */
	enum sl_http_error end_error;
	enum sl_http_error error;
	uint32_t line_bytes, field_bytes;
	uint16_t fields_max, n;
	struct sl_http_field *field;
	uint8_t count[SL_HTTP_F_COUNT]; /* fields of each known name */
	uint8_t last[SL_HTTP_F_COUNT];  /* index of the last of them */
};

static inline const char *h1_refuse(struct scan *s, enum sl_http_error e)
{
	s->error = e;
	return NULL;
}

/** Called where the bytes of a line ran out. */
static inline const char *h1_out(struct scan *s)
{
	return h1_refuse(s, s->end_error);
}

/** Begins a line that may have `max` bytes with its line end. */
static inline void h1_limit(struct scan *s, const char *line, uint32_t max, enum sl_http_error e)
{
	bool cut = (size_t)(s->stop - line) >= max;

	s->end = cut ? line + max : s->stop;
	s->end_error = cut ? e : s->stop_error;
}

/** CR LF at p. */
static inline const char *h1_crlf(struct scan *s, const char *p)
{
	if (p == s->end)
		return h1_out(s);
	if (*p != '\r')
		return h1_refuse(s, SL_HTTP_E_BAD_LINE_END);
	if (++p == s->end)
		return h1_out(s);
	if (*p != '\n')
		return h1_refuse(s, SL_HTTP_E_BAD_LINE_END);
	return p + 1;
}

/** @param field_bytes Limit of one field when the limits say nothing. */
void h1_init(struct scan *s, struct sl_http_field *field, const char *buf, size_t len,
	     const struct sl_http_limits *limits, uint32_t field_bytes);

/** First byte at or behind p that a field value can not contain, or end. */
const char *h1_value(const char *p, const char *end);

/** "HTTP/1.x"; *minor is 0 or 1 (RFC 9110 2.5: a higher minor is served as the highest known). */
const char *h1_version(struct scan *s, const char *p, uint8_t *minor);

/** Field lines from p to behind the empty line; adds to s->field. */
const char *h1_fields(struct scan *s, const char *p);

/**
 * Looks only at the lines that bytes from `seen` on belong to.
 *
 * @return Whether the head may be complete, so that a pass from its start is due; false with
 *         s->error set, NONE for more.
 */
bool h1_resume(struct scan *s, size_t seen);

/** Which known field a token names. */
uint8_t h1_known(const char *p, size_t n);

/** What Connection said (RFC 9110 7.6.1). */
struct connection {
	bool close, keep_alive, upgrade;
	bool names_fields; /* some that it may name */
};

/** Reads Connection fields and marks what they nominate. @return false: s->error. */
bool h1_connection(struct scan *s, struct connection *c);

/**
 * Body framing from the whole field section (RFC 9112 6.3), the same for both directions up to
 * what is specific to a response.
 *
 * @param chunked,has_length Receive what was said; in a request never both.
 * @return false: s->error.
 */
bool h1_framing(struct scan *s, uint8_t minor, bool response, bool *chunked, bool *has_length,
		uint64_t *length);

#endif
