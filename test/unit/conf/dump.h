/* SPDX-License-Identifier: BSD-3-Clause */
/* A model as text, one line an object, to compare with what a test expects. */
#ifndef TEST_CONF_DUMP_H
#define TEST_CONF_DUMP_H

#include "sl_model.h"

/** malloc'ed text. */
char *dump_model(const struct sl_model *m);

#endif
