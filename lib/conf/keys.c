/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads a libconfig group by its keyword table; every fault is file:line and says what to write. */
#include "keys.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "words.h"

#define KEYS_MAX 64 /* in one table */

const char *sl_reader_where(const struct sl_reader *r, const config_setting_t *s, int *line)
{
	return sl_text_where(r->text, (int)config_setting_source_line(s), line);
}

int sl_reader_bad(struct sl_reader *r, const config_setting_t *s, const char *fmt, ...)
{
	char text[SL_ERR_TEXT_MAX];
	const char *file;
	va_list ap;
	int line;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	file = sl_reader_where(r, s, &line);
	return sl_err(r->err, EINVAL, "%s:%d: %s", file, line, text);
}

static const char *type_name(const config_setting_t *s)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return "a number";
	case CONFIG_TYPE_FLOAT:
		return "a fraction";
	case CONFIG_TYPE_STRING:
		return "a text";
	case CONFIG_TYPE_BOOL:
		return "true or false";
	case CONFIG_TYPE_ARRAY:
		return "an array";
	case CONFIG_TYPE_LIST:
		return "a list";
	default:
		return "a group";
	}
}

/* Name of a setting in messages; elements of lists have none. */
static const char *name_of(const config_setting_t *s)
{
	const char *name = config_setting_name(s);

	if (!name && config_setting_parent(s))
		name = config_setting_name(config_setting_parent(s));
	return name ? name : "this";
}

static int wrong_type(struct sl_reader *r, const config_setting_t *s, const char *want)
{
	return sl_reader_bad(r, s, "'%s' is %s; write %s", name_of(s), type_name(s), want);
}

int sl_reader_str(struct sl_reader *r, const config_setting_t *s, const char **out)
{
	*out = "";
	if (config_setting_type(s) != CONFIG_TYPE_STRING)
		return wrong_type(r, s, "a text in quotes");
	*out = config_setting_get_string(s);
	if (!*out)
		*out = "";
	if (!sl_word_utf8(*out, strlen(*out)))
		return sl_reader_bad(r, s,
				     "'%s' has a control byte or isn't UTF-8; write plain text",
				     name_of(s));
	return 0;
}

static int text_read(struct sl_reader *r, const struct sl_key *k, const config_setting_t *s,
		     char *dst)
{
	const char *v;
	int e = sl_reader_str(r, s, &v);

	if (e)
		return e;
	if (strlen(v) >= k->size)
		return sl_reader_bad(r, s, "'%s' is longer than %zu bytes; write a shorter one",
				     k->name, k->size - 1);
	if (k->min > 0 && !*v)
		return sl_reader_bad(r, s, "'%s' is empty; write a value or leave it out", k->name);
	memset(dst, 0, k->size);
	memcpy(dst, v, strlen(v) + 1);
	return 0;
}

static int str_read(struct sl_reader *r, const struct sl_key *k, const config_setting_t *s,
		    void *dst)
{
	size_t max = k->max ? (size_t)k->max : SL_KEY_STR_MAX;
	const char *v;
	int e = sl_reader_str(r, s, &v);

	if (e)
		return e;
	if (strlen(v) > max)
		return sl_reader_bad(r, s, "'%s' is longer than %zu bytes; write a shorter one",
				     k->name, max);
	if (k->min > 0 && !*v)
		return sl_reader_bad(r, s, "'%s' is empty; write a value or leave it out", k->name);
	memcpy(dst, &v, sizeof(v));
	return 0;
}

static void store(void *dst, size_t size, int64_t v)
{
	uint8_t v8 = (uint8_t)v;
	uint16_t v16 = (uint16_t)v;
	uint32_t v32 = (uint32_t)v;

	memcpy(dst, size == 1 ? (void *)&v8 : size == 2 ? (void *)&v16 : (void *)&v32, size);
}

