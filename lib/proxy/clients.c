/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Client addresses of one worker: how many connections each has and how fast its requests come. As
 * many rows as sessions, and again as many that remember the rate of those who left. Where sessions
 * run out the address with most connections gives one up, not the one that comes.
 *
 * An IPv6 client is its /64: whoever has one address of it has all of them.
 */
#include <stdlib.h>

#include "proxy_int.h"

#define CLASSES   34u /* by the binary logarithm of the number of connections; 0: none */
#define SHED_LOOK 32u /* connections of the greediest that are looked at */

struct client {
	struct sl_ip ip;
	uint64_t full_us; /* when its allowance of requests is whole again (GCRA, ITU-T I.371) */
	uint32_t chain;   /* hash bucket or free list */
	uint32_t conns;
	uint32_t first;      /* its newest session */
	uint32_t next, prev; /* rows of its class, oldest first */
};

struct px_clients {
	struct client *row;
	uint32_t *bucket;
	uint32_t rows, mask, free;
	uint32_t head[CLASSES], tail[CLASSES];
};

static struct sl_ip client_ip(const struct sl_ip *ip)
{
	struct sl_ip out = *ip;

	if (!sl_ip_is_v4(ip))
		memset(out.b + 8, 0, 8);
	return out;
}

static uint32_t class_of(uint32_t conns)
{
	return conns == 0 ? 0 : 32 - (uint32_t)__builtin_clz(conns);
}

static void class_remove(struct px_clients *t, struct client *c)
{
	uint32_t k = class_of(c->conns);

	if (c->prev != PX_NONE)
		t->row[c->prev].next = c->next;
	else
		t->head[k] = c->next;
	if (c->next != PX_NONE)
		t->row[c->next].prev = c->prev;
	else
		t->tail[k] = c->prev;
}

static void class_add(struct px_clients *t, struct client *c)
{
	uint32_t k = class_of(c->conns), row = (uint32_t)(c - t->row);

	c->next = PX_NONE;
	c->prev = t->tail[k];
	if (c->prev != PX_NONE)
		t->row[c->prev].next = row;
	else
		t->head[k] = row;
	t->tail[k] = row;
}

static void set_conns(struct px_clients *t, struct client *c, uint32_t conns)
{
	if (class_of(conns) == class_of(c->conns) && conns > 0) {
		c->conns = conns;
		return;
	}
	class_remove(t, c);
	c->conns = conns;
	class_add(t, c);
}

int px_clients_create(struct sl_proxy *px)
{
	uint32_t rows = px->cfg.sessions_max * (px->cfg.client_rate > 0 ? 2 : 1), n = 64;
	struct px_clients *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	px->clients = t;
	while (n < rows)
		n <<= 1;
	t->row = calloc(rows, sizeof(*t->row));
	t->bucket = malloc(n * sizeof(*t->bucket));
	if (!t->row || !t->bucket)
		return -ENOMEM;
	memset(t->bucket, 0xff, n * sizeof(*t->bucket)); /* PX_NONE */
	memset(t->head, 0xff, sizeof(t->head));
	memset(t->tail, 0xff, sizeof(t->tail));
	for (uint32_t i = 0; i < rows; i++)
		t->row[i].chain = i + 1 < rows ? i + 1 : PX_NONE;
	t->rows = rows;
	t->mask = n - 1;
	return 0;
}

void px_clients_free(struct sl_proxy *px)
{
	if (!px->clients)
		return;
	free(px->clients->row);
	free(px->clients->bucket);
	free(px->clients);
}

static uint32_t *bucket_of(const struct sl_proxy *px, const struct sl_ip *ip)
{
	struct px_clients *t = px->clients;

	return &t->bucket[sl_siphash(&px->cfg.secret, ip, sizeof(*ip)) & t->mask];
}

static struct client *find(const struct sl_proxy *px, const struct sl_ip *ip)
{
	struct px_clients *t = px->clients;

	for (uint32_t i = *bucket_of(px, ip); i != PX_NONE; i = t->row[i].chain)
		if (sl_ip_eq(&t->row[i].ip, ip))
			return &t->row[i];
	return NULL;
}

/** A client without connections is forgotten. */
static void forget(struct sl_proxy *px, struct client *c)
{
	struct px_clients *t = px->clients;
	uint32_t row = (uint32_t)(c - t->row);
	uint32_t *at = bucket_of(px, &c->ip);

	while (*at != row)
		at = &t->row[*at].chain;
	*at = c->chain;
	class_remove(t, c);
	c->chain = t->free;
	t->free = row;
}

