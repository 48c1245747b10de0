/* SPDX-License-Identifier: BSD-3-Clause */
/* One walk over every number of the segment, guided by the descriptors. */
#include <errno.h>
#include <stdlib.h>

#include "layout.h"
#include "sl_stats_sum.h"

#define BLOCKS_MAX (SL_STATS_WORKERS_MAX + 1)
#define WORDS_MAX  (sizeof(union any_group) / sizeof(uint64_t))

/* Room for one element of any group. */
union any_group {
	struct sl_stats_counters worker;
	uint64_t drop[SL_DROP_COUNT];
	struct sl_stats_stage stage;
	struct sl_stats_port port;
#define MEMBER(cls, CLS, n) struct sl_stats_##cls cls;
	SL_STATS_CLASSES(MEMBER)
#undef MEMBER
};

struct walk {
	const struct sl_stats *stats;
	sl_stats_visit_fn *fn;
	void *arg;
	uint32_t blocks;
	const struct sl_stats_desc *field; /* fields of the group being walked */
	size_t n_fields;
	struct sl_stats_item item;
	uint64_t word[BLOCKS_MAX][WORDS_MAX]; /* one element, copied from every block */
};

static bool is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/** Sum of a histogram that begins at this word of the element. */
static void hist_sum(const struct walk *w, size_t at, struct sl_hist *sum)
{
	uint64_t *to = (uint64_t *)sum;

	memset(sum, 0, sizeof(*sum));
	for (uint32_t b = 0; b < w->blocks; b++)
		for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
			to[i] += w->word[b][at + i];
}

/** Shows the element that was copied into w->word, field by field. */
static int element_visit(struct walk *w, const char *object)
{
	uint64_t value[BLOCKS_MAX];
	struct sl_hist hist;
	size_t at = 0;

	for (size_t f = 0; f < w->n_fields; f++) {
		const struct sl_stats_desc *d = &w->field[f];
		bool is_hist = is(d->kind, "hist");
		struct sl_stats_item *it = &w->item;
		int rc;

		it->object = object;
		it->field = d->name;
		it->kind = d->kind;
		it->help = d->help;
		it->n = w->blocks;
		it->value = is_hist ? NULL : value;
		it->hist = is_hist ? &hist : NULL;
		it->sum = 0;
		if (is_hist) {
			hist_sum(w, at, &hist);
			it->sum = hist.count;
		}
		for (uint32_t b = 0; !is_hist && b < w->blocks; b++)
			it->sum += value[b] = w->word[b][at];
		at += is_hist ? sizeof(hist) / sizeof(uint64_t) : 1;
		rc = w->fn(w->arg, it);
		if (rc)
			return rc;
	}
	return 0;
}

/** Copies the words at one offset of each block. */
static void element_read(struct walk *w, size_t off, size_t bytes)
{
	const struct sl_stats_layout *l = &w->stats->layout;

	for (uint32_t b = 0; b < w->blocks; b++) {
		const uint64_t *from =
			(const uint64_t *)(w->stats->base + l->worker + b * l->block.size + off);

		for (size_t i = 0; i < bytes / sizeof(uint64_t); i++)
			w->word[b][i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
	}
}

static int class_visit(struct walk *w, enum sl_stats_class cls)
{
	struct sl_stats_object *list;
	size_t n;
	int rc = sl_stats_objects(w->stats, cls, &list, &n);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		for (uint32_t b = 0; b < w->blocks; b++)
			sl_stats_read_slot(w->stats, b, cls, list[i].slot, list[i].born,
					   w->word[b]);
		rc = element_visit(w, list[i].name);
	}
	free(list);
	return rc;
}

static int ports_visit(struct walk *w)
{
	struct sl_stats_port_info info;
	int rc = 0;

	for (uint32_t p = 0; rc == 0 && p < sl_stats_ports(w->stats); p++) {
		sl_stats_port_copy(w->stats, p, &info);
		element_read(w, w->stats->layout.block.port + p * sizeof(struct sl_stats_port),
			     sizeof(struct sl_stats_port));
		rc = element_visit(w, info.name);
	}
	return rc;
}

static int stages_visit(struct walk *w)
{
	const struct sl_stats_desc *name = w->field;
	int rc = 0;

	w->field += SL_STAGE_COUNT;
	w->n_fields -= SL_STAGE_COUNT;
	for (int s = 0; rc == 0 && s < SL_STAGE_COUNT; s++) {
		element_read(w, w->stats->layout.block.stage + s * sizeof(struct sl_stats_stage),
			     sizeof(struct sl_stats_stage));
		rc = element_visit(w, name[s].name);
	}
	return rc;
}

static int group_visit(struct walk *w, const char *group)
{
	const struct sl_stats_block *b = &w->stats->layout.block;

	w->item.group = group;
	if (is(group, "worker")) {
		element_read(w, b->counters, sizeof(struct sl_stats_counters));
		return element_visit(w, "");
	}
	if (is(group, "drop")) {
		element_read(w, b->drops, SL_DROP_COUNT * sizeof(uint64_t));
		return element_visit(w, "");
	}
	if (is(group, "stage"))
		return stages_visit(w);
	if (is(group, "port"))
		return ports_visit(w);
#define VISIT_CLASS(cls, CLS, n) \
	if (is(group, #cls))     \
		return class_visit(w, SL_STATS_##CLS);
	SL_STATS_CLASSES(VISIT_CLASS)
#undef VISIT_CLASS
	return 0;
}

int sl_stats_visit(const struct sl_stats *stats, sl_stats_visit_fn *fn, void *arg)
{
	size_t n;
	const struct sl_stats_desc *d = sl_stats_descs(&n);
	struct walk *w = calloc(1, sizeof(*w));
	int rc = 0;

	if (!w)
		return -ENOMEM;
	w->stats = stats;
	w->fn = fn;
	w->arg = arg;
	w->blocks = sl_stats_blocks(stats);
	for (size_t i = 0, next; rc == 0 && i < n; i = next) {
		for (next = i + 1; next < n && !is(d[next].kind, "group"); next++)
			;
		w->field = d + i + 1;
		w->n_fields = next - i - 1;
		rc = group_visit(w, d[i].name);
	}
	free(w);
	return rc;
}