static int int_read(struct sl_reader *r, const struct sl_key *k, const config_setting_t *s,
		    void *dst)
{
	int64_t v;

	if (config_setting_type(s) != CONFIG_TYPE_INT &&
	    config_setting_type(s) != CONFIG_TYPE_INT64)
		return wrong_type(r, s, "a whole number without quotes");
	v = config_setting_get_int64(s);
	if (v < k->min || v > k->max)
		return sl_reader_bad(r, s, "'%s' is %lld; write %lld to %lld", k->name,
				     (long long)v, (long long)k->min, (long long)k->max);
	store(dst, k->size, v);
	return 0;
}

static int time_read(struct sl_reader *r, const struct sl_key *k, const config_setting_t *s,
		     void *dst)
{
	char show[SL_SHOW_MAX];
	const char *v = "0";
	uint32_t ms;
	int e = 0;

	/* A plain 0 needs no unit; any other number would leave the reader guessing. */
	if (config_setting_type(s) != CONFIG_TYPE_INT || config_setting_get_int(s) != 0)
		e = config_setting_type(s) == CONFIG_TYPE_STRING
			    ? sl_reader_str(r, s, &v)
			    : wrong_type(r, s,
					 "a time with its unit, such as \"10s\" or \"200ms\"");
	if (e)
		return e;
	e = sl_word_ms(v, &ms);
	if (e == -EINVAL)
		return sl_reader_bad(r, s,
				     "'%s' is \"%s\"; write a time with its unit, such as \"10s\" "
				     "or \"200ms\"",
				     k->name, sl_show(v, show));
	if (e || (int64_t)ms < k->min || (int64_t)ms > k->max)
		return sl_reader_bad(r, s, "'%s' is \"%s\"; write %lldms to %llds", k->name,
				     sl_show(v, show), (long long)k->min, (long long)k->max / 1000);
	memcpy(dst, &ms, sizeof(ms));
	return 0;
}

static int size_read(struct sl_reader *r, const struct sl_key *k, const config_setting_t *s,
		     void *dst)
{
	char show[SL_SHOW_MAX];
	uint64_t bytes = 0;
	const char *v;
	uint32_t mb;
	int e;

	if (config_setting_type(s) != CONFIG_TYPE_STRING)
		return wrong_type(r, s, "a size with its unit, such as \"512M\" or \"1G\"");
	e = sl_reader_str(r, s, &v);
	if (e)
		return e;
	e = sl_word_bytes(v, &bytes);
	if (e == -EINVAL)
		return sl_reader_bad(r, s,
				     "'%s' is \"%s\"; write a size with its unit, such as \"512M\" "
				     "or \"1G\"",
				     k->name, sl_show(v, show));
	if (e || (int64_t)(bytes >> 20) < k->min || (int64_t)(bytes >> 20) > k->max)
		return sl_reader_bad(r, s, "'%s' is \"%s\"; write \"%lldM\" to \"%lldM\"", k->name,
				     sl_show(v, show), (long long)k->min, (long long)k->max);
	mb = (uint32_t)(bytes >> 20);
	memcpy(dst, &mb, sizeof(mb));
	return 0;
}

static int bytes_read(struct sl_reader *r, const struct sl_key *k, const config_setting_t *s,
		      void *dst)
{
	char show[SL_SHOW_MAX], least[24], most[24];
	uint64_t bytes = 0;
	const char *v = "0";
	int e = 0;

	if (config_setting_type(s) != CONFIG_TYPE_INT || config_setting_get_int(s) != 0)
		e = config_setting_type(s) == CONFIG_TYPE_STRING
			    ? sl_reader_str(r, s, &v)
			    : wrong_type(r, s, "a size with its unit, such as \"64K\" or \"10M\"");
	if (e)
		return e;
	e = sl_word_bytes(v, &bytes);
	if (e == -EINVAL)
		return sl_reader_bad(r, s,
				     "'%s' is \"%s\"; write a size with its unit, such as \"64K\" "
				     "or \"10M\"",
				     k->name, sl_show(v, show));
	if (e || bytes < (uint64_t)k->min || bytes > (uint64_t)k->max)
		return sl_reader_bad(r, s, "'%s' is \"%s\"; write %s to %s", k->name,
				     sl_show(v, show), sl_bytes_text((uint64_t)k->min, least),
				     sl_bytes_text((uint64_t)k->max, most));
	memcpy(dst, &bytes, sizeof(bytes));
	return 0;
}

