/* SPDX-License-Identifier: BSD-3-Clause */
/* A port around another one that loses, doubles, reorders, delays and damages packets, seeded. */
#ifndef SL_FAULT_H
#define SL_FAULT_H

#include "sl_port.h"

#define SL_FAULT_RATE_MAX    10000u /* always */
#define SL_FAULT_REORDER_MAX 64u    /* packets that can be held back for later ones, a lane */
#define SL_FAULT_HELD_MAX    16384u /* packets that can be under way, a lane */

/** What happens to packets of one direction. Rates count in 1/10000; all zero: nothing does. */
struct sl_fault_rates {
	uint16_t loss;
	uint16_t duplicate;
	uint16_t corrupt; /* one bit anywhere in the frame flipped */
	uint16_t reorder;
	uint16_t reorder_by;      /* packets that overtake; 1..SL_FAULT_REORDER_MAX if reorder */
	uint32_t reorder_time_us; /* held back no longer than this */
	uint32_t delay_us;
	uint32_t jitter_us; /* the delay drifts by up to this, keeping order; <= delay_us */
};

struct sl_fault_config {
	uint64_t seed;
	struct sl_fault_rates rx, tx;
	uint64_t (*clock_us)(void); /* monotonic; of any thread */
};

/** Monotonic; a queue's are written by its lcore. */
struct sl_fault_count {
	uint64_t seen;
	uint64_t lost, duplicated, corrupted, reordered;
	uint64_t no_mbuf; /* copies not made because the pool was empty */
};

enum sl_fault_dir { SL_FAULT_RX, SL_FAULT_TX };

/**
 * Puts faults around a port. Each queue has a lane in each direction, with random numbers of its
 * own: the same seed and the same packets meet the same fate. Packets under way towards the wire
 * go on when the queue is polled for reception, so it must be, as a worker does.
 *
 * When a lane is full nothing more is taken from the wire, or from the caller: faults are the only
 * losses. What is lost here is in no drop ledger; see sl_fault_count.
 *
 * @param inner Owned by the new port from now on, and closed with it; on error it stays the
 *        caller's.
 * @param pool Where copies are made, of whole frames.
 * @return 0; -EINVAL (rates), -ENOMEM, with a sentence. Main lcore.
 */
int sl_fault_open(struct sl_port **out, struct sl_port *inner, const struct sl_fault_config *cfg,
		  struct rte_mempool *pool, struct sl_err *err);

/** Sum over the queues. Any thread; exact when their lcores stand still. */
struct sl_fault_count sl_fault_count(const struct sl_port *port, enum sl_fault_dir dir);

/** Packets under way in both directions; they are freed when the port is closed. As above. */
uint32_t sl_fault_held(const struct sl_port *port);

#endif
