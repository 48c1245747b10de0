/* SPDX-License-Identifier: BSD-3-Clause */
/* Lamport's ring between two processes, either of which may be killed at any instruction. */
#include "sl_ring.h"

/* The length stands behind the payload, so that payloads are aligned as their slots are. */
#define LEN_BYTES 4u

_Static_assert(sizeof(struct sl_ring) == 192, "shared layout");
_Static_assert(offsetof(struct sl_ring, head) == 64, "shared layout");
_Static_assert(offsetof(struct sl_ring, tail) == 128, "shared layout");

static uint8_t *slot_at(struct sl_ring *ring, uint64_t index)
{
	return ring->data + (size_t)(index & (ring->slots - 1)) * ring->slot_size;
}

size_t sl_ring_size(uint32_t slots, uint32_t slot_size)
{
	return sizeof(struct sl_ring) + (size_t)slots * slot_size;
}

void sl_ring_init(struct sl_ring *ring, uint32_t slots, uint32_t slot_size)
{
	memset(ring, 0, sizeof(*ring));
	ring->slots = slots;
	ring->slot_size = slot_size;
}

bool sl_ring_valid(const struct sl_ring *ring, uint32_t slots, uint32_t slot_size)
{
	if (ring->slots != slots || ring->slot_size != slot_size)
		return false;
	/*
	 * The other side may be alive and moving: only a tail that stood still while the head was
	 * read says anything. One that never stands still belongs to a ring in good use.
	 */
	for (int i = 0; i < 1000; i++) {
		uint64_t tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);
		uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);

		if (head - tail <= slots)
			return true;
		if (__atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) == tail)
			return false;
	}
	return true;
}

void *sl_ring_reserve(struct sl_ring *ring)
{
	uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_RELAXED);
	uint64_t tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);

	/* A damaged tail looks like a full ring; its owner repairs it in sl_ring_peek. */
	if (head - tail >= ring->slots)
		return NULL;
	return slot_at(ring, head);
}

void sl_ring_publish(struct sl_ring *ring, uint32_t len)
{
	uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_RELAXED);

	memcpy(slot_at(ring, head) + ring->slot_size - LEN_BYTES, &len, LEN_BYTES);
	__atomic_store_n(&ring->head, head + 1, __ATOMIC_RELEASE);
}

bool sl_ring_push(struct sl_ring *ring, const void *msg, uint32_t len)
{
	void *slot;

	if (len > ring->slot_size - LEN_BYTES)
		return false;
	slot = sl_ring_reserve(ring);
	if (!slot)
		return false;
	if (len)
		memcpy(slot, msg, len);
	sl_ring_publish(ring, len);
	return true;
}

const void *sl_ring_peek(struct sl_ring *ring, uint32_t *len)
{
	uint64_t tail = __atomic_load_n(&ring->tail, __ATOMIC_RELAXED);
	uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
	const uint8_t *slot;

	if (head == tail)
		return NULL;
	/* Impossible distance: one of the indexes was damaged. What was in flight is lost. */
	if (head - tail > ring->slots) {
		__atomic_store_n(&ring->tail, head, __ATOMIC_RELEASE);
		return NULL;
	}
	slot = slot_at(ring, tail);
	memcpy(len, slot + ring->slot_size - LEN_BYTES, LEN_BYTES);
	if (*len > ring->slot_size - LEN_BYTES)
		*len = ring->slot_size - LEN_BYTES;
	return slot;
}

void sl_ring_release(struct sl_ring *ring)
{
	uint64_t tail = __atomic_load_n(&ring->tail, __ATOMIC_RELAXED);

	__atomic_store_n(&ring->tail, tail + 1, __ATOMIC_RELEASE);
}

uint32_t sl_ring_used(const struct sl_ring *ring)
{
	uint64_t tail = __atomic_load_n(&ring->tail, __ATOMIC_RELAXED);
	uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);

	return (uint32_t)SL_MIN(head - tail, (uint64_t)ring->slots);
}