static int rate_read(struct sl_reader *r, const struct sl_key *k, const config_setting_t *s,
		     void *dst)
{
	char show[SL_SHOW_MAX];
	const char *v;
	uint16_t rate;
	int e;

	if (config_setting_type(s) != CONFIG_TYPE_STRING)
		return wrong_type(r, s, "a percentage, such as \"0.5%\"");
	e = sl_reader_str(r, s, &v);
	if (e)
		return e;
	if (sl_word_rate(v, &rate) < 0)
		return sl_reader_bad(
			r, s,
			"'%s' is \"%s\"; write a percentage from \"0%%\" to \"100%%\", "
			"with at most two decimals",
			k->name, sl_show(v, show));
	memcpy(dst, &rate, sizeof(rate));
	return 0;
}

static int word_read(struct sl_reader *r, const struct sl_key *k, const config_setting_t *s,
		     void *dst)
{
	char hint[200], show[SL_SHOW_MAX];
	const char *v;
	int i, e = sl_reader_str(r, s, &v);

	if (e)
		return e;
	i = sl_word_index(v, k->words);
	if (i < 0)
		return sl_reader_bad(r, s, "'%s' is \"%s\"%s", k->name, sl_show(v, show),
				     sl_word_hint(v, k->words, hint, sizeof(hint)));
	memcpy(dst, &i, sizeof(i));
	return 0;
}

static int each_read(struct sl_reader *r, const struct sl_key *k, const config_setting_t *s,
		     void *dst)
{
	int type = config_setting_type(s);
	int n = config_setting_length(s), e = 0;

	if (type != CONFIG_TYPE_LIST && type != CONFIG_TYPE_ARRAY)
		return wrong_type(r, s,
				  k->keys ? "a list of groups: ( { ... }, { ... } )"
					  : "a list: [ ..., ... ]");
	if (k->max && n > k->max)
		return sl_reader_bad(r, s, "'%s' has %d entries; at most %lld fit", k->name, n,
				     (long long)k->max);
	if (n < k->min)
		return sl_reader_bad(r, s, "'%s' is empty; write at least %lld", k->name,
				     (long long)k->min);
	if (!k->read)
		memcpy((char *)dst + k->off, &s, sizeof(s));
	for (int i = 0; k->read && e == 0 && i < n; i++)
		e = k->read(r, config_setting_get_elem(s, (unsigned)i), dst);
	return e;
}

static int value_read(struct sl_reader *r, const struct sl_key *k, const config_setting_t *s,
		      void *dst)
{
	char *field = (char *)dst + k->off;

	switch (k->type) {
	case SL_KEY_TEXT:
		return text_read(r, k, s, field);
	case SL_KEY_STR:
		return str_read(r, k, s, field);
	case SL_KEY_INT:
		return int_read(r, k, s, field);
	case SL_KEY_BOOL:
		if (config_setting_type(s) != CONFIG_TYPE_BOOL)
			return wrong_type(r, s, "true or false without quotes");
		*(bool *)field = config_setting_get_bool(s);
		return 0;
	case SL_KEY_TIME:
		return time_read(r, k, s, field);
	case SL_KEY_SIZE:
		return size_read(r, k, s, field);
	case SL_KEY_BYTES:
		return bytes_read(r, k, s, field);
	case SL_KEY_RATE:
		return rate_read(r, k, s, field);
	case SL_KEY_WORD:
		return word_read(r, k, s, field);
	case SL_KEY_GROUP:
		return sl_keys_read(r, k->keys, s, k->name, dst);
	case SL_KEY_EACH:
		return each_read(r, k, s, dst);
	case SL_KEY_READ:
		return k->read(r, s, dst);
	case SL_KEY_END:
		break;
	}
	return -EINVAL;
}

