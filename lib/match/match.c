/* SPDX-License-Identifier: BSD-3-Clause */
/* Scans a Host or a path with a compiled database; on the way of every request. */
#include <errno.h>
#include <stdlib.h>

#include <hs/hs.h>

#include "search.h"
#include "steps.h"
#include "subst.h"

struct sl_match_scratch {
	hs_scratch_t *hs;
	hs_scratch_t *inner;    /* of scans within a callback of the other's */
	struct sl_subst *subst; /* NULL: none needed so far */
	bool busy;              /* a search is under way, one within it takes the others */
	char plain[SL_MATCH_SUBJECT_MAX];    /* subject in lower case */
	char reversed[SL_MATCH_SUBJECT_MAX]; /* the same from its end */
	char code[SL_MATCH_CODE_MAX(SL_MATCH_SUBJECT_MAX)];
	uint64_t state[SL_MATCH_SUBJECT_MAX / 8 + 1];
	uint64_t inner_state[SL_MATCH_SUBJECT_MAX / 8 + 1];
};

/* NULL: there is none. */
static const hs_database_t *part_db(const struct sl_match_db *db, struct sl_match_part part)
{
	return part.len ? (const hs_database_t *)((const char *)db + part.off) : NULL;
}

static const hs_database_t *engine_of(const struct sl_match_group *g)
{
	return sl_match_group_engine(g);
}

/* Matches come in the order of their ends: only the bound 0 ends a search. */
static int report(struct sl_match_search *s, uint32_t id)
{
	sl_match_report(s, id);
	return s->bound == 0;
}

static int on_regex(unsigned at, unsigned long long from, unsigned long long to, unsigned flags,
		    void *ctx)
{
	struct sl_match_search *s = ctx;

	(void)from;
	(void)to;
	(void)flags;
	return at < s->n_ids ? report(s, s->ids[at]) : 0;
}

static int on_suffix(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
		     void *ctx)
{
	struct sl_match_search *s = ctx;

	(void)from;
	(void)flags;
	/* At least one byte stands before a suffix. */
	return to < s->body ? report(s, id) : 0;
}

/* Top bits of bytes below 0x20 or of 0x7f; of bytes that have their top bit set: none. */
static uint64_t controls(uint64_t w)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	uint64_t low = w & ~tops;
	uint64_t below = ~((low | tops) - 0x20 * ones);
	uint64_t del = ~(((low ^ 0x7f * ones) | tops) - ones);

	return (below | del) & ~w & tops;
}

/* Whether the subject holds a byte that no Host or path may have: below 0x20, or 0x7f. */
static bool has_control(struct sl_str subject)
{
	uint64_t bad = 0;
	uint32_t i = 0;

	/* Eight bytes at a time, the last ones maybe once more: lengths vary, branches should not.
	 */
	for (; i + 8 <= subject.n; i += 8)
		bad |= controls(sl_index_word(subject.p + i));
	if (subject.n >= 8)
		return (bad | controls(sl_index_word(subject.p + subject.n - 8))) != 0;
	for (; i < subject.n; i++) {
		unsigned char c = (unsigned char)subject.p[i];

		bad |= (c < 0x20) | (c == 0x7f);
	}
	return bad != 0;
}

static void scan_suffixes(struct sl_match_search *s, struct sl_str subject)
{
	struct sl_match_scratch *scratch = s->scratch;
	struct sl_match_code at;

	for (uint32_t i = 0; i < subject.n; i++)
		scratch->reversed[i] = subject.p[subject.n - 1 - i];
	at = sl_match_encode(scratch->code, scratch->reversed, subject.n);
	s->body = at.body;
	hs_scan(part_db(s->db, s->db->backward), scratch->code, (unsigned)at.end, 0, s->hs,
		on_suffix, s);
}

static void run_steps(struct sl_match_search *s, const struct sl_match_group *g,
		      struct sl_str subject)
{
	const char *at = (const char *)(g + 1), *end = at + g->n_steps;

	while (at < end) {
		const struct sl_steps *p = (const struct sl_steps *)(const void *)at;

		if (p->id < s->bound && sl_steps_match(p, subject))
			sl_match_report(s, p->id);
		at += p->bytes;
	}
}

static void scan_engine(struct sl_match_search *s, const struct sl_match_group *g,
			struct sl_str subject)
{
	s->ids = sl_match_group_ids(g);
	s->n_ids = g->n_ids;
	hs_scan(engine_of(g), subject.p, subject.n, 0, s->hs, on_regex, s);
}

/* Regexes cost more: left out when none of a group could come before what was found. */
static void scan_group(struct sl_match_search *s, uint32_t at, struct sl_str subject)
{
	const struct sl_match_group *g = sl_match_group(s->db, at);

	if (g->min_id >= s->bound)
		return;
	/* Of most groups it is the one that matches: what the caller reads next comes meanwhile. */
	sl_match_fetch_row(s, g->min_id);
	if (g->engine < 0) /* not fetched with the group */
		sl_match_fetch(sl_match_group_engine(g), g->len / SL_CACHE_LINE);
	subject.p += g->skip;
	subject.n -= g->skip;
	run_steps(s, g, subject);
	if (g->n_ids && g->engine_id < s->bound)
		scan_engine(s, g, subject);
}

