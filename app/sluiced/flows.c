/* SPDX-License-Identifier: BSD-3-Clause */
/* The `flows.<worker>` and `conns.<worker>` segments: memory that outlives the process. */
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

/* @param key Limit that says how much there is. */
static int map(const char *path, size_t size, const char *key, void **out, struct sl_err *err)
{
	void *p = NULL;
	int fd, rc;

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
		return sl_err(err, rc, "Session memory %s of %zu MiB can't be had (%s): lower %s.",
			      path, SL_MAX(size >> 20, (size_t)1), strerror(rc), key);
	*out = p;
	return 0;
}

int flows_map(struct box *b, uint16_t worker, size_t size, struct sl_err *err)
{
	char path[256];

	b->flows_size = size;
	return map(sl_flows_path(b->dir, worker, path, sizeof(path)), size, "limits.nat_sessions",
		   &b->flows[worker], err);
}

static char *conns_path(const struct box *b, uint16_t worker, char *buf, size_t cap)
{
	snprintf(buf, cap, "%s/conns.%u", b->dir, worker);
	return buf;
}

int conns_map(struct box *b, uint16_t worker, size_t size, struct sl_err *err)
{
	char path[256];

	b->conns_size = size;
	return map(conns_path(b, worker, path, sizeof(path)), size, "limits.tcp_connections",
		   &b->conns[worker], err);
}

void conns_forget(struct box *b)
{
	char path[256];

	for (uint16_t i = b->n_workers; i < SLUICED_WORKERS_MAX; i++)
		unlink(conns_path(b, i, path, sizeof(path)));
}

void flows_unmap(struct box *b)
{
	for (uint16_t i = 0; i < b->n_workers; i++) {
		if (b->flows[i])
			munmap(b->flows[i], b->flows_size);
		if (b->conns[i])
			munmap(b->conns[i], b->conns_size);
	}
}
