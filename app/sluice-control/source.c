/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of sources, asked one after the other. */
#include "source.h"

#include <errno.h>
#include <stdlib.h>

static const struct source_ops *const list[] = {&source_files};

#define SOURCES (sizeof(list) / sizeof(list[0]))

_Static_assert(SOURCES <= SOURCES_MAX, "each source has a place in the poll set");

struct sources {
	void *state[SOURCES];
};

int sources_open(struct sources **out, struct sl_err *err)
{
	struct sources *all = calloc(1, sizeof(*all));
	int rc = 0;

	if (all == NULL)
		return sl_err(err, ENOMEM, "Out of memory.");
	for (size_t i = 0; rc == 0 && i < SOURCES; i++)
		rc = list[i]->open(&all->state[i], err);
	if (rc < 0) {
		sources_close(all);
		return rc;
	}
	*out = all;
	return 0;
}

void sources_close(struct sources *all)
{
	if (all == NULL)
		return;
	for (size_t i = 0; i < SOURCES; i++)
		if (all->state[i] != NULL)
			list[i]->close(all->state[i]);
	free(all);
}

int sources_read(struct sources *all, const struct sl_conf *conf, struct sl_objects **out,
		 struct sl_err *err)
{
	struct sl_objects *set = sl_objects_create();
	int rc = 0;

	if (set == NULL)
		return sl_err(err, ENOMEM, "Out of memory.");
	for (size_t i = 0; rc == 0 && i < SOURCES; i++)
		rc = list[i]->read(all->state[i], conf, set, err);
	if (rc < 0) {
		sl_objects_free(set);
		return rc;
	}
	*out = set;
	return 0;
}

unsigned sources_poll_fds(const struct sources *all, struct pollfd pfd[SOURCES_MAX])
{
	unsigned n = 0;

	for (size_t i = 0; i < SOURCES; i++) {
		int fd = list[i]->fd(all->state[i]);

		if (fd >= 0)
			pfd[n++] = (struct pollfd){fd, POLLIN, 0};
	}
	return n;
}

bool sources_changed(struct sources *all, uint64_t now_us, uint64_t *due_us)
{
	bool any = false;

	for (size_t i = 0; i < SOURCES; i++)
		any |= list[i]->changed(all->state[i], now_us, due_us);
	return any;
}
