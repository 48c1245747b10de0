/* SPDX-License-Identifier: BSD-3-Clause */
/* Scans a Host or a path with a compiled database; on the way of every request. */
#include <errno.h>
#include <stdlib.h>

#include <hs/hs.h>

#include "match_db.h"

struct sl_match_scratch {
	hs_scratch_t *hs;
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
	size_t body; /* where the code of the whole subject ends */
	uint32_t best;
	void (*found)(void *arg, uint32_t id);
	void *arg;
};

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
	if (id < s->best)
		s->best = id;
	if (s->found)
		s->found(s->arg, id);
	/* Matches come in the order of their ends: only id 0 ends the search. */
	return s->best == 0 && !s->found;
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

static void scan_literals(struct scan *s, struct sl_match_part part, const char *text, uint32_t n)
{
	struct sl_match_code at;

	if (!part.len)
		return;
	at = sl_match_encode(s->scratch->code, text, n);
	s->body = at.body;
	hs_scan(part_db(s->db, part), s->scratch->code, (unsigned)at.end, 0, s->scratch->hs,
		on_match, s);
}

static void scan(struct scan *s, struct sl_str subject, int fold)
{
	struct sl_match_scratch *scratch = s->scratch;

	if (subject.n > SL_MATCH_SUBJECT_MAX || !copy_subject(scratch->plain, subject, fold))
		return;
	s->best = s->db->any_id;
	if (s->found && s->best != SL_MATCH_NONE)
		s->found(s->arg, s->best);
	scan_literals(s, s->db->forward, scratch->plain, subject.n);
	if (s->db->backward.len) {
		for (uint32_t i = 0; i < subject.n; i++)
			scratch->reversed[i] = scratch->plain[subject.n - 1 - i];
		scan_literals(s, s->db->backward, scratch->reversed, subject.n);
	}
	/* Regexes cost more: left out when none could come before what was found. */
	if (s->db->regexes.len && (s->found || s->db->regex_min < s->best))
		hs_scan(part_db(s->db, s->db->regexes), scratch->plain, subject.n, 0, scratch->hs,
			on_match, s);
}

uint32_t sl_match_find(const void *db, struct sl_match_scratch *scratch, struct sl_str subject,
		       int fold)
{
	struct scan s = {.db = db, .scratch = scratch, .best = SL_MATCH_NONE};

	scan(&s, subject, fold);
	return s.best;
}

void sl_match_each(const void *db, struct sl_match_scratch *scratch, struct sl_str subject,
		   int fold, void (*found)(void *arg, uint32_t id), void *arg)
{
	struct scan s = {
		.db = db, .scratch = scratch, .best = SL_MATCH_NONE, .found = found, .arg = arg};

	scan(&s, subject, fold);
}

static int grow(hs_scratch_t **hs, const struct sl_match_db *db)
{
	const struct sl_match_part parts[] = {db->forward, db->backward, db->regexes};

	for (size_t i = 0; i < SL_ARRAY_LEN(parts); i++)
		if (parts[i].len && hs_alloc_scratch(part_db(db, parts[i]), hs) != HS_SUCCESS)
			return -ENOMEM;
	return 0;
}

int sl_match_scratch_grow(struct sl_match_scratch **scratch, const void *db, struct sl_err *err)
{
	struct sl_match_scratch *s = *scratch;
	hs_scratch_t *hs = NULL;

	if (!s)
		s = calloc(1, sizeof(*s));
	if (!s)
		return sl_err(err, ENOMEM, "no memory for a match scratch");
	/* A copy is grown: Hyperscan frees the old one also when the growth fails. */
	if ((s->hs && hs_clone_scratch(s->hs, &hs) != HS_SUCCESS) || grow(&hs, db) < 0) {
		hs_free_scratch(hs);
		if (!*scratch)
			free(s);
		return sl_err(err, ENOMEM, "no memory for a match scratch");
	}
	hs_free_scratch(s->hs);
	s->hs = hs;
	*scratch = s;
	return 0;
}

void sl_match_scratch_free(struct sl_match_scratch *scratch)
{
	if (!scratch)
		return;
	hs_free_scratch(scratch->hs);
	free(scratch);
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

int sl_match_check(const void *bytes, size_t len, struct sl_err *err)
{
	const struct sl_match_db *db = bytes;

	if ((uintptr_t)bytes % SL_MATCH_ALIGN || len < sizeof(*db) || db->magic != SL_MATCH_MAGIC)
		return sl_err(err, EBADMSG, "not a compiled database");
	if (db->version != SL_MATCH_VERSION || db->platform != sl_match_platform())
		return sl_err(err, EPROTO, "compiled database of another version or machine");
	if (db->len != len || db->crc != sl_match_crc(db))
		return sl_err(err, EBADMSG, "compiled database is damaged");
	if (!part_ok(db, db->forward) || !part_ok(db, db->backward) || !part_ok(db, db->regexes) ||
	    !hs_ok(db, db->forward) || !hs_ok(db, db->backward) || !hs_ok(db, db->regexes))
		return sl_err(err, EBADMSG, "compiled database contradicts itself");
	return 0;
}
