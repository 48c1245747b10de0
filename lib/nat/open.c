/* SPDX-License-Identifier: BSD-3-Clause */
/* New sessions: which endpoint, from which source address and port. */
#include "nat_int.h"

/* Ports tried for one session: with nine in ten taken, all are taken once in 700,000 sessions. */
#define PORT_TRIES 128u

struct choice {
	struct sl_nat *nat;
	const struct sl_snap_endpoint *first; /* healthy endpoints of the cluster */
};

static uint32_t weight_of(const void *arg, uint32_t i)
{
	return ((const struct choice *)arg)->first[i].weight;
}

static uint64_t load_of(const void *arg, uint32_t i)
{
	const struct choice *c = arg;
	const struct sl_snap_endpoint *e = &c->first[i];
	uint64_t sessions =
		nat_endpoint_stats(c->nat, e->slot.index, (uint32_t)e->slot.born)->l4_sessions;

	return (sessions + 1) * 256 / SL_MAX(e->weight, 1);
}

static uint32_t pick(struct sl_nat *nat, const struct sl_snap_cluster *c)
{
	struct choice choice = {nat, sl_snap_endpoint(nat->lc->snap, c->healthy.first)};
	uint64_t *rnd = &nat->lc->rnd, sum = 0;

	if (c->lb == SL_LB_LEAST_REQUEST) {
		uint64_t two = (uint64_t)sl_balance_rnd(rnd) << 32;

		two |= sl_balance_rnd(rnd);
		return sl_balance_least_request(load_of, &choice, c->healthy.n, two);
	}
	for (uint32_t i = 0; i < c->healthy.n; i++)
		sum += choice.first[i].weight;
	if (sum == 0)
		return sl_balance_rnd(rnd) % c->healthy.n;
	return sl_balance_weighted(weight_of, &choice, c->healthy.n, sum, sl_balance_rnd(rnd));
}

/* Healthy endpoint of the packet's family; NULL when there is none. */
static const struct sl_snap_endpoint *choose(struct sl_nat *nat, const struct sl_snap_cluster *c,
					     bool v4)
{
	uint32_t first;

	if (c->healthy.n == 0)
		return NULL;
	first = pick(nat, c);
	for (uint32_t i = 0; i < c->healthy.n; i++) {
		const struct sl_snap_endpoint *e = sl_snap_endpoint(
			nat->lc->snap, c->healthy.first + (first + i) % c->healthy.n);

		if (sl_ip_is_v4(&e->ip) == v4)
			return e;
	}
	return NULL;
}

/*
 * Source port towards the endpoint: of this worker (port % workers says who owns the reply), and
 * in use by no other session with that endpoint. The search goes on where the last one ended, so
 * that a port rests as long as possible before the endpoint sees it again.
 */
static bool choose_port(struct sl_nat *nat, struct sl_nat_session *s)
{
	uint32_t workers = nat->lc->workers, mine, first;

	/* First port of the range that is this worker's, and how many there are. */
	first = SL_NAT_PORT_FIRST +
		(nat->lc->index + workers - SL_NAT_PORT_FIRST % workers) % workers;
	mine = (SL_NAT_PORT_FIRST + SL_NAT_PORTS - first + workers - 1) / workers;
	for (uint32_t i = 0; i < SL_MIN(PORT_TRIES, mine); i++) {
		struct sl_tuple back;

		s->oport = (uint16_t)(first + nat->port_next++ % mine * workers);
		back = nat_tuple(s, NAT_REPLY);
		if (nat_find(nat, &back, NAT_REPLY, nat_hash(nat, &back)) == NAT_NONE)
			return true;
	}
	return false;
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
				   .epoch = (uint32_t)snap->epoch};
	uint32_t row;

	*why = SL_DROP_NAT_NO_ENDPOINT;
	e = choose(nat, sl_snap_cluster(snap, v->cluster), sl_ip_is_v4(&t->dst));
	if (!e)
		return NAT_NONE;
	*why = SL_DROP_IP_NO_ROUTE;
	if (!sl_net_source(nat->net, &e->ip, &s.own, NULL))
		return NAT_NONE;
	s.endpoint = e->ip;
	s.eport = e->port;
	s.state = t->proto == IPPROTO_TCP ? SL_NAT_SYN_SENT : SL_NAT_UDP;
	s.service_slot = v->slot.index;
	s.service_born = (uint32_t)v->slot.born;
	s.endpoint_slot = e->slot.index;
	s.endpoint_born = (uint32_t)e->slot.born;
	*why = SL_DROP_NAT_NO_PORT;
	if (!choose_port(nat, &s))
		return NAT_NONE;
	*why = SL_DROP_NAT_TABLE_FULL;
	row = nat_insert(nat, &s);
	if (row != NAT_NONE)
		nat_service_stats(nat, s.service_slot, s.service_born)->sessions_total++;
	return row;
}

static const struct sl_snap_endpoint *endpoint_of(const struct sl_snap *snap, uint32_t cluster,
						  const struct sl_nat_session *s)
{
	const struct sl_snap_cluster *c = sl_snap_cluster(snap, cluster);

	for (uint32_t i = 0; i < c->endpoints.n; i++) {
		const struct sl_snap_endpoint *e = sl_snap_endpoint(snap, c->endpoints.first + i);

		if (e->port == s->eport && sl_ip_eq(&e->ip, &s->endpoint))
			return e;
	}
	return NULL;
}

bool nat_still_served(struct sl_nat *nat, uint32_t row, uint32_t service)
{
	const struct sl_snap *snap = nat->lc->snap;
	const struct sl_snap_service *v = sl_snap_service(snap, service);
	struct sl_nat_session *s = &nat->row[row];
	const struct sl_snap_endpoint *e;

	if (s->epoch == (uint32_t)snap->epoch)
		return true;
	if (v->cluster == SL_SNAP_NONE)
		return false;
	e = endpoint_of(snap, v->cluster, s);
	/* A connection may outlast a failed health check; datagrams need no one endpoint. */
	if (!e || (s->proto == IPPROTO_UDP && e->health == SL_UNHEALTHY))
		return false;
	nat_count_out(nat, s);
	s->service_slot = v->slot.index;
	s->service_born = (uint32_t)v->slot.born;
	s->endpoint_slot = e->slot.index;
	s->endpoint_born = (uint32_t)e->slot.born;
	nat_count_in(nat, s);
	s->epoch = (uint32_t)snap->epoch;
	return true;
}
