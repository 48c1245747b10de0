/* SPDX-License-Identifier: BSD-3-Clause */
/* All numbers at one moment, copied out of the segment, and their changes since another. */
#include <stdlib.h>

#include "top.h"

static const size_t value_size[SL_STATS_CLASS_COUNT] = {
#define SIZE_OF(name, CLS, n) [SL_STATS_##CLS] = sizeof(struct sl_stats_##name),
	SL_STATS_CLASSES(SIZE_OF)
#undef SIZE_OF
};

/** Names come from users' files by way of shared memory: only plain ASCII reaches the terminal. */
static void make_printable(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || (unsigned char)*s >= 0x7f)
			*s = '?';
}

static bool class_take(const struct sl_stats *stats, enum sl_stats_class cls,
		       struct sample_class *out)
{
	if (sl_stats_objects(stats, cls, &out->obj, &out->n) < 0)
		return false;
	if (out->n == 0)
		return true;
	out->value = calloc(out->n, value_size[cls]);
	if (!out->value) {
		out->n = 0;
		return false;
	}
	for (size_t i = 0; i < out->n; i++) {
		make_printable(out->obj[i].name);
		sl_stats_sum_slot(stats, cls, out->obj[i].slot, out->obj[i].born,
				  (char *)out->value + i * value_size[cls]);
	}
	return true;
}

static void workers_take(const struct sl_stats *stats, struct sample *s)
{
	struct sl_stats_worker view;

	for (uint32_t i = 0; i <= s->n_workers; i++) {
		sl_stats_worker_view(stats, i, &view);
		s->worker[i] = *view.c;
		for (int d = 0; d < SL_DROP_COUNT; d++)
			s->worker_drops[i] += view.drops[d];
	}
	sl_stats_sum_counters(stats, &s->total);
	sl_stats_sum_drops(stats, s->drop);
	sl_stats_sum_stages(stats, s->stage);
	for (int d = 0; d < SL_DROP_COUNT; d++)
		s->drops += s->drop[d];
}

static void ports_take(const struct sl_stats *stats, struct sample *s)
{
	s->n_ports = sl_stats_ports(stats);
	for (uint32_t p = 0; p < s->n_ports; p++) {
		struct sl_stats_port_info *info = &s->port_info[p];

		sl_stats_port_copy(stats, p, info);
		make_printable(info->name);
		make_printable(info->kind);
		make_printable(info->device);
		for (unsigned a = 0; a < SL_ARRAY_LEN(info->addresses); a++)
			make_printable(info->addresses[a]);
		sl_stats_sum_port(stats, p, &s->port[p]);
	}
}

struct sample *sample_take(const struct sl_stats *stats)
{
	const struct sl_stats_hdr *h = sl_stats_hdr(stats);
	struct sample *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->at_us = sl_clock_us();
	s->generation = h->generation;
	s->epoch = h->epoch;
	s->started_us = h->started_us;
	s->heartbeat_us = h->heartbeat_us;
	s->mbufs_total = h->mbufs_total;
	s->mbufs_free = h->mbufs_free;
	s->pid = h->pid;
	memcpy(s->instance, h->instance, sizeof(s->instance) - 1);
	make_printable(s->instance);
	s->n_workers = sl_stats_blocks(stats) - 1;
	workers_take(stats, s);
	ports_take(stats, s);
	s->directory_ok = true;
	for (int c = 0; c < SL_STATS_CLASS_COUNT; c++)
		if (!class_take(stats, c, &s->cls[c]))
			s->directory_ok = false;
	return s;
}

void sample_free(struct sample *s)
{
	if (!s)
		return;
	for (int c = 0; c < SL_STATS_CLASS_COUNT; c++) {
		free(s->cls[c].obj);
		free(s->cls[c].value);
	}
	free(s);
}

bool sample_alive(const struct sample *s)
{
	/* A heartbeat of the future is one of before the last boot. */
	return s->heartbeat_us <= s->at_us + TOP_SILENT_US &&
	       s->at_us < s->heartbeat_us + TOP_SILENT_US;
}

double sample_age_s(const struct sample *s)
{
	return s->at_us > s->heartbeat_us ? (double)(s->at_us - s->heartbeat_us) / 1e6 : 0;
}

const void *moment_now(const struct moment *m, enum sl_stats_class cls, size_t i)
{
	return (const char *)m->now->cls[cls].value + i * value_size[cls];
}

const void *moment_prev(const struct moment *m, enum sl_stats_class cls, size_t i)
{
	const struct sl_stats_object *want = &m->now->cls[cls].obj[i];
	const struct sample_class *before;
	size_t low = 0, high;

	if (!m->prev)
		return NULL;
	before = &m->prev->cls[cls];
	high = before->n;
	while (low < high) {
		size_t mid = (low + high) / 2;

		if (before->obj[mid].slot < want->slot)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == before->n || before->obj[low].slot != want->slot ||
	    before->obj[low].born != want->born)
		return NULL;
	return (const char *)before->value + low * value_size[cls];
}

void hist_gain(struct sl_hist *out, const struct sl_hist *now, const struct sl_hist *prev)
{
	*out = *now;
	if (!prev)
		return;
	out->count -= SL_MIN(prev->count, out->count);
	out->sum_us -= SL_MIN(prev->sum_us, out->sum_us);
	for (unsigned i = 0; i < SL_HIST_BUCKETS; i++)
		out->bucket[i] -= SL_MIN(prev->bucket[i], out->bucket[i]);
}
