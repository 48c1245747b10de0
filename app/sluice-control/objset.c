/* SPDX-License-Identifier: BSD-3-Clause */
/* Finds, merges and compares objects by kind, namespace and name; between lib/conf and commands. */
#include "objset.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int objset_compare(const struct sl_object_ref *a, const struct sl_object_ref *b)
{
	int c = strcasecmp(a->kind, b->kind);

	if (c == 0)
		c = strcmp(a->ns, b->ns);
	return c != 0 ? c : strcmp(a->name, b->name);
}

static int row_compare(const void *a, const void *b)
{
	return objset_compare(&((const struct objset_row *)a)->ref,
			      &((const struct objset_row *)b)->ref);
}

int objset_index_build(struct objset_index *ix, const struct sl_objects *set)
{
	size_t n = sl_objects_count(set);

	*ix = (struct objset_index){0};
	ix->row = calloc(n ? n : 1, sizeof(*ix->row));
	if (ix->row == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		ix->row[i] = (struct objset_row){sl_objects_at(set, i), i};
	ix->n = n;
	qsort(ix->row, n, sizeof(*ix->row), row_compare);
	return 0;
}

void objset_index_free(struct objset_index *ix)
{
	free(ix->row);
	*ix = (struct objset_index){0};
}

size_t objset_find(const struct objset_index *ix, const struct sl_object_ref *ref)
{
	struct objset_row key = {.ref = *ref};
	const struct objset_row *hit;

	hit = bsearch(&key, ix->row, ix->n, sizeof(*ix->row), row_compare);
	return hit != NULL ? hit->at : OBJSET_NONE;
}

int objset_merge(struct sl_objects *into, const struct sl_objects *from)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sl_objects_count(from); i++)
		if (!sl_objects_at(from, i).ignored)
			rc = sl_objects_put(into, from, i);
	return rc;
}

int objset_batch_add(struct objset_batch *batch, const char *name, const char *text, size_t len,
		     struct sl_err *err)
{
	struct sl_objects *one;
	int rc;

	if (batch->n == batch->cap) {
		size_t cap = batch->cap * 2 + 16;
		struct sl_objects **doc = realloc(batch->doc, cap * sizeof(void *));

		if (doc == NULL)
			return sl_err(err, ENOMEM, "Out of memory.");
		batch->doc = doc;
		batch->cap = cap;
	}
	one = sl_objects_create();
	if (one == NULL)
		return sl_err(err, ENOMEM, "Out of memory.");
	rc = sl_objects_read_text(one, name, text, len, err);
	if (rc < 0)
		sl_objects_free(one);
	else
		batch->doc[batch->n++] = one;
	return rc;
}

/* Once sorted, an object that is there twice is its own neighbour. */
static int refuse_twice(struct objset_row *row, size_t n, struct sl_err *err)
{
	char label[1024];

	qsort(row, n, sizeof(*row), row_compare);
	for (size_t i = 1; i < n; i++) {
		bool swap = row[i - 1].at > row[i].at;
		const struct sl_object_ref *first = &row[swap ? i : i - 1].ref;
		const struct sl_object_ref *again = &row[swap ? i - 1 : i].ref;

		if (row_compare(&row[i - 1], &row[i]) == 0)
			return sl_err(err, EINVAL,
				      "%s:%d: %s is in %s:%d already; keep one of the two or "
				      "rename one.",
				      again->file, again->line,
				      objset_label(again, label, sizeof(label)), first->file,
				      first->line);
	}
	return 0;
}

static int batch_check(const struct objset_batch *batch, struct sl_err *err)
{
	struct objset_row *row;
	size_t total = 0, n = 0;
	int rc;

	for (size_t d = 0; d < batch->n; d++)
		total += sl_objects_count(batch->doc[d]);
	row = calloc(total ? total : 1, sizeof(*row));
	if (row == NULL)
		return sl_err(err, ENOMEM, "Out of memory.");
	for (size_t d = 0; d < batch->n; d++)
		for (size_t i = 0; i < sl_objects_count(batch->doc[d]); i++) {
			row[n] = (struct objset_row){sl_objects_at(batch->doc[d], i), n};
			n++;
		}
	rc = refuse_twice(row, n, err);
	free(row);
	return rc;
}

int objset_batch_set(const struct objset_batch *batch, struct sl_objects **out, struct sl_err *err)
{
	struct sl_objects *set;
	int rc = batch_check(batch, err);

	if (rc < 0)
		return rc;
	set = sl_objects_create();
	for (size_t d = 0; set != NULL && rc == 0 && d < batch->n; d++)
		for (size_t i = 0; rc == 0 && i < sl_objects_count(batch->doc[d]); i++)
			rc = sl_objects_put(set, batch->doc[d], i);
	if (set == NULL || rc < 0) {
		sl_objects_free(set);
		return sl_err(err, ENOMEM, "Out of memory.");
	}
	*out = set;
	return 0;
}

void objset_batch_free(struct objset_batch *batch)
{
	for (size_t d = 0; d < batch->n; d++)
		sl_objects_free(batch->doc[d]);
	free(batch->doc);
	*batch = (struct objset_batch){0};
}

int objset_equal(const struct sl_objects *a, const struct sl_objects *b)
{
	struct objset_index ix;
	int same = sl_objects_count(a) == sl_objects_count(b);

	if (!same)
		return 0;
	if (objset_index_build(&ix, a) < 0)
		return -ENOMEM;
	for (size_t i = 0; same == 1 && i < sl_objects_count(b); i++) {
		struct sl_object_ref ref = sl_objects_at(b, i);
		size_t at = objset_find(&ix, &ref);

		same = at == OBJSET_NONE ? 0 : sl_objects_same(a, at, b, i);
	}
	objset_index_free(&ix);
	return same;
}

char *objset_label(const struct sl_object_ref *ref, char *buf, size_t cap)
{
	size_t i;

	snprintf(buf, cap, "%s/%s%s%s", ref->kind, ref->name, ref->ns[0] ? "." : "", ref->ns);
	for (i = 0; buf[i] != '\0' && buf[i] != '/'; i++)
		buf[i] = sl_lower(buf[i]);
	return buf;
}
