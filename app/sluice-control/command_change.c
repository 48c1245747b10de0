/* SPDX-License-Identifier: BSD-3-Clause */
/* apply, delete, check and reload: from a request to a candidate configuration. */
#include <errno.h>
#include <string.h>

#include "compile.h"
#include "control.h"
#include "objset.h"

#define CONFIRM_S_MAX 86400u

static int no_memory(struct sl_err *err)
{
	return sl_err(err, ENOMEM, "Out of memory.");
}

/* Files that are wrong since the start leave nothing to add to. */
static int refuse_on_fault(const struct control *c, struct sl_err *err)
{
	if (c->fault.text[0] == '\0')
		return 0;
	return sl_err(err, EINVAL,
		      "Nothing can be changed until the files are right and reloaded: %s",
		      c->fault.text);
}

/* What may be taken back must not be built upon. */
static int refuse_now(const struct control *c, struct sl_err *err)
{
	if (c->confirm.epoch != 0)
		return sl_err(err, EBUSY,
			      "The last change waits to be confirmed: run `sluicectl confirm`, or "
			      "`sluicectl rollback %llu` to take it back.",
			      (unsigned long long)c->confirm.epoch);
	return refuse_on_fault(c, err);
}

static int add_documents(struct objset_batch *batch, const json_t *request, struct sl_err *err)
{
	const json_t *documents = json_object_get(request, "documents"), *doc;
	size_t i;
	int rc = 0;

	if (!json_is_array(documents))
		return sl_err(err, EINVAL, "The request has no array \"documents\".");
	json_array_foreach(documents, i, doc)
	{
		const char *name = json_string_value(json_object_get(doc, "name"));
		const json_t *text = json_object_get(doc, "text");

		if (name == NULL || !json_is_string(text))
			return sl_err(err, EINVAL,
				      "Document %zu of the request has no \"name\" or no \"text\".",
				      i + 1);
		rc = objset_batch_add(batch, name, json_string_value(text),
				      json_string_length(text), err);
		if (rc < 0)
			return rc;
	}
	return rc;
}

/* The objects of a request; *out is owned by the caller. */
static int read_documents(struct sl_objects **out, const json_t *request, struct sl_err *err)
{
	struct objset_batch batch = {0};
	int rc = add_documents(&batch, request, err);

	if (rc == 0)
		rc = objset_batch_set(&batch, out, err);
	objset_batch_free(&batch);
	/* With --prune an empty file would be the end of everything. */
	if (rc == 0 && sl_objects_count(*out) == 0) {
		sl_objects_free(*out);
		*out = NULL;
		rc = sl_err(err, EINVAL,
			    "The files hold no object; write one with apiVersion, "
			    "kind and metadata.");
	}
	return rc;
}

static int report_add(json_t *report, const struct sl_object_ref *ref, const char *what,
		      struct sl_err *err)
{
	char label[1024];

	objset_label(ref, label, sizeof(label));
	if (json_array_append_new(report, json_pack("{s:o, s:s}", "object", json_text(label),
						    "result", what)) < 0)
		return no_memory(err);
	return 0;
}

/* What an apply would do to each object, in the order in which they were written. */
static int report_batch(const struct control *c, const struct sl_objects *batch, json_t *report,
			struct sl_err *err)
{
	struct objset_index was;
	int rc = 0;

	if (objset_index_build(&was, c->objects) < 0)
		return no_memory(err);
	for (size_t i = 0; rc == 0 && i < sl_objects_count(batch); i++) {
		struct sl_object_ref ref = sl_objects_at(batch, i);
		size_t at = objset_find(&was, &ref);
		const char *what = "created";
		int same = 0;

		if (at != OBJSET_NONE)
			same = sl_objects_same(c->objects, at, batch, i);
		if (ref.ignored)
			what = "ignored";
		else if (at != OBJSET_NONE)
			what = same == 1 ? "unchanged" : "configured";
		rc = same < 0 ? no_memory(err) : report_add(report, &ref, what, err);
	}
	objset_index_free(&was);
	return rc;
}

