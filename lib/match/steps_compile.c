/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads regexes that are a row of steps; what is not plain to see is none. Control process only. */
#include "steps.h"

/* A class and how often it stands there. */
struct step {
	uint8_t set[32];
	uint16_t min, max;
};

struct row {
	struct step v[SL_STEPS_MAX];
	size_t n;
};

/* What is left to read. */
struct text {
	const char *p, *end;
};

/* As which of its alternatives each group of a regex is read, in the order they open in. */
struct choices {
	struct choice {
		unsigned pick, of;
	} v[SL_STEPS_ROWS];
	unsigned n, at; /* at: of the group that opens next */
};

static void add_range(uint8_t set[32], uint8_t from, uint8_t to)
{
	for (unsigned c = from; c <= to; c++)
		set[c >> 3] |= (uint8_t)(1u << (c & 7));
}

static void invert(uint8_t set[32])
{
	for (int i = 0; i < 32; i++)
		set[i] = (uint8_t)~set[i];
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A byte that stands for itself behind a backslash. */
static bool is_mark(char c)
{
	return c > ' ' && c < 0x7f && !is_digit(c) && !(sl_lower(c) >= 'a' && sl_lower(c) <= 'z') &&
	       c != '_';
}

/* What a backslash begins; *byte is what it stands for, or -1: a class. */
static bool read_escape(struct text *t, uint8_t set[32], int *byte)
{
	char c;

	if (t->end - t->p < 2)
		return false;
	c = t->p[1];
	t->p += 2;
	*byte = -1;
	if (c == 'd' || c == 'w')
		add_range(set, '0', '9');
	if (c == 'w') {
		add_range(set, 'a', 'z');
		add_range(set, 'A', 'Z');
		add_range(set, '_', '_');
	}
	if (c == 'd' || c == 'w')
		return true;
	*byte = (unsigned char)c;
	return is_mark(c);
}

/* One byte of a class; *byte as above. */
static bool read_member(struct text *t, uint8_t set[32], int *byte)
{
	if (t->p == t->end || *t->p == '[' || *t->p == ']' || (unsigned char)*t->p >= 0x7f)
		return false;
	if (*t->p == '\\')
		return read_escape(t, set, byte);
	*byte = (unsigned char)*t->p++;
	return true;
}

/* "[a-z]", "[^/]"; a '-' at either end stands for itself. */
static bool read_class(struct text *t, uint8_t set[32])
{
	bool other;
	int from, to;

	t->p++;
	other = t->p < t->end && *t->p == '^';
	t->p += other;
	do {
		if (!read_member(t, set, &from))
			return false;
		to = from;
		if (t->end - t->p >= 2 && t->p[0] == '-' && t->p[1] != ']') {
			t->p++;
			if (from < 0 || !read_member(t, set, &to) || to < from)
				return false;
		}
		if (from >= 0)
			add_range(set, (uint8_t)from, (uint8_t)to);
	} while (t->p < t->end && *t->p != ']');
	if (t->p++ == t->end)
		return false;
	if (other)
		invert(set);
	return true;
}

static bool read_atom(struct text *t, uint8_t set[32])
{
	int byte;

	if (*t->p == '[')
		return read_class(t, set);
	if (*t->p == '\\') {
		if (!read_escape(t, set, &byte))
			return false;
		if (byte >= 0)
			add_range(set, (uint8_t)byte, (uint8_t)byte);
		return true;
	}
	if (memchr("](){}|^$*+?", *t->p, 11) || *t->p < ' ' || *t->p == 0x7f)
		return false;
	if (*t->p == '.')
		add_range(set, 0, UINT8_MAX);
	else
		add_range(set, (uint8_t)*t->p, (uint8_t)*t->p);
	t->p++;
	return true;
}

/* A number of at most three digits. */
static bool read_number(struct text *t, uint16_t *out)
{
	const char *begin = t->p;

	for (*out = 0; t->p < t->end && is_digit(*t->p) && t->p - begin < 3; t->p++)
		*out = (uint16_t)(*out * 10 + (*t->p - '0'));
	return t->p > begin;
}

/* "{2}", "{2,}", "{2,4}" */
static bool read_counts(struct text *t, struct step *s)
{
	t->p++;
	if (!read_number(t, &s->min))
		return false;
	s->max = s->min;
	if (t->p < t->end && *t->p == ',') {
		t->p++;
		if (t->p < t->end && *t->p == '}')
			s->max = UINT16_MAX;
		else if (!read_number(t, &s->max))
			return false;
	}
	return t->p < t->end && *t->p++ == '}' && s->max && s->min <= s->max;
}

static bool read_quantifier(struct text *t, struct step *s)
{
	s->min = s->max = 1;
	if (t->p == t->end || !memchr("*+?{", *t->p, 4))
		return true;
	if (*t->p == '{') {
		if (!read_counts(t, s))
			return false;
	} else {
		s->min = *t->p == '+';
		s->max = *t->p == '?' ? 1 : UINT16_MAX;
		t->p++;
	}
	/* "a+?", "a++": lazy, possessive. */
	return t->p == t->end || !memchr("*+?{", *t->p, 4);
}

/* Passes what stands up to the next '|' or ')' of the group that is open. */
static bool pass_alternative(struct text *t)
{
	unsigned depth = 0;

	while (t->p < t->end) {
		uint8_t set[32] = {0};

		if (depth == 0 && (*t->p == '|' || *t->p == ')'))
			return true;
		depth += *t->p == '(';
		depth -= *t->p == ')';
		if (memchr("(){}|^$*+?", *t->p, 10))
			t->p++;
		else if (!read_atom(t, set))
			return false;
	}
	return false;
}

/* How many alternatives a group has from here on; nothing is one more where it is optional. */
static unsigned count_alternatives(struct text t)
{
	unsigned n = 1;

	while (pass_alternative(&t) && *t.p == '|') {
		t.p++;
		n++;
	}
	if (t.p == t.end || *t.p++ != ')')
		return 0;
	if (t.p < t.end && *t.p == '?') {
		t.p++;
		n++;
	}
	/* "(a|b)*" is no row, "(a|b)??" not plain to see. */
	return t.p < t.end && memchr("*+?{", *t.p, 4) ? 0 : n;
}

/* "(a|b)", "(?:a|b)?": goes to where the alternative that is chosen begins. */
static bool open_group(struct text *t, struct choices *c)
{
	unsigned of;

	t->p++;
	if (t->p < t->end && *t->p == '?') {
		if (t->end - t->p < 2 || t->p[1] != ':')
			return false;
		t->p += 2;
	}
	of = count_alternatives(*t);
	if (of == 0)
		return false;
	if (c->at == c->n) {
		if (c->n == SL_ARRAY_LEN(c->v))
			return false;
		c->v[c->n++] = (struct choice){0, of};
	}
	for (unsigned k = c->v[c->at++].pick; k; k--) {
		pass_alternative(t);
		t->p += *t->p == '|';
	}
	return true;
}

/* At the end of the alternative that was read: goes behind the group. */
static void close_group(struct text *t)
{
	while (*t->p == '|') {
		t->p++;
		pass_alternative(t);
	}
	t->p++;
	t->p += t->p < t->end && *t->p == '?';
}

/* Goes on to the next choice; false: all are read. */
static bool choose_next(struct choices *c)
{
	while (c->n && ++c->v[c->n - 1].pick == c->v[c->n - 1].of)
		c->n--;
	c->at = 0;
	return c->n != 0;
}

static bool read_row(struct sl_str regex, struct choices *c, struct row *r)
{
	struct text t = {regex.p, regex.p + regex.n};
	unsigned depth = 0;

	/* A whole subject is matched in any case. */
	t.p += regex.n && *t.p == '^';
	while (t.p < t.end) {
		struct step *s = &r->v[r->n];

		if (*t.p == '$' && t.p + 1 == t.end)
			break;
		if (*t.p == '(') {
			if (!open_group(&t, c))
				return false;
			depth++;
		} else if (depth && (*t.p == '|' || *t.p == ')')) {
			close_group(&t);
			depth--;
		} else if (r->n++ == SL_STEPS_MAX || !read_atom(&t, s->set) ||
			   !read_quantifier(&t, s)) {
			return false;
		}
	}
	return true;
}

static bool overlap(const uint8_t a[32], const uint8_t b[32])
{
	uint8_t both = 0;

	for (int i = 0; i < 32; i++)
		both |= a[i] & b[i];
	return both != 0;
}

/* Steps of a row that are passed in one direction. */
struct part {
	const struct step *v;
	size_t n;
	bool backward;
};

static const struct step *step_at(const struct part *p, size_t i)
{
	return &p->v[p->backward ? p->n - 1 - i : i];
}

/* Whether a byte that a run may take could be meant for what follows: then the longest run is not
 * always the right one. */
static bool is_certain(const struct part *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct step *run = step_at(p, i);

		if (run->min == run->max)
			continue;
		for (size_t k = i + 1; k < p->n; k++) {
			if (overlap(run->set, step_at(p, k)->set))
				return false;
			if (step_at(p, k)->min)
				break;
		}
	}
	return true;
}

