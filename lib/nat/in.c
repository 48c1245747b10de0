/* SPDX-License-Identifier: BSD-3-Clause */
/* The nat stage: packets of services and sessions translated, the rest left to the local stack. */
#include "nat_int.h"

/* What is found out about a packet before it is acted upon. */
struct look {
	struct sl_tuple tuple;
	uint64_t hash;
	uint32_t service; /* row, or SL_SNAP_NONE */
	uint32_t row;     /* KNOWN: session, or NAT_NONE; and which one the row held */
	uint32_t generation;
	bool local;
	enum {
		LEAVE,
		FORWARD, /* to a service */
		KNOWN, /* the same, if it is of a session; else its service is not looked up yet */
		REPLY,
		OUTSIDE, /* to nobody we know: from the cluster side, it may be egress */
		EARLY,   /* before the first configuration */
	} what;
};

static uint32_t service_of(const struct sl_snap *snap, const struct sl_tuple *t, bool local)
{
	static const struct sl_ip any6;
	struct sl_ip any4 = sl_ip_from_v4(0);
	uint32_t row = sl_snap_service_find(snap, &t->dst, t->dport, t->proto);

	if (row != SL_SNAP_NONE || !local)
		return row;
	return sl_snap_service_find(snap, sl_ip_is_v4(&t->dst) ? &any4 : &any6, t->dport, t->proto);
}

static bool is_listener(const struct sl_snap *snap, uint32_t service)
{
	return sl_snap_service(snap, service)->listener != SL_SNAP_NONE;
}

static void count_bytes(uint64_t *pkts, uint64_t *bytes, const struct rte_mbuf *m, uint32_t l3)
{
	(*pkts)++;
	*bytes += m->pkt_len - l3;
}

/* A service that one of our listeners serves: the packet goes on to TCP, with its service. */
static void mark(struct sl_nat *nat, struct rte_mbuf *m, uint32_t service)
{
	const struct sl_snap_service *v = sl_snap_service(nat->lc->snap, service);
	struct sl_stats_service *st = nat_service_stats(nat, v->slot.index, (uint32_t)v->slot.born);
	struct sl_pkt *p = sl_pkt(m);

	p->service = service;
	p->service_hit = 1;
	count_bytes(&st->in_pkts, &st->in_bytes, m, p->l3);
}

/* Ports of ours are not looked up among the services, unless one of these is that high. */
static bool may_be_service(const struct sl_nat *nat, const struct sl_pkt *p, bool local)
{
	return !local || !sl_port_is_ours(p->dport) || nat->high_services;
}

/* Whether one of our listeners may serve it: then its service is asked for before its session. */
static bool is_heard(const struct sl_nat *nat, const struct look *l)
{
	static const struct sl_ip any;
	uint32_t bit = nat_heard_bit(l->local ? &any : &l->tuple.dst, l->tuple.dport);

	return nat->heard[bit / 64] >> (bit % 64) & 1;
}

/*
 * Echo is translated on its way outside, by its identifier. A virtual IP and the box answer
 * themselves.
 */
static void look_echo(struct sl_nat *nat, struct rte_mbuf *m, struct look *l)
{
	const struct sl_pkt *p = sl_pkt(m);
	const uint8_t *icmp = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l4);
	uint16_t sport = 0, dport = 0;

	if (nat->n_egress == 0 || !sl_icmp_echo_ports(icmp, p->family, &sport, &dport))
		return;
	l->tuple = nat_pkt_tuple(p);
	l->local = sl_net_is_local(nat->net, &p->dst);
	if (icmp[0] == (p->family == 4 ? 8 : 128))
		l->what = nat->lc->snap ? (l->local ? LEAVE : KNOWN) : EARLY;
	else if (l->local && dport >= SL_NAT_PORT_FIRST && dport < SL_TCP_PORT_FIRST)
		l->what = nat->lc->snap ? REPLY : EARLY;
	l->hash = nat_hash(nat, &l->tuple);
	sl_flow_prefetch(nat->index, l->hash);
}

