/* SPDX-License-Identifier: BSD-3-Clause */
/* YAML documents as trees of nodes that know their lines; bounded against YAML bombs. */
#ifndef SL_CONF_NODE_H
#define SL_CONF_NODE_H

#include <stdio.h>

#include "sl_base.h"

enum sl_node_type {
	SL_NODE_NULL,
	SL_NODE_STR,
	SL_NODE_INT,
	SL_NODE_FLOAT,
	SL_NODE_BOOL,
	SL_NODE_MAP,
	SL_NODE_SEQ,
};

struct sl_node;

struct sl_pair {
	const char *key;
	int line;
	const struct sl_node *value;
};

struct sl_node {
	uint8_t type;  /* enum sl_node_type */
	int line;      /* of its first byte */
	uint32_t n;    /* members or items */
	uint32_t cost; /* nodes below it with every alias written out, long texts counted more */
	union {
		const char *text; /* scalars; empty for null */
		const struct sl_pair *pair;
		const struct sl_node **item;
	};
};

/** Memory of trees: given back at once. */
struct sl_arena {
	struct sl_arena_block *block;
};

void *sl_arena_get(struct sl_arena *a, size_t n);
char *sl_arena_text(struct sl_arena *a, const char *text, size_t n);
void sl_arena_free(struct sl_arena *a);

#define SL_YAML_DEPTH_MAX 64u
#define SL_YAML_COST_MAX  2000000u /* a file; a node and each 32 bytes of text cost one */

/**
 * Reads the documents of a YAML stream one after the other.
 *
 * @param each Called for every document that is not empty; what it returns, if not 0, ends it.
 * @return 0; -EINVAL with file:line; -E2BIG (limits); -ENOMEM.
 */
int sl_yaml_read(const char *file, const char *text, size_t n,
		 int (*each)(void *ctx, const struct sl_node *doc, struct sl_err *err), void *ctx,
		 struct sl_err *err);

/** A tree written out: aliases become copies. NULL when out of memory. */
const struct sl_node *sl_node_copy(struct sl_arena *a, const struct sl_node *node);

/** The tree as canonical YAML text (caller frees), or NULL when out of memory. */
char *sl_node_yaml(const struct sl_node *node);

/** Value of a map's key; NULL when node is no map or lacks it, or the value is null. */
const struct sl_node *sl_node_get(const struct sl_node *node, const char *key);

/** Value along a path of keys, "spec.port.number". */
const struct sl_node *sl_node_at(const struct sl_node *node, const char *path);

/** Text of a scalar along a path, or def. */
const char *sl_node_text(const struct sl_node *node, const char *path, const char *def);

/** Number of an integer along a path, or def. */
int64_t sl_node_int(const struct sl_node *node, const char *path, int64_t def);

/** Items of a sequence; 0 for NULL and for everything else. */
static inline uint32_t sl_node_len(const struct sl_node *node)
{
	return node && node->type == SL_NODE_SEQ ? node->n : 0;
}

/** Whether two trees say the same in the same order, wherever they stand. */
bool sl_node_same(const struct sl_node *a, const struct sl_node *b);

/** "a text", "a number" ... for messages. */
const char *sl_node_type_name(const struct sl_node *node);

#endif
