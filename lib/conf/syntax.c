/* SPDX-License-Identifier: BSD-3-Clause */
/* libconfig's grammar as a check of our own, token by token, before libconfig sees the text. */
#include "syntax.h"

enum want {
	WANT_NAME,      /* group: a key, or its end */
	WANT_ASSIGN,    /* group: '=' behind the key */
	WANT_VALUE,     /* group: the value */
	WANT_NEXT,      /* group: ';' or ',', which may be left out, a key, or its end */
	WANT_FIRST,     /* list, array: an element, or its end */
	WANT_ELEMENT,   /* list, array: an element, behind ',' */
	WANT_SEPARATOR, /* list, array: ',' or its end */
	WANT_MORE = 16, /* with the ones behind a value: it was a text, and more of it may follow */
};

void sl_syntax_init(struct sl_syntax *s)
{
	*s = (struct sl_syntax){.level[0] = {.want = WANT_NAME}};
}

static bool is_group(const struct sl_syntax_level *l)
{
	return l->close == 0 || l->close == '}';
}

static const char *complain(const struct sl_syntax_level *l)
{
	switch (l->want & ~WANT_MORE) {
	case WANT_NAME:
	case WANT_NEXT:
		return "a key here; settings are written name = value; with a ';' behind each";
	case WANT_ASSIGN:
		return "'=' here; settings are written name = value; with a ';' behind each";
	case WANT_VALUE:
		return "a value here: a \"text\", a number, true, false, { group }, ( list ) or "
		       "[ array ]";
	case WANT_SEPARATOR:
		return l->close == ')' ? "',' or ')' here" : "',' or ']' here";
	default:
		return "another element here, of the kind that stands there: a \"text\", a number, "
		       "true, false; in ( ) also { group }";
	}
}

static const char *open_bracket(struct sl_syntax *s, char c)
{
	struct sl_syntax_level *l;

	if (s->depth == SL_CONF_DEPTH_MAX)
		return "at most 24 brackets inside each other";
	l = &s->level[++s->depth];
	*l = (struct sl_syntax_level){
		.close = c == '{'   ? '}'
			 : c == '(' ? ')'
				    : ']',
		.want = c == '{' ? WANT_NAME : WANT_FIRST,
		.type = SL_TOKEN_END,
	};
	return NULL;
}

/* A scalar, or a bracket that opens one. Elements of an array are scalars of one type. */
static const char *value(struct sl_syntax *s, enum sl_token token, char c)
{
	struct sl_syntax_level *l = &s->level[s->depth];

	if (token > SL_TOKEN_STRING && token != SL_TOKEN_OPEN)
		return complain(l);
	if (token == SL_TOKEN_NAME)
		return complain(l);
	if (l->close == ']') {
		if (token == SL_TOKEN_OPEN || (l->type != SL_TOKEN_END && l->type != token))
			return complain(l);
		l->type = token;
	}
	l->want = is_group(l) ? WANT_NEXT : WANT_SEPARATOR;
	if (token == SL_TOKEN_STRING)
		l->want |= WANT_MORE;
	return token == SL_TOKEN_OPEN ? open_bracket(s, c) : NULL;
}

static const char *close_bracket(struct sl_syntax *s, char c)
{
	struct sl_syntax_level *l = &s->level[s->depth];
	unsigned want = l->want & ~(unsigned)WANT_MORE;

	if (want != WANT_NAME && want != WANT_NEXT && want != WANT_FIRST && want != WANT_SEPARATOR)
		return complain(l);
	if (c == l->close) {
		s->depth -= c != 0;
		return NULL;
	}
	switch (l->close) {
	case 0:
		return "no bracket here: none is open";
	case '}':
		return "'}' here, for the '{' that is open";
	case ')':
		return "')' here, for the '(' that is open";
	default:
		return "']' here, for the '[' that is open";
	}
}

static const char *name(struct sl_syntax_level *l)
{
	if (++l->n_keys > SL_CONF_KEYS_MAX)
		return "at most 256 keys in one group";
	l->want = WANT_ASSIGN;
	return NULL;
}

const char *sl_syntax_take(struct sl_syntax *s, enum sl_token token, char c)
{
	struct sl_syntax_level *l = &s->level[s->depth];
	unsigned want = l->want & ~(unsigned)WANT_MORE;

	if (token == SL_TOKEN_CLOSE || token == SL_TOKEN_END)
		return close_bracket(s, token == SL_TOKEN_END ? 0 : c);
	if (token == SL_TOKEN_STRING && (l->want & WANT_MORE))
		return NULL;
	if ((want == WANT_NAME || want == WANT_NEXT) && token == SL_TOKEN_NAME)
		return name(l);
	if (want == WANT_ASSIGN && token == SL_TOKEN_ASSIGN) {
		l->want = WANT_VALUE;
		return NULL;
	}
	if (want == WANT_VALUE || want == WANT_FIRST || want == WANT_ELEMENT)
		return value(s, token, c);
	if (want == WANT_NEXT && (token == SL_TOKEN_SEMICOLON || token == SL_TOKEN_COMMA)) {
		l->want = WANT_NAME;
		return NULL;
	}
	if (want == WANT_SEPARATOR && token == SL_TOKEN_COMMA) {
		l->want = WANT_ELEMENT;
		return NULL;
	}
	return complain(l);
}
