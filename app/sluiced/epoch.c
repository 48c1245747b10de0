/* SPDX-License-Identifier: BSD-3-Clause */
/* Configurations in the data plane: read, checked, offered to the workers, retired. */
#include <errno.h>
#include <stdlib.h>

#include "sl_match.h"
#include "sluiced.h"

static void unmap(struct box *b, struct mapped_epoch *e)
{
	if (!e)
		return;
	for (uint16_t i = 0; !e->lent && i < b->n_workers; i++)
		sl_match_scratch_free(e->worker[i].scratch);
	sl_snap_unload(e->snap);
	free(e);
}

static void name_slot(struct box *b, const struct sl_snap *s, enum sl_stats_class cls, uint32_t row)
{
	const struct sl_slot *slot = sl_snap_slot(s, cls, row);

	sl_stats_directory_set(b->stats, cls, slot->index, slot->born, s->epoch,
			       sl_snap_str(s, sl_snap_slot_name(s, cls, row)));
}

/* Those of routes, which have their names already, only live on where `same`. */
static void name_slots(struct box *b, const struct sl_snap *s, bool same, bool of_routes)
{
	for (int cls = 0; cls < SL_STATS_CLASS_COUNT; cls++) {
		uint32_t rows = s->tab[sl_snap_slot_tab(cls)].n;

		if (sl_snap_slot_of_routes(cls) != of_routes)
			continue;
		for (uint32_t i = 0; i < rows; i++)
			if (same)
				sl_stats_directory_keep(b->stats, cls,
							sl_snap_slot(s, cls, i)->index, s->epoch);
			else
				name_slot(b, s, cls, i);
	}
}

/* Not more often than workers change over: epoch_take waits for them. */
static int set_virtual(struct box *b, const struct sl_snap *s, struct sl_err *err)
{
	uint32_t n = s->tab[SL_SNAP_SERVICES].n;
	struct sl_ip *ips = calloc(n + 1u, sizeof(*ips));
	int rc;

	if (!ips)
		return sl_err(err, ENOMEM, "Out of memory.");
	for (uint32_t i = 0; i < n; i++)
		ips[i] = sl_snap_service(s, i)->ip;
	rc = sl_net_main_set_virtual(b->net, ips, n);
	free(ips);
	return rc < 0 ? sl_err(err, -rc, "Out of memory.") : 0;
}

/* A worker uses one epoch at a time: one whose databases are the same goes on with its scratch. */
static int take_scratch(struct box *b, struct mapped_epoch *e, struct sl_err *err)
{
	int rc = 0;

	for (uint16_t i = 0; rc == 0 && i < b->n_workers; i++)
		if (sl_snap_same_routes(e->snap, b->now ? b->now->snap : NULL))
			e->worker[i].scratch = b->now->worker[i].scratch;
		else
			rc = sl_snap_scratch_grow(e->snap, &e->worker[i].scratch, err);
	return rc;
}

static int load(struct box *b, struct mapped_epoch *e, const struct sl_snap *have,
		struct sl_err *err)
{
	char path[256];
	int rc = sl_snap_load(&e->snap, sl_ctl_snap_path(b->dir, e->number, path, sizeof(path)),
			      e->number, have, err);

	if (rc == 0)
		rc = sl_snap_check_slots(e->snap, have, sl_stats_hdr(b->stats)->slots, err);
	if (rc == 0)
		rc = set_virtual(b, e->snap, err);
	return rc == 0 ? take_scratch(b, e, err) : rc;
}

int epoch_take(struct box *b, uint64_t number, struct sl_err *err)
{
	const struct sl_snap *have = b->now ? b->now->snap : NULL;
	struct mapped_epoch *e;
	bool same;
	int rc;

	if (b->last)
		return -EBUSY;
	if (b->now && b->now->number == number)
		return 0;
	e = calloc(1, sizeof(*e));
	if (!e)
		return sl_err(err, ENOMEM, "Out of memory.");
	e->number = number;
	rc = load(b, e, have, err);
	same = sl_snap_same_routes(e->snap, have);
	if (rc < 0) {
		e->lent = same;
		unmap(b, e);
		return rc;
	}
	if (same)
		b->now->lent = true;
	sl_stats_directory_begin(b->stats);
	name_slots(b, e->snap, false, false);
	if (!same)
		name_slots(b, e->snap, false, true);
	b->last = b->now;
	b->now = e;
	for (uint16_t i = 0; i < b->n_workers; i++) {
		e->worker[i].snap = e->snap;
		sl_worker_offer(b->worker[i], &e->worker[i]);
	}
	/* Whoever reads the directory waits until it is whole; the workers need not. */
	if (same)
		name_slots(b, e->snap, true, true);
	sl_stats_directory_end(b->stats, e->snap->epoch);
	return 0;
}

void epoch_retire(struct box *b)
{
	if (!b->last)
		return;
	for (uint16_t i = 0; i < b->n_workers; i++)
		if (sl_worker_epoch(b->worker[i]) != b->now->number)
			return;
	unmap(b, b->last);
	b->last = NULL;
}

void epoch_free_all(struct box *b)
{
	unmap(b, b->last);
	unmap(b, b->now);
	b->last = b->now = NULL;
}
