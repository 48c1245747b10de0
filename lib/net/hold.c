/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets that wait for a neighbour's address on the main lcore: bounded each and overall. */
#include "net_int.h"

/* A crowd's first connections to an endpoint that was silent until now. */
#define HELD_PER_NEIGHBOUR 256u

static struct rte_mbuf *take(struct sl_net *net, struct sl_lcore *lc, struct neigh_held *h)
{
	struct neigh_table *t = &net->neigh;
	struct neigh_main *e = &t->main[h->entry];

	TAILQ_REMOVE(&e->held, h, of_entry);
	TAILQ_REMOVE(&t->held, h, of_all);
	TAILQ_INSERT_HEAD(&t->spare, h, of_all);
	e->n_held--;
	lc->stats.c->held--;
	return h->m;
}

struct rte_mbuf *neigh_unhold(struct sl_net *net, struct sl_lcore *lc, uint32_t i)
{
	struct neigh_held *h = TAILQ_FIRST(&net->neigh.main[i].held);

	return h ? take(net, lc, h) : NULL;
}

void neigh_hold(struct sl_net *net, struct sl_lcore *lc, uint32_t i, struct rte_mbuf *m)
{
	struct neigh_table *t = &net->neigh;
	struct neigh_main *e = &t->main[i];
	struct neigh_held *h;

	if (e->n_held >= HELD_PER_NEIGHBOUR)
		sl_drop(lc, take(net, lc, TAILQ_FIRST(&e->held)), SL_DROP_NEIGH_QUEUE);
	else if (TAILQ_EMPTY(&t->spare))
		sl_drop(lc, take(net, lc, TAILQ_FIRST(&t->held)), SL_DROP_NEIGH_QUEUE);
	h = TAILQ_FIRST(&t->spare);
	TAILQ_REMOVE(&t->spare, h, of_all);
	h->m = m;
	h->entry = i;
	TAILQ_INSERT_TAIL(&e->held, h, of_entry);
	TAILQ_INSERT_TAIL(&t->held, h, of_all);
	e->n_held++;
	lc->stats.c->held++;
}
