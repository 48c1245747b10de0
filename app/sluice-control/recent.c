/* SPDX-License-Identifier: BSD-3-Clause */
/* A ring of seconds, each with a reservoir of request heads. */
#include "recent.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS (RECENT_SECONDS + 1) /* the running second besides */

struct second {
	uint64_t wall_s;
	uint64_t seen; /* requests; the first RECENT_A_SECOND are kept, later ones replace some */
	struct recent_head head[RECENT_A_SECOND];
};

struct recent {
	pthread_mutex_t lock;
	uint64_t random;
	struct second second[SLOTS];
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

void recent_free(struct recent *r)
{
	if (r == NULL)
		return;
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

/* Every request of a second has the same chance to be kept (Vitter's algorithm R). */
static struct recent_head *place(struct recent *r, uint64_t wall_s)
{
	struct second *s = &r->second[wall_s % SLOTS];
	uint64_t at;

	if (s->wall_s != wall_s) {
		s->wall_s = wall_s;
		s->seen = 0;
	}
	at = s->seen++;
	if (at >= RECENT_A_SECOND)
		at = random_below(r, s->seen);
	return at < RECENT_A_SECOND ? &s->head[at] : NULL;
}

static void keep_text(struct recent_head *h, char *to, size_t cap, const char *from, uint16_t len)
{
	size_t n = SL_MIN((size_t)(len & ~SL_LOG_CUT), cap - 1);

	memcpy(to, from, n);
	to[n] = '\0';
	h->cut |= (len & SL_LOG_CUT) != 0 || len >= cap;
}

static void keep(struct recent_head *h, const struct sl_log_record *record, const char *text,
		 const uint16_t len[SL_LOG_TEXTS])
{
	*h = (struct recent_head){.wall_us = record->start_wall_us,
				  .ip = record->local_ip,
				  .port = record->local_port,
				  .status = record->status};
	for (int i = 0; i < SL_LOG_TEXTS; i++) {
		if (i == SL_LOG_METHOD)
			keep_text(h, h->method, sizeof(h->method), text, len[i]);
		else if (i == SL_LOG_AUTHORITY)
			keep_text(h, h->host, sizeof(h->host), text, len[i]);
		else if (i == SL_LOG_PATH)
			keep_text(h, h->path, sizeof(h->path), text, len[i]);
		text += len[i] & ~SL_LOG_CUT;
	}
}

void recent_add(struct recent *r, const struct sl_log_record *record, size_t len)
{
	uint16_t text[SL_LOG_TEXTS];
	struct recent_head *h;
	size_t sum = sizeof(*record);

	if (len < sizeof(*record))
		return;
	memcpy(text, record->len, sizeof(text)); /* shared memory: read once */
	for (int i = 0; i < SL_LOG_TEXTS; i++)
		sum += text[i] & ~SL_LOG_CUT;
	if (sum > len || (text[SL_LOG_METHOD] & ~SL_LOG_CUT) == 0)
		return; /* damaged, or no request was read */
	pthread_mutex_lock(&r->lock);
	h = place(r, record->start_wall_us / 1000000);
	if (h != NULL)
		keep(h, record, record->text, text);
	pthread_mutex_unlock(&r->lock);
}

static size_t kept(const struct second *s)
{
	return (size_t)SL_MIN(s->seen, RECENT_A_SECOND);
}

static bool of_late(const struct second *s, uint64_t now_s)
{
	return s->seen > 0 && s->wall_s <= now_s && now_s - s->wall_s <= RECENT_SECONDS;
}

static int newest_first(const void *a, const void *b)
{
	uint64_t x = ((const struct recent_head *)a)->wall_us;
	uint64_t y = ((const struct recent_head *)b)->wall_us;

	return (x < y) - (x > y);
}

int recent_copy(struct recent *r, struct recent_head **out, size_t *n, uint64_t *seen)
{
	struct recent_head *all = malloc(sizeof(*all) * RECENT_A_SECOND * SLOTS);
	uint64_t now_s = sl_wall_us() / 1000000;

	*out = NULL;
	*n = 0;
	*seen = 0;
	if (all == NULL)
		return -ENOMEM;
	pthread_mutex_lock(&r->lock);
	for (unsigned i = 0; i < SLOTS; i++) {
		const struct second *s = &r->second[i];

		if (!of_late(s, now_s))
			continue;
		memcpy(all + *n, s->head, kept(s) * sizeof(*all));
		*n += kept(s);
		*seen += s->seen;
	}
	pthread_mutex_unlock(&r->lock);
	qsort(all, *n, sizeof(*all), newest_first);
	*out = all;
	return 0;
}
