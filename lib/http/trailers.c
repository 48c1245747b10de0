/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Trailer sections (RFC 9110 6.5): what of them may go on. Who merges trailers into the header must
 * not be told anything there that the header had no say in.
 */
#include "sl_http.h"

#define NAME_MAX_BYTES 32u /* longer names are in none of the lists */

/* Framing, routing, authentication, request modifiers, response controls, content format, and what
 * gateways say of their own hop. */
static const char *const never[] = {
	"age",
	"authentication-info",
	"authorization",
	"cache-control",
	"connection",
	"content-disposition",
	"content-encoding",
	"content-language",
	"content-length",
	"content-location",
	"content-range",
	"content-type",
	"cookie",
	"date",
	"expect",
	"expires",
	"forwarded",
	"host",
	"http2-settings",
	"keep-alive",
	"location",
	"max-forwards",
	"origin",
	"pragma",
	"range",
	"retry-after",
	"server",
	"set-cookie",
	"strict-transport-security",
	"te",
	"trailer",
	"transfer-encoding",
	"upgrade",
	"vary",
	"via",
	"warning",
	"www-authenticate",
	"x-real-ip",
	"x-request-id",
};
static const char *const never_begin[] = {"access-control-", "accept",      "if-",
					  "proxy-",          "x-envoy-",    "x-forwarded-",
					  "x-http-method",   "x-original-", "x-rewrite-"};

bool sl_http_trailer_allowed(struct sl_str name)
{
	char text[NAME_MAX_BYTES];
	struct sl_str low = {text, SL_MIN(name.n, NAME_MAX_BYTES)};

	for (uint32_t i = 0; i < low.n; i++)
		text[i] = name.p[i] == '_' ? '-' : sl_lower(name.p[i]);
	for (size_t i = 0; i < SL_ARRAY_LEN(never); i++)
		if (name.n == low.n && sl_str_eq(low, sl_str(never[i])))
			return false;
	for (size_t i = 0; i < SL_ARRAY_LEN(never_begin); i++) {
		struct sl_str begin = sl_str(never_begin[i]);

		if (low.n >= begin.n && memcmp(low.p, begin.p, begin.n) == 0)
			return false;
	}
	return name.n > 0;
}

void sl_http_put_trailers(struct sl_http_out *out, struct sl_str section)
{
	const char *p = section.p, *end = section.p + section.n;
	struct sl_str name, value;

	while (p < end && *p != '\r') {
		const char *cr = memchr(p, '\r', (size_t)(end - p));
		const char *colon = cr ? memchr(p, ':', (size_t)(cr - p)) : NULL;

		if (!colon)
			return;
		name = (struct sl_str){p, (uint32_t)(colon - p)};
		value = (struct sl_str){colon + 1, (uint32_t)(cr - colon - 1)};
		while (value.n && (*value.p == ' ' || *value.p == '\t')) {
			value.p++;
			value.n--;
		}
		while (value.n && (value.p[value.n - 1] == ' ' || value.p[value.n - 1] == '\t'))
			value.n--;
		if (sl_http_trailer_allowed(name))
			sl_http_put_field(out, name, value);
		p = cr + 2;
	}
}
