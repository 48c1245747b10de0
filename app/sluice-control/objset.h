/* SPDX-License-Identifier: BSD-3-Clause */
/* Sets of objects as control commands see them: found by name, merged, compared. */
#ifndef OBJSET_H
#define OBJSET_H

#include <stddef.h>

#include "sl_conf.h"

#define OBJSET_NONE SIZE_MAX

struct objset_row {
	struct sl_object_ref ref;
	size_t at; /* position in the set */
};

/** Sorted by kind (case does not matter), namespace and name. Valid until the set changes. */
struct objset_index {
	struct objset_row *row;
	size_t n;
};

/** @return 0 or -ENOMEM. Free with objset_index_free. */
int objset_index_build(struct objset_index *ix, const struct sl_objects *set);
void objset_index_free(struct objset_index *ix);

/** Position in the set of the object that has ref's kind, namespace and name, or OBJSET_NONE. */
size_t objset_find(const struct objset_index *ix, const struct sl_object_ref *ref);

/** Order of the index: kind, namespace, name. */
int objset_compare(const struct sl_object_ref *a, const struct sl_object_ref *b);

/** Copies every object that is used (not ignored) of `from` into `into`, replacing. */
int objset_merge(struct sl_objects *into, const struct sl_objects *from);

/** Documents of one request, until all of them are read. All zero to begin. */
struct objset_batch {
	struct sl_objects **doc;
	size_t n, cap;
};

/** Reads one document into the batch. 0 or -errno with file:line. */
int objset_batch_add(struct objset_batch *batch, const char *name, const char *text, size_t len,
		     struct sl_err *err);

/**
 * All objects of the batch as one set, in the order in which they were added.
 *
 * @return 0; -EINVAL when an object is in two documents, naming both places; -ENOMEM.
 */
int objset_batch_set(const struct objset_batch *batch, struct sl_objects **out, struct sl_err *err);
void objset_batch_free(struct objset_batch *batch);

/** Whether two sets hold objects that say the same: 1, 0 or -ENOMEM. */
int objset_equal(const struct sl_objects *a, const struct sl_objects *b);

/** "virtualservice/simple.simple", or "namespace/simple" without a namespace. @return buf. */
char *objset_label(const struct sl_object_ref *ref, char *buf, size_t cap);

#endif
