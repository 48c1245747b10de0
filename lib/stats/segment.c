/* SPDX-License-Identifier: BSD-3-Clause */
/* Creating, mapping and checking the stats segment, and the main lcore's directory in it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "layout.h"

static struct sl_stats_hdr *hdr_of(const struct sl_stats *stats)
{
	return (struct sl_stats_hdr *)stats->base;
}

static void header_fill(const struct sl_stats *stats, const char *instance)
{
	const struct sl_stats_layout *l = &stats->layout;
	struct sl_stats_hdr *h = hdr_of(stats);

	h->version = SL_STATS_VERSION;
	h->layout = sl_stats_layout_hash();
	h->size = l->size;
	h->generation = sl_wall_us();
	h->started_us = h->heartbeat_us = sl_clock_us();
	h->pid = getpid();
	h->n_workers = l->n_workers;
	snprintf(h->instance, sizeof(h->instance), "%s", instance);
	memcpy(h->slots, l->slots, sizeof(h->slots));
	h->desc_off = l->desc;
	h->desc_n = l->desc_n;
	for (int i = 0; i < SL_STATS_CLASS_COUNT; i++)
		h->directory_off[i] = l->directory[i];
	h->worker_off = l->worker;
	h->worker_size = l->block.size;
	h->magic = SL_STATS_MAGIC;
}

/** Makes the file of full size; its memory is reserved, so that no store can ever fault. */
static int file_make(const char *path, size_t size, struct sl_err *err)
{
	int fd, rc;

	unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0) {
		rc = errno;
		return sl_err(err, rc, "%s can't be made: %s.", path, strerror(rc));
	}
	rc = posix_fallocate(fd, 0, (off_t)size);
	if (rc) {
		close(fd);
		unlink(path);
		return sl_err(err, rc, "%s: no room for %zu KiB of statistics: %s.", path,
			      size / 1024, strerror(rc));
	}
	return fd;
}

static int create_at(struct sl_stats *stats, const char *tmp, const struct sl_stats_config *cfg,
		     struct sl_err *err)
{
	size_t n, size = stats->layout.size;
	int fd = file_make(tmp, size, err);
	struct stat st;
	void *p;
	int rc;

	if (fd < 0)
		return fd;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	rc = p == MAP_FAILED || fstat(fd, &st) < 0 ? errno : 0;
	close(fd);
	if (p == MAP_FAILED)
		goto fail;
	stats->base = p;
	if (rc)
		goto fail;
	stats->dev = st.st_dev;
	stats->ino = st.st_ino;
	header_fill(stats, cfg->instance);
	memcpy(stats->base + stats->layout.desc, sl_stats_descs(&n),
	       stats->layout.desc_n * sizeof(struct sl_stats_desc));
	if (rename(tmp, cfg->path) == 0)
		return 0;
	rc = errno;
fail:
	unlink(tmp);
	return sl_err(err, rc, "%s can't be mapped: %s.", cfg->path, strerror(rc));
}

int sl_stats_create(struct sl_stats **out, const struct sl_stats_config *cfg, struct sl_err *err)
{
#define DEFAULT_SLOTS(cls, CLS, n) [SL_STATS_##CLS] = (n),
	uint32_t slots[SL_STATS_CLASS_COUNT] = {SL_STATS_CLASSES(DEFAULT_SLOTS)};
#undef DEFAULT_SLOTS
	struct sl_stats *stats = calloc(1, sizeof(*stats));
	char tmp[4096];
	int n, rc;

	if (!stats)
		return sl_err(err, ENOMEM, "Out of memory.");
	for (int i = 0; i < SL_STATS_CLASS_COUNT; i++)
		if (cfg->slots[i])
			slots[i] = cfg->slots[i];
	n = snprintf(tmp, sizeof(tmp), "%s.new", cfg->path);
	if (n < 0 || (size_t)n >= sizeof(tmp))
		rc = sl_err(err, ENAMETOOLONG, "%.100s...: path too long.", cfg->path);
	else if (!sl_stats_layout(&stats->layout, cfg->n_workers, slots))
		rc = sl_err(err, EINVAL, "%s: %u workers or numbers of slots out of range.",
			    cfg->path, cfg->n_workers);
	else
		rc = create_at(stats, tmp, cfg, err);
	if (rc < 0) {
		sl_stats_close(stats);
		return rc;
	}
	*out = stats;
	return 0;
}

/**
 * Whether the header describes exactly the layout that follows from its own few numbers. Works on
 * a copy, since whoever wrote the segment may go on writing.
 */
static int header_check(struct sl_stats *stats, const char *path, size_t size, struct sl_err *err)
{
	struct sl_stats_layout *l = &stats->layout;
	struct sl_stats_hdr h;
	bool ok;

	memcpy(&h, stats->base, sizeof(h));
	if (h.magic != SL_STATS_MAGIC)
		return sl_err(err, EPROTO, "%s is not a statistics segment.", path);
	if (h.version != SL_STATS_VERSION || h.layout != sl_stats_layout_hash())
		return sl_err(err, EPROTO,
			      "%s was written by another version of sluiced; use the programs of "
			      "one version.",
			      path);
	ok = sl_stats_layout(l, h.n_workers, h.slots) && h.size == l->size && size == l->size &&
	     h.desc_off == l->desc && h.desc_n == l->desc_n && h.worker_off == l->worker &&
	     h.worker_size == l->block.size;
	for (int i = 0; ok && i < SL_STATS_CLASS_COUNT; i++)
		ok = h.directory_off[i] == l->directory[i];
	if (!ok)
		return sl_err(err, EPROTO, "%s is damaged: sizes and offsets do not fit.", path);
	return 0;
}

