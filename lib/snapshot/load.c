/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads a snap.<epoch> file into memory of the reader's own, where nothing can change it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "snap.h"

/* @return 0 or errno; EBADMSG: the file is shorter. */
static int read_at(int fd, void *to, uint64_t from, uint64_t end)
{
	for (char *p = to; from < end;) {
		ssize_t n = pread(fd, p, end - from, (off_t)from);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : EBADMSG;
		p += n;
		from += (uint64_t)n;
	}
	return 0;
}

/* A snapshot being read. */
struct load {
	int fd;
	const char *path;
	struct sl_snap head;
	uint64_t file_size;
	const struct sl_snap *have;
	struct sl_err *err;
};

/* In a patch's file what follows the header's page is what follows the routes in memory. */
static uint64_t routes_left_out(const struct sl_snap *head, uint64_t file_size)
{
	uint64_t n = head->routes_end - SL_SNAP_PAGE;

	return file_size != head->size && file_size == head->size - n ? n : 0;
}

/* The length is the header's: a file that claims more than it holds must not cost memory. */
static int open_file(struct load *l)
{
	/* Not blocking: whatever was put in the file's place must not hold up the reader. */
	int fd = open(l->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW), rc = 0;
	const struct sl_snap *h = &l->head;
	struct stat st;

	if (fd < 0)
		return sl_err(l->err, errno, "%s can't be opened: %s.", l->path, strerror(errno));
	l->fd = fd;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    read_at(fd, &l->head, 0, sizeof(l->head)) != 0 || h->magic != SL_SNAP_MAGIC)
		return sl_err(l->err, EBADMSG, "%s is not a whole snapshot.", l->path);
	rc = snap_check_kind(h, l->err);
	if (rc) {
		sl_err_prefix(l->err, "%s: ", l->path);
		return rc;
	}
	l->file_size = (uint64_t)st.st_size;
	if (h->routes_end <= SL_SNAP_PAGE || h->routes_end % SL_SNAP_PAGE ||
	    h->size < h->routes_end || h->size > INT64_MAX ||
	    (l->file_size != h->size && !routes_left_out(h, l->file_size)))
		return sl_err(l->err, EBADMSG, "%s is not a whole snapshot.", l->path);
	return 0;
}

/* The file that holds a patch's routes, open; or -errno. */
static int open_base(const struct load *l)
{
	const char *slash = strrchr(l->path, '/');
	int dir = slash ? (int)(slash - l->path) + 1 : 0, fd;
	struct stat st;
	char *base;

	if (asprintf(&base, "%.*ssnap.%llu", dir, l->path, (unsigned long long)l->head.base) < 0)
		return sl_err(l->err, ENOMEM, "Out of memory.");
	fd = open(base, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0) {
		fd = sl_err(l->err, errno, "%s, which has the routes of %s, can't be opened: %s.",
			    base, l->path, strerror(errno));
	} else if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
		   (uint64_t)st.st_size < l->head.routes_end) {
		close(fd);
		fd = sl_err(l->err, EBADMSG, "%s, which has the routes of %s, is not whole.", base,
			    l->path);
	}
	free(base);
	return fd;
}

/* Fills memory that is as large as the header said. @return 0 or errno. */
static int fill(const struct load *l, char *p, int base)
{
	const struct sl_snap *h = &l->head;
	uint64_t out = routes_left_out(h, l->file_size);
	int rc = read_at(l->fd, p, 0, SL_SNAP_PAGE);

	if (rc == 0 && !out)
		return read_at(l->fd, p + SL_SNAP_PAGE, SL_SNAP_PAGE, h->size);
	if (rc == 0 && base >= 0)
		rc = read_at(base, p + SL_SNAP_PAGE, SL_SNAP_PAGE, h->routes_end);
	return rc ? rc : read_at(l->fd, p + h->routes_end, h->routes_end - out, h->size - out);
}

static int check(const struct load *l, const struct sl_snap *snap, uint64_t epoch,
		 const struct sl_snap *shared)
{
	const struct sl_snap *h = &l->head;
	int rc;

	/* Read a second time with the rest; the memory is as large as it was said the first. */
	if (snap->size != h->size || snap->routes_end != h->routes_end || snap->base != h->base ||
	    snap->routes_crc != h->routes_crc)
		return sl_err(l->err, EBADMSG, "the snapshot changed while it was read.");
	rc = shared ? snap_check_patch(snap, h->size, shared, l->err)
		    : sl_snap_check(snap, h->size, l->err);
	if (rc == 0 && snap->epoch != epoch)
		rc = sl_err(l->err, EBADMSG,
			    "the snapshot is of another epoch than its name says.");
	if (rc == 0 && !routes_left_out(h, l->file_size) && snap->base != epoch)
		rc = sl_err(l->err, EBADMSG, "the snapshot has routes of another epoch.");
	return rc;
}

static int load(struct load *l, const struct sl_snap **out, uint64_t epoch)
{
	const struct sl_snap *h = &l->head, *shared = NULL;
	bool patch = routes_left_out(h, l->file_size) != 0;
	struct sl_snap *p;
	int rc, base = -1;

	if (patch && sl_snap_same_routes(h, l->have))
		shared = l->have;
	else if (patch)
		base = open_base(l);
	if (patch && !shared && base < 0)
		return base;
	p = snap_region(h->size, h->routes_end, shared);
	rc = p ? fill(l, (char *)p, base) : ENOMEM;
	if (base >= 0)
		close(base);
	if (rc == 0 && mprotect(p, h->size, PROT_READ) < 0)
		rc = errno;
	if (rc)
		rc = sl_err(l->err, rc, "%s can't be read: %s.", l->path, strerror(rc));
	else if ((rc = check(l, p, epoch, shared)) < 0)
		sl_err_prefix(l->err, "%s: ", l->path);
	if (rc && p)
		munmap(p, h->size);
	if (rc == 0)
		*out = p;
	return rc;
}

int sl_snap_load(const struct sl_snap **out, const char *path, uint64_t epoch,
		 const struct sl_snap *have, struct sl_err *err)
{
	struct load l = {.fd = -1, .path = path, .have = have, .err = err};
	int rc = open_file(&l);

	if (rc == 0)
		rc = load(&l, out, epoch);
	if (l.fd >= 0)
		close(l.fd);
	return rc;
}
