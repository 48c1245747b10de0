/* SPDX-License-Identifier: BSD-3-Clause */
/* Sets of Kubernetes and Istio objects: kept, found, replaced and removed; read in objects_read.c.
 */
#include "objects.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "names.h"
#include "objects_read.h"

struct sl_objects *sl_objects_create(void)
{
	struct sl_objects *set = calloc(1, sizeof(*set));

	if (!set)
		return NULL;
	set->warn = calloc(1, sizeof(*set->warn));
	set->wanted = calloc(1, sizeof(*set->wanted));
	set->names_max = SL_NAMES_DEFAULT;
	if (set->warn && set->wanted)
		return set;
	free(set->warn);
	free(set->wanted);
	free(set);
	return NULL;
}

void sl_object_free(struct sl_object *o)
{
	if (!o || --o->refs > 0)
		return;
	sl_arena_free(&o->arena);
	free(o);
}

void sl_objects_warn_clear(const struct sl_objects *set)
{
	for (size_t i = 0; i < set->warn->n; i++)
		free(set->warn->text[i]);
	set->warn->n = 0;
}

void sl_objects_free(struct sl_objects *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->n; i++)
		sl_object_free(set->v[i]);
	free(set->v);
	sl_index_free(&set->index);
	sl_objects_warn_clear(set);
	free(set->warn);
	sl_wanted_free(set->wanted);
	free(set->wanted);
	free(set);
}

void sl_objects_use_names(struct sl_objects *set, const struct sl_names *names, size_t most)
{
	set->names = names;
	set->names_version = sl_names_version(names);
	set->names_max = most;
}

uint64_t sl_objects_names_version(const struct sl_objects *set)
{
	return set->names_version;
}

size_t sl_objects_wanted_count(const struct sl_objects *set)
{
	return set->wanted->n;
}

struct sl_name_wanted sl_objects_wanted_at(const struct sl_objects *set, size_t i)
{
	return set->wanted->v[i];
}

void sl_objects_warn(const struct sl_objects *set, const struct sl_object *o, int line,
		     const char *fmt, ...)
{
	struct sl_warnings *w = set->warn;
	char text[SL_ERR_TEXT_MAX];
	va_list ap;

	if (w->n == SL_WARNINGS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (asprintf(&w->text[w->n], "%s:%d: %s", o->file, line, text) < 0)
		return;
	/* The same is found again for every host and port it concerns. */
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->text[i], w->text[w->n]) == 0) {
			free(w->text[w->n]);
			return;
		}
	w->lasts[w->n] = !sl_kind_of_clusters(o->kind->id);
	w->n++;
}

void sl_objects_warn_keep(const struct sl_objects *set, const struct sl_objects *was)
{
	struct sl_warnings *w = set->warn;

	sl_objects_warn_clear(set);
	for (size_t i = 0; i < was->warn->n; i++) {
		if (!was->warn->lasts[i])
			continue;
		w->text[w->n] = strdup(was->warn->text[i]);
		w->lasts[w->n] = true;
		w->n += w->text[w->n] != NULL;
	}
}

size_t sl_objects_warning_count(const struct sl_objects *set)
{
	return set->warn->n;
}

const char *sl_objects_warning_at(const struct sl_objects *set, size_t i)
{
	return set->warn->text[i];
}

