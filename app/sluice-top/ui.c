/* SPDX-License-Identifier: BSD-3-Clause */
/* The terminal: draws pages, reads keys. Keys follow htop. */
#include "ui.h"

#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

static void colours_start(void)
{
	if (!has_colors())
		return;
	start_color();
	use_default_colors();
	init_pair(UI_BAD, COLOR_RED, -1);
	init_pair(UI_GOOD, COLOR_GREEN, -1);
	init_pair(UI_BAR, COLOR_BLACK, COLOR_CYAN);
}

/** One line, blank-padded to the edge, with its attributes. */
static void draw_line(int y, attr_t attr, const char *text)
{
	if (y >= LINES)
		return;
	attrset(attr);
	mvaddnstr(y, 0, text, COLS);
	for (int x = getcurx(stdscr); getcury(stdscr) == y && x < COLS; x++)
		addch(' ');
	attrset(A_NORMAL);
}

static void draw_head(const struct ui *ui)
{
	bool alive = ui->now && sample_alive(ui->now) && !ui->src->err.text[0];
	char line[512];
	int x = 0;

	if (ui->now && ui->src->err.text[0])
		snprintf(line, sizeof(line), "OLD NUMBERS: %.400s", ui->src->err.text);
	else if (ui->now)
		status_format(ui->now, line, sizeof(line));
	else
		snprintf(line, sizeof(line), "No data plane yet. %.400s", ui->src->err.text);
	if (ui->paused)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), " [PAUSED]");
	draw_line(0, COLOR_PAIR(alive ? UI_GOOD : UI_BAD) | A_BOLD, line);
	/* The chosen screen stands in brackets. */
	for (int i = 0; i < SCREENS; i++) {
		snprintf(line, sizeof(line), i == ui->screen ? "[%d %s]" : " %d %s ", i + 1,
			 screens[i].title);
		attrset(i == ui->screen ? A_BOLD : A_NORMAL);
		if (x < COLS)
			mvaddnstr(1, x, line, COLS - x);
		x += (int)strlen(line);
	}
	attrset(A_NORMAL);
}

static void draw_foot(const struct ui *ui)
{
	char line[256];

	if (ui->mode == UI_FILTER)
		snprintf(line, sizeof(line), "Enter Done  Esc Clear   Filter: %s_", ui->filter);
	else if (ui->filter[0])
		snprintf(line, sizeof(line),
			 "Filter: %s   F4 Change  F1 Help  Tab Screen  F6 Sort  F10 Quit",
			 ui->filter);
	else
		snprintf(line, sizeof(line),
			 "F1 Help  Tab Screen  F4 Filter  F6 Sort  I Invert  Z Pause  F10 Quit");
	draw_line(LINES - 1, COLOR_PAIR(UI_BAR) | (has_colors() ? 0 : A_REVERSE), line);
}

/** A line of the content: a row of a table, or the heading of the second table. */
struct line {
	unsigned table;
	size_t row; /* SIZE_MAX: heading; SIZE_MAX - 1: blank */
};

#define ROW_HEADING SIZE_MAX
#define ROW_BLANK   (SIZE_MAX - 1)

/** Lines of all tables below each other; the first heading is not among them: it never scrolls. */
static size_t lines_make(const struct ui *ui, const struct page *page, struct line *line,
			 size_t *order)
{
	size_t n = 0;

	for (unsigned i = 0; i < page->n_tables; i++) {
		size_t rows = table_arrange(&page->table[i], ui->sort[ui->screen],
					    ui->descending[ui->screen], ui->filter, order);

		if (i) {
			line[n++] = (struct line){i, ROW_BLANK};
			line[n++] = (struct line){i, ROW_HEADING};
		}
		for (size_t r = 0; r < rows; r++)
			line[n++] = (struct line){i, order[r]};
	}
	return n;
}

static void draw_heading(const struct ui *ui, int y, const struct table *t, const unsigned *width)
{
	char text[1024];

	line_heading(t, width, ui->sort[ui->screen], ui->descending[ui->screen], text,
		     sizeof(text));
	draw_line(y, A_REVERSE, text);
}

