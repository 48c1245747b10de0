/* SPDX-License-Identifier: BSD-3-Clause */
/* A ring of seconds, each with a reservoir of request heads. */
#include "recent.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS   (RECENT_SECONDS + 1) /* the running second besides */
#define WAITING 4096u                /* heads whose answer is still to come; power of two */
#define ALIGN   8u                   /* of messages in a copy */

struct second {
	uint64_t wall_s;
	uint64_t heads;    /* that came; the first RECENT_A_SECOND are kept, later ones replace some
			    */
	uint64_t requests; /* that they stand for */
	struct recent_head head[RECENT_A_SECOND]; /* messages owned */
};

/* Where the head of a request lies that is being served. */
struct waiting {
	uint64_t request, id;
	struct recent_head *head;
};

struct recent {
	pthread_mutex_t lock; /* second */
	uint64_t random, last_id;
	struct second second[SLOTS];
	/* The access-log thread's own. */
	struct waiting waiting[WAITING];
	struct sl_head_in in;
};

struct recent *recent_create(void)
{
	struct recent *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	pthread_mutex_init(&r->lock, NULL);
	r->random = 88172645463325252u;
	return r;
}

static void empty(struct second *s)
{
	for (unsigned i = 0; i < RECENT_A_SECOND; i++)
		free((void *)(uintptr_t)s->head[i].msg);
	memset(s, 0, sizeof(*s));
}

void recent_free(struct recent *r)
{
	if (r == NULL)
		return;
	for (unsigned i = 0; i < SLOTS; i++)
		empty(&r->second[i]);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static uint64_t random_below(struct recent *r, uint64_t n)
{
	r->random ^= r->random << 13;
	r->random ^= r->random >> 7;
	r->random ^= r->random << 17;
	return r->random % n;
}

static bool of_late(uint64_t wall_s, uint64_t now_s)
{
	return wall_s <= now_s && now_s - wall_s <= RECENT_SECONDS;
}

/* Every head of a second has the same chance to be kept (Vitter's algorithm R). */
static struct recent_head *place(struct recent *r, uint64_t wall_s, uint32_t requests)
{
	struct second *s = &r->second[wall_s % SLOTS];
	uint64_t at;

	if (s->wall_s != wall_s) {
		empty(s);
		s->wall_s = wall_s;
	}
	s->requests += requests;
	at = s->heads++;
	if (at >= RECENT_A_SECOND)
		at = random_below(r, s->heads);
	return at < RECENT_A_SECOND ? &s->head[at] : NULL;
}

static void keep(struct recent *r, struct recent_head *to, uint32_t len)
{
	char *msg = malloc(len);

	if (msg == NULL)
		return;
	memcpy(msg, &r->in.r, sizeof(r->in.r));
	memcpy(msg + sizeof(r->in.r), r->in.text, len - sizeof(r->in.r));
	free((void *)(uintptr_t)to->msg);
	*to = (struct recent_head){
		.id = ++r->last_id, .wall_us = r->in.r.wall_us, .msg = msg, .len = len};
	r->waiting[r->in.r.request % WAITING] =
		(struct waiting){.request = r->in.r.request, .id = to->id, .head = to};
}

void recent_add(struct recent *r, const void *msg, uint32_t len)
{
	struct recent_head *to;

	/*
	 * Neither what is old nor what claims to come from the future drives out what is there; a
	 * worker's clock may be a little ahead of ours.
	 */
	if (sl_head_read(&r->in, msg, len) < 0 ||
	    !of_late(r->in.r.wall_us / 1000000, sl_wall_us() / 1000000 + 1))
		return;
	pthread_mutex_lock(&r->lock);
	to = place(r, r->in.r.wall_us / 1000000, r->in.r.requests);
	if (to != NULL)
		keep(r, to, len);
	pthread_mutex_unlock(&r->lock);
}

/* The request id in a record; empty when the record is damaged. */
static struct sl_str request_id(const struct sl_log_record *record, size_t len)
{
	uint16_t text[SL_LOG_TEXTS];
	size_t at = sizeof(*record), n = 0;

	if (len < sizeof(*record))
		return (struct sl_str){0};
	memcpy(text, record->len, sizeof(text)); /* shared memory: read once */
	for (int i = 0; i <= SL_LOG_REQUEST_ID; i++) {
		at += n;
		n = text[i] & ~SL_LOG_CUT;
	}
	if (at > len || n > len - at)
		return (struct sl_str){0};
	return (struct sl_str){(const char *)record + at, (uint32_t)n};
}

void recent_answered(struct recent *r, const struct sl_log_record *record, size_t len)
{
	struct sl_str id = request_id(record, len);
	uint64_t request = sl_head_request(id);
	struct waiting *w = &r->waiting[request % WAITING];

	if (id.n == 0 || w->head == NULL || w->request != request)
		return;
	pthread_mutex_lock(&r->lock);
	if (w->head->id == w->id)
		w->head->status = record->status;
	pthread_mutex_unlock(&r->lock);
	w->head = NULL;
}

static int newest_first(const void *a, const void *b)
{
	const struct recent_head *x = a, *y = b;

	if (x->wall_us != y->wall_us)
		return x->wall_us < y->wall_us ? 1 : -1;
	return (x->id < y->id) - (x->id > y->id);
}

/* Heads of the last minute; into the block when there is one. @return bytes it takes. */
static size_t gather(const struct recent *r, uint64_t now_s, struct recent_head *block, size_t *n,
		     uint64_t *seen)
{
	char *text = (char *)(block != NULL ? block + *n : NULL);
	size_t heads = 0, bytes = 0;

	*seen = 0;
	for (unsigned i = 0; i < SLOTS; i++) {
		const struct second *s = &r->second[i];

		if (!of_late(s->wall_s, now_s))
			continue;
		*seen += s->requests;
		for (unsigned k = 0; k < RECENT_A_SECOND; k++) {
			if (s->head[k].msg == NULL)
				continue;
			if (block != NULL) {
				block[heads] = s->head[k];
				block[heads].msg =
					memcpy(text + bytes, s->head[k].msg, s->head[k].len);
			}
			heads++;
			bytes += (s->head[k].len + ALIGN - 1) / ALIGN * ALIGN;
		}
	}
	*n = heads;
	return heads * sizeof(*block) + bytes;
}

int recent_copy(struct recent *r, struct recent_head **out, size_t *n, uint64_t *seen)
{
	uint64_t now_s = sl_wall_us() / 1000000;

	pthread_mutex_lock(&r->lock);
	*out = malloc(gather(r, now_s, NULL, n, seen) + 1);
	if (*out != NULL)
		gather(r, now_s, *out, n, seen);
	pthread_mutex_unlock(&r->lock);
	if (*out == NULL)
		return -ENOMEM;
	qsort(*out, *n, sizeof(**out), newest_first);
	return 0;
}

int recent_find(struct recent *r, uint64_t id, struct sl_head_in *in)
{
	int rc = -ENOENT;

	pthread_mutex_lock(&r->lock);
	for (unsigned i = 0; i < SLOTS && rc == -ENOENT; i++)
		for (unsigned k = 0; k < RECENT_A_SECOND && rc == -ENOENT; k++) {
			const struct recent_head *h = &r->second[i].head[k];

			if (h->msg != NULL && h->id == id)
				rc = sl_head_read(in, h->msg, h->len);
		}
	pthread_mutex_unlock(&r->lock);
	return rc;
}
