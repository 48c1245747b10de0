/* SPDX-License-Identifier: BSD-3-Clause */
/* Keeps the objects of the last epochs on disk, each object once however many epochs had it. */
#include "history.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"

#define LIST_MAX   (64u << 20)
#define OBJECT_MAX (64u << 20)
#define LIST_HEAD  "sluice-history 1\n"
#define LINE_BYTES 35 /* "a ", 32 digits, newline */

struct item {
	uint64_t hash[2];
	char part; /* 'm' manifest, 'a' applied */
};

struct entry {
	struct history_entry info;
	struct item *item; /* sorted by hash */
	size_t n;
};

struct history {
	char dir[300];
	struct entry *entry; /* oldest first */
	size_t n, cap;
	unsigned keep;
	uint64_t held;
	bool complained;
};

static void complain(struct history *h, const char *text)
{
	if (!h->complained)
		sl_log(SL_LOG_WARN, "The history of configurations is not kept: %s", text);
	h->complained = true;
}

static int item_compare(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	int half = x->hash[0] == y->hash[0];

	return (x->hash[half] > y->hash[half]) - (x->hash[half] < y->hash[half]);
}

/* An object may stand in a manifest and be applied as well. */
static int item_order(const void *a, const void *b)
{
	int c = item_compare(a, b);

	return c != 0 ? c : ((const struct item *)a)->part - ((const struct item *)b)->part;
}

static bool has_item(const struct entry *e, const struct item *item)
{
	return bsearch(item, e->item, e->n, sizeof(*item), item_compare) != NULL;
}

static char *object_path(const struct history *h, const struct item *item, char buf[400])
{
	snprintf(buf, 400, "%s/objects/%016llx%016llx.yaml", h->dir,
		 (unsigned long long)item->hash[0], (unsigned long long)item->hash[1]);
	return buf;
}

static char *list_path(const struct history *h, uint64_t epoch, char buf[400])
{
	snprintf(buf, 400, "%s/%llu", h->dir, (unsigned long long)epoch);
	return buf;
}

/* ---- reading ---- */

static bool item_parse(const char *line, struct item *item)
{
	char half[17] = "", *end;

	if ((line[0] != 'm' && line[0] != 'a') || line[1] != ' ' ||
	    strspn(line + 2, "0123456789abcdef") != 32)
		return false;
	item->part = line[0];
	for (int i = 0; i < 2; i++) {
		memcpy(half, line + 2 + 16 * i, 16);
		item->hash[i] = strtoull(half, &end, 16);
	}
	return line[34] == '\n';
}

/* Steps over a text that has to stand there. */
static bool skip(const char **at, const char *text)
{
	size_t n = strlen(text);

	if (strncmp(*at, text, n) != 0)
		return false;
	*at += n;
	return true;
}

/* A number and the end of its line. */
static bool number_line(const char **at, uint64_t *out)
{
	char *end;

	if (**at < '0' || **at > '9')
		return false;
	errno = 0;
	*out = strtoull(*at, &end, 10);
	*at = end;
	return errno == 0 && skip(at, "\n");
}

static bool cause_line(const char **at, char *out, size_t cap)
{
	size_t n = strcspn(*at, "\n");

	if (n == 0 || n >= cap)
		return false;
	memcpy(out, *at, n);
	out[n] = '\0';
	*at += n;
	return skip(at, "\n");
}

/* The head says how many objects follow, so that a list that was cut short is noticed. */
static bool list_parse(struct entry *e, const char *text, size_t len)
{
	const char *end = text + len;
	uint64_t wall, n;

	if (!skip(&text, LIST_HEAD "time ") || !number_line(&text, &wall) ||
	    !skip(&text, "cause ") || !cause_line(&text, e->info.cause, sizeof(e->info.cause)) ||
	    !skip(&text, "objects ") || !number_line(&text, &n) || n > len ||
	    n * LINE_BYTES != (size_t)(end - text))
		return false;
	e->info.wall_us = wall;
	e->item = calloc(n + 1, sizeof(*e->item));
	if (e->item == NULL)
		return false;
	for (; e->n < n; text += LINE_BYTES) {
		if (!item_parse(text, &e->item[e->n]))
			return false;
		if (e->item[e->n++].part == 'm')
			e->info.manifests++;
		else
			e->info.applied++;
	}
	qsort(e->item, e->n, sizeof(*e->item), item_order);
	return true;
}

