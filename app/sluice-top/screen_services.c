/* SPDX-License-Identifier: BSD-3-Clause */
/* Services: L4 sessions in all, and what each translated service carries. */
#include "screens.h"

static const struct column sessions[] = {
	{"L4 SESSIONS", "sessions_of", 0, true, false, "of which worker"},
	{"NOW", "sessions", 10, false, false, "sessions open"},
	{"NEW/S", "created_per_second", 10, false, false, "sessions created a second"},
	{"CREATED", "created", 12, false, false, "sessions created"},
	{"ENDED", "expired", 12, false, false, "sessions that ended"},
};

static const struct column services[] = {
	{"SERVICE", "service", 0, true, false, "service, address and port"},
	{"SESS", "sessions", 7, false, false, "sessions or connections open"},
	{"NEW/S", "sessions_per_second", 7, false, false, "sessions opened a second"},
	{"TOTAL", "sessions_total", 8, false, false, "sessions opened"},
	{"IN/S", "in_per_second", 8, false, false, "packets from clients a second"},
	{"OUT/S", "out_per_second", 8, false, false, "packets to clients a second"},
	{"INBIT/S", "in_bits_per_second", 8, false, true, "bits from clients a second"},
	{"OUTBIT/S", "out_bits_per_second", 8, false, true, "bits to clients a second"},
	{"IN", "in", 9, false, true, "packets from clients"},
	{"OUT", "out", 9, false, true, "packets to clients"},
	{"REFUSED", "refused", 7, false, false, "packets refused"},
};

static void session_row(struct page *page, struct table *t, const struct moment *m, uint32_t i)
{
	const struct sl_stats_counters *now = &m->now->worker[i];
	const struct sl_stats_counters *prev = m->prev ? &m->prev->worker[i] : NULL;
	struct cell *c = page_row(page, t);

	*c++ = cell_text(page_text(page, "worker %u", i));
	*c++ = cell_count(sl_stats_gauge(now->nat_sessions));
	*c++ = cell_rate(m, now->nat_created, PREV(prev, nat_created));
	*c++ = cell_count(now->nat_created);
	*c++ = cell_count(now->nat_expired);
}

static void service_row(struct page *page, struct table *t, const struct moment *m, size_t i)
{
	const struct sl_stats_service *now = moment_now(m, SL_STATS_SERVICE, i);
	const struct sl_stats_service *prev = moment_prev(m, SL_STATS_SERVICE, i);
	struct cell *c = page_row(page, t);

	*c++ = cell_text(m->now->cls[SL_STATS_SERVICE].obj[i].name);
	*c++ = cell_count(sl_stats_gauge(now->sessions));
	*c++ = cell_rate(m, now->sessions_total, PREV(prev, sessions_total));
	*c++ = cell_count(now->sessions_total);
	*c++ = cell_rate(m, now->in_pkts, PREV(prev, in_pkts));
	*c++ = cell_rate(m, now->out_pkts, PREV(prev, out_pkts));
	*c++ = cell_bits(m, now->in_bytes, PREV(prev, in_bytes));
	*c++ = cell_bits(m, now->out_bytes, PREV(prev, out_bytes));
	*c++ = cell_count(now->in_pkts);
	*c++ = cell_count(now->out_pkts);
	*c++ = cell_count(now->refused);
}

void screen_services(struct page *page, const struct moment *m)
{
	struct table *s = page_table(page, "sessions", sessions, SL_ARRAY_LEN(sessions));
	struct table *t = page_table(page, "services", services, SL_ARRAY_LEN(services));

	for (uint32_t i = 0; i < m->now->n_workers; i++)
		session_row(page, s, m, i);
	for (size_t i = 0; i < m->now->cls[SL_STATS_SERVICE].n; i++)
		service_row(page, t, m, i);
}
