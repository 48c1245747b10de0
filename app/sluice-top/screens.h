/* SPDX-License-Identifier: BSD-3-Clause */
/* Builders of the pages, one a screen_*.c. */
#ifndef SCREENS_H
#define SCREENS_H

#include "top.h"

void screen_overview(struct page *page, const struct moment *m);
void screen_ports(struct page *page, const struct moment *m);
void screen_workers(struct page *page, const struct moment *m);
void screen_routes(struct page *page, const struct moment *m);
void screen_clusters(struct page *page, const struct moment *m);
void screen_services(struct page *page, const struct moment *m);
void screen_drops(struct page *page, const struct moment *m);

#endif
