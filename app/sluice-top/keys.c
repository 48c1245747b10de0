/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys as a table, and the two panels that they open: help and sort menu. */
#include "ui.h"

#define KEY_TAB  '\t'
#define KEY_ESC  27
#define KEY_CR   '\r'
#define SHIFT_BY 8

/** Columns of this screen that it can be sorted by, then NULL for the configuration's order. */
static size_t choices_make(const struct ui *ui, const struct column *choice[2 * PAGE_COLUMNS_MAX])
{
	struct moment m = {ui->now, ui->prev};
	struct page page;
	size_t n = 0;

	choice[n++] = NULL;
	if (!ui->now)
		return n;
	page_build(&page, &screens[ui->screen], &m);
	for (unsigned i = 0; i < page.n_tables; i++) {
		const struct table *t = &page.table[i];

		for (unsigned c = 0; !t->fixed && c < t->n_cols; c++) {
			size_t known = 1;

			while (known < n && strcmp(choice[known]->key, t->col[c].key) != 0)
				known++;
			if (known == n)
				choice[n++] = &t->col[c];
		}
	}
	page_free(&page);
	return n;
}

static void scroll_by(struct ui *ui, long by)
{
	size_t *top = &ui->top[ui->screen];

	/* Drawing stops at the end. */
	*top = by < 0 && (size_t)-by > *top ? 0 : *top + (size_t)by;
}

static void key_help(struct ui *ui, int ch)
{
	ui->mode = UI_HELP;
	ui->help_top = 0;
}

static void key_screen(struct ui *ui, int ch)
{
	ui->screen = ch - '1';
}

static void key_next(struct ui *ui, int ch)
{
	ui->screen = (ui->screen + (ch == KEY_BTAB ? SCREENS - 1 : 1)) % SCREENS;
}

static void key_filter(struct ui *ui, int ch)
{
	ui->mode = UI_FILTER;
}

static void key_sort(struct ui *ui, int ch)
{
	ui->mode = UI_SORT;
	ui->choice = 0;
}

static void key_invert(struct ui *ui, int ch)
{
	ui->descending[ui->screen] = !ui->descending[ui->screen];
}

static void key_pause(struct ui *ui, int ch)
{
	ui->paused = !ui->paused;
}

static void key_quit(struct ui *ui, int ch)
{
	ui->quit = true;
}

static void key_move(struct ui *ui, int ch)
{
	long page = ui->page_rows > 1 ? (long)ui->page_rows - 1 : 1;

	switch (ch) {
	case KEY_UP:
		scroll_by(ui, -1);
		break;
	case KEY_DOWN:
		scroll_by(ui, 1);
		break;
	case KEY_PPAGE:
		scroll_by(ui, -page);
		break;
	case KEY_NPAGE:
		scroll_by(ui, page);
		break;
	case KEY_HOME:
		ui->top[ui->screen] = 0;
		break;
	case KEY_END:
		ui->top[ui->screen] = SIZE_MAX / 2;
		break;
	case KEY_LEFT:
		ui->shift -= SL_MIN(ui->shift, SHIFT_BY);
		break;
	case KEY_RIGHT:
		ui->shift = SL_MIN(ui->shift + SHIFT_BY, SL_STATS_NAME_MAX);
		break;
	}
}

static const struct key {
	int ch[6]; /* 0: end */
	const char *name, *help;
	void (*act)(struct ui *ui, int ch);
} keys[] = {
	{{KEY_F(1), 'h', '?'}, "F1 h ?", "this help", key_help},
	{{'1', '2', '3', '4', '5', '6'}, "1 .. 7", "screen of that number", key_screen},
	{{'7'}, NULL, NULL, key_screen},
	{{KEY_TAB, KEY_BTAB}, "Tab, Shift-Tab", "next screen, screen before", key_next},
	{{KEY_UP, KEY_DOWN, KEY_PPAGE, KEY_NPAGE, KEY_HOME, KEY_END},
	 "Up Down PgUp PgDn",
	 "scroll; Home and End: to the top, to the end",
	 key_move},
	{{KEY_LEFT, KEY_RIGHT}, "Left Right", "move long names", key_move},
	{{KEY_F(4), '\\', '/'}, "F4 \\", "show only rows that contain a text", key_filter},
	{{KEY_F(6), '>', '.'}, "F6 >", "choose the column to sort by", key_sort},
	{{'I'}, "I", "turn the order round", key_invert},
	{{'Z'}, "Z", "stop and go on reading numbers", key_pause},
	{{KEY_F(10), 'q'}, "F10 q", "quit", key_quit},
};

static bool key_is(const struct key *k, int ch)
{
	for (unsigned i = 0; i < SL_ARRAY_LEN(k->ch) && k->ch[i]; i++)
		if (k->ch[i] == ch)
			return true;
	return false;
}

