/* SPDX-License-Identifier: BSD-3-Clause */
/* YAML text to trees of nodes, by libyaml's events; nothing here recurses on input. */
#include <errno.h>
#include <stdlib.h>
#include <yaml.h>

#include "node.h"
#include "objects.h"
#include "text.h"
#include "words.h"

#define ANCHORS_MAX   1000u
#define TEXT_PER_COST 32u
#define TAG           "tag:yaml.org,2002:"

struct anchor {
	const char *name;
	const struct sl_node *node;
};

/* A map or sequence that is still open. */
struct level {
	struct sl_node *node;
	const char *anchor;
	size_t first; /* its entries lie in reader.entry from here on */
};

struct reader {
	const char *file;
	struct sl_err *err;
	yaml_parser_t parser;
	struct sl_arena arena;
	struct level level[SL_YAML_DEPTH_MAX];
	unsigned depth;
	const struct sl_node **entry; /* finished children of open levels; keys of maps as well */
	size_t n_entry, cap_entry;
	struct anchor anchor[ANCHORS_MAX];
	unsigned n_anchor;
	struct sl_index anchors; /* names to places in `anchor` */
	uint32_t cost;           /* of the documents before, and of what was read of this one */
	const struct sl_node *root;
};

static int bad(struct reader *r, int line, int code, const char *what)
{
	return sl_err(r->err, code, "%s:%d: %s", r->file, line, what);
}

static int no_memory(struct reader *r)
{
	return sl_err(r->err, ENOMEM, "out of memory while %s was read", r->file);
}

static int too_big(struct reader *r, int line)
{
	return bad(r, line, E2BIG,
		   "the file holds more than 2000000 values, aliases counted as often as they are "
		   "used; split it or write fewer aliases");
}

static bool one_of(const char *text, const char *const *words)
{
	return sl_word_index(text, words) >= 0;
}

static bool is_int(const char *p)
{
	p += *p == '-' || *p == '+';
	if (*p == '0' && p[1])
		return false; /* YAML 1.1 would read octal: not a number here */
	return *p && strspn(p, "0123456789") == strlen(p);
}

static bool is_float(const char *p)
{
	char *end;

	if (!strpbrk(p, "0123456789") || !strpbrk(p, ".eE") ||
	    strspn(p, "+-.0123456789eE") != strlen(p))
		return false;
	strtod(p, &end);
	return *end == '\0';
}

/* What a plain scalar is in YAML's core schema. */
static enum sl_node_type resolve(const char *text)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
	static const char *const bools[] = {"true",  "True",  "TRUE", "false",
					    "False", "FALSE", NULL};

	if (one_of(text, nulls))
		return SL_NODE_NULL;
	if (one_of(text, bools))
		return SL_NODE_BOOL;
	if (is_int(text))
		return SL_NODE_INT;
	return is_float(text) ? SL_NODE_FLOAT : SL_NODE_STR;
}

static int push(struct reader *r, const struct sl_node *node)
{
	if (r->n_entry == r->cap_entry) {
		size_t cap = r->cap_entry ? r->cap_entry * 2 : 256;
		const struct sl_node **entry = reallocarray(r->entry, cap, sizeof(*entry));

		if (!entry)
			return no_memory(r);
		r->entry = entry;
		r->cap_entry = cap;
	}
	r->entry[r->n_entry++] = node;
	return 0;
}

static int anchor_add(struct reader *r, const char *name, const struct sl_node *node)
{
	if (!name)
		return 0;
	if (r->n_anchor == ANCHORS_MAX)
		return bad(r, node->line, E2BIG, "more than 1000 anchors; write fewer");
	/* Later anchors of a name hide earlier ones (YAML 1.2, 7.1). */
	if (sl_index_put(&r->anchors, name, r->n_anchor) < 0)
		return no_memory(r);
	r->anchor[r->n_anchor++] = (struct anchor){name, node};
	return 0;
}

/* At once, not when the level ends: until then everything would be in memory. */
static int spend(struct reader *r, int line, uint32_t cost)
{
	if (cost > SL_YAML_COST_MAX - r->cost)
		return too_big(r, line);
	r->cost += cost;
	return 0;
}

/* A finished node takes its place: in the open level, or as the document itself. */
static int place(struct reader *r, const char *anchor, const struct sl_node *node)
{
	int e = anchor_add(r, anchor, node);

	if (e)
		return e;
	if (r->depth)
		return push(r, node);
	r->root = node;
	return 0;
}

static int keep_name(struct reader *r, const yaml_char_t *name, const char **out)
{
	*out = NULL;
	if (!name)
		return 0;
	*out = sl_arena_text(&r->arena, (const char *)name, strlen((const char *)name));
	return *out ? 0 : no_memory(r);
}