static void default_set(const struct sl_key *k, void *dst)
{
	char *field = (char *)dst + k->off;
	uint64_t bytes = 0;
	uint16_t rate = 0;
	uint32_t v = 0;
	int i;

	switch (k->type) {
	case SL_KEY_TEXT:
		snprintf(field, k->size, "%s", k->def);
		break;
	case SL_KEY_STR:
		memcpy(field, &k->def, sizeof(k->def));
		break;
	case SL_KEY_INT:
		store(field, k->size, strtoll(k->def, NULL, 10));
		break;
	case SL_KEY_BOOL:
		*(bool *)field = strcmp(k->def, "true") == 0;
		break;
	case SL_KEY_TIME:
		(void)sl_word_ms(k->def, &v);
		memcpy(field, &v, sizeof(v));
		break;
	case SL_KEY_SIZE:
		(void)sl_word_bytes(k->def, &bytes);
		v = (uint32_t)(bytes >> 20);
		memcpy(field, &v, sizeof(v));
		break;
	case SL_KEY_BYTES:
		(void)sl_word_bytes(k->def, &bytes);
		memcpy(field, &bytes, sizeof(bytes));
		break;
	case SL_KEY_RATE:
		(void)sl_word_rate(k->def, &rate);
		memcpy(field, &rate, sizeof(rate));
		break;
	case SL_KEY_WORD:
		i = sl_word_index(k->def, k->words);
		memcpy(field, &i, sizeof(i));
		break;
	default:
		break; /* absent groups and lists leave what the caller prepared */
	}
}

static void defaults(const struct sl_key *keys, void *dst)
{
	for (const struct sl_key *k = keys; k->type != SL_KEY_END; k++) {
		if (k->def)
			default_set(k, dst);
		if (k->type == SL_KEY_GROUP)
			defaults(k->keys, dst);
	}
}

static int unknown(struct sl_reader *r, const struct sl_key *keys, const config_setting_t *s,
		   const char *what)
{
	const char *list[KEYS_MAX + 1];
	char hint[400], show[SL_SHOW_MAX];
	const char *near;
	size_t n = 0;

	for (; n < KEYS_MAX && keys[n].type != SL_KEY_END; n++)
		list[n] = keys[n].name;
	list[n] = NULL;
	near = sl_nearest(config_setting_name(s), list);
	if (near)
		return sl_reader_bad(r, s, "unknown key '%s' in %s; did you mean '%s'?",
				     sl_show(config_setting_name(s), show), what, near);
	return sl_reader_bad(r, s, "unknown key '%s' in %s%s",
			     sl_show(config_setting_name(s), show), what,
			     sl_word_hint(config_setting_name(s), list, hint, sizeof(hint)));
}

static const struct sl_key *key_find(const struct sl_key *keys, const char *name)
{
	for (; keys->type != SL_KEY_END; keys++)
		if (strcmp(keys->name, name) == 0)
			return keys;
	return NULL;
}

int sl_keys_read(struct sl_reader *r, const struct sl_key *keys, const config_setting_t *group,
		 const char *what, void *dst)
{
	int e = 0;

	if (config_setting_type(group) != CONFIG_TYPE_GROUP)
		return sl_reader_bad(r, group, "%s is %s; write a group: { key = value; ... }",
				     what, type_name(group));
	defaults(keys, dst);
	for (int i = 0; e == 0 && i < config_setting_length(group); i++) {
		const config_setting_t *s = config_setting_get_elem(group, (unsigned)i);
		const struct sl_key *k = key_find(keys, config_setting_name(s));

		e = k ? value_read(r, k, s, dst) : unknown(r, keys, s, what);
	}
	for (const struct sl_key *k = keys; e == 0 && k->type != SL_KEY_END; k++)
		if (k->required && !config_setting_get_member(group, k->name))
			e = sl_reader_bad(r, group, "%s without '%s'; write %s", what, k->name,
					  k->help);
	return e;
}
