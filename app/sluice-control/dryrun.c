/* SPDX-License-Identifier: BSD-3-Clause */
/* apply --dry-run: compiles the candidate, compares it with what is in use, publishes nothing. */
#include "dryrun.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"
#include "objset.h"
#include "shadow.h"
#include "view.h"

#define SHADOWED_MAX 1000u

/* ---- routes and clusters by what they are called and what they do ---- */

struct row {
	char *key;   /* who it is */
	char *value; /* what it does */
	char *label;
};

struct rows {
	struct row *row;
	size_t n;
};

static void rows_free(struct rows *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->row[i].key);
		free(r->row[i].value);
		free(r->row[i].label);
	}
	free(r->row);
}

static int row_order(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->key, ((const struct row *)b)->key);
}

static char *dump_and_free(json_t *j)
{
	char *text = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS);

	json_decref(j);
	return text;
}

/* One route: the match says who it is, everything else what it does. */
static bool route_row(const struct sl_snap *s, struct sl_str table, const struct sl_snap_vhost *v,
		      const struct sl_snap_route *r, struct row *row)
{
	struct sl_str vhost = sl_snap_str(s, v->name), vs = sl_snap_str(s, r->virtual_service);
	json_t *proto = view_route_proto(s, r), *cell = view_match_cell(s, r);
	char *match = json_dumps(json_object_get(proto, "match"), JSON_COMPACT | JSON_SORT_KEYS);

	json_object_del(proto, "match");
	row->value = dump_and_free(proto);
	if (match == NULL || asprintf(&row->key, "%.*s\n%.*s\n%.*s\n%s", SL_STR_ARG(table),
				      SL_STR_ARG(vhost), SL_STR_ARG(vs), match) < 0)
		row->key = NULL;
	if (asprintf(&row->label, "%.*s %.*s %s%s%.*s", SL_STR_ARG(table), SL_STR_ARG(vhost),
		     json_string_value(cell), vs.n ? " " : "", SL_STR_ARG(vs)) < 0)
		row->label = NULL;
	free(match);
	json_decref(cell);
	return row->key != NULL && row->value != NULL && row->label != NULL;
}

static int route_rows(const struct sl_snap *s, struct rows *out)
{
	bool ok = true;

	out->row = calloc(sl_snap_count(s, SL_SNAP_ROUTES) + 1, sizeof(*out->row));
	if (out->row == NULL)
		return -ENOMEM;
	for (uint32_t t = 0; t < sl_snap_count(s, SL_SNAP_TABLES); t++) {
		const struct sl_snap_table *table = sl_snap_table(s, t);

		for (uint32_t i = 0; i < table->vhosts.n; i++) {
			const struct sl_snap_vhost *v = sl_snap_vhost(s, table->vhosts.first + i);

			for (uint32_t k = 0; k < v->routes.n; k++)
				ok &= route_row(s, sl_snap_str(s, table->name), v,
						sl_snap_route(s, v->routes.first + k),
						&out->row[out->n++]);
		}
	}
	if (!ok)
		return -ENOMEM;
	qsort(out->row, out->n, sizeof(*out->row), row_order);
	return 0;
}

static int cluster_rows(const struct sl_snap *s, struct rows *out)
{
	uint32_t n = sl_snap_count(s, SL_SNAP_CLUSTERS);

	out->row = calloc(n + 1, sizeof(*out->row));
	if (out->row == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		const struct sl_snap_cluster *cl = sl_snap_cluster(s, i);
		struct sl_str name = sl_snap_str(s, cl->name);
		struct row *row = &out->row[out->n++];

		row->key = strndup(name.p, name.n);
		row->label = strndup(name.p, name.n);
		row->value = dump_and_free(
			json_pack("[o, o]", view_cluster_proto(s, cl), view_cluster_load(s, cl)));
		if (row->key == NULL || row->label == NULL || row->value == NULL)
			return -ENOMEM;
	}
	qsort(out->row, out->n, sizeof(*out->row), row_order);
	return 0;
}

