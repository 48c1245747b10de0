/* SPDX-License-Identifier: BSD-3-Clause */
/* The access-log thread: record rings in, text lines out; sleeps longer the less there is. */
#include "access_log.h"
#include "sl_log_line.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_BYTES  (64u * 1024)
#define PAUSE_MIN_US  500u
#define PAUSE_MAX_US  10000u
#define PAUSE_STOP_MS 1000u
#define COMPLAIN_US   60000000u

_Static_assert(BUFFER_BYTES > 2 * SL_LOG_LINE_MAX, "a line always fits into an emptied buffer");

struct access_log {
	pthread_t thread;
	struct sl_ctl *ctl;
	struct recent *recent;
	struct tally *tally;
	pthread_mutex_t lock; /* path, next */
	char path[256];
	struct sl_log_format *next; /* to be written in from the next opening on; NULL: as before */
	atomic_bool stop, reopen;
	atomic_uint_least64_t written, lost;
	/* The thread's own. */
	char current[256]; /* path that is in use */
	struct sl_log_format *format;
	int fd; /* -1: off or not writable */
	uint64_t complained_us;
	size_t len, lines;
	char buf[BUFFER_BYTES];
};

static void complain(struct access_log *log, int code)
{
	uint64_t now = sl_clock_us();

	if (log->complained_us != 0 && now < log->complained_us + COMPLAIN_US)
		return;
	log->complained_us = now;
	sl_log(SL_LOG_ERROR, "The access log %s cannot be written, records are lost: %s.",
	       log->current, strerror(code));
}

static void reopen(struct access_log *log)
{
	const char *path = log->current;

	pthread_mutex_lock(&log->lock);
	memcpy(log->current, log->path, sizeof(log->current));
	if (log->next != NULL) {
		sl_log_format_free(log->format);
		log->format = log->next;
		log->next = NULL;
	}
	pthread_mutex_unlock(&log->lock);
	if (log->fd > STDOUT_FILENO)
		close(log->fd);
	log->fd = -1;
	if (strcmp(path, "-") == 0)
		log->fd = STDOUT_FILENO;
	else if (path[0] != '\0')
		log->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (path[0] != '\0' && log->fd < 0)
		complain(log, errno);
}

/* Whole lines or none: what a full disk took of a line is repeated nowhere. */
static void flush(struct access_log *log)
{
	size_t done = 0;

	while (log->fd >= 0 && done < log->len) {
		ssize_t n = write(log->fd, log->buf + done, log->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			complain(log, errno);
			break;
		}
		done += (size_t)n;
	}
	if (done == log->len)
		log->written += log->lines;
	else if (log->current[0] != '\0')
		log->lost += log->lines;
	log->len = log->lines = 0;
}

static void record_write(struct access_log *log, const void *msg, uint32_t len)
{
	int n;

	if (sizeof(log->buf) - log->len < SL_LOG_LINE_MAX)
		flush(log);
	n = sl_log_format_write(log->format, msg, len, log->buf + log->len,
				sizeof(log->buf) - log->len);
	if (n < 0) {
		log->lost++;
		return;
	}
	log->len += (size_t)n;
	log->lines++;
}

static void drain_heads(struct access_log *log, struct sl_ring *ring)
{
	const void *msg;
	uint32_t len;

	for (uint32_t n = 0; n < SL_CTL_HEAD_SLOTS && (msg = sl_ring_peek(ring, &len)); n++) {
		recent_add(log->recent, msg, len);
		sl_ring_release(ring);
	}
}

/* At most one ringful of each worker, so that none waits for another's stream to end. */
static uint32_t drain(struct access_log *log)
{
	uint32_t total = 0;

	for (uint32_t w = 0; w < SL_CTL_WORKERS_MAX; w++) {
		struct sl_ring *ring = sl_ctl_log(log->ctl, w);
		/* Before the heads are read: a request's record finds its head. */
		uint32_t len, n = 0, used = sl_ring_used(ring);
		const void *msg;

		drain_heads(log, sl_ctl_head(log->ctl, w));
		while (n < used && (msg = sl_ring_peek(ring, &len)) != NULL) {
			recent_answered(log->recent, msg, len);
			tally_add(log->tally, msg, len);
			record_write(log, msg, len);
			sl_ring_release(ring);
			n++;
		}
		total += n;
	}
	if (log->len > 0)
		flush(log);
	return total;
}

static void *run(void *arg)
{
	struct access_log *log = arg;
	uint32_t pause_us = PAUSE_MIN_US;

	while (!log->stop) {
		struct timespec ts = {0};
		uint32_t n;

		if (atomic_exchange(&log->reopen, false))
			reopen(log);
		n = drain(log);
		if (n > SL_CTL_LOG_SLOTS / 4)
			continue;
		pause_us = n > 0 ? PAUSE_MIN_US : SL_MIN(pause_us * 2, PAUSE_MAX_US);
		ts.tv_nsec = (long)pause_us * 1000;
		nanosleep(&ts, NULL);
	}
	drain(log);
	if (log->fd > STDOUT_FILENO)
		close(log->fd);
	return NULL;
}

int access_log_start(struct access_log **out, struct sl_ctl *ctl, struct recent *recent,
		     struct tally *tally, const char *path, const char *format, struct sl_err *err)
{
	struct access_log *log = calloc(1, sizeof(*log));
	int rc;

	if (log == NULL)
		return sl_err(err, ENOMEM, "Out of memory.");
	rc = sl_log_format_parse(format, &log->format, err);
	if (rc < 0) {
		free(log);
		return rc;
	}
	log->ctl = ctl;
	log->recent = recent;
	log->tally = tally;
	log->fd = -1;
	log->reopen = true;
	snprintf(log->path, sizeof(log->path), "%s", path);
	pthread_mutex_init(&log->lock, NULL);
	rc = pthread_create(&log->thread, NULL, run, log);
	if (rc != 0) {
		sl_log_format_free(log->format);
		free(log);
		return sl_err(err, rc, "The access-log thread cannot be started: %s.",
			      strerror(rc));
	}
	*out = log;
	return 0;
}

bool access_log_stop(struct access_log *log)
{
	struct timespec until;

	if (log == NULL)
		return true;
	log->stop = true;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PAUSE_STOP_MS / 1000;
	/* A thread that a stalled pipe holds in write() keeps its memory until the process ends. */
	if (pthread_timedjoin_np(log->thread, NULL, &until) != 0)
		return false;
	pthread_mutex_destroy(&log->lock);
	sl_log_format_free(log->format);
	sl_log_format_free(log->next);
	free(log);
	return true;
}

void access_log_reopen(struct access_log *log, const char *path, const char *format)
{
	struct sl_log_format *next = NULL;
	struct sl_err err;

	if (format != NULL && sl_log_format_parse(format, &next, &err) < 0)
		sl_log(SL_LOG_ERROR, "The access log keeps its format: %s", err.text);
	pthread_mutex_lock(&log->lock);
	if (next != NULL) {
		sl_log_format_free(log->next);
		log->next = next;
	}
	if (path != NULL)
		snprintf(log->path, sizeof(log->path), "%s", path);
	pthread_mutex_unlock(&log->lock);
	log->reopen = true;
}

void access_log_counts(const struct access_log *log, uint64_t *written, uint64_t *lost)
{
	*written = atomic_load(&log->written);
	*lost = atomic_load(&log->lost);
}
