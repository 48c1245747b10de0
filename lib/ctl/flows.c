/* SPDX-License-Identifier: BSD-3-Clause */
/* The sessions of workers as others see them: what they look like, who fits, and how they end. */
#include "sl_flows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define READ_TRIES 3

struct sl_flows {
	int fd;
	size_t size;
	struct sl_flows_hdr *hdr;
	const struct sl_nat_session *row;
};

const char *sl_nat_state_name(uint8_t state)
{
	static const char *const names[SL_NAT_STATES] = {
		"FREE",      "SYN_SENT", "SYN_RECV",  "ESTABLISHED", "FIN_WAIT",
		"TIME_WAIT", "CLOSE",    "UNREPLIED", "STREAM",      "ECHO"};

	return state < SL_NAT_STATES ? names[state] : "?";
}

uint32_t sl_nat_check(const struct sl_nat_session *s)
{
	const char *from = (const char *)&s->generation;
	uint32_t crc = sl_crc32c(0, from,
				 offsetof(struct sl_nat_session, state) -
					 offsetof(struct sl_nat_session, generation));

	return crc ? crc : 1;
}

bool sl_session_matches(const struct sl_session_filter *f, const struct sl_nat_session *s)
{
	const struct sl_prefix client = {f->client, f->client_len};

	if ((f->parts & SL_FILTER_CLIENT) && !sl_prefix_contains(&client, &s->client))
		return false;
	if ((f->parts & SL_FILTER_SERVICE) &&
	    (!sl_ip_eq(&f->vip, &s->vip) || (f->vport && f->vport != s->vport)))
		return false;
	if ((f->parts & SL_FILTER_ENDPOINT) &&
	    (!sl_ip_eq(&f->endpoint, &s->endpoint) || (f->eport && f->eport != s->eport)))
		return false;
	return (f->proto == 0 || f->proto == s->proto) &&
	       (f->states == 0 || (s->state < SL_NAT_STATES && f->states >> s->state & 1));
}

size_t sl_flows_size(uint32_t rows_max, uint32_t clients_max)
{
	return sizeof(struct sl_flows_hdr) + (size_t)rows_max * sizeof(struct sl_nat_session) +
	       (size_t)clients_max * sizeof(struct sl_flow_client);
}

char *sl_flows_path(const char *dir, uint32_t worker, char *buf, size_t cap)
{
	snprintf(buf, cap, "%s/flows.%u", dir, worker);
	return buf;
}

static int check_header(const struct sl_flows *f, const char *path, struct sl_err *err)
{
	const struct sl_flows_hdr *h = f->hdr;

	if (h->magic != SL_FLOWS_MAGIC || h->layout != SL_FLOWS_LAYOUT ||
	    h->row_size != sizeof(struct sl_nat_session))
		return sl_err(err, EPROTO,
			      "%s is of another version; use the sluicectl of the running sluiced.",
			      path);
	if (f->size < sl_flows_size(h->rows_max, h->clients_max))
		return sl_err(err, EBADMSG, "%s is cut off.", path);
	return 0;
}

int sl_flows_open(struct sl_flows **out, const char *dir, uint32_t worker, struct sl_err *err)
{
	struct sl_flows *f = calloc(1, sizeof(*f));
	char path[256];
	struct stat st;
	int rc;

	if (!f)
		return sl_err(err, ENOMEM, "Out of memory.");
	sl_flows_path(dir, worker, path, sizeof(path));
	f->fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (f->fd < 0 || fstat(f->fd, &st) < 0) {
		rc = sl_err(err, errno, "%s: %s.", path, strerror(errno));
		sl_flows_close(f);
		return rc;
	}
	f->size = (size_t)st.st_size;
	f->hdr = f->size < sizeof(*f->hdr)
			 ? MAP_FAILED
			 : mmap(NULL, f->size, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd, 0);
	if (f->hdr == MAP_FAILED) {
		f->hdr = NULL;
		sl_flows_close(f);
		return sl_err(err, EBADMSG, "%s can't be mapped.", path);
	}
	f->row = (const struct sl_nat_session *)(f->hdr + 1);
	rc = check_header(f, path, err);
	if (rc) {
		sl_flows_close(f);
		return rc;
	}
	*out = f;
	return 0;
}

void sl_flows_close(struct sl_flows *f)
{
	if (!f)
		return;
	if (f->hdr)
		munmap(f->hdr, f->size);
	if (f->fd >= 0)
		close(f->fd);
	free(f);
}

/* A whole copy of a row; false when it is free, or was never whole. */
static bool read_row(const struct sl_nat_session *row, struct sl_nat_session *s)
{
	for (int i = 0; i < READ_TRIES; i++) {
		if (!__atomic_load_n(&row->check, __ATOMIC_ACQUIRE))
			return false;
		memcpy(s, row, sizeof(*s));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (s->check == sl_nat_check(s))
			return true;
	}
	return false;
}

bool sl_flows_next(const struct sl_flows *f, uint32_t *row, struct sl_nat_session *s)
{
	while (*row < f->hdr->rows_max && sl_flows_size(*row + 1, 0) <= f->size)
		if (read_row(&f->row[(*row)++], s))
			return true;
	return false;
}

bool sl_flows_next_client(const struct sl_flows *f, uint32_t *row, struct sl_flow_client *c)
{
	uint32_t rows = f->hdr->rows_max;
	const struct sl_flow_client *first = (const void *)(f->row + rows);

	while (*row < f->hdr->clients_max && sl_flows_size(rows, *row + 1) <= f->size) {
		memcpy(c, &first[(*row)++], sizeof(*c));
		if (c->used)
			return true;
	}
	return false;
}

static bool wait_done(const struct sl_flows *f, uint64_t asked, uint32_t timeout_ms)
{
	for (uint32_t i = 0; i < timeout_ms; i++) {
		if (__atomic_load_n(&f->hdr->kill_done, __ATOMIC_ACQUIRE) == asked)
			return true;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	return false;
}

int sl_flows_kill(struct sl_flows *f, const struct sl_session_filter *filter, uint32_t timeout_ms,
		  uint64_t *ended, struct sl_err *err)
{
	uint64_t asked;
	int rc = 0;

	*ended = 0;
	/* One asks at a time; whoever dies gives the lock back. */
	if (flock(f->fd, LOCK_EX) < 0)
		return sl_err(err, errno, "The sessions can't be locked: %s.", strerror(errno));
	asked = f->hdr->kill_asked;
	if (!wait_done(f, asked, timeout_ms)) {
		rc = -ETIMEDOUT;
	} else {
		f->hdr->kill = *filter;
		__atomic_store_n(&f->hdr->kill_asked, ++asked, __ATOMIC_RELEASE);
		rc = wait_done(f, asked, timeout_ms) ? 0 : -ETIMEDOUT;
		*ended = rc ? 0 : f->hdr->killed;
	}
	flock(f->fd, LOCK_UN);
	if (rc)
		sl_err(err, ETIMEDOUT, "Worker %u did not get to it within %u ms.", f->hdr->index,
		       timeout_ms);
	return rc;
}
