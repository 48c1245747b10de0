/* SPDX-License-Identifier: BSD-3-Clause */
/* How long changes took from being read to the last worker's acknowledgement, of late. */
#ifndef TIMING_H
#define TIMING_H

#include <stdint.h>

#define TIMING_KEPT 1024u

struct timing {
	uint64_t n; /* ever */
	uint32_t us[TIMING_KEPT];
};

void timing_add(struct timing *t, uint64_t us);

/** Microseconds below which the fraction q (0..1) of the last ones lies; 0: none yet. */
uint32_t timing_quantile(const struct timing *t, double q);

#endif
