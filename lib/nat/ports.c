/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Source ports: which one a session gets, and a warning before those towards a destination are used
 * up. How many are in use is counted by a hash of the destination: where two share a bucket, the
 * warning comes too early.
 */
#include <stdlib.h>

#include "nat_int.h"

#define BUCKETS 32768u

struct nat_ports {
	uint32_t low; /* in use, at which a fifth is left */
	uint32_t used[BUCKETS];
};

/* First port of the range that is this worker's. */
static uint32_t first_port(const struct sl_nat *nat)
{
	uint32_t workers = nat->lc->workers;

	return SL_NAT_PORT_FIRST +
	       (nat->lc->index + workers - SL_NAT_PORT_FIRST % workers) % workers;
}

/* How many are this worker's. */
static uint32_t ports(const struct sl_nat *nat)
{
	uint32_t workers = nat->lc->workers;

	return (SL_NAT_PORT_FIRST + SL_NAT_PORTS - first_port(nat) + workers - 1) / workers;
}

struct nat_ports *nat_ports_create(const struct sl_nat *nat)
{
	struct nat_ports *p = calloc(1, sizeof(*p));

	if (p)
		p->low = ports(nat) * 4 / 5;
	return p;
}

void nat_ports_free(struct nat_ports *p)
{
	free(p);
}

static uint32_t *used(const struct sl_nat *nat, const struct sl_nat_session *s)
{
	struct sl_tuple to = nat_tuple(s, NAT_REPLY);

	to.dport = 0;
	return &nat->ports->used[nat_hash(nat, &to) % BUCKETS];
}

void nat_ports_count(struct sl_nat *nat, const struct sl_nat_session *s, int by)
{
	uint32_t *n, was;

	if (s->kept)
		return;
	n = used(nat, s);
	was = *n;
	*n += (uint32_t)by;
	if (by > 0)
		nat->lc->stats.c->nat_ports_low += was == nat->ports->low;
	else
		nat->lc->stats.c->nat_ports_low -= *n == nat->ports->low;
	nat->lc->stats.c->nat_ports_scarce += by > 0 && was >= nat->ports->low;
}

/* Why a session may give up its port where no other is left, best last. */
enum yield {
	YIELD_NOT,
	YIELD_UNANSWERED, /* as in a full table: a flood must not use up the ports */
	YIELD_SERVED,     /* ended, but its endpoint is in TIME-WAIT */
	YIELD_ENDED       /* ended, and the endpoint holds nothing of it */
};

/* A port that is taken over. */
struct take {
	enum yield why;
	uint32_t row; /* of the session that has it; NAT_NONE: it rests */
	struct sl_ip own;
	uint16_t oport;
	uint32_t next;       /* where the search goes on then: the oldest are found first */
	struct nat_link fin; /* the client's, which its endpoint has seen last */
};

static enum yield yields(const struct sl_nat *nat, const struct sl_nat_session *s)
{
	if (nat_is_embryonic(s->state))
		return YIELD_UNANSWERED;
	if ((s->state != SL_NAT_TIME_WAIT && s->state != SL_NAT_CLOSE) ||
	    nat->lc->now_us + nat->timeout_us[s->state] < s->expires_us + NAT_QUIET_US)
		return YIELD_NOT;
	return s->fins & NAT_FIN_SERVED ? YIELD_SERVED : YIELD_ENDED;
}

/*
 * Source port towards the endpoint: of this worker (port % workers says who owns the reply), and
 * in use by no other session with that endpoint. The search goes on where the last one ended, so
 * that a port rests as long as possible before the endpoint sees it again.
 */
static bool choose_port_of(struct sl_nat *nat, struct sl_nat_session *s, struct take *take)
{
	uint32_t workers = nat->lc->workers, first = first_port(nat), mine = ports(nat);
	uint32_t tries = SL_MIN(NAT_PORT_TRIES, mine);

	for (uint32_t i = 0; i < tries; i++) {
		struct nat_link fin = {.fin_known = false};
		enum yield why = YIELD_NOT;
		struct sl_tuple back;
		uint32_t row;
		uint64_t hash;

		if (i >= NAT_TAKE_TRIES && take->why != YIELD_NOT)
			break;
		s->oport = (uint16_t)(first + nat->port_next++ % mine * workers);
		back = nat_tuple(s, NAT_REPLY);
		hash = nat_hash(nat, &back);
		row = nat_find(nat, &back, NAT_REPLY, hash);
		if (row == NAT_NONE && !nat_rest_has(nat, &back, hash, &fin))
			return true;
		if (row == NAT_NONE) {
			nat->lc->stats.c->nat_port_resting++;
			why = fin.fin_known ? YIELD_SERVED : YIELD_NOT;
		} else {
			nat->lc->stats.c->nat_port_busy++;
			why = yields(nat, &nat->row[row]);
			fin = nat->link[row];
		}
		if (why > take->why)
			*take = (struct take){why, row, s->own, s->oport, nat->port_next, fin};
	}
	return false;
}

static bool take_port(struct sl_nat *nat, struct sl_nat_session *s, const struct take *take)
{
	if (take->why == YIELD_NOT)
		return false;
	s->own = take->own;
	s->oport = take->oport;
	nat->port_next = take->next;
	if (take->why == YIELD_SERVED && take->fin.fin_known)
		nat_reset_endpoint(nat, s, take->fin.fin_seq);
	if (take->row == NAT_NONE)
		return true;
	nat->lc->stats.c->nat_evicted += take->why == YIELD_UNANSWERED;
	nat_end(nat, take->row);
	return true;
}

bool nat_choose_port(struct sl_nat *nat, struct sl_nat_session *s, const struct sl_ip *more,
		     uint16_t n)
{
	struct sl_ip first = s->own;
	struct take take = {.why = YIELD_NOT};

	if (choose_port_of(nat, s, &take))
		return true;
	for (uint16_t i = 0; i < n; i++) {
		if (sl_ip_eq(&more[i], &first) ||
		    sl_ip_is_v4(&more[i]) != sl_ip_is_v4(&s->endpoint))
			continue;
		s->own = more[i];
		if (choose_port_of(nat, s, &take))
			return true;
	}
	return take_port(nat, s, &take);
}
