/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs lib/conf, lib/model and lib/snapshot in order: the whole way from files to a snapshot. */
#include "compile.h"
#include "sl_log_line.h"

#include <errno.h>
#include <stdlib.h>

#include "objset.h"

int compile_manifests_into(struct sl_objects *set, const struct sl_conf *conf, struct sl_err *err)
{
	const struct sl_conf_control *cc = sl_conf_control(conf);
	int rc = 0;

	for (uint16_t i = 0; rc == 0 && i < cc->n_manifests; i++)
		rc = sl_objects_read(set, cc->manifest[i], err);
	return rc;
}

int compile_manifests(struct sl_objects **out, const struct sl_conf *conf, struct sl_err *err)
{
	struct sl_objects *set = sl_objects_create();
	int rc;

	if (set == NULL)
		return sl_err(err, ENOMEM, "Out of memory.");
	rc = compile_manifests_into(set, conf, err);
	if (rc < 0) {
		sl_objects_free(set);
		return rc;
	}
	*out = set;
	return 0;
}

int compile_merge(struct sl_objects **out, const struct sl_objects *manifests,
		  const struct sl_objects *applied, struct sl_err *err)
{
	struct sl_objects *all = sl_objects_create();

	if (all == NULL || objset_merge(all, manifests) < 0 || objset_merge(all, applied) < 0) {
		sl_objects_free(all);
		return sl_err(err, ENOMEM, "Out of memory.");
	}
	*out = all;
	return 0;
}

/** The one setting whose form the library of settings does not know. */
static int check_log_format(const struct sl_conf *conf, struct sl_err *err)
{
	struct sl_log_format *format = NULL;
	struct sl_err why;
	int rc = sl_log_format_parse(sl_conf_control(conf)->log_format, &format, &why);

	sl_log_format_free(format);
	return rc < 0 ? sl_conf_bad(conf, "log.format", why.text, err) : 0;
}

#define OWN_MAX ((size_t)SL_CONF_PORTS_MAX * SL_CONF_ADDRS_MAX)

/* The box's own addresses. */
static size_t own_addresses(const struct sl_conf *conf, struct sl_prefix own[OWN_MAX])
{
	const struct sl_conf_box *box = sl_conf_box(conf);
	size_t n = 0;

	for (uint16_t p = 0; p < box->n_ports; p++)
		for (uint16_t a = 0; a < box->port[p].n_addrs; a++)
			own[n++] = box->port[p].addr[a];
	return n;
}

int compile_model(const struct sl_conf *conf, const struct sl_objects *objects,
		  struct sl_model *model, struct sl_err *err)
{
	struct sl_prefix own[OWN_MAX];
	size_t n = own_addresses(conf, own);
	int rc = check_log_format(conf, err);

	if (rc == 0)
		rc = sl_conf_model_on(conf, objects, model, err);
	if (rc == 0)
		rc = sl_objects_model_on(objects, sl_conf_box(conf)->node, own, n, model, err);
	return rc == 0 ? sl_model_check(model, err) : rc;
}

int compile_snapshot(const struct sl_conf *conf, const struct sl_objects *objects, uint64_t epoch,
		     const struct sl_snap *prev, struct sl_snap_cache *cache, struct sl_snap **out,
		     size_t *size, struct sl_err *err)
{
	struct sl_model *model = sl_model_create();
	int rc;

	if (model == NULL)
		return sl_err(err, ENOMEM, "Out of memory.");
	rc = compile_model(conf, objects, model, err);
	if (rc == 0)
		rc = sl_snap_build(model, epoch, prev, cache, out, size, err);
	sl_model_free(model);
	return rc;
}

enum sl_objects_change compile_compare(const struct sl_conf *conf, const struct sl_objects *was,
				       const struct sl_objects *now)
{
	struct sl_prefix own[OWN_MAX];
	size_t n = own_addresses(conf, own);

	return sl_objects_compare(was, now, own, n);
}

/* Listeners as they are; of their tables the names. Native ones are there already. */
static int take_listeners(struct sl_model *model, const struct sl_snap *prev)
{
	for (uint32_t i = (uint32_t)model->n_listeners; i < sl_snap_count(prev, SL_SNAP_LISTENERS);
	     i++) {
		const struct sl_snap_listener *l = sl_snap_listener(prev, i);
		const char *table = sl_snap_str(prev, sl_snap_table(prev, l->table)->name).p;
		struct sl_model_listener *m =
			sl_model_listener_add(model, sl_snap_str(prev, l->name).p);

		if (m == NULL || sl_model_set(&m->table, table) < 0)
			return -ENOMEM;
		m->ip = l->ip;
		m->port = l->port;
		if (sl_model_table_find(model, table) == NULL &&
		    sl_model_table_add(model, table) == NULL)
			return -ENOMEM;
	}
	return 0;
}

static int endpoints_model(const struct sl_conf *conf, const struct sl_objects *was,
			   const struct sl_objects *objects, const struct sl_snap *prev,
			   struct sl_model *model, struct sl_err *err)
{
	uint32_t n = sl_snap_count(prev, SL_SNAP_CLUSTERS), native;
	const char **name = calloc(n + 1u, sizeof(*name));
	struct sl_prefix own[OWN_MAX];
	size_t n_own = own_addresses(conf, own);
	int rc;

	if (name == NULL)
		return sl_err(err, ENOMEM, "Out of memory.");
	rc = sl_conf_model_on(conf, objects, model, err);
	if (rc == 0 && take_listeners(model, prev) < 0)
		rc = sl_err(err, ENOMEM, "Out of memory.");
	native = (uint32_t)SL_MIN(model->n_clusters, (size_t)n);
	for (uint32_t i = native; i < n; i++)
		name[i - native] = sl_snap_str(prev, sl_snap_cluster(prev, i)->name).p;
	if (rc == 0)
		rc = sl_objects_endpoints_on(objects, was, sl_conf_box(conf)->node, own, n_own,
					     name, n - native, model, err);
	free(name);
	return rc == 0 ? sl_model_check(model, err) : rc;
}

int compile_patch(const struct sl_conf *conf, const struct sl_objects *was,
		  const struct sl_objects *objects, uint64_t epoch, const struct sl_snap *prev,
		  struct sl_snap_cache *cache, const struct sl_snap **out, struct sl_err *err)
{
	struct sl_model *model = sl_model_create();
	int rc;

	if (model == NULL)
		return sl_err(err, ENOMEM, "Out of memory.");
	rc = endpoints_model(conf, was, objects, prev, model, err);
	if (rc == 0)
		rc = sl_snap_patch(model, epoch, prev, cache, out, err);
	sl_model_free(model);
	return rc;
}
