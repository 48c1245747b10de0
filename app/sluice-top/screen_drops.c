/* SPDX-License-Identifier: BSD-3-Clause */
/* Drops: every reason, how often, and what it means. */
#include "screens.h"

static const struct column columns[] = {
	{"REASON", "reason", 18, true, false, "name of the reason"},
	{"DROP/S", "per_second", 9, false, false, "packets dropped a second"},
	{"DROPS", "total", 11, false, false, "packets dropped"},
	{"MEANING", "meaning", 0, true, false, "what it says"},
};

void screen_drops(struct page *page, const struct moment *m)
{
	struct table *t = page_table(page, "drops", columns, SL_ARRAY_LEN(columns));

	for (int i = 0; i < SL_DROP_COUNT; i++) {
		struct cell *c = page_row(page, t);

		*c++ = cell_text(sl_drop_name(i));
		*c++ = cell_rate(m, m->now->drop[i], m->prev ? &m->prev->drop[i] : NULL);
		*c++ = cell_count(m->now->drop[i]);
		*c++ = cell_text(sl_drop_help(i));
	}
}
