/* SPDX-License-Identifier: BSD-3-Clause */
/* Path normalisation BASE: routes match, and endpoints get, the bytes that this wrote. */
#include "scan.h"

/* Next byte as the path means it: '\' is '/', %2E is '.'. @return bytes of input, 0 when bad. */
static uint32_t next(struct sl_str path, uint32_t i, char *c)
{
	unsigned int v;

	*c = path.p[i] == '\\' ? '/' : path.p[i];
	if (*c != '%')
		return 1;
	if (path.n - i < 3 || !char_is(path.p[i + 1], CHAR_HEX) ||
	    !char_is(path.p[i + 2], CHAR_HEX))
		return 0;
	v = char_hex(path.p[i + 1]) * 16 + char_hex(path.p[i + 2]);
	if (v == 0)
		return 0;
	if (v != '.')
		return 1; /* stays escaped; its digits follow as plain bytes */
	*c = '.';
	return 3;
}

/* A segment from `start` (behind its slash) to n has been written. Resolves it when it is one of
 * dots. @return new length of the output, which then ends with a slash. */
static size_t resolve(const char *out, size_t start, size_t n)
{
	if (n - start == 1 && out[start] == '.')
		return start;
	if (n - start != 2 || out[start] != '.' || out[start + 1] != '.')
		return n;
	if (start == 1)
		return 1;
	n = start - 1;
	while (out[n - 1] != '/')
		n--;
	return n;
}

int sl_http_normalize(struct sl_str path, char *out, size_t cap)
{
	size_t n = 0, segment = 1;
	uint32_t step;
	char c;

	if (cap < path.n || path.n > INT32_MAX)
		return -1;
	if (sl_str_eq(path, SL_STR("*"))) {
		out[0] = '*';
		return 1;
	}
	if (path.n == 0 || (path.p[0] != '/' && path.p[0] != '\\'))
		return -1;
	for (uint32_t i = 0; i < path.n; i += step) {
		step = next(path, i, &c);
		if (step == 0)
			return -1;
		if (c == '/' && n > 0) {
			size_t resolved = resolve(out, segment, n);

			if (resolved < n) { /* its slash stands already */
				n = segment = resolved;
				continue;
			}
		}
		out[n++] = c;
		if (c == '/')
			segment = n;
	}
	return (int)resolve(out, segment, n);
}
