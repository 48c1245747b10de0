/* SPDX-License-Identifier: BSD-3-Clause */
/* Growing tables, string heap and hash maps of the snapshot builder. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "build.h"

void *build_rows(struct builder *b, enum sl_snap_tab tab, size_t n)
{
	struct vec *v = &b->tab[tab];
	size_t size = snap_row_size[tab], cap = v->cap ? v->cap : 64;
	char *p;

	/* Row numbers and string offsets are 32 bits, the largest means none. */
	if (n >= SL_SNAP_NONE - v->n - (tab == SL_SNAP_STRINGS ? b->strings_off : 0)) {
		b->too_big = true;
		return NULL;
	}
	while (cap < v->n + n)
		cap *= 2;
	if (cap != v->cap) {
		p = realloc(v->p, cap * size);
		if (!p) {
			b->no_memory = true;
			return NULL;
		}
		v->p = p;
		v->cap = cap;
	}
	p = v->p + v->n * size;
	memset(p, 0, n * size);
	v->n += n;
	return p;
}

static int map_grow(struct map *m)
{
	struct map bigger = {.cap = m->cap ? m->cap * 2 : 64};

	bigger.bucket = malloc(bigger.cap * sizeof(*bigger.bucket));
	if (!bigger.bucket)
		return -ENOMEM;
	for (size_t i = 0; i < bigger.cap; i++)
		bigger.bucket[i].val = SL_SNAP_NONE;
	for (size_t i = 0; i < m->cap; i++) {
		size_t at = m->bucket[i].hash & (bigger.cap - 1);

		if (m->bucket[i].val == SL_SNAP_NONE)
			continue;
		while (bigger.bucket[at].val != SL_SNAP_NONE)
			at = (at + 1) & (bigger.cap - 1);
		bigger.bucket[at] = m->bucket[i];
	}
	free(m->bucket);
	m->bucket = bigger.bucket;
	m->cap = bigger.cap;
	return 0;
}

/* Bucket of the key, or the empty one where it would stand; the map is not empty. */
static size_t map_probe(const struct map *m, struct sl_str key, uint64_t hash)
{
	size_t at = hash & (m->cap - 1);

	while (m->bucket[at].val != SL_SNAP_NONE &&
	       (m->bucket[at].hash != hash || !m->same(m->ctx, m->bucket[at].val, key)))
		at = (at + 1) & (m->cap - 1);
	return at;
}

uint32_t *map_put(struct map *m, struct sl_str key, uint32_t val)
{
	uint64_t hash = sl_fnv1a(0, key.p, key.n);
	size_t at;

	if (m->n >= m->cap / 2 && map_grow(m) < 0)
		return NULL;
	at = map_probe(m, key, hash);
	if (m->bucket[at].val == SL_SNAP_NONE) {
		m->bucket[at].hash = hash;
		m->bucket[at].val = val;
		m->n++;
	}
	return &m->bucket[at].val;
}

uint32_t map_get(const struct map *m, struct sl_str key)
{
	if (m->n == 0)
		return SL_SNAP_NONE;
	return m->bucket[map_probe(m, key, sl_fnv1a(0, key.p, key.n))].val;
}

void map_free(struct map *m)
{
	free(m->bucket);
	memset(m, 0, sizeof(*m));
}

struct sl_ref build_strn(struct builder *b, struct sl_str text)
{
	struct sl_ref ref = {0, 0};
	uint32_t at = (uint32_t)b->tab[SL_SNAP_STRINGS].n, *got;
	char *p;

	got = map_put(&b->strings, text, at);
	if (!got) {
		b->no_memory = true;
		return ref;
	}
	if (*got == at) {
		p = build_rows(b, SL_SNAP_STRINGS, (size_t)text.n + 1);
		if (!p)
			return ref;
		if (text.n)
			memcpy(p, text.p, text.n);
	}
	return (struct sl_ref){b->strings_off + *got, text.n};
}

struct sl_ref build_str(struct builder *b, const char *text)
{
	return build_strn(b, sl_str(text));
}

struct sl_ref build_strf(struct builder *b, const char *fmt, ...)
{
	struct sl_ref ref = {0, 0};
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->no_memory = true;
		return ref;
	}
	ref = build_str(b, text);
	free(text);
	return ref;
}

struct sl_str build_ref_str(const struct builder *b, struct sl_ref ref)
{
	return (struct sl_str){b->tab[SL_SNAP_STRINGS].p + (ref.off - b->strings_off), ref.len};
}

int build_bad(struct builder *b, const struct sl_origin *origin, int code, const char *fmt, ...)
{
	char text[SL_ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	sl_err(b->err, code, "%s", text);
	if (origin && origin->file && *origin->file)
		sl_err_prefix(b->err, "%s:%d: ", origin->file, origin->line);
	return -code;
}
