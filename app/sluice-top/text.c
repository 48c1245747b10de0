/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines of a table, for the terminal and for batch output. */
#include <stdlib.h>

#include "top.h"

#define FLEX_MIN  8u  /* narrower the flexible column never gets */
#define FLEX_WIDE 24u /* what it must have before wide columns are shown */

/** Longest text of a column, heading included. */
static unsigned content_width(const struct table *t, unsigned col)
{
	size_t longest = strlen(t->col[col].heading);
	char buf[64];

	for (size_t r = 0; r < t->n_rows; r++) {
		size_t n = strlen(cell_format(&t->cell[r * t->n_cols + col], 0, buf, sizeof(buf)));

		longest = SL_MAX(longest, n);
	}
	return (unsigned)longest;
}

void line_layout(const struct table *t, unsigned line_width, unsigned width[PAGE_COLUMNS_MAX])
{
	unsigned narrow = 0, all = 0, flex = 0, used;
	bool wide;

	for (unsigned i = 0; i < t->n_cols; i++) {
		unsigned w = t->col[i].width ? t->col[i].width + 1 : 0;

		all += w;
		narrow += t->col[i].wide ? 0 : w;
		flex += w ? 0 : 1;
	}
	wide = all + flex * FLEX_WIDE <= line_width;
	used = wide ? all : narrow;
	for (unsigned i = 0; i < t->n_cols; i++) {
		width[i] = t->col[i].width;
		if (!line_width)
			width[i] = content_width(t, i);
		else if (!t->col[i].width)
			width[i] = line_width > used + FLEX_MIN ? line_width - used : FLEX_MIN;
		else if (t->col[i].wide && !wide)
			width[i] = 0;
	}
}

/** A line under construction; what does not fit is cut off. */
struct out {
	char *p;
	size_t n, cap;
};

static void put(struct out *o, char c)
{
	if (o->n + 1 < o->cap)
		o->p[o->n++] = c;
}

static void put_field(struct out *o, const char *s, unsigned width, bool left, char cut)
{
	size_t n = strlen(s), pad = n < width ? width - n : 0;

	for (size_t i = 0; !left && i < pad; i++)
		put(o, ' ');
	for (size_t i = 0; i < n && i < width; i++)
		put(o, n > width && i == width - 1 ? cut : s[i]);
	for (size_t i = 0; left && i < pad; i++)
		put(o, ' ');
}

/** A name that is too long keeps its end, by which names of one family differ. */
static void put_name(struct out *o, const char *s, unsigned width)
{
	size_t n = strlen(s);
	unsigned head = width / 4;

	if (n <= width) {
		put_field(o, s, width, true, '~');
		return;
	}
	for (unsigned i = 0; i < head; i++)
		put(o, s[i]);
	put(o, '~');
	put_field(o, s + n - (width - head - 1), width - head - 1, true, '~');
}

void line_heading(const struct table *t, const unsigned *width, const char *sort, bool descending,
		  char *buf, size_t cap)
{
	struct out o = {buf, 0, cap};
	char heading[32];

	for (unsigned i = 0; i < t->n_cols; i++) {
		const struct column *col = &t->col[i];
		bool sorted = sort && !t->fixed && strcmp(col->key, sort) == 0;
		char mark = descending ? 'v' : '^';

		if (!width[i])
			continue;
		if (col->left) {
			/* The blank between columns has room for the mark. */
			if (i)
				put(&o, ' ');
			snprintf(heading, sizeof(heading), "%s%.1s", col->heading,
				 sorted ? &mark : "");
			put_field(&o, heading, width[i], true, mark);
		} else {
			snprintf(heading, sizeof(heading), "%c%s", sorted ? mark : ' ',
				 col->heading);
			put_field(&o, heading, width[i] + (i ? 1 : 0), false, mark);
		}
	}
	buf[o.n] = '\0';
}

void line_row(const struct table *t, size_t row, const unsigned *width, unsigned shift, char *buf,
	      size_t cap)
{
	struct out o = {buf, 0, cap};
	char text[64];

	for (unsigned i = 0; i < t->n_cols; i++) {
		const struct column *col = &t->col[i];
		const char *s;

		if (!width[i])
			continue;
		s = cell_format(&t->cell[row * t->n_cols + i], width[i], text, sizeof(text));
		if (i)
			put(&o, ' ');
		/* Never beyond the end, so that short names stay where they are. */
		if (!col->width && col->left && strlen(s) > width[i])
			s += SL_MIN(shift, strlen(s) - width[i]);
		if (!col->width && i == 0 && !shift)
			put_name(&o, s, width[i]);
		else
			put_field(&o, s, width[i], col->left, '~');
	}
	buf[o.n] = '\0';
}

static void duration_format(double s, char *buf, size_t cap)
{
	unsigned long t = (unsigned long)s;

	if (t < 60)
		snprintf(buf, cap, "%lu s", t);
	else if (t < 3600)
		snprintf(buf, cap, "%lu min %lu s", t / 60, t % 60);
	else if (t < 86400)
		snprintf(buf, cap, "%lu h %lu min", t / 3600, t / 60 % 60);
	else
		snprintf(buf, cap, "%lu d %lu h", t / 86400, t / 3600 % 24);
}

void status_format(const struct sample *s, char *buf, size_t cap)
{
	char time[48];

	if (sample_alive(s)) {
		duration_format((double)(s->at_us - SL_MIN(s->started_us, s->at_us)) / 1e6, time,
				sizeof(time));
		snprintf(buf, cap, "%s: running for %s, pid %d, configuration %llu, %u worker%s%s",
			 s->instance, time, s->pid, (unsigned long long)s->epoch, s->n_workers,
			 s->n_workers == 1 ? "" : "s",
			 s->directory_ok ? "" : "; names are being rewritten");
		return;
	}
	duration_format(sample_age_s(s), time, sizeof(time));
	snprintf(buf, cap, "%s: NOT RUNNING for %s; last numbers of pid %d, configuration %llu",
		 s->instance, time, s->pid, (unsigned long long)s->epoch);
}

/** Writes a line without the blanks that pad it. */
static void print_line(FILE *out, const char *line)
{
	size_t n = strlen(line);

	while (n && line[n - 1] == ' ')
		n--;
	fprintf(out, "%.*s\n", (int)n, line);
}

bool text_print(FILE *out, const struct screen *screen, const struct moment *m)
{
	unsigned width[PAGE_COLUMNS_MAX];
	struct page page;
	char line[2048];
	bool ok;

	page_build(&page, screen, m);
	fprintf(out, "%s\n", screen->title);
	for (unsigned i = 0; i < page.n_tables; i++) {
		const struct table *t = &page.table[i];

		line_layout(t, 0, width);
		line_heading(t, width, NULL, false, line, sizeof(line));
		print_line(out, line);
		for (size_t r = 0; r < t->n_rows; r++) {
			line_row(t, r, width, 0, line, sizeof(line));
			print_line(out, line);
		}
		fputs("\n", out);
	}
	ok = !page.no_memory;
	page_free(&page);
	return ok;
}