static struct client *find_or_add(struct sl_proxy *px, const struct sl_ip *ip)
{
	struct px_clients *t = px->clients;
	struct client *c = find(px, ip);
	uint32_t *bucket;

	if (c)
		return c;
	/* No more clients than sessions have connections: the rest are such as left. */
	if (t->free == PX_NONE && t->head[0] != PX_NONE)
		forget(px, &t->row[t->head[0]]);
	if (t->free == PX_NONE)
		return NULL;
	c = &t->row[t->free];
	t->free = c->chain;
	bucket = bucket_of(px, ip);
	*c = (struct client){.ip = *ip, .chain = *bucket, .first = PX_NONE};
	*bucket = (uint32_t)(c - t->row);
	class_add(t, c);
	return c;
}

bool px_client_may_open(struct sl_proxy *px, const struct sl_ip *ip)
{
	struct sl_ip key = client_ip(ip);
	const struct client *c;

	if (px->cfg.client_conns == 0)
		return true;
	c = find(px, &key);
	if (!c || c->conns < px->cfg.client_conns)
		return true;
	px->lc->stats.c->http_cx_client_limit++;
	return false;
}

bool px_client_add(struct sl_proxy *px, struct px_session *s)
{
	struct px_clients *t = px->clients;
	struct sl_ip_port peer;
	struct sl_ip key;
	struct client *c;

	s->client = PX_NONE;
	px_peer(s, &peer);
	if (!px_client_may_open(px, &peer.ip))
		return false;
	key = client_ip(&peer.ip);
	c = find_or_add(px, &key);
	if (!c)
		return false;
	s->client = (uint32_t)(c - t->row);
	s->client_prev = PX_NONE;
	s->client_next = c->first;
	if (c->first != PX_NONE)
		px->session[c->first].client_prev = s->row;
	c->first = s->row;
	set_conns(t, c, c->conns + 1);
	return true;
}

void px_client_remove(struct sl_proxy *px, struct px_session *s)
{
	struct px_clients *t = px->clients;
	struct client *c;

	if (s->client == PX_NONE)
		return;
	c = &t->row[s->client];
	s->client = PX_NONE;
	if (s->client_prev != PX_NONE)
		px->session[s->client_prev].client_next = s->client_next;
	else
		c->first = s->client_next;
	if (s->client_next != PX_NONE)
		px->session[s->client_next].client_prev = s->client_prev;
	set_conns(t, c, c->conns - 1);
	if (c->conns == 0 && c->full_us <= px->lc->now_us)
		forget(px, c);
}

bool px_client_request(struct sl_proxy *px, struct px_session *s)
{
	uint32_t rate = px->cfg.client_rate;
	uint64_t now = px->lc->now_us, burst = px->cfg.client_burst ? px->cfg.client_burst : rate;
	uint64_t each, full;
	struct client *c;

	if (rate == 0 || s->client == PX_NONE)
		return true;
	c = &px->clients->row[s->client];
	each = 1000000 / rate;
	full = SL_MAX(c->full_us, now) + each;
	if (full - now > burst * each) {
		px->lc->stats.c->http_rate_limited++;
		return false;
	}
	c->full_us = full;
	return true;
}

/** A connection between two requests, or one that has not made any yet. */
static struct px_session *idle_session(struct sl_proxy *px, const struct client *c)
{
	uint32_t row = c->first;

	for (uint32_t n = 0; n < SHED_LOOK && row != PX_NONE; n++) {
		struct px_session *s = &px->session[row];

		if (s->state == PX_HEAD && s->start_us == 0 && sl_tcp_rx_len(s->conn) == 0)
			return s;
		row = s->client_next;
	}
	return NULL;
}

struct px_session *px_client_greedier(struct sl_proxy *px, const struct sl_ip *ip)
{
	struct px_clients *t = px->clients;
	struct sl_ip key = client_ip(ip);
	const struct client *c = find(px, &key);
	uint32_t k = CLASSES - 1, own = class_of((c ? c->conns : 0) + 1);

	while (k > own && t->head[k] == PX_NONE)
		k--;
	return k > own ? idle_session(px, &t->row[t->head[k]]) : NULL;
}
