/* SPDX-License-Identifier: BSD-3-Clause */
/* The `flows.<worker>` segments: session memory that outlives the process. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sluiced.h"

/* @return 0 or errno. Memory is reserved, so that no store into it can ever fault. */
static int file_size(int fd, size_t size)
{
	struct stat st;
	int rc;

	if (fstat(fd, &st) < 0)
		return errno;
	if (!S_ISREG(st.st_mode))
		return EBADF;
	/* Another size is another layout: begin with empty memory. */
	if ((size_t)st.st_size != size && ftruncate(fd, 0) < 0)
		return errno;
	do
		rc = posix_fallocate(fd, 0, (off_t)size);
	while (rc == EINTR);
	return rc;
}

int flows_map(struct box *b, uint16_t worker, size_t size, struct sl_err *err)
{
	char path[256];
	void *p = NULL;
	int fd, rc;

	sl_flows_path(b->dir, worker, path, sizeof(path));
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0)
		return sl_err(err, errno, "Session memory %s can't be opened: %s.", path,
			      strerror(errno));
	rc = file_size(fd, size);
	if (rc == 0) {
		p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		rc = p == MAP_FAILED ? errno : 0;
	}
	close(fd);
	if (rc)
		return sl_err(err, rc,
			      "Session memory %s of %zu MiB can't be had (%s): lower "
			      "limits.nat_sessions.",
			      path, SL_MAX(size >> 20, (size_t)1), strerror(rc));
	b->flows[worker] = p;
	b->flows_size = size;
	return 0;
}

void flows_unmap(struct box *b)
{
	for (uint16_t i = 0; i < b->n_workers; i++)
		if (b->flows[i])
			munmap(b->flows[i], b->flows_size);
}
