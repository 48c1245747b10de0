/* SPDX-License-Identifier: BSD-3-Clause */
/* The screens in the order of their number keys. */
#include "screens.h"

const struct screen screens[SCREENS] = {
	{"overview", "Overview", NULL, screen_overview},
	{"ports", "Ports", NULL, screen_ports},
	{"workers", "Workers", NULL, screen_workers},
	{"routes", "Routes", NULL, screen_routes},
	{"clusters", "Clusters", NULL, screen_clusters},
	{"services", "Services", NULL, screen_services},
	{"drops", "Drops", "total", screen_drops},
};

int screen_find(const char *name)
{
	for (int i = 0; i < SCREENS; i++)
		if (strcmp(screens[i].name, name) == 0)
			return i;
	return -1;
}
