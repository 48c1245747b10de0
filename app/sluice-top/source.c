/* SPDX-License-Identifier: BSD-3-Clause */
/* The segment we look at; outlives the data plane that wrote it. */
#include "top.h"

void source_refresh(struct source *src)
{
	struct sl_stats *fresh;

	if (src->stats && !sl_stats_replaced(src->stats, src->path))
		return;
	/* A new one that can't be read leaves the old numbers on the screen. */
	if (sl_stats_open(&fresh, src->path, &src->err) < 0)
		return;
	sl_stats_close(src->stats);
	src->stats = fresh;
	src->err.text[0] = '\0';
}

void source_close(struct source *src)
{
	sl_stats_close(src->stats);
	src->stats = NULL;
}
