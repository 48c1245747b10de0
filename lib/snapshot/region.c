/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory of snapshots that share the pages of their routes with one another. */
#include <sys/mman.h>

#include "snap.h"

/* Another mapping of the same pages. They are shared ones, or the kernel refuses. */
static bool share(char *to, const struct sl_snap *have, size_t n)
{
	char *from = (char *)(uintptr_t)have + SL_SNAP_PAGE;

	if ((uintptr_t)from % SL_SNAP_PAGE ||
	    mremap(from, 0, n, MREMAP_MAYMOVE | MREMAP_FIXED, to) == MAP_FAILED)
		return false;
	/* Only sooner than the first readers would: these are workers. */
	(void)madvise(to, n, MADV_POPULATE_READ);
	return true;
}

struct sl_snap *snap_region(uint64_t size, uint64_t routes_end, const struct sl_snap *have)
{
	const size_t n = routes_end - SL_SNAP_PAGE;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (have && share(p + SL_SNAP_PAGE, have, n))
		return (struct sl_snap *)(void *)p;
	if (mmap(p + SL_SNAP_PAGE, n, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) {
		munmap(p, size);
		return NULL;
	}
	if (have)
		memcpy(p + SL_SNAP_PAGE, (const char *)have + SL_SNAP_PAGE, n);
	return (struct sl_snap *)(void *)p;
}

void sl_snap_unload(const struct sl_snap *snap)
{
	if (snap)
		munmap((void *)(uintptr_t)snap, snap->size);
}
