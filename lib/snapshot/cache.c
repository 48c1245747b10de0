/* SPDX-License-Identifier: BSD-3-Clause */
/* Keeps compiled databases from build to build, in memory and in files, by content hash. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache.h"

#define BUCKETS     4096u
#define NAME_HEX    32
#define NAME_SUFFIX ".hsdb"
#define FILE_MAX    (UINT64_C(1) << 32)

struct sl_snap_cache {
	char *dir; /* NULL: memory only */
	bool warned;
	uint64_t build;
	uint32_t slots[SL_STATS_CLASS_COUNT];
	struct sl_snap_cache_stats stats;
	struct cache_entry *bucket[BUCKETS];
};

static struct cache_entry **bucket_of(struct sl_snap_cache *c, struct cache_key key)
{
	return &c->bucket[key.h[0] % BUCKETS];
}

static struct cache_entry *find(struct sl_snap_cache *c, struct cache_key key)
{
	struct cache_entry *e = *bucket_of(c, key);

	while (e && (e->key.h[0] != key.h[0] || e->key.h[1] != key.h[1]))
		e = e->next;
	return e;
}

static struct cache_entry *insert(struct sl_snap_cache *c, struct cache_key key)
{
	struct cache_entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->key = key;
	e->used = c->build;
	e->next = *bucket_of(c, key);
	*bucket_of(c, key) = e;
	c->stats.entries++;
	return e;
}

/* 128 bits over everything the compiled bytes depend on, the machine included. */
static struct cache_key key_of(const struct sl_match_pattern *p, size_t n)
{
	struct cache_key key = {{sl_match_platform(), n}};

	for (int half = 0; half < 2; half++) {
		for (size_t i = 0; i < n; i++) {
			struct sl_hash_key k = {key.h[half], (uint64_t)half};
			uint32_t head[3] = {p[i].kind | (uint32_t)p[i].fold << 8, p[i].id,
					    p[i].text.n};

			k.k0 = sl_siphash(&k, head, sizeof(head));
			key.h[half] = sl_siphash(&k, p[i].text.p, p[i].text.n);
		}
	}
	return key;
}

/* ---- files ---- */

static char *path_of(const struct sl_snap_cache *c, struct cache_key key, const char *suffix)
{
	char *path = NULL;

	if (asprintf(&path, "%s/%016llx%016llx%s", c->dir, (unsigned long long)key.h[0],
		     (unsigned long long)key.h[1], suffix) < 0)
		return NULL;
	return path;
}

static void warn_once(struct sl_snap_cache *c, const char *what, int code)
{
	if (!c->warned)
		sl_log(SL_LOG_WARN,
		       "cannot %s in the cache folder %s (%s): databases are compiled again after "
		       "a restart",
		       what, c->dir, strerror(code));
	c->warned = true;
}

