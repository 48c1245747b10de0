/* SPDX-License-Identifier: BSD-3-Clause */
/* Which routes are never reached because an earlier one of their virtual host takes everything. */
#ifndef SHADOW_H
#define SHADOW_H

#include <stddef.h>

#include "sl_model.h"

#define SHADOW_NONE SIZE_MAX

/**
 * For each route of a virtual host the first earlier one that matches whatever it matches.
 *
 * What is found is true; a regex is only known to cover itself, so not all is found.
 *
 * @param by Receives n_routes positions or SHADOW_NONE.
 * @return 0 or -ENOMEM. Time grows like n log n times the length of paths.
 */
int shadow_find(const struct sl_model_vhost *vhost, size_t *by);

#endif