int sl_object_bad(const struct sl_object *o, int line, struct sl_err *err, const char *fmt, ...)
{
	char text[SL_ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return sl_err(err, EINVAL, "%s:%d: %s", o->file, line, text);
}

/* Apiversion, kind, metadata and spec first; the rest as it was written. */
static int rank(const char *key)
{
	static const char *const first[] = {"apiVersion", "kind", "metadata", "spec"};

	for (size_t i = 0; i < SL_ARRAY_LEN(first); i++)
		if (strcmp(key, first[i]) == 0)
			return (int)i;
	return (int)SL_ARRAY_LEN(first);
}

static const struct sl_node *canonical(struct sl_arena *a, const struct sl_node *node)
{
	struct sl_node copy = *node;
	struct sl_pair *pair = calloc(node->n, sizeof(*pair));
	const struct sl_node *out;
	uint32_t n = 0;

	if (!pair)
		return NULL;
	for (int r = 0; r <= rank(""); r++)
		for (uint32_t i = 0; i < node->n; i++)
			if (rank(node->pair[i].key) == r)
				pair[n++] = node->pair[i];
	copy.pair = pair;
	out = sl_node_copy(a, &copy);
	free(pair);
	return out;
}

static const char *keep(struct sl_arena *a, const char *text)
{
	return sl_arena_text(a, text, strlen(text));
}

static const char *make_key(struct sl_arena *a, const char *kind, const char *ns, const char *name)
{
	size_t n = strlen(kind) + strlen(ns) + strlen(name) + 3;
	char *key = sl_arena_get(a, n);

	if (key)
		snprintf(key, n, "%s/%s/%s", kind, ns, name);
	return key;
}

struct sl_object *sl_object_create(const struct sl_node *root, const struct sl_kind *kind,
				   const char *file)
{
	struct sl_object *o = calloc(1, sizeof(*o));
	struct sl_arena *a = &o->arena;

	if (!o)
		return NULL;
	o->refs = 1;
	o->kind = kind;
	o->root = canonical(a, root);
	o->file = keep(a, file);
	if (!o->root || !o->file) {
		sl_object_free(o);
		return NULL;
	}
	o->line = o->root->line;
	o->api_version = sl_node_text(o->root, "apiVersion", "");
	o->name = sl_node_text(o->root, "metadata.name", "");
	o->ns = kind->cluster_scope ? "" : sl_node_text(o->root, "metadata.namespace", "default");
	o->key = make_key(a, sl_kind_name(kind), o->ns, o->name);
	if (o->key)
		return o;
	sl_object_free(o);
	return NULL;
}

int sl_objects_reserve(struct sl_objects *set, size_t more)
{
	size_t want = set->n + more, cap = set->cap ? set->cap : 16;
	struct sl_object **v;

	if (sl_index_reserve(&set->index, want + 1) < 0)
		return -ENOMEM;
	if (want <= set->cap)
		return 0;
	while (cap < want)
		cap *= 2;
	v = reallocarray(set->v, cap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	set->v = v;
	set->cap = cap;
	return 0;
}

struct sl_object *sl_objects_find(const struct sl_objects *set, const char *key)
{
	int64_t i = sl_index_get(&set->index, key);

	return i < 0 ? NULL : set->v[i];
}

int sl_objects_take(struct sl_objects *set, struct sl_object *o)
{
	int64_t at = sl_index_get(&set->index, o->key);
	struct sl_object *old = at < 0 ? NULL : set->v[at];

	if (!old) {
		if (sl_objects_reserve(set, 1) < 0)
			return -ENOMEM;
		at = (int64_t)set->n++;
	}
	/* Also when it was there: the old object's key goes with it. The room is reserved. */
	set->v[at] = o;
	(void)sl_index_put(&set->index, o->key, (uint32_t)at);
	sl_object_free(old);
	return 0;
}

size_t sl_objects_place(const struct sl_objects *set, const struct sl_objects *from, size_t i)
{
	int64_t at = sl_index_get(&set->index, from->v[i]->key);

	return at < 0 ? SL_OBJECTS_NONE : (size_t)at;
}

size_t sl_objects_count(const struct sl_objects *set)
{
	return set->n;
}

struct sl_object_ref sl_objects_at(const struct sl_objects *set, size_t i)
{
	const struct sl_object *o = set->v[i];

	return (struct sl_object_ref){
		.api_version = o->api_version,
		.kind = sl_kind_name(o->kind),
		.ns = o->ns,
		.name = o->name,
		.file = o->file,
		.line = o->line,
		.ignored = o->kind->mode == SL_KIND_IGNORED && o->kind->id == SL_KIND_OTHER,
	};
}

char *sl_objects_yaml(const struct sl_objects *set, size_t i)
{
	return sl_node_yaml(set->v[i]->root);
}

int sl_objects_put(struct sl_objects *set, const struct sl_objects *from, size_t i)
{
	struct sl_object *o = from->v[i];

	o->refs++;
	if (sl_objects_take(set, o) < 0) {
		sl_object_free(o);
		return -ENOMEM;
	}
	return 0;
}

int sl_objects_hash(const struct sl_objects *set, size_t i, uint64_t hash[2])
{
	struct sl_object *o = set->v[i];
	char *yaml;

	if (!o->hashed) {
		yaml = sl_node_yaml(o->root);
		if (!yaml)
			return -ENOMEM;
		for (uint64_t half = 0; half < 2; half++)
			o->hash[half] =
				sl_siphash(&(struct sl_hash_key){half, ~half}, yaml, strlen(yaml));
		o->hashed = true;
		free(yaml);
	}
	memcpy(hash, o->hash, sizeof(o->hash));
	return 0;
}

int sl_objects_same(const struct sl_objects *a, size_t i, const struct sl_objects *b, size_t k)
{
	uint64_t x[2], y[2];

	if (a->v[i] == b->v[k])
		return 1;
	if (sl_objects_hash(a, i, x) < 0 || sl_objects_hash(b, k, y) < 0)
		return -ENOMEM;
	return x[0] == y[0] && x[1] == y[1];
}

/* Removal keeps the order, so places move and the index is made anew; it has room already. */
static void remove_at(struct sl_objects *set, size_t at)
{
	struct sl_object *gone = set->v[at];

	memmove(set->v + at, set->v + at + 1, (set->n - at - 1) * sizeof(*set->v));
	set->n--;
	sl_index_clear(&set->index);
	for (size_t i = 0; i < set->n; i++)
		(void)sl_index_put(&set->index, set->v[i]->key, (uint32_t)i);
	sl_object_free(gone);
}

int sl_objects_remove(struct sl_objects *set, const char *kind, const char *ns, const char *name)
{
	for (size_t i = 0; i < set->n; i++) {
		const struct sl_object *o = set->v[i];

		if (strcmp(o->name, name) != 0 ||
		    !sl_str_ieq(sl_str(sl_kind_name(o->kind)), sl_str(kind)))
			continue;
		/* What has no namespace is found whichever was said. */
		if (!o->kind->cluster_scope && strcmp(o->ns, ns) != 0)
			continue;
		remove_at(set, i);
		return 0;
	}
	return -ENOENT;
}
