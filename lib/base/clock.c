/* SPDX-License-Identifier: BSD-3-Clause */
/* Clocks; both are read through the vDSO, so without a system call. */
#include "sl_clock.h"

#include <time.h>

static uint64_t read_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t sl_clock_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

uint64_t sl_wall_us(void)
{
	return read_us(CLOCK_REALTIME);
}
