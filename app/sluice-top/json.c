/* SPDX-License-Identifier: BSD-3-Clause */
/* Pages as JSON, and one moment as a whole. */
#include "stats_json.h"
#include "top.h"

static json_t *cell_json(const struct cell *c)
{
	switch (c->kind) {
	case CELL_TEXT:
		return json_string(c->text);
	case CELL_COUNT:
	case CELL_US:
		return json_integer((json_int_t)c->count);
	case CELL_RATE:
	case CELL_PERCENT:
		return json_real(c->real);
	case CELL_NONE:
		break;
	}
	return json_null();
}

static json_t *table_json(const struct table *t)
{
	json_t *rows = json_array();

	for (size_t r = 0; r < t->n_rows; r++) {
		json_t *row = json_object();

		for (unsigned i = 0; i < t->n_cols; i++)
			json_object_set_new(row, t->col[i].key,
					    cell_json(&t->cell[r * t->n_cols + i]));
		json_array_append_new(rows, row);
	}
	return rows;
}

static json_t *screen_json(const struct screen *screen, const struct moment *m)
{
	json_t *tables = json_object();
	struct page page;

	page_build(&page, screen, m);
	for (unsigned i = 0; i < page.n_tables; i++)
		json_object_set_new(tables, page.table[i].name, table_json(&page.table[i]));
	if (page.no_memory) {
		json_decref(tables);
		tables = NULL;
	}
	page_free(&page);
	return tables;
}

json_t *json_moment(const struct sl_stats *stats, const struct screen *only, const struct moment *m)
{
	const struct sample *s = m->now;
	double interval = m->prev ? (double)(s->at_us - m->prev->at_us) / 1e6 : 0;
	json_t *root, *shown = json_object(), *raw;
	int rc;

	for (int i = 0; i < SCREENS; i++)
		if (!only || only == &screens[i])
			json_object_set_new(shown, screens[i].name, screen_json(&screens[i], m));
	raw = stats_json(stats, &rc);
	root = json_pack("{s:s,s:b,s:f,s:i,s:I,s:I,s:i,s:f,s:o}", "instance", s->instance,
			 "running", sample_alive(s), "silent_s", sample_age_s(s), "pid", s->pid,
			 "generation", (json_int_t)s->generation, "epoch", (json_int_t)s->epoch,
			 "workers", (int)s->n_workers, "interval_s", interval, "screens", shown);
	json_object_set_new(root, "stats", raw ? raw : json_null());
	return root;
}