static void scan_regexes(struct sl_match_search *s, struct sl_str subject)
{
	for (uint32_t i = 0; i < s->n_gates; i++)
		scan_group(s, s->gate[i], subject);
	if (s->db->always)
		scan_group(s, s->db->groups, subject);
}

static struct sl_match_search search_of(const void *db, struct sl_match_scratch *scratch,
					const struct sl_match_sink *sink)
{
	return (struct sl_match_search){
		.db = db,
		.scratch = scratch,
		.sink = sink,
		.hs = scratch->busy ? scratch->inner : scratch->hs,
		.state = scratch->busy ? scratch->inner_state : scratch->state,
		.bound = SL_MATCH_NONE,
	};
}

static struct sl_str lowered(struct sl_match_scratch *scratch, struct sl_str subject)
{
	sl_match_lower(scratch->plain, subject);
	return (struct sl_str){scratch->plain, subject.n};
}

/* The header and what stands right behind it: read in any case, so all of it is fetched at once. */
#define FETCH_LINES 7

static void scan(struct sl_match_search *s, struct sl_str subject, int fold)
{
	const struct sl_match_db *db = s->db;

	for (int i = 0; i < FETCH_LINES; i++)
		__builtin_prefetch((const char *)db + i * SL_CACHE_LINE);
	if (subject.n > SL_MATCH_SUBJECT_MAX || has_control(subject))
		return;
	if (subject.n == 0)
		subject.p = "";
	s->scratch->busy = true;
	if (fold)
		subject = lowered(s->scratch, subject);
	sl_match_report(s, db->any_id);
	if (db->plain.off && s->bound)
		sl_index_find(s, &db->plain, subject);
	if (db->folded.off && s->bound)
		sl_index_find(s, &db->folded, lowered(s->scratch, subject));
	if (db->backward.len && s->bound)
		scan_suffixes(s, subject);
	scan_regexes(s, subject);
	s->scratch->busy = false;
}

uint32_t sl_match_find(const void *db, struct sl_match_scratch *scratch, struct sl_str subject,
		       int fold)
{
	struct sl_match_search s = search_of(db, scratch, NULL);

	scan(&s, subject, fold);
	return s.bound;
}

void sl_match_scan(const void *db, struct sl_match_scratch *scratch, struct sl_str subject,
		   int fold, const struct sl_match_sink *sink)
{
	struct sl_match_search s = search_of(db, scratch, sink);

	scan(&s, subject, fold);
}

bool sl_match_regex(const void *bytes, struct sl_match_scratch *scratch, struct sl_str subject)
{
	struct sl_match_search s = search_of(bytes, scratch, NULL);

	if (subject.n > SL_MATCH_SUBJECT_MAX)
		return false;
	if (subject.n == 0)
		subject.p = "";
	/* The gates: such a database has no other literals. */
	if (s.db->plain.off)
		sl_index_find(&s, &s.db->plain, subject);
	scan_regexes(&s, subject);
	return s.bound != SL_MATCH_NONE;
}

static int grow(hs_scratch_t **hs, const struct sl_match_db *db)
{
	uint32_t at = db->groups;

	if (db->backward.len && hs_alloc_scratch(part_db(db, db->backward), hs) != HS_SUCCESS)
		return -ENOMEM;
	for (uint32_t i = 0; i < db->n_groups; i++) {
		const struct sl_match_group *g = sl_match_group(db, at);

		if (g->n_ids && hs_alloc_scratch(engine_of(g), hs) != HS_SUCCESS)
			return -ENOMEM;
		at = sl_match_group_next(g);
	}
	return 0;
}

int sl_match_scratch_grow(struct sl_match_scratch **scratch, const void *db, struct sl_err *err)
{
	struct sl_match_scratch *s = *scratch;
	hs_scratch_t *hs = NULL, *inner = NULL;

	if (!s)
		s = calloc(1, sizeof(*s));
	if (!s)
		return sl_err(err, ENOMEM, "no memory for a match scratch");
	/* A copy is grown: Hyperscan frees the old one also when the growth fails. */
	if ((s->hs && hs_clone_scratch(s->hs, &hs) != HS_SUCCESS) || grow(&hs, db) < 0 ||
	    (hs && hs_clone_scratch(hs, &inner) != HS_SUCCESS)) {
		hs_free_scratch(hs);
		if (!*scratch)
			free(s);
		return sl_err(err, ENOMEM, "no memory for a match scratch");
	}
	hs_free_scratch(s->hs);
	hs_free_scratch(s->inner);
	s->hs = hs;
	s->inner = inner;
	*scratch = s;
	return 0;
}

void sl_match_scratch_free(struct sl_match_scratch *scratch)
{
	if (!scratch)
		return;
	hs_free_scratch(scratch->hs);
	hs_free_scratch(scratch->inner);
	sl_subst_free(scratch->subst);
	free(scratch);
}

struct sl_subst *sl_match_scratch_subst(struct sl_match_scratch *scratch)
{
	return scratch->subst;
}

