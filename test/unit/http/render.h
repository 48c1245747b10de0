/* SPDX-License-Identifier: BSD-3-Clause */
/* Parsed heads as one line of text, so that a test vector is two strings: bytes and meaning. */
#ifndef RENDER_H
#define RENDER_H

#include "sl_http.h"

#define RENDER_MAX 65536

struct vector {
	const char *in;
	size_t len;
	const char *out;
};
#define V(bytes, meaning)                         \
	{                                         \
		bytes, sizeof(bytes) - 1, meaning \
	}

/**
 * "400 BAD_HOST", "more", or
 * "METHOD target [path=] [query=] [auth=] [host=] [1.0] [close] [upgrade] [expect]
 *  [len=N|chunked] [+N bytes not consumed] | name=value | -hop=value",
 * leaving out what is as usual: path = target, host = authority, HTTP/1.1, keep-alive.
 *
 * @param verdict What the parser returned.
 */
void render_request(char out[RENDER_MAX], const struct sl_http_request *req, int verdict,
		    size_t len);

/** As above: "status reason [1.0] [close] none|len=N|chunked|eof|tunnel [+N] | fields". */
void render_response(char out[RENDER_MAX], const struct sl_http_response *res, int verdict,
		     size_t len);

/** Heap copy of exactly len bytes, so that a sanitizer sees a read behind them. */
char *exact_copy(const char *p, size_t len);

#endif
