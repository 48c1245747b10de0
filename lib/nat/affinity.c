/* SPDX-License-Identifier: BSD-3-Clause */
/* Which endpoint a client of a service with affinity was last sent to. */
#include <stdlib.h>

#include "nat_int.h"

#define WAYS 8u /* entries of a bucket: one cache line */

/*
 * An entry is one word: 24 bits of the hash, 20 of the endpoint's slot, 20 of the second in which
 * it was last used (12 days until they wrap, and no service remembers longer than one).
 */
#define SLOT_BITS 20u
#define TIME_BITS 20u
#define SLOT_MAX  ((1u << SLOT_BITS) - 1)
#define TIME_MASK ((1u << TIME_BITS) - 1)

struct sl_nat_affinity {
	uint32_t mask; /* of buckets */
	uint64_t (*bucket)[WAYS];
};

struct sl_nat_affinity *sl_nat_affinity_create(uint32_t clients)
{
	struct sl_nat_affinity *a = calloc(1, sizeof(*a));
	uint32_t n = 1;

	while (n < clients / WAYS && n < (1u << 28))
		n <<= 1;
	if (a)
		a->bucket = aligned_alloc(SL_CACHE_LINE, n * sizeof(*a->bucket));
	if (!a || !a->bucket) {
		free(a);
		return NULL;
	}
	memset(a->bucket, 0, n * sizeof(*a->bucket));
	a->mask = n - 1;
	return a;
}

void sl_nat_affinity_free(struct sl_nat_affinity *a)
{
	if (!a)
		return;
	free(a->bucket);
	free(a);
}

static uint64_t hash_of(const struct sl_nat *nat, const struct sl_snap_service *v,
			const struct sl_ip *client)
{
	uint8_t key[32];

	memcpy(key, client->b, 16);
	memcpy(key + 16, &v->slot.index, 4);
	memcpy(key + 20, &v->slot.born, 8);
	memset(key + 28, 0, 4);
	return sl_siphash(&nat->secret, key, sizeof(key));
}

static uint32_t tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 40);
}

static uint32_t now(const struct sl_nat *nat)
{
	return (uint32_t)(nat->lc->now_us / 1000000) & TIME_MASK;
}

static uint32_t age(const struct sl_nat *nat, uint64_t entry)
{
	return (now(nat) - (uint32_t)entry) & TIME_MASK;
}

/* The client's entry in its bucket, or NULL. */
static uint64_t *find(const struct sl_nat *nat, uint64_t hash, uint64_t *entry)
{
	uint64_t *b = nat->affinity->bucket[hash & nat->affinity->mask];

	for (unsigned i = 0; i < WAYS; i++) {
		*entry = __atomic_load_n(&b[i], __ATOMIC_RELAXED);
		if (*entry && *entry >> (SLOT_BITS + TIME_BITS) == tag_of(hash))
			return &b[i];
	}
	return NULL;
}

uint32_t nat_affinity_find(const struct sl_nat *nat, const struct sl_snap_service *v,
			   const struct sl_ip *client)
{
	uint64_t entry;

	if (!nat->affinity || !find(nat, hash_of(nat, v, client), &entry) ||
	    age(nat, entry) > v->affinity_s)
		return UINT32_MAX;
	return (uint32_t)(entry >> TIME_BITS & SLOT_MAX) - 1;
}

void nat_affinity_note(struct sl_nat *nat, const struct sl_snap_service *v,
		       const struct sl_ip *client, uint32_t slot)
{
	uint64_t hash, entry, *at, *b;

	/* 0 says that an entry is empty, so slots stand there one higher. */
	if (!nat->affinity || slot >= SLOT_MAX)
		return;
	hash = hash_of(nat, v, client);
	at = find(nat, hash, &entry);
	b = nat->affinity->bucket[hash & nat->affinity->mask];
	/* Whoever was silent longest gives way. */
	for (unsigned i = 0; !at && i < WAYS; i++)
		if (!__atomic_load_n(&b[i], __ATOMIC_RELAXED))
			at = &b[i];
	if (!at) {
		at = &b[0];
		for (unsigned i = 1; i < WAYS; i++)
			if (age(nat, b[i]) > age(nat, *at))
				at = &b[i];
	}
	entry = (uint64_t)tag_of(hash) << (SLOT_BITS + TIME_BITS) |
		(uint64_t)(slot + 1) << TIME_BITS | now(nat);
	__atomic_store_n(at, entry, __ATOMIC_RELAXED);
}
