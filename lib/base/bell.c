/* SPDX-License-Identifier: BSD-3-Clause */
/* Bells on futexes; not private ones, so that they work between processes. */
#include "sl_bell.h"

#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

uint32_t sl_bell_seen(const uint32_t *bell)
{
	return __atomic_load_n(bell, __ATOMIC_ACQUIRE);
}

void sl_bell_wait(const uint32_t *bell, uint32_t seen, uint32_t ns)
{
	struct timespec most = {.tv_nsec = (long)ns};

	syscall(SYS_futex, bell, FUTEX_WAIT, seen, &most, NULL, 0);
}

void sl_bell_ring(uint32_t *bell)
{
	__atomic_fetch_add(bell, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, bell, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}
