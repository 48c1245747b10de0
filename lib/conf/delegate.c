/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * VirtualServices that delegate: the rules of the one named take the place of the rule that names
 * it, each narrowed to what that one matches, as Istio's pilot merges them.
 */
#include <errno.h>
#include <stdlib.h>

#include "kube.h"
#include "objects_read.h"
#include "words.h"

/* Merging of one rule. */
struct merge {
	struct sl_kube *k;
	bool no_memory;
};

/* ---- whether what a delegate matches lies within what the root matches ---- */

static const char *text_of(const struct sl_node *match, const char *key)
{
	return sl_node_text(match, key, "");
}

static bool text_conflict(const struct sl_node *root, const struct sl_node *leaf)
{
	const char *exact = text_of(root, "exact"), *prefix = text_of(root, "prefix");
	const char *leaf_exact = text_of(leaf, "exact"), *leaf_prefix = text_of(leaf, "prefix");

	if (!root || !leaf)
		return false;
	/* Which of two regexes is the narrower nobody can tell. */
	if (*text_of(root, "regex") || *text_of(leaf, "regex"))
		return true;
	if (*exact)
		return strcmp(leaf_exact, exact) != 0;
	if (!*prefix)
		return true;
	return strncmp(*leaf_prefix ? leaf_prefix : leaf_exact, prefix, strlen(prefix)) != 0;
}

static bool map_conflict(const struct sl_node *root, const struct sl_node *leaf, const char *key)
{
	const struct sl_node *list = sl_node_get(leaf, key);

	root = sl_node_get(root, key);
	for (uint32_t i = 0; root && list && list->type == SL_NODE_MAP && i < list->n; i++) {
		const struct sl_node *at = sl_node_get(root, list->pair[i].key);

		if (at && text_conflict(at, list->pair[i].value))
			return true;
	}
	return false;
}

static bool label_conflict(const struct sl_node *root, const struct sl_node *leaf)
{
	const struct sl_node *list = sl_node_get(leaf, "sourceLabels");

	root = sl_node_get(root, "sourceLabels");
	for (uint32_t i = 0; root && list && list->type == SL_NODE_MAP && i < list->n; i++) {
		const struct sl_node *at = sl_node_get(root, list->pair[i].key);

		if (at && strcmp(at->text, list->pair[i].value->text) != 0)
			return true;
	}
	return false;
}

static bool gateway_conflict(const struct sl_node *root, const struct sl_node *leaf)
{
	const struct sl_node *wide = sl_node_get(root, "gateways");
	const struct sl_node *narrow = sl_node_get(leaf, "gateways");

	for (uint32_t i = 0; sl_node_len(wide) && i < sl_node_len(narrow); i++) {
		bool found = false;

		for (uint32_t j = 0; j < sl_node_len(wide); j++)
			found |= strcmp(wide->item[j]->text, narrow->item[i]->text) == 0;
		if (!found)
			return true;
	}
	return false;
}

static bool fold(const struct sl_node *match)
{
	return sl_lower(*sl_node_text(match, "ignoreUriCase", "false")) == 't';
}

static bool conflict(const struct sl_node *root, const struct sl_node *leaf)
{
	static const char *const texts[] = {"uri", "scheme", "method", "authority"};
	static const char *const maps[] = {"headers", "withoutHeaders", "queryParams"};
	int64_t port = sl_node_int(root, "port", 0), leaf_port = sl_node_int(leaf, "port", 0);
	const char *ns = sl_node_text(root, "sourceNamespace", "");

	for (size_t i = 0; i < SL_ARRAY_LEN(texts); i++)
		if (text_conflict(sl_node_get(root, texts[i]), sl_node_get(leaf, texts[i])))
			return true;
	for (size_t i = 0; i < SL_ARRAY_LEN(maps); i++)
		if (map_conflict(root, leaf, maps[i]))
			return true;
	return fold(root) != fold(leaf) || (port && leaf_port && port != leaf_port) ||
	       (*ns && strcmp(ns, sl_node_text(leaf, "sourceNamespace", "")) != 0) ||
	       label_conflict(root, leaf) || gateway_conflict(root, leaf);
}

/* ---- trees ---- */

/* An empty map or sequence with room for n. */
static struct sl_node *make(struct merge *m, uint8_t type, int line, uint32_t n)
{
	struct sl_node *node = sl_arena_get(&m->k->arena, sizeof(*node));
	size_t each = type == SL_NODE_MAP ? sizeof(struct sl_pair) : sizeof(struct sl_node *);
	void *rows = sl_arena_get(&m->k->arena, (n + 1) * each);

	if (!node || !rows) {
		m->no_memory = true;
		return NULL;
	}
	*node = (struct sl_node){.type = type, .line = line};
	if (type == SL_NODE_MAP)
		node->pair = rows;
	else
		node->item = rows;
	return node;
}

static void put(struct sl_node *map, const char *key, const struct sl_node *value)
{
	struct sl_pair *pair = (struct sl_pair *)(uintptr_t)map->pair;

	if (value)
		pair[map->n++] = (struct sl_pair){key, value->line, value};
}

