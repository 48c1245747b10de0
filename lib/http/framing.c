/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a field section says about the message and the connection: body framing, decided once from
 * all of it (RFC 9112 6.3), and which fields end at this hop (RFC 9110 7.6.1).
 */
#include "scan.h"

/* More options than this are an attempt to make the gateway compare names all day. */
#define CONNECTION_OPTIONS_MAX 32

/** Elements of a comma-separated list, empty ones included. @return false at the end. */
static bool list_next(struct sl_str *list, struct sl_str *element)
{
	const char *comma;
	uint32_t n;

	if (!list->p)
		return false;
	comma = memchr(list->p, ',', list->n);
	n = comma ? (uint32_t)(comma - list->p) : list->n;
	*element = (struct sl_str){list->p, n};
	*list = comma ? (struct sl_str){comma + 1, list->n - n - 1} : (struct sl_str){NULL, 0};
	while (element->n && (*element->p == ' ' || *element->p == '\t')) {
		element->p++;
		element->n--;
	}
	while (element->n &&
	       (element->p[element->n - 1] == ' ' || element->p[element->n - 1] == '\t'))
		element->n--;
	return true;
}

/*
 * Fields that a sender can not take out of the message by naming them in Connection: framing, the
 * name we route by, and what the gateway itself adds or relies on. TE has a rule of its own.
 */
static bool may_nominate(struct sl_str name, uint8_t known)
{
	switch (known) {
	case SL_HTTP_F_HOST:
	case SL_HTTP_F_CONTENT_LENGTH:
	case SL_HTTP_F_TRANSFER_ENCODING:
	case SL_HTTP_F_TE:
	case SL_HTTP_F_X_REQUEST_ID:
	case SL_HTTP_F_X_ENVOY:
		return false;
	default:
		return name.n < 12 ||
		       !sl_str_ieq((struct sl_str){name.p, 12}, SL_STR("x-forwarded-"));
	}
}

/** @return whether it is a field that may be named. */
static bool nominate(struct scan *s, struct sl_str name)
{
	uint8_t known;

	if (!sl_http_valid_token(name))
		return false;
	known = h1_known(name.p, (size_t)name.n);
	if (!may_nominate(name, known))
		return false;
	for (uint16_t i = 0; i < s->n; i++)
		if (s->field[i].known == known && sl_str_ieq(s->field[i].name, name))
			s->field[i].hop = true;
	return true;
}

static void te(struct scan *s)
{
	for (uint16_t i = 0; i <= s->last[SL_HTTP_F_TE]; i++)
		if (s->field[i].known == SL_HTTP_F_TE)
			s->field[i].hop = !sl_str_ieq(s->field[i].value, SL_STR("trailers"));
}

bool h1_connection(struct scan *s, struct connection *c)
{
	struct sl_str list, option;
	unsigned int options = 0;

	*c = (struct connection){0};
	if (s->count[SL_HTTP_F_TE])
		te(s);
	if (!s->count[SL_HTTP_F_CONNECTION])
		return true;
	for (uint16_t i = 0; i <= s->last[SL_HTTP_F_CONNECTION]; i++) {
		if (s->field[i].known != SL_HTTP_F_CONNECTION)
			continue;
		list = s->field[i].value;
		while (list_next(&list, &option)) {
			if (++options > CONNECTION_OPTIONS_MAX) {
				s->error = SL_HTTP_E_BAD_FIELD;
				return false;
			}
			if (sl_str_ieq(option, SL_STR("close")))
				c->close = true;
			else if (sl_str_ieq(option, SL_STR("keep-alive")))
				c->keep_alive = true;
			else if (sl_str_ieq(option, SL_STR("upgrade")))
				c->upgrade = true;
			else
				c->names_fields |= nominate(s, option);
		}
	}
	return true;
}

/* RFC 9110 8.6: digits only. Lists and repeated fields are refused even when they agree. */
static enum sl_http_error content_length(const struct scan *s, uint64_t *length)
{
	struct sl_str v = s->field[s->last[SL_HTTP_F_CONTENT_LENGTH]].value;
	uint64_t n = 0;

	if (s->count[SL_HTTP_F_CONTENT_LENGTH] != 1 || v.n == 0)
		return SL_HTTP_E_BAD_LENGTH;
	for (uint32_t i = 0; i < v.n; i++) {
		uint64_t digit = (uint64_t)(uint8_t)v.p[i] - '0';

		if (digit > 9 || n > ((uint64_t)INT64_MAX - digit) / 10)
			return SL_HTTP_E_BAD_LENGTH;
		n = n * 10 + digit;
	}
	*length = n;
	return SL_HTTP_E_NONE;
}

/*
 * Exactly one "chunked" over all lines. A list of well-formed names that ends otherwise well is a
 * coding we do not have (501, RFC 9112 6.1); anything else is an attempt to be misunderstood.
 */
static enum sl_http_error transfer_coding(const struct scan *s)
{
	struct sl_str list, coding;
	unsigned int known = 0, unknown = 0;

	for (uint16_t i = 0; i <= s->last[SL_HTTP_F_TRANSFER_ENCODING]; i++) {
		if (s->field[i].known != SL_HTTP_F_TRANSFER_ENCODING)
			continue;
		list = s->field[i].value;
		while (list_next(&list, &coding)) {
			if (!sl_http_valid_token(coding) || known > 0)
				return SL_HTTP_E_BAD_TRANSFER_CODING;
			if (sl_str_ieq(coding, SL_STR("chunked")))
				known++;
			else
				unknown++;
		}
	}
	return unknown ? SL_HTTP_E_UNKNOWN_TRANSFER_CODING : SL_HTTP_E_NONE;
}

bool h1_framing(struct scan *s, uint8_t minor, bool response, bool *chunked, bool *has_length,
		uint64_t *length)
{
	*chunked = s->count[SL_HTTP_F_TRANSFER_ENCODING] > 0;
	*has_length = s->count[SL_HTTP_F_CONTENT_LENGTH] > 0;
	*length = 0;
	if (*chunked && *has_length && !response)
		s->error = SL_HTTP_E_LENGTH_AND_CHUNKED;
	/* A 1.0 peer does not know the field: it was passed on by someone who did not either. */
	else if (*chunked && minor == 0)
		s->error = SL_HTTP_E_BAD_TRANSFER_CODING;
	else if (*chunked)
		s->error = transfer_coding(s);
	if (s->error == SL_HTTP_E_NONE && *has_length)
		s->error = content_length(s, length);
	return s->error == SL_HTTP_E_NONE;
}
