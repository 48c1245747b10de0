/* SPDX-License-Identifier: BSD-3-Clause */
/* Trees of nodes to canonical YAML text: block style, texts quoted where a reader could doubt. */
#include <stdlib.h>
#include <yaml.h>

#include "node.h"
#include "words.h"

struct buffer {
	char *p;
	size_t n, cap;
};

static int buffer_add(void *ctx, unsigned char *bytes, size_t n)
{
	struct buffer *b = ctx;

	if (n >= b->cap - b->n) {
		size_t cap = SL_MAX(b->cap * 2, b->n + n + 1024);
		char *p = realloc(b->p, cap);

		if (!p)
			return 0;
		b->p = p;
		b->cap = cap;
	}
	memcpy(b->p + b->n, bytes, n);
	b->n += n;
	return 1;
}

/* Words that some YAML reader takes for something else than a text. */
static bool doubtful(const char *text)
{
	static const char *const words[] = {"null", "true", "false", "yes", "no",
					    "on",   "off",  "y",     "n",   NULL};
	size_t n = strlen(text);

	if (n == 0 || n > 64 ||
	    !((sl_lower(*text) >= 'a' && sl_lower(*text) <= 'z') || *text == '/'))
		return true;
	if (text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			      "-._/")])
		return true;
	for (int i = 0; words[i]; i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return false;
}

static int emit_text(yaml_emitter_t *em, const char *text, bool plain)
{
	yaml_event_t e;

	return yaml_scalar_event_initialize(
		       &e, NULL, NULL, (const yaml_char_t *)text, (int)strlen(text), 1, 1,
		       plain ? YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE) &&
	       yaml_emitter_emit(em, &e);
}

static int emit(yaml_emitter_t *em, const struct sl_node *node);

static int emit_map(yaml_emitter_t *em, const struct sl_node *node)
{
	yaml_event_t e;
	int ok = yaml_mapping_start_event_initialize(&e, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE) &&
		 yaml_emitter_emit(em, &e);

	for (uint32_t i = 0; ok && i < node->n; i++) {
		const char *key = node->pair[i].key;

		ok = emit_text(em, key, !doubtful(key)) && emit(em, node->pair[i].value);
	}
	return ok && yaml_mapping_end_event_initialize(&e) && yaml_emitter_emit(em, &e);
}

static int emit_seq(yaml_emitter_t *em, const struct sl_node *node)
{
	yaml_event_t e;
	int ok = yaml_sequence_start_event_initialize(&e, NULL, NULL, 1,
						      YAML_BLOCK_SEQUENCE_STYLE) &&
		 yaml_emitter_emit(em, &e);

	for (uint32_t i = 0; ok && i < node->n; i++)
		ok = emit(em, node->item[i]);
	return ok && yaml_sequence_end_event_initialize(&e) && yaml_emitter_emit(em, &e);
}

/* Recursion is bounded: no tree is deeper than SL_YAML_DEPTH_MAX. */
static int emit(yaml_emitter_t *em, const struct sl_node *node)
{
	switch (node->type) {
	case SL_NODE_MAP:
		return emit_map(em, node);
	case SL_NODE_SEQ:
		return emit_seq(em, node);
	case SL_NODE_STR:
		return emit_text(em, node->text, !doubtful(node->text));
	case SL_NODE_NULL:
		return emit_text(em, "null", true);
	default:
		return emit_text(em, node->text, true);
	}
}

static int emit_document(yaml_emitter_t *em, const struct sl_node *node)
{
	yaml_event_t e;

	return yaml_stream_start_event_initialize(&e, YAML_UTF8_ENCODING) &&
	       yaml_emitter_emit(em, &e) &&
	       yaml_document_start_event_initialize(&e, NULL, NULL, NULL, 1) &&
	       yaml_emitter_emit(em, &e) && emit(em, node) &&
	       yaml_document_end_event_initialize(&e, 1) && yaml_emitter_emit(em, &e) &&
	       yaml_stream_end_event_initialize(&e) && yaml_emitter_emit(em, &e);
}

char *sl_node_yaml(const struct sl_node *node)
{
	struct buffer b = {0};
	yaml_emitter_t em;
	int ok;

	if (!yaml_emitter_initialize(&em))
		return NULL;
	yaml_emitter_set_output(&em, buffer_add, &b);
	yaml_emitter_set_unicode(&em, 1);
	yaml_emitter_set_width(&em, -1);
	ok = emit_document(&em, node);
	yaml_emitter_delete(&em);
	if (!ok || !b.p) {
		free(b.p);
		return NULL;
	}
	b.p[b.n] = '\0';
	return b.p;
}
