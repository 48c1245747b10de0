/* SPDX-License-Identifier: BSD-3-Clause */
/* diff: objects in use against those of the files, or those of one epoch against another's. */
#include <errno.h>
#include <stdlib.h>

#include "compile.h"
#include "control.h"
#include "objset.h"

/* What would be in use after a reload. */
static int side_files(struct control *c, struct sl_objects **out, struct sl_err *err)
{
	struct sl_objects *manifests = NULL, *applied = NULL;
	struct sl_conf *conf = NULL;
	int rc = sl_conf_read(&conf, c->conf_path, err);

	if (rc == 0)
		rc = compile_manifests(&manifests, conf, err);
	if (rc == 0)
		rc = state_read(&applied, c->state_dir, err);
	if (rc == 0)
		rc = compile_merge(out, manifests, applied, err);
	sl_objects_free(manifests);
	sl_objects_free(applied);
	sl_conf_free(conf);
	return rc;
}

static int side_epoch(struct control *c, uint64_t epoch, struct sl_objects **out,
		      struct sl_err *err)
{
	struct sl_objects *manifests = NULL, *applied = NULL;
	int rc = history_read(c->history, epoch, &manifests, &applied, err);

	if (rc == 0)
		rc = compile_merge(out, manifests, applied, err);
	sl_objects_free(manifests);
	sl_objects_free(applied);
	return rc;
}

static int side_running(struct control *c, struct sl_objects **out, struct sl_err *err)
{
	return compile_merge(out, c->objects, c->objects, err);
}

static json_t *yaml_of(const struct sl_objects *set, size_t at)
{
	char *yaml = at != OBJSET_NONE ? sl_objects_yaml(set, at) : NULL;
	json_t *j = yaml != NULL ? json_text(yaml) : json_null();

	free(yaml);
	return j;
}

static void add(json_t *list, const struct sl_object_ref *ref, const struct sl_objects *a,
		size_t at_a, const struct sl_objects *b, size_t at_b)
{
	char label[1024];

	json_array_append_new(list, json_pack("{s:o, s:o, s:o}", "object",
					      json_text(objset_label(ref, label, sizeof(label))),
					      "from", yaml_of(a, at_a), "to", yaml_of(b, at_b)));
}

/* Both indexes are in the same order: one walk finds what is in either or both. */
static int compare(const struct sl_objects *a, const struct sl_objects *b, json_t *list)
{
	struct objset_index x = {0}, y = {0};
	size_t i = 0, k = 0;
	int rc = objset_index_build(&x, a);

	if (rc == 0)
		rc = objset_index_build(&y, b);
	while (rc == 0 && (i < x.n || k < y.n)) {
		int order = i == x.n   ? 1
			    : k == y.n ? -1
				       : objset_compare(&x.row[i].ref, &y.row[k].ref);

		if (order < 0)
			add(list, &x.row[i].ref, a, x.row[i].at, b, OBJSET_NONE);
		else if (order > 0)
			add(list, &y.row[k].ref, a, OBJSET_NONE, b, y.row[k].at);
		else if (sl_objects_same(a, x.row[i].at, b, y.row[k].at) != 1)
			add(list, &x.row[i].ref, a, x.row[i].at, b, y.row[k].at);
		i += order <= 0;
		k += order >= 0;
	}
	objset_index_free(&x);
	objset_index_free(&y);
	return rc;
}

int command_diff(struct control *c, uint64_t client, const json_t *request, json_t *answer,
		 struct sl_err *err)
{
	json_int_t from = json_integer_value(json_object_get(request, "from"));
	json_int_t to = json_integer_value(json_object_get(request, "to"));
	struct sl_objects *a = NULL, *b = NULL;
	json_t *list = json_array();
	int rc = json_object_set_new(answer, "objects", list) < 0 ? -ENOMEM : 0;

	if (rc == 0)
		rc = from > 0 ? side_epoch(c, (uint64_t)from, &a, err) : side_running(c, &a, err);
	if (rc == 0 && to > 0)
		rc = side_epoch(c, (uint64_t)to, &b, err);
	else if (rc == 0)
		rc = from > 0 ? side_running(c, &b, err) : side_files(c, &b, err);
	if (rc == 0 && compare(a, b, list) < 0)
		rc = sl_err(err, ENOMEM, "Out of memory.");
	sl_objects_free(a);
	sl_objects_free(b);
	return rc;
}
