/* SPDX-License-Identifier: BSD-3-Clause */
/* Health of endpoints for every view: as configured, and what the data plane found out. */
#include <stdio.h>

#include "view.h"

static const struct sl_stats *stats; /* one thread: set around each command */

struct sl_stats *view_stats_open(const char *dir)
{
	struct sl_stats *now = NULL;
	char path[256];

	snprintf(path, sizeof(path), "%s/stats", dir);
	if (sl_stats_open(&now, path, NULL) < 0)
		now = NULL;
	stats = now;
	return now;
}

void view_stats_close(struct sl_stats *now)
{
	stats = NULL;
	if (now != NULL)
		sl_stats_close(now);
}

const char *view_health(uint8_t health)
{
	static const char *const names[] = {
		[SL_HEALTHY] = "HEALTHY", [SL_UNHEALTHY] = "UNHEALTHY", [SL_DRAINING] = "DRAINING"};

	return health < SL_ARRAY_LEN(names) ? names[health] : "UNKNOWN";
}

struct view_health view_health_of(const struct sl_snap_endpoint *ep)
{
	struct view_health h = {.status = view_health(ep->health)};
	struct sl_stats_endpoint sum;

	if (stats == NULL)
		return h;
	sl_stats_sum_slot(stats, SL_STATS_ENDPOINT, ep->slot.index, ep->slot.born, &sum);
	h.failed_check = sl_stats_gauge(sum.check_failing) > 0;
	h.ejected = sl_stats_gauge(sum.ejected) > 0;
	if (h.failed_check && ep->health == SL_HEALTHY)
		h.status = view_health(SL_UNHEALTHY);
	return h;
}

bool view_usable(const struct sl_snap_endpoint *ep, const struct view_health *h)
{
	return ep->health == SL_HEALTHY && !h->failed_check && !h->ejected;
}
