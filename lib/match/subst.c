/* SPDX-License-Identifier: BSD-3-Clause */
/* Replaces what a regex matches: PCRE2, as Hyperscan tells no groups. Compiled off the path. */
#include <errno.h>
#include <stdlib.h>

#include "subst.h"

/*
 * Bounds of one match, so that no pattern and no path can hold up a worker: PCRE2 counts its steps,
 * and 10,000 take well below a millisecond.
 */
#define STEPS_MAX  10000u
#define MEMORY_KIB 256u

struct entry {
	uint64_t hash;
	pcre2_code *code;
};

/*
 * PCRE2 takes memory for its steps while it matches, doubling it: it gets it from two blocks that
 * were there before, never from the heap.
 */
struct pool {
	char *block[2];
	bool used[2];
	bool sealed; /* nothing but the blocks is given out any more */
};

struct sl_subst {
	struct pool pool;
	pcre2_general_context *memory;
	struct entry *entry;
	size_t n, cap;
	pcre2_match_data *data;
	pcre2_match_context *limits;
};

static uint64_t hash_of(struct sl_str pattern)
{
	return sl_fnv1a(0, pattern.p, pattern.n);
}

static struct entry *find(const struct sl_subst *s, struct sl_str pattern)
{
	uint64_t hash = hash_of(pattern);

	for (size_t i = 0; i < s->n; i++)
		if (s->entry[i].hash == hash)
			return &s->entry[i];
	return NULL;
}

static pcre2_code *compile(struct sl_str pattern, struct sl_err *err)
{
	PCRE2_SIZE at;
	PCRE2_UCHAR why[120];
	pcre2_code *code;
	int rc;

	code = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n,
			     PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C, &rc,
			     &at, NULL);
	if (code)
		return code;
	pcre2_get_error_message(rc, why, sizeof(why));
	sl_err(err, EINVAL, "%s at byte %zu", (const char *)why, (size_t)at);
	return NULL;
}

static void *pool_get(PCRE2_SIZE n, void *arg)
{
	struct pool *p = arg;

	if (!p->sealed)
		return malloc(n);
	for (int i = 0; i < 2 && n <= MEMORY_KIB * 1024; i++)
		if (!p->used[i]) {
			p->used[i] = true;
			return p->block[i];
		}
	return NULL;
}

static void pool_put(void *at, void *arg)
{
	struct pool *p = arg;

	for (int i = 0; i < 2; i++)
		if (at && at == p->block[i]) {
			p->used[i] = false;
			return;
		}
	free(at);
}

void sl_subst_free(struct sl_subst *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		pcre2_code_free(s->entry[i].code);
	free(s->entry);
	pcre2_match_data_free(s->data);
	pcre2_match_context_free(s->limits);
	pcre2_general_context_free(s->memory);
	free(s->pool.block[0]);
	free(s->pool.block[1]);
	free(s);
}

struct sl_subst *sl_subst_create(void)
{
	struct sl_subst *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->memory = pcre2_general_context_create(pool_get, pool_put, &s->pool);
	s->data = s->memory ? pcre2_match_data_create(10, s->memory) : NULL;
	s->limits = pcre2_match_context_create(NULL);
	s->pool.block[0] = malloc(MEMORY_KIB * 1024);
	s->pool.block[1] = malloc(MEMORY_KIB * 1024);
	s->pool.sealed = true;
	if (!s->data || !s->limits || !s->pool.block[0] || !s->pool.block[1]) {
		sl_subst_free(s);
		return NULL;
	}
	pcre2_set_heap_limit(s->limits, MEMORY_KIB);
	pcre2_set_match_limit(s->limits, STEPS_MAX);
	return s;
}

int sl_subst_add(struct sl_subst *s, struct sl_str pattern, struct sl_err *err)
{
	struct entry *grown;
	pcre2_code *code;

	if (find(s, pattern))
		return 0;
	if (s->n == s->cap) {
		grown = reallocarray(s->entry, s->cap ? s->cap * 2 : 16, sizeof(*grown));
		if (!grown)
			return sl_err(err, ENOMEM, "no memory for a regex");
		s->entry = grown;
		s->cap = s->cap ? s->cap * 2 : 16;
	}
	code = compile(pattern, err);
	if (!code)
		return -EINVAL;
	s->entry[s->n++] = (struct entry){hash_of(pattern), code};
	return 0;
}

int sl_match_subst_check(struct sl_str pattern, struct sl_str with, struct sl_err *err)
{
	pcre2_code *code = compile(pattern, err);
	uint32_t groups = 0;

	if (!code)
		return -EINVAL;
	pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &groups);
	pcre2_code_free(code);
	for (uint32_t i = 0; i < with.n; i++) {
		char c;

		if (with.p[i] != '\\')
			continue;
		c = ++i < with.n ? with.p[i] : '\0';
		if (c == '\\')
			continue;
		if (c < '0' || c > '9')
			return sl_err(err, EINVAL,
				      "a backslash stands alone; write \\0 to \\9 or \\\\");
		if ((uint32_t)(c - '0') > groups)
			return sl_err(err, EINVAL, "group \\%c, but there are %u", c, groups);
	}
	return 0;
}

/* ---- on the way of a request ---- */

struct out {
	char *p;
	size_t n, cap;
	bool full;
};

static void put(struct out *o, const char *p, size_t n)
{
	if (n > o->cap - o->n) {
		o->full = true;
		return;
	}
	if (n)
		memcpy(o->p + o->n, p, n);
	o->n += n;
}

/* What stands in place of one match. */
static void put_replacement(struct out *o, struct sl_str with, struct sl_str subject,
			    const PCRE2_SIZE *group, int n_groups)
{
	for (uint32_t i = 0; i < with.n; i++) {
		int g;

		if (with.p[i] != '\\' || i + 1 == with.n) {
			put(o, with.p + i, 1);
			continue;
		}
		g = with.p[++i] - '0';
		if (g < 0 || g > 9)
			put(o, with.p + i, 1);
		else if (g < n_groups && group[2 * g] != PCRE2_UNSET)
			put(o, subject.p + group[2 * g], group[2 * g + 1] - group[2 * g]);
	}
}

/* Every match from the left; behind an empty one, a byte is kept and the search goes on. */
int sl_match_subst(struct sl_match_scratch *scratch, struct sl_str pattern, struct sl_str with,
		   struct sl_str subject, char *to, size_t cap)
{
	struct sl_subst *s = sl_match_scratch_subst(scratch);
	const struct entry *e = s ? find(s, pattern) : NULL;
	struct out o = {.p = to, .cap = SL_MIN(cap, INT32_MAX)};
	const PCRE2_SIZE *group;
	size_t at = 0, kept = 0;

	if (!e)
		return -EINVAL;
	group = pcre2_get_ovector_pointer(s->data);
	while (at <= subject.n && !o.full) {
		int n = pcre2_match(e->code, (PCRE2_SPTR)subject.p, subject.n, at,
				    PCRE2_NO_UTF_CHECK, s->data, s->limits);

		if (n == PCRE2_ERROR_NOMATCH)
			break;
		if (n < 0)
			return -EINVAL;
		/* RE2 takes no empty match where the last one ended. */
		if (group[1] == group[0] && group[0] == kept && kept > 0) {
			at++;
			continue;
		}
		put(&o, subject.p + kept, group[0] - kept);
		put_replacement(&o, with, subject, group, n ? n : 10);
		kept = group[1];
		at = group[1] > group[0] ? group[1] : group[1] + 1;
	}
	put(&o, subject.p + kept, subject.n - kept);
	return o.full ? -ENOSPC : (int)o.n;
}
