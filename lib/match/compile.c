/* SPDX-License-Identifier: BSD-3-Clause */
/* Compiles Host and path patterns to one database; runs in the control process only. */
#include <errno.h>
#include <stdlib.h>

#include "compile.h"

void compile_set_free(struct compile_set *s)
{
	for (unsigned i = 0; i < s->n; i++)
		free(s->text[i]);
	free(s->text);
	free(s->len);
	free(s->flags);
	free(s->ids);
	free(s->index);
}

int compile_set_alloc(struct compile_set *s, size_t n)
{
	memset(s, 0, sizeof(*s));
	s->text = calloc(n + 1, sizeof(*s->text));
	s->len = calloc(n + 1, sizeof(*s->len));
	s->flags = calloc(n + 1, sizeof(*s->flags));
	s->ids = calloc(n + 1, sizeof(*s->ids));
	s->index = calloc(n + 1, sizeof(*s->index));
	return s->text && s->len && s->flags && s->ids && s->index ? 0 : -ENOMEM;
}

void compile_set_add(struct compile_set *s, char *text, size_t len, unsigned flags, unsigned id,
		     size_t index)
{
	s->text[s->n] = text;
	s->len[s->n] = len;
	s->flags[s->n] = flags;
	s->ids[s->n] = id;
	s->index[s->n] = index;
	s->n++;
}

void compile_part_free(struct compile_part *p)
{
	hs_free_database(p->db);
	free(p->bytes);
}

static int compile_db(hs_database_t **db, const struct compile_set *s, unsigned from, unsigned n,
		      bool literal, int *bad, struct sl_err *err)
{
	hs_compile_error_t *why = NULL;
	hs_error_t rc;
	int code;

	if (literal)
		rc = hs_compile_lit_multi((const char *const *)s->text + from, s->flags + from,
					  s->ids + from, s->len + from, n, HS_MODE_BLOCK, NULL, db,
					  &why);
	else
		rc = hs_compile_multi((const char *const *)s->text + from, s->flags + from,
				      s->ids + from, n, HS_MODE_BLOCK, NULL, db, &why);
	if (rc == HS_SUCCESS)
		return 0;
	code = rc == HS_NOMEM ? ENOMEM : EINVAL;
	if (why && why->expression >= 0 && (unsigned)why->expression < n)
		*bad = (int)s->index[from + (unsigned)why->expression];
	sl_err(err, code, "%s", why ? why->message : "the patterns do not compile");
	hs_free_compile_error(why);
	return -code;
}

static int copy_failed(int code, struct sl_err *err)
{
	return sl_err(err, code, "a compiled database could not be copied");
}

int compile_part(struct compile_part *p, const struct compile_set *s, unsigned from, unsigned to,
		 bool literal, uint64_t *len, int *bad, struct sl_err *err)
{
	size_t bytes = 0;
	int rc = to == from ? 0 : compile_db(&p->db, s, from, to - from, literal, bad, err);

	*len = 0;
	if (rc || !p->db)
		return rc;
	if (hs_serialize_database(p->db, &p->bytes, &p->len) != HS_SUCCESS)
		return copy_failed(ENOMEM, err);
	if (hs_serialized_database_size(p->bytes, p->len, &bytes) != HS_SUCCESS)
		return copy_failed(EINVAL, err);
	hs_free_database(p->db);
	p->db = NULL;
	*len = bytes;
	return 0;
}

/* Hyperscan aligns its bytecode by the address it is put at: 64-byte aligned here and later. */
int compile_place(const struct compile_part *p, void *at)
{
	if (!p->bytes)
		return 0;
	return hs_deserialize_database_at(p->bytes, p->len, at) == HS_SUCCESS ? 0 : -EINVAL;
}

struct build {
	const struct sl_match_pattern *patterns;
	size_t n;
	struct literals plain, folded;
	struct compile_set suffixes;
	struct compile_part suffix_db;
	struct regexes regexes;
	struct sl_match_db hdr;
	int bad;
};

