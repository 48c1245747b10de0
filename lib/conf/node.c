/* SPDX-License-Identifier: BSD-3-Clause */
/* Trees of YAML nodes: their memory, look-ups and copies. */
#include "node.h"

#include <stdlib.h>

#define BLOCK_BYTES 65536u

struct sl_arena_block {
	struct sl_arena_block *next;
	size_t used, size;
	max_align_t data[];
};

void *sl_arena_get(struct sl_arena *a, size_t n)
{
	struct sl_arena_block *b = a->block;
	void *p;

	n = (n + sizeof(max_align_t) / 2 - 1) & ~(sizeof(max_align_t) / 2 - 1);
	if (!b || b->size - b->used < n) {
		/* Small trees, as most objects are, begin with a small block. */
		size_t size = SL_MAX(n, b ? SL_MIN(b->size * 2, (size_t)BLOCK_BYTES) : 1024);

		b = malloc(sizeof(*b) + size);
		if (!b)
			return NULL;
		*b = (struct sl_arena_block){.next = a->block, .size = size};
		a->block = b;
	}
	p = (char *)b->data + b->used;
	b->used += n;
	return p;
}

char *sl_arena_text(struct sl_arena *a, const char *text, size_t n)
{
	char *copy = sl_arena_get(a, n + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, n);
	copy[n] = '\0';
	return copy;
}

void sl_arena_free(struct sl_arena *a)
{
	while (a->block) {
		struct sl_arena_block *next = a->block->next;

		free(a->block);
		a->block = next;
	}
}

static const struct sl_node *copy_map(struct sl_arena *a, const struct sl_node *node,
				      struct sl_node *copy)
{
	struct sl_pair *pair = sl_arena_get(a, node->n * sizeof(*pair));

	if (!pair)
		return NULL;
	for (uint32_t i = 0; i < node->n; i++) {
		pair[i].line = node->pair[i].line;
		pair[i].key = sl_arena_text(a, node->pair[i].key, strlen(node->pair[i].key));
		pair[i].value = sl_node_copy(a, node->pair[i].value);
		if (!pair[i].key || !pair[i].value)
			return NULL;
	}
	copy->pair = pair;
	return copy;
}

static const struct sl_node *copy_seq(struct sl_arena *a, const struct sl_node *node,
				      struct sl_node *copy)
{
	copy->item = sl_arena_get(a, node->n * sizeof(*copy->item));
	if (!copy->item)
		return NULL;
	for (uint32_t i = 0; i < node->n; i++) {
		copy->item[i] = sl_node_copy(a, node->item[i]);
		if (!copy->item[i])
			return NULL;
	}
	return copy;
}

const struct sl_node *sl_node_copy(struct sl_arena *a, const struct sl_node *node)
{
	struct sl_node *copy = sl_arena_get(a, sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = *node;
	if (node->type == SL_NODE_MAP)
		return copy_map(a, node, copy);
	if (node->type == SL_NODE_SEQ)
		return copy_seq(a, node, copy);
	copy->text = sl_arena_text(a, node->text, strlen(node->text));
	return copy->text ? copy : NULL;
}

static const struct sl_node *get(const struct sl_node *node, const char *key, size_t n)
{
	if (!node || node->type != SL_NODE_MAP)
		return NULL;
	for (uint32_t i = 0; i < node->n; i++)
		/* Most keys differ in the first byte: worth a look before a call. */
		if (*node->pair[i].key == *key && strncmp(node->pair[i].key, key, n) == 0 &&
		    !node->pair[i].key[n])
			return node->pair[i].value->type == SL_NODE_NULL ? NULL
									 : node->pair[i].value;
	return NULL;
}

const struct sl_node *sl_node_get(const struct sl_node *node, const char *key)
{
	return get(node, key, strlen(key));
}

const struct sl_node *sl_node_at(const struct sl_node *node, const char *path)
{
	while (node && *path) {
		size_t n = (size_t)(strchrnul(path, '.') - path);

		node = get(node, path, n);
		path += n;
		path += *path == '.';
	}
	return node;
}

const char *sl_node_text(const struct sl_node *node, const char *path, const char *def)
{
	node = sl_node_at(node, path);
	return node && node->type != SL_NODE_MAP && node->type != SL_NODE_SEQ ? node->text : def;
}

int64_t sl_node_int(const struct sl_node *node, const char *path, int64_t def)
{
	node = sl_node_at(node, path);
	return node && node->type == SL_NODE_INT ? strtoll(node->text, NULL, 10) : def;
}

const char *sl_node_type_name(const struct sl_node *node)
{
	static const char *const names[] = {
		[SL_NODE_NULL] = "empty",     [SL_NODE_STR] = "a text",
		[SL_NODE_INT] = "a number",   [SL_NODE_FLOAT] = "a fraction",
		[SL_NODE_BOOL] = "a boolean", [SL_NODE_MAP] = "a map",
		[SL_NODE_SEQ] = "a list",
	};

	return names[node->type];
}

bool sl_node_same(const struct sl_node *a, const struct sl_node *b)
{
	if (a == b)
		return true;
	if (a->type != b->type || a->n != b->n)
		return false;
	if (a->type != SL_NODE_MAP && a->type != SL_NODE_SEQ)
		return strcmp(a->text, b->text) == 0;
	for (uint32_t i = 0; i < a->n; i++)
		if (a->type == SL_NODE_SEQ
			    ? !sl_node_same(a->item[i], b->item[i])
			    : strcmp(a->pair[i].key, b->pair[i].key) != 0 ||
				      !sl_node_same(a->pair[i].value, b->pair[i].value))
			return false;
	return true;
}
