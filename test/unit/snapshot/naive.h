/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A second matcher that is slow and plain: every domain, every route and every condition in turn,
 * regexes by PCRE2. What it shares with the compiled one is the model and nothing else.
 */
#ifndef NAIVE_H
#define NAIVE_H

#include "sl_snap.h"

/** Virtual host (its place in the table) and route (its place there), or SL_SNAP_NONE. */
struct naive_hit {
	uint32_t vhost, route;
};

/** @param rq Its `ours` are not looked at. */
struct naive_hit naive_find(const struct sl_model_table *t, const struct sl_snap_request *rq);

/** Whether one route matches. */
bool naive_route_matches(const struct sl_model_route *r, const struct sl_snap_request *rq);

#endif
