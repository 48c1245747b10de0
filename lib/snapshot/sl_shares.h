/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much of a cluster is usable: which priorities take which share of what is new, and which are
 * in panic, so that all their endpoints are used whatever is known of them. Envoy's rules; the same
 * for requests and for L4 sessions.
 */
#ifndef SL_SHARES_H
#define SL_SHARES_H

#include "sl_snap.h"

/** By level of the cluster, the best one first. */
struct sl_shares {
	uint32_t usable[SL_MODEL_PRIORITIES_MAX]; /* endpoints */
	uint8_t share[SL_MODEL_PRIORITIES_MAX];   /* percent; in all 100, or 0: none is usable */
	bool panic[SL_MODEL_PRIORITIES_MAX];      /* too few usable ones: all are used */
};

/** Counts them anew: the configuration or sl_health_generation changed. Worker-safe. */
void sl_shares_count(struct sl_shares *s, const struct sl_snap *snap,
		     const struct sl_snap_cluster *cl, const struct sl_health_table *health);

/**
 * Level by share.
 *
 * @param levels Of the cluster.
 * @param at Any number: evenly spread ones fill the shares.
 * @return UINT32_MAX when nothing is usable.
 */
uint32_t sl_shares_level(const struct sl_shares *s, uint32_t levels, uint32_t at);

#endif
