/* SPDX-License-Identifier: BSD-3-Clause */
/* How a worker takes up a configuration: one pointer swapped at the top of a round. */
#include "worker.h"

#include "sl_bell.h"
#include "sl_ctl.h"

static void claim_slots(struct sl_worker *w, const struct sl_snap *s, const struct sl_snap *old)
{
	bool same = sl_snap_same_routes(s, old);

	for (int cls = 0; cls < SL_STATS_CLASS_COUNT; cls++) {
		uint32_t rows = s->tab[sl_snap_slot_tab(cls)].n;

		if (same && sl_snap_slot_of_routes(cls))
			continue;

		for (uint32_t i = 0; i < rows; i++) {
			const struct sl_slot *slot = sl_snap_slot(s, cls, i);

			sl_stats_slot_claim(&w->lc.stats, cls, slot->index, slot->born);
		}
	}
}

static void acknowledge(struct sl_worker *w, uint64_t epoch)
{
	struct sl_ctl_ans ans = {
		.op = SL_CTL_EPOCH, .epoch = epoch, .generation = w->cfg.generation};

	/* Full only when control is gone; it asks for the epoch by other means when it is back. */
	sl_ring_push(w->cfg.answers, &ans, sizeof(ans));
}

void sl_worker_take_epoch(struct sl_worker *w)
{
	const struct sl_epoch *e = __atomic_load_n(&w->offered, __ATOMIC_ACQUIRE);
	const struct sl_snap *old = w->lc.snap;

	if (!e || e->snap == old)
		return;
	claim_slots(w, e->snap, old);
	w->lc.snap = e->snap;
	w->lc.scratch = e->scratch;
	sl_proxy_epoch(w->proxy, old);
	sl_nat_epoch(w->nat);
	w->lc.stats.c->epoch = e->snap->epoch;
	__atomic_store_n(&w->epoch, e->snap->epoch, __ATOMIC_RELEASE);
	acknowledge(w, e->snap->epoch);
}

void sl_worker_offer(struct sl_worker *w, const struct sl_epoch *e)
{
	__atomic_store_n(&w->offered, e, __ATOMIC_RELEASE);
	sl_bell_ring(&w->bell);
}

uint64_t sl_worker_epoch(const struct sl_worker *w)
{
	return __atomic_load_n(&w->epoch, __ATOMIC_ACQUIRE);
}
