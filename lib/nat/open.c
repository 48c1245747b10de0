/* SPDX-License-Identifier: BSD-3-Clause */
/* New sessions, and whether old ones may go on. */
#include "nat_int.h"

/*
 * The client's own port, unless another of its sessions has it with that endpoint: then one whose
 * answers come to this worker as well.
 */
static bool choose_kept_port(struct sl_nat *nat, struct sl_nat_session *s)
{
	for (uint32_t i = 0; i < NAT_PORT_TRIES; i++) {
		struct sl_tuple back = nat_tuple(s, NAT_REPLY);

		if (nat_is_mine(nat, &back) &&
		    nat_find(nat, &back, NAT_REPLY, nat_hash(nat, &back)) == NAT_NONE)
			return true;
		s->oport = (uint16_t)(SL_NAT_PORT_FIRST + nat->port_next++ % SL_NAT_PORTS);
	}
	return false;
}

/*
 * The client's address is kept only where the answer will find its way through us: an endpoint that
 * speaks to itself would keep it to itself.
 */
static bool may_keep(const struct sl_snap_service *v, const struct sl_nat_session *s)
{
	return v->keep_client && !sl_ip_eq(&s->client, &s->endpoint) &&
	       sl_ip_is_v4(&s->client) == sl_ip_is_v4(&s->endpoint);
}

bool nat_is_mine(const struct sl_nat *nat, const struct sl_tuple *back)
{
	struct sl_tuple t = {.src = back->dst, .sport = back->dport, .proto = back->proto};

	return sl_steer_owner(&t, false, nat->lc->workers) == nat->lc->index;
}

uint32_t nat_open(struct sl_nat *nat, const struct sl_tuple *t, uint32_t service, enum sl_drop *why)
{
	const struct sl_snap *snap = nat->lc->snap;
	const struct sl_snap_service *v = sl_snap_service(snap, service);
	const struct sl_snap_endpoint *e;
	struct sl_nat_session s = {.client = t->src,
				   .vip = t->dst,
				   .cport = t->sport,
				   .vport = t->dport,
				   .proto = t->proto,
				   .epoch = (uint32_t)snap->epoch,
				   .health = nat->health};
	uint32_t row;

	*why = SL_DROP_NAT_NO_ENDPOINT;
	e = nat_choose(nat, v, t);
	if (!e)
		return NAT_NONE;
	*why = SL_DROP_IP_NO_ROUTE;
	if (!sl_net_source(nat->net, &e->ip, &s.own, NULL))
		return NAT_NONE;
	s.endpoint = e->ip;
	s.eport = nat_endpoint_port(v, e, t->dport);
	s.state = t->proto == IPPROTO_TCP ? SL_NAT_SYN_SENT : SL_NAT_UDP;
	s.service_slot = v->slot.index;
	s.service_born = (uint32_t)v->slot.born;
	s.endpoint_slot = e->slot.index;
	s.endpoint_born = (uint32_t)e->slot.born;
	*why = SL_DROP_NAT_NO_PORT;
	if (may_keep(v, &s)) {
		s.kept = 1;
		s.own = s.client;
		s.oport = s.cport;
	}
	if (!(s.kept ? choose_kept_port(nat, &s)
		     : nat_choose_port(nat, &s, nat->snat, nat->n_snat)))
		return NAT_NONE;
	*why = SL_DROP_NAT_TABLE_FULL;
	row = nat_insert(nat, &s);
	if (row != NAT_NONE)
		nat_service_stats(nat, s.service_slot, s.service_born)->sessions_total++;
	return row;
}

static const struct sl_snap_endpoint *endpoint_of(const struct sl_snap *snap,
						  const struct sl_snap_service *v,
						  const struct sl_nat_session *s)
{
	const struct sl_snap_cluster *c = sl_snap_cluster(snap, v->cluster);

	for (uint32_t i = 0; i < c->endpoints.n; i++) {
		const struct sl_snap_endpoint *e = sl_snap_endpoint(snap, c->endpoints.first + i);

		if (nat_endpoint_port(v, e, s->vport) == s->eport && sl_ip_eq(&e->ip, &s->endpoint))
			return e;
	}
	return NULL;
}

/* The session is of the configuration in use from now on. */
static void move(struct sl_nat *nat, struct sl_nat_session *s, const struct sl_snap_service *v,
		 const struct sl_snap_endpoint *e)
{
	nat_count_out(nat, s);
	s->service_slot = v->slot.index;
	s->service_born = (uint32_t)v->slot.born;
	s->endpoint_slot = e->slot.index;
	s->endpoint_born = (uint32_t)e->slot.born;
	nat_count_in(nat, s);
	s->epoch = (uint32_t)nat->lc->snap->epoch;
}

bool nat_still_served(struct sl_nat *nat, uint32_t row, uint32_t service)
{
	const struct sl_snap *snap = nat->lc->snap;
	const struct sl_snap_service *v = sl_snap_service(snap, service);
	struct sl_nat_session *s = &nat->row[row];

	if (s->epoch == (uint32_t)snap->epoch && s->health == nat->health)
		return true;
	if (v->cluster == SL_SNAP_NONE || s->egress)
		return false;
	if (s->epoch != (uint32_t)snap->epoch) {
		const struct sl_snap_endpoint *e = endpoint_of(snap, v, s);

		/* A connection may outlast being called unready; datagrams need no one endpoint. */
		if (!e || (s->proto == IPPROTO_UDP && e->health == SL_UNHEALTHY))
			return false;
		move(nat, s, v, e);
	}
	if (nat_is_dead(nat, v, s)) {
		nat->lc->stats.c->nat_endpoint_dead++;
		return false;
	}
	s->health = nat->health;
	return true;
}
