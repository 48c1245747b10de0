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

static bool same_engine(const void *ctx, uint32_t val, struct sl_str key)
{
	const struct vec *blobs = ctx;
	uint64_t at = (uint64_t)val * SNAP_ALIGN;

	return key.n <= blobs->n - at && memcmp(blobs->p + at, key.p, key.n) == 0;
}

int build_names(struct builder *b)
{
	const struct sl_model *m = b->model;
	bool ok = true;

	b->strings = (struct map){.same = same_string, .ctx = &b->tab[SL_SNAP_STRINGS]};
	b->tables = (struct map){.same = same_table, .ctx = m};
	b->listeners = (struct map){.same = same_listener, .ctx = m};
	b->clusters = (struct map){.same = same_cluster, .ctx = m};
	b->engines = (struct map){.same = same_engine, .ctx = &b->tab[SL_SNAP_BLOBS]};
	for (size_t i = 0; i < m->n_tables && ok; i++)
		ok = map_put(&b->tables, sl_str(m->tables[i].name), (uint32_t)i);
	for (size_t i = 0; i < m->n_listeners && ok; i++)
		ok = map_put(&b->listeners, sl_str(m->listeners[i].name), (uint32_t)i);
	for (size_t i = 0; i < m->n_clusters && ok; i++)
		ok = map_put(&b->clusters, sl_str(m->clusters[i].name), (uint32_t)i);
	build_str(b, ""); /* offset 0: what a zeroed reference means */
	return ok ? 0 : sl_err(b->err, ENOMEM, "no memory for a snapshot");
}

int build_run(struct builder *b, int (*const *parts)(struct builder *b), size_t n)
{
	for (size_t i = 0; i < n; i++) {
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

void build_free(struct builder *b)
{
	for (int i = 0; i < SL_SNAP_TABS; i++)
		free(b->tab[i].p);
	map_free(&b->strings);
	map_free(&b->tables);
	map_free(&b->listeners);
	map_free(&b->clusters);
	map_free(&b->engines);
}

void build_place(const struct builder *b, struct sl_snap *s, unsigned int first, uint64_t at)
{
	for (unsigned int i = first; i < SL_SNAP_TABS; i++) {
		enum sl_snap_tab tab = snap_order[i];

		s->tab[tab].off = at;
		s->tab[tab].n = (uint32_t)b->tab[tab].n;
		s->tab[tab].size = snap_row_size[tab];
		at = snap_align(at + b->tab[tab].n * snap_row_size[tab]);
	}
	s->size = at;
}

void build_head(const struct builder *b, struct sl_snap *s)
{
	s->magic = SL_SNAP_MAGIC;
	s->version = SL_SNAP_VERSION;
	s->layout = snap_layout();
	s->epoch = b->epoch;
	s->built_wall_us = sl_wall_us();
}

void build_copy(const struct builder *b, struct sl_snap *s, unsigned int first)
{
	for (unsigned int i = first; i < SL_SNAP_TABS; i++) {
		const struct vec *v = &b->tab[snap_order[i]];

		if (v->n)
			memcpy((char *)s + s->tab[snap_order[i]].off, v->p,
			       v->n * snap_row_size[snap_order[i]]);
	}
}

/* The strings so far are the routes': they end with a page, so that those of patches begin one. */
static void end_strings(struct builder *b, struct sl_snap *head)
{
	uint64_t end;

	build_place(b, head, 0, SL_SNAP_PAGE);
	end = head->tab[SL_SNAP_STRINGS].off + head->tab[SL_SNAP_STRINGS].n;
	head->routes_end = snap_page(end);
	if (head->routes_end > end)
		build_rows(b, SL_SNAP_STRINGS, head->routes_end - end);
	build_place(b, head, 0, SL_SNAP_PAGE);
}

static int lay_out(struct builder *b, struct sl_snap **out, size_t *size)
{
	struct sl_snap head = {.base = b->epoch}, *s;

	build_head(b, &head);
	end_strings(b, &head);
	if (b->no_memory || b->too_big)
		return sl_err(b->err, ENOMEM, "no memory for a snapshot");
	s = aligned_alloc(SNAP_ALIGN, head.size);
	if (!s)
		return sl_err(b->err, ENOMEM, "no memory for a snapshot");
	memset(s, 0, head.size);
	*s = head;
	build_copy(b, s, 0);
	sl_snap_seal(s);
	*out = s;
	*size = s->size;
	return 0;
}

static int build(struct builder *b, struct sl_snap **out, size_t *size)
{
	static int (*const parts[])(struct builder * b) = {
		build_names,    build_clusters, build_tables,   build_listeners,
		build_services, build_slots,    build_databases};
	int rc;

	if (b->epoch == 0 || (b->prev && b->epoch <= b->prev->epoch))
		return sl_err(b->err, EINVAL, "epoch %llu does not follow the one before",
			      (unsigned long long)b->epoch);
	cache_begin(b->cache);
	rc = build_run(b, parts, SL_ARRAY_LEN(parts));
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
	build_free(&b);
	sl_snap_cache_free(own);
	return rc;
}
