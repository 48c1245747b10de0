/* SPDX-License-Identifier: BSD-3-Clause */
/* The raw numbers of a stats segment as JSON; needs nothing else of sluice-top. */
#ifndef STATS_JSON_H
#define STATS_JSON_H

#include <jansson.h>

#include "sl_stats_sum.h"

/**
 * Everything, one member a group: group.field for workers and drops, group.object.field for the
 * others. A field is {"sum", "workers": [one a worker], "main"}; a histogram is {"count",
 * "sum_us", "p50_us", "p90_us", "p99_us", "buckets": [{"below_us", "count"}]}, empty buckets
 * left out, below_us null for the last.
 *
 * @return A new reference, or NULL with *rc -EAGAIN (directory in motion) or -ENOMEM.
 */
json_t *stats_json(const struct sl_stats *stats, int *rc);

#endif
