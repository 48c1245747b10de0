/* SPDX-License-Identifier: BSD-3-Clause */
/* What a candidate configuration would change; shared by the parts of `apply --dry-run`. */
#ifndef DRYRUN_H
#define DRYRUN_H

#include "control.h"

/** Routes and clusters that come, go and change. Members "routes" and "clusters" of out. */
int dryrun_compare(const struct sl_snap *now, const struct sl_snap *then, json_t *out);

/** Routes that are never reached then. Member "shadowed". */
int dryrun_shadowed(const struct sl_model *then, json_t *out);

/** Requests of the last minute that would go elsewhere. Member "requests". */
int dryrun_replay(struct control *c, const struct sl_snap *then, json_t *out, struct sl_err *err);

#endif
