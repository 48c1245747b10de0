/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hierarchical timer wheel over row numbers (Varghese, Lauck 1987): one timer a row, 1 ms ticks,
 * O(1) set and cancel, no allocation after creation. One lcore.
 */
#ifndef SL_WHEEL_H
#define SL_WHEEL_H

#include <stdint.h>

struct sl_wheel;

/** @param rows Number of rows. @param now_us Time at which the wheel starts. NULL: no memory. */
struct sl_wheel *sl_wheel_create(uint32_t rows, uint64_t now_us);
void sl_wheel_free(struct sl_wheel *wheel);

/** Sets or moves the timer of a row; deadlines in the past fire at the next tick. Worker-safe. */
void sl_wheel_set(struct sl_wheel *wheel, uint32_t row, uint64_t deadline_us);
void sl_wheel_cancel(struct sl_wheel *wheel, uint32_t row);

/** Whether the row's timer is set. */
int sl_wheel_is_set(const struct sl_wheel *wheel, uint32_t row);

/**
 * Next row whose deadline has passed; its timer is then not set any more.
 *
 * @return Row, or UINT32_MAX when nothing is due. Call until then. Worker-safe.
 */
uint32_t sl_wheel_expired(struct sl_wheel *wheel, uint64_t now_us);

/** Earliest time at which something may be due, or UINT64_MAX. May be early, never late. */
uint64_t sl_wheel_next(const struct sl_wheel *wheel);

#endif
