/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes, maps and removes the snap.<epoch> segments that the data plane reads. */
#include "snapfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "sl_ctl.h"

int snapfile_write(struct snapfile *out, const char *dir, const struct sl_snap *snap, size_t size,
		   struct sl_err *err)
{
	char path[256];
	int rc;

	sl_ctl_snap_path(dir, snap->epoch, path, sizeof(path));
	rc = files_replace(path, snap, size, err);
	if (rc == 0) {
		rc = snapfile_open(out, dir, snap->epoch, err);
		if (rc < 0)
			unlink(path);
	}
	return rc;
}

static int map_fd(struct snapfile *out, int fd, const char *path, struct sl_err *err)
{
	struct stat st;
	void *map;
	int rc;

	if (fstat(fd, &st) < 0)
		return sl_err(err, errno, "%s cannot be read: %s.", path, strerror(errno));
	if (st.st_size < (off_t)sizeof(struct sl_snap))
		return sl_err(err, EBADMSG, "%s is too short to be a snapshot.", path);
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return sl_err(err, errno, "%s cannot be mapped: %s.", path, strerror(errno));
	rc = sl_snap_check(map, (size_t)st.st_size, err);
	if (rc < 0) {
		munmap(map, (size_t)st.st_size);
		sl_err_prefix(err, "%s: ", path);
		return rc;
	}
	out->map = map;
	out->size = (size_t)st.st_size;
	return 0;
}

int snapfile_open(struct snapfile *out, const char *dir, uint64_t epoch, struct sl_err *err)
{
	char path[256];
	int fd, rc;

	*out = (struct snapfile){0};
	sl_ctl_snap_path(dir, epoch, path, sizeof(path));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return sl_err(err, errno, "%s cannot be opened: %s.", path, strerror(errno));
	rc = map_fd(out, fd, path, err);
	close(fd);
	if (rc == 0 && out->map->epoch != epoch) {
		snapfile_close(out);
		rc = sl_err(err, EBADMSG, "%s holds another epoch than its name says.", path);
	}
	return rc;
}

void snapfile_close(struct snapfile *sf)
{
	if (sf->map != NULL)
		munmap((void *)(uintptr_t)sf->map, sf->size);
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
