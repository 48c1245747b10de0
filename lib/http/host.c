/* SPDX-License-Identifier: BSD-3-Clause */
/* Authority (Host, absolute-form target): the strict subset of RFC 3986 3.2 that is routed by. */
#include "scan.h"

/* Dotted quad as in RFC 3986: no leading zeros. */
static bool ipv4(const char *p, const char *end)
{
	for (int part = 0; part < 4; part++) {
		unsigned int v = 0;
		const char *start = p;

		while (p < end && p - start < 3 && char_is(*p, CHAR_DIGIT))
			v = v * 10 + (unsigned int)(*p++ - '0');
		if (p == start || v > 255 || (p - start > 1 && *start == '0'))
			return false;
		if (part < 3 && (p == end || *p++ != '.'))
			return false;
	}
	return p == end;
}

/* RFC 4291 2.2: eight groups, one "::" for one group or more, the last two may be a dotted quad. */
static bool ipv6(const char *p, const char *end)
{
	int groups = 0;
	bool gap = false;

	if (end - p >= 2 && p[0] == ':' && p[1] == ':') {
		gap = true;
		p += 2;
	}
	while (p < end) {
		const char *start = p;

		while (p < end && p - start < 4 && char_is(*p, CHAR_HEX))
			p++;
		if (p < end && *p == '.') {
			groups += 2;
			return ipv4(start, end) && (gap ? groups < 8 : groups == 8);
		}
		if (p == start)
			return false;
		groups++;
		if (p == end)
			break;
		if (*p++ != ':' || p == end)
			return false;
		if (*p == ':') {
			if (gap)
				return false;
			gap = true;
			p++;
		}
	}
	return gap ? groups < 8 : groups == 8;
}

static bool port(const char *p, const char *end)
{
	unsigned int v = 0;

	if (p == end || end - p > 5)
		return false;
	for (; p < end; p++) {
		if (!char_is(*p, CHAR_DIGIT))
			return false;
		v = v * 10 + (unsigned int)(*p - '0');
	}
	return v >= 1 && v <= 65535;
}

bool sl_http_valid_authority(struct sl_str s, struct sl_str *host)
{
	const char *p = s.p, *end = s.p + s.n;

	if (s.n == 0)
		return false;
	if (*p == '[') {
		p = memchr(p, ']', s.n);
		if (!p || !ipv6(s.p + 1, p))
			return false;
		p++;
	} else {
		while (p < end && char_is(*p, CHAR_HOST))
			p++;
	}
	if (p == s.p || (p < end && (*p != ':' || !port(p + 1, end))))
		return false;
	if (host)
		*host = (struct sl_str){s.p, (uint32_t)(p - s.p)};
	return true;
}