static const struct sl_node *text_node(struct merge *m, int line, const char *a, const char *b)
{
	struct sl_node *node = sl_arena_get(&m->k->arena, sizeof(*node));
	size_t n = strlen(a) + strlen(b) + 2;
	char *text = sl_arena_get(&m->k->arena, n);

	if (!node || !text) {
		m->no_memory = true;
		return NULL;
	}
	snprintf(text, n, "%s%s%s", a, *a && *b ? "-" : "", b);
	*node = (struct sl_node){.type = SL_NODE_STR, .line = line, .text = text};
	return node;
}

/* Both maps in one; where both have a key, the leaf's. */
static const struct sl_node *join(struct merge *m, const struct sl_node *root,
				  const struct sl_node *leaf)
{
	struct sl_node *out;

	if (!root || !leaf || root->type != SL_NODE_MAP || leaf->type != SL_NODE_MAP)
		return leaf ? leaf : root;
	out = make(m, SL_NODE_MAP, leaf->line, root->n + leaf->n);
	for (uint32_t i = 0; out && i < leaf->n; i++)
		put(out, leaf->pair[i].key, leaf->pair[i].value);
	for (uint32_t i = 0; out && i < root->n; i++)
		if (!sl_node_get(leaf, root->pair[i].key))
			put(out, root->pair[i].key, root->pair[i].value);
	return out;
}

/* ---- rules ---- */

static const struct sl_node *merge_match(struct merge *m, const struct sl_node *root,
					 const struct sl_node *leaf)
{
	static const char *const maps[] = {"headers", "withoutHeaders", "queryParams",
					   "sourceLabels"};
	struct sl_node *over = make(m, SL_NODE_MAP, leaf->line, 5);
	const char *a = sl_node_text(root, "name", ""), *b = sl_node_text(leaf, "name", "");

	if (!over)
		return NULL;
	if (*a && *b)
		put(over, "name", text_node(m, leaf->line, a, b));
	for (size_t i = 0; i < SL_ARRAY_LEN(maps); i++)
		put(over, maps[i], join(m, sl_node_get(root, maps[i]), sl_node_get(leaf, maps[i])));
	return join(m, join(m, root, leaf), over);
}

/* NULL: nothing that the rule matches lies within the root's. */
static const struct sl_node *merge_matches(struct merge *m, const struct sl_node *root,
					   const struct sl_node *leaf)
{
	uint32_t n_root = sl_node_len(root), n_leaf = sl_node_len(leaf);
	struct sl_node *out;

	if (!n_root || !n_leaf)
		return n_root ? root : leaf;
	out = make(m, SL_NODE_SEQ, leaf->line, n_root * n_leaf);
	for (uint32_t i = 0; out && i < n_leaf; i++) {
		uint32_t before = out->n;

		for (uint32_t j = 0; j < n_root; j++)
			if (!conflict(root->item[j], leaf->item[i]))
				out->item[out->n++] = merge_match(m, root->item[j], leaf->item[i]);
		if (out->n == before)
			return NULL;
	}
	return out;
}

static const struct sl_node *merge_rule(struct merge *m, const struct sl_node *root,
					const struct sl_node *leaf)
{
	static const char *const inherited[] = {"rewrite", "timeout",    "retries",
						"fault",   "corsPolicy", "headers"};
	static const char *const mirrors[] = {"mirror", "mirrors", "mirrorPercentage",
					      "mirrorPercent", "mirror_percent"};
	const struct sl_node *rm = sl_node_get(root, "match"), *lm = sl_node_get(leaf, "match");
	const struct sl_node *match = merge_matches(m, rm, lm);
	struct sl_node *given =
		make(m, SL_NODE_MAP, leaf->line, SL_ARRAY_LEN(inherited) + SL_ARRAY_LEN(mirrors));
	struct sl_node *over = make(m, SL_NODE_MAP, leaf->line, 2);
	const char *name = sl_node_text(root, "name", "");

	if (!given || !over || (!match && sl_node_len(rm) && sl_node_len(lm)))
		return NULL;
	for (size_t i = 0; i < SL_ARRAY_LEN(inherited); i++)
		put(given, inherited[i], sl_node_get(root, inherited[i]));
	/* They belong together: the leaf's own, or the root's. */
	for (size_t i = 0; i < SL_ARRAY_LEN(mirrors); i++)
		if (!sl_node_get(leaf, "mirror") && !sl_node_get(leaf, "mirrors"))
			put(given, mirrors[i], sl_node_get(root, mirrors[i]));
	put(over, "match", match);
	if (*name)
		put(over, "name", text_node(m, leaf->line, name, sl_node_text(leaf, "name", "")));
	return join(m, join(m, given, leaf), over);
}

/* ---- VirtualServices ---- */

bool sl_vs_is_delegate(const struct sl_object *vs)
{
	return sl_node_len(sl_node_at(vs->root, "spec.hosts")) == 0;
}