static int place(struct history *h, const struct entry *e)
{
	size_t at = h->n;

	if (h->n == h->cap) {
		size_t cap = h->cap * 2 + 32;
		struct entry *more = realloc(h->entry, cap * sizeof(*more));

		if (more == NULL)
			return -ENOMEM;
		h->entry = more;
		h->cap = cap;
	}
	while (at > 0 && h->entry[at - 1].info.epoch > e->info.epoch)
		at--;
	memmove(h->entry + at + 1, h->entry + at, (h->n - at) * sizeof(*e));
	h->entry[at] = *e;
	h->n++;
	return 0;
}

static void read_list(struct history *h, uint64_t epoch)
{
	struct entry e = {.info.epoch = epoch};
	char path[400], *text = NULL;
	struct sl_err err = {""};
	size_t len;

	if (files_read(list_path(h, epoch, path), LIST_MAX, &text, &len, &err) < 0) {
		sl_log(SL_LOG_WARN, "%s", err.text);
		return;
	}
	if (!list_parse(&e, text, len) || place(h, &e) < 0) {
		sl_log(SL_LOG_WARN, "%s is damaged; that epoch is no longer a way back.", path);
		free(e.item);
		unlink(path);
	}
	free(text);
}

static void read_lists(struct history *h)
{
	DIR *d = opendir(h->dir);
	struct dirent *f;

	if (d == NULL)
		return;
	while ((f = readdir(d)) != NULL) {
		size_t digits = strspn(f->d_name, "0123456789");

		if (digits > 0 && digits < 19 && f->d_name[digits] == '\0')
			read_list(h, strtoull(f->d_name, NULL, 10));
	}
	closedir(d);
}

/* An earlier run that was killed while it noted an epoch leaves objects that are in no list. */
static void remove_orphans(const struct history *h, const char *objects)
{
	DIR *d = opendir(objects);
	struct dirent *f;

	if (d == NULL)
		return;
	while ((f = readdir(d)) != NULL) {
		struct item item;
		char line[64];
		bool listed = false;

		if (f->d_name[0] == '.')
			continue;
		/* "HASH.yaml", which in a list is "m HASH". */
		snprintf(line, sizeof(line), "m %.32s\n", f->d_name);
		if (strlen(f->d_name) == 37 && strcmp(f->d_name + 32, ".yaml") == 0 &&
		    item_parse(line, &item))
			for (size_t i = 0; !listed && i < h->n; i++)
				listed = has_item(&h->entry[i], &item);
		if (!listed)
			unlinkat(dirfd(d), f->d_name, 0);
	}
	closedir(d);
}

int history_open(struct history **out, const char *dir, unsigned keep, struct sl_err *err)
{
	struct history *h = calloc(1, sizeof(*h));
	char objects[400];
	int rc;

	if (h == NULL)
		return sl_err(err, ENOMEM, "Out of memory.");
	h->keep = keep;
	snprintf(h->dir, sizeof(h->dir), "%s/history", dir);
	snprintf(objects, sizeof(objects), "%s/objects", h->dir);
	rc = files_make_dirs(objects, 0700, err);
	if (rc < 0) {
		free(h);
		return rc;
	}
	read_lists(h);
	remove_orphans(h, objects);
	*out = h;
	return 0;
}

void history_close(struct history *h)
{
	if (h == NULL)
		return;
	for (size_t i = 0; i < h->n; i++)
		free(h->entry[i].item);
	free(h->entry);
	free(h);
}

void history_hold(struct history *h, uint64_t epoch)
{
	h->held = epoch;
}

void history_keep(struct history *h, unsigned keep)
{
	h->keep = keep;
}

/* ---- adding ---- */

