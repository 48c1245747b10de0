/* SPDX-License-Identifier: BSD-3-Clause */
/* Stage `steer`: packets that belong to another worker go to it over that worker's ring. */
#include <netinet/in.h>

#include "sl_hash.h"
#include "sl_steer.h"
#include "worker.h"

/*
 * Owner of a packet that others than ICMP carry: of a direct endpoint's answer it is that of the
 * client.
 */
static uint16_t owner_of_tuple(struct sl_worker *w, struct sl_tuple *t)
{
	const struct sl_snap *snap = w->lc.snap;
	bool local = sl_net_is_local(w->cfg.net, &t->dst);

	if (!local && snap && sl_snap_is_direct(snap, &t->src, t->sport, t->proto)) {
		t->src = t->dst;
		t->sport = t->dport;
	}
	return sl_steer_owner(t, local, w->cfg.workers);
}

/* An ICMP error belongs where the packet it quotes was sent from: to the owner of the reply. */
static uint16_t owner_of_quoted(struct sl_worker *w, struct rte_mbuf *m, const struct sl_pkt *p)
{
	struct sl_icmp_error e;
	struct sl_tuple t = {.src = p->src,
			     .dst = p->dst,
			     .sport = p->sport,
			     .dport = p->dport,
			     .proto = p->proto};

	if (sl_icmp_error_parse(m, &e))
		t = (struct sl_tuple){.src = e.inner.dst,
				      .dst = e.inner.src,
				      .sport = e.inner.dport,
				      .dport = e.inner.sport,
				      .proto = e.inner.proto};
	return owner_of_tuple(w, &t);
}

static uint16_t owner_of(struct sl_worker *w, struct rte_mbuf *m)
{
	const struct sl_pkt *p = sl_pkt(m);
	struct sl_tuple t = {.src = p->src,
			     .dst = p->dst,
			     .sport = p->sport,
			     .dport = p->dport,
			     .proto = p->proto};

	if (p->proto == IPPROTO_ICMP || p->proto == IPPROTO_ICMPV6)
		return owner_of_quoted(w, m, p);
	return owner_of_tuple(w, &t);
}

static void hand_over(struct sl_worker *w, uint16_t owner, struct rte_mbuf *m)
{
	sl_pkt(m)->flags |= SL_PKT_REDIRECTED;
	if (rte_ring_mp_enqueue(w->cfg.redirect[owner], m) < 0)
		sl_drop(&w->lc, m, SL_DROP_REDIRECT_FULL);
	else
		w->lc.stats.c->redirected_out++;
}

uint16_t sl_worker_steer(struct sl_worker *w, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t ours = 0;

	if (w->cfg.workers == 1)
		return n;
	for (uint16_t i = 0; i < n; i++) {
		uint16_t owner = owner_of(w, pkts[i]);

		if (owner == w->cfg.index)
			pkts[ours++] = pkts[i];
		else
			hand_over(w, owner, pkts[i]);
	}
	return ours;
}

uint16_t sl_worker_steer_fragments(struct sl_worker *w, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t ours = 0;

	if (w->cfg.workers == 1)
		return n;
	for (uint16_t i = 0; i < n; i++) {
		const struct sl_pkt *p = sl_pkt(pkts[i]);
		uint16_t owner = w->cfg.index;

		/* Addresses are all that every fragment of a datagram has in common for sure. */
		if (p->flags & SL_PKT_FRAGMENT)
			owner = (uint16_t)(sl_fnv1a(sl_fnv1a(0, &p->src, sizeof(p->src)), &p->dst,
						    sizeof(p->dst)) %
					   w->cfg.workers);
		if (owner == w->cfg.index)
			pkts[ours++] = pkts[i];
		else
			hand_over(w, owner, pkts[i]);
	}
	return ours;
}
