/* SPDX-License-Identifier: BSD-3-Clause */
/* String view: bytes that live elsewhere, with their length; wire data is never a C string. */
#ifndef SL_STR_H
#define SL_STR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/** View of bytes owned by someone else; p may be NULL when n is 0. */
struct sl_str {
	const char *p;
	uint32_t n;
};

#define SL_STR(lit)   ((struct sl_str){(lit), sizeof(lit) - 1})
/** For printf's "%.*s". */
#define SL_STR_ARG(s) (int)(s).n, (s).n ? (s).p : ""

static inline struct sl_str sl_str(const char *cstr)
{
	return (struct sl_str){cstr, (uint32_t)strlen(cstr)};
}

static inline bool sl_str_eq(struct sl_str a, struct sl_str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/** ASCII lower case, independent of locale. */
static inline char sl_lower(char c)
{
	return (c >= 'A' && c <= 'Z') ? (char)(c + ('a' - 'A')) : c;
}

/** ASCII case-insensitive equality. */
static inline bool sl_str_ieq(struct sl_str a, struct sl_str b)
{
	if (a.n != b.n)
		return false;
	for (uint32_t i = 0; i < a.n; i++)
		if (sl_lower(a.p[i]) != sl_lower(b.p[i]))
			return false;
	return true;
}

static inline bool sl_str_starts(struct sl_str s, struct sl_str prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

/**
 * Nearest word of a list by edit distance, for "did you mean".
 *
 * @param word What was written.
 * @param list NULL-terminated candidates.
 * @return A member of list at most a third of the word away, or NULL.
 */
const char *sl_nearest(const char *word, const char *const *list);

#endif
