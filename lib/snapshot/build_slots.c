/* SPDX-License-Identifier: BSD-3-Clause */
/* Gives each object its statistics slot: the one it had by name in the snapshot before, or a new.
 */
#include <errno.h>
#include <stdlib.h>

#include "build.h"

/* What is known of one slot number. */
enum { FREE, LEFT, TAKEN }; /* LEFT: of an object of the snapshot before that is gone */

struct slots {
	struct builder *b;
	enum sl_stats_class cls;
	uint32_t limit;
	uint32_t n_prev;
	uint8_t *use;      /* by slot number */
	struct map before; /* name -> row of prev */
	uint32_t next[2];  /* where to look for one that is FREE, LEFT */
};

static bool same_before(const void *ctx, uint32_t val, struct sl_str key)
{
	const struct slots *s = ctx;

	return sl_str_eq(sl_snap_str(s->b->prev, sl_snap_slot_name(s->b->prev, s->cls, val)), key);
}

/* A row being built: its slot, and the name that is carried over. */
struct named {
	struct sl_slot *slot;
	struct sl_ref name;
};

#define NAMED(type, which, field)                                   \
	{                                                           \
		struct type *r = BUILD_ROW(s->b, type, which, row); \
		return (struct named){&r->slot, r->field};          \
	}

static struct named row_of(struct slots *s, uint32_t row)
{
	switch (s->cls) {
	case SL_STATS_LISTENER:
		NAMED(sl_snap_listener, SL_SNAP_LISTENERS, name)
	case SL_STATS_ROUTE:
		NAMED(sl_snap_route, SL_SNAP_ROUTES, slot_name)
	case SL_STATS_CLUSTER:
		NAMED(sl_snap_cluster, SL_SNAP_CLUSTERS, name)
	case SL_STATS_ENDPOINT:
		NAMED(sl_snap_endpoint, SL_SNAP_ENDPOINTS, slot_name)
	case SL_STATS_SERVICE:
		NAMED(sl_snap_service, SL_SNAP_SERVICES, slot_name)
	case SL_STATS_CLASS_COUNT:
		break;
	}
	return (struct named){NULL, {0, 0}};
}

static int read_before(struct slots *s)
{
	for (uint32_t i = 0; i < s->n_prev; i++) {
		const struct sl_slot *slot = sl_snap_slot(s->b->prev, s->cls, i);

		/* The data plane may have been started with fewer slots since. */
		if (slot->index >= s->limit)
			continue;
		s->use[slot->index] = LEFT;
		if (!map_put(&s->before,
			     sl_snap_str(s->b->prev, sl_snap_slot_name(s->b->prev, s->cls, i)), i))
			return -ENOMEM;
	}
	return 0;
}

static void carry_over(struct slots *s, uint32_t rows)
{
	for (uint32_t i = 0; i < rows; i++) {
		struct named row = row_of(s, i);
		uint32_t was = map_get(&s->before, build_ref_str(s->b, row.name));
		const struct sl_slot *old;

		if (was == SL_SNAP_NONE)
			continue;
		old = sl_snap_slot(s->b->prev, s->cls, was);
		if (s->use[old->index] == TAKEN) /* two objects of one name */
			continue;
		s->use[old->index] = TAKEN;
		row.slot->index = old->index;
		row.slot->born = old->born;
	}
}

/* Slots that nobody had are given out first: the others may still be counted to for a moment. */
static bool give(struct slots *s, struct sl_slot *slot)
{
	for (int use = FREE; use <= LEFT; use++) {
		while (s->next[use] < s->limit && s->use[s->next[use]] != use)
			s->next[use]++;
		if (s->next[use] == s->limit)
			continue;
		slot->index = s->next[use];
		slot->born = s->b->epoch;
		s->use[slot->index] = TAKEN;
		return true;
	}
	return false;
}

static int assign(struct slots *s)
{
	static const char *const names[SL_STATS_CLASS_COUNT] = {
#define CLASS_NAME(cls, CLS, slots) [SL_STATS_##CLS] = #cls,
		SL_STATS_CLASSES(CLASS_NAME)
#undef CLASS_NAME
	};
	uint32_t rows = (uint32_t)s->b->tab[sl_snap_slot_tab(s->cls)].n;

	s->use = calloc((size_t)s->limit + 1, 1);
	if (!s->use || read_before(s) < 0)
		return sl_err(s->b->err, ENOMEM, "no memory for a snapshot");
	carry_over(s, rows);
	for (uint32_t i = 0; i < rows; i++) {
		struct sl_slot *slot = row_of(s, i).slot;

		if (!slot->born && !give(s, slot))
			return sl_err(
				s->b->err, ENOSPC,
				"the configuration has %u of '%s', the data plane has counters "
				"for only %u; raise limits.%ss in sluice.conf and start sluiced "
				"again",
				rows, names[s->cls], s->limit, names[s->cls]);
	}
	return 0;
}

int build_slots(struct builder *b)
{
	int rc = 0;

	for (int cls = 0; cls < SL_STATS_CLASS_COUNT && !rc; cls++) {
		if (b->patch && sl_snap_slot_of_routes(cls))
			continue;
		struct slots s = {.b = b,
				  .cls = cls,
				  .limit = cache_slots(b->cache)[cls],
				  .n_prev = b->prev ? b->prev->tab[sl_snap_slot_tab(cls)].n : 0};

		s.before = (struct map){.same = same_before, .ctx = &s};
		rc = assign(&s);
		map_free(&s.before);
		free(s.use);
	}
	return rc;
}
