/* SPDX-License-Identifier: BSD-3-Clause */
/* Character classes of everything that lib/http parses, and the checks built right on them. */
#include "scan.h"

#define IN(c, from, to) ((c) >= (from) && (c) <= (to))
#define ALPHA(c)        (IN(c, 'a', 'z') || IN(c, 'A', 'Z'))
#define DIGIT(c)        IN(c, '0', '9')
/* RFC 9110 5.6.2 */
#define TOKEN(c)                                                                               \
	(ALPHA(c) || DIGIT(c) || (c) == '!' || IN(c, '#', '\'') || (c) == '*' || (c) == '+' || \
	 (c) == '-' || (c) == '.' || IN(c, '^', '`') || (c) == '|' || (c) == '~')
#define VALUE(c)  ((c) == '\t' || IN(c, ' ', '~') || (c) >= 0x80)
#define TARGET(c) (IN(c, '!', '~') && (c) != '#')
/* RFC 3986 3.2.2 reg-name; '%' is left out because an escaped name is in doubt, ',' because
 * joined Host lines would look like one name. */
#define HOST(c)                                                                          \
	(ALPHA(c) || DIGIT(c) || (c) == '-' || (c) == '.' || (c) == '_' || (c) == '~' || \
	 (c) == '!' || (c) == '$' || IN(c, '&', '+') || (c) == ';' || (c) == '=')
#define HEX(c) (DIGIT(c) || IN(c, 'a', 'f') || IN(c, 'A', 'F'))

#define C1(c)                                                                                  \
	((TOKEN(c) ? CHAR_TOKEN : 0) | (VALUE(c) ? CHAR_VALUE : 0) |                           \
	 (TARGET(c) ? CHAR_TARGET : 0) | (HOST(c) ? CHAR_HOST : 0) | (HEX(c) ? CHAR_HEX : 0) | \
	 (DIGIT(c) ? CHAR_DIGIT : 0))
#define C4(c)  C1(c), C1((c) + 1), C1((c) + 2), C1((c) + 3)
#define C16(c) C4(c), C4((c) + 4), C4((c) + 8), C4((c) + 12)
#define C64(c) C16(c), C16((c) + 16), C16((c) + 32), C16((c) + 48)

const uint8_t h1_class[256] = {C64(0), C64(64), C64(128), C64(192)};

static bool all(struct sl_str s, uint8_t cls)
{
	for (uint32_t i = 0; i < s.n; i++)
		if (!char_is(s.p[i], cls))
			return false;
	return true;
}

bool sl_http_valid_token(struct sl_str s)
{
	return s.n > 0 && all(s, CHAR_TOKEN);
}

bool sl_http_valid_value(struct sl_str s)
{
	return all(s, CHAR_VALUE);
}

bool sl_http_valid_target(struct sl_str s)
{
	return s.n > 0 && s.p[0] == '/' && all(s, CHAR_TARGET);
}
