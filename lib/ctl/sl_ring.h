/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lamport single-producer single-consumer ring in plain shared memory.
 *
 * The payload is written first, then one release-store of the index publishes it, so a process
 * that is killed at any instruction leaves the ring whole: the half-written message was never
 * there. Both sides re-check the other's index, which may have been written by anyone.
 */
#ifndef SL_RING_H
#define SL_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sl_base.h"

struct sl_ring {
	uint32_t slots;     /* power of two; set at creation */
	uint32_t slot_size; /* bytes, with the 4-byte length at its end */
	uint8_t pad[56];
	uint64_t head SL_CACHE_ALIGNED; /* next to write; producer only */
	uint64_t tail SL_CACHE_ALIGNED; /* next to read; consumer only */
	uint8_t data[] SL_CACHE_ALIGNED;
};

/** Bytes a ring of this shape takes. */
size_t sl_ring_size(uint32_t slots, uint32_t slot_size);

/**
 * Lays out an empty ring.
 *
 * @param slots Power of two.
 * @param slot_size Multiple of 8; payloads are aligned as far as it is (to 64 at most).
 */
void sl_ring_init(struct sl_ring *ring, uint32_t slots, uint32_t slot_size);

/** Whether shape and indexes are possible for a ring of this shape; false: do not use it. */
bool sl_ring_valid(const struct sl_ring *ring, uint32_t slots, uint32_t slot_size);

/**
 * Place for the next message, or NULL when the ring is full. Publish it with sl_ring_publish.
 * Producer only; worker-safe.
 */
void *sl_ring_reserve(struct sl_ring *ring);

/** Makes the reserved message visible. @param len Bytes written, at most slot_size - 4. */
void sl_ring_publish(struct sl_ring *ring, uint32_t len);

/** Copies a message in. @return false when full or too long. Producer only; worker-safe. */
bool sl_ring_push(struct sl_ring *ring, const void *msg, uint32_t len);

/**
 * Next message in place, or NULL when empty (or when an index was damaged: then what was in
 * flight is given up and the ring works again); *len is at most slot_size - 4 whatever the memory
 * says. Valid until sl_ring_release. Consumer only; worker-safe.
 */
const void *sl_ring_peek(struct sl_ring *ring, uint32_t *len);
void sl_ring_release(struct sl_ring *ring);

/**
 * Messages that are there, at most the ring's slots whatever the memory says. What their producer
 * published in other rings before them can be read from there after this call. Consumer only.
 */
uint32_t sl_ring_used(const struct sl_ring *ring);

#endif
