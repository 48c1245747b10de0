/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes, reads and removes the snap.<epoch> segments that the data plane reads. */
#include "snapfile.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "sl_ctl.h"

int snapfile_write(const char *dir, const struct sl_snap *snap, struct sl_err *err)
{
	char path[256];

	sl_ctl_snap_path(dir, snap->epoch, path, sizeof(path));
	return files_replace(path, snap, snap->size, err);
}

int snapfile_open(struct snapfile *out, const char *dir, uint64_t epoch, struct sl_err *err)
{
	char path[256];

	*out = (struct snapfile){0};
	return sl_snap_load(&out->map, sl_ctl_snap_path(dir, epoch, path, sizeof(path)), epoch,
			    err);
}

void snapfile_close(struct snapfile *sf)
{
	if (sf->heap)
		free((void *)(uintptr_t)sf->map);
	else
		sl_snap_unload(sf->map);
	*sf = (struct snapfile){0};
}

void snapfile_remove(const char *dir, uint64_t epoch)
{
	char path[256];

	unlink(sl_ctl_snap_path(dir, epoch, path, sizeof(path)));
}

bool snapfile_same(const struct sl_snap *a, const struct sl_snap *b)
{
	return a->size == b->size && a->layout == b->layout &&
	       memcmp(a->tab, b->tab, sizeof(a->tab)) == 0 &&
	       memcmp(a + 1, b + 1, a->size - sizeof(*a)) == 0;
}

static bool snap_epoch(const char *name, uint64_t *epoch)
{
	char *end;

	if (strncmp(name, "snap.", 5) != 0 || name[5] < '0' || name[5] > '9')
		return false;
	errno = 0;
	*epoch = strtoull(name + 5, &end, 10);
	return *end == '\0' && errno == 0 && *epoch < UINT64_MAX;
}

/* One round finds the highest epoch below `under`. */
static uint64_t highest_below(DIR *d, uint64_t under)
{
	uint64_t top = 0, epoch;
	struct dirent *e;

	rewinddir(d);
	while ((e = readdir(d)) != NULL)
		if (snap_epoch(e->d_name, &epoch) && epoch < under && epoch > top)
			top = epoch;
	return top;
}

uint64_t snapfile_retire(const char *dir, uint64_t keep, unsigned spare)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	uint64_t top, epoch;

	if (d == NULL)
		return 0;
	top = highest_below(d, UINT64_MAX);
	while (spare-- > 0 && keep > 0)
		keep = highest_below(d, keep);
	rewinddir(d);
	while (keep > 0 && (e = readdir(d)) != NULL)
		if (snap_epoch(e->d_name, &epoch) && epoch < keep)
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	return top;
}
