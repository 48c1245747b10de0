/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the model check share: a sorted index of names, and one way to complain. */
#ifndef SL_MODEL_CHECK_H
#define SL_MODEL_CHECK_H

#include "sl_model.h"

struct sl_name {
	const char *name;
	const struct sl_origin *origin;
	size_t order; /* of definition: the later one of two is the one complained about */
};

struct sl_names {
	struct sl_name *v; /* sorted by name, then order */
	size_t n;
};

bool sl_names_has(const struct sl_names *names, const char *name);

/** ", did you mean 'x'?" or a hint of what exists; for a name that names lacks. @return buf. */
char *sl_names_hint(const struct sl_names *names, const char *name, char *buf, size_t cap);

/** -EINVAL with the origin, if it is known, in front of the sentence. */
int sl_model_bad(const struct sl_origin *origin, struct sl_err *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** Checks one route table: its virtual hosts, domains and routes. */
int sl_model_check_table(const struct sl_model_table *table, const struct sl_names *clusters,
			 struct sl_err *err);

#endif
