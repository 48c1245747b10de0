/* SPDX-License-Identifier: BSD-3-Clause */
/* Compiles Host and path patterns to one database; runs in the control process only. */
#include <errno.h>
#include <stdlib.h>

#include <hs/hs.h>

#include "match_db.h"

/* Patterns of one Hyperscan database, as its compiler wants them. */
struct set {
	char **text;
	size_t *len;
	unsigned *flags, *ids;
	size_t *index; /* of the pattern in the caller's list */
	unsigned n;
};

static void set_free(struct set *s)
{
	for (unsigned i = 0; i < s->n; i++)
		free(s->text[i]);
	free(s->text);
	free(s->len);
	free(s->flags);
	free(s->ids);
	free(s->index);
}

static int set_alloc(struct set *s, size_t n)
{
	memset(s, 0, sizeof(*s));
	s->text = calloc(n + 1, sizeof(*s->text));
	s->len = calloc(n + 1, sizeof(*s->len));
	s->flags = calloc(n + 1, sizeof(*s->flags));
	s->ids = calloc(n + 1, sizeof(*s->ids));
	s->index = calloc(n + 1, sizeof(*s->index));
	return s->text && s->len && s->flags && s->ids && s->index ? 0 : -ENOMEM;
}

/* Takes over text. */
static void set_add(struct set *s, char *text, size_t len, unsigned flags, unsigned id,
		    size_t index)
{
	s->text[s->n] = text;
	s->len[s->n] = len;
	s->flags[s->n] = flags;
	s->ids[s->n] = id;
	s->index[s->n] = index;
	s->n++;
}

/* before + text + after, NUL-terminated. */
static char *join(const char *before, struct sl_str text, const char *after, size_t *len)
{
	size_t b = strlen(before), a = strlen(after);
	char *out = malloc(b + text.n + a + 1);

	if (!out)
		return NULL;
	memcpy(out, before, b);
	if (text.n)
		memcpy(out + b, text.p, text.n);
	memcpy(out + b + text.n, after, a + 1);
	*len = b + text.n + a;
	return out;
}

/* One Hyperscan database, compiled and then serialised. */
struct part {
	hs_database_t *db;
	char *bytes;
	size_t len;
};

struct build {
	const struct sl_match_pattern *patterns;
	size_t n;
	struct set forward, folded, backward, regexes;
	struct part forward_db, folded_db, backward_db, regex_db;
	struct sl_match_db hdr;
	bool exact_backward; /* where exact literals go: to the suffixes when there is no prefix */
	int bad;
};

static void part_free(struct part *p)
{
	hs_free_database(p->db);
	free(p->bytes);
}

