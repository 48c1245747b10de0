/* SPDX-License-Identifier: BSD-3-Clause */
/* Chunk decoder, fed in pieces, against a reference that reads the whole body line by line. */
#include "check.h"

#define INPUT_MAX 400 /* below every limit of the decoder: the reference has none */

enum verdict { DONE, NEED_MORE, REFUSED };

/* Whether [p, p + n) is a line, or (not whole) can become one, of the form `text` says: 's' a chunk
 * size with extension, 't' a trailer field. A whole line comes without its LF but with its CR. */
static bool line_ok(const char *p, size_t n, bool whole, char form)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *set = form == 's' ? "0123456789abcdefABCDEF" : token;
	size_t i = 0;

	if (whole && (n == 0 || p[n - 1] != '\r'))
		return false;
	if (n > 0 && p[n - 1] == '\r') { /* the LF may still come */
		whole = true;
		n--;
	}
	while (i < n && p[i] && strchr(set, p[i]))
		i++;
	if (form == 's' ? i > 16 || (i == 16 && p[0] > '7') : false)
		return false;
	if (i == 0 && (n > 0 || (whole && form == 's')))
		return false;
	if (i == n)
		return form == 's' || !whole || n == 0;
	if (p[i] != (form == 's' ? ';' : ':'))
		return false;
	for (i++; i < n; i++)
		if (((uint8_t)p[i] < ' ' && !(p[i] == '\t' && form == 't')) || p[i] == 0x7f)
			return false;
	return true;
}

static enum verdict reference(const char *p, size_t n, char *content, size_t *total, size_t *used)
{
	size_t at = 0;
	char form = 's';

	for (*total = 0;;) {
		const char *lf = memchr(p + at, '\n', n - at);
		size_t line = lf ? (size_t)(lf - p) - at : n - at;
		uint64_t size;

		if (!line_ok(p + at, line, lf != NULL, form))
			return REFUSED;
		if (!lf)
			return NEED_MORE;
		size = form == 's' ? strtoull(p + at, NULL, 16) : 0;
		if (form == 't' && line == 1) {
			*used = at + 2;
			return DONE;
		}
		at += line + 1;
		if (size == 0) {
			form = 't';
			continue;
		}
		for (; size && at < n; size--)
			content[(*total)++] = p[at++];
		for (const char *end = "\r\n"; *end; end++, at++) {
			if (at == n)
				return NEED_MORE;
			if (p[at] != *end)
				return REFUSED;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char wanted[INPUT_MAX], got[INPUT_MAX], *in;
	size_t total, used = 0, n = 0, at = 0, skip, content, step;
	struct sl_http_chunks c = {0};
	enum verdict verdict;

	if (size == 0 || size > INPUT_MAX)
		return 0;
	step = data[0] ? data[0] : INPUT_MAX;
	in = exact_copy(data + 1, --size);
	verdict = reference(in, size, wanted, &total, &used);
	while (at < size && !c.done) {
		char *piece = exact_copy(in + at, SL_MIN(step, size - at));
		int64_t r =
			sl_http_chunks_next(&c, piece, SL_MIN(step, size - at), &skip, &content);

		free(piece);
		if (r < 0)
			break;
		CHECK(r >= 1 && (size_t)r == skip + content && (size_t)r <= size - at);
		memcpy(got + n, in + at + skip, content);
		n += content;
		at += (size_t)r;
	}
	CHECK(c.done == (verdict == DONE) && (c.error != 0) == (verdict == REFUSED));
	CHECK(n == total && memcmp(got, wanted, n) == 0);
	CHECK(verdict != DONE || at == used);
	free(in);
	return 0;
}
