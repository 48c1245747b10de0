/* SPDX-License-Identifier: BSD-3-Clause */
/* Clocks of control code and of the worker loop, which reads one once a round and passes it on. */
#ifndef SL_CLOCK_H
#define SL_CLOCK_H

#include <stdint.h>

/** Monotonic time in microseconds. Any thread. */
uint64_t sl_clock_us(void);

/** Wall-clock time in microseconds since 1970-01-01 UTC. Any thread. */
uint64_t sl_wall_us(void);

#endif
