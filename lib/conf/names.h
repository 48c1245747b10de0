/* SPDX-License-Identifier: BSD-3-Clause */
/* The names that a translation wanted: each once, with the place it was written first. */
#ifndef SL_CONF_NAMES_H
#define SL_CONF_NAMES_H

#include "objects.h"

/* Cleared by each translation. */
struct sl_wanted {
	struct sl_name_wanted *v;
	size_t n, cap;
	struct sl_index by_text;
	struct sl_arena arena; /* of the texts */
};

void sl_wanted_clear(struct sl_wanted *w);
void sl_wanted_free(struct sl_wanted *w);

/** Texts are copied. 0; -E2BIG: there are `most` already; -ENOMEM. */
int sl_wanted_add(struct sl_wanted *w, size_t most, const struct sl_name_wanted *name);

#endif
