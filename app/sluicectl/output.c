/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables as Go's tabwriter lays them out, JSON and YAML; what every command prints with. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sluicectl.h"

#define COLUMNS_MAX 32

struct table {
	unsigned columns, pad;
	size_t n, cap;
	char **cell; /* n rows of `columns` */
};

int out_parse(const struct ctl *ctl, const char *word, const char *allowed, enum output *out)
{
	static const char *const names[] = {[OUT_SHORT] = "short",
					    [OUT_JSON] = "json",
					    [OUT_YAML] = "yaml",
					    [OUT_WIDE] = "wide",
					    [OUT_NAME] = "name"};

	for (size_t i = 0; i < SL_ARRAY_LEN(names); i++)
		if (strcmp(word, names[i]) == 0 && strstr(allowed, names[i]) != NULL) {
			*out = (enum output)i;
			return 0;
		}
	return ctl_usage(ctl, "-o takes %s, not \"%s\".", allowed, word);
}

struct table *table_create(unsigned columns, unsigned pad)
{
	struct table *t = columns <= COLUMNS_MAX ? calloc(1, sizeof(*t)) : NULL;

	if (t != NULL)
		*t = (struct table){.columns = columns, .pad = pad};
	return t;
}

void table_row(struct table *t, const char *const *cells)
{
	if (t == NULL)
		return;
	if (t->n == t->cap) {
		size_t cap = t->cap * 2 + 32;
		char **cell = realloc(t->cell, cap * t->columns * sizeof(*cell));

		if (cell == NULL)
			return;
		t->cell = cell;
		t->cap = cap;
	}
	for (unsigned i = 0; i < t->columns; i++)
		t->cell[t->n * t->columns + i] = strdup(cells[i] != NULL ? cells[i] : "");
	t->n++;
}

/* Characters, not bytes: UTF-8 continuation bytes take no room. */
static unsigned text_width(const char *s)
{
	unsigned w = 0;

	for (; *s != '\0'; s++)
		w += ((unsigned char)*s & 0xc0) != 0x80;
	return w;
}

/* Names come from files: no byte of theirs may steer the terminal. */
static void print_cell(const char *s)
{
	for (; *s != '\0'; s++)
		putchar((unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s);
}

static const char *cell_at(const struct table *t, size_t row, unsigned column)
{
	const char *cell = t->cell[row * t->columns + column];

	return cell != NULL ? cell : "";
}

void table_print(struct table *t)
{
	unsigned width[COLUMNS_MAX] = {0};

	if (t == NULL)
		return;
	for (size_t r = 0; r < t->n; r++)
		for (unsigned c = 0; c < t->columns; c++)
			width[c] = SL_MAX(width[c], text_width(cell_at(t, r, c)));
	for (size_t r = 0; r < t->n; r++) {
		for (unsigned c = 0; c < t->columns; c++) {
			print_cell(cell_at(t, r, c));
			if (c + 1 < t->columns)
				printf("%*s",
				       (int)(width[c] + t->pad - text_width(cell_at(t, r, c))), "");
		}
		putchar('\n');
	}
	for (size_t i = 0; i < t->n * t->columns; i++)
		free(t->cell[i]);
	free(t->cell);
	free(t);
}

char *out_duration(uint64_t us, char buf[32])
{
	uint64_t s = us / 1000000;

	if (s < 60)
		snprintf(buf, 32, "%us", (unsigned)s);
	else if (s < 3600)
		snprintf(buf, 32, "%um %us", (unsigned)(s / 60), (unsigned)(s % 60));
	else
		snprintf(buf, 32, "%lluh %um", (unsigned long long)(s / 3600),
			 (unsigned)(s / 60 % 60));
	return buf;
}

void out_json(const json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(4) | JSON_ENCODE_ANY);
	putchar('\n');
}

/* Numbers, dates and sexagesimals of any YAML version. */
static bool looks_like_number(const char *s)
{
	char *end;

	if (s[0] == '0' && s[1] != '\0' && strchr("xXoObB", s[1]) != NULL)
		return true;
	(void)strtod(s, &end);
	return (end != s && *end == '\0') || s[strspn(s, "0123456789_:-")] == '\0' ||
	       (strchr(s, ':') != NULL && s[strspn(s, "0123456789_:.")] == '\0');
}

/* Whether a text reads as itself without quotes in every YAML version. */
static bool plain_safe(const char *s)
{
	static const char *const words[] = {"true", "false", "yes", "no",  "on", "off",
					    "null", "y",     "n",   "inf", "nan"};

	if (s[0] == '\0' || strchr(" -?:,[]{}#&*!|>'\"%@`=.+~", s[0]) != NULL ||
	    looks_like_number(s))
		return false;
	for (size_t i = 0; i < SL_ARRAY_LEN(words); i++)
		if (strcasecmp(s, words[i]) == 0)
			return false;
	for (const char *p = s; *p != '\0'; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f ||
		    (*p == ':' && (p[1] == ' ' || p[1] == '\0')) || (*p == ' ' && p[1] == '#'))
			return false;
	return s[strlen(s) - 1] != ' ';
}

static void yaml_text(const char *s)
{
	json_t *j;

	if (plain_safe(s)) {
		fputs(s, stdout);
		return;
	}
	/* JSON's quoted form is YAML's double-quoted form. */
	j = json_string(s);
	json_dumpf(j, stdout, JSON_ENCODE_ANY);
	json_decref(j);
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void yaml_value(const json_t *v, unsigned indent, bool in_list);

static void yaml_object(const json_t *v, unsigned indent, bool in_list)
{
	size_t n = json_object_size(v), i = 0;
	const char **key = calloc(n, sizeof(*key)), *k;
	json_t *member;

	if (key == NULL)
		return;
	json_object_foreach((json_t *)(uintptr_t)v, k, member) key[i++] = k;
	qsort(key, n, sizeof(*key), compare_keys);
	for (i = 0; i < n; i++) {
		if (i > 0 || !in_list)
			printf("%*s", (int)indent, "");
		yaml_text(key[i]);
		putchar(':');
		yaml_value(json_object_get(v, key[i]), indent, false);
	}
	free(key);
}

/* Behind "key:" or "- ": containers open a block, scalars stay on the line. */
static void yaml_value(const json_t *v, unsigned indent, bool in_list)
{
	const char *gap = in_list ? "" : " ";
	const json_t *item;
	size_t i;

	if (json_is_object(v) && json_object_size(v) > 0) {
		if (!in_list)
			putchar('\n');
		yaml_object(v, in_list ? indent : indent + 2, in_list);
	} else if (json_is_array(v) && json_array_size(v) > 0) {
		if (!in_list)
			putchar('\n');
		json_array_foreach(v, i, item)
		{
			if (i > 0 || !in_list)
				printf("%*s", (int)indent, "");
			fputs("- ", stdout);
			yaml_value(item, indent + 2, true);
		}
	} else if (json_is_string(v)) {
		fputs(gap, stdout);
		yaml_text(json_string_value(v));
		putchar('\n');
	} else {
		fputs(gap, stdout);
		json_dumpf(v, stdout, JSON_ENCODE_ANY);
		putchar('\n');
	}
}

void out_yaml(const json_t *value)
{
	const json_t *item;
	size_t i;

	if (json_is_object(value) && json_object_size(value) > 0) {
		yaml_object(value, 0, false);
	} else if (json_is_array(value) && json_array_size(value) > 0) {
		json_array_foreach(value, i, item)
		{
			fputs("- ", stdout);
			yaml_value(item, 2, true);
		}
	} else {
		yaml_value(value, 0, true);
	}
}
