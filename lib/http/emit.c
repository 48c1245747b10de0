/* SPDX-License-Identifier: BSD-3-Clause */
/* Bounded writer of heads and chunk framing, and the date that goes into them. */
#include "sl_http.h"

/* Room for n bytes, or NULL and `full` from then on. */
static char *room(struct sl_http_out *out, size_t n)
{
	char *at = out->p + out->n;

	if (out->full || n > out->cap - out->n) {
		out->full = true;
		return NULL;
	}
	out->n += n;
	return at;
}

static char *copy(char *to, struct sl_str s)
{
	if (s.n)
		memcpy(to, s.p, s.n);
	return to + s.n;
}

void sl_http_put(struct sl_http_out *out, struct sl_str s)
{
	char *to = room(out, s.n);

	if (to)
		copy(to, s);
}

void sl_http_put_u64(struct sl_http_out *out, uint64_t value)
{
	char text[20];
	uint32_t i = sizeof(text);

	do {
		text[--i] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	sl_http_put(out, (struct sl_str){text + i, (uint32_t)sizeof(text) - i});
}

void sl_http_put_chunk(struct sl_http_out *out, uint64_t bytes)
{
	char text[18];
	uint32_t i = 16;

	text[16] = '\r';
	text[17] = '\n';
	do {
		text[--i] = "0123456789abcdef"[bytes & 15];
		bytes >>= 4;
	} while (bytes);
	sl_http_put(out, (struct sl_str){text + i, (uint32_t)sizeof(text) - i});
}

void sl_http_put_field(struct sl_http_out *out, struct sl_str name, struct sl_str value)
{
	char *to = room(out, (size_t)name.n + 2 + value.n + 2);

	if (!to)
		return;
	to = copy(to, name);
	to = copy(to, SL_STR(": "));
	to = copy(to, value);
	copy(to, SL_STR("\r\n"));
}

void sl_http_put_status(struct sl_http_out *out, uint16_t status, struct sl_str reason)
{
	char *to;

	if (status < 100 || status > 999) {
		out->full = true;
		return;
	}
	to = room(out, sizeof("HTTP/1.1 200 \r\n") - 1 + reason.n);
	if (!to)
		return;
	to = copy(to, SL_STR("HTTP/1.1 "));
	*to++ = (char)('0' + status / 100);
	*to++ = (char)('0' + status / 10 % 10);
	*to++ = (char)('0' + status % 10);
	*to++ = ' ';
	to = copy(to, reason);
	copy(to, SL_STR("\r\n"));
}

/* Civil date of a day count since 1970-01-01. Years begin in March here, so that the leap day is a
 * year's last day and months follow a fixed pattern of 153 days in five. */
static void civil(uint64_t days, uint64_t *year, unsigned int *month, unsigned int *day)
{
	uint64_t z = days + 719468; /* since 0000-03-01 */
	uint64_t era = z / 146097;
	unsigned int doe = (unsigned int)(z % 146097);
	unsigned int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	unsigned int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	unsigned int m = (5 * doy + 2) / 153;

	*day = doy - (153 * m + 2) / 5 + 1;
	*month = m < 10 ? m + 2 : m - 10;
	*year = era * 400 + yoe + (*month < 2);
}

static void two_digits(char *to, unsigned int v)
{
	to[0] = (char)('0' + v / 10);
	to[1] = (char)('0' + v % 10);
}

void sl_http_date(uint64_t unix_s, char out[29])
{
	static const char days[] = "ThuFriSatSunMonTueWed";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	unsigned int month, day, sec;
	uint64_t year;

	if (unix_s > 253402300799u) /* 9999-12-31, the last that the format can say */
		unix_s = 253402300799u;
	civil(unix_s / 86400, &year, &month, &day);
	sec = (unsigned int)(unix_s % 86400);
	copy(out, SL_STR("Thu, 01 Jan 1970 00:00:00 GMT"));
	memcpy(out, days + unix_s / 86400 % 7 * 3, 3);
	two_digits(out + 5, day);
	memcpy(out + 8, months + month * 3, 3);
	two_digits(out + 12, (unsigned int)(year / 100));
	two_digits(out + 14, (unsigned int)(year % 100));
	two_digits(out + 17, sec / 3600);
	two_digits(out + 20, sec / 60 % 60);
	two_digits(out + 23, sec % 60);
}
