/* SPDX-License-Identifier: BSD-3-Clause */
/* What happens when packet buffers run low: windows shrink, then idle and greedy connections go. */
#include "internal.h"

#define CHECK_MS     1u   /* between two looks, and between two times that connections are ended */
#define SCAN_ROWS    256u /* connections looked at in one of them */
#define SHED_AT_ONCE 2u   /* of each kind */
#define GREEDY_MBUFS 2u   /* who holds fewer is modest */
#define STALLED_MS   200u /* no progress for so long: the buffers are pinned */
#define IDLE_MS      100u /* a request may be on its way until then */
#define RESERVE      (2u * SL_BURST)

/* The best of those seen by rank, highest first. */
struct victims {
	struct sl_tcp_conn *conn[SHED_AT_ONCE];
	uint32_t rank[SHED_AT_ONCE];
};

/* Holds nothing of worth: no data either way, no answer owed, and not just opened to ask. */
static bool is_idle(const struct sl_tcp_conn *c)
{
	return c->state == ST_ESTABLISHED && c->side == SL_TCP_DOWNSTREAM && !c->rcv_len &&
	       !c->sndq && !(c->flags & F_ASKED) && c->tcp->now_ms - c->t_rx >= IDLE_MS;
}

/* Buffers that a client pins without moving on; 0 when it does, or has few. */
static uint32_t greed(const struct sl_tcp_conn *c)
{
	uint32_t now = c->tcp->now_ms, since = c->sndq ? c->t_progress : c->t_rx;
	uint32_t n = (uint32_t)c->snd_mbufs + c->rcv_mbufs;

	if (c->side != SL_TCP_DOWNSTREAM || n < GREEDY_MBUFS || now - since < STALLED_MS)
		return 0;
	return n;
}

static void keep(struct victims *v, struct sl_tcp_conn *c, uint32_t rank)
{
	for (unsigned i = 0; i < SHED_AT_ONCE; i++) {
		struct sl_tcp_conn *other = v->conn[i];
		uint32_t other_rank = v->rank[i];

		if (other && other_rank >= rank)
			continue;
		v->conn[i] = c;
		v->rank[i] = rank;
		if (!other)
			return;
		c = other;
		rank = other_rank;
	}
}

static void reset_all(struct victims *v)
{
	for (unsigned i = 0; i < SHED_AT_ONCE && v->conn[i]; i++) {
		tcp_conn_reset_out(v->conn[i]);
		tcp_conn_end(v->conn[i], SL_TCP_END_ABORT);
	}
}

/*
 * A part of the table a call: data out of order goes, the peer has it still; of idle connections
 * the newest are reset (older ones have served longer and cost no new handshake), of stalled ones
 * those that hold most.
 */
static void shed(struct sl_tcp *tcp)
{
	struct victims idle = {0}, greedy = {0};
	uint32_t n = SL_MIN(SCAN_ROWS, tcp->conns_fresh);

	for (uint32_t i = 0; i < n; i++) {
		struct sl_tcp_conn *c;
		uint32_t held;

		if (tcp->shed_row == 0 || tcp->shed_row > tcp->conns_fresh)
			tcp->shed_row = tcp->conns_fresh;
		c = &tcp->conns[--tcp->shed_row];
		if (c->state <= ST_CLOSED)
			continue;
		tcp_reass_purge(c);
		held = greed(c);
		if (held)
			keep(&greedy, c, held);
		else if (is_idle(c))
			keep(&idle, c, UINT32_MAX - (tcp->now_ms - c->t_rx));
	}
	reset_all(&idle);
	reset_all(&greedy);
}

/* What this lcore can still get: other lcores' caches do not help it. */
static uint32_t left_of(const struct rte_mempool *pool)
{
	uint32_t left = rte_mempool_avail_count(pool), elsewhere = 0;
	unsigned lcore;

	if (!pool->cache_size)
		return left;
	RTE_LCORE_FOREACH(lcore)
	if (lcore != rte_lcore_id())
		elsewhere += pool->local_cache[lcore].len;
	return left > elsewhere ? left - elsewhere : 0;
}

static uint8_t level(const struct rte_mempool *pool, uint32_t left)
{
	uint32_t size = pool->size;

	if (left < SL_MAX(size / 100, RESERVE))
		return PRESSURE_FULL;
	if (left < size / 50)
		return PRESSURE_HIGH;
	return left < size / 10 ? PRESSURE_LOW : PRESSURE_NONE;
}

static uint8_t room_of(const struct sl_tcp *tcp, uint32_t data_left, uint32_t small_left)
{
	uint32_t data = tcp->lc->pool->size, small = tcp->lc->clone_pool->size;

	if (data_left > data / 2 && small_left > small / 2)
		return ROOM_PLENTY;
	return data_left > data / 4 && small_left > small / 4 ? ROOM_ENOUGH : ROOM_LITTLE;
}

/* While there is plenty a look now and then will do; it costs a cache line an lcore. */
void tcp_pressure_check(struct sl_tcp *tcp)
{
	bool due = tcp->now_ms - tcp->pressure_checked_ms >= CHECK_MS;
	uint32_t data_left, small_left;
	uint8_t small;

	if (!due && !tcp->pressure)
		return;
	data_left = left_of(tcp->lc->pool);
	small_left = left_of(tcp->lc->clone_pool);
	/* Payload takes none of the small ones. */
	small = SL_MIN(level(tcp->lc->clone_pool, small_left), (uint8_t)PRESSURE_HIGH);
	tcp->pressure = SL_MAX(level(tcp->lc->pool, data_left), small);
	if (!due)
		return;
	tcp->pressure_checked_ms = tcp->now_ms;
	tcp->room = room_of(tcp, data_left, small_left);
	tcp_buffer_reclaim(tcp);
	if (tcp->pressure >= PRESSURE_HIGH)
		shed(tcp);
}

uint32_t tcp_pressure_syn_window(const struct sl_tcp *tcp, uint32_t mss)
{
	uint32_t most = SL_MIN(tcp->cfg.rcv_buf_bytes, 65535u);

	return tcp->pressure ? SL_MIN(most, 2 * mss) : most;
}
