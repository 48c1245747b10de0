/* SPDX-License-Identifier: BSD-3-Clause */
/* A small hash table, names to numbers, for sets of objects and virtual hosts. */
#include <errno.h>
#include <stdlib.h>

#include "objects.h"

struct sl_index_slot {
	const char *key; /* NULL: free */
	uint32_t value;
};

static struct sl_index_slot *place(const struct sl_index *ix, const char *key)
{
	size_t i = (size_t)sl_fnv1a(0, key, strlen(key)) & (ix->cap - 1);

	while (ix->slot[i].key && strcmp(ix->slot[i].key, key) != 0)
		i = (i + 1) & (ix->cap - 1);
	return &ix->slot[i];
}

int sl_index_reserve(struct sl_index *ix, size_t n)
{
	struct sl_index bigger = {.cap = ix->cap ? ix->cap : 64};

	if (ix->cap && n <= ix->cap / 2)
		return 0;
	while (n > bigger.cap / 2)
		bigger.cap *= 2;
	bigger.slot = calloc(bigger.cap, sizeof(*bigger.slot));
	if (!bigger.slot)
		return -ENOMEM;
	for (size_t i = 0; i < ix->cap; i++)
		if (ix->slot[i].key)
			*place(&bigger, ix->slot[i].key) = ix->slot[i];
	bigger.n = ix->n;
	free(ix->slot);
	*ix = bigger;
	return 0;
}

int sl_index_put(struct sl_index *ix, const char *key, uint32_t value)
{
	struct sl_index_slot *slot;

	if (sl_index_reserve(ix, ix->n + 1) < 0)
		return -ENOMEM;
	slot = place(ix, key);
	ix->n += !slot->key;
	*slot = (struct sl_index_slot){key, value};
	return 0;
}

int64_t sl_index_get(const struct sl_index *ix, const char *key)
{
	const struct sl_index_slot *slot = ix->cap ? place(ix, key) : NULL;

	return slot && slot->key ? (int64_t)slot->value : -1;
}

void sl_index_clear(struct sl_index *ix)
{
	if (ix->cap)
		memset(ix->slot, 0, ix->cap * sizeof(*ix->slot));
	ix->n = 0;
}

void sl_index_free(struct sl_index *ix)
{
	free(ix->slot);
	*ix = (struct sl_index){0};
}
