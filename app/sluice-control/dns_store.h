/* SPDX-License-Identifier: BSD-3-Clause */
/* STATE/names: what was known of names, a line each: "NAME ADDRESS ...". */
#ifndef DNS_STORE_H
#define DNS_STORE_H

#include "sl_names.h"

/** Puts into the table what the file holds; what is no such line is passed over. */
void dns_store_read(const char *state_dir, struct sl_names *names);

/** Replaces the file. That it cannot be written is logged, and no more. */
void dns_store_write(const char *state_dir, const struct sl_names *names);

#endif
