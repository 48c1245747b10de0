/* SPDX-License-Identifier: BSD-3-Clause */
/* Workers: how busy each is, whether its packets add up, and what each stage costs. */
#include "screens.h"

static const struct column workers[] = {
	{"WORKER", "worker", 6, true, false, "number of the worker; main is the main lcore"},
	{"BUSY", "busy_percent", 6, false, false, "share of time in rounds that did work"},
	{"CYC/PKT", "cycles_per_packet", 7, false, false, "TSC cycles for each packet taken in"},
	{"RX/S", "rx_per_second", 8, false, false, "packets received a second"},
	{"TX/S", "tx_per_second", 8, false, false, "packets sent a second"},
	{"DROP/S", "drops_per_second", 7, false, false, "packets dropped a second"},
	{"RQ/S", "requests_per_second", 8, false, false, "requests a second"},
	{"CONNS", "tcp_conns", 7, false, false, "TCP connections"},
	{"RX", "rx", 11, false, true, "packets received"},
	{"TX", "tx", 11, false, true, "packets sent"},
	{"EPOCH", "epoch", 5, false, false, "configuration in use"},
	{"LOST", "unaccounted", 6, false, false,
	 "packets taken in and neither sent, consumed, held, handed on nor dropped; while packets "
	 "are under way some may stand here for a moment"},
};

static const struct column stages[] = {
	{"STAGE", "stage", 12, true, false, "stage of the packet path, in wire order"},
	{"PKT/S", "packets_per_second", 10, false, false, "packets through it a second"},
	{"CYC/PKT", "cycles_per_packet", 9, false, false, "TSC cycles a packet"},
	{"SHARE", "share_percent", 7, false, false, "of the cycles of all stages"},
	{"PACKETS", "packets", 16, false, false, "packets through it"},
	{"CYCLES", "cycles", 18, false, true, "TSC cycles spent in it"},
};

/** What came in from anywhere. */
static uint64_t packets_in(const struct sl_stats_counters *c)
{
	return c->rx + c->redirected_in + c->injected;
}

/** In = out + drops holds for every worker; this is by how much it doesn't. */
static uint64_t unaccounted(const struct sl_stats_counters *c, uint64_t drops)
{
	uint64_t in = packets_in(c) + c->originated;
	uint64_t out = c->tx + c->consumed + c->punted + c->redirected_out +
		       sl_stats_gauge(c->held) + drops;

	return in > out ? in - out : out - in;
}

static void worker_row(struct page *page, struct table *t, const struct moment *m, uint32_t i)
{
	static const struct sl_stats_counters zero;
	const struct sl_stats_counters *w = &m->now->worker[i];
	const struct sl_stats_counters *p = m->prev ? &m->prev->worker[i] : &zero;
	double busy = (double)(w->busy_us - p->busy_us), idle = (double)(w->idle_us - p->idle_us);
	bool main_lcore = i == m->now->n_workers;
	struct cell *c = page_row(page, t);

	*c++ = cell_text(main_lcore ? "main" : page_text(page, "%u", i));
	*c++ = cell_percent(busy, busy + idle);
	*c++ = cell_ratio((double)(w->busy_cycles - p->busy_cycles),
			  (double)(packets_in(w) - packets_in(p)));
	*c++ = cell_rate(m, w->rx, &p->rx);
	*c++ = cell_rate(m, w->tx, &p->tx);
	*c++ = cell_rate(m, m->now->worker_drops[i], m->prev ? &m->prev->worker_drops[i] : NULL);
	*c++ = cell_rate(m, w->http_downstream_rq_total, &p->http_downstream_rq_total);
	*c++ = cell_count(sl_stats_gauge(w->tcp_conns));
	*c++ = cell_count(w->rx);
	*c++ = cell_count(w->tx);
	*c++ = cell_count(w->epoch);
	/* The main lcore hands packets to workers, which count them: its own don't add up alone. */
	if (!main_lcore)
		*c = cell_count(unaccounted(w, m->now->worker_drops[i]));
}

static void stage_rows(struct page *page, struct table *t, const struct moment *m)
{
	static const char *const names[] = {
#define STAGE_NAME(name) #name,
		SL_STAGE_LIST(STAGE_NAME)
#undef STAGE_NAME
	};
	struct sl_stats_stage gain[SL_STAGE_COUNT];
	double all = 0;

	for (int i = 0; i < SL_STAGE_COUNT; i++) {
		gain[i] = m->now->stage[i];
		if (m->prev) {
			gain[i].pkts -= m->prev->stage[i].pkts;
			gain[i].cycles -= m->prev->stage[i].cycles;
		}
		all += (double)gain[i].cycles;
	}
	for (int i = 0; i < SL_STAGE_COUNT; i++) {
		struct cell *c = page_row(page, t);

		*c++ = cell_text(names[i]);
		*c++ = cell_rate(m, m->now->stage[i].pkts,
				 m->prev ? &m->prev->stage[i].pkts : NULL);
		*c++ = cell_ratio((double)gain[i].cycles, (double)gain[i].pkts);
		*c++ = cell_percent((double)gain[i].cycles, all);
		*c++ = cell_count(m->now->stage[i].pkts);
		*c++ = cell_count(m->now->stage[i].cycles);
	}
}

void screen_workers(struct page *page, const struct moment *m)
{
	struct table *t = page_table(page, "workers", workers, SL_ARRAY_LEN(workers));
	struct table *s = page_table(page, "stages", stages, SL_ARRAY_LEN(stages));

	for (uint32_t i = 0; i <= m->now->n_workers; i++)
		worker_row(page, t, m, i);
	s->fixed = true;
	stage_rows(page, s, m);
}
