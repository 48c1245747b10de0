/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests by cluster, answer and flags, as Istio counts them, from the access records. Records
 * that a worker had to drop are missing here; sluice_worker_log_dropped_total says how many.
 */
#ifndef TALLY_H
#define TALLY_H

#include "metrics.h"
#include "sl_ctl.h"

struct tally;

/** NULL when out of memory. */
struct tally *tally_create(void);
void tally_free(struct tally *t);

/** Counts one access record, which is not trusted. Access-log thread. */
void tally_add(struct tally *t, const struct sl_log_record *record, size_t len);

/** Adds istio_requests_total and its like. Control's thread. */
void tally_gather(struct tally *t, struct metrics *all, const char *instance);

#endif
