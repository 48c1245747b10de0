/* SPDX-License-Identifier: BSD-3-Clause */
/* How objects come into a set: what objects.c offers to objects_read.c and to the translation. */
#ifndef SL_CONF_OBJECTS_READ_H
#define SL_CONF_OBJECTS_READ_H

#include "objects.h"

/** A checked tree as an object of its own memory; NULL when out of memory. */
struct sl_object *sl_object_create(const struct sl_node *root, const struct sl_kind *kind,
				   const char *file);
void sl_object_free(struct sl_object *o);

/** Room for more objects: after it, that many takes can't fail. */
int sl_objects_reserve(struct sl_objects *set, size_t more);

/** Adds an object, or replaces the one of its key. 0 or -ENOMEM (nothing taken). */
int sl_objects_take(struct sl_objects *set, struct sl_object *o);

struct sl_object *sl_objects_find(const struct sl_objects *set, const char *key);
void sl_objects_warn_clear(const struct sl_objects *set);
/** Those of an earlier set that a translation of endpoints would not find again. */
void sl_objects_warn_keep(const struct sl_objects *set, const struct sl_objects *was);

#endif
