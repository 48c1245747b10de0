/* SPDX-License-Identifier: BSD-3-Clause */
/* Neighbour table: written by the main lcore, read by workers with single 64-bit loads. */
#include <errno.h>
#include <stdlib.h>

#include "net_int.h"

#define WINDOW    16u   /* slots an entry may lie in, from its hash on */
#define HELD_MAX  1024u /* packets that wait for all neighbours together */
#define EVICT_TRY 64u   /* slots looked at for one to evict */

#define MAC_MASK    ((UINT64_C(1) << 48) - 1)
#define STATE_SHIFT 48
#define STATE_MASK  7u
#define GEN_SHIFT   51

static enum neigh_state state_of(uint64_t value)
{
	return (enum neigh_state)(value >> STATE_SHIFT & STATE_MASK);
}

static uint64_t mac_to_u64(const uint8_t mac[6])
{
	uint64_t v = 0;

	memcpy(&v, mac, 6);
	return v & MAC_MASK;
}

static uint32_t hash(const struct sl_net *net, const struct sl_ip *ip, uint16_t port)
{
	uint8_t key[18];

	memcpy(key, ip->b, 16);
	memcpy(key + 16, &port, 2);
	return (uint32_t)sl_siphash(&net->key, key, sizeof(key)) & (net->neigh.n - 1);
}

static bool key_is(const struct neigh_slot *s, const uint64_t ip[2], uint16_t port)
{
	return __atomic_load_n(&s->ip[1], __ATOMIC_RELAXED) == ip[1] &&
	       __atomic_load_n(&s->ip[0], __ATOMIC_RELAXED) == ip[0] &&
	       __atomic_load_n(&s->port, __ATOMIC_RELAXED) == port;
}

int neigh_table_init(struct neigh_table *t, uint32_t max)
{
	t->max = max;
	for (t->n = 2 * WINDOW; t->n < 2 * max; t->n *= 2)
		;
	t->slot = calloc(t->n, sizeof(*t->slot));
	t->main = calloc(t->n, sizeof(*t->main));
	t->pool = calloc(HELD_MAX, sizeof(*t->pool));
	if (!t->slot || !t->main || !t->pool)
		return -ENOMEM;
	TAILQ_INIT(&t->held);
	TAILQ_INIT(&t->spare);
	for (uint32_t i = 0; i < HELD_MAX; i++)
		TAILQ_INSERT_TAIL(&t->spare, &t->pool[i], of_all);
	for (uint32_t i = 0; i < t->n; i++)
		TAILQ_INIT(&t->main[i].held);
	return 0;
}

void neigh_table_free(struct neigh_table *t)
{
	struct neigh_held *h;

	if (t->slot && t->main && t->pool)
		TAILQ_FOREACH(h, &t->held, of_all)
	rte_pktmbuf_free(h->m);
	free(t->slot);
	free(t->main);
	free(t->pool);
}

/* The slot and the value it had, or NULL. */
static struct neigh_slot *lookup(const struct sl_net *net, const struct sl_ip *ip, uint16_t port,
				 uint64_t *value_out)
{
	const struct neigh_table *t = &net->neigh;
	uint32_t first = hash(net, ip, port);
	uint64_t key[2];

	memcpy(key, ip->b, 16);
	for (uint32_t i = 0; i < WINDOW; i++) {
		struct neigh_slot *s = &t->slot[(first + i) & (t->n - 1)];
		uint64_t value = __atomic_load_n(&s->value, __ATOMIC_ACQUIRE);

		if (state_of(value) == NEIGH_FREE || !key_is(s, key, port))
			continue;
		/* Pairs with neigh_add: another generation would mean that the key is torn. */
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if ((__atomic_load_n(&s->value, __ATOMIC_RELAXED) ^ value) >> GEN_SHIFT)
			continue;
		*value_out = value;
		return s;
	}
	return NULL;
}

enum neigh_state neigh_lookup(const struct sl_net *net, const struct sl_ip *ip, uint16_t port,
			      bool confirms, uint8_t mac[6])
{
	uint64_t value;
	struct neigh_slot *s = lookup(net, ip, port, &value);
	enum neigh_state st;

	if (!s)
		return NEIGH_FREE;
	memcpy(mac, &value, 6);
	st = state_of(value);
	if (st == NEIGH_STALE && !__atomic_load_n(&s->used, __ATOMIC_RELAXED))
		__atomic_store_n(&s->used, 1, __ATOMIC_RELAXED);
	if (confirms && (st == NEIGH_STALE || st == NEIGH_PROBE) &&
	    !__atomic_load_n(&s->confirmed, __ATOMIC_RELAXED))
		__atomic_store_n(&s->confirmed, 1, __ATOMIC_RELAXED);
	return st;
}

enum neigh_state neigh_peek(const struct sl_net *net, const struct sl_ip *ip, uint16_t port)
{
	uint64_t value;

	return lookup(net, ip, port, &value) ? state_of(value) : NEIGH_FREE;
}

bool neigh_known(const struct sl_net *net, const struct sl_ip *ip, uint16_t port)
{
	uint64_t value;

	return lookup(net, ip, port, &value) != NULL;
}

uint32_t neigh_find(const struct sl_net *net, const struct sl_ip *ip, uint16_t port)
{
	const struct neigh_table *t = &net->neigh;
	uint32_t first = hash(net, ip, port);
	uint64_t key[2];

	memcpy(key, ip->b, 16);
	for (uint32_t i = 0; i < WINDOW; i++) {
		uint32_t at = (first + i) & (t->n - 1);

		if (neigh_state(net, at) != NEIGH_FREE && key_is(&t->slot[at], key, port))
			return at;
	}
	return NEIGH_NONE;
}