static json_t *rows_compare(const struct rows *a, const struct rows *b)
{
	json_t *added = json_array(), *removed = json_array(), *changed = json_array();
	size_t i = 0, k = 0;

	while (i < a->n || k < b->n) {
		int order = i == a->n ? 1 : k == b->n ? -1 : row_order(&a->row[i], &b->row[k]);

		if (order < 0)
			json_array_append_new(removed, json_text(a->row[i].label));
		else if (order > 0)
			json_array_append_new(added, json_text(b->row[k].label));
		else if (strcmp(a->row[i].value, b->row[k].value) != 0)
			json_array_append_new(changed, json_text(b->row[k].label));
		i += order <= 0;
		k += order >= 0;
	}
	return json_pack("{s:o, s:o, s:o}", "added", added, "removed", removed, "changed", changed);
}

static int compare_by(const char *what, int (*rows_of)(const struct sl_snap *, struct rows *),
		      const struct sl_snap *now, const struct sl_snap *then, json_t *out)
{
	struct rows a = {0}, b = {0};
	int rc = rows_of(now, &a);

	if (rc == 0)
		rc = rows_of(then, &b);
	if (rc == 0)
		json_object_set_new(out, what, rows_compare(&a, &b));
	rows_free(&a);
	rows_free(&b);
	return rc;
}

int dryrun_compare(const struct sl_snap *now, const struct sl_snap *then, json_t *out)
{
	int rc = compare_by("routes", route_rows, now, then, out);

	return rc == 0 ? compare_by("clusters", cluster_rows, now, then, out) : rc;
}

/* ---- shadowed routes ---- */

static json_t *origin_json(const struct sl_origin *o)
{
	char *text = NULL;
	json_t *j;

	if (asprintf(&text, "%s:%d", o->file != NULL ? o->file : "", o->line) < 0)
		return NULL;
	j = json_text(text);
	free(text);
	return j;
}

static int vhost_shadowed(const struct sl_model_vhost *v, json_t *list)
{
	size_t *by = calloc(v->n_routes + 1, sizeof(*by));
	int rc = by != NULL ? shadow_find(v, by) : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < v->n_routes && json_array_size(list) < SHADOWED_MAX; i++)
		if (by[i] != SHADOW_NONE)
			json_array_append_new(
				list, json_pack("{s:o, s:o, s:o, s:o}", "vhost", json_text(v->name),
						"path", json_text(v->routes[i].path), "at",
						origin_json(&v->routes[i].origin), "by",
						origin_json(&v->routes[by[i]].origin)));
	free(by);
	return rc;
}

int dryrun_shadowed(const struct sl_model *then, json_t *out)
{
	json_t *list = json_array();
	int rc = json_object_set_new(out, "shadowed", list) < 0 ? -ENOMEM : 0;

	for (size_t t = 0; t < then->n_tables; t++)
		for (size_t i = 0; rc == 0 && i < then->tables[t].n_vhosts; i++)
			rc = vhost_shadowed(&then->tables[t].vhosts[i], list);
	return rc;
}

/* ---- the command ---- */

static int tell(struct control *c, const struct sl_model *model, const struct sl_snap *snap,
		json_t *answer, struct sl_err *err)
{
	int rc = dryrun_shadowed(model, answer);

	if (rc == 0 && c->snap.map != NULL)
		rc = dryrun_compare(c->snap.map, snap, answer);
	if (rc == 0 && c->snap.map != NULL)
		return dryrun_replay(c, snap, answer, err);
	return rc < 0 ? sl_err(err, -rc, "Out of memory.") : 0;
}

int change_dry_run(struct control *c, const struct sl_objects *applied, json_t *answer,
		   struct sl_err *err)
{
	struct sl_model *model = sl_model_create();
	struct sl_objects *all = NULL;
	struct sl_snap *snap = NULL;
	size_t size;
	int rc = model == NULL ? sl_err(err, ENOMEM, "Out of memory.") : 0;

	if (rc == 0)
		rc = change_merge(c, c->conf, c->manifests, applied, &all, err);
	if (rc == 0)
		rc = compile_model(c->conf, all, model, err);
	if (rc == 0)
		rc = sl_snap_build(model, c->last_epoch + 1, c->snap.map, c->cache, &snap, &size,
				   err);
	for (size_t i = 0; rc == 0 && i < sl_objects_warning_count(all); i++)
		change_warn(answer, sl_objects_warning_at(all, i));
	if (rc == 0)
		rc = tell(c, model, snap, answer, err);
	free(snap);
	sl_objects_free(all);
	sl_model_free(model);
	return rc;
}
