/* SPDX-License-Identifier: BSD-3-Clause */
/* Small readers of words that libconfig and YAML values share: durations, sizes, names. */
#include "words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Bytes of the UTF-8 sequence at p (RFC 3629 4), or 0. */
static size_t utf8_sequence(const unsigned char *p, size_t n)
{
	size_t len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (len == 0 || p[0] > 0xf4 || len > n)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

char *sl_show(const char *text, char buf[SL_SHOW_MAX])
{
	size_t rest = strnlen(text, SL_SHOW_MAX), n = 0;

	while (rest && n < SL_SHOW_MAX - 8) {
		size_t len = utf8_sequence((const unsigned char *)text, rest);

		if (len == 0 || (unsigned char)*text < 0x20 || *text == 0x7f) {
			buf[n++] = '?';
			len = 1;
		} else {
			memcpy(buf + n, text, len);
			n += len;
		}
		text += len;
		rest -= len;
	}
	snprintf(buf + n, SL_SHOW_MAX - n, "%s", rest ? "..." : "");
	return buf;
}

struct unit {
	const char *name;
	uint64_t ns;
};

/* "ms" before "m": the first that fits is taken. */
static const struct unit units[] = {
	{"ms", 1000000},
	{"us", 1000},
	{"ns", 1},
	{"h", UINT64_C(3600000000000)},
	{"m", UINT64_C(60000000000)},
	{"s", 1000000000},
};

static const struct unit *unit_find(const char *p)
{
	for (size_t i = 0; i < SL_ARRAY_LEN(units); i++)
		if (strncmp(p, units[i].name, strlen(units[i].name)) == 0)
			return &units[i];
	return NULL;
}

#define NUMBER_MAX UINT64_C(0x7fffffff) /* largest whole part; its product with an hour fits */

/* One "1.5s" of a duration: adds its nanoseconds; NULL when it is none. */
static const char *part_read(const char *p, uint64_t *ns, bool *huge)
{
	uint64_t whole = 0, fraction = 0, scale = 1;
	const char *start = p;
	const struct unit *u;

	for (; *p >= '0' && *p <= '9'; p++)
		if (whole <= NUMBER_MAX)
			whole = whole * 10 + (uint64_t)(*p - '0');
	if (p == start)
		return NULL;
	if (*p == '.') {
		start = ++p;
		for (; *p >= '0' && *p <= '9'; p++)
			if (scale < 1000000) {
				fraction = fraction * 10 + (uint64_t)(*p - '0');
				scale *= 10;
			}
		if (p == start)
			return NULL;
	}
	u = unit_find(p);
	if (!u)
		return NULL;
	if (whole > NUMBER_MAX || whole > UINT64_MAX / 4 / u->ns)
		*huge = true;
	else
		*ns += whole * u->ns + fraction * u->ns / scale;
	if (*ns > UINT64_MAX / 4)
		*huge = true;
	return p + strlen(u->name);
}

int sl_word_ms(const char *text, uint32_t *ms)
{
	uint64_t ns = 0;
	bool huge = false;

	*ms = 0;
	if (strcmp(text, "0") == 0)
		return 0;
	if (!*text)
		return -EINVAL;
	while (*text && !huge) {
		text = part_read(text, &ns, &huge);
		if (!text)
			return -EINVAL;
	}
	ns = (ns + 999999) / 1000000;
	if (huge || ns > INT32_MAX)
		return -ERANGE;
	*ms = (uint32_t)ns;
	return 0;
}

int sl_word_bytes(const char *text, uint64_t *bytes)
{
	static const char letters[] = "KMGT";
	uint64_t n = 0;
	const char *p = text, *unit;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (n > UINT64_MAX / 16)
			return -ERANGE;
		n = n * 10 + (uint64_t)(*p - '0');
	}
	if (p == text)
		return -EINVAL;
	if (!*p) {
		*bytes = n;
		return n ? -EINVAL : 0; /* a size without a unit says nothing, but for zero */
	}
	unit = strchr(letters, *p);
	if (!unit || (p[1] && strcmp(p + 1, "i") != 0 && strcmp(p + 1, "iB") != 0 &&
		      strcmp(p + 1, "B") != 0))
		return -EINVAL;
	for (const char *u = letters; u <= unit; u++) {
		if (n > UINT64_MAX / 1024)
			return -ERANGE;
		n *= 1024;
	}
	*bytes = n;
	return 0;
}

