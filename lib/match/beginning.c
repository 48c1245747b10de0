/* SPDX-License-Identifier: BSD-3-Clause */
/* What every match of a regex begins with: what tells a request that needs no regex scanned. */
#include "beginning.h"

/* Position behind a character class that begins at i, or 0: it is not understood. */
static uint32_t class_end(struct sl_str re, uint32_t i)
{
	i++;
	if (i < re.n && re.p[i] == '^')
		i++;
	if (i < re.n && re.p[i] == ']')
		i++;
	for (; i < re.n && re.p[i] != ']'; i++) {
		if (re.p[i] == '[' && i + 1 < re.n && re.p[i + 1] == ':') {
			i += 2;
			while (i < re.n && (re.p[i] == '^' || (re.p[i] >= 'a' && re.p[i] <= 'z')))
				i++;
			if (i + 1 >= re.n || re.p[i] != ':' || re.p[i + 1] != ']')
				return 0;
			i++;
		} else if (re.p[i] == '[') {
			return 0;
		} else if (re.p[i] == '\\') {
			if (++i >= re.n || re.p[i] == 'Q' || re.p[i] == 'E' || re.p[i] == 'c')
				return 0;
		}
	}
	return i < re.n ? i + 1 : 0;
}

/* Position behind what opens a group at i, or 0: options, comments and assertions, not groups. */
static uint32_t group_begin(struct sl_str re, uint32_t i)
{
	struct sl_str rest = {re.p + i, re.n - i};

	if (sl_str_starts(rest, SL_STR("(?:")))
		return i + 3;
	if (sl_str_starts(rest, SL_STR("(?P<")))
		return i + 4;
	if (sl_str_starts(rest, SL_STR("(?")) || sl_str_starts(rest, SL_STR("(*")))
		return 0;
	return i + 1;
}

/* Position behind an escape at i, or 0: one that changes what follows it. */
static uint32_t escape_end(struct sl_str re, uint32_t i)
{
	if (i + 1 >= re.n || re.p[i + 1] == 'Q' || re.p[i + 1] == 'E' || re.p[i + 1] == 'c')
		return 0;
	return i + 2;
}

/* Whether the regex is one sequence: no options, and alternatives only within groups. */
static bool is_sequence(struct sl_str re)
{
	uint32_t depth = 0, i = 0;

	while (i < re.n) {
		char c = re.p[i];

		if ((c == '|' || c == ')') && depth == 0)
			return false;
		if (c == '(')
			depth++;
		else if (c == ')')
			depth--;
		i = c == '\\'  ? escape_end(re, i)
		    : c == '[' ? class_end(re, i)
		    : c == '(' ? group_begin(re, i)
			       : i + 1;
		if (i == 0)
			return false;
	}
	return depth == 0;
}

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (sl_lower(c) >= 'a' && sl_lower(c) <= 'z') || c == '_' ||
	       (unsigned char)c >= 0x80;
}

size_t sl_regex_beginning(struct sl_str re, char *out)
{
	uint32_t i = re.n && re.p[0] == '^';
	size_t n = 0;

	if (!is_sequence(re))
		return 0;
	for (; i < re.n; i++) {
		if (re.p[i] == '\\') {
			/* "\." is a dot, "\d" is not a d. */
			if (i + 1 >= re.n || is_word(re.p[i + 1]))
				break;
			i++;
		} else if (memchr(".[](){}|^$*+?", re.p[i], 13)) {
			break;
		}
		out[n++] = re.p[i];
	}
	/* A quantifier belongs to the last byte, which may then not be there at all. */
	if (n && i < re.n && memchr("*+?{", re.p[i], 4))
		n--;
	return n;
}

/* Whether something in a regex from i on asks for what stands before it: "^", "\\b", not "[^". */
static bool asks_for_place(struct sl_str re, uint32_t i)
{
	bool class = false; /* right behind the '[' that begins one */

	for (; i < re.n; i++) {
		if (re.p[i] == '^' && !class)
			return true;
		class = re.p[i] == '[';
		if (re.p[i] == '\\' && ++i < re.n && memchr("bBAG", re.p[i], 4))
			return true;
	}
	return false;
}

size_t sl_regex_rest(struct sl_str re, size_t n)
{
	uint32_t end = re.n && re.p[0] == '^';

	for (; n; n--)
		end += re.p[end] == '\\' ? 2 : 1;
	return asks_for_place(re, end) ? 0 : end;
}
