/* SPDX-License-Identifier: BSD-3-Clause */
/* Overview: the gateway on one page. */
#include "screens.h"

static const struct column columns[] = {
	{"WHAT", "what", 0, true, false, "what is counted"},
	{"PER SECOND", "per_second", 12, false, false, "over the last interval"},
	{"TOTAL", "total", 16, false, false, "since the data plane was started"},
	{"NOW", "now", 12, false, false, "at this moment"},
};
enum { WHAT, PER_SECOND, TOTAL, NOW };

struct sheet {
	struct page *page;
	struct table *t;
	const struct moment *m;
};

/** A counter of the workers: per second and in total. */
static struct cell *row(struct sheet *s, const char *what, uint64_t now, const uint64_t *prev)
{
	struct cell *c = page_row(s->page, s->t);

	c[WHAT] = cell_text(what);
	c[PER_SECOND] = cell_rate(s->m, now, prev);
	c[TOTAL] = cell_count(now);
	return c;
}

static void row_now(struct sheet *s, const char *what, struct cell now)
{
	struct cell *c = page_row(s->page, s->t);

	c[WHAT] = cell_text(what);
	c[NOW] = now;
}

/* Rows from counters of the sum over all workers; the second also has a gauge. */
#define COUNTER(what, field) row(s, what, now->field, PREV(prev, field))
#define GAUGED(what, field, gauge) \
	(COUNTER(what, field)[NOW] = cell_count(sl_stats_gauge(now->gauge)))

/** Latency of all routes together over the last interval. */
static void latency_rows(struct sheet *s)
{
	struct sl_hist all = {0}, gain;

	for (size_t i = 0; i < s->m->now->cls[SL_STATS_ROUTE].n; i++) {
		const struct sl_stats_route *now = moment_now(s->m, SL_STATS_ROUTE, i);
		const struct sl_stats_route *prev = moment_prev(s->m, SL_STATS_ROUTE, i);

		hist_gain(&gain, &now->latency, PREV(prev, latency));
		for (unsigned b = 0; b < SL_HIST_BUCKETS; b++)
			all.bucket[b] += gain.bucket[b];
	}
	row_now(s, "request latency p50", cell_quantile(&all, 0.5));
	row_now(s, "request latency p99", cell_quantile(&all, 0.99));
}

static void http_rows(struct sheet *s, const struct sl_stats_counters *now,
		      const struct sl_stats_counters *prev)
{
	GAUGED("requests", http_downstream_rq_total, http_downstream_rq_active);
	COUNTER("answers 2xx", http_rq_2xx);
	COUNTER("answers 3xx", http_rq_3xx);
	COUNTER("answers 4xx", http_rq_4xx);
	COUNTER("answers 5xx", http_rq_5xx);
	latency_rows(s);
	GAUGED("client connections", http_downstream_cx_total, http_downstream_cx_active);
	GAUGED("endpoint connections", http_upstream_cx_total, http_upstream_cx_active);
	COUNTER("requests sent again", http_upstream_retries);
}

static void packet_rows(struct sheet *s, const struct sl_stats_counters *now,
			const struct sl_stats_counters *prev)
{
	GAUGED("L4 sessions", nat_created, nat_sessions);
	COUNTER("packets received", rx);
	COUNTER("bytes received", rx_bytes);
	COUNTER("packets sent", tx);
	COUNTER("bytes sent", tx_bytes);
	COUNTER("TCP retransmissions", tcp_retransmits);
}

void screen_overview(struct page *page, const struct moment *m)
{
	struct sheet s = {.page = page, .m = m};
	const struct sl_stats_counters *now = &m->now->total,
				       *prev = m->prev ? &m->prev->total : NULL;
	uint64_t busy = 0, idle = 0;

	s.t = page_table(page, "overview", columns, SL_ARRAY_LEN(columns));
	s.t->fixed = true;
	http_rows(&s, now, prev);
	packet_rows(&s, now, prev);
	row(&s, "packets dropped", m->now->drops, m->prev ? &m->prev->drops : NULL);
	row(&s, "access records dropped", now->log_dropped, PREV(prev, log_dropped));
	for (uint32_t i = 0; i < m->now->n_workers; i++) {
		const struct sl_stats_counters *w = &m->now->worker[i];

		busy += w->busy_us - (m->prev ? m->prev->worker[i].busy_us : 0);
		idle += w->idle_us - (m->prev ? m->prev->worker[i].idle_us : 0);
	}
	row_now(&s, "workers busy", cell_percent((double)busy, (double)(busy + idle)));
	row_now(&s, "packet buffers free",
		cell_percent((double)m->now->mbufs_free, (double)m->now->mbufs_total));
}