static bool has_control(struct sl_str s)
{
	for (uint32_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return true;
	return false;
}

static void reverse(char *out, struct sl_str s)
{
	for (uint32_t i = 0; i < s.n; i++)
		out[i] = s.p[s.n - 1 - i];
}

static int add_literal(struct build *b, size_t i)
{
	const struct sl_match_pattern *p = &b->patterns[i];
	bool exact = p->kind == SL_MATCH_EXACT;
	bool backward = p->kind == SL_MATCH_SUFFIX || (exact && !p->fold && b->exact_backward);
	char *code = malloc(SL_MATCH_CODE_MAX((size_t)p->text.n));
	char *text = malloc((size_t)p->text.n + 1);
	struct sl_match_code at;

	if (!code || !text) {
		free(code);
		free(text);
		return -ENOMEM;
	}
	if (backward)
		reverse(text, p->text);
	else if (p->text.n)
		memcpy(text, p->text.p, p->text.n);
	for (uint32_t k = 0; p->fold && k < p->text.n; k++)
		text[k] = sl_lower(text[k]);
	at = sl_match_encode(code, text, p->text.n);
	free(text);
	/* The first sentinel occurs once in a subject, so a literal matches once: no SINGLEMATCH.
	 */
	set_add(backward  ? &b->backward
		: p->fold ? &b->folded
			  : &b->forward,
		code, exact ? at.end : at.body, 0,
		p->kind == SL_MATCH_SUFFIX ? p->id | SL_MATCH_SUFFIX_BIT : p->id, i);
	return 0;
}

static int add_regex(struct build *b, size_t i, struct sl_err *err)
{
	const unsigned flags = HS_FLAG_DOTALL | HS_FLAG_ALLOWEMPTY | HS_FLAG_SINGLEMATCH;
	const struct sl_match_pattern *p = &b->patterns[i];
	hs_compile_error_t *why = NULL;
	hs_expr_info_t *info = NULL;
	size_t len = 0;
	char *text;

	/* On its own first: "a)|(b" must not close the group it is put into below. */
	text = join("", p->text, "", &len);
	if (!text)
		return -ENOMEM;
	if (hs_expression_info(text, flags, &info, &why) != HS_SUCCESS) {
		sl_err(err, EINVAL, "%s", why ? why->message : "not a regular expression");
		hs_free_compile_error(why);
		free(text);
		return -EINVAL;
	}
	free(info);
	free(text);
	text = join("^(?:", p->text, ")\\z", &len);
	if (!text)
		return -ENOMEM;
	b->hdr.regex_min = SL_MIN(b->hdr.regex_min, p->id);
	set_add(&b->regexes, text, len, flags, p->id, i);
	return 0;
}

static int add_pattern(struct build *b, size_t i, struct sl_err *err)
{
	const struct sl_match_pattern *p = &b->patterns[i];

	if (p->id >= SL_MATCH_ID_MAX)
		return sl_err(err, EINVAL, "more patterns than ids");
	if (has_control(p->text))
		return sl_err(err, EINVAL, "control characters can never match");
	switch (p->kind) {
	case SL_MATCH_EXACT:
	case SL_MATCH_PREFIX:
	case SL_MATCH_SUFFIX:
		return add_literal(b, i);
	case SL_MATCH_REGEX:
		return add_regex(b, i, err);
	case SL_MATCH_ANY:
		b->hdr.any_id = SL_MIN(b->hdr.any_id, p->id);
		return 0;
	}
	return sl_err(err, EINVAL, "unknown kind of match %d", (int)p->kind);
}

static int compile_set(struct build *b, struct set *s, bool literal, hs_database_t **db,
		       struct sl_err *err)
{
	hs_compile_error_t *why = NULL;
	hs_error_t rc;
	int code;

	if (s->n == 0)
		return 0;
	if (literal)
		rc = hs_compile_lit_multi((const char *const *)s->text, s->flags, s->ids, s->len,
					  s->n, HS_MODE_BLOCK, NULL, db, &why);
	else
		rc = hs_compile_multi((const char *const *)s->text, s->flags, s->ids, s->n,
				      HS_MODE_BLOCK, NULL, db, &why);
	if (rc == HS_SUCCESS)
		return 0;
	code = rc == HS_NOMEM ? ENOMEM : EINVAL;
	if (why && why->expression >= 0 && (unsigned)why->expression < s->n)
		b->bad = (int)s->index[why->expression];
	sl_err(err, code, "%s", why ? why->message : "the patterns do not compile");
	hs_free_compile_error(why);
	return -code;
}

static uint64_t align_up(uint64_t v)
{
	return (v + SL_MATCH_ALIGN - 1) / SL_MATCH_ALIGN * SL_MATCH_ALIGN;
}

/* Serialises a database and reserves its place at *end. */
static int reserve(struct part *p, uint64_t *end, struct sl_match_part *at)
{
	size_t len = 0;

	if (!p->db)
		return 0;
	if (hs_serialize_database(p->db, &p->bytes, &p->len) != HS_SUCCESS)
		return -ENOMEM;
	if (hs_serialized_database_size(p->bytes, p->len, &len) != HS_SUCCESS)
		return -EINVAL;
	*at = (struct sl_match_part){*end, len};
	*end = align_up(*end + len);
	return 0;
}

/* Hyperscan aligns its bytecode by the address it is put at: 64-byte aligned here and later. */
static int place(const struct part *p, char *base, struct sl_match_part at)
{
	if (!p->bytes)
		return 0;
	return hs_deserialize_database_at(p->bytes, p->len, (hs_database_t *)(base + at.off)) ==
			       HS_SUCCESS
		       ? 0
		       : -EINVAL;
}

static int copy_failed(int rc, struct sl_err *err)
{
	return sl_err(err, -rc, "a compiled database could not be copied");
}

static int assemble(struct build *b, void **out, size_t *len, struct sl_err *err)
{
	uint64_t end = sizeof(b->hdr);
	struct sl_match_db *db;
	int rc;

	rc = reserve(&b->forward_db, &end, &b->hdr.forward);
	if (!rc)
		rc = reserve(&b->folded_db, &end, &b->hdr.folded);
	if (!rc)
		rc = reserve(&b->backward_db, &end, &b->hdr.backward);
	if (!rc)
		rc = reserve(&b->regex_db, &end, &b->hdr.regexes);
	if (rc)
		return copy_failed(rc, err);
	db = aligned_alloc(SL_MATCH_ALIGN, end);
	if (!db)
		return sl_err(err, ENOMEM, "no memory for a compiled database");
	memset(db, 0, end);
	b->hdr.magic = SL_MATCH_MAGIC;
	b->hdr.version = SL_MATCH_VERSION;
	b->hdr.len = end;
	b->hdr.platform = sl_match_platform();
	*db = b->hdr;
	rc = place(&b->forward_db, (char *)db, db->forward);
	if (!rc)
		rc = place(&b->folded_db, (char *)db, db->folded);
	if (!rc)
		rc = place(&b->backward_db, (char *)db, db->backward);
	if (!rc)
		rc = place(&b->regex_db, (char *)db, db->regexes);
	if (rc) {
		free(db);
		return copy_failed(rc, err);
	}
	db->crc = sl_match_crc(db);
	*out = db;
	*len = end;
	return 0;
}

static int allocate(struct build *b)
{
	bool prefixes = false, suffixes = false;

	for (size_t i = 0; i < b->n; i++) {
		prefixes |= b->patterns[i].kind == SL_MATCH_PREFIX;
		suffixes |= b->patterns[i].kind == SL_MATCH_SUFFIX;
	}
	b->exact_backward = suffixes && !prefixes;
	if (set_alloc(&b->forward, b->n) || set_alloc(&b->folded, b->n) ||
	    set_alloc(&b->backward, b->n) || set_alloc(&b->regexes, b->n))
		return -ENOMEM;
	return 0;
}

static int build(struct build *b, void **out, size_t *len, struct sl_err *err)
{
	int rc = allocate(b);

	if (rc)
		return sl_err(err, ENOMEM, "no memory to compile patterns");
	for (size_t i = 0; i < b->n; i++) {
		rc = add_pattern(b, i, err);
		if (rc == -ENOMEM)
			return sl_err(err, ENOMEM, "no memory to compile patterns");
		if (rc) {
			b->bad = (int)i;
			return rc;
		}
	}
	rc = compile_set(b, &b->forward, true, &b->forward_db.db, err);
	if (!rc)
		rc = compile_set(b, &b->folded, true, &b->folded_db.db, err);
	if (!rc)
		rc = compile_set(b, &b->backward, true, &b->backward_db.db, err);
	if (!rc)
		rc = compile_set(b, &b->regexes, false, &b->regex_db.db, err);
	return rc ? rc : assemble(b, out, len, err);
}

int sl_match_compile(const struct sl_match_pattern *patterns, size_t n, void **out, size_t *len,
		     int *bad, struct sl_err *err)
{
	struct build b = {.patterns = patterns,
			  .n = n,
			  .hdr = {.any_id = SL_MATCH_NONE, .regex_min = SL_MATCH_NONE},
			  .bad = -1};
	int rc;

	*out = NULL;
	*len = 0;
	rc = build(&b, out, len, err);
	part_free(&b.forward_db);
	part_free(&b.folded_db);
	part_free(&b.backward_db);
	part_free(&b.regex_db);
	set_free(&b.forward);
	set_free(&b.folded);
	set_free(&b.backward);
	set_free(&b.regexes);
	*bad = b.bad;
	return rc;
}