static void filter_key(struct ui *ui, int ch)
{
	size_t n = strlen(ui->filter);

	if (ch == KEY_ESC)
		ui->filter[0] = '\0';
	if (ch == KEY_ESC || ch == KEY_ENTER || ch == '\n' || ch == KEY_CR)
		ui->mode = UI_NORMAL;
	else if ((ch == KEY_BACKSPACE || ch == 127 || ch == 8) && n)
		ui->filter[n - 1] = '\0';
	else if (ch >= ' ' && ch < 127 && n + 1 < sizeof(ui->filter)) {
		ui->filter[n] = (char)ch;
		ui->filter[n + 1] = '\0';
	}
	ui->top[ui->screen] = 0;
}

static void sort_key(struct ui *ui, int ch)
{
	const struct column *choice[2 * PAGE_COLUMNS_MAX];
	size_t n = choices_make(ui, choice);

	if (ch == KEY_UP)
		ui->choice = (ui->choice + n - 1) % n;
	else if (ch == KEY_DOWN)
		ui->choice = (ui->choice + 1) % n;
	else if (ch == '\n' || ch == KEY_CR || ch == KEY_ENTER) {
		const struct column *c = choice[ui->choice % n];

		ui->sort[ui->screen] = c ? c->key : NULL;
		/* Numbers from the largest, names from A, as everywhere. */
		ui->descending[ui->screen] = c && !c->left;
		ui->top[ui->screen] = 0;
		ui->mode = UI_NORMAL;
	} else if (ch == KEY_ESC || ch == 'q' || ch == KEY_F(10)) {
		ui->mode = UI_NORMAL;
	}
}

static void help_key(struct ui *ui, int ch)
{
	if (ch == KEY_DOWN || ch == KEY_NPAGE)
		ui->help_top += ch == KEY_DOWN ? 1 : 10;
	else if (ch == KEY_UP || ch == KEY_PPAGE)
		ui->help_top -= SL_MIN(ui->help_top, ch == KEY_UP ? 1u : 10u);
	else
		ui->mode = UI_NORMAL;
}

void ui_key(struct ui *ui, int ch)
{
	if (ch == ERR || ch == KEY_RESIZE)
		return;
	switch (ui->mode) {
	case UI_FILTER:
		filter_key(ui, ch);
		return;
	case UI_SORT:
		sort_key(ui, ch);
		return;
	case UI_HELP:
		help_key(ui, ch);
		return;
	case UI_NORMAL:
		break;
	}
	for (unsigned i = 0; i < SL_ARRAY_LEN(keys); i++)
		if (key_is(&keys[i], ch))
			keys[i].act(ui, ch);
}

void draw_sort(struct ui *ui)
{
	const struct column *choice[2 * PAGE_COLUMNS_MAX];
	size_t n = choices_make(ui, choice);
	size_t room = LINES > UI_FRAME ? (size_t)(LINES - UI_FRAME) : 1;
	size_t first = ui->choice >= room ? ui->choice - room + 1 : 0;

	mvaddnstr(2, 0, "Sort by: (Up, Down, Enter; Esc leaves it)", COLS);
	for (size_t i = first; i < n && i < first + room; i++) {
		char text[256];

		snprintf(text, sizeof(text), "%c %-10s %s", i == ui->choice ? '>' : ' ',
			 choice[i] ? choice[i]->heading : "(none)",
			 choice[i] ? choice[i]->help : "order of the configuration");
		if (i == ui->choice)
			attrset(A_REVERSE);
		mvaddnstr(3 + (int)(i - first), 0, text, COLS);
		attrset(A_NORMAL);
	}
}

/** Line i of the help, or false behind its end. */
static bool help_line(const struct ui *ui, const struct page *page, size_t i, char *buf, size_t cap)
{
	for (unsigned k = 0; k < SL_ARRAY_LEN(keys); k++)
		if (keys[k].name && i-- == 0) {
			snprintf(buf, cap, "%18s  %s", keys[k].name, keys[k].help);
			return true;
		}
	if (i-- == 0) {
		snprintf(buf, cap, "Columns of %s:", screens[ui->screen].title);
		return true;
	}
	for (unsigned t = 0; t < page->n_tables; t++)
		for (unsigned c = 0; c < page->table[t].n_cols; c++)
			if (i-- == 0) {
				snprintf(buf, cap, "%18s  %s", page->table[t].col[c].heading,
					 page->table[t].col[c].help);
				return true;
			}
	return false;
}

void draw_help(struct ui *ui)
{
	struct moment m = {ui->now, ui->prev};
	size_t room = LINES > UI_FRAME ? (size_t)(LINES - UI_FRAME) : 0, n = 0;
	struct page page = {0};
	char text[256];

	if (ui->now)
		page_build(&page, &screens[ui->screen], &m);
	while (help_line(ui, &page, n, text, sizeof(text)))
		n++;
	if (ui->help_top + room > n)
		ui->help_top = n > room ? n - room : 0;
	mvaddnstr(2, 0, "Help (Up and Down scroll, any other key leaves)", COLS);
	for (size_t i = 0; i < room && help_line(ui, &page, ui->help_top + i, text, sizeof(text));
	     i++)
		mvaddnstr(3 + (int)i, 0, text, COLS);
	page_free(&page);
}
