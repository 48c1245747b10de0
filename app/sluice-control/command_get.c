/* SPDX-License-Identifier: BSD-3-Clause */
/* get: the objects in use, from manifests and from apply, as JSON or as canonical YAML. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "control.h"
#include "objset.h"

struct selection {
	const char *kind; /* "all" or NULL: every kind */
	const char *ns, *name;
	bool yaml;
};

static bool selected(const struct selection *s, const struct sl_object_ref *ref)
{
	return (s->kind == NULL || strcasecmp(s->kind, ref->kind) == 0) &&
	       (s->ns == NULL || strcmp(s->ns, ref->ns) == 0) &&
	       (s->name == NULL || strcmp(s->name, ref->name) == 0);
}

static json_t *item_json(const struct control *c, size_t at, bool with_yaml)
{
	struct sl_object_ref ref = sl_objects_at(c->objects, at);
	char *yaml = sl_objects_yaml(c->objects, at);
	json_t *item = NULL;

	if (yaml == NULL)
		return NULL;
	item = json_pack("{s:o, s:o, s:o, s:o, s:i, s:o*}", "kind", json_text(ref.kind),
			 "namespace", json_text(ref.ns), "name", json_text(ref.name), "file",
			 json_text(ref.file), "line", ref.line, "object",
			 json_from_yaml(yaml, strlen(yaml)));
	if (item != NULL && with_yaml)
		json_object_set_new(item, "yaml", json_text(yaml));
	free(yaml);
	return item;
}

/* No object of a kind that is in no table either: most likely a slip. */
static int unknown_kind(const char *kind, struct sl_err *err)
{
	const char *near = kind_nearest(kind);

	if (near != NULL && strcasecmp(near, kind) == 0)
		return 0;
	if (near != NULL)
		return sl_err(err, EINVAL, "There is no kind \"%.60s\"; did you mean \"%s\"?", kind,
			      near);
	return sl_err(err, EINVAL, "There is no kind \"%.60s\"; write one such as virtualservice.",
		      kind);
}

int command_get(struct control *c, uint64_t client, const json_t *request, json_t *answer,
		struct sl_err *err)
{
	struct selection s = {
		.kind = kind_resolve(json_string_value(json_object_get(request, "kind"))),
		.ns = json_string_value(json_object_get(request, "namespace")),
		.name = json_string_value(json_object_get(request, "name")),
		.yaml = json_is_true(json_object_get(request, "yaml")),
	};
	json_t *items = json_array();
	struct objset_index ix;

	if (s.kind != NULL && strcasecmp(s.kind, "all") == 0)
		s.kind = NULL;
	if (json_object_set_new(answer, "items", items) < 0 ||
	    objset_index_build(&ix, c->objects) < 0)
		return sl_err(err, ENOMEM, "Out of memory.");
	for (size_t i = 0; i < ix.n; i++) {
		json_t *item;

		if (!selected(&s, &ix.row[i].ref))
			continue;
		item = item_json(c, ix.row[i].at, s.yaml);
		if (json_array_append_new(items, item) < 0) {
			objset_index_free(&ix);
			return sl_err(err, ENOMEM, "Out of memory.");
		}
	}
	objset_index_free(&ix);
	if (json_array_size(items) == 0 && s.kind != NULL)
		return unknown_kind(s.kind, err);
	return 0;
}
