/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes, reads and removes the snap.<epoch> segments that the data plane reads. */
#include "snapfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "sl_ctl.h"

int snapfile_write(const char *dir, const struct sl_snap *snap, struct sl_err *err)
{
	char path[256];

	const char *p = (const char *)snap;
	const struct iovec part[] = {
		{(void *)(uintptr_t)p, SL_SNAP_PAGE},
		{(void *)(uintptr_t)(p + snap->routes_end), snap->size - snap->routes_end},
	};

	sl_ctl_snap_path(dir, snap->epoch, path, sizeof(path));
	if (snap->base != snap->epoch)
		return files_replace_parts(path, part, SL_ARRAY_LEN(part), err);
	return files_replace(path, snap, snap->size, err);
}

int snapfile_renew(const char *dir, const struct sl_snap *snap, struct sl_err *err)
{
	struct sl_snap *copy = aligned_alloc(64, snap->size);
	int rc;

	if (copy == NULL)
		return sl_err(err, ENOMEM, "Out of memory.");
	memcpy(copy, snap, snap->size);
	copy->base = copy->epoch;
	sl_snap_seal(copy);
	rc = snapfile_write(dir, copy, err);
	free(copy);
	return rc;
}

int snapfile_open(struct snapfile *out, const char *dir, uint64_t epoch, struct sl_err *err)
{
	char path[256];

	*out = (struct snapfile){0};
	return sl_snap_load(&out->map, sl_ctl_snap_path(dir, epoch, path, sizeof(path)), epoch,
			    NULL, err);
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
	const char *x = (const char *)a, *y = (const char *)b;
	uint64_t from = sl_snap_same_routes(a, b) ? a->routes_end : SL_SNAP_PAGE;

	return a->size == b->size && a->layout == b->layout && a->routes_end == b->routes_end &&
	       memcmp(a->tab, b->tab, sizeof(a->tab)) == 0 &&
	       memcmp(x + from, y + from, a->size - from) == 0;
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

/* The epoch whose file a kept one needs: its own, or that of its routes. */
static uint64_t base_of(DIR *d, const char *name)
{
	int fd = openat(dirfd(d), name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	struct sl_snap head;
	uint64_t base = 0;

	if (fd < 0)
		return 0;
	if (read(fd, &head, sizeof(head)) == (ssize_t)sizeof(head))
		base = head.base;
	close(fd);
	return base;
}

#define BASES_MAX 64u

/* Epochs below `keep` that those from there on are patches of. @return How many. */
static unsigned bases(DIR *d, uint64_t keep, uint64_t base[BASES_MAX])
{
	unsigned n = 0;
	uint64_t epoch;
	struct dirent *e;

	rewinddir(d);
	while ((e = readdir(d)) != NULL && n < BASES_MAX)
		if (snap_epoch(e->d_name, &epoch) && epoch >= keep)
			base[n++] = base_of(d, e->d_name);
	return n;
}

static bool among(uint64_t epoch, const uint64_t *base, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (base[i] == epoch)
			return true;
	return false;
}

uint64_t snapfile_retire(const char *dir, uint64_t keep, unsigned spare)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	uint64_t top, epoch, base[BASES_MAX];
	unsigned n = 0;

	if (d == NULL)
		return 0;
	top = highest_below(d, UINT64_MAX);
	while (spare-- > 0 && keep > 0)
		keep = highest_below(d, keep);
	if (keep > 0)
		n = bases(d, keep, base);
	rewinddir(d);
	while (keep > 0 && (e = readdir(d)) != NULL)
		if (snap_epoch(e->d_name, &epoch) && epoch < keep && !among(epoch, base, n))
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	return top;
}