static bool has_control(struct sl_str s)
{
	for (uint32_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return true;
	return false;
}

static int add_literal(struct build *b, const struct sl_match_pattern *p)
{
	/* No subject is that long. */
	if (p->text.n > SL_MATCH_SUBJECT_MAX)
		return 0;
	return literals_add(p->fold ? &b->folded : &b->plain, p->text, p->fold,
			    p->kind == SL_MATCH_EXACT ? SL_INDEX_EXACT : SL_INDEX_PREFIX, p->id);
}

static int add_suffix(struct build *b, size_t i)
{
	const struct sl_match_pattern *p = &b->patterns[i];
	char *code = malloc(SL_MATCH_CODE_MAX((size_t)p->text.n));
	char *text = malloc((size_t)p->text.n + 1);
	struct sl_match_code at;

	if (!code || !text) {
		free(code);
		free(text);
		return -ENOMEM;
	}
	for (uint32_t k = 0; k < p->text.n; k++)
		text[k] = p->text.p[p->text.n - 1 - k];
	at = sl_match_encode(code, text, p->text.n);
	free(text);
	/* The first sentinel occurs once in a subject, so a literal matches once: no SINGLEMATCH.
	 */
	compile_set_add(&b->suffixes, code, at.body, 0, p->id, i);
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
		return add_literal(b, p);
	case SL_MATCH_SUFFIX:
		return add_suffix(b, i);
	case SL_MATCH_REGEX:
		return regexes_add(&b->regexes, p, i, err);
	case SL_MATCH_ANY:
		b->hdr.any_id = SL_MIN(b->hdr.any_id, p->id);
		return 0;
	}
	return sl_err(err, EINVAL, "unknown kind of match %d", (int)p->kind);
}

/* The plain table stands right behind the header, where a scan expects it. */
static int reserve(struct build *b, uint64_t suffix_len, uint64_t *end)
{
	struct sl_match_db *h = &b->hdr;

	if (regexes_gates(&b->regexes, &b->plain) || literals_reserve(&b->plain, end, &h->plain) ||
	    literals_reserve(&b->folded, end, &h->folded))
		return -ENOMEM;
	if (suffix_len)
		h->backward = (struct sl_match_part){*end, suffix_len};
	*end = sl_match_align(*end + suffix_len);
	if (*end / SL_MATCH_ALIGN > UINT32_MAX)
		return -ENOMEM;
	h->groups = b->regexes.n_groups ? (uint32_t)(*end / SL_MATCH_ALIGN) : 0;
	h->n_groups = b->regexes.n_groups;
	h->always = b->regexes.always;
	return regexes_reserve(&b->regexes, &b->plain, end);
}

static int place(struct build *b, void *db)
{
	char *suffixes = (char *)db + b->hdr.backward.off;

	if (compile_place(&b->suffix_db, suffixes) || regexes_place(&b->regexes, db))
		return -EINVAL;
	literals_place(&b->plain, db, &b->hdr.plain);
	literals_place(&b->folded, db, &b->hdr.folded);
	return 0;
}

static int assemble(struct build *b, uint64_t suffix_len, void **out, size_t *len,
		    struct sl_err *err)
{
	uint64_t end = sizeof(b->hdr);
	struct sl_match_db *db;

	if (reserve(b, suffix_len, &end))
		return sl_err(err, ENOMEM, "no memory for a compiled database");
	db = aligned_alloc(SL_MATCH_ALIGN, end);
	if (!db)
		return sl_err(err, ENOMEM, "no memory for a compiled database");
	memset(db, 0, end);
	b->hdr.magic = SL_MATCH_MAGIC;
	b->hdr.version = SL_MATCH_VERSION;
	b->hdr.len = end;
	b->hdr.platform = sl_match_platform();
	*db = b->hdr;
	if (place(b, db)) {
		free(db);
		return copy_failed(EINVAL, err);
	}
	db->crc = sl_match_crc(db);
	*out = db;
	*len = end;
	return 0;
}

static int build(struct build *b, void **out, size_t *len, struct sl_err *err)
{
	uint64_t suffix_len;
	int rc = 0;

	if (compile_set_alloc(&b->suffixes, b->n) || regexes_alloc(&b->regexes, b->n))
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
	rc = compile_part(&b->suffix_db, &b->suffixes, 0, b->suffixes.n, true, &suffix_len, &b->bad,
			  err);
	if (!rc)
		rc = regexes_compile(&b->regexes, &b->bad, err);
	return rc ? rc : assemble(b, suffix_len, out, len, err);
}

int sl_match_compile(const struct sl_match_pattern *patterns, size_t n, void **out, size_t *len,
		     int *bad, struct sl_err *err)
{
	struct build b = {
		.patterns = patterns, .n = n, .hdr = {.any_id = SL_MATCH_NONE}, .bad = -1};
	int rc;

	*out = NULL;
	*len = 0;
	rc = build(&b, out, len, err);
	literals_free(&b.plain);
	literals_free(&b.folded);
	compile_part_free(&b.suffix_db);
	compile_set_free(&b.suffixes);
	regexes_free(&b.regexes);
	*bad = b.bad;
	return rc;
}
