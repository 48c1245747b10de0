/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptors and offsets of the stats segment, from the lists of sl_stats.h. */
#include "layout.h"

#define DESC_FIELD(name, kind, help) {#name, kind, help},
#define DESC_DROP(name, view, help)  {view, "counter", help},
#define DESC_STAGE(name)             {#name, "name", "stage of the packet path"},
#define SLOT_SIZE(cls, CLS, slots)   [SL_STATS_##CLS] = sizeof(struct sl_stats_##cls),
#define ALL_WORDS(cls, CLS, slots) \
	_Static_assert(sizeof(struct sl_stats_##cls) % sizeof(uint64_t) == 0, "words only");

/* Readers sum slots word by word. */
SL_STATS_CLASSES(ALL_WORDS)
_Static_assert(sizeof(struct sl_hist) == (SL_HIST_BUCKETS + 2) * 8, "shared layout");
_Static_assert(sizeof(struct sl_stats_stage) == 16, "shared layout");
_Static_assert(sizeof(struct sl_stats_desc) == 160, "shared layout");
_Static_assert(sizeof(struct sl_stats_entry) == 16 + SL_STATS_NAME_MAX, "shared layout");
_Static_assert(sizeof(struct sl_stats_port_info) == 380, "shared layout");
_Static_assert(offsetof(struct sl_stats_hdr, port) == 240, "shared layout");
_Static_assert(sizeof(struct sl_stats_hdr) == 3352, "shared layout");

/* In the order of a worker's block: a "group" row, then its fields. */
/* clang-format off */
static const struct sl_stats_desc descs[] = {
	{"worker", "group", "counters of one worker"},
	SL_STATS_WORKER(DESC_FIELD)
	{"drop", "group", "packets dropped by reason"},
	SL_DROP_LIST(DESC_DROP)
	{"stage", "group", "packets and TSC cycles a stage; one element a name"},
	SL_STAGE_LIST(DESC_STAGE)
	{"pkts", "counter", "packets through the stage"},
	{"cycles", "counter", "TSC cycles spent in the stage"},
	{"port", "group", "one element a port"},
	SL_STATS_PORT(DESC_FIELD)
	{"listener", "group", "one element a slot"},
	SL_STATS_LISTENER(DESC_FIELD)
	{"route", "group", "one element a slot"},
	SL_STATS_ROUTE(DESC_FIELD)
	{"latency", "hist", "first byte of the request to last byte of the answer"},
	{"cluster", "group", "one element a slot"},
	SL_STATS_CLUSTER(DESC_FIELD)
	{"latency", "hist", "request sent to first byte of the answer"},
	{"endpoint", "group", "one element a slot"},
	SL_STATS_ENDPOINT(DESC_FIELD)
	{"service", "group", "one element a slot"},
	SL_STATS_SERVICE(DESC_FIELD)
};
/* clang-format on */

static const size_t slot_size[SL_STATS_CLASS_COUNT] = {SL_STATS_CLASSES(SLOT_SIZE)};

size_t sl_stats_slot_size(enum sl_stats_class cls)
{
	return slot_size[cls];
}

const struct sl_stats_desc *sl_stats_descs(size_t *n)
{
	*n = SL_ARRAY_LEN(descs);
	return descs;
}

uint32_t sl_stats_layout_hash(void)
{
	const uint64_t sizes[] = {sizeof(struct sl_stats_hdr), sizeof(struct sl_stats_entry),
				  sizeof(struct sl_stats_desc), SL_HIST_BUCKETS,
				  SL_STATS_PORTS_MAX};
	uint64_t h = sl_fnv1a(0, descs, sizeof(descs));

	h = sl_fnv1a(h, sizes, sizeof(sizes));
	h = sl_fnv1a(h, slot_size, sizeof(slot_size));
	return (uint32_t)(h ^ h >> 32);
}

/** Gives out the next n bytes, aligned to a cache line. */
static size_t take(size_t *at, size_t n)
{
	size_t off = *at;

	*at = (off + n + SL_CACHE_LINE - 1) & ~(size_t)(SL_CACHE_LINE - 1);
	return off;
}

static void block_layout(struct sl_stats_block *b, const uint32_t *slots)
{
	size_t at = 0;

	b->counters = take(&at, sizeof(struct sl_stats_counters));
	b->drops = take(&at, SL_DROP_COUNT * sizeof(uint64_t));
	b->stage = take(&at, SL_STAGE_COUNT * sizeof(struct sl_stats_stage));
	b->port = take(&at, SL_STATS_PORTS_MAX * sizeof(struct sl_stats_port));
	for (int i = 0; i < SL_STATS_CLASS_COUNT; i++)
		b->cls[i] = take(&at, slots[i] * slot_size[i]);
	for (int i = 0; i < SL_STATS_CLASS_COUNT; i++)
		b->born[i] = take(&at, slots[i] * sizeof(uint64_t));
	b->size = at;
}

bool sl_stats_layout(struct sl_stats_layout *l, uint32_t n_workers,
		     const uint32_t slots[SL_STATS_CLASS_COUNT])
{
	size_t at = 0;

	if (n_workers == 0 || n_workers > SL_STATS_WORKERS_MAX)
		return false;
	memset(l, 0, sizeof(*l));
	l->n_workers = n_workers;
	take(&at, sizeof(struct sl_stats_hdr));
	l->desc_n = SL_ARRAY_LEN(descs);
	l->desc = take(&at, sizeof(descs));
	for (int i = 0; i < SL_STATS_CLASS_COUNT; i++) {
		if (slots[i] == 0 || slots[i] > SL_STATS_SLOTS_MAX)
			return false;
		l->slots[i] = slots[i];
		l->directory[i] = take(&at, slots[i] * sizeof(struct sl_stats_entry));
	}
	block_layout(&l->block, slots);
	/* One block more than workers: the main lcore's own, at index n_workers. */
	l->worker = take(&at, (n_workers + 1) * l->block.size);
	l->size = at;
	return true;
}
