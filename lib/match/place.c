/* SPDX-License-Identifier: BSD-3-Clause */
/* Puts databases into an area where they share engines; runs in the control process only. */
#include "index.h"

/* A database on its way. */
struct placing {
	const struct sl_match_engines *engines;
	const struct sl_match_db *from;
	struct sl_match_db *to;
	char *area;
	uint64_t at, end; /* where it begins, and where what has been placed ends */
	const void *was;  /* the engine placed last */
	uint64_t is;      /* and where it is now; UINT64_MAX: no memory */
};

/* An engine that is nowhere in the area goes to its end. */
static bool place_engine(struct placing *p, const struct sl_match_group *g)
{
	const void *engine = sl_match_group_engine(g);

	if (engine == p->was)
		return true;
	p->was = engine;
	p->is = p->engines->find(p->engines->arg, (struct sl_str){engine, g->len}, p->end);
	if (p->is == p->end) {
		memcpy(p->area + p->end, engine, g->len);
		p->end += sl_match_align(g->len);
	}
	return p->is != UINT64_MAX;
}

/* Makes the gate of a group that moved lead to it. */
static void move_gate(struct placing *p, uint32_t was, const struct sl_match_group *g)
{
	struct sl_index_places at = sl_index_places(&p->from->plain);
	struct sl_index_entry *e = (void *)((char *)p->to + at.entry);

	if (g->gate > p->from->plain.mask || e[g->gate].kind != SL_INDEX_GATE ||
	    e[g->gate].id != was)
		return;
	e[g->gate].id = g->self;
	e[g->gate].lines = sl_match_group_lines(g);
}

static bool place_group(struct placing *p, const struct sl_match_group *g)
{
	struct sl_match_group *out = (void *)(p->area + p->end);
	int64_t self = (int64_t)(p->end / SL_MATCH_ALIGN);

	memcpy(out, g, sl_match_group_head(g));
	out->self = (uint32_t)((p->end - p->at) / SL_MATCH_ALIGN);
	p->end += sl_match_group_head(g);
	if (g->n_ids) {
		if (!place_engine(p, g))
			return false;
		out->engine = (int32_t)((int64_t)(p->is / SL_MATCH_ALIGN) - self);
	}
	move_gate(p, g->self, out);
	return true;
}

size_t sl_match_place(const void *db, char *area, uint64_t at,
		      const struct sl_match_engines *engines)
{
	struct placing p = {.engines = engines, .from = db, .area = area, .at = at};
	uint64_t body = p.from->n_groups ? (uint64_t)p.from->groups * SL_MATCH_ALIGN : p.from->len;
	uint32_t next = p.from->groups;

	p.to = (void *)(area + at);
	memcpy(p.to, db, body);
	p.end = at + body;
	for (uint32_t i = 0; i < p.from->n_groups; i++) {
		const struct sl_match_group *g = sl_match_group(db, next);

		if (!place_group(&p, g))
			return 0;
		next = sl_match_group_next(g);
	}
	p.to->len = p.end - at;
	p.to->crc = sl_match_crc(p.to);
	return p.to->len;
}
