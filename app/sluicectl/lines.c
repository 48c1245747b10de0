/* SPDX-License-Identifier: BSD-3-Clause */
/* Two texts side by side as a unified diff: common ends first, then the longest common lines. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sluicectl.h"

#define CONTEXT   3u
#define CELLS_MAX (16u << 20) /* beyond it the middle is shown as all removed, all added */

struct text {
	const char **line;
	size_t *len;
	size_t n;
};

/* What becomes of the lines, in order: ' ' both, '-' first, '+' second. */
struct script {
	char *op;
	size_t n;
};

static bool text_split(struct text *t, const char *s)
{
	size_t n = 1;

	for (const char *p = s; *p != '\0'; p++)
		n += *p == '\n';
	t->line = calloc(n, sizeof(*t->line));
	t->len = calloc(n, sizeof(*t->len));
	t->n = 0;
	if (t->line == NULL || t->len == NULL)
		return false;
	while (*s != '\0') {
		size_t len = strcspn(s, "\n");

		t->line[t->n] = s;
		t->len[t->n++] = len;
		s += len + (s[len] == '\n');
	}
	return true;
}

static bool same(const struct text *a, size_t i, const struct text *b, size_t k)
{
	return a->len[i] == b->len[k] && memcmp(a->line[i], b->line[k], a->len[i]) == 0;
}

static void repeat(struct script *s, char op, size_t n)
{
	memset(s->op + s->n, op, n);
	s->n += n;
}

/* Lengths of common subsequences of all tails, then the walk along the longest. */
static void middle(struct script *s, const struct text *a, size_t a0, size_t na,
		   const struct text *b, size_t b0, size_t nb)
{
	size_t width = nb + 1, i = 0, k = 0;
	uint32_t *len =
		(na + 1) <= CELLS_MAX / width ? calloc((na + 1) * width, sizeof(*len)) : NULL;

	if (len == NULL) {
		repeat(s, '-', na);
		repeat(s, '+', nb);
		return;
	}
	for (i = na; i-- > 0;)
		for (k = nb; k-- > 0;)
			len[i * width + k] =
				same(a, a0 + i, b, b0 + k)
					? len[(i + 1) * width + k + 1] + 1
					: SL_MAX(len[(i + 1) * width + k], len[i * width + k + 1]);
	for (i = k = 0; i < na && k < nb;) {
		if (same(a, a0 + i, b, b0 + k)) {
			repeat(s, ' ', 1);
			i++;
			k++;
		} else if (len[(i + 1) * width + k] >= len[i * width + k + 1]) {
			repeat(s, '-', 1);
			i++;
		} else {
			repeat(s, '+', 1);
			k++;
		}
	}
	repeat(s, '-', na - i);
	repeat(s, '+', nb - k);
	free(len);
}

static void compare(struct script *s, const struct text *a, const struct text *b)
{
	size_t head = 0, tail = 0;

	while (head < a->n && head < b->n && same(a, head, b, head))
		head++;
	while (head + tail < a->n && head + tail < b->n &&
	       same(a, a->n - 1 - tail, b, b->n - 1 - tail))
		tail++;
	repeat(s, ' ', head);
	middle(s, a, head, a->n - head - tail, b, head, b->n - head - tail);
	repeat(s, ' ', tail);
}

/* Whether a line that both have is near enough to a difference to be shown. */
static bool near(const struct script *s, size_t at)
{
	size_t from = at > CONTEXT ? at - CONTEXT : 0, to = SL_MIN(at + CONTEXT + 1, s->n);

	for (size_t i = from; i < to; i++)
		if (s->op[i] != ' ')
			return true;
	return false;
}

static void hunk_head(const struct script *s, size_t at, size_t i, size_t k)
{
	size_t na = 0, nb = 0;

	for (; at < s->n && (s->op[at] != ' ' || near(s, at)); at++) {
		na += s->op[at] != '+';
		nb += s->op[at] != '-';
	}
	printf("@@ -%zu,%zu +%zu,%zu @@\n", na > 0 ? i + 1 : i, na, nb > 0 ? k + 1 : k, nb);
}

static void print_line(char op, const char *line, size_t len)
{
	putchar(op);
	/* Names come from files: no byte of theirs may steer the terminal. */
	for (size_t i = 0; i < len; i++)
		putchar((unsigned char)line[i] < 0x20 || line[i] == 0x7f ? '?' : line[i]);
	putchar('\n');
}

static void print(const struct script *s, const struct text *a, const struct text *b)
{
	size_t i = 0, k = 0;
	bool in_hunk = false;

	for (size_t at = 0; at < s->n; at++) {
		char op = s->op[at];
		bool shown = op != ' ' || near(s, at);

		if (shown && !in_hunk)
			hunk_head(s, at, i, k);
		in_hunk = shown;
		if (shown)
			print_line(op, op == '+' ? b->line[k] : a->line[i],
				   op == '+' ? b->len[k] : a->len[i]);
		i += op != '+';
		k += op != '-';
	}
}

void lines_diff(const char *from, const char *to)
{
	struct text a = {0}, b = {0};
	struct script s = {0};

	if (text_split(&a, from) && text_split(&b, to))
		s.op = malloc(a.n + b.n + 1);
	if (s.op != NULL) {
		compare(&s, &a, &b);
		print(&s, &a, &b);
	}
	free(s.op);
	free(a.line);
	free(a.len);
	free(b.line);
	free(b.len);
}
