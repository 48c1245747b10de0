/* SPDX-License-Identifier: BSD-3-Clause */
/* The set of Kubernetes and Istio objects as the files of lib/conf see it. */
#ifndef SL_CONF_OBJECTS_H
#define SL_CONF_OBJECTS_H

#include "schema.h"
#include "sl_conf.h"

/** Names to numbers. Keys belong to someone else and outlive the index. */
struct sl_index {
	struct sl_index_slot *slot;
	size_t n, cap;
};

/** 0 or -ENOMEM; an existing key gets the new value. */
int sl_index_put(struct sl_index *ix, const char *key, uint32_t value);

/** Value of a key, or -1. */
int64_t sl_index_get(const struct sl_index *ix, const char *key);
int sl_index_reserve(struct sl_index *ix, size_t n);
void sl_index_clear(struct sl_index *ix); /* keeps the room */
void sl_index_free(struct sl_index *ix);

/* Immutable once made, so that sets share it. */
struct sl_object {
	struct sl_arena arena; /* of everything below */
	unsigned refs;         /* sets that hold it */
	bool hashed;
	uint64_t hash[2]; /* over its canonical YAML; sl_objects_hash fills it */
	const struct sl_node *root;
	const struct sl_kind *kind;
	const char *api_version, *ns, *name;
	const char *file;
	int line;
	const char *key; /* "kind/ns/name" */
};

#define SL_WARNINGS_MAX 1000u

struct sl_warnings {
	char *text[SL_WARNINGS_MAX];
	bool lasts[SL_WARNINGS_MAX]; /* of an object that says nothing of endpoints or clusters */
	size_t n;
};

struct sl_objects {
	struct sl_object **v; /* in the order they came */
	size_t n, cap;
	struct sl_index index; /* object keys to places in v */
	struct sl_warnings *warn;
	struct sl_wanted *wanted;
	const struct sl_names *names; /* NULL: nothing is known of any */
	uint64_t names_version;
	size_t names_max;
};

/** Notes what is no error but worth a word. Beyond SL_WARNINGS_MAX it is dropped. */
void sl_objects_warn(const struct sl_objects *set, const struct sl_object *o, int line,
		     const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/** -EINVAL with the object's file and a line. */
int sl_object_bad(const struct sl_object *o, int line, struct sl_err *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
