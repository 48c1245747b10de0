/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads what would be in use, as control would, and documents on top of it. */
#include "workspace.h"

#include <errno.h>
#include <stdio.h>

#include "compile.h"
#include "objset.h"
#include "state.h"

static int add_documents(struct workspace *w, const json_t *documents, struct sl_err *err)
{
	struct objset_batch batch = {0};
	const json_t *doc;
	size_t i;
	int rc = 0;

	json_array_foreach(documents, i, doc)
	{
		const json_t *text = json_object_get(doc, "text");

		rc = objset_batch_add(&batch, json_string_value(json_object_get(doc, "name")),
				      json_string_value(text), json_string_length(text), err);
		if (rc < 0)
			break;
	}
	if (rc == 0)
		rc = objset_batch_set(&batch, &w->batch, err);
	objset_batch_free(&batch);
	return rc == 0 ? objset_merge(w->applied, w->batch) : rc;
}

/* Whoever may not read what was applied can still check files, and is told what is left out. */
static int read_applied(struct workspace *w, struct sl_err *err)
{
	int rc = state_read(&w->applied, sl_conf_control(w->conf)->state_dir, err);

	if (rc != -EACCES)
		return rc;
	fprintf(stderr, "warning: %s It is checked without applied objects.\n", err->text);
	w->applied = sl_objects_create();
	return w->applied != NULL ? 0 : sl_err(err, ENOMEM, "Out of memory.");
}

int workspace_read(struct workspace *w, const char *conf_path, const json_t *documents,
		   struct sl_err *err)
{
	int rc = sl_conf_read(&w->conf, conf_path, err);

	if (rc == 0)
		rc = compile_manifests(&w->manifests, w->conf, err);
	if (rc == 0)
		rc = read_applied(w, err);
	if (rc == 0)
		rc = add_documents(w, documents, err);
	if (rc == 0)
		rc = compile_merge(&w->all, w->manifests, w->applied, err);
	/* Nobody is asked for names here. */
	if (rc == 0)
		sl_objects_use_names(w->all, NULL, sl_conf_control(w->conf)->dns.names);
	return rc;
}

void workspace_free(struct workspace *w)
{
	sl_objects_free(w->all);
	sl_objects_free(w->batch);
	sl_objects_free(w->applied);
	sl_objects_free(w->manifests);
	sl_conf_free(w->conf);
}
