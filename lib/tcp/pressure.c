/* SPDX-License-Identifier: BSD-3-Clause */
/* What happens when packet buffers run low: windows shrink, then newest idle connections go. */
#include "internal.h"

#define CHECK_MS     10u
#define SCAN_ROWS    256u /* connections looked at in one check */
#define SHED_AT_ONCE 8u

/* Holds nothing of worth: no data either way. */
static bool is_idle(const struct sl_tcp_conn *c)
{
	return c->state == ST_ESTABLISHED && c->side == SL_TCP_DOWNSTREAM && !c->rcv_len &&
	       !c->sndq;
}

/* The newest of those seen: older ones have served longer and cost no new handshake. */
static void keep_newest(struct sl_tcp_conn *best[SHED_AT_ONCE], struct sl_tcp_conn *c)
{
	for (unsigned i = 0; i < SHED_AT_ONCE; i++) {
		struct sl_tcp_conn *other = best[i];

		if (other && !seq_lt(other->t_rx, c->t_rx))
			continue;
		best[i] = c;
		if (!other)
			return;
		c = other;
	}
}

/* A part of the table a call: data out of order goes, the peer has it still; idle ones are reset.
 */
static void shed(struct sl_tcp *tcp)
{
	struct sl_tcp_conn *best[SHED_AT_ONCE] = {NULL};
	uint32_t n = SL_MIN(SCAN_ROWS, tcp->conns_fresh);

	for (uint32_t i = 0; i < n; i++) {
		struct sl_tcp_conn *c;

		if (tcp->shed_row == 0 || tcp->shed_row > tcp->conns_fresh)
			tcp->shed_row = tcp->conns_fresh;
		c = &tcp->conns[--tcp->shed_row];
		if (c->state <= ST_CLOSED)
			continue;
		tcp_reass_purge(c);
		if (is_idle(c))
			keep_newest(best, c);
	}
	for (unsigned i = 0; i < SHED_AT_ONCE && best[i]; i++) {
		tcp_conn_reset_out(best[i]);
		tcp_conn_end(best[i], SL_TCP_END_ABORT);
	}
}

static uint32_t percent_left(struct rte_mempool *pool)
{
	return (uint32_t)((uint64_t)rte_mempool_avail_count(pool) * 100 / pool->size);
}

void tcp_pressure_check(struct sl_tcp *tcp)
{
	uint32_t left;

	if (tcp->now_ms - tcp->pressure_checked_ms < CHECK_MS)
		return;
	tcp->pressure_checked_ms = tcp->now_ms;
	left = SL_MIN(percent_left(tcp->lc->pool), percent_left(tcp->lc->clone_pool));
	tcp->pressure = left < 2 ? PRESSURE_HIGH : left < 10 ? PRESSURE_LOW : PRESSURE_NONE;
	if (tcp->pressure == PRESSURE_HIGH)
		shed(tcp);
}
