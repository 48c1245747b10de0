/* SPDX-License-Identifier: BSD-3-Clause */
/* Sums over the workers' blocks and consistent copies of the directory. */
#include "sl_stats_sum.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "layout.h"

#define DIRECTORY_TRIES 50 /* 100 us apart: a directory takes less than 5 ms to write */

uint32_t sl_stats_blocks(const struct sl_stats *stats)
{
	return stats->layout.n_workers + 1;
}

uint32_t sl_stats_ports(const struct sl_stats *stats)
{
	uint32_t n = __atomic_load_n(&sl_stats_hdr(stats)->n_ports, __ATOMIC_RELAXED);

	return SL_MIN(n, SL_STATS_PORTS_MAX);
}

void sl_stats_port_copy(const struct sl_stats *stats, uint32_t port, struct sl_stats_port_info *out)
{
	memcpy(out, &sl_stats_hdr(stats)->port[port], sizeof(*out));
	out->name[sizeof(out->name) - 1] = '\0';
	out->kind[sizeof(out->kind) - 1] = '\0';
	out->device[sizeof(out->device) - 1] = '\0';
	for (unsigned i = 0; i < SL_ARRAY_LEN(out->addresses); i++)
		out->addresses[i][sizeof(out->addresses[i]) - 1] = '\0';
}

static void words_add(uint64_t *sum, const uint64_t *from, size_t bytes)
{
	for (size_t i = 0; i < bytes / sizeof(uint64_t); i++)
		sum[i] += __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

/** Adds up what stands at this offset of every block. */
static void blocks_sum(const struct sl_stats *stats, size_t off, void *out, size_t bytes)
{
	const struct sl_stats_layout *l = &stats->layout;
	const uint8_t *at = stats->base + l->worker + off;

	memset(out, 0, bytes);
	for (uint32_t i = 0; i <= l->n_workers; i++, at += l->block.size)
		words_add(out, (const uint64_t *)at, bytes);
}

void sl_stats_sum_counters(const struct sl_stats *stats, struct sl_stats_counters *out)
{
	blocks_sum(stats, stats->layout.block.counters, out, sizeof(*out));
}

void sl_stats_sum_drops(const struct sl_stats *stats, uint64_t out[SL_DROP_COUNT])
{
	blocks_sum(stats, stats->layout.block.drops, out, SL_DROP_COUNT * sizeof(*out));
}

void sl_stats_sum_stages(const struct sl_stats *stats, struct sl_stats_stage out[SL_STAGE_COUNT])
{
	blocks_sum(stats, stats->layout.block.stage, out, SL_STAGE_COUNT * sizeof(*out));
}

void sl_stats_sum_port(const struct sl_stats *stats, uint32_t port, struct sl_stats_port *out)
{
	memset(out, 0, sizeof(*out));
	if (port < SL_STATS_PORTS_MAX)
		blocks_sum(stats, stats->layout.block.port + port * sizeof(*out), out,
			   sizeof(*out));
}

bool sl_stats_read_slot(const struct sl_stats *stats, uint32_t block, enum sl_stats_class cls,
			uint32_t slot, uint64_t born, void *out)
{
	const struct sl_stats_layout *l = &stats->layout;
	size_t size = sl_stats_slot_size(cls);
	const uint64_t *owner;
	const uint8_t *base;

	memset(out, 0, size);
	if (block > l->n_workers || slot >= l->slots[cls] || born == 0)
		return false;
	base = stats->base + l->worker + block * l->block.size;
	owner = (const uint64_t *)(base + l->block.born[cls]) + slot;
	if (__atomic_load_n(owner, __ATOMIC_ACQUIRE) != born)
		return false;
	words_add(out, (const uint64_t *)(base + l->block.cls[cls] + slot * size), size);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (__atomic_load_n(owner, __ATOMIC_RELAXED) == born)
		return true;
	memset(out, 0, size);
	return false;
}

void sl_stats_sum_slot(const struct sl_stats *stats, enum sl_stats_class cls, uint32_t slot,
		       uint64_t born, void *out)
{
	union {
#define MEMBER(cls, CLS, n) struct sl_stats_##cls cls;
		SL_STATS_CLASSES(MEMBER)
#undef MEMBER
		uint64_t word[1];
	} one;

	memset(out, 0, sl_stats_slot_size(cls));
	for (uint32_t i = 0; i <= stats->layout.n_workers; i++)
		if (sl_stats_read_slot(stats, i, cls, slot, born, &one))
			words_add(out, one.word, sl_stats_slot_size(cls));
}

/** Copies the entries that live in the header's epoch; returns how many. */
static size_t directory_copy(const struct sl_stats *stats, enum sl_stats_class cls,
			     struct sl_stats_object *to)
{
	const struct sl_stats_entry *e = sl_stats_directory(stats, cls);
	uint64_t epoch = __atomic_load_n(&sl_stats_hdr(stats)->epoch, __ATOMIC_RELAXED);
	size_t n = 0;

	for (uint32_t i = 0; i < stats->layout.slots[cls]; i++) {
		uint64_t born = __atomic_load_n(&e[i].born, __ATOMIC_RELAXED);

		if (born == 0 || __atomic_load_n(&e[i].last_epoch, __ATOMIC_RELAXED) != epoch)
			continue;
		to[n].slot = i;
		to[n].born = born;
		memcpy(to[n].name, e[i].name, sizeof(to[n].name));
		to[n].name[sizeof(to[n].name) - 1] = '\0';
		n++;
	}
	return n;
}

int sl_stats_objects(const struct sl_stats *stats, enum sl_stats_class cls,
		     struct sl_stats_object **out, size_t *n)
{
	const uint32_t *seq = &sl_stats_hdr(stats)->directory_seq;
	const struct timespec pause = {.tv_nsec = 100000};
	struct sl_stats_object *found = calloc(stats->layout.slots[cls], sizeof(*found));

	*out = NULL;
	*n = 0;
	if (!found)
		return -ENOMEM;
	for (int i = 0; i < DIRECTORY_TRIES; i++) {
		uint32_t before = __atomic_load_n(seq, __ATOMIC_ACQUIRE);
		size_t count = before & 1 ? 0 : directory_copy(stats, cls, found);

		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (!(before & 1) && __atomic_load_n(seq, __ATOMIC_RELAXED) == before) {
			*n = count;
			*out = count ? found : NULL;
			if (!count)
				free(found);
			return 0;
		}
		nanosleep(&pause, NULL);
	}
	free(found);
	return -EAGAIN;
}