static int report_pruned(const struct control *c, const struct sl_objects *batch, json_t *report,
			 struct sl_err *err)
{
	struct objset_index is;
	int rc = 0;

	if (objset_index_build(&is, batch) < 0)
		return no_memory(err);
	for (size_t i = 0; rc == 0 && i < sl_objects_count(c->applied); i++) {
		struct sl_object_ref ref = sl_objects_at(c->applied, i);

		if (objset_find(&is, &ref) == OBJSET_NONE)
			rc = report_add(report, &ref, "pruned", err);
	}
	objset_index_free(&is);
	return rc;
}

/* The applied set as it would be; *out is owned by the caller. */
static int candidate(const struct control *c, const json_t *request, json_t *answer,
		     struct sl_objects **out, struct sl_err *err)
{
	bool prune = json_is_true(json_object_get(request, "prune"));
	struct sl_objects *batch = NULL, *next = sl_objects_create();
	json_t *report = json_array();
	int rc = 0;

	if (next == NULL || json_object_set_new(answer, "objects", report) < 0)
		rc = no_memory(err);
	if (rc == 0)
		rc = read_documents(&batch, request, err);
	if (rc == 0)
		rc = report_batch(c, batch, report, err);
	if (rc == 0 && prune)
		rc = report_pruned(c, batch, report, err);
	if (rc == 0 && !prune && objset_merge(next, c->applied) < 0)
		rc = no_memory(err);
	if (rc == 0 && objset_merge(next, batch) < 0)
		rc = no_memory(err);
	sl_objects_free(batch);
	if (rc < 0) {
		sl_objects_free(next);
		return rc;
	}
	*out = next;
	return 0;
}

static int confirm_time(const struct control *c, const json_t *request, uint32_t *seconds,
			struct sl_err *err)
{
	const json_t *confirm = json_object_get(request, "confirm");
	json_int_t s = json_integer_value(confirm);

	if (confirm == NULL)
		return 0;
	if (s < 1 || s > CONFIRM_S_MAX)
		return sl_err(err, EINVAL, "The time to confirm must be 1 to %u seconds.",
			      CONFIRM_S_MAX);
	if (c->snap.map == NULL)
		return sl_err(err, EINVAL, "Nothing is in use yet that could be gone back to.");
	*seconds = (uint32_t)s;
	return 0;
}

int command_apply(struct control *c, uint64_t client, const json_t *request, json_t *answer,
		  struct sl_err *err)
{
	bool dry_run = json_is_true(json_object_get(request, "dry_run"));
	struct waiter waiter = {client, answer};
	struct parts parts = {0};
	int rc = dry_run ? refuse_on_fault(c, err) : refuse_now(c, err);

	if (rc == 0)
		rc = confirm_time(c, request, &parts.confirm_s, err);
	if (rc == 0)
		rc = candidate(c, request, answer, &parts.applied, err);
	if (dry_run) {
		rc = rc == 0 ? change_dry_run(c, parts.applied, answer, err) : rc;
		sl_objects_free(parts.applied);
		return rc;
	}
	if (rc == 0)
		rc = change_start(c, "apply", &parts, waiter, err);
	return rc < 0 ? rc : COMMAND_LATER;
}

int command_check(struct control *c, uint64_t client, const json_t *request, json_t *answer,
		  struct sl_err *err)
{
	struct sl_objects *next = NULL, *all = NULL;
	struct sl_snap *snap = NULL;
	size_t size;
	int rc = refuse_on_fault(c, err);

	if (rc == 0)
		rc = candidate(c, request, answer, &next, err);
	if (rc == 0)
		rc = change_merge(c, c->conf, c->manifests, next, &all, err);
	if (rc == 0)
		rc = compile_snapshot(c->conf, all, c->last_epoch + 1, c->snap.map, c->cache, &snap,
				      &size, err);
	free(snap);
	sl_objects_free(all);
	sl_objects_free(next);
	return rc;
}

