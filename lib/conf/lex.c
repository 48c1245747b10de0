/* SPDX-License-Identifier: BSD-3-Clause */
/* Tokens of sluice.conf, and the refusal of those that libconfig 1.5 would misread silently. */
#include "lex.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "words.h"

#define NUMBER_MAX 32 /* longest number that is looked at; longer ones never fit */

int sl_walk_bad(const struct sl_walk *w, struct sl_err *err, const char *what)
{
	return sl_err(err, EINVAL, "%s:%d: %s", w->file, w->line, what);
}

static bool word_start(char c)
{
	return (sl_lower(c) >= 'a' && sl_lower(c) <= 'z') || c == '*';
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool word_byte(char c)
{
	return word_start(c) || digit(c) || c == '-' || c == '_';
}

/*
 * libconfig 1.5 reads integers with atoi and strtoul: what doesn't fit becomes another number
 * silently. So each is looked at here.
 */
static bool is_fraction(const char *p)
{
	p += strspn(p, "+-");
	p += strspn(p, "0123456789");
	if (*p != '.')
		return false;
	p++;
	p += strspn(p, "0123456789");
	if (*p != 'e' && *p != 'E')
		return *p == '\0';
	p++;
	p += *p == '+' || *p == '-';
	return *p && p[strspn(p, "0123456789")] == '\0';
}

static int number(struct sl_walk *w, enum sl_token *token, struct sl_err *err)
{
	char text[NUMBER_MAX];
	char show[SL_SHOW_MAX], msg[256];
	const char *start = w->p, *q;
	long long v;
	char *end;
	size_t n;

	for (q = w->p + 1; q < w->end && (word_byte(*q) || *q == '.' || *q == '+'); q++)
		;
	n = (size_t)(q - start);
	w->p = q;
	snprintf(text, sizeof(text), "%.*s", (int)SL_MIN(n, sizeof(text) - 1), start);
	*token = SL_TOKEN_FLOAT;
	if (n < sizeof(text) && is_fraction(text))
		return 0;
	*token = SL_TOKEN_INT;
	errno = 0;
	v = strtoll(text, &end, strncasecmp(text, "0x", 2) == 0 ? 16 : 10);
	if (n < sizeof(text) && *end == '\0' && errno == 0 && v >= INT32_MIN && v <= INT32_MAX)
		return 0;
	if (n < sizeof(text) && *end != '\0')
		snprintf(msg, sizeof(msg),
			 "'%s' is not a number; write digits only, or quotes around a text with a "
			 "unit, such as \"10s\"",
			 sl_show(text, show));
	else
		snprintf(msg, sizeof(msg),
			 "number %s is out of range; write one between -2147483648 and 2147483647",
			 sl_show(text, show));
	return sl_walk_bad(w, err, msg);
}

/* A string: only its end and its escapes matter. w->p stands behind the opening quote. */
static int string(struct sl_walk *w, struct sl_err *err)
{
	int first = w->line;

	for (; w->p < w->end; w->p++) {
		if (*w->p == '"') {
			w->p++;
			return 0;
		}
		if (*w->p == '\n')
			w->line++;
		if (*w->p != '\\' || w->p + 1 >= w->end)
			continue;
		w->p++;
		if (*w->p == '\n')
			w->line++;
		if (*w->p == 'x' && w->end - w->p > 2 && memcmp(w->p + 1, "00", 2) == 0)
			return sl_walk_bad(w, err, "a text can't hold a NUL byte; leave \\x00 out");
	}
	w->line = first;
	return sl_walk_bad(w, err, "text that is never closed; write '\"' at its end");
}

static int comment(struct sl_walk *w, struct sl_err *err)
{
	int first = w->line;

	for (w->p += 2; w->p + 1 < w->end; w->p++) {
		if (w->p[0] == '*' && w->p[1] == '/') {
			w->p += 2;
			return 0;
		}
		if (*w->p == '\n')
			w->line++;
	}
	w->line = first;
	return sl_walk_bad(w, err, "comment that is never closed; write '*/' at its end");
}

/* What a byte that stands for itself is; false when nothing begins with it. */
static bool punctuation(char c, enum sl_token *token)
{
	static const char bytes[] = "=:;,{([})]";
	static const enum sl_token tokens[] = {
		SL_TOKEN_ASSIGN, SL_TOKEN_ASSIGN, SL_TOKEN_SEMICOLON, SL_TOKEN_COMMA,
		SL_TOKEN_OPEN,   SL_TOKEN_OPEN,   SL_TOKEN_OPEN,      SL_TOKEN_CLOSE,
		SL_TOKEN_CLOSE,  SL_TOKEN_CLOSE,
	};
	const char *at = memchr(bytes, c, sizeof(bytes) - 1);

	if (at)
		*token = tokens[at - bytes];
	return at != NULL;
}

static enum sl_token word(struct sl_walk *w)
{
	const char *start = w->p;
	size_t n;

	while (w->p < w->end && word_byte(*w->p))
		w->p++;
	n = (size_t)(w->p - start);
	if ((n == 4 && strncasecmp(start, "true", 4) == 0) ||
	    (n == 5 && strncasecmp(start, "false", 5) == 0))
		return SL_TOKEN_BOOL;
	return SL_TOKEN_NAME;
}

int sl_lex(struct sl_walk *w, enum sl_token *token, struct sl_err *err)
{
	char c = *w->p, msg[64];

	if (c == '"') {
		w->p++;
		*token = SL_TOKEN_STRING;
		return string(w, err);
	}
	if (word_start(c)) {
		*token = word(w);
		return 0;
	}
	if (digit(c) || ((c == '-' || c == '+') && w->p + 1 < w->end && digit(w->p[1])))
		return number(w, token, err);
	w->p++;
	if (punctuation(c, token))
		return 0;
	snprintf(msg, sizeof(msg), "'%c' begins nothing; write texts in \"quotes\"",
		 c > 0x20 && c < 0x7f ? c : '?');
	return sl_walk_bad(w, err, msg);
}

int sl_lex_skip(struct sl_walk *w, bool *skipped, struct sl_err *err)
{
	char c = *w->p, next = w->p + 1 < w->end ? w->p[1] : '\0';

	*skipped = true;
	if (c == '#' || (c == '/' && next == '/')) {
		while (w->p < w->end && *w->p != '\n')
			w->p++;
		return 0;
	}
	if (c == '/' && next == '*')
		return comment(w, err);
	*skipped = c == ' ' || c == '\t' || c == '\r' || c == '\f';
	w->p += *skipped;
	return 0;
}
