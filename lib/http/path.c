/* SPDX-License-Identifier: BSD-3-Clause */
/* Path normalisation: routes match, and endpoints get, the bytes that this wrote. */
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

/* %2F and %5C become what they stand for; all else stays. @return bytes written. */
static size_t unescape(struct sl_str path, char *out, bool *found)
{
	size_t n = 0;

	for (uint32_t i = 0; i < path.n; i++, n++) {
		const char *p = path.p + i;
		bool escape = *p == '%' && path.n - i >= 3;

		out[n] = *p;
		if (escape && p[1] == '2' && sl_lower(p[2]) == 'f')
			out[n] = '/';
		else if (escape && p[1] == '5' && sl_lower(p[2]) == 'c')
			out[n] = '\\';
		else
			continue;
		*found = true;
		i += 2;
	}
	return n;
}

/* Writes no further than it has read, so path may lie at the start of out. */
static int base(struct sl_str path, char *out)
{
	size_t n = 0, segment = 1;
	uint32_t step;
	char c;

	if (path.p[0] != '/' && path.p[0] != '\\')
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

/* Last, so that slashes which came of '\' and of escapes are merged too. */
static int merge(char *path, int len)
{
	int n = 0;

	for (int i = 0; i < len; i++)
		if (path[i] != '/' || n == 0 || path[n - 1] != '/')
			path[n++] = path[i];
	return n;
}

int sl_http_path(struct sl_str path, const struct sl_http_path_rules *rules, char *out, size_t cap,
		 bool *unescaped)
{
	static const struct sl_http_path_rules defaults;
	bool found = false;
	int n = (int)path.n;

	if (!rules)
		rules = &defaults;
	if (unescaped)
		*unescaped = false;
	if (path.n == 0 || cap < path.n || path.n > INT32_MAX)
		return -1;
	if (sl_str_eq(path, SL_STR("*"))) {
		out[0] = '*';
		return 1;
	}
	if (rules->slashes != SL_HTTP_SLASHES_KEEP) {
		n = (int)unescape(path, out, &found);
		if (found && rules->slashes == SL_HTTP_SLASHES_REJECT)
			return -1;
		if (unescaped)
			*unescaped = found;
	} else {
		memcpy(out, path.p, path.n);
	}
	if (out[0] != '/' && out[0] != '\\')
		return -1;
	if (rules->normalize == SL_HTTP_NORM_NONE)
		return n;
	n = base((struct sl_str){out, (uint32_t)n}, out);
	return n > 0 && rules->normalize == SL_HTTP_NORM_MERGE ? merge(out, n) : n;
}