char *sl_bytes_text(uint64_t bytes, char buf[24])
{
	static const char letters[] = " KMGT";
	int unit = 0;

	while (bytes > 0 && bytes % 1024 == 0 && unit < 4) {
		bytes /= 1024;
		unit++;
	}
	if (unit > 0)
		snprintf(buf, 24, "%llu%c", (unsigned long long)bytes, letters[unit]);
	else
		snprintf(buf, 24, "%llu", (unsigned long long)bytes);
	return buf;
}

int sl_word_rate(const char *text, uint16_t *rate)
{
	size_t whole = strspn(text, "0123456789");
	const char *p = text + whole;
	uint32_t n = 0, decimals = 0;

	if (whole == 0 || whole > 3)
		return -EINVAL;
	for (const char *d = text; d < p; d++)
		n = n * 10 + (uint32_t)(*d - '0');
	if (*p == '.') {
		decimals = (uint32_t)strspn(++p, "0123456789");
		if (decimals == 0 || decimals > 2)
			return -EINVAL;
	}
	for (uint32_t i = 0; i < 2; i++)
		n = n * 10 + (i < decimals ? (uint32_t)(*p++ - '0') : 0);
	if (strcmp(p, "%") != 0 || n > 10000)
		return -EINVAL;
	*rate = (uint16_t)n;
	return 0;
}

static int hex(char c)
{
	c = sl_lower(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}

int sl_word_mac(const char *text, uint8_t mac[6])
{
	static const uint8_t zero[6];

	if (strlen(text) != 17)
		return -EINVAL;
	for (int i = 0; i < 6; i++, text += 3) {
		int hi = hex(text[0]), lo = hex(text[1]);

		if (hi < 0 || lo < 0 || (i < 5 && text[2] != ':'))
			return -EINVAL;
		mac[i] = (uint8_t)(hi << 4 | lo);
	}
	return ((mac[0] & 1) || memcmp(mac, zero, 6) == 0) ? -EINVAL : 0;
}

bool sl_word_utf8(const char *text, size_t n)
{
	const unsigned char *p = (const unsigned char *)text;

	for (size_t i = 0, len; i < n; i += len) {
		len = utf8_sequence(p + i, n - i);
		if (len == 0 || p[i] == 0x7f)
			return false;
		if (p[i] < 0x20 && p[i] != '\t' && p[i] != '\n' && p[i] != '\r')
			return false;
	}
	return true;
}

int64_t sl_word_number(const char *text, int64_t max)
{
	int64_t v = 0;

	if (!*text)
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		if (v > (INT64_MAX - 9) / 10)
			return -1;
		v = v * 10 + (*text - '0');
	}
	return v > max ? -1 : v;
}

int sl_word_index(const char *word, const char *const *list)
{
	for (int i = 0; list[i]; i++)
		if (strcmp(word, list[i]) == 0)
			return i;
	return -1;
}

char *sl_word_hint(const char *word, const char *const *list, char *buf, size_t cap)
{
	const char *near = sl_nearest(word, list);
	size_t n;

	if (near) {
		snprintf(buf, cap, "; did you mean '%s'?", near);
		return buf;
	}
	n = (size_t)snprintf(buf, cap, "; write one of: ");
	for (int i = 0; list[i] && n < cap; i++)
		n += (size_t)snprintf(buf + n, cap - n, "%s%s", i ? ", " : "", list[i]);
	return buf;
}
