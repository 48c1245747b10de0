/* SPDX-License-Identifier: BSD-3-Clause */
/* Retry conditions as they are written, "connect-failure,5xx,503", and as a route holds them. */
#include <errno.h>

#include "sl_model.h"

static const struct {
	struct sl_str word;
	uint32_t bit;
} words[] = {
#define WORD(name, word) {{word, sizeof(word) - 1}, 1u << SL_RETRY_##name},
	SL_RETRY_LIST(WORD)
#undef WORD
};

static bool add_code(struct sl_model_route *route, struct sl_str s)
{
	uint32_t code = 0, i = 0;

	if (s.n != 3)
		return false;
	for (uint32_t k = 0; k < 3; k++) {
		if (s.p[k] < '0' || s.p[k] > '9')
			return false;
		code = code * 10 + (uint32_t)(s.p[k] - '0');
	}
	if (code < 200 || code > 599)
		return false;
	while (i < SL_RETRY_CODES_MAX && route->retry_codes[i] && route->retry_codes[i] != code)
		i++;
	if (i == SL_RETRY_CODES_MAX)
		return false;
	route->retry_codes[i] = (uint16_t)code;
	route->retry_on |= 1u << SL_RETRY_STATUS_CODES;
	return true;
}

static bool add(struct sl_model_route *route, struct sl_str s)
{
	for (size_t i = 0; i < SL_ARRAY_LEN(words); i++) {
		if (sl_str_eq(words[i].word, s)) {
			route->retry_on |= words[i].bit;
			return true;
		}
	}
	return add_code(route, s);
}

static struct sl_str trim(struct sl_str s)
{
	while (s.n > 0 && (*s.p == ' ' || *s.p == '\t'))
		s = (struct sl_str){s.p + 1, s.n - 1};
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

int sl_model_retry_on(struct sl_model_route *route, const char *list, struct sl_err *err)
{
	struct sl_str left = sl_str(list);

	route->retry_on = 0;
	memset(route->retry_codes, 0, sizeof(route->retry_codes));
	for (;;) {
		const char *comma = left.n > 0 ? memchr(left.p, ',', left.n) : NULL;
		uint32_t n = comma ? (uint32_t)(comma - left.p) : left.n;
		struct sl_str word = trim((struct sl_str){left.p, n});

		if (word.n > 0 && !add(route, word))
			return sl_err(
				err, EINVAL,
				"'%.*s' is no condition for a retry; write connect-failure, "
				"reset, 5xx, gateway-error, retriable-4xx or at most %u codes "
				"from 200 to 599",
				SL_STR_ARG(word), SL_RETRY_CODES_MAX);
		if (!comma)
			return 0;
		left = (struct sl_str){comma + 1, left.n - n - 1};
	}
}

char *sl_retry_on_text(uint32_t retry_on, char buf[SL_RETRY_TEXT_MAX])
{
	size_t at = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < SL_ARRAY_LEN(words); i++) {
		if (!(retry_on & words[i].bit))
			continue;
		if (at > 0)
			buf[at++] = ',';
		memcpy(buf + at, words[i].word.p, words[i].word.n + 1);
		at += words[i].word.n;
	}
	return buf;
}
