/* SPDX-License-Identifier: BSD-3-Clause */
/* YAML files and folders to objects of a set, all or nothing. */
#include "objects_read.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "text.h"

#define ITEMS_DEPTH_MAX 4 /* Lists in Lists */

/* One reading: everything goes into a batch first. */
struct batch {
	struct sl_objects *set;
	const char *file;
	int lists; /* open Lists around the object */
};

static int add(void *ctx, const struct sl_node *doc, struct sl_err *err);

/* `kind: List`, as `kubectl get -o yaml` writes it. */
static int add_items(struct batch *b, const struct sl_node *list, struct sl_err *err)
{
	const struct sl_node *items = sl_node_get(list, "items");
	int e = 0;

	if (items && items->type != SL_NODE_SEQ)
		return sl_err(err, EINVAL, "%s:%d: items is %s; write a list of objects", b->file,
			      items->line, sl_node_type_name(items));
	if (b->lists == ITEMS_DEPTH_MAX)
		return sl_err(err, EINVAL, "%s:%d: Lists nested too deeply", b->file, list->line);
	b->lists++;
	for (uint32_t i = 0; e == 0 && i < sl_node_len(items); i++)
		e = add(b, items->item[i], err);
	b->lists--;
	return e;
}

static int add(void *ctx, const struct sl_node *doc, struct sl_err *err)
{
	struct batch *b = ctx;
	const struct sl_kind *kind;
	const struct sl_object *first;
	struct sl_object *o;
	int e;

	if (strcmp(sl_node_text(doc, "kind", ""), "List") == 0)
		return add_items(b, doc, err);
	e = sl_schema_check(b->file, doc, &kind, err);
	if (e)
		return e;
	o = sl_object_create(doc, kind, b->file);
	if (!o)
		return sl_err(err, ENOMEM, "out of memory while %s was read", b->file);
	first = sl_objects_find(b->set, o->key);
	if (first)
		e = sl_err(err, EINVAL,
			   "%s:%d: %s %s%s%s is already defined at %s:%d; write it once", b->file,
			   o->line, sl_kind_name(kind), o->ns, *o->ns ? "/" : "", o->name,
			   first->file, first->line);
	else if (sl_objects_take(b->set, o) < 0)
		e = sl_err(err, ENOMEM, "out of memory while %s was read", b->file);
	if (e)
		sl_object_free(o);
	return e;
}

/* The batch was good: its objects move over. */
static int commit(struct sl_objects *set, struct sl_objects *batch, struct sl_err *err)
{
	if (sl_objects_reserve(set, batch->n) < 0)
		return sl_err(err, ENOMEM, "out of memory while objects were read");
	for (size_t i = 0; i < batch->n; i++)
		(void)sl_objects_take(set, batch->v[i]);
	batch->n = 0;
	return 0;
}

static int read_text(struct sl_objects *batch, const char *name, const char *text, size_t n,
		     struct sl_err *err)
{
	struct batch b = {.set = batch, .file = name};

	return sl_yaml_read(name, text, n, add, &b, err);
}

int sl_objects_read_text(struct sl_objects *set, const char *name, const char *text, size_t len,
			 struct sl_err *err)
{
	struct sl_objects *batch = sl_objects_create();
	int e;

	if (!batch)
		return sl_err(err, ENOMEM, "out of memory while %s was read", name);
	e = read_text(batch, name, text, len, err);
	if (e == 0)
		e = commit(set, batch, err);
	sl_objects_free(batch);
	return e;
}

static int read_file(struct sl_objects *batch, const char *path, struct sl_err *err)
{
	char *text = NULL;
	size_t n = 0;
	int e = sl_file_read(path, &text, &n, err);

	if (e == 0)
		e = read_text(batch, path, text, n, err);
	free(text);
	return e;
}

bool sl_objects_file(const char *name)
{
	const char *dot = strrchr(name, '.');

	return name[0] != '.' && dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

static int is_yaml(const struct dirent *d)
{
	return sl_objects_file(d->d_name);
}

static int read_entry(struct sl_objects *batch, const char *dir, const char *name,
		      struct sl_err *err)
{
	size_t n = strlen(dir);
	struct stat st;
	char *path;
	int e = 0;

	if (asprintf(&path, "%s%s%s", dir, n && dir[n - 1] == '/' ? "" : "/", name) < 0)
		return sl_err(err, ENOMEM, "out of memory while %s was read", dir);
	if (stat(path, &st) < 0)
		e = sl_err(err, errno, "%s: %s", path, strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		e = read_file(batch, path, err);
	free(path);
	return e;
}

/* In the order of names, so that messages and sets don't depend on the file system. */
static int read_dir(struct sl_objects *batch, const char *path, struct sl_err *err)
{
	struct dirent **list;
	int n = scandir(path, &list, is_yaml, alphasort);
	int e = 0;

	if (n < 0)
		return sl_err(err, errno, "%s: %s", path, strerror(errno));
	for (int i = 0; i < n; i++) {
		if (e == 0)
			e = read_entry(batch, path, list[i]->d_name, err);
		free(list[i]);
	}
	free(list);
	return e;
}

int sl_objects_read(struct sl_objects *set, const char *path, struct sl_err *err)
{
	struct sl_objects *batch;
	struct stat st;
	int e;

	if (stat(path, &st) < 0)
		return sl_err(err, errno, "%s: %s", path,
			      errno == ENOENT ? "there is no such file or folder"
					      : strerror(errno));
	batch = sl_objects_create();
	if (!batch)
		return sl_err(err, ENOMEM, "out of memory while %s was read", path);
	e = S_ISDIR(st.st_mode) ? read_dir(batch, path, err) : read_file(batch, path, err);
	if (e == 0)
		e = commit(set, batch, err);
	sl_objects_free(batch);
	return e;
}