static void draw_lines(struct ui *ui, const struct page *page, const struct line *line, size_t n)
{
	unsigned width[PAGE_TABLES_MAX][PAGE_COLUMNS_MAX];
	size_t room = LINES > UI_FRAME ? (size_t)(LINES - UI_FRAME) : 0;
	size_t *top = &ui->top[ui->screen];
	char text[1024];

	if (*top + room > n)
		*top = n > room ? n - room : 0;
	ui->page_rows = room;
	for (unsigned i = 0; i < page->n_tables; i++)
		line_layout(&page->table[i], (unsigned)COLS, width[i]);
	/* The pinned heading belongs to what stands below it. */
	if (n && page->n_tables) {
		unsigned t = line[*top].row == ROW_BLANK ? 0 : line[*top].table;

		draw_heading(ui, 2, &page->table[t], width[t]);
	} else if (page->n_tables) {
		draw_heading(ui, 2, &page->table[0], width[0]);
	}
	for (size_t i = 0; i < room && *top + i < n; i++) {
		const struct line *l = &line[*top + i];
		const struct table *t = &page->table[l->table];

		if (l->row == ROW_HEADING) {
			draw_heading(ui, 3 + (int)i, t, width[l->table]);
		} else if (l->row != ROW_BLANK) {
			line_row(t, l->row, width[l->table], ui->shift, text, sizeof(text));
			draw_line(3 + (int)i, A_NORMAL, text);
		}
	}
	if (*top + room < n && room) {
		snprintf(text, sizeof(text), "-- %zu more --", n - *top - room + 1);
		draw_line(LINES - 2, A_NORMAL, text);
	}
}

static void draw_page(struct ui *ui)
{
	struct moment m = {ui->now, ui->prev};
	struct line *line;
	struct page page;
	size_t rows = 2 * PAGE_TABLES_MAX, *order;

	page_build(&page, &screens[ui->screen], &m);
	for (unsigned i = 0; i < page.n_tables; i++)
		rows += page.table[i].n_rows;
	line = calloc(rows, sizeof(*line));
	order = calloc(rows, sizeof(*order));
	if (line && order)
		draw_lines(ui, &page, line, lines_make(ui, &page, line, order));
	free(line);
	free(order);
	page_free(&page);
}

static void draw(struct ui *ui)
{
	erase();
	draw_head(ui);
	if (ui->mode == UI_HELP)
		draw_help(ui);
	else if (ui->mode == UI_SORT)
		draw_sort(ui);
	else if (ui->now)
		draw_page(ui);
	draw_foot(ui);
	refresh();
}

/** Takes the next sample; a first one of another run has nothing before it. */
static void advance(struct ui *ui)
{
	struct sample *s;

	source_refresh(ui->src);
	if (!ui->src->stats)
		return;
	s = sample_take(ui->src->stats);
	if (!s)
		return;
	sample_free(ui->prev);
	ui->prev = ui->now;
	ui->now = s;
	if (ui->prev && ui->prev->generation != s->generation) {
		sample_free(ui->prev);
		ui->prev = NULL;
	}
}

static void loop(struct ui *ui, uint64_t delay_us)
{
	uint64_t next = sl_clock_us();

	while (!ui->quit && !top_stop) {
		uint64_t now = sl_clock_us();
		int ch;

		if (now >= next) {
			if (!ui->paused)
				advance(ui);
			next = now + delay_us;
		}
		draw(ui);
		timeout((int)((next - now) / 1000) + 1);
		ch = getch();
		ui_key(ui, ch);
		/* A terminal that is gone answers at once, for ever. */
		if (ch == ERR && !isatty(STDIN_FILENO))
			ui->quit = true;
	}
}

int ui_run(struct source *src, const struct ui_options *opt)
{
	struct ui ui = {.src = src, .screen = opt->screen};
	SCREEN *terminal;

	for (int i = 0; i < SCREENS; i++) {
		ui.sort[i] = screens[i].sort;
		ui.descending[i] = true;
	}
	setlocale(LC_CTYPE, "");
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		sl_log(SL_LOG_ERROR, "Standard input and output are no terminal; use --batch.");
		return 1;
	}
	terminal = newterm(NULL, stdout, stdin);
	if (!terminal) {
		sl_log(SL_LOG_ERROR, "This terminal can't be used (TERM=%s); try --batch.",
		       getenv("TERM") ? getenv("TERM") : "");
		return 1;
	}
	set_escdelay(50);
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	curs_set(0);
	colours_start();
	loop(&ui, (uint64_t)(opt->delay_s * 1e6));
	endwin();
	delscreen(terminal);
	sample_free(ui.now);
	sample_free(ui.prev);
	return 0;
}
