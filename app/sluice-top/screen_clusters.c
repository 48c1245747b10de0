/* SPDX-License-Identifier: BSD-3-Clause */
/* Clusters: requests, failures and latency of each cluster and endpoint. */
#include "screens.h"

static const struct column clusters[] = {
	{"CLUSTER", "cluster", 0, true, false, "name of the cluster"},
	{"RQ/S", "requests_per_second", 7, false, false, "requests a second"},
	{"RQ", "requests", 8, false, false, "requests"},
	{"ACT", "requests_active", 5, false, false, "requests being served"},
	{"2XX", "rq_2xx", 8, false, true, "answers 2xx"},
	{"3XX", "rq_3xx", 6, false, true, "answers 3xx"},
	{"4XX", "rq_4xx", 6, false, true, "answers 4xx"},
	{"5XX", "rq_5xx", 6, false, false, "answers 5xx"},
	{"RETRY", "retries", 5, false, false, "requests sent again"},
	{"T/O", "timeouts", 5, false, false, "requests that timed out"},
	{"NOHOST", "none_healthy", 6, false, false, "requests that found no healthy endpoint"},
	{"P50", "p50_us", 6, false, false, "half of the last interval's answers began sooner"},
	{"P99", "p99_us", 6, false, false, "99 % of the last interval's answers began sooner"},
	{"P99ALL", "total_p99_us", 6, false, true, "99 % of all answers began sooner"},
};

static const struct column endpoints[] = {
	{"ENDPOINT", "endpoint", 0, true, false, "cluster and address"},
	{"STATE", "state", 7, true, false, "OK, FAILED its health checks, EJECTED for failures"},
	{"RQ/S", "requests_per_second", 7, false, false, "requests a second"},
	{"RQ", "requests", 8, false, false, "requests"},
	{"ACT", "requests_active", 5, false, false, "requests being served"},
	{"OK", "success", 8, false, false, "answers below 500"},
	{"ERR", "errors", 6, false, false, "answers 5xx, resets and timeouts"},
	{"CXFAIL", "connect_failures", 6, false, false, "connections that could not be opened"},
	{"CX", "connections_active", 5, false, true, "connections open"},
	{"IDLE", "connections_idle", 5, false, true, "of them waiting in a pool"},
	{"L4", "l4_sessions", 6, false, true, "L4 sessions"},
	{"EJECT", "ejections", 5, false, true, "times it was ejected"},
	{"CHKBAD", "checks_failed", 6, false, true, "health checks that failed"},
};

static const char *state(const struct sl_stats_endpoint *e)
{
	if (sl_stats_gauge(e->check_failing))
		return "FAILED";
	return sl_stats_gauge(e->ejected) ? "EJECTED" : "OK";
}

static void cluster_row(struct page *page, struct table *t, const struct moment *m, size_t i)
{
	const struct sl_stats_cluster *now = moment_now(m, SL_STATS_CLUSTER, i);
	const struct sl_stats_cluster *prev = moment_prev(m, SL_STATS_CLUSTER, i);
	struct cell *c = page_row(page, t);
	struct sl_hist gain;

	hist_gain(&gain, &now->latency, PREV(prev, latency));
	*c++ = cell_text(m->now->cls[SL_STATS_CLUSTER].obj[i].name);
	*c++ = cell_rate(m, now->rq_total, PREV(prev, rq_total));
	*c++ = cell_count(now->rq_total);
	*c++ = cell_count(sl_stats_gauge(now->rq_active));
	*c++ = cell_count(now->rq_2xx);
	*c++ = cell_count(now->rq_3xx);
	*c++ = cell_count(now->rq_4xx);
	*c++ = cell_count(now->rq_5xx);
	*c++ = cell_count(now->rq_retry);
	*c++ = cell_count(now->rq_timeout);
	*c++ = cell_count(now->none_healthy);
	*c++ = cell_quantile(&gain, 0.5);
	*c++ = cell_quantile(&gain, 0.99);
	*c++ = cell_quantile(&now->latency, 0.99);
}

static void endpoint_row(struct page *page, struct table *t, const struct moment *m, size_t i)
{
	const struct sl_stats_endpoint *now = moment_now(m, SL_STATS_ENDPOINT, i);
	const struct sl_stats_endpoint *prev = moment_prev(m, SL_STATS_ENDPOINT, i);
	struct cell *c = page_row(page, t);

	*c++ = cell_text(m->now->cls[SL_STATS_ENDPOINT].obj[i].name);
	*c++ = cell_text(state(now));
	*c++ = cell_rate(m, now->rq_total, PREV(prev, rq_total));
	*c++ = cell_count(now->rq_total);
	*c++ = cell_count(sl_stats_gauge(now->rq_active));
	*c++ = cell_count(now->rq_success);
	*c++ = cell_count(now->rq_error);
	*c++ = cell_count(now->cx_connect_fail);
	*c++ = cell_count(sl_stats_gauge(now->cx_active));
	*c++ = cell_count(sl_stats_gauge(now->cx_idle));
	*c++ = cell_count(sl_stats_gauge(now->l4_sessions));
	*c++ = cell_count(now->ejections);
	*c++ = cell_count(now->checks_failed);
}

void screen_clusters(struct page *page, const struct moment *m)
{
	struct table *t = page_table(page, "clusters", clusters, SL_ARRAY_LEN(clusters));
	struct table *e = page_table(page, "endpoints", endpoints, SL_ARRAY_LEN(endpoints));

	for (size_t i = 0; i < m->now->cls[SL_STATS_CLUSTER].n; i++)
		cluster_row(page, t, m, i);
	for (size_t i = 0; i < m->now->cls[SL_STATS_ENDPOINT].n; i++)
		endpoint_row(page, e, m, i);
}