/* ".*", ".+" */
static bool is_anything(const struct step *s)
{
	for (int i = 0; i < 32; i++)
		if (s->set[i] != UINT8_MAX)
			return false;
	return s->max == UINT16_MAX;
}

/* Of a run beside a ".*" only what it must have matters: that takes the rest. */
static bool leave_least(struct step *s)
{
	s->max = s->min;
	return s->min == 0;
}

/*
 * Cuts a row at its ".*", if it has one, into what is passed forward and what is passed backward.
 * Both take what they take in but one way, so what is left between them is known.
 */
static bool cut_at_anything(struct row *r, struct part *head, struct part *tail, int *least)
{
	size_t at = 0, from, to;

	*head = (struct part){r->v, r->n, false};
	*tail = (struct part){r->v, 0, true};
	*least = -1;
	while (at < r->n && !is_anything(&r->v[at]))
		at++;
	if (at == r->n)
		return is_certain(head);
	for (to = at; to > 0 && leave_least(&r->v[to - 1]); to--)
		;
	for (from = at + 1; from < r->n && leave_least(&r->v[from]); from++)
		;
	*least = r->v[at].min;
	head->n = to;
	*tail = (struct part){r->v + from, r->n - from, true};
	return is_certain(head) && is_certain(tail);
}

/* The only byte of a step, or -1: it is a run. */
static int only_byte(const struct step *s)
{
	int found = -1;

	if (s->min != 1 || s->max != 1)
		return -1;
	for (int c = 0; c <= UINT8_MAX; c++)
		if (sl_steps_has(s->set, (uint8_t)c)) {
			if (found >= 0)
				return -1;
			found = c;
		}
	return found;
}

