/* SPDX-License-Identifier: BSD-3-Clause */
/* What every match of a regex begins with. */
#ifndef SL_MATCH_BEGINNING_H
#define SL_MATCH_BEGINNING_H

#include <stddef.h>

#include "sl_base.h"

/**
 * The bytes that everything begins with that a regex matches from its first byte on: as many as
 * are plain to see, and none when in doubt.
 *
 * @param regex One that Hyperscan takes.
 * @param out Room for regex.n bytes.
 * @return Bytes in out.
 */
size_t sl_regex_beginning(struct sl_str regex, char *out);

/**
 * Where in a regex the first n bytes of its beginning end, if what follows matches the rest of a
 * subject as it matches within the whole: nothing in it asks where it stands.
 *
 * @param n Above 0, at most what sl_regex_beginning gave.
 * @return Bytes of the regex, or 0.
 */
size_t sl_regex_rest(struct sl_str regex, size_t n);

#endif