static void look(struct sl_nat *nat, struct rte_mbuf *m, struct look *l)
{
	const struct sl_pkt *p = sl_pkt(m);
	const struct sl_snap *snap = nat->lc->snap;
	bool service;

	l->what = LEAVE;
	l->service = SL_SNAP_NONE;
	if (p->flags & SL_PKT_FRAGMENT)
		return;
	if (p->proto == (p->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		look_echo(nat, m, l);
	if (p->proto != IPPROTO_TCP && p->proto != IPPROTO_UDP)
		return;
	l->tuple = nat_pkt_tuple(p);
	if (!snap) {
		l->what = EARLY;
		return;
	}
	l->local = sl_net_is_local(nat->net, &p->dst);
	service = may_be_service(nat, p, l->local);
	if (l->local && sl_port_is_ours(p->dport) && p->dport < SL_TCP_PORT_FIRST)
		l->what = REPLY;
	else if (nat->direct && !l->local && sl_snap_is_direct(snap, &p->src, p->sport, p->proto))
		l->what = REPLY;
	else if (service && nat->count && !is_heard(nat, l))
		l->what = KNOWN;
	if (service && l->what != KNOWN)
		l->service = service_of(snap, &l->tuple, l->local);
	if (l->what == LEAVE && l->service != SL_SNAP_NONE)
		l->what = FORWARD;
	if (l->what == LEAVE && nat->n_egress && !l->local)
		l->what = OUTSIDE;
	if (l->what == REPLY || l->what == KNOWN || l->what == OUTSIDE ||
	    (l->what == FORWARD && !is_listener(snap, l->service))) {
		l->hash = nat_hash(nat, &l->tuple);
		sl_flow_prefetch(nat->index, l->hash);
	}
}

/* Only a plain SYN opens a TCP session. */
static bool opens(struct rte_mbuf *m)
{
	const uint8_t all = SL_TCP_SYN | SL_TCP_ACK | SL_TCP_RST | SL_TCP_FIN;

	return sl_pkt(m)->proto != IPPROTO_TCP || (nat_tcp(m)->flags & all) == SL_TCP_SYN;
}

/* A session that a new SYN may replace: both ends are through with it. */
static bool over(const struct sl_nat_session *s)
{
	return s->state == SL_NAT_TIME_WAIT || s->state == SL_NAT_CLOSE;
}

static void refuse_counted(struct sl_nat *nat, struct rte_mbuf *m, uint32_t service,
			   enum sl_drop why)
{
	const struct sl_snap_service *v = sl_snap_service(nat->lc->snap, service);

	nat_service_stats(nat, v->slot.index, (uint32_t)v->slot.born)->refused++;
	/*
	 * Where only we are short of something, silence lets the client try again; and so it does
	 * where other nodes may have what is missing here.
	 */
	if ((why == SL_DROP_NAT_NO_ENDPOINT && !v->silent) || why == SL_DROP_NAT_NOT_OPENING)
		nat_refuse(nat, m, why);
	else
		sl_drop(nat->lc, m, why);
}

/* The session a packet from a client belongs to, if it may go on; else it ends here. */
static uint32_t find_forward(struct sl_nat *nat, struct rte_mbuf *m, const struct look *l)
{
	uint32_t row = nat_find(nat, &l->tuple, NAT_FORWARD, l->hash);

	if (row == NAT_NONE)
		return NAT_NONE;
	if (!(opens(m) && over(&nat->row[row])) && nat_still_served(nat, row, l->service))
		return row;
	nat_end(nat, row);
	return NAT_NONE;
}

/* Whether the service takes packets of that client. */
static bool in_range(const struct sl_snap *snap, const struct sl_snap_service *v,
		     const struct sl_ip *client)
{
	for (uint32_t i = 0; i < v->sources.n; i++)
		if (sl_prefix_contains(sl_snap_prefix(snap, v->sources.first + i), client))
			return true;
	return v->sources.n == 0;
}

/* Whether source ranges, access list or limits refuse what a packet would open. */
static bool guarded(struct sl_nat *nat, const struct look *l, bool session, enum sl_drop *why)
{
	const struct sl_snap_service *v = sl_snap_service(nat->lc->snap, l->service);
	enum sl_drop no;

	if (!in_range(nat->lc->snap, v, &l->tuple.src)) {
		*why = SL_DROP_NAT_SOURCE_RANGE;
		return true;
	}
	if (!nat->guard)
		return false;
	no = nat_guard_asks(nat, &l->tuple, v, session);
	if (no != SL_DROP_COUNT)
		*why = no;
	return no != SL_DROP_COUNT;
}

/* Session of a packet from a client, opened if it may be; NAT_NONE: the packet is gone. */
static uint32_t forward_session(struct sl_nat *nat, struct rte_mbuf *m, const struct look *l)
{
	enum sl_drop why = SL_DROP_NAT_NOT_OPENING;
	uint32_t row = find_forward(nat, m, l);

	if (row != NAT_NONE)
		return row;
	if (sl_snap_service(nat->lc->snap, l->service)->cluster == SL_SNAP_NONE)
		why = SL_DROP_NAT_NO_ENDPOINT;
	else if (opens(m) && !guarded(nat, l, true, &why))
		row = nat_open(nat, &l->tuple, l->service, &why);
	if (row == NAT_NONE)
		refuse_counted(nat, m, l->service, why);
	return row;
}

static bool may_cut(struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, sl_pkt(m)->l3);

	return sl_pkt(m)->family == 4 && !(ip[6] & (SL_IPV4_DF >> 8));
}

/*
 * Whether the packet can go to dst. Errors are sent before it is translated: they must quote what
 * its sender sent, and go to him.
 */
static bool can_go(struct sl_nat *nat, struct rte_mbuf *m, const struct sl_ip *dst)
{
	uint32_t len = m->pkt_len - sl_pkt(m)->l3;
	struct sl_ip src;
	uint16_t mtu;

	if (nat_hops(m) <= 1) {
		sl_icmp_error_send(nat->nl, m, 11, 0, 0);
		sl_drop(nat->lc, m, SL_DROP_IP_TTL);
		return false;
	}
	/* No link is smaller than this (RFC 8200 5): no need to ask for the route's size. */
	if (len <= 576 || !sl_net_source(nat->net, dst, &src, &mtu) || len <= mtu || may_cut(m))
		return true;
	sl_icmp_error_send(nat->nl, m, 3, 4, mtu);
	sl_drop(nat->lc, m, SL_DROP_IP_TOO_BIG);
	return false;
}

static void pass_on(struct sl_nat *nat, struct rte_mbuf *m, uint32_t row, enum nat_dir dir)
{
	const struct sl_nat_session *s = &nat->row[row];
	struct sl_stats_service *st = nat_session_stats(nat, s);
	struct sl_tuple from, to;

	if (dir == NAT_FORWARD)
		count_bytes(&st->in_pkts, &st->in_bytes, m, sl_pkt(m)->l3);
	else
		count_bytes(&st->out_pkts, &st->out_bytes, m, sl_pkt(m)->l3);
	nat_track(nat, row, m, dir);
	/* It leaves as the answer to a packet of the other direction would. */
	from = nat_tuple(s, dir == NAT_FORWARD ? NAT_REPLY : NAT_FORWARD);
	to = (struct sl_tuple){from.dst, from.src, from.dport, from.sport, from.proto};
	if (sl_ip_is_v4(&to.dst) != (sl_pkt(m)->family == 4)) {
		nat64_pass_on(nat, m, &to);
		return;
	}
	if (!can_go(nat, m, &to.dst))
		return;
	nat_rewrite(m, &to);
	sl_ip_forward(nat->nl, m);
}

/* true: taken; false: left to the local stack. */
static bool forward(struct sl_nat *nat, struct rte_mbuf *m, const struct look *l)
{
	enum sl_drop why;
	uint32_t row;

	if (is_listener(nat->lc->snap, l->service)) {
		if (opens(m) && guarded(nat, l, false, &why)) {
			refuse_counted(nat, m, l->service, why);
			return true;
		}
		mark(nat, m, l->service);
		return false;
	}
	row = forward_session(nat, m, l);
	if (row != NAT_NONE)
		pass_on(nat, m, row, NAT_FORWARD);
	return true;
}

/* Session of a packet to the outside; NAT_NONE: the packet is gone. */
static uint32_t egress_session(struct sl_nat *nat, struct rte_mbuf *m, const struct look *l,
			       const struct sl_nat_egress *rule)
{
	uint32_t row = nat_find(nat, &l->tuple, NAT_FORWARD, l->hash);
	enum sl_drop why = SL_DROP_NAT_NOT_OPENING;

	if (row != NAT_NONE && nat->row[row].egress && !(opens(m) && over(&nat->row[row])))
		return row;
	/* It was a service's, which is gone; or both ends are through with it. */
	if (row != NAT_NONE)
		nat_end(nat, row);
	row = NAT_NONE;
	if (opens(m)) {
		if (nat->guard)
			why = nat_guard_asks(nat, &l->tuple, NULL, false);
		if (!nat->guard || why == SL_DROP_COUNT)
			row = nat_egress_open(nat, rule, &l->tuple, &why);
	}
	if (row != NAT_NONE)
		return row;
	if (why == SL_DROP_NAT_NOT_OPENING) {
		nat_refuse(nat, m, why);
		return NAT_NONE;
	}
	if (why == SL_DROP_IP_NO_ROUTE)
		sl_icmp_error_send(nat->nl, m, 3, 0, 0);
	sl_drop(nat->lc, m, why);
	return NAT_NONE;
}

/* true: taken. */
static bool egress(struct sl_nat *nat, struct rte_mbuf *m, const struct look *l)
{
	const struct sl_nat_egress *rule;
	uint32_t row;

	if (nat->n_egress == 0 || l->local || (sl_pkt(m)->flags & SL_PKT_BROADCAST) ||
	    sl_net_is_virtual(nat->net, &l->tuple.dst))
		return false;
	rule = nat_egress_find(nat, &l->tuple);
	if (!rule)
		return false;
	row = egress_session(nat, m, l, rule);
	if (row == NAT_NONE)
		return true;
	nat->row[row].epoch = (uint32_t)nat->lc->snap->epoch;
	nat->row[row].health = nat->health;
	pass_on(nat, m, row, NAT_FORWARD);
	return true;
}

/* The session, and what it will touch, on its way into the cache before it is needed. */
static void fetch(struct sl_nat *nat, struct look *l)
{
	const struct sl_nat_session *s;

	l->row = nat_find(nat, &l->tuple, NAT_FORWARD, l->hash);
	if (l->row == NAT_NONE)
		return;
	s = &nat->row[l->row];
	l->generation = s->generation;
	nat_count_prefetch(nat, s);
}

/*
 * Packets of sessions that the configuration in use has been asked about already go their way with
 * one look-up, however many services there are.
 */
static bool known(struct sl_nat *nat, struct rte_mbuf *m, struct look *l)
{
	const struct sl_nat_session *s = &nat->row[l->row == NAT_NONE ? 0 : l->row];

	/* A packet before it in the burst may have ended it. */
	if (l->row != NAT_NONE && s->check && s->generation == l->generation &&
	    s->epoch == (uint32_t)nat->lc->snap->epoch && s->health == nat->health &&
	    !(over(s) && opens(m))) {
		pass_on(nat, m, l->row, NAT_FORWARD);
		return true;
	}
	l->service = service_of(nat->lc->snap, &l->tuple, l->local);
	return l->service != SL_SNAP_NONE ? forward(nat, m, l) : egress(nat, m, l);
}

static bool reply(struct sl_nat *nat, struct rte_mbuf *m, const struct look *l)
{
	uint32_t row = nat_find(nat, &l->tuple, NAT_REPLY, l->hash);

	if (row != NAT_NONE) {
		pass_on(nat, m, row, NAT_REPLY);
		return true;
	}
	if (l->service != SL_SNAP_NONE)
		return forward(nat, m, l);
	if (!sl_net_is_local(nat->net, &l->tuple.dst))
		return egress(nat, m, l); /* of a direct endpoint, but no answer */
	if (nat_is_icmp(l->tuple.proto))
		return false;
	if (nat->high_services && l->tuple.proto == IPPROTO_TCP &&
	    sl_snap_listener_find(nat->lc->snap, &l->tuple.dst, l->tuple.dport) != SL_SNAP_NONE)
		return false;
	nat_refuse(nat, m, SL_DROP_NAT_NO_SESSION);
	return true;
}

/*
 * No configuration yet: sessions of a former run go on. Who else speaks to a service, or would open
 * a connection, is not refused: in a moment he will be served.
 */
static bool early(struct sl_nat *nat, struct rte_mbuf *m, const struct look *l)
{
	uint64_t hash = nat_hash(nat, &l->tuple);
	uint32_t row = nat_find(nat, &l->tuple, NAT_REPLY, hash);
	enum nat_dir dir = NAT_REPLY;

	if (row == NAT_NONE) {
		dir = NAT_FORWARD;
		row = nat_find(nat, &l->tuple, NAT_FORWARD, hash);
	}
	if (row != NAT_NONE)
		pass_on(nat, m, row, dir);
	else if (nat_is_icmp(l->tuple.proto))
		return false;
	else if (!sl_net_is_local(nat->net, &l->tuple.dst) || opens(m))
		sl_drop(nat->lc, m, SL_DROP_IP_NOT_OURS);
	else
		return false;
	return true;
}

/* Whether the packet is more than its sender may send. It is dropped then. */
static bool too_many(struct sl_nat *nat, struct rte_mbuf *m, const struct look *l)
{
	enum sl_drop why;

	if (!nat->guard || (l->what != FORWARD && l->what != KNOWN && l->what != OUTSIDE))
		return false;
	why = nat_guard_packet(nat, &l->tuple.src);
	if (why != SL_DROP_COUNT)
		sl_drop(nat->lc, m, why);
	return why != SL_DROP_COUNT;
}

uint16_t sl_nat_in_burst(struct sl_nat *nat, struct rte_mbuf **pkts, uint16_t n)
{
	struct look looks[SL_BURST];
	uint16_t kept = 0;

	nat->health = sl_health_generation(nat->lc->health);
	for (uint16_t i = 0; i < n; i++)
		look(nat, pkts[i], &looks[i]);
	for (uint16_t i = 0; i < n; i++)
		if (looks[i].what == KNOWN)
			fetch(nat, &looks[i]);
	for (uint16_t i = 0; i < n; i++) {
		bool taken = too_many(nat, pkts[i], &looks[i]);

		if (taken)
			continue;
		if (looks[i].what == FORWARD)
			taken = forward(nat, pkts[i], &looks[i]);
		else if (looks[i].what == KNOWN)
			taken = known(nat, pkts[i], &looks[i]);
		else if (looks[i].what == REPLY)
			taken = reply(nat, pkts[i], &looks[i]);
		else if (looks[i].what == OUTSIDE)
			taken = egress(nat, pkts[i], &looks[i]);
		else if (looks[i].what == EARLY)
			taken = early(nat, pkts[i], &looks[i]);
		if (!taken)
			pkts[kept++] = pkts[i];
	}
	return kept;
}