/* Why an object that was named cannot be deleted. */
static int not_applied(const struct control *c, const struct sl_object_ref *ref, struct sl_err *err)
{
	struct objset_index ix;
	char label[1024];
	size_t at;
	int rc;

	objset_label(ref, label, sizeof(label));
	if (objset_index_build(&ix, c->manifests) < 0)
		return no_memory(err);
	at = objset_find(&ix, ref);
	objset_index_free(&ix);
	if (at == OBJSET_NONE)
		return sl_err(err, ENOENT, "There is no %s.", label);
	struct sl_object_ref m = sl_objects_at(c->manifests, at);

	rc = sl_err(err, EINVAL,
		    "%s stands in %s:%d, which sluice.conf names; remove it there and run "
		    "`sluicectl reload`.",
		    label, m.file, m.line);
	return rc;
}

static int delete_one(const struct control *c, struct sl_objects *next,
		      const struct sl_object_ref *ref, json_t *report, struct sl_err *err)
{
	if (ref->ignored)
		return report_add(report, ref, "ignored", err);
	if (sl_objects_remove(next, ref->kind, ref->ns, ref->name) < 0)
		return not_applied(c, ref, err);
	return report_add(report, ref, "deleted", err);
}

static int delete_documents(const struct control *c, struct sl_objects *next, const json_t *request,
			    json_t *report, struct sl_err *err)
{
	struct sl_objects *batch = NULL;
	int rc = read_documents(&batch, request, err);

	for (size_t i = 0; rc == 0 && i < sl_objects_count(batch); i++) {
		struct sl_object_ref ref = sl_objects_at(batch, i);

		rc = delete_one(c, next, &ref, report, err);
	}
	sl_objects_free(batch);
	return rc;
}

static int delete_named(const struct control *c, struct sl_objects *next, const json_t *request,
			json_t *report, struct sl_err *err)
{
	struct sl_object_ref ref = {
		.kind = kind_resolve(json_string_value(json_object_get(request, "kind"))),
		.ns = json_string_value(json_object_get(request, "namespace")),
		.name = json_string_value(json_object_get(request, "name")),
	};

	if (ref.kind == NULL || ref.name == NULL)
		return sl_err(err, EINVAL,
			      "The request names neither \"documents\" nor \"kind\" and \"name\".");
	if (ref.ns == NULL)
		ref.ns = "default";
	return delete_one(c, next, &ref, report, err);
}

int command_delete(struct control *c, uint64_t client, const json_t *request, json_t *answer,
		   struct sl_err *err)
{
	struct waiter waiter = {client, answer};
	struct sl_objects *next = sl_objects_create();
	json_t *report = json_array();
	int rc = refuse_now(c, err);

	if (next == NULL || json_object_set_new(answer, "objects", report) < 0)
		rc = no_memory(err);
	if (rc == 0 && objset_merge(next, c->applied) < 0)
		rc = no_memory(err);
	if (rc == 0)
		rc = json_object_get(request, "documents") != NULL
			     ? delete_documents(c, next, request, report, err)
			     : delete_named(c, next, request, report, err);
	if (rc < 0) {
		sl_objects_free(next);
		return rc;
	}
	rc = change_start(c, "delete", &(struct parts){.applied = next}, waiter, err);
	return rc < 0 ? rc : COMMAND_LATER;
}

int command_reload(struct control *c, uint64_t client, const json_t *request, json_t *answer,
		   struct sl_err *err)
{
	struct waiter waiter = {client, answer};
	int rc = c->confirm.epoch != 0 ? refuse_now(c, err)
				       : change_reload(c, "reload", waiter, err);

	return rc < 0 ? rc : COMMAND_LATER;
}