static int entry_fill(struct entry *e, char part, const struct sl_objects *set)
{
	for (size_t i = 0; i < sl_objects_count(set); i++) {
		struct item *item = &e->item[e->n++];

		item->part = part;
		if (sl_objects_hash(set, i, item->hash) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Under its name it is whole, whenever this process is killed. */
static int write_whole(const char *path, const char *text, size_t len, struct sl_err *err)
{
	char temp[410];
	int rc;

	snprintf(temp, sizeof(temp), "%s.tmp", path);
	rc = files_write(temp, text, len, err);
	if (rc == 0 && rename(temp, path) < 0)
		rc = sl_err(err, errno, "%s: %s.", path, strerror(errno));
	return rc;
}

static int write_objects(struct history *h, const struct entry *before,
			 const struct sl_objects *set, struct sl_err *err)
{
	char path[400];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sl_objects_count(set); i++) {
		struct item item = {{0}};
		char *yaml;

		if (sl_objects_hash(set, i, item.hash) < 0)
			return sl_err(err, ENOMEM, "Out of memory.");
		if ((before != NULL && has_item(before, &item)) ||
		    access(object_path(h, &item, path), F_OK) == 0)
			continue;
		yaml = sl_objects_yaml(set, i);
		rc = yaml != NULL ? write_whole(path, yaml, strlen(yaml), err)
				  : sl_err(err, ENOMEM, "Out of memory.");
		free(yaml);
	}
	return rc;
}

static int write_list(const struct history *h, const struct entry *e, struct sl_err *err)
{
	char path[400], *text = malloc(128 + e->n * LINE_BYTES);
	size_t n;
	int rc;

	if (text == NULL)
		return sl_err(err, ENOMEM, "Out of memory.");
	n = (size_t)snprintf(text, 128, LIST_HEAD "time %llu\ncause %s\nobjects %zu\n",
			     (unsigned long long)e->info.wall_us, e->info.cause, e->n);
	for (size_t i = 0; i < e->n; i++)
		n += (size_t)snprintf(text + n, LINE_BYTES + 1, "%c %016llx%016llx\n",
				      e->item[i].part, (unsigned long long)e->item[i].hash[0],
				      (unsigned long long)e->item[i].hash[1]);
	rc = write_whole(list_path(h, e->info.epoch, path), text, n, err);
	free(text);
	return rc;
}

/* Objects of one that goes which no other epoch has. */
static void drop(struct history *h, size_t at)
{
	struct entry e = h->entry[at];
	char path[400];

	h->n--;
	memmove(h->entry + at, h->entry + at + 1, (h->n - at) * sizeof(e));
	for (size_t i = 0; i < e.n; i++) {
		bool kept = false;

		for (size_t k = h->n; !kept && k-- > 0;)
			kept = has_item(&h->entry[k], &e.item[i]);
		if (!kept)
			unlink(object_path(h, &e.item[i], path));
	}
	free(e.item);
}

static bool same_items(const struct entry *a, const struct entry *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (item_order(&a->item[i], &b->item[i]) != 0)
			return false;
	return true;
}

static int note(struct history *h, struct entry *e, const struct sl_objects *manifests,
		const struct sl_objects *applied, struct sl_err *err)
{
	const struct entry *before = h->n > 0 ? &h->entry[h->n - 1] : NULL;
	int rc = write_objects(h, before, manifests, err);
	char path[400];

	if (rc == 0)
		rc = write_objects(h, before, applied, err);
	if (rc == 0)
		rc = write_list(h, e, err);
	if (rc == 0 && place(h, e) < 0)
		rc = sl_err(err, ENOMEM, "Out of memory.");
	if (rc < 0)
		return rc;
	for (size_t i = h->n; i-- > 0;)
		if (h->entry[i].info.epoch == e->info.epoch && h->entry[i].item != e->item)
			drop(h, i); /* its list has been written over */
	while (h->n > h->keep) {
		size_t oldest = h->entry[0].info.epoch == h->held;

		unlink(list_path(h, h->entry[oldest].info.epoch, path));
		drop(h, oldest);
	}
	return 0;
}

void history_add(struct history *h, uint64_t epoch, const char *cause,
		 const struct sl_objects *manifests, const struct sl_objects *applied)
{
	struct entry e = {.info = {.epoch = epoch,
				   .wall_us = sl_wall_us(),
				   .manifests = sl_objects_count(manifests),
				   .applied = sl_objects_count(applied)}};
	struct sl_err err = {"Out of memory."};

	snprintf(e.info.cause, sizeof(e.info.cause), "%s", cause);
	e.item = calloc(e.info.manifests + e.info.applied + 1, sizeof(*e.item));
	if (e.item == NULL || entry_fill(&e, 'm', manifests) < 0 ||
	    entry_fill(&e, 'a', applied) < 0) {
		complain(h, err.text);
		free(e.item);
		return;
	}
	qsort(e.item, e.n, sizeof(*e.item), item_order);
	for (size_t i = 0; i < h->n; i++)
		if (h->entry[i].info.epoch == epoch && same_items(&h->entry[i], &e)) {
			free(e.item);
			return;
		}
	if (note(h, &e, manifests, applied, &err) < 0) {
		complain(h, err.text);
		free(e.item);
	}
}

uint64_t history_epoch(const struct history *h, uint64_t epoch)
{
	uint64_t found = 0;

	for (size_t i = 0; i < h->n; i++)
		if (h->entry[i].info.epoch <= epoch)
			found = SL_MAX(found, h->entry[i].info.epoch);
	return found != 0 ? found : epoch;
}

size_t history_count(const struct history *h)
{
	return h->n;
}

const struct history_entry *history_at(const struct history *h, size_t i)
{
	return &h->entry[i].info;
}

/* ---- reading back ---- */

static int read_object(const struct history *h, const struct item *item, struct sl_objects *into,
		       struct sl_err *err)
{
	struct sl_objects *one = sl_objects_create();
	char path[400], *text = NULL;
	uint64_t hash[2] = {0};
	size_t len;
	int rc = one == NULL ? sl_err(err, ENOMEM, "Out of memory.") : 0;

	if (rc == 0)
		rc = files_read(object_path(h, item, path), OBJECT_MAX, &text, &len, err);
	if (rc == 0)
		rc = sl_objects_read_text(one, path, text, len, err);
	if (rc == 0 && (sl_objects_count(one) != 1 || sl_objects_hash(one, 0, hash) < 0 ||
			hash[0] != item->hash[0] || hash[1] != item->hash[1]))
		rc = sl_err(err, EBADMSG, "%s is damaged; that epoch is no longer a way back.",
			    path);
	if (rc == 0 && sl_objects_put(into, one, 0) < 0)
		rc = sl_err(err, ENOMEM, "Out of memory.");
	free(text);
	sl_objects_free(one);
	return rc;
}

static int no_epoch(const struct history *h, uint64_t epoch, struct sl_err *err)
{
	if (h->n == 0)
		return sl_err(err, ENOENT, "No earlier configuration is kept yet.");
	return sl_err(err, ENOENT,
		      "Epoch %llu is not kept; `sluicectl history` shows those that are (%llu to "
		      "%llu).",
		      (unsigned long long)epoch, (unsigned long long)h->entry[0].info.epoch,
		      (unsigned long long)h->entry[h->n - 1].info.epoch);
}

int history_read(const struct history *h, uint64_t epoch, struct sl_objects **manifests,
		 struct sl_objects **applied, struct sl_err *err)
{
	struct sl_objects *m = sl_objects_create(), *a = sl_objects_create();
	const struct entry *e = NULL;
	int rc = m == NULL || a == NULL ? sl_err(err, ENOMEM, "Out of memory.") : 0;

	for (size_t i = 0; i < h->n; i++)
		if (h->entry[i].info.epoch == epoch)
			e = &h->entry[i];
	if (rc == 0 && e == NULL)
		rc = no_epoch(h, epoch, err);
	for (size_t i = 0; rc == 0 && i < e->n; i++)
		rc = read_object(h, &e->item[i], e->item[i].part == 'm' ? m : a, err);
	if (rc < 0) {
		sl_objects_free(m);
		sl_objects_free(a);
		return rc;
	}
	*manifests = m;
	*applied = a;
	return 0;
}
