/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions of one worker: found by either tuple, opened, aged, evicted, ended. */
#include <stdlib.h>

#include "nat_int.h"

uint64_t nat_hash(const struct sl_nat *nat, const struct sl_tuple *t)
{
	uint8_t key[40];

	memcpy(key, t->src.b, 16);
	memcpy(key + 16, t->dst.b, 16);
	memcpy(key + 32, &t->sport, 2);
	memcpy(key + 34, &t->dport, 2);
	memset(key + 36, t->proto, 4);
	return sl_siphash(&nat->secret, key, sizeof(key));
}

struct sl_tuple nat_tuple(const struct sl_nat_session *s, enum nat_dir dir)
{
	if (dir == NAT_FORWARD)
		return (struct sl_tuple){s->client, s->vip, s->cport, s->vport, s->proto};
	return (struct sl_tuple){s->endpoint, s->own, s->eport, s->oport, s->proto};
}

static bool same(const void *rows, uint32_t entry, const void *arg)
{
	const struct nat_key *key = arg;
	const struct sl_nat_session *s = (const struct sl_nat_session *)rows + entry / 2;
	const struct sl_tuple *t = key->tuple;

	if (entry % 2 != (uint32_t)key->dir || s->proto != t->proto)
		return false;
	if (key->dir == NAT_FORWARD)
		return s->cport == t->sport && s->vport == t->dport &&
		       sl_ip_eq(&s->client, &t->src) && sl_ip_eq(&s->vip, &t->dst);
	return s->oport == t->dport && s->eport == t->sport && sl_ip_eq(&s->endpoint, &t->src) &&
	       sl_ip_eq(&s->own, &t->dst);
}

uint32_t nat_find(const struct sl_nat *nat, const struct sl_tuple *t, enum nat_dir dir,
		  uint64_t hash)
{
	struct nat_key key = {t, dir};
	uint32_t entry = sl_flow_find(nat->index, hash, same, nat->row, &key);

	return entry == SL_FLOW_NONE ? NAT_NONE : entry / 2;
}

bool nat_is_embryonic(uint8_t state)
{
	return state == SL_NAT_SYN_SENT || state == SL_NAT_SYN_RECV || state == SL_NAT_UDP ||
	       state == SL_NAT_ICMP;
}

static void embryo_add(struct sl_nat *nat, uint32_t row)
{
	nat->link[row] = (struct nat_link){.prev = nat->embryo_last, .next = NAT_NONE};
	if (nat->embryo_last == NAT_NONE)
		nat->embryo_first = row;
	else
		nat->link[nat->embryo_last].next = row;
	nat->embryo_last = row;
	nat->embryos++;
}

static void embryo_del(struct sl_nat *nat, uint32_t row)
{
	struct nat_link l = nat->link[row];

	if (l.prev == NAT_NONE)
		nat->embryo_first = l.next;
	else
		nat->link[l.prev].next = l.next;
	if (l.next == NAT_NONE)
		nat->embryo_last = l.prev;
	else
		nat->link[l.next].prev = l.prev;
	nat->link[row] = (struct nat_link){.fin_known = false};
	nat->embryos--;
}

void nat_evict(struct sl_nat *nat)
{
	nat_end(nat, nat->embryo_first);
	nat->lc->stats.c->nat_evicted++;
}

bool nat_adopt(struct sl_nat *nat, uint32_t row)
{
	struct sl_nat_session *s = &nat->row[row];
	struct sl_tuple fwd = nat_tuple(s, NAT_FORWARD), back = nat_tuple(s, NAT_REPLY);
	uint64_t hash = nat_hash(nat, &fwd);

	if (!sl_flow_add(nat->index, hash, row * 2 + NAT_FORWARD))
		return false;
	if (!sl_flow_add(nat->index, nat_hash(nat, &back), row * 2 + NAT_REPLY)) {
		sl_flow_del(nat->index, hash, row * 2 + NAT_FORWARD);
		return false;
	}
	sl_wheel_set(nat->wheel, row, s->expires_us);
	nat->link[row] = (struct nat_link){.fin_known = false};
	if (nat_is_embryonic(s->state))
		embryo_add(nat, row);
	nat->count++;
	nat->lc->stats.c->nat_sessions++;
	nat_guard_count(nat, &s->client, 1);
	nat_ports_count(nat, s, 1);
	return true;
}

void nat_free_row(struct sl_nat *nat, uint32_t row)
{
	nat->row[row].state = SL_NAT_FREE;
	nat->link[row].next = nat->free_first;
	nat->free_first = row;
}

uint32_t nat_insert(struct sl_nat *nat, const struct sl_nat_session *s)
{
	struct sl_nat_session *to;
	uint32_t row, generation;

	/* Junk gives way: a session that was never answered, the oldest first. */
	if (nat->free_first == NAT_NONE && nat->embryo_first != NAT_NONE)
		nat_evict(nat);
	if (nat->free_first == NAT_NONE)
		return NAT_NONE;
	row = nat->free_first;
	to = &nat->row[row];
	generation = to->generation + 1;
	*to = *s;
	to->generation = generation;
	to->created_us = nat->lc->now_us;
	to->expires_us = nat->lc->now_us + nat->timeout_us[to->state];
	/* Last, in a store of its own: a row that is not whole must not look it. */
	__atomic_store_n(&to->check, sl_nat_check(to), __ATOMIC_RELEASE);
	nat->free_first = nat->link[row].next;
	if (!nat_adopt(nat, row)) {
		__atomic_store_n(&to->check, 0, __ATOMIC_RELEASE);
		nat_free_row(nat, row);
		return NAT_NONE;
	}
	nat->lc->stats.c->nat_created++;
	nat_count_in(nat, to);
	return row;
}

void nat_end(struct sl_nat *nat, uint32_t row)
{
	struct sl_nat_session *s = &nat->row[row];
	struct sl_tuple fwd = nat_tuple(s, NAT_FORWARD), back = nat_tuple(s, NAT_REPLY);

	sl_flow_del(nat->index, nat_hash(nat, &fwd), row * 2 + NAT_FORWARD);
	sl_flow_del(nat->index, nat_hash(nat, &back), row * 2 + NAT_REPLY);
	sl_wheel_cancel(nat->wheel, row);
	if (nat_is_embryonic(s->state))
		embryo_del(nat, row);
	nat_count_out(nat, s);
	nat_guard_count(nat, &s->client, -1);
	nat_ports_count(nat, s, -1);
	nat_rest_note(nat, row);
	__atomic_store_n(&s->check, 0, __ATOMIC_RELEASE);
	nat_free_row(nat, row);
	nat->count--;
	nat->lc->stats.c->nat_sessions--;
	nat->lc->stats.c->nat_expired++;
}

void nat_touch(struct sl_nat *nat, uint32_t row)
{
	struct sl_nat_session *s = &nat->row[row];

	/* The timer is left where it is; when it fires early it is set again. */
	s->expires_us = nat->lc->now_us + nat->timeout_us[s->state];
}

void nat_set_state(struct sl_nat *nat, uint32_t row, enum sl_nat_state state)
{
	struct sl_nat_session *s = &nat->row[row];
	bool was = nat_is_embryonic(s->state), is = nat_is_embryonic(state);

	if (was && !is)
		embryo_del(nat, row);
	if (!was && is)
		embryo_add(nat, row);
	s->state = (uint8_t)state;
	nat_touch(nat, row);
	/* A state's time may be shorter than the one before. */
	sl_wheel_set(nat->wheel, row, s->expires_us);
}
