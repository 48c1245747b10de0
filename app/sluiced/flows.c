/* SPDX-License-Identifier: BSD-3-Clause */
/* The `flows.<worker>` segments: session memory that outlives the process. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sluiced.h"

int flows_map(struct box *b, uint16_t worker, size_t size, struct sl_err *err)
{
	char path[256];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/flows.%u", b->dir, worker);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return sl_err(err, errno, "Session memory %s can't be opened: %s.", path,
			      strerror(errno));
	/* Another size is another layout: begin with empty memory. */
	if (fstat(fd, &st) == 0 && (size_t)st.st_size != size && ftruncate(fd, 0) < 0)
		st.st_size = -1;
	b->flows[worker] = MAP_FAILED;
	if (st.st_size != -1 && ftruncate(fd, (off_t)size) == 0)
		b->flows[worker] = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (b->flows[worker] == MAP_FAILED) {
		b->flows[worker] = NULL;
		return sl_err(err, ENOMEM,
			      "Session memory %s of %zu MiB can't be mapped: lower "
			      "limits.nat_sessions.",
			      path, size >> 20);
	}
	b->flows_size = size;
	return 0;
}

void flows_unmap(struct box *b)
{
	for (uint16_t i = 0; i < b->n_workers; i++)
		if (b->flows[i])
			munmap(b->flows[i], b->flows_size);
}