int sl_match_subst_prepare(struct sl_match_scratch **scratch, struct sl_str pattern,
			   struct sl_err *err)
{
	if (!*scratch)
		*scratch = calloc(1, sizeof(**scratch));
	if (*scratch && !(*scratch)->subst)
		(*scratch)->subst = sl_subst_create();
	if (!*scratch || !(*scratch)->subst)
		return sl_err(err, ENOMEM, "no memory for a match scratch");
	return sl_subst_add((*scratch)->subst, pattern, err);
}

uint64_t sl_match_platform(void)
{
	static uint64_t known; /* asking the processor costs an exit of a virtual machine each */
	hs_platform_info_t info = {0};
	uint64_t hash = __atomic_load_n(&known, __ATOMIC_RELAXED);

	if (hash)
		return hash;
	hs_populate_platform(&info);
	hash = sl_fnv1a(SL_MATCH_VERSION, hs_version(), strlen(hs_version()));
	hash = sl_fnv1a(hash, &info.tune, sizeof(info.tune));
	hash = sl_fnv1a(hash, &info.cpu_features, sizeof(info.cpu_features));
	__atomic_store_n(&known, hash, __ATOMIC_RELAXED);
	return hash;
}

uint32_t sl_match_crc(const struct sl_match_db *db)
{
	return sl_crc32c(0, (const char *)db + SL_MATCH_CRC_FROM, db->len - SL_MATCH_CRC_FROM);
}

/* What Hyperscan itself reads of a database before it knows that it is one, or more. */
#define HS_HEAD 64

static bool hs_ok(const hs_database_t *hs, uint64_t most)
{
	size_t len = 0;

	return hs_database_size(hs, &len) == HS_SUCCESS && len <= most;
}

static bool part_ok(const struct sl_match_db *db, struct sl_match_part part)
{
	if (part.len == 0)
		return part.off == 0;
	return part.off % SL_MATCH_ALIGN == 0 && part.off >= sizeof(*db) && part.off <= db->len &&
	       part.len <= db->len - part.off && hs_ok(part_db(db, part), part.len);
}

/* An engine lies right behind its group, or before it: in this database, or in front of it. */
static bool engine_ok(const struct sl_match_group *g, size_t before)
{
	int64_t at = (int64_t)g->engine * SL_MATCH_ALIGN;
	int64_t self = (int64_t)g->self * SL_MATCH_ALIGN;
	int64_t room = self + at < 0 ? -(self + at) : -at;

	if (at > 0)
		return (uint64_t)at == sl_match_group_head(g) && hs_ok(engine_of(g), g->len);
	return self + at >= -(int64_t)before && room >= g->len && room >= HS_HEAD &&
	       hs_ok(engine_of(g), g->len);
}

/* Whether a group, of which `most` bytes lie in the database, is of parts that fit. */
static bool group_ok(const struct sl_match_group *g, uint64_t most, size_t before)
{
	if (g->n_ids == 0 && (g->n_steps == 0 || g->engine))
		return false;
	return sl_match_group_size(g) <= most && sl_steps_ok(g + 1, g->n_steps) &&
	       (!g->n_ids || engine_ok(g, before));
}

/* The groups follow one another up to the end of the database. */
static bool groups_ok(const struct sl_match_db *db, size_t before)
{
	uint64_t at = (uint64_t)db->groups * SL_MATCH_ALIGN;

	if (db->n_groups == 0)
		return db->groups == 0 && db->always == 0;
	if (at < sizeof(*db))
		return false;
	for (uint32_t i = 0; i < db->n_groups; i++) {
		const struct sl_match_group *g;

		if (at > db->len || db->len - at <= sizeof(*g))
			return false;
		g = sl_match_group(db, (uint32_t)(at / SL_MATCH_ALIGN));
		if (g->self != at / SL_MATCH_ALIGN || (db->always && i == 0 && g->skip) ||
		    !group_ok(g, db->len - at, before))
			return false;
		at = (uint64_t)sl_match_group_next(g) * SL_MATCH_ALIGN;
	}
	return at == db->len;
}

static bool contradicts(const struct sl_match_db *db, size_t before)
{
	return db->len / SL_MATCH_ALIGN > UINT32_MAX || !part_ok(db, db->backward) ||
	       !groups_ok(db, before) || !sl_index_ok(db, &db->plain) ||
	       !sl_index_ok(db, &db->folded);
}

int sl_match_check(const void *bytes, size_t len, size_t before, struct sl_err *err)
{
	const struct sl_match_db *db = bytes;

	if ((uintptr_t)bytes % SL_MATCH_ALIGN || len < sizeof(*db) || db->magic != SL_MATCH_MAGIC)
		return sl_err(err, EBADMSG, "not a compiled database");
	if (db->version != SL_MATCH_VERSION || db->platform != sl_match_platform())
		return sl_err(err, EPROTO, "compiled database of another version or machine");
	if (db->len != len || db->crc != sl_match_crc(db))
		return sl_err(err, EBADMSG, "compiled database is damaged");
	if (contradicts(db, before))
		return sl_err(err, EBADMSG, "compiled database contradicts itself");
	return 0;
}