int sl_stats_open(struct sl_stats **out, const char *path, struct sl_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = 0;
	struct sl_stats *stats;
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st) < 0) {
		rc = errno;
		if (fd >= 0)
			close(fd);
		return sl_err(err, rc, "%s: %s.", path, strerror(rc));
	}
	if (!S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(struct sl_stats_hdr)) {
		close(fd);
		return sl_err(err, EPROTO, "%s is not a statistics segment.", path);
	}
	stats = calloc(1, sizeof(*stats));
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (!stats || p == MAP_FAILED) {
		if (p != MAP_FAILED)
			munmap(p, (size_t)st.st_size);
		free(stats);
		return sl_err(err, ENOMEM, "%s: no memory to map it.", path);
	}
	stats->base = p;
	stats->dev = st.st_dev;
	stats->ino = st.st_ino;
	rc = header_check(stats, path, (size_t)st.st_size, err);
	if (rc < 0) {
		munmap(p, (size_t)st.st_size);
		free(stats);
		return rc;
	}
	*out = stats;
	return 0;
}

void sl_stats_close(struct sl_stats *stats)
{
	if (!stats)
		return;
	if (stats->base)
		munmap(stats->base, stats->layout.size);
	free(stats);
}

bool sl_stats_replaced(const struct sl_stats *stats, const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && (st.st_ino != stats->ino || st.st_dev != stats->dev);
}

struct sl_stats_hdr *sl_stats_hdr(const struct sl_stats *stats)
{
	return hdr_of(stats);
}

void sl_stats_worker_view(const struct sl_stats *stats, uint32_t index,
			  struct sl_stats_worker *view)
{
	const struct sl_stats_layout *l = &stats->layout;
	const struct sl_stats_block *b = &l->block;
	uint8_t *base;

	memset(view, 0, sizeof(*view));
	if (index > l->n_workers)
		return;
	base = stats->base + l->worker + index * b->size;
	view->c = (struct sl_stats_counters *)(base + b->counters);
	view->drops = (uint64_t *)(base + b->drops);
	view->stage = (struct sl_stats_stage *)(base + b->stage);
	view->port = (struct sl_stats_port *)(base + b->port);
#define VIEW_CLASS(name, CLS, n) \
	view->name = (struct sl_stats_##name *)(base + b->cls[SL_STATS_##CLS]);
	SL_STATS_CLASSES(VIEW_CLASS)
#undef VIEW_CLASS
	for (int i = 0; i < SL_STATS_CLASS_COUNT; i++) {
		view->born[i] = (uint64_t *)(base + b->born[i]);
		view->slots[i] = l->slots[i];
	}
}

struct sl_stats_entry *sl_stats_directory(const struct sl_stats *stats, enum sl_stats_class cls)
{
	return (struct sl_stats_entry *)(stats->base + stats->layout.directory[cls]);
}

void sl_stats_directory_begin(struct sl_stats *stats)
{
	struct sl_stats_hdr *h = hdr_of(stats);

	__atomic_store_n(&h->directory_seq, h->directory_seq + 1, __ATOMIC_RELAXED);
	/* No entry may change before a reader can see the odd number. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

void sl_stats_directory_set(struct sl_stats *stats, enum sl_stats_class cls, uint32_t slot,
			    uint64_t born, uint64_t epoch, struct sl_str name)
{
	struct sl_stats_entry *e;
	size_t n = SL_MIN(name.n, SL_STATS_NAME_MAX - 1);

	if (slot >= stats->layout.slots[cls])
		return;
	e = sl_stats_directory(stats, cls) + slot;
	e->born = born;
	e->last_epoch = epoch;
	memset(e->name, 0, sizeof(e->name));
	if (n)
		memcpy(e->name, name.p, n);
}

void sl_stats_directory_keep(struct sl_stats *stats, enum sl_stats_class cls, uint32_t slot,
			     uint64_t epoch)
{
	if (slot < stats->layout.slots[cls])
		sl_stats_directory(stats, cls)[slot].last_epoch = epoch;
}

void sl_stats_directory_end(struct sl_stats *stats, uint64_t epoch)
{
	struct sl_stats_hdr *h = hdr_of(stats);

	h->epoch = epoch;
	__atomic_store_n(&h->directory_seq, h->directory_seq + 1, __ATOMIC_RELEASE);
}

/** The class's array in this worker's block. */
static void *class_array(const struct sl_stats_worker *w, enum sl_stats_class cls)
{
	switch (cls) {
#define CLASS_CASE(name, CLS, n) \
	case SL_STATS_##CLS:     \
		return w->name;
		SL_STATS_CLASSES(CLASS_CASE)
#undef CLASS_CASE
	case SL_STATS_CLASS_COUNT:
		break;
	}
	return NULL;
}

void sl_stats_slot_claim(struct sl_stats_worker *w, enum sl_stats_class cls, uint32_t slot,
			 uint64_t born)
{
	uint8_t *array = class_array(w, cls);
	size_t size = sl_stats_slot_size(cls);

	if (slot >= w->slots[cls] || w->born[cls][slot] == born)
		return;
	/* 0 while it is neither the old object's nor the new one's: readers look before and after.
	 */
	__atomic_store_n(&w->born[cls][slot], 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	memset(array + slot * size, 0, size);
	__atomic_store_n(&w->born[cls][slot], born, __ATOMIC_RELEASE);
}
