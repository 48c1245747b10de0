/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of host names and their addresses, and the names that a translation wanted. */
#include "names.h"

#include <errno.h>
#include <stdlib.h>

#include "node.h"
#include "words.h"

struct sl_names {
	struct sl_name *v;
	size_t n, cap;
	struct sl_index by_text;
	uint64_t version;
};

/* ---- names and addresses ---- */

bool sl_name_read(const char *text, char name[SL_NAME_TEXT_MAX])
{
	size_t n = strlen(text), label = 0;
	bool digits = true;

	if (n > 0 && text[n - 1] == '.')
		n--;
	if (n == 0 || n >= SL_NAME_TEXT_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = sl_lower(text[i]);
		bool edge = label == 0 || i + 1 == n || text[i + 1] == '.';

		name[i] = c;
		if (c == '.' && label == 0)
			return false;
		label = c == '.' ? 0 : label + 1;
		if (label == 1)
			digits = true;
		digits &= (c >= '0' && c <= '9') || c == '.';
		if (label > 63 || (c == '-' && edge) ||
		    !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr("-_.", c)))
			return false;
	}
	name[n] = '\0';
	return !digits;
}

bool sl_name_usable(const struct sl_ip *ip)
{
	static const char *const never[] = {"0.0.0.0/8",   "127.0.0.0/8", "169.254.0.0/16",
					    "224.0.0.0/3", "::/16",       "fe80::/10",
					    "ff00::/8"};
	struct sl_prefix p;
	bool v4 = sl_ip_is_v4(ip);

	for (size_t i = 0; i < SL_ARRAY_LEN(never); i++) {
		sl_prefix_parse(never[i], &p, NULL);
		/* ::/16 holds the mapped IPv4 addresses, which are judged as such. */
		if (v4 == sl_ip_is_v4(&p.ip) && sl_prefix_contains(&p, ip))
			return false;
	}
	return true;
}

/* ---- the table ---- */

struct sl_names *sl_names_create(void)
{
	return calloc(1, sizeof(struct sl_names));
}

static void drop(struct sl_name *name)
{
	free((void *)name->text);
	free((void *)name->addr);
}

void sl_names_free(struct sl_names *names)
{
	if (!names)
		return;
	for (size_t i = 0; i < names->n; i++)
		drop(&names->v[i]);
	free(names->v);
	sl_index_free(&names->by_text);
	free(names);
}

static int ip_cmp(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct sl_ip));
}

/* Sorted, each once; *n receives how many. NULL: no memory. */
static struct sl_ip *sorted(const struct sl_ip *addr, size_t *n)
{
	struct sl_ip *v = calloc(*n + 1, sizeof(*v));
	size_t kept = 0;

	if (!v || *n == 0)
		return v;
	memcpy(v, addr, *n * sizeof(*v));
	qsort(v, *n, sizeof(*v), ip_cmp);
	for (size_t i = 0; i < *n; i++)
		if (kept == 0 || !sl_ip_eq(&v[kept - 1], &v[i]))
			v[kept++] = v[i];
	*n = kept;
	return v;
}

/* The entry of a name; a new one has no addresses. NULL: no memory. */
static struct sl_name *entry(struct sl_names *names, const char *text)
{
	int64_t at = sl_index_get(&names->by_text, text);
	struct sl_name *v;
	char *copy;

	if (at >= 0)
		return &names->v[at];
	if (names->n == names->cap) {
		size_t cap = names->cap ? 2 * names->cap : 16;

		v = reallocarray(names->v, cap, sizeof(*v));
		if (!v)
			return NULL;
		names->v = v;
		names->cap = cap;
	}
	copy = strdup(text);
	if (!copy || sl_index_put(&names->by_text, copy, (uint32_t)names->n) < 0) {
		free(copy);
		return NULL;
	}
	names->v[names->n] = (struct sl_name){.text = copy};
	return &names->v[names->n++];
}

int sl_names_put(struct sl_names *names, const char *name, const struct sl_ip *addr, size_t n,
		 bool first)
{
	struct sl_ip head = n > 0 ? addr[0] : (struct sl_ip){{0}};
	struct sl_ip *v = sorted(addr, &n);
	struct sl_name *e = v ? entry(names, name) : NULL;
	bool same;

	if (!e) {
		free(v);
		return -ENOMEM;
	}
	same = e->n == n && (n == 0 || memcmp(e->addr, v, n * sizeof(*v)) == 0) &&
	       (!first || sl_ip_eq(&e->first, &head));
	free((void *)e->addr);
	e->addr = v;
	e->n = n;
	e->first = head;
	names->version += !same;
	return !same;
}

void sl_names_remove(struct sl_names *names, const char *name)
{
	int64_t at = sl_index_get(&names->by_text, name);

	if (at < 0)
		return;
	drop(&names->v[at]);
	names->v[at] = names->v[--names->n];
	/* It had room for one more. */
	sl_index_clear(&names->by_text);
	for (size_t i = 0; i < names->n; i++)
		sl_index_put(&names->by_text, names->v[i].text, (uint32_t)i);
}

const struct sl_name *sl_names_find(const struct sl_names *names, const char *name)
{
	int64_t at = names ? sl_index_get(&names->by_text, name) : -1;

	return at < 0 ? NULL : &names->v[at];
}

size_t sl_names_count(const struct sl_names *names)
{
	return names->n;
}

const struct sl_name *sl_names_at(const struct sl_names *names, size_t i)
{
	return &names->v[i];
}

uint64_t sl_names_version(const struct sl_names *names)
{
	return names ? names->version : 0;
}

/* ---- what a translation wanted ---- */

static void drop_wanted(struct sl_name_wanted *w)
{
	free((void *)w->name);
	free((void *)w->file);
}

static void cut_wanted(struct sl_wanted *w, size_t n)
{
	while (w->n > n)
		drop_wanted(&w->v[--w->n]);
	sl_index_clear(&w->by_text);
	/* It had room for more. */
	for (size_t i = 0; i < n; i++)
		sl_index_put(&w->by_text, w->v[i].name, (uint32_t)i);
}

void sl_wanted_clear(struct sl_wanted *w)
{
	cut_wanted(w, w->n_native);
}

void sl_wanted_clear_all(struct sl_wanted *w)
{
	cut_wanted(w, 0);
	w->n_native = 0;
}

void sl_wanted_free(struct sl_wanted *w)
{
	cut_wanted(w, 0);
	sl_index_free(&w->by_text);
	free(w->v);
	*w = (struct sl_wanted){0};
}

int sl_wanted_add(struct sl_wanted *w, size_t most, const struct sl_name_wanted *name)
{
	int64_t at = sl_index_get(&w->by_text, name->name);
	struct sl_name_wanted mine = *name;

	if (at >= 0) {
		w->v[at].first |= name->first;
		return 0;
	}
	if (w->n >= most)
		return -E2BIG;
	if (w->n == w->cap) {
		size_t cap = w->cap ? 2 * w->cap : 16;
		struct sl_name_wanted *v = reallocarray(w->v, cap, sizeof(*v));

		if (!v)
			return -ENOMEM;
		w->v = v;
		w->cap = cap;
	}
	mine.name = strdup(name->name);
	mine.file = strdup(name->file);
	if (!mine.name || !mine.file || sl_index_put(&w->by_text, mine.name, (uint32_t)w->n) < 0) {
		drop_wanted(&mine);
		return -ENOMEM;
	}
	w->v[w->n++] = mine;
	return 0;
}
