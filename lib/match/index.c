/* SPDX-License-Identifier: BSD-3-Clause */
/* Finds the literals of a database that a subject begins with or equals; for every request. */
#include "search.h"

/* A subject being looked up in one table. */
struct lookup {
	struct sl_match_search *search;
	struct sl_index_view at;
	struct sl_str subject;
	uint64_t first; /* its first 8 bytes, 0 behind its end */
	uint32_t mask;
};

static bool same_text(const struct lookup *l, const struct sl_index_entry *e)
{
	return e->len == 0 || memcmp(l->at.text + e->text, l->subject.p, e->len) == 0;
}

static void open_gate(struct lookup *l, const struct sl_index_entry *e)
{
	struct sl_match_search *s = l->search;

	sl_match_fetch(sl_match_group(s->db, e->id), e->lines);
	if (same_text(l, e) && s->n_gates < SL_MATCH_GATES_MAX)
		s->gate[s->n_gates++] = e->id;
}

static void try_entry(struct lookup *l, const struct sl_index_entry *e)
{
	struct sl_match_search *s = l->search;

	if (e->kind == SL_INDEX_GATE) {
		open_gate(l, e);
		return;
	}
	if (e->id >= s->bound)
		return;
	/* What the caller reads next comes while the texts are compared. */
	sl_match_fetch_row(s, e->id);
	if (same_text(l, e))
		sl_match_report(s, e->id);
}

static void probe(struct lookup *l, size_t n, bool exact)
{
	uint64_t last = n >= 8 ? sl_index_word(l->subject.p + n - 8)
			       : l->first & ((UINT64_C(1) << (8 * n)) - 1);
	uint64_t hash = sl_index_hash(l->search->state[sl_index_words(n)], last, n, exact);
	uint32_t at = sl_index_begin(hash, l->mask);
	uint64_t tags, hits;

	/* At least one bucket is empty: a probe ends. */
	do {
		tags = sl_index_word((const char *)l->at.tag + at);
		for (hits = sl_index_zeros(tags ^ sl_index_tag(hash) * SL_INDEX_ONES); hits;
		     hits &= hits - 1) {
			uint32_t i = at + (uint32_t)__builtin_ctzll(hits) / 8;
			const struct sl_index_entry *e = &l->at.entry[i];

			if (e->hash == sl_index_rest(hash) && e->len == n && l->at.tag[i] &&
			    (e->kind == SL_INDEX_EXACT) == exact)
				try_entry(l, e);
		}
		at = (at + SL_INDEX_GROUP) & l->mask;
	} while (!sl_index_zeros(tags));
}

/* The states of a subject's hashes, as far as a literal of n bytes needs them. */
static void make_states(uint64_t *state, const char *text, size_t n)
{
	uint64_t h = SL_INDEX_SEED;
	size_t words = sl_index_words(n);

	state[0] = h;
	for (size_t i = 0; i < words; i++)
		state[i + 1] = h = sl_index_step(h, sl_index_word(text + 8 * i));
}

void sl_index_find(struct sl_match_search *s, const struct sl_match_index *ix,
		   struct sl_str subject)
{
	struct lookup l = {s, sl_index_view(s->db, ix), subject,
			   sl_index_first(subject.p, subject.n), ix->mask};
	bool exact = subject.n <= ix->longest;
	uint32_t i = 0;

	while (i < ix->n_lengths && l.at.length[i] > subject.n)
		i++;
	make_states(s->state, subject.p,
		    exact               ? subject.n
		    : i < ix->n_lengths ? l.at.length[i]
					: 0);
	/* Lists mostly have the longer ones first: what is found early makes the rest cheaper. */
	if (exact)
		probe(&l, subject.n, true);
	for (; i < ix->n_lengths && s->bound; i++)
		probe(&l, l.at.length[i], false);
}

/* Whether an entry leads to a text of the table, and a gate to a group. */
static bool entry_ok(const struct sl_match_db *db, const struct sl_match_index *ix,
		     const struct sl_index_entry *e, uint32_t bucket)
{
	const struct sl_match_group *g;

	if (e->kind > SL_INDEX_GATE || e->len > SL_MATCH_SUBJECT_MAX || e->text > ix->texts ||
	    e->len > ix->texts - e->text)
		return false;
	if (e->kind != SL_INDEX_GATE)
		return e->id < SL_MATCH_ID_MAX;
	g = sl_match_group(db, e->id);
	return db->n_groups && e->id >= db->groups &&
	       (uint64_t)e->id * SL_MATCH_ALIGN <= db->len - sizeof(*g) && g->self == e->id &&
	       g->gate == bucket && g->skip <= e->len;
}

bool sl_index_ok(const struct sl_match_db *db, const struct sl_match_index *ix)
{
	struct sl_index_places p = sl_index_places(ix);
	struct sl_index_view v;
	uint64_t empty = 0;

	if (ix->off == 0)
		return true;
	if (p.length < sizeof(*db) || ix->mask < SL_INDEX_GROUP - 1 ||
	    (ix->mask & (ix->mask + 1)) || p.end > db->len)
		return false;
	v = sl_index_view(db, ix);
	for (uint32_t i = 0; i < ix->n_lengths; i++)
		if (v.length[i] > SL_MATCH_SUBJECT_MAX || (i && v.length[i] >= v.length[i - 1]))
			return false;
	for (uint64_t i = 0; i <= ix->mask; i++) {
		if (v.tag[i] == 0)
			empty++;
		else if (!entry_ok(db, ix, &v.entry[i], (uint32_t)i))
			return false;
	}
	return empty > 0 && ix->longest <= SL_MATCH_SUBJECT_MAX;
}
