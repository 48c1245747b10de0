/* SPDX-License-Identifier: BSD-3-Clause */
/* Groups the regexes of a database by what they begin with, and compiles each group. */
#include <errno.h>
#include <stdlib.h>

#include "beginning.h"
#include "compile.h"
#include "search.h"
#include "steps.h"

/* Shorter beginnings tell nothing: "/" opens nearly every path. */
#define BEGIN_MIN 2u

/* A regex matches a whole subject. */
#define BEFORE "^(?:"
#define AFTER  ")\\z"

/* No SINGLEMATCH: a match ends where the subject does, so there is but one. */
#define FLAGS (HS_FLAG_DOTALL | HS_FLAG_ALLOWEMPTY)

int regexes_alloc(struct regexes *r, size_t n)
{
	r->begin = calloc(n + 1, sizeof(*r->begin));
	r->group = calloc(n + 1, sizeof(*r->group));
	return !r->begin || !r->group ? -ENOMEM : compile_set_alloc(&r->set, n);
}

void regexes_free(struct regexes *r)
{
	for (unsigned i = 0; i < r->set.n; i++)
		free((char *)(uintptr_t)r->begin[i].p);
	for (unsigned i = 0; i < r->n_groups; i++) {
		compile_part_free(&r->group[i].part);
		free(r->group[i].steps);
		free(r->group[i].ids);
	}
	free(r->begin);
	free(r->group);
	compile_set_free(&r->set);
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

/* On its own, before it is put into a group: "a)|(b" must not close that. */
static int check_alone(struct sl_str regex, struct sl_err *err)
{
	hs_compile_error_t *why = NULL;
	hs_expr_info_t *info = NULL;
	size_t len = 0;
	char *text = join("", regex, "", &len);
	int rc = 0;

	if (!text)
		return -ENOMEM;
	if (hs_expression_info(text, FLAGS, &info, &why) != HS_SUCCESS) {
		rc = sl_err(err, EINVAL, "%s", why ? why->message : "not a regular expression");
		hs_free_compile_error(why);
	}
	free(info);
	free(text);
	return rc;
}

int regexes_add(struct regexes *r, const struct sl_match_pattern *p, size_t index,
		struct sl_err *err)
{
	int rc = check_alone(p->text, err);
	char *text, *begin;
	size_t len = 0, n;

	if (rc)
		return rc;
	text = join(BEFORE, p->text, AFTER, &len);
	begin = malloc((size_t)p->text.n + 1);
	if (!text || !begin) {
		free(text);
		free(begin);
		return -ENOMEM;
	}
	n = sl_regex_beginning(p->text, begin);
	r->begin[r->set.n] = (struct sl_str){begin, n < BEGIN_MIN ? 0 : (uint32_t)n};
	compile_set_add(&r->set, text, len, FLAGS, p->id, index);
	return 0;
}

/* What decides to which group a regex goes. */
struct place {
	struct sl_str begin;
	unsigned row;
};

/* A beginning stands before all that begin with it. */
static int place_cmp(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	uint32_t n = SL_MIN(x->begin.n, y->begin.n);
	int diff = n ? memcmp(x->begin.p, y->begin.p, n) : 0;

	if (diff)
		return diff;
	if (x->begin.n != y->begin.n)
		return x->begin.n < y->begin.n ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

/* Puts the set's rows into the order of the places. */
static int reorder(struct regexes *r, const struct place *place)
{
	struct compile_set sorted;
	unsigned n = r->set.n;

	if (compile_set_alloc(&sorted, n)) {
		/* No text is the new one's so far. */
		compile_set_free(&sorted);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < n; i++) {
		unsigned row = place[i].row;

		compile_set_add(&sorted, r->set.text[row], r->set.len[row], FLAGS, r->set.ids[row],
				r->set.index[row]);
		r->begin[i] = place[i].begin;
	}
	r->set.n = 0; /* the texts are the new one's */
	compile_set_free(&r->set);
	r->set = sorted;
	return 0;
}

/*
 * A subject has the beginnings of all groups that stand within one another: beyond a few they
 * would cost more scans than they save, so from there on the inner ones join the outer's group.
 */
static void make_groups(struct regexes *r)
{
	struct regex_group *open[SL_MATCH_GATES_MAX], *last = NULL;
	unsigned depth = 0;

	for (unsigned i = 0; i < r->set.n; i++) {
		struct sl_str begin = r->begin[i];

		while (depth && !sl_str_starts(begin, open[depth - 1]->gate))
			depth--;
		/* The innermost group of all is the last one made. */
		if (last && (depth == SL_MATCH_GATES_MAX || sl_str_eq(begin, last->gate))) {
			last->to = i + 1;
			last->min_id = SL_MIN(last->min_id, r->set.ids[i]);
			continue;
		}
		last = &r->group[r->n_groups++];
		*last = (struct regex_group){
			.from = i, .to = i + 1, .gate = begin, .min_id = r->set.ids[i]};
		if (begin.n)
			open[depth++] = last;
	}
	r->always = r->n_groups && r->group[0].gate.n == 0;
}

/* The regex of a row, without what was put around it. */
static struct sl_str bare(const struct regexes *r, unsigned row)
{
	return (struct sl_str){r->set.text[row] + strlen(BEFORE),
			       (uint32_t)(r->set.len[row] - strlen(BEFORE) - strlen(AFTER))};
}

/*
 * What the gate has compared already is taken off the regexes of a group, if it can be taken off
 * all of them: they are scanned over the rest of the subject, at two thirds of the cost. The last
 * byte stays: with "[0-9]+" in front, not "v[0-9]+", a database is of twice the size.
 */
static void strip_group(struct regexes *r, struct regex_group *g)
{
	size_t n = g->gate.n - 1u;

	for (unsigned i = g->from; i < g->to; i++)
		if (sl_regex_rest(bare(r, i), n) == 0)
			return;
	for (unsigned i = g->from; i < g->to; i++) {
		size_t cut = sl_regex_rest(bare(r, i), n);
		char *at = r->set.text[i] + strlen(BEFORE);

		r->set.len[i] -= cut;
		memmove(at, at + cut, r->set.len[i] - strlen(BEFORE) + 1);
	}
	g->skip = (uint32_t)n;
}

/* Puts a row of the set to another place, where its text replaces one that is not needed. */
static void move_row(struct compile_set *s, unsigned from, unsigned to)
{
	char *text = s->text[to];

	s->text[to] = s->text[from];
	s->text[from] = text;
	s->len[to] = s->len[from];
	s->flags[to] = s->flags[from];
	s->ids[to] = s->ids[from];
	s->index[to] = s->index[from];
}

/*
 * Programs are tried one by one, at about 10 ns each of some hundred bytes; a database is scanned
 * once, in 60 ns and more, and costs little more for many regexes. Beyond this both cost the same.
 */
#define STEPS_MOST 1024u
_Static_assert(STEPS_MOST <= UINT16_MAX, "n_steps of a group");

union room {
	struct sl_steps programs;
	char bytes[SL_STEPS_ROOM];
};

/* Whether programs are the better choice for those regexes of a group that can be such. */
static bool steps_pay(const struct regexes *r, const struct regex_group *g)
{
	uint32_t sum = 0;
	union room room;

	for (unsigned i = g->from; i < g->to && sum <= STEPS_MOST; i++)
		sum += sl_steps_compile(bare(r, i), r->set.ids[i], &room.programs);
	return sum <= STEPS_MOST;
}

/* Makes programs of the regexes of a group that are rows of steps; the others stay. */
static int take_steps(struct regexes *r, struct regex_group *g)
{
	unsigned kept = g->from;
	union room room;

	if (!steps_pay(r, g))
		return 0;
	for (unsigned i = g->from; i < g->to; i++) {
		uint32_t n = sl_steps_compile(bare(r, i), r->set.ids[i], &room.programs);
		char *more = n ? realloc(g->steps, g->n_steps + n) : g->steps;

		if (n && !more)
			return -ENOMEM;
		g->steps = more;
		if (n)
			memcpy(more + g->n_steps, &room, n);
		else
			move_row(&r->set, i, kept++);
		g->n_steps += n;
	}
	g->to = kept;
	return 0;
}

/* An engine reports places in its group's list, so that it fits every group of equal regexes. */
static int take_ids(struct regexes *r, struct regex_group *g)
{
	unsigned n = g->to - g->from;

	g->ids = calloc(n + 1u, sizeof(*g->ids));
	if (!g->ids)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++) {
		g->ids[i] = r->set.ids[g->from + i];
		r->set.ids[g->from + i] = i;
		g->hash = sl_fnv1a(g->hash, r->set.text[g->from + i], r->set.len[g->from + i] + 1);
	}
	return 0;
}

static bool same_regexes(const struct regexes *r, const struct regex_group *a,
			 const struct regex_group *b)
{
	if (a->hash != b->hash || a->to - a->from != b->to - b->from)
		return false;
	for (unsigned i = 0; i < a->to - a->from; i++)
		if (strcmp(r->set.text[a->from + i], r->set.text[b->from + i]) != 0)
			return false;
	return true;
}

static int compile_engine(struct regexes *r, struct regex_group *g, int *bad, struct sl_err *err)
{
	unsigned self = (unsigned)(g - r->group);

	for (g->engine = 0; g->engine < self; g->engine++)
		if (same_regexes(r, g, &r->group[g->engine]))
			return 0;
	return compile_part(&g->part, &r->set, g->from, g->to, false, &g->len, bad, err);
}

static int compile_group(struct regexes *r, struct regex_group *g, int *bad, struct sl_err *err)
{
	if (g->gate.n)
		strip_group(r, g);
	if (take_steps(r, g) || take_ids(r, g))
		return sl_err(err, ENOMEM, "no memory to compile patterns");
	return g->to == g->from ? 0 : compile_engine(r, g, bad, err);
}

static int sort_rows(struct regexes *r)
{
	struct place *place = calloc(r->set.n + 1, sizeof(*place));
	int rc;

	if (!place)
		return -ENOMEM;
	for (unsigned i = 0; i < r->set.n; i++)
		place[i] = (struct place){r->begin[i], i};
	qsort(place, r->set.n, sizeof(*place), place_cmp);
	rc = reorder(r, place);
	free(place);
	return rc;
}

int regexes_compile(struct regexes *r, int *bad, struct sl_err *err)
{
	int rc = sort_rows(r);

	if (rc)
		return sl_err(err, ENOMEM, "no memory to compile patterns");
	make_groups(r);
	for (unsigned i = 0; i < r->n_groups && !rc; i++)
		rc = compile_group(r, &r->group[i], bad, err);
	return rc;
}

int regexes_gates(const struct regexes *r, struct literals *l)
{
	for (unsigned i = 0; i < r->n_groups; i++)
		if (r->group[i].gate.n &&
		    literals_add(l, r->group[i].gate, false, SL_INDEX_GATE, i))
			return -ENOMEM;
	return 0;
}

static uint32_t smallest_id(const struct regex_group *g)
{
	uint32_t id = SL_MATCH_NONE;

	for (unsigned i = 0; i < g->to - g->from; i++)
		id = SL_MIN(id, g->ids[i]);
	return id;
}

static struct sl_match_group header(const struct regexes *r, const struct regex_group *g)
{
	const struct regex_group *with = &r->group[g->engine];
	struct sl_match_group h = {
		.min_id = g->min_id,
		.self = g->at,
		.gate = SL_MATCH_NONE,
		.skip = (uint16_t)g->skip,
		.n_steps = (uint16_t)g->n_steps,
		.n_ids = g->to - g->from,
		.engine_id = smallest_id(g),
	};

	if (h.n_ids) {
		h.len = (uint32_t)with->len;
		h.engine = (int32_t)((int64_t)with->engine_at - g->at);
	}
	return h;
}

/* Lays out a group behind what the database has; returns its size in bytes. */
static uint64_t lay_out(const struct regexes *r, struct regex_group *g, uint64_t at)
{
	struct sl_match_group h;

	g->at = (uint32_t)(at / SL_MATCH_ALIGN);
	if (g->len) {
		h = header(r, g);
		g->engine_at = g->at + (uint32_t)(sl_match_group_head(&h) / SL_MATCH_ALIGN);
	}
	h = header(r, g);
	return sl_match_group_size(&h);
}

int regexes_reserve(struct regexes *r, struct literals *l, uint64_t *end)
{
	for (unsigned i = 0; i < r->n_groups; i++) {
		if (r->group[i].len > UINT32_MAX)
			return -ENOMEM;
		*end += lay_out(r, &r->group[i], *end);
		if (*end / SL_MATCH_ALIGN > INT32_MAX)
			return -ENOMEM;
	}
	for (size_t i = 0; i < l->n; i++)
		if (l->row[i].kind == SL_INDEX_GATE) {
			struct sl_match_group h = header(r, &r->group[l->row[i].id]);

			l->row[i].id = h.self;
			l->row[i].lines = sl_match_group_lines(&h);
		}
	return 0;
}

int regexes_place(const struct regexes *r, void *db)
{
	for (unsigned i = 0; i < r->n_groups; i++) {
		const struct regex_group *g = &r->group[i];
		struct sl_match_group *out = sl_match_group_at(db, g->at);

		*out = header(r, g);
		if (g->n_steps)
			memcpy(out + 1, g->steps, g->n_steps);
		memcpy((char *)(out + 1) + g->n_steps, g->ids, out->n_ids * sizeof(*g->ids));
		if (compile_place(&g->part, (char *)out + sl_match_group_head(out)))
			return -EINVAL;
	}
	return 0;
}