/* The one that a rule names; NULL with a warning when it is none. */
static const struct sl_object *named(const struct sl_kube *k, const struct sl_object *vs,
				     const struct sl_node *delegate)
{
	const char *name = sl_node_text(delegate, "name", "");
	const char *ns = sl_node_text(delegate, "namespace", "");
	char key[SL_KUBE_NAME_MAX], show[SL_SHOW_MAX];
	const struct sl_object *o;

	snprintf(key, sizeof(key), "VirtualService/%s/%s", *ns ? ns : vs->ns, name);
	o = sl_objects_find(k->set, key);
	if (o && sl_vs_is_delegate(o))
		return o;
	sl_objects_warn(k->set, vs, delegate->line,
			"VirtualService %s delegates to '%s', which %s; the rule is left out",
			vs->name, sl_show(name, show),
			o ? "has hosts of its own" : "doesn't exist");
	return NULL;
}

static int add_delegated(struct merge *m, const struct sl_object *vs, const struct sl_node *http,
			 struct sl_vs_rules *out)
{
	const struct sl_node *delegate = sl_node_get(http, "delegate");
	const struct sl_object *o;
	const struct sl_node *list;

	if (sl_node_get(http, "route") || sl_node_get(http, "redirect") ||
	    sl_node_get(http, "directResponse"))
		return sl_object_bad(vs, delegate->line, m->k->err,
				     "HTTP rule that delegates and has a destination of its own; "
				     "write one of the two");
	o = named(m->k, vs, delegate);
	list = o ? sl_node_at(o->root, "spec.http") : NULL;
	for (uint32_t i = 0; i < sl_node_len(list); i++) {
		const struct sl_node *rule;

		if (sl_node_get(list->item[i], "delegate"))
			return sl_object_bad(o, list->item[i]->line, m->k->err,
					     "VirtualService %s is delegated to and can't delegate "
					     "itself; write its rules out",
					     o->name);
		rule = merge_rule(m, http, list->item[i]);
		if (rule)
			out->v[out->n++] = (struct sl_vs_rule){rule, o};
		else if (!m->no_memory)
			sl_objects_warn(m->k->set, o, list->item[i]->line,
					"rule matches what VirtualService %s does not delegate "
					"(line %d); it is left out",
					vs->name, http->line);
	}
	return 0;
}

/* Rules of everything that is delegated to, at most. */
static size_t count(const struct sl_kube *k, const struct sl_object *vs, const struct sl_node *http,
		    bool *delegates)
{
	size_t n = 0;

	*delegates = false;
	for (uint32_t i = 0; i < sl_node_len(http); i++) {
		const struct sl_node *d = sl_node_get(http->item[i], "delegate");
		const struct sl_object *o = d ? named(k, vs, d) : NULL;

		*delegates |= d != NULL;
		n += o ? sl_node_len(sl_node_at(o->root, "spec.http")) : 1;
	}
	return n;
}

int sl_vs_rules(struct sl_kube *k, const struct sl_object *vs, struct sl_vs_rules *out)
{
	const struct sl_node *http = sl_node_at(vs->root, "spec.http");
	struct merge m = {.k = k};
	bool delegates;
	size_t most = count(k, vs, http, &delegates);
	int e = 0;

	*out = (struct sl_vs_rules){.v = calloc(most + 1, sizeof(*out->v))};
	if (!out->v)
		return sl_kube_no_memory(k);
	for (uint32_t i = 0; e == 0 && i < sl_node_len(http); i++)
		if (sl_node_get(http->item[i], "delegate"))
			e = add_delegated(&m, vs, http->item[i], out);
		else
			out->v[out->n++] = (struct sl_vs_rule){http->item[i], vs};
	if (e == 0 && m.no_memory)
		e = sl_kube_no_memory(k);
	if (e) {
		free(out->v);
		*out = (struct sl_vs_rules){0};
	}
	return e;
}

static bool delegated_to(const struct sl_kube *k, const struct sl_object *vs)
{
	for (size_t i = 0; i < k->set->n; i++) {
		const struct sl_object *o = k->set->v[i];
		const struct sl_node *http = o->kind->id == SL_KIND_VIRTUAL_SERVICE
						     ? sl_node_at(o->root, "spec.http")
						     : NULL;

		for (uint32_t j = 0; j < sl_node_len(http); j++) {
			const struct sl_node *d = sl_node_get(http->item[j], "delegate");
			const char *ns = sl_node_text(d, "namespace", "");

			if (d && strcmp(sl_node_text(d, "name", ""), vs->name) == 0 &&
			    strcmp(*ns ? ns : o->ns, vs->ns) == 0)
				return true;
		}
	}
	return false;
}

int sl_vs_check_delegate(const struct sl_kube *k, const struct sl_object *vs)
{
	const struct sl_node *gateways = sl_node_at(vs->root, "spec.gateways");

	if (sl_node_len(gateways))
		return sl_object_bad(
			vs, gateways->line, k->err,
			"VirtualService %s has no hosts, so that others delegate to it, "
			"but gateways; write hosts, or leave the gateways out",
			vs->name);
	if (!delegated_to(k, vs))
		sl_objects_warn(k->set, vs, vs->line,
				"VirtualService %s has no hosts and nobody delegates to it; it is "
				"not used",
				vs->name);
	return 0;
}
