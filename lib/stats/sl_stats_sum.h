/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading the stats segment: sums over all workers, the objects that live now, and one walk over
 * everything from which each program renders its own form. Reader side; any thread; never blocks
 * a worker and never leaves the mapping, whatever stands in it.
 */
#ifndef SL_STATS_SUM_H
#define SL_STATS_SUM_H

#include "sl_stats.h"

/** Number of blocks: one a worker, then the main lcore's. At most SL_STATS_WORKERS_MAX + 1. */
uint32_t sl_stats_blocks(const struct sl_stats *stats);

/** Number of ports that the header describes, never above SL_STATS_PORTS_MAX. */
uint32_t sl_stats_ports(const struct sl_stats *stats);

/** Copy of a port's description with every text terminated; index below SL_STATS_PORTS_MAX. */
void sl_stats_port_copy(const struct sl_stats *stats, uint32_t port,
			struct sl_stats_port_info *out);

/* Sums over all blocks. */
void sl_stats_sum_counters(const struct sl_stats *stats, struct sl_stats_counters *out);
void sl_stats_sum_drops(const struct sl_stats *stats, uint64_t out[SL_DROP_COUNT]);
void sl_stats_sum_stages(const struct sl_stats *stats, struct sl_stats_stage out[SL_STAGE_COUNT]);
void sl_stats_sum_port(const struct sl_stats *stats, uint32_t port, struct sl_stats_port *out);

/**
 * One block's slot, copied whole.
 *
 * @param block Below sl_stats_blocks.
 * @param born Of the directory entry: a worker that still counts for the slot's former object
 *             does not count here.
 * @param out struct sl_stats_<class>; zeroed when false.
 * @return Whether the slot was this object's all the time.
 */
bool sl_stats_read_slot(const struct sl_stats *stats, uint32_t block, enum sl_stats_class cls,
			uint32_t slot, uint64_t born, void *out);

/** Sum of a slot over all blocks that have it as this object's. @param out As above. */
void sl_stats_sum_slot(const struct sl_stats *stats, enum sl_stats_class cls, uint32_t slot,
		       uint64_t born, void *out);

/** A gauge as people should see it: one that a slot's new owner inherited below zero is 0. */
static inline uint64_t sl_stats_gauge(uint64_t v)
{
	return (int64_t)v < 0 ? 0 : v;
}

/** An object of the configuration in use. */
struct sl_stats_object {
	uint32_t slot;
	uint64_t born;
	char name[SL_STATS_NAME_MAX]; /* terminated; not always UTF-8 */
};

/**
 * Objects of a class that the configuration in use has, in order of slots, as of one moment.
 *
 * @param out Receives an array to free(), NULL when there are none.
 * @return 0; -EAGAIN when the directory stayed in motion (its writer died in the middle);
 *         -ENOMEM.
 */
int sl_stats_objects(const struct sl_stats *stats, enum sl_stats_class cls,
		     struct sl_stats_object **out, size_t *n);

/** What the walk shows at each step: one field of one object. */
struct sl_stats_item {
	const char *group;  /* worker, drop, stage, port, listener, route, ... */
	const char *object; /* whose; empty in groups worker and drop */
	const char *field;
	const char *kind; /* counter, gauge or hist */
	const char *help;
	uint32_t n;                 /* values: one a block, the main lcore's last */
	const uint64_t *value;      /* [n]; NULL for a histogram */
	uint64_t sum;               /* count, for a histogram */
	const struct sl_hist *hist; /* sum over all blocks; NULL for others */
};

/** @return 0 to go on; anything else ends the walk and is handed on. */
typedef int sl_stats_visit_fn(void *arg, const struct sl_stats_item *item);

/**
 * Walks over everything in the order of the descriptors; the fields of one object follow each
 * other. Texts and arrays are valid during the call only.
 *
 * @return 0, -EAGAIN or -ENOMEM (see sl_stats_objects), or what fn returned.
 */
int sl_stats_visit(const struct sl_stats *stats, sl_stats_visit_fn *fn, void *arg);

#endif
