/* SPDX-License-Identifier: BSD-3-Clause */
/* Makes JSON of stored bytes and of canonical YAML, for answers on the admin socket. */
#include "jsontext.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

json_t *json_text_of(struct sl_str s)
{
	json_t *j = json_stringn(s.n ? s.p : "", s.n);
	char *copy;

	if (j != NULL)
		return j;
	copy = malloc(s.n + 1);
	if (copy == NULL)
		return NULL;
	for (uint32_t i = 0; i < s.n; i++)
		copy[i] = (unsigned char)s.p[i] >= 0x80 ? '?' : s.p[i];
	j = json_stringn(copy, s.n);
	free(copy);
	return j;
}

json_t *json_text(const char *text)
{
	return json_text_of(sl_str(text));
}

/* Plain scalars are numbers, booleans or null where they read so; quoted ones are strings. */
static json_t *scalar(const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;
	size_t len = node->data.scalar.length;
	char *end;

	if (node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && len < 32) {
		if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
			return json_boolean(text[0] == 't');
		if (len == 0 || strcmp(text, "null") == 0 || strcmp(text, "~") == 0)
			return json_null();
		if (strspn(text, "-0123456789") == len) {
			errno = 0;
			long long v = strtoll(text, &end, 10);

			if (*end == '\0' && errno == 0)
				return json_integer(v);
		}
	}
	return json_stringn(text, len);
}

static json_t *node_json(yaml_document_t *doc, const yaml_node_t *node, int depth)
{
	json_t *j;

	if (node == NULL || depth > 64)
		return NULL;
	if (node->type == YAML_SCALAR_NODE)
		return scalar(node);
	if (node->type == YAML_SEQUENCE_NODE) {
		j = json_array();
		for (yaml_node_item_t *i = node->data.sequence.items.start;
		     i < node->data.sequence.items.top; i++)
			json_array_append_new(
				j, node_json(doc, yaml_document_get_node(doc, *i), depth + 1));
		return j;
	}
	j = json_object();
	for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top;
	     p++) {
		const yaml_node_t *key = yaml_document_get_node(doc, p->key);

		if (key != NULL && key->type == YAML_SCALAR_NODE)
			json_object_set_new(
				j, (const char *)key->data.scalar.value,
				node_json(doc, yaml_document_get_node(doc, p->value), depth + 1));
	}
	return j;
}

json_t *json_from_yaml(const char *text, size_t len)
{
	yaml_parser_t parser;
	yaml_document_t doc;
	json_t *j = NULL;

	if (!yaml_parser_initialize(&parser))
		return NULL;
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	if (yaml_parser_load(&parser, &doc)) {
		j = node_json(&doc, yaml_document_get_root_node(&doc), 0);
		yaml_document_delete(&doc);
	}
	yaml_parser_delete(&parser);
	return j;
}
