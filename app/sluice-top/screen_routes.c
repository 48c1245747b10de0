/* SPDX-License-Identifier: BSD-3-Clause */
/* Routes: requests, answers and latency of each listener and route. */
#include "screens.h"

static const struct column listeners[] = {
	{"LISTENER", "listener", 0, true, false, "name of the listener"},
	{"RQ/S", "requests_per_second", 7, false, false, "requests a second"},
	{"RQ", "requests", 8, false, false, "requests"},
	{"ACT", "requests_active", 5, false, false, "requests being served"},
	{"2XX", "rq_2xx", 7, false, false, "answers 2xx"},
	{"3XX", "rq_3xx", 7, false, true, "answers 3xx"},
	{"4XX", "rq_4xx", 6, false, false, "answers 4xx"},
	{"5XX", "rq_5xx", 6, false, false, "answers 5xx"},
	{"CX/S", "connections_per_second", 7, false, false, "connections accepted a second"},
	{"CX", "connections_active", 6, false, false, "connections open"},
	{"RXBIT/S", "rx_bits_per_second", 8, false, true, "bits from clients a second"},
	{"TXBIT/S", "tx_bits_per_second", 8, false, true, "bits to clients a second"},
};

static const struct column routes[] = {
	{"ROUTE", "route", 0, true, false, "name of the route"},
	{"RQ/S", "requests_per_second", 7, false, false, "requests a second"},
	{"RQ", "requests", 8, false, false, "requests"},
	{"2XX", "rq_2xx", 7, false, false, "answers 2xx"},
	{"3XX", "rq_3xx", 5, false, true, "answers 3xx"},
	{"4XX", "rq_4xx", 6, false, false, "answers 4xx"},
	{"5XX", "rq_5xx", 6, false, false, "answers 5xx"},
	{"P50", "p50_us", 6, false, false, "half of the last interval's requests were faster"},
	{"P99", "p99_us", 6, false, false, "99 % of the last interval's requests were faster"},
	{"P99ALL", "total_p99_us", 6, false, true, "99 % of all requests were faster"},
};

static void listener_row(struct page *page, struct table *t, const struct moment *m, size_t i)
{
	const struct sl_stats_listener *now = moment_now(m, SL_STATS_LISTENER, i);
	const struct sl_stats_listener *prev = moment_prev(m, SL_STATS_LISTENER, i);
	struct cell *c = page_row(page, t);

	*c++ = cell_text(m->now->cls[SL_STATS_LISTENER].obj[i].name);
	*c++ = cell_rate(m, now->rq_total, PREV(prev, rq_total));
	*c++ = cell_count(now->rq_total);
	*c++ = cell_count(sl_stats_gauge(now->rq_active));
	*c++ = cell_count(now->rq_2xx);
	*c++ = cell_count(now->rq_3xx);
	*c++ = cell_count(now->rq_4xx);
	*c++ = cell_count(now->rq_5xx);
	*c++ = cell_rate(m, now->cx_total, PREV(prev, cx_total));
	*c++ = cell_count(sl_stats_gauge(now->cx_active));
	*c++ = cell_bits(m, now->rx_bytes, PREV(prev, rx_bytes));
	*c++ = cell_bits(m, now->tx_bytes, PREV(prev, tx_bytes));
}

static void route_row(struct page *page, struct table *t, const struct moment *m, size_t i)
{
	const struct sl_stats_route *now = moment_now(m, SL_STATS_ROUTE, i);
	const struct sl_stats_route *prev = moment_prev(m, SL_STATS_ROUTE, i);
	struct cell *c = page_row(page, t);
	struct sl_hist gain;

	hist_gain(&gain, &now->latency, PREV(prev, latency));
	*c++ = cell_text(m->now->cls[SL_STATS_ROUTE].obj[i].name);
	*c++ = cell_rate(m, now->rq_total, PREV(prev, rq_total));
	*c++ = cell_count(now->rq_total);
	*c++ = cell_count(now->rq_2xx);
	*c++ = cell_count(now->rq_3xx);
	*c++ = cell_count(now->rq_4xx);
	*c++ = cell_count(now->rq_5xx);
	*c++ = cell_quantile(&gain, 0.5);
	*c++ = cell_quantile(&gain, 0.99);
	*c++ = cell_quantile(&now->latency, 0.99);
}

void screen_routes(struct page *page, const struct moment *m)
{
	struct table *t = page_table(page, "listeners", listeners, SL_ARRAY_LEN(listeners));
	struct table *r = page_table(page, "routes", routes, SL_ARRAY_LEN(routes));

	for (size_t i = 0; i < m->now->cls[SL_STATS_LISTENER].n; i++)
		listener_row(page, t, m, i);
	for (size_t i = 0; i < m->now->cls[SL_STATS_ROUTE].n; i++)
		route_row(page, r, m, i);
}
