/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds the hash table of a database's literals. */
#include <errno.h>
#include <stdlib.h>

#include "compile.h"

#define BUCKETS_MIN 16u

int literals_add(struct literals *l, struct sl_str text, bool fold, enum sl_index_kind kind,
		 uint32_t id)
{
	struct literal *row = l->row;

	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 16;
		row = realloc(l->row, l->cap * sizeof(*row));
		if (!row)
			return -ENOMEM;
		l->row = row;
	}
	row += l->n;
	*row = (struct literal){malloc((size_t)text.n + 1), id, (uint16_t)text.n, (uint8_t)kind, 0};
	if (!row->text)
		return -ENOMEM;
	l->n++;
	for (uint32_t i = 0; i < text.n; i++)
		row->text[i] = fold ? sl_lower(text.p[i]) : text.p[i];
	return 0;
}

void literals_free(struct literals *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->row[i].text);
	free(l->row);
	free(l->text);
}

/* Texts that fit into a cache line do not cross into a second one. */
static int lay_out_texts(struct literals *l, struct sl_match_index *ix)
{
	uint64_t at = 0;

	l->text = calloc(l->n + 1, sizeof(*l->text));
	if (!l->text)
		return -ENOMEM;
	for (size_t i = 0; i < l->n; i++) {
		uint32_t len = l->row[i].len;

		if (at % SL_MATCH_ALIGN + len > SL_MATCH_ALIGN && len <= SL_MATCH_ALIGN)
			at = sl_match_align(at);
		l->text[i] = (uint32_t)at;
		at += len;
		if (at > UINT32_MAX)
			return -ENOMEM;
	}
	ix->texts = (uint32_t)at;
	return 0;
}

/* Marks the lengths that are probed for; returns how many there are. */
static uint16_t mark_lengths(const struct literals *l, uint8_t marks[SL_MATCH_SUBJECT_MAX + 1])
{
	uint16_t n = 0;

	memset(marks, 0, SL_MATCH_SUBJECT_MAX + 1);
	for (size_t i = 0; i < l->n; i++)
		if (l->row[i].kind != SL_INDEX_EXACT && !marks[l->row[i].len]) {
			marks[l->row[i].len] = 1;
			n++;
		}
	return n;
}

int literals_reserve(struct literals *l, uint64_t *end, struct sl_match_index *ix)
{
	uint8_t marks[SL_MATCH_SUBJECT_MAX + 1];
	uint64_t buckets = BUCKETS_MIN;

	if (l->n == 0)
		return 0;
	while (buckets < 2 * l->n)
		buckets *= 2;
	if (lay_out_texts(l, ix) || buckets > UINT32_MAX || *end / SL_MATCH_ALIGN > UINT32_MAX)
		return -ENOMEM;
	ix->off = (uint32_t)(*end / SL_MATCH_ALIGN);
	ix->mask = (uint32_t)buckets - 1;
	ix->n_lengths = mark_lengths(l, marks);
	for (size_t i = 0; i < l->n; i++)
		if (l->row[i].kind == SL_INDEX_EXACT)
			ix->longest = SL_MAX(ix->longest, l->row[i].len);
	*end = sl_index_places(ix).end;
	return 0;
}

static uint64_t hash_of(const struct literal *row)
{
	uint64_t state = SL_INDEX_SEED;
	size_t n = row->len;

	for (size_t i = 0; i < sl_index_words(n); i++)
		state = sl_index_step(state, sl_index_word(row->text + 8 * i));
	return sl_index_hash(
		state, n >= 8 ? sl_index_word(row->text + n - 8) : sl_index_first(row->text, n), n,
		row->kind == SL_INDEX_EXACT);
}

void literals_place(const struct literals *l, void *db, const struct sl_match_index *ix)
{
	uint8_t marks[SL_MATCH_SUBJECT_MAX + 1];
	struct sl_index_places p;
	struct sl_index_entry *entry;
	uint16_t *length;
	uint8_t *tag;

	if (l->n == 0)
		return;
	p = sl_index_places(ix);
	length = (void *)((char *)db + p.length);
	tag = (uint8_t *)db + p.tag;
	entry = (void *)((char *)db + p.entry);
	mark_lengths(l, marks);
	for (uint32_t n = SL_MATCH_SUBJECT_MAX + 1; n-- > 0;)
		if (marks[n])
			*length++ = (uint16_t)n;
	for (size_t i = 0; i < l->n; i++) {
		const struct literal *row = &l->row[i];
		uint64_t hash = hash_of(row);
		uint32_t at = sl_index_begin(hash, ix->mask);

		while (tag[at])
			at = (at + 1) & ix->mask;
		tag[at] = sl_index_tag(hash);
		entry[at] = (struct sl_index_entry){sl_index_rest(hash), row->id,
						    l->text[i],          row->len,
						    (uint8_t)row->kind,  row->lines};
		memcpy((char *)db + p.text + l->text[i], row->text, row->len);
		if (row->kind == SL_INDEX_GATE)
			sl_match_group_at(db, row->id)->gate = at;
	}
}
