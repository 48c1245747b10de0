/* SPDX-License-Identifier: BSD-3-Clause */
/* Compiles a model into a snapshot: runs the parts and lays the segment out. */
#include <errno.h>
#include <stdlib.h>

#include "build.h"

static bool same_string(const void *ctx, uint32_t val, struct sl_str key)
{
	const struct vec *heap = ctx;

	/* Keys hold no NUL, so one behind the same bytes means the same length. */
	return heap->n - val > key.n && memcmp(heap->p + val, key.p, key.n) == 0 &&
	       heap->p[val + key.n] == '\0';
}

static bool same_table(const void *ctx, uint32_t val, struct sl_str key)
{
	return sl_str_eq(sl_str(((const struct sl_model *)ctx)->tables[val].name), key);
}

static bool same_listener(const void *ctx, uint32_t val, struct sl_str key)
{
	return sl_str_eq(sl_str(((const struct sl_model *)ctx)->listeners[val].name), key);
}

static bool same_cluster(const void *ctx, uint32_t val, struct sl_str key)
{
	return sl_str_eq(sl_str(((const struct sl_model *)ctx)->clusters[val].name), key);
}

static int index_names(struct builder *b)
{
	const struct sl_model *m = b->model;
	bool ok = true;

	b->strings = (struct map){.same = same_string, .ctx = &b->tab[SL_SNAP_STRINGS]};
	b->tables = (struct map){.same = same_table, .ctx = m};
	b->listeners = (struct map){.same = same_listener, .ctx = m};
	b->clusters = (struct map){.same = same_cluster, .ctx = m};
	for (size_t i = 0; i < m->n_tables && ok; i++)
		ok = map_put(&b->tables, sl_str(m->tables[i].name), (uint32_t)i);
	for (size_t i = 0; i < m->n_listeners && ok; i++)
		ok = map_put(&b->listeners, sl_str(m->listeners[i].name), (uint32_t)i);
	for (size_t i = 0; i < m->n_clusters && ok; i++)
		ok = map_put(&b->clusters, sl_str(m->clusters[i].name), (uint32_t)i);
	build_str(b, ""); /* offset 0: what a zeroed reference means */
	return ok ? 0 : sl_err(b->err, ENOMEM, "no memory for a snapshot");
}

static int run_parts(struct builder *b)
{
	static int (*const parts[])(struct builder * b) = {
		index_names,    build_clusters, build_tables,   build_listeners,
		build_services, build_slots,    build_databases};

	for (size_t i = 0; i < SL_ARRAY_LEN(parts); i++) {
		int rc = parts[i](b);

		if (rc)
			return rc;
		if (b->no_memory)
			return sl_err(b->err, ENOMEM, "no memory for a snapshot");
		if (b->too_big)
			return sl_err(b->err, ENOSPC,
				      "the configuration has more than 2^32 rows "
				      "or bytes of one kind");
	}
	return 0;
}

static int lay_out(struct builder *b, struct sl_snap **out, size_t *size)
{
	uint64_t at = snap_align(sizeof(struct sl_snap));
	struct sl_snap *s;

	for (int i = 0; i < SL_SNAP_TABS; i++)
		at = snap_align(at + b->tab[i].n * snap_row_size[i]);
	s = aligned_alloc(SNAP_ALIGN, at);
	if (!s)
		return sl_err(b->err, ENOMEM, "no memory for a snapshot");
	memset(s, 0, at);
	s->magic = SL_SNAP_MAGIC;
	s->version = SL_SNAP_VERSION;
	s->layout = snap_layout();
	s->epoch = b->epoch;
	s->size = at;
	s->built_wall_us = sl_wall_us();
	at = snap_align(sizeof(*s));
	for (int i = 0; i < SL_SNAP_TABS; i++) {
		size_t bytes = b->tab[i].n * snap_row_size[i];

		s->tab[i].off = at;
		s->tab[i].n = (uint32_t)b->tab[i].n;
		s->tab[i].size = snap_row_size[i];
		if (bytes)
			memcpy((char *)s + at, b->tab[i].p, bytes);
		at = snap_align(at + bytes);
	}
	s->crc = sl_snap_crc(s);
	*out = s;
	*size = s->size;
	return 0;
}

static int build(struct builder *b, struct sl_snap **out, size_t *size)
{
	int rc;

	if (b->epoch == 0 || (b->prev && b->epoch <= b->prev->epoch))
		return sl_err(b->err, EINVAL, "epoch %llu does not follow the one before",
			      (unsigned long long)b->epoch);
	cache_begin(b->cache);
	rc = run_parts(b);
	if (!rc)
		rc = lay_out(b, out, size);
	cache_end(b->cache);
	return rc;
}

int sl_snap_build(const struct sl_model *model, uint64_t epoch, const struct sl_snap *prev,
		  struct sl_snap_cache *cache, struct sl_snap **out, size_t *size,
		  struct sl_err *err)
{
	struct sl_snap_cache *own = cache ? NULL : sl_snap_cache_create(NULL);
	struct builder b = {.model = model,
			    .prev = prev,
			    .cache = cache ? cache : own,
			    .epoch = epoch,
			    .err = err};
	int rc;

	*out = NULL;
	*size = 0;
	if (!b.cache)
		return sl_err(err, ENOMEM, "no memory for a snapshot");
	rc = build(&b, out, size);
	for (int i = 0; i < SL_SNAP_TABS; i++)
		free(b.tab[i].p);
	map_free(&b.strings);
	map_free(&b.tables);
	map_free(&b.listeners);
	map_free(&b.clusters);
	sl_snap_cache_free(own);
	return rc;
}
