/* SPDX-License-Identifier: BSD-3-Clause */
/* JSON strings from bytes that may be no UTF-8, and the JSON form of canonical YAML. */
#ifndef JSONTEXT_H
#define JSONTEXT_H

#include <jansson.h>

#include "sl_str.h"

/** A JSON string; bytes that are no UTF-8 become '?'. NULL when out of memory. */
json_t *json_text(const char *text);
json_t *json_text_of(struct sl_str s);

/** The first document of a YAML text; NULL when it is none or out of memory. */
json_t *json_from_yaml(const char *text, size_t len);

#endif
