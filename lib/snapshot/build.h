/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of the snapshot builder share: growing tables, string heap, hash maps. */
#ifndef SL_SNAP_BUILD_PRIVATE_H
#define SL_SNAP_BUILD_PRIVATE_H

#include "cache.h"
#include "sl_snap_build.h"
#include "snap.h"

/** Growing array of rows of one size; its rows move when it grows. */
struct vec {
	char *p;
	size_t n, cap; /* rows */
};

/** Hash map from a string to a number; whose string it is, the owner of the number knows. */
struct map {
	struct {
		uint64_t hash;
		uint32_t val; /* SL_SNAP_NONE: empty */
	} * bucket;
	size_t n, cap;
	bool (*same)(const void *ctx, uint32_t val, struct sl_str key);
	const void *ctx;
};

struct builder {
	const struct sl_model *model;
	const struct sl_snap *prev;
	struct sl_snap_cache *cache;
	uint64_t epoch;
	struct vec tab[SL_SNAP_TABS];
	uint32_t strings_off; /* of the first string in tab: a patch's stand behind the routes' */
	struct map strings, tables, listeners, clusters;
	struct map engines; /* where databases have them, in units of SNAP_ALIGN */
	bool patch;         /* routes, listeners and their slots are prev's */
	bool no_memory;     /* sticky: looked at once a table */
	bool too_big;
	struct sl_err *err;
};

/** Room for n more zeroed rows; NULL sets no_memory or too_big. */
void *build_rows(struct builder *b, enum sl_snap_tab tab, size_t n);

/** Puts a string into the heap, once. */
struct sl_ref build_str(struct builder *b, const char *text);
struct sl_ref build_strn(struct builder *b, struct sl_str text);

/** The same from a format. */
struct sl_ref build_strf(struct builder *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** A row of a table being built; valid until that table grows. */
#define BUILD_ROW(b, type, which, row) ((struct type *)(b)->tab[which].p + (row))

struct sl_str build_ref_str(const struct builder *b, struct sl_ref ref);

/** @return The number found or just put in (val, when the key was new), or NULL: no memory. */
uint32_t *map_put(struct map *m, struct sl_str key, uint32_t val);
uint32_t map_get(const struct map *m, struct sl_str key);
void map_free(struct map *m);

/** Writes "file:line: " and the sentence. @return -code. */
int build_bad(struct builder *b, const struct sl_origin *origin, int code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/**
 * The ring of a level's endpoints: one that is there already (here or in the snapshot before) where
 * the content is the same.
 *
 * @return Row of rings, or SL_SNAP_NONE without memory.
 */
uint32_t build_ring(struct builder *b, const struct sl_model_cluster *m, struct sl_span endpoints);

/** Header changes of a way through a route; w NULL: of answers we give ourselves. */
int build_changes(struct builder *b, const struct sl_model_route *m,
		  const struct sl_model_weight *w, struct sl_span *span);

/** Row of a CORS policy, or SL_SNAP_NONE: there is none. */
uint32_t build_cors(struct builder *b, const struct sl_model_cors *m);

/** Runs parts in order until one fails; 0 or -errno with a text. */
int build_run(struct builder *b, int (*const *parts)(struct builder *b), size_t n);
void build_free(struct builder *b);

/** Where each table lies and what it is made of, except where routes end; sets s->size. */
void build_place(const struct builder *b, struct sl_snap *s, unsigned int first, uint64_t at);
void build_head(const struct builder *b, struct sl_snap *s);
/** Copies the tables from snap_order[first] on to their places. */
void build_copy(const struct builder *b, struct sl_snap *s, unsigned int first);

/* The parts, in the order in which they run; 0 or -errno with a text. */
int build_names(struct builder *b);
int build_clusters(struct builder *b);
int build_tables(struct builder *b);
int build_listeners(struct builder *b);
int build_services(struct builder *b);
int build_databases(struct builder *b);
int build_slots(struct builder *b);

#endif
