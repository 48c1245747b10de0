/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A bell that wakes a sleeper at once: a number that the ringer counts up and the sleeper watches
 * (futex). It may lie in memory that processes share, and whoever dies leaves nothing locked.
 */
#ifndef SL_BELL_H
#define SL_BELL_H

#include <stdint.h>

/** The number now; taken before looking for work, so that a ring after the look is not missed. */
uint32_t sl_bell_seen(const uint32_t *bell);

/** Sleeps until the bell rings, at most ns nanoseconds (below a second); not at all if it has. */
void sl_bell_wait(const uint32_t *bell, uint32_t seen, uint32_t ns);

/** Wakes all who sleep. Any thread, any process. */
void sl_bell_ring(uint32_t *bell);

#endif