static int scalar_type(struct reader *r, const yaml_event_t *e, int line, const char *text,
		       uint8_t *type)
{
	const char *tag = (const char *)e->data.scalar.tag;
	bool plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	char show[SL_SHOW_MAX], msg[160];

	*type = plain ? resolve(text) : SL_NODE_STR;
	if (!tag)
		return 0;
	if (strcmp(tag, "!") == 0 || strcmp(tag, TAG "str") == 0) {
		*type = SL_NODE_STR;
		return 0;
	}
	if (*type == resolve(text) && ((*type == SL_NODE_INT && strcmp(tag, TAG "int") == 0) ||
				       (*type == SL_NODE_BOOL && strcmp(tag, TAG "bool") == 0) ||
				       (*type == SL_NODE_NULL && strcmp(tag, TAG "null") == 0)))
		return 0;
	snprintf(msg, sizeof(msg), "tag '%s' is not read; leave it out", sl_show(tag, show));
	return bad(r, line, EINVAL, msg);
}

static int on_scalar(struct reader *r, const yaml_event_t *e, int line)
{
	const char *text = (const char *)e->data.scalar.value;
	struct sl_node *node = sl_arena_get(&r->arena, sizeof(*node));
	size_t n = e->data.scalar.length;
	const char *anchor;
	int ret;

	if (!node || keep_name(r, e->data.scalar.anchor, &anchor) < 0)
		return no_memory(r);
	if (memchr(text, '\0', n))
		return bad(r, line, EINVAL, "text with a NUL byte; leave it out");
	*node = (struct sl_node){.line = line, .cost = 1 + (uint32_t)(n / TEXT_PER_COST)};
	ret = spend(r, line, node->cost);
	if (ret == 0)
		ret = scalar_type(r, e, line, text, &node->type);
	if (ret)
		return ret;
	node->text = node->type == SL_NODE_NULL ? "" : sl_arena_text(&r->arena, text, n);
	return node->text ? place(r, anchor, node) : no_memory(r);
}

static int on_start(struct reader *r, enum sl_node_type type, const yaml_char_t *anchor,
		    const yaml_char_t *tag, int line)
{
	struct level *level = &r->level[r->depth];

	if (r->depth == SL_YAML_DEPTH_MAX)
		return bad(r, line, E2BIG, "nested more than 64 levels deep; nothing we read is");
	if (tag && strncmp((const char *)tag, TAG, strlen(TAG)) != 0)
		return bad(r, line, EINVAL, "a tag that is not read; leave it out");
	level->node = sl_arena_get(&r->arena, sizeof(*level->node));
	if (!level->node || keep_name(r, anchor, &level->anchor) < 0)
		return no_memory(r);
	*level->node = (struct sl_node){.type = type, .line = line, .cost = 1};
	level->first = r->n_entry;
	r->depth++;
	return spend(r, line, 1);
}

static int pair_cmp(const void *a, const void *b)
{
	const struct sl_pair *x = *(const struct sl_pair *const *)a;
	const struct sl_pair *y = *(const struct sl_pair *const *)b;
	int c = strcmp(x->key, y->key);

	return c ? c : (x > y) - (x < y);
}

static int check_twice(struct reader *r, const struct sl_node *map)
{
	const struct sl_pair **sorted = calloc(map->n + 1, sizeof(*sorted));
	char show[SL_SHOW_MAX], msg[160];
	int e = 0;

	if (!sorted)
		return no_memory(r);
	for (uint32_t i = 0; i < map->n; i++)
		sorted[i] = &map->pair[i];
	qsort(sorted, map->n, sizeof(*sorted), pair_cmp);
	for (uint32_t i = 1; e == 0 && i < map->n; i++)
		if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0) {
			snprintf(msg, sizeof(msg),
				 "key '%s' is written twice in one map; write it once",
				 sl_show(sorted[i]->key, show));
			e = bad(r, sorted[i]->line, EINVAL, msg);
		}
	free(sorted);
	return e;
}

/* Entries of a finished map lie as key, value, key, value ... */
static int take_pairs(struct reader *r, struct sl_node *node, const struct sl_node **entry,
		      size_t n)
{
	struct sl_pair *pair = sl_arena_get(&r->arena, n / 2 * sizeof(*pair));

	if (!pair)
		return no_memory(r);
	for (size_t i = 0; i < n / 2; i++) {
		const struct sl_node *key = entry[2 * i];

		if (key->type == SL_NODE_MAP || key->type == SL_NODE_SEQ || !*key->text)
			return bad(r, key->line, EINVAL,
				   "a key that is no name; write name: value");
		if (strcmp(key->text, "<<") == 0)
			return bad(r, key->line, EINVAL,
				   "merge keys (<<) are not read; write the fields themselves");
		pair[i] = (struct sl_pair){key->text, key->line, entry[2 * i + 1]};
	}
	node->n = (uint32_t)(n / 2);
	node->pair = pair;
	return check_twice(r, node);
}

