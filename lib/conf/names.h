/* SPDX-License-Identifier: BSD-3-Clause */
/* The names that a translation wanted: each once, with the place it was written first. */
#ifndef SL_CONF_NAMES_H
#define SL_CONF_NAMES_H

#include "objects.h"

struct sl_wanted {
	struct sl_name_wanted *v; /* texts on the heap */
	size_t n, n_native, cap;  /* the first n_native are those of sluice.conf */
	struct sl_index by_text;
};

/** Before objects are translated: keeps those of sluice.conf. */
void sl_wanted_clear(struct sl_wanted *w);
/** Before sluice.conf is. */
void sl_wanted_clear_all(struct sl_wanted *w);
void sl_wanted_free(struct sl_wanted *w);

/** Texts are copied. 0; -E2BIG: there are `most` already; -ENOMEM. */
int sl_wanted_add(struct sl_wanted *w, size_t most, const struct sl_name_wanted *name);

#endif
