/* SPDX-License-Identifier: BSD-3-Clause */
/* The worker's loop: poll, run the path, send; back off when there is nothing to do. */
#include <sched.h>
#include <sys/prctl.h>

#include <rte_cycles.h>
#include <rte_pause.h>

#include "sl_bell.h"
#include "worker.h"

/* Idle time before the processor is offered to others, and before the first sleep. */
#define YIELD_AFTER_US 20
#define SLEEP_AFTER_US 100
#define NAP_FIRST_US   20
#define DELIVERING_US  5000 /* between two counts of those who are still given something */

/* Sleeps double up to a limit that grows with the time without work: an idle box is cheap. */
static uint32_t next_nap_us(const struct sl_worker *w, uint64_t idle_us)
{
	uint32_t most = idle_us < 100000 ? 500 : idle_us < 1000000 ? 2000 : 4000;

	return w->nap_us ? SL_MIN(w->nap_us * 2, most) : NAP_FIRST_US;
}

static void back_off(struct sl_worker *w, uint32_t bell)
{
	uint64_t idle_us = w->lc.now_us - w->last_work_us, due_us;

	if (w->cfg.busy_poll || idle_us < YIELD_AFTER_US) {
		rte_pause();
		return;
	}
	if (idle_us < SLEEP_AFTER_US) {
		sched_yield();
		return;
	}
	due_us = SL_MIN(sl_tcp_next_timer(w->tcp), sl_proxy_next_timer(w->proxy));
	if (due_us <= w->lc.now_us)
		return;
	w->nap_us = next_nap_us(w, idle_us);
	sl_bell_wait(&w->bell, bell, w->nap_us * 1000);
}

static void account(struct sl_worker *w, uint32_t work, uint64_t start_us, uint64_t start_tsc)
{
	struct sl_stats_counters *c = w->lc.stats.c;
	uint64_t now = sl_clock_us();

	c->rounds++;
	if (work) {
		c->busy_us += now - start_us;
		c->busy_cycles += rte_rdtsc() - start_tsc;
		w->last_work_us = now;
		w->nap_us = 0;
	} else {
		c->idle_us += now - start_us;
	}
}

/* Sessions, and when the last of them is over, clients who have not been given all of it yet. */
static uint32_t being_served(struct sl_worker *w)
{
	uint32_t n = sl_proxy_sessions(w->proxy);

	if (n > 0 || !w->draining)
		return n;
	if (w->lc.now_us - w->delivering_us >= DELIVERING_US) {
		w->delivering = sl_tcp_delivering(w->tcp);
		w->delivering_us = w->lc.now_us;
	}
	return w->delivering;
}

static void take_orders(struct sl_worker *w)
{
	sl_worker_take_epoch(w);
	if (sl_nat_orders(w->nat))
		w->last_work_us = w->lc.now_us; /* no nap until they are carried out */
	sl_proxy_set_wall_offset(w->proxy, __atomic_load_n(&w->wall_offset_us, __ATOMIC_RELAXED));
	if (w->draining != (__atomic_load_n(&w->drain, __ATOMIC_RELAXED) != 0)) {
		w->draining = !w->draining;
		sl_proxy_drain(w->proxy, w->draining);
	}
	__atomic_store_n(&w->sessions, being_served(w), __ATOMIC_RELAXED);
}

int sl_worker_main(void *worker)
{
	struct sl_worker *w = worker;
	uint64_t start_us = sl_clock_us();

	prctl(PR_SET_TIMERSLACK, 1000);
	while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED)) {
		uint64_t start_tsc = rte_rdtsc();
		uint32_t bell = sl_bell_seen(&w->bell), work = 0;

		w->lc.now_us = start_us;
		take_orders(w);
		for (uint16_t i = 0; i < w->cfg.n_ports; i++)
			work += sl_path_port(w, w->cfg.ports[i]);
		work += sl_path_rings(w);
		work += sl_path_output(w, work > 0);
		if (!work)
			back_off(w, bell);
		account(w, work, start_us, start_tsc);
		start_us = sl_clock_us();
	}
	return 0;
}
