/* SPDX-License-Identifier: BSD-3-Clause */
/* Where everything stands in a stats segment, computed from a few numbers by writer and readers. */
#ifndef SL_STATS_LAYOUT_H
#define SL_STATS_LAYOUT_H

#include <sys/types.h>

#include "sl_stats.h"

#define SL_STATS_SLOTS_MAX (1u << 20)

/* Offsets within one worker's block; 64-byte aligned, so blocks share no cache line. */
struct sl_stats_block {
	size_t counters, drops, stage, port;
	size_t cls[SL_STATS_CLASS_COUNT], born[SL_STATS_CLASS_COUNT];
	size_t size;
};

/* Offsets within the segment, and the numbers they follow from. */
struct sl_stats_layout {
	uint32_t n_workers;
	uint32_t slots[SL_STATS_CLASS_COUNT];
	size_t desc, desc_n;
	size_t directory[SL_STATS_CLASS_COUNT];
	size_t worker;
	struct sl_stats_block block;
	size_t size;
};

/*
 * A mapping keeps its own copy of the layout, checked once: whatever is written to the shared
 * header later, no access leaves the mapping.
 */
struct sl_stats {
	uint8_t *base;
	struct sl_stats_layout layout;
	dev_t dev;
	ino_t ino;
};

/**
 * Computes the layout for these numbers.
 *
 * @return false when a number is out of range (workers 1..32, slots 1..2^20).
 */
bool sl_stats_layout(struct sl_stats_layout *l, uint32_t n_workers,
		     const uint32_t slots[SL_STATS_CLASS_COUNT]);

/** Bytes of a slot of the class. */
size_t sl_stats_slot_size(enum sl_stats_class cls);

/** All descriptors of this build. */
const struct sl_stats_desc *sl_stats_descs(size_t *n);

/** Hash over names, kinds and sizes: equal when two builds lay out alike. */
uint32_t sl_stats_layout_hash(void);

#endif
