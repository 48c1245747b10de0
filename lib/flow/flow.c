/* SPDX-License-Identifier: BSD-3-Clause */
/* Hash index of one lcore: finds the row of a packet's tuple in one cache line, mostly. */
#include "sl_flow.h"

#include <stdlib.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "sl_base.h"

#define SLOTS     8
/* Slots aimed at a bucket when full to capacity: at 5 of 8 about 7 % of buckets overflow. */
#define SLOTS_AIM 5
/* Buckets an entry may lie in, its home first. */
#define REACH     32

struct bucket {
	uint16_t tag[SLOTS]; /* 0: slot is free */
	uint32_t row[SLOTS];
	uint32_t away; /* entries at home here that lie in a following bucket */
	uint32_t pad[3];
} SL_CACHE_ALIGNED;
_Static_assert(sizeof(struct bucket) == SL_CACHE_LINE, "one bucket, one line");

struct sl_flow_index {
	struct bucket *bucket;
	uint32_t n, count;
};

/* Any number of buckets: a power of two would be up to twice as many as are needed. */
static uint32_t home_of(const struct sl_flow_index *idx, uint64_t hash)
{
	return (uint32_t)(((uint64_t)(uint32_t)hash * idx->n) >> 32);
}

static struct bucket *bucket_at(const struct sl_flow_index *idx, uint32_t home, uint32_t d)
{
	uint32_t at = home + d;

	return &idx->bucket[at < idx->n ? at : at - idx->n];
}

static uint16_t tag_of(uint64_t hash)
{
	uint16_t tag = (uint16_t)(hash >> 48);

	return tag ? tag : 1;
}

/* Bit i is set where slot i has this tag. */
static unsigned match(const struct bucket *b, uint16_t tag)
{
#ifdef __SSE2__
	__m128i eq = _mm_cmpeq_epi16(_mm_load_si128((const __m128i *)b->tag),
				     _mm_set1_epi16((short)tag));

	return (unsigned)_mm_movemask_epi8(_mm_packs_epi16(eq, _mm_setzero_si128()));
#else
	unsigned bits = 0;

	for (unsigned i = 0; i < SLOTS; i++)
		bits |= (unsigned)(b->tag[i] == tag) << i;
	return bits;
#endif
}

struct sl_flow_index *sl_flow_create(uint32_t capacity)
{
	uint64_t n = SL_MAX((uint64_t)capacity / SLOTS_AIM + 1, (uint64_t)2);
	struct sl_flow_index *idx;

	idx = calloc(1, sizeof(*idx));
	if (!idx)
		return NULL;
	idx->bucket = aligned_alloc(SL_CACHE_LINE, n * sizeof(struct bucket));
	if (!idx->bucket) {
		free(idx);
		return NULL;
	}
	memset(idx->bucket, 0, n * sizeof(struct bucket));
	idx->n = (uint32_t)n;
	return idx;
}

void sl_flow_free(struct sl_flow_index *idx)
{
	if (!idx)
		return;
	free(idx->bucket);
	free(idx);
}

void sl_flow_prefetch(const struct sl_flow_index *idx, uint64_t hash)
{
	__builtin_prefetch(&idx->bucket[home_of(idx, hash)]);
}

static uint32_t reach(const struct sl_flow_index *idx)
{
	return SL_MIN(idx->n, (uint32_t)REACH) - 1;
}

uint32_t sl_flow_find(const struct sl_flow_index *idx, uint64_t hash,
		      bool (*same)(const void *rows, uint32_t row, const void *key),
		      const void *rows, const void *key)
{
	uint32_t home = home_of(idx, hash);
	uint32_t last = idx->bucket[home].away ? reach(idx) : 0;
	uint16_t tag = tag_of(hash);

	for (uint32_t d = 0; d <= last; d++) {
		const struct bucket *b = bucket_at(idx, home, d);

		for (unsigned bits = match(b, tag); bits; bits &= bits - 1) {
			uint32_t row = b->row[__builtin_ctz(bits)];

			if (same(rows, row, key))
				return row;
		}
	}
	return SL_FLOW_NONE;
}

bool sl_flow_add(struct sl_flow_index *idx, uint64_t hash, uint32_t row)
{
	uint32_t home = home_of(idx, hash), last = reach(idx);

	for (uint32_t d = 0; d <= last; d++) {
		struct bucket *b = bucket_at(idx, home, d);
		unsigned bits = match(b, 0);

		if (!bits)
			continue;
		b->tag[__builtin_ctz(bits)] = tag_of(hash);
		b->row[__builtin_ctz(bits)] = row;
		idx->bucket[home].away += d > 0;
		idx->count++;
		return true;
	}
	return false;
}

bool sl_flow_del(struct sl_flow_index *idx, uint64_t hash, uint32_t row)
{
	uint32_t home = home_of(idx, hash);
	uint32_t last = idx->bucket[home].away ? reach(idx) : 0;
	uint16_t tag = tag_of(hash);

	for (uint32_t d = 0; d <= last; d++) {
		struct bucket *b = bucket_at(idx, home, d);

		for (unsigned bits = match(b, tag); bits; bits &= bits - 1) {
			int i = __builtin_ctz(bits);

			if (b->row[i] != row)
				continue;
			b->tag[i] = 0;
			idx->bucket[home].away -= d > 0;
			idx->count--;
			return true;
		}
	}
	return false;
}

uint32_t sl_flow_count(const struct sl_flow_index *idx)
{
	return idx->count;
}
