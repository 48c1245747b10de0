/* SPDX-License-Identifier: BSD-3-Clause */
/* Scans a Host or a path with a compiled database; on the way of every request. */
#include <errno.h>
#include <stdlib.h>

#include <hs/hs.h>

#include "match_db.h"
#include "subst.h"

struct sl_match_scratch {
	hs_scratch_t *hs;
	hs_scratch_t *inner;                 /* of scans within a callback of the other's */
	struct sl_subst *subst;              /* NULL: none needed so far */
	bool busy;                           /* hs is in use */
	char plain[SL_MATCH_SUBJECT_MAX];    /* subject, lower-cased if asked */
	char reversed[SL_MATCH_SUBJECT_MAX]; /* the same from its end */
	char code[SL_MATCH_CODE_MAX(SL_MATCH_SUBJECT_MAX)];
};

static const hs_database_t *part_db(const struct sl_match_db *db, struct sl_match_part part)
{
	return part.len ? (const hs_database_t *)((const char *)db + part.off) : NULL;
}

/* What a scan's callback needs; found is NULL when only the smallest id is wanted. */
struct scan {
	const struct sl_match_db *db;
	struct sl_match_scratch *scratch;
	size_t body;    /* where the code of the whole subject ends */
	uint32_t bound; /* ids from here on are of no interest; without found the answer */
	uint32_t (*found)(void *arg, uint32_t id);
	void *arg;
};

static void report(struct scan *s, uint32_t id)
{
	if (id < s->bound)
		s->bound = s->found ? s->found(s->arg, id) : id;
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
		    void *ctx)
{
	struct scan *s = ctx;

	(void)from;
	(void)flags;
	if (id & SL_MATCH_SUFFIX_BIT) {
		if (to >= s->body)
			return 0;
		id &= ~SL_MATCH_SUFFIX_BIT;
	}
	report(s, id);
	/* Matches come in the order of their ends: only the bound 0 ends the search. */
	return s->bound == 0;
}

/* Copies the subject; false when it holds a byte that no Host or path may have. */
static bool copy_subject(char *out, struct sl_str subject, int fold)
{
	unsigned bad = 0;

	for (uint32_t i = 0; i < subject.n; i++) {
		unsigned char c = (unsigned char)subject.p[i];

		bad |= (c < 0x20) | (c == 0x7f);
		out[i] = fold ? sl_lower((char)c) : (char)c;
	}
	return !bad;
}

static void scan_part(struct scan *s, struct sl_match_part part, const char *text, size_t n)
{
	struct sl_match_scratch *scratch = s->scratch;

	scratch->busy = true;
	hs_scan(part_db(s->db, part), text, (unsigned)n, 0, scratch->hs, on_match, s);
	scratch->busy = false;
}

static void scan_literals(struct scan *s, struct sl_match_part part, const char *text, uint32_t n)
{
	struct sl_match_code at;

	if (!part.len || s->bound == 0)
		return;
	at = sl_match_encode(s->scratch->code, text, n);
	s->body = at.body;
	scan_part(s, part, s->scratch->code, at.end);
}

static void scan(struct scan *s, struct sl_str subject, int fold)
{
	struct sl_match_scratch *scratch = s->scratch;

	if (subject.n > SL_MATCH_SUBJECT_MAX || !copy_subject(scratch->plain, subject, fold))
		return;
	report(s, s->db->any_id);
	scan_literals(s, s->db->forward, scratch->plain, subject.n);
	if (s->db->folded.len) {
		for (uint32_t i = 0; i < subject.n; i++)
			scratch->reversed[i] = sl_lower(scratch->plain[i]);
		scan_literals(s, s->db->folded, scratch->reversed, subject.n);
	}
	if (s->db->backward.len) {
		for (uint32_t i = 0; i < subject.n; i++)
			scratch->reversed[i] = scratch->plain[subject.n - 1 - i];
		scan_literals(s, s->db->backward, scratch->reversed, subject.n);
	}
	/* Regexes cost more: left out when none could come before what was found. */
	if (s->db->regexes.len && s->db->regex_min < s->bound)
		scan_part(s, s->db->regexes, scratch->plain, subject.n);
}

uint32_t sl_match_find(const void *db, struct sl_match_scratch *scratch, struct sl_str subject,
		       int fold)
{
	struct scan s = {.db = db, .scratch = scratch, .bound = SL_MATCH_NONE};

	scan(&s, subject, fold);
	return s.bound;
}

void sl_match_scan(const void *db, struct sl_match_scratch *scratch, struct sl_str subject,
		   int fold, uint32_t (*found)(void *arg, uint32_t id), void *arg)
{
	struct scan s = {
		.db = db, .scratch = scratch, .bound = SL_MATCH_NONE, .found = found, .arg = arg};

	scan(&s, subject, fold);
}

static int on_regex(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
		    void *ctx)
{
	(void)id;
	(void)from;
	(void)to;
	(void)flags;
	*(bool *)ctx = true;
	return 1;
}

bool sl_match_regex(const void *bytes, struct sl_match_scratch *scratch, struct sl_str subject)
{
	const struct sl_match_db *db = bytes;
	bool hit = false;

	if (!db->regexes.len || subject.n > SL_MATCH_SUBJECT_MAX)
		return false;
	hs_scan(part_db(db, db->regexes), subject.n ? subject.p : "", subject.n, 0,
		scratch->busy ? scratch->inner : scratch->hs, on_regex, &hit);
	return hit;
}

static int grow(hs_scratch_t **hs, const struct sl_match_db *db)
{
	const struct sl_match_part parts[] = {db->forward, db->folded, db->backward, db->regexes};

	for (size_t i = 0; i < SL_ARRAY_LEN(parts); i++)
		if (parts[i].len && hs_alloc_scratch(part_db(db, parts[i]), hs) != HS_SUCCESS)
			return -ENOMEM;
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

static bool part_ok(const struct sl_match_db *db, struct sl_match_part part)
{
	if (part.len == 0)
		return part.off == 0;
	return part.off % SL_MATCH_ALIGN == 0 && part.off >= sizeof(*db) && part.off <= db->len &&
	       part.len <= db->len - part.off;
}

static bool hs_ok(const struct sl_match_db *db, struct sl_match_part part)
{
	const hs_database_t *hs = part_db(db, part);
	size_t len = 0;

	return !hs || (hs_database_size(hs, &len) == HS_SUCCESS && len <= part.len);
}

static bool contradicts(const struct sl_match_db *db)
{
	const struct sl_match_part parts[] = {db->forward, db->folded, db->backward, db->regexes};

	for (size_t i = 0; i < SL_ARRAY_LEN(parts); i++)
		if (!part_ok(db, parts[i]) || !hs_ok(db, parts[i]))
			return true;
	return false;
}

int sl_match_check(const void *bytes, size_t len, struct sl_err *err)
{
	const struct sl_match_db *db = bytes;

	if ((uintptr_t)bytes % SL_MATCH_ALIGN || len < sizeof(*db) || db->magic != SL_MATCH_MAGIC)
		return sl_err(err, EBADMSG, "not a compiled database");
	if (db->version != SL_MATCH_VERSION || db->platform != sl_match_platform())
		return sl_err(err, EPROTO, "compiled database of another version or machine");
	if (db->len != len || db->crc != sl_match_crc(db))
		return sl_err(err, EBADMSG, "compiled database is damaged");
	return contradicts(db) ? sl_err(err, EBADMSG, "compiled database contradicts itself") : 0;
}
