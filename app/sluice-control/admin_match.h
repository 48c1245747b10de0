/* SPDX-License-Identifier: BSD-3-Clause */
/* A regex in a question, found anywhere in a name; compiled by Hyperscan, so that none is a bomb.
 */
#ifndef ADMIN_MATCH_H
#define ADMIN_MATCH_H

#include "admin.h"

struct admin_match {
	void *db; /* NULL: everything */
	struct sl_match_scratch *scratch;
};

/** Compiles the parameter `key`, if it is there. 0 or -EINVAL with a text. */
int admin_match_open(struct admin_match *m, const struct question *q, const char *key,
		     struct sl_err *err);
void admin_match_close(struct admin_match *m);

bool admin_match_wants(struct admin_match *m, const char *name);

#endif
