/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads a snap.<epoch> file into memory of the reader's own, where nothing can change it. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "snap.h"

/* @return 0 or errno; EBADMSG: the file became shorter. */
static int read_whole(int fd, char *to, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t n = read(fd, to + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? errno : EBADMSG;
		done += (size_t)n;
	}
	return 0;
}

/* The length is the header's: a file that claims more than it holds must not cost memory. */
static int open_file(const char *path, size_t *size, struct sl_err *err)
{
	/* Not blocking: whatever was put in the file's place must not hold up the reader. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	struct sl_snap head;
	struct stat st;

	if (fd < 0)
		return sl_err(err, errno, "%s can't be opened: %s.", path, strerror(errno));
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= (off_t)sizeof(head) &&
	    pread(fd, &head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
	    head.magic == SL_SNAP_MAGIC && head.size == (uint64_t)st.st_size) {
		*size = (size_t)st.st_size;
		return fd;
	}
	close(fd);
	return sl_err(err, EBADMSG, "%s is not a whole snapshot.", path);
}

int sl_snap_load(const struct sl_snap **out, const char *path, uint64_t epoch, struct sl_err *err)
{
	size_t size;
	int fd = open_file(path, &size, err), rc;
	const struct sl_snap *snap;
	void *p;

	if (fd < 0)
		return fd;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	rc = p == MAP_FAILED ? errno : read_whole(fd, p, size);
	close(fd);
	if (rc == 0 && mprotect(p, size, PROT_READ) < 0)
		rc = errno;
	if (rc) {
		if (p != MAP_FAILED)
			munmap(p, size);
		return sl_err(err, rc, "%s can't be read: %s.", path, strerror(rc));
	}
	snap = p;
	rc = sl_snap_check(snap, size, err);
	if (rc == 0 && (snap->size != size || snap->epoch != epoch))
		rc = sl_err(err, EBADMSG, "the snapshot is of another epoch than its name says.");
	if (rc < 0) {
		munmap(p, size);
		sl_err_prefix(err, "%s: ", path);
		return rc;
	}
	*out = snap;
	return 0;
}

void sl_snap_unload(const struct sl_snap *snap)
{
	if (snap)
		munmap((void *)(uintptr_t)snap, snap->size);
}