static int on_end(struct reader *r)
{
	struct level *level = &r->level[--r->depth];
	const struct sl_node **entry = r->entry + level->first;
	size_t n = r->n_entry - level->first;
	struct sl_node *node = level->node;
	int e = 0;

	for (size_t i = 0; i < n; i++)
		node->cost += entry[i]->cost; /* what it has is spent: below the limit */
	if (node->type == SL_NODE_MAP) {
		e = n ? take_pairs(r, node, entry, n) : 0;
	} else if (n) {
		node->item = sl_arena_get(&r->arena, n * sizeof(*node->item));
		if (!node->item)
			return no_memory(r);
		memcpy(node->item, entry, n * sizeof(*entry));
		node->n = (uint32_t)n;
	}
	r->n_entry = level->first;
	return e ? e : place(r, level->anchor, node);
}

static int on_alias(struct reader *r, const yaml_event_t *e, int line)
{
	const char *name = (const char *)e->data.alias.anchor;
	int64_t at = sl_index_get(&r->anchors, name);
	char show[SL_SHOW_MAX], msg[160];
	int ret;

	if (at >= 0) {
		ret = spend(r, line, r->anchor[at].node->cost);
		return ret ? ret : place(r, NULL, r->anchor[at].node);
	}
	snprintf(msg, sizeof(msg), "alias '*%s' before its anchor is complete; write '&%s' earlier",
		 sl_show(name, show), show);
	return bad(r, line, EINVAL, msg);
}

static int parse_error(struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	int line = (int)p->problem_mark.line + 1;

	if (p->error == YAML_MEMORY_ERROR)
		return no_memory(r);
	if (p->error == YAML_READER_ERROR)
		return sl_err(r->err, EINVAL, "%s: byte %zu is not UTF-8 text (%s)", r->file,
			      p->problem_offset, p->problem ? p->problem : "unreadable");
	return sl_err(r->err, EINVAL, "%s:%d: %s%s%s; check indentation, quotes and colons there",
		      r->file, line, p->problem ? p->problem : "not YAML", p->context ? " " : "",
		      p->context ? p->context : "");
}

static int on_event(struct reader *r, const yaml_event_t *e)
{
	int line = (int)e->start_mark.line + 1;

	switch (e->type) {
	case YAML_SCALAR_EVENT:
		return on_scalar(r, e, line);
	case YAML_ALIAS_EVENT:
		return on_alias(r, e, line);
	case YAML_MAPPING_START_EVENT:
		return on_start(r, SL_NODE_MAP, e->data.mapping_start.anchor,
				e->data.mapping_start.tag, line);
	case YAML_SEQUENCE_START_EVENT:
		return on_start(r, SL_NODE_SEQ, e->data.sequence_start.anchor,
				e->data.sequence_start.tag, line);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		return on_end(r);
	default:
		return 0;
	}
}

static int on_document(struct reader *r,
		       int (*each)(void *ctx, const struct sl_node *doc, struct sl_err *err),
		       void *ctx)
{
	int e = 0;

	if (r->root && r->root->type != SL_NODE_NULL)
		e = each(ctx, r->root, r->err);
	r->root = NULL;
	r->n_anchor = 0;
	sl_index_clear(&r->anchors); /* its keys go with the arena */
	sl_arena_free(&r->arena);
	return e;
}

static int read_events(struct reader *r,
		       int (*each)(void *ctx, const struct sl_node *doc, struct sl_err *err),
		       void *ctx)
{
	bool more = true;
	yaml_event_t e;
	int ret = 0;

	while (ret == 0 && more) {
		if (!yaml_parser_parse(&r->parser, &e))
			return parse_error(r);
		more = e.type != YAML_STREAM_END_EVENT;
		ret = e.type == YAML_DOCUMENT_END_EVENT ? on_document(r, each, ctx)
							: on_event(r, &e);
		yaml_event_delete(&e);
	}
	return ret;
}

int sl_yaml_read(const char *file, const char *text, size_t n,
		 int (*each)(void *ctx, const struct sl_node *doc, struct sl_err *err), void *ctx,
		 struct sl_err *err)
{
	struct reader *r;
	int e;

	if (n > SL_CONF_BYTES_MAX)
		return sl_err(err, E2BIG, "%s: is larger than %u MiB; split it", file,
			      SL_CONF_BYTES_MAX >> 20);
	r = calloc(1, sizeof(*r));
	if (!r || !yaml_parser_initialize(&r->parser)) {
		free(r);
		return sl_err(err, ENOMEM, "out of memory while %s was read", file);
	}
	r->file = file;
	r->err = err;
	yaml_parser_set_input_string(&r->parser, (const unsigned char *)text, n);
	e = read_events(r, each, ctx);
	yaml_parser_delete(&r->parser);
	sl_arena_free(&r->arena);
	sl_index_free(&r->anchors);
	free(r->entry);
	free(r);
	return e;
}
