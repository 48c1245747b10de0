/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Chunked bodies (RFC 9112 7.1, erratum 7633): a byte machine for the framing between contents.
 * Extensions and trailers are checked and bounded; none of them is interpreted.
 */
#include "scan.h"

#define CHUNK_LINE_BYTES    1024u
#define CHUNK_EXT_BYTES     16384u
#define TRAILER_FIELD_BYTES 8192u
#define TRAILER_BYTES       32768u

enum {
	CHUNK_SIZE, /* the state a body begins in */
	CHUNK_EXT,
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	CHUNK_TRAILER, /* at the start of a line */
	CHUNK_TRAILER_NAME,
	CHUNK_TRAILER_VALUE,
	CHUNK_TRAILER_LF,
	CHUNK_END_LF,
	CHUNK_BAD,
};

static enum sl_http_error size_byte(struct sl_http_chunks *c, char b)
{
	if (++c->line_bytes > CHUNK_LINE_BYTES)
		return SL_HTTP_E_BAD_CHUNK;
	if (c->state == CHUNK_SIZE && char_is(b, CHAR_HEX)) {
		/* Sixteen digits are 64 bits; lengths stay below 2^63 like Content-Length's. */
		if (++c->digits > 16 || c->left >> 59)
			return SL_HTTP_E_BAD_CHUNK;
		c->left = c->left << 4 | char_hex(b);
	} else if (c->digits == 0) {
		return SL_HTTP_E_BAD_CHUNK;
	} else if (b == '\r') {
		c->state = CHUNK_SIZE_LF;
	} else if (c->state == CHUNK_SIZE ? b == ';' : char_is(b, CHAR_VALUE) && b != '\t') {
		c->state = CHUNK_EXT;
		if (++c->ext_bytes > CHUNK_EXT_BYTES)
			return SL_HTTP_E_BAD_CHUNK;
	} else {
		return SL_HTTP_E_BAD_CHUNK;
	}
	return SL_HTTP_E_NONE;
}

static enum sl_http_error trailer_start(struct sl_http_chunks *c, char b)
{
	c->line_bytes = 1;
	if (b == '\r') {
		c->state = CHUNK_END_LF;
		return SL_HTTP_E_NONE;
	}
	if (b == ' ' || b == '\t')
		return SL_HTTP_E_OBS_FOLD;
	if (!char_is(b, CHAR_TOKEN))
		return b == '\n' ? SL_HTTP_E_BAD_LINE_END : SL_HTTP_E_BAD_FIELD;
	if (++c->trailers > SL_HTTP_FIELDS_MAX)
		return SL_HTTP_E_TOO_MANY_FIELDS;
	c->state = CHUNK_TRAILER_NAME;
	return SL_HTTP_E_NONE;
}

/* The rules of header fields: trailers may be dropped, but what is no trailer is no message. */
static enum sl_http_error trailer_byte(struct sl_http_chunks *c, char b)
{
	if (++c->trailer_bytes > TRAILER_BYTES || ++c->line_bytes > TRAILER_FIELD_BYTES)
		return SL_HTTP_E_HEAD_TOO_LARGE;
	switch (c->state) {
	case CHUNK_TRAILER:
		return trailer_start(c, b);
	case CHUNK_TRAILER_NAME:
		if (b == ':')
			c->state = CHUNK_TRAILER_VALUE;
		else if (!char_is(b, CHAR_TOKEN))
			return b == '\n' ? SL_HTTP_E_BAD_LINE_END : SL_HTTP_E_BAD_FIELD;
		return SL_HTTP_E_NONE;
	case CHUNK_TRAILER_VALUE:
		if (b == '\r')
			c->state = CHUNK_TRAILER_LF;
		else if (!char_is(b, CHAR_VALUE))
			return b == '\n' ? SL_HTTP_E_BAD_LINE_END : SL_HTTP_E_BAD_FIELD;
		return SL_HTTP_E_NONE;
	default:
		if (b != '\n')
			return SL_HTTP_E_BAD_LINE_END;
		c->done = c->state == CHUNK_END_LF;
		c->state = CHUNK_TRAILER;
		c->line_bytes = 0;
		return SL_HTTP_E_NONE;
	}
}

static enum sl_http_error framing_byte(struct sl_http_chunks *c, char b)
{
	switch (c->state) {
	case CHUNK_SIZE:
	case CHUNK_EXT:
		return size_byte(c, b);
	case CHUNK_SIZE_LF:
		c->state = c->left ? CHUNK_DATA : CHUNK_TRAILER;
		c->digits = 0;
		c->line_bytes = 0;
		return b == '\n' ? SL_HTTP_E_NONE : SL_HTTP_E_BAD_CHUNK;
	case CHUNK_DATA_CR:
		c->state = CHUNK_DATA_LF;
		return b == '\r' ? SL_HTTP_E_NONE : SL_HTTP_E_BAD_CHUNK;
	case CHUNK_DATA_LF:
		c->state = CHUNK_SIZE;
		return b == '\n' ? SL_HTTP_E_NONE : SL_HTTP_E_BAD_CHUNK;
	case CHUNK_BAD:
		return c->error;
	default:
		return trailer_byte(c, b);
	}
}

int64_t sl_http_chunks_next(struct sl_http_chunks *c, const char *buf, size_t len, size_t *skip,
			    size_t *content)
{
	size_t i = 0;

	*content = 0;
	while (i < len && !c->done && c->state != CHUNK_DATA) {
		c->error = (uint8_t)framing_byte(c, buf[i]);
		if (c->error) {
			c->state = CHUNK_BAD;
			*skip = 0;
			return SL_HTTP_BAD;
		}
		i++;
	}
	*skip = i;
	if (i < len && !c->done) {
		*content = (size_t)SL_MIN(c->left, (uint64_t)(len - i));
		c->left -= *content;
		if (c->left == 0)
			c->state = CHUNK_DATA_CR;
	}
	return (int64_t)(i + *content);
}