/* The table is full of what others made us remember: confirmed neighbours are never given up. */
static bool evictable(const struct sl_net *net, uint32_t i)
{
	enum neigh_state st = neigh_state(net, i);

	return st == NEIGH_STALE || st == NEIGH_FAILED || st == NEIGH_INCOMPLETE;
}

static uint32_t free_slot(struct sl_net *net, struct sl_lcore *lc, uint32_t first)
{
	const struct neigh_table *t = &net->neigh;
	uint32_t victim = NEIGH_NONE;

	for (uint32_t i = 0; i < WINDOW; i++) {
		uint32_t at = (first + i) & (t->n - 1);

		if (neigh_state(net, at) == NEIGH_FREE)
			return at;
		if (evictable(net, at) &&
		    (victim == NEIGH_NONE || t->main[at].updated_us < t->main[victim].updated_us))
			victim = at;
	}
	if (victim != NEIGH_NONE)
		neigh_remove(net, lc, victim);
	return victim;
}

static bool make_room(struct sl_net *net, struct sl_lcore *lc)
{
	struct neigh_table *t = &net->neigh;
	uint32_t victim = NEIGH_NONE;

	if (t->count < t->max)
		return true;
	for (uint32_t i = 0; i < EVICT_TRY; i++) {
		t->hand = (t->hand + 1) & (t->n - 1);
		if (evictable(net, t->hand) &&
		    (victim == NEIGH_NONE ||
		     t->main[t->hand].updated_us < t->main[victim].updated_us))
			victim = t->hand;
	}
	if (victim == NEIGH_NONE)
		return false;
	neigh_remove(net, lc, victim);
	return true;
}

uint32_t neigh_add(struct sl_net *net, struct sl_lcore *lc, const struct sl_ip *ip, uint16_t port)
{
	static const uint8_t no_mac[6];
	struct neigh_table *t = &net->neigh;
	struct neigh_slot *s;
	uint64_t key[2], value;
	uint32_t i;

	if (!make_room(net, lc))
		return NEIGH_NONE;
	i = free_slot(net, lc, hash(net, ip, port));
	if (i == NEIGH_NONE)
		return NEIGH_NONE;
	s = &t->slot[i];
	memcpy(key, ip->b, 16);
	/* New generation first: a reader of the old key notices that it changed below it. */
	value = ((s->value >> GEN_SHIFT) + 1) << GEN_SHIFT;
	__atomic_store_n(&s->value, value, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&s->ip[0], key[0], __ATOMIC_RELAXED);
	__atomic_store_n(&s->ip[1], key[1], __ATOMIC_RELAXED);
	__atomic_store_n(&s->port, port, __ATOMIC_RELAXED);
	__atomic_store_n(&s->used, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&s->confirmed, 0, __ATOMIC_RELAXED);
	t->main[i].updated_us = lc->now_us;
	t->main[i].probes = 0;
	t->main[i].worker = 0;
	t->count++;
	neigh_publish(net, i, NEIGH_INCOMPLETE, no_mac);
	return i;
}

void neigh_remove(struct sl_net *net, struct sl_lcore *lc, uint32_t i)
{
	static const uint8_t no_mac[6];
	struct rte_mbuf *m;

	while ((m = neigh_unhold(net, lc, i)))
		sl_drop(lc, m, SL_DROP_NEIGH_QUEUE);
	neigh_publish(net, i, NEIGH_FREE, no_mac);
	net->neigh.count--;
}

void neigh_publish(struct sl_net *net, uint32_t i, enum neigh_state state, const uint8_t mac[6])
{
	struct neigh_slot *s = &net->neigh.slot[i];
	uint64_t gen = s->value >> GEN_SHIFT << GEN_SHIFT;

	__atomic_store_n(&s->value, gen | (uint64_t)state << STATE_SHIFT | mac_to_u64(mac),
			 __ATOMIC_RELEASE);
}

enum neigh_state neigh_state(const struct sl_net *net, uint32_t i)
{
	return state_of(net->neigh.slot[i].value);
}

void neigh_mac(const struct sl_net *net, uint32_t i, uint8_t mac[6])
{
	uint64_t value = net->neigh.slot[i].value;

	memcpy(mac, &value, 6);
}

struct sl_ip neigh_ip(const struct sl_net *net, uint32_t i)
{
	struct sl_ip ip;

	memcpy(ip.b, net->neigh.slot[i].ip, 16);
	return ip;
}

bool sl_net_neighbour_at(const struct sl_net *net, uint32_t i, struct sl_net_neighbour *out)
{
	static const char *const names[] = {
		[NEIGH_INCOMPLETE] = "INCOMPLETE", [NEIGH_REACHABLE] = "REACHABLE",
		[NEIGH_STALE] = "STALE",           [NEIGH_PROBE] = "PROBE",
		[NEIGH_FAILED] = "FAILED",
	};

	for (uint32_t at = 0; at < net->neigh.n; at++) {
		enum neigh_state st = neigh_state(net, at);

		if (st == NEIGH_FREE || i-- > 0)
			continue;
		out->ip = neigh_ip(net, at);
		neigh_mac(net, at, out->mac);
		out->port = net->neigh.slot[at].port;
		out->state = names[st];
		return true;
	}
	return false;
}