static bool read_all(int fd, void *out, size_t len)
{
	char *p = out;

	while (len > 0) {
		ssize_t n = read(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static bool write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/* A whole, verified database of a file; NULL when there is none. */
static void *load_fd(int fd, size_t *len)
{
	struct stat st;
	void *db;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    (uint64_t)st.st_size > FILE_MAX || st.st_size % 64)
		return NULL;
	*len = (size_t)st.st_size;
	db = aligned_alloc(64, *len);
	if (db && read_all(fd, db, *len) && sl_match_check(db, *len, 0, NULL) == 0)
		return db;
	free(db);
	return NULL;
}

static void *load(const struct sl_snap_cache *c, struct cache_key key, size_t *len)
{
	char *path = c->dir ? path_of(c, key, NAME_SUFFIX) : NULL;
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
	void *db = fd >= 0 ? load_fd(fd, len) : NULL;

	if (fd >= 0)
		close(fd);
	free(path);
	return db;
}

/* A file appears under its name only when it is whole. */
static void save(struct sl_snap_cache *c, const struct cache_entry *e)
{
	char *path, *tmp;
	int fd = -1, code = ENOMEM;
	bool ok = false;

	if (!c->dir)
		return;
	path = path_of(c, e->key, NAME_SUFFIX);
	tmp = path_of(c, e->key, ".tmp");
	if (path && tmp) {
		fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
		ok = fd >= 0 && write_all(fd, e->db, e->len);
		code = errno;
		if (fd >= 0 && close(fd) < 0)
			ok = false;
		if (ok && rename(tmp, path) < 0) {
			code = errno;
			ok = false;
		}
		if (!ok && fd >= 0)
			unlink(tmp);
	}
	if (!ok)
		warn_once(c, "write", code);
	free(path);
	free(tmp);
}

static void forget_file(const struct sl_snap_cache *c, struct cache_key key)
{
	char *path = c->dir ? path_of(c, key, NAME_SUFFIX) : NULL;

	if (path)
		unlink(path);
	free(path);
}

static bool key_parse(const char *name, struct cache_key *key)
{
	char half[17] = "";

	if (strlen(name) != NAME_HEX + strlen(NAME_SUFFIX) ||
	    strspn(name, "0123456789abcdef") != NAME_HEX ||
	    strcmp(name + NAME_HEX, NAME_SUFFIX) != 0)
		return false;
	for (int i = 0; i < 2; i++) {
		memcpy(half, name + 16 * i, 16);
		key->h[i] = strtoull(half, NULL, 16);
	}
	return true;
}

/* Files of an earlier run: known from now on, so that unused ones grow old and go. */
static void scan_dir(struct sl_snap_cache *c)
{
	struct cache_key key;
	struct dirent *d;
	DIR *dir = opendir(c->dir);

	if (!dir) {
		warn_once(c, "read", errno);
		return;
	}
	while ((d = readdir(dir)))
		if (key_parse(d->d_name, &key) && !find(c, key))
			insert(c, key);
	closedir(dir);
}

/* ---- for the builder ---- */

struct sl_snap_cache *sl_snap_cache_create(const char *dir)
{
	static const uint32_t slots[SL_STATS_CLASS_COUNT] = {
#define SLOTS_DEFAULT(cls, CLS, n) [SL_STATS_##CLS] = n,
		SL_STATS_CLASSES(SLOTS_DEFAULT)
#undef SLOTS_DEFAULT
	};
	struct sl_snap_cache *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	memcpy(c->slots, slots, sizeof(slots));
	c->dir = dir ? strdup(dir) : NULL;
	if (dir && !c->dir) {
		free(c);
		return NULL;
	}
	if (c->dir)
		scan_dir(c);
	return c;
}

static void entry_free(struct sl_snap_cache *c, struct cache_entry *e)
{
	free(e->db);
	free(e);
	c->stats.entries--;
}

void sl_snap_cache_free(struct sl_snap_cache *cache)
{
	struct cache_entry *e;

	if (!cache)
		return;
	for (uint32_t i = 0; i < BUCKETS; i++) {
		while ((e = cache->bucket[i])) {
			cache->bucket[i] = e->next;
			entry_free(cache, e);
		}
	}
	free(cache->dir);
	free(cache);
}

void sl_snap_cache_slots(struct sl_snap_cache *cache, const uint32_t slots[SL_STATS_CLASS_COUNT])
{
	memcpy(cache->slots, slots, sizeof(cache->slots));
}

struct sl_snap_cache_stats sl_snap_cache_stats(const struct sl_snap_cache *cache)
{
	return cache->stats;
}

void cache_begin(struct sl_snap_cache *cache)
{
	cache->build++;
}

void cache_end(struct sl_snap_cache *cache)
{
	for (uint32_t i = 0; i < BUCKETS; i++) {
		struct cache_entry **at = &cache->bucket[i], *e;

		while ((e = *at)) {
			if (e->used + CACHE_KEEP_BUILDS > cache->build) {
				at = &e->next;
				continue;
			}
			*at = e->next;
			forget_file(cache, e->key);
			entry_free(cache, e);
		}
	}
}

uint64_t cache_build(const struct sl_snap_cache *cache)
{
	return cache->build;
}

const uint32_t *cache_slots(const struct sl_snap_cache *cache)
{
	return cache->slots;
}

static int fill(struct sl_snap_cache *c, struct cache_entry *e,
		const struct sl_match_pattern *patterns, size_t n, int *bad, struct sl_err *err)
{
	int rc;

	if (e->db) {
		c->stats.from_memory++;
		return 0;
	}
	e->db = load(c, e->key, &e->len);
	if (e->db) {
		c->stats.from_disk++;
		return 0;
	}
	rc = sl_match_compile(patterns, n, &e->db, &e->len, bad, err);
	if (rc)
		return rc;
	c->stats.compiled++;
	save(c, e);
	return 0;
}

int cache_get(struct sl_snap_cache *cache, const struct sl_match_pattern *patterns, size_t n,
	      struct cache_entry **out, int *bad, struct sl_err *err)
{
	struct cache_key key = key_of(patterns, n);
	struct cache_entry *e = find(cache, key);

	*bad = -1;
	if (!e)
		e = insert(cache, key);
	if (!e)
		return sl_err(err, ENOMEM, "no memory for the cache of databases");
	e->used = cache->build;
	*out = e;
	return fill(cache, e, patterns, n, bad, err);
}
