/* SPDX-License-Identifier: BSD-3-Clause */
/* Everything that would be in use, read by sluicectl itself: no running process is needed. */
#ifndef WORKSPACE_H
#define WORKSPACE_H

#include <jansson.h>

#include "sl_conf.h"

struct workspace {
	struct sl_conf *conf;
	struct sl_objects *manifests, *applied, *batch, *all; /* batch: of the documents */
};

/**
 * Reads sluice.conf, its manifests and what was applied, and puts documents on top.
 *
 * @param documents Array of {"name", "text"}.
 * @return 0 or -errno with file:line. End with workspace_free in any case.
 */
int workspace_read(struct workspace *w, const char *conf_path, const json_t *documents,
		   struct sl_err *err);
void workspace_free(struct workspace *w);

#endif
