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

/*
 * Source port towards the endpoint: of this worker (port % workers says who owns the reply), and
 * in use by no other session with that endpoint. The search goes on where the last one ended, so
 * that a port rests as long as possible before the endpoint sees it again.
 *
 * @param junk Row of a session that nobody has answered and whose port would do, or NAT_NONE.
 */
static bool choose_port_of(struct sl_nat *nat, struct sl_nat_session *s, uint32_t *junk)
{
	uint32_t workers = nat->lc->workers, first = first_port(nat), mine = ports(nat);
	uint32_t tries = SL_MIN(NAT_PORT_TRIES, mine);

	for (uint32_t i = 0; i < (*junk == NAT_NONE ? tries : SL_MIN(NAT_JUNK_TRIES, mine)); i++) {
		struct sl_tuple back;
		uint32_t row;
		uint64_t hash;

		s->oport = (uint16_t)(first + nat->port_next++ % mine * workers);
		back = nat_tuple(s, NAT_REPLY);
		hash = nat_hash(nat, &back);
		row = nat_find(nat, &back, NAT_REPLY, hash);
		if (row == NAT_NONE && !nat_rest_has(nat, &back, hash))
			return true;
		if (row == NAT_NONE) {
			nat->lc->stats.c->nat_port_resting++;
			continue;
		}
		nat->lc->stats.c->nat_port_busy++;
		if (*junk == NAT_NONE && nat_is_embryonic(nat->row[row].state))
			*junk = row;
	}
	return false;
}

/* As in a full table, what nobody has answered gives way: a flood must not use up the ports. */
static bool take_port_of(struct sl_nat *nat, struct sl_nat_session *s, uint32_t junk)
{
	if (junk == NAT_NONE)
		return false;
	s->own = nat->row[junk].own;
	s->oport = nat->row[junk].oport;
	nat_end(nat, junk);
	nat->lc->stats.c->nat_evicted++;
	return true;
}

bool nat_choose_port(struct sl_nat *nat, struct sl_nat_session *s, const struct sl_ip *more,
		     uint16_t n)
{
	struct sl_ip first = s->own;
	uint32_t junk = NAT_NONE;

	if (choose_port_of(nat, s, &junk))
		return true;
	for (uint16_t i = 0; i < n; i++) {
		if (sl_ip_eq(&more[i], &first) ||
		    sl_ip_is_v4(&more[i]) != sl_ip_is_v4(&s->endpoint))
			continue;
		s->own = more[i];
		if (choose_port_of(nat, s, &junk))
			return true;
	}
	return take_port_of(nat, s, junk);
}