static uint8_t *emit_run(uint8_t *at, const struct step *s)
{
	struct sl_steps_run run = {
		.min = {(uint8_t)s->min, (uint8_t)(s->min >> 8)},
		.max = {(uint8_t)s->max, (uint8_t)(s->max >> 8)},
	};

	memcpy(run.set, s->set, sizeof(run.set));
	memcpy(at, &run, sizeof(run));
	return at + sizeof(run);
}

/* How many steps from the i-th on are one byte each: a text. */
static size_t text_length(const struct part *p, size_t i)
{
	size_t n = 0;

	while (i + n < p->n && only_byte(step_at(p, i + n)) >= 0)
		n++;
	return n;
}

/* Of a text the bytes stand as they do in subjects, also where it is passed backward. */
static uint8_t *emit_text(uint8_t *at, const struct part *p, size_t i, size_t n)
{
	const struct step *first = step_at(p, p->backward ? i + n - 1 : i);

	*at++ = (uint8_t)n;
	for (size_t k = 0; k < n; k++)
		*at++ = (uint8_t)only_byte(first + k);
	return at;
}

static uint8_t *emit(uint8_t *at, const struct part *p)
{
	for (size_t i = 0; i < p->n;) {
		size_t n = text_length(p, i);

		at = n ? emit_text(at, p, i, n) : emit_run(at, step_at(p, i));
		i += n ? n : 1;
	}
	return at;
}

/* 0: the row is none that can be passed without trying. */
static uint32_t emit_program(struct sl_steps *out, struct row *r, uint32_t id)
{
	uint8_t *begin = (uint8_t *)out, *at;
	struct part head, tail;
	int least;

	if (!cut_at_anything(r, &head, &tail, &least))
		return 0;
	at = emit((uint8_t *)(out + 1), &head);
	out->id = id;
	out->turn = (uint16_t)(least < 0 ? 0 : at - begin);
	out->least = (uint16_t)SL_MAX(least, 0);
	at = emit(at, &tail);
	out->end = (uint16_t)(at - begin);
	out->bytes = (uint16_t)((out->end + 3) / 4 * 4);
	memset(at, 0, out->bytes - (size_t)out->end);
	return out->bytes;
}

uint32_t sl_steps_compile(struct sl_str regex, uint32_t id, struct sl_steps *out)
{
	struct choices c = {.n = 0};
	unsigned rows = 0;
	char *at = (char *)out;

	do {
		struct row r = {.n = 0};
		uint32_t n = 0;

		if (rows++ < SL_STEPS_ROWS && read_row(regex, &c, &r))
			n = emit_program((struct sl_steps *)(void *)at, &r, id);
		if (n == 0)
			return 0;
		at += n;
	} while (choose_next(&c));
	return (uint32_t)(at - (char *)out);
}
