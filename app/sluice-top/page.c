/* SPDX-License-Identifier: BSD-3-Clause */
/* Pages: tables of cells that every form of output renders, and how cells become text. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

#include "top.h"

struct table *page_table(struct page *page, const char *name, const struct column *col,
			 unsigned n_cols)
{
	struct table *t = &page->table[page->n_tables++];

	t->name = name;
	t->col = col;
	t->n_cols = n_cols;
	return t;
}

struct cell *page_row(struct page *page, struct table *t)
{
	if (t->n_rows == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 64;
		struct cell *cell = realloc(t->cell, cap * t->n_cols * sizeof(*cell));

		if (!cell) {
			page->no_memory = true;
			return page->spare;
		}
		t->cell = cell;
		t->cap = cap;
	}
	memset(&t->cell[t->n_rows * t->n_cols], 0, t->n_cols * sizeof(*t->cell));
	return &t->cell[t->n_rows++ * t->n_cols];
}

const char *page_text(struct page *page, const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	if (page->n_text == page->text_cap) {
		size_t cap = page->text_cap ? page->text_cap * 2 : 64;
		char **text = realloc(page->text, cap * sizeof(*text));

		if (!text) {
			page->no_memory = true;
			return "";
		}
		page->text = text;
		page->text_cap = cap;
	}
	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0) {
		page->no_memory = true;
		return "";
	}
	page->text[page->n_text++] = s;
	return s;
}

void page_build(struct page *page, const struct screen *screen, const struct moment *m)
{
	memset(page, 0, sizeof(*page));
	screen->build(page, m);
}

void page_free(struct page *page)
{
	for (unsigned i = 0; i < page->n_tables; i++)
		free(page->table[i].cell);
	for (size_t i = 0; i < page->n_text; i++)
		free(page->text[i]);
	free(page->text);
	memset(page, 0, sizeof(*page));
}

struct cell cell_text(const char *text)
{
	return (struct cell){.kind = CELL_TEXT, .text = text};
}

struct cell cell_count(uint64_t v)
{
	return (struct cell){.kind = CELL_COUNT, .count = v, .real = (double)v};
}

struct cell cell_us(uint64_t us)
{
	return (struct cell){.kind = CELL_US, .count = us, .real = (double)us};
}

struct cell cell_percent(double part, double whole)
{
	if (!(whole > 0))
		return (struct cell){0};
	return (struct cell){.kind = CELL_PERCENT, .real = 100 * part / whole};
}

struct cell cell_ratio(double part, double whole)
{
	if (!(whole > 0))
		return (struct cell){0};
	return (struct cell){.kind = CELL_RATE, .real = part / whole};
}

struct cell cell_rate(const struct moment *m, uint64_t now, const uint64_t *prev)
{
	uint64_t before = prev ? *prev : 0;
	double seconds;

	if (!m->prev || m->now->at_us <= m->prev->at_us)
		return (struct cell){0};
	seconds = (double)(m->now->at_us - m->prev->at_us) / 1e6;
	return (struct cell){.kind = CELL_RATE,
			     .real = now > before ? (double)(now - before) / seconds : 0};
}

struct cell cell_bits(const struct moment *m, uint64_t now, const uint64_t *prev)
{
	struct cell c = cell_rate(m, now, prev);

	c.real *= 8;
	return c;
}

struct cell cell_quantile(const struct sl_hist *gain, double q)
{
	uint64_t counted = 0;

	for (unsigned i = 0; i < SL_HIST_BUCKETS; i++)
		counted += gain->bucket[i];
	return counted ? cell_us(sl_hist_quantile(gain, q)) : (struct cell){0};
}

/** A number with one of the units k M G T P E, in at most width characters where possible. */
static void scaled(double v, unsigned width, char *buf, size_t cap)
{
	static const char unit[] = "kMGTPE";
	int u = -1;

	while (u < 5 && (u < 0 || v >= 999.5)) {
		v /= 1000;
		u++;
	}
	snprintf(buf, cap, v < 9.995 ? "%.2f%c" : v < 99.95 ? "%.1f%c" : "%.0f%c", v, unit[u]);
	if (strlen(buf) > width)
		snprintf(buf, cap, "%.0f%c", v, unit[u]);
}

static void us_format(double us, char *buf, size_t cap)
{
	if (us < 1000)
		snprintf(buf, cap, "%.0fus", us);
	else if (us < 1e6)
		snprintf(buf, cap, us < 1e4 ? "%.2fms" : us < 1e5 ? "%.1fms" : "%.0fms", us / 1e3);
	else
		snprintf(buf, cap, us < 1e7 ? "%.2fs" : "%.1fs", us / 1e6);
}

const char *cell_format(const struct cell *c, unsigned width, char *buf, size_t cap)
{
	switch (c->kind) {
	case CELL_TEXT:
		return c->text;
	case CELL_NONE:
		return "-";
	case CELL_COUNT:
		snprintf(buf, cap, "%llu", (unsigned long long)c->count);
		break;
	case CELL_RATE:
		snprintf(buf, cap, c->real < 99.95 && c->real > 0 ? "%.1f" : "%.0f", c->real);
		break;
	case CELL_US:
		us_format(c->real, buf, cap);
		break;
	case CELL_PERCENT:
		snprintf(buf, cap, "%.1f%%", c->real);
		break;
	}
	if (width && strlen(buf) > width && (c->kind == CELL_COUNT || c->kind == CELL_RATE))
		scaled(c->real, width, buf, cap);
	return buf;
}

/* What qsort compares by; one thread. */
static const struct table *sort_table;
static unsigned sort_column;
static bool sort_descending;

static int cell_compare(const struct cell *a, const struct cell *b)
{
	int c;

	/* Empty cells last, whichever way the others go. */
	if (a->kind == CELL_NONE || b->kind == CELL_NONE)
		return (a->kind == CELL_NONE) - (b->kind == CELL_NONE);
	if (a->kind == CELL_TEXT && b->kind == CELL_TEXT)
		c = strcmp(a->text, b->text);
	else
		c = (a->real > b->real) - (a->real < b->real);
	return sort_descending ? -c : c;
}

static int row_compare(const void *pa, const void *pb)
{
	const struct table *t = sort_table;
	size_t a = *(const size_t *)pa, b = *(const size_t *)pb;
	int c = cell_compare(&t->cell[a * t->n_cols + sort_column],
			     &t->cell[b * t->n_cols + sort_column]);

	return c ? c : (a > b) - (a < b);
}

static bool row_matches(const struct table *t, size_t row, const char *filter)
{
	for (unsigned i = 0; i < t->n_cols; i++) {
		const struct cell *c = &t->cell[row * t->n_cols + i];

		if (c->kind == CELL_TEXT && strcasestr(c->text, filter))
			return true;
	}
	return false;
}

size_t table_arrange(const struct table *t, const char *sort, bool descending, const char *filter,
		     size_t *order)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n_rows; i++)
		if (!filter || !*filter || row_matches(t, i, filter))
			order[n++] = i;
	if (t->fixed || !sort)
		return n;
	for (unsigned i = 0; i < t->n_cols; i++)
		if (strcmp(t->col[i].key, sort) == 0) {
			sort_table = t;
			sort_column = i;
			sort_descending = descending;
			qsort(order, n, sizeof(*order), row_compare);
			break;
		}
	return n;
}
