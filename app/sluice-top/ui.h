/* SPDX-License-Identifier: BSD-3-Clause */
/* What the drawing and the keys of the terminal share. */
#ifndef UI_H
#define UI_H

#include <curses.h>

#include "top.h"

#define UI_FRAME 4 /* lines that are not rows: status, screens, heading, keys */

enum { UI_BAD = 1, UI_GOOD, UI_BAR }; /* colour pairs */

enum ui_mode { UI_NORMAL, UI_FILTER, UI_SORT, UI_HELP };

struct ui {
	struct source *src;
	struct sample *now, *prev;
	int screen;
	enum ui_mode mode;
	bool quit, paused;
	char filter[64];
	/* per screen: first line shown, column sorted by (NULL: order of the configuration) */
	size_t top[SCREENS];
	const char *sort[SCREENS];
	bool descending[SCREENS];
	size_t page_rows; /* rows that fit, as last drawn */
	unsigned shift;   /* names are shown from this character on */
	size_t help_top;
	size_t choice; /* in the sort menu */
};

/** Acts on a key; ERR when none was pressed in time. */
void ui_key(struct ui *ui, int ch);

/** Help: the keys, and the columns of this screen. */
void draw_help(struct ui *ui);

/** Menu of the columns to sort by. */
void draw_sort(struct ui *ui);

#endif
