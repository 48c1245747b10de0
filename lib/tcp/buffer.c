/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much a connection may hold: both buffers begin small and follow the path's bandwidth-delay
 * product. Receive buffers are promises to the peer, so what they grow by comes from a budget; send
 * queues can be filled less at any time, so they only look whether buffers are plenty.
 */
#include "internal.h"

#define RTT_UNKNOWN_US  50000u
#define RTT_LEAST_US    1000u /* a round of the worker and its naps hide shorter ones */
#define RECLAIM_IDLE_MS 1000u
#define RECLAIM_ROWS    256u
#define MBUF_BYTES      1024u /* payload that a packet buffer holds, at least, in a bulk transfer */

void tcp_buffer_init(struct sl_tcp *tcp)
{
	uint64_t mbufs = tcp->lc->pool->size / SL_MAX(tcp->lc->workers, 1u);

	tcp->rcv_budget = (uint32_t)SL_MIN(mbufs / 2 * MBUF_BYTES, (uint64_t)UINT32_MAX);
}

static void shrink(struct sl_tcp_conn *c)
{
	struct path *p = path_of(c);

	c->tcp->rcv_budget += p->rcv_limit - c->tcp->cfg.rcv_buf_bytes;
	p->rcv_limit = c->tcp->cfg.rcv_buf_bytes;
	p->rcv_space = 0;
}

static void grow(struct sl_tcp_conn *c, uint32_t want)
{
	struct sl_tcp *tcp = c->tcp;
	struct path *p = path_of(c);
	uint32_t more;

	want = SL_MIN(want, tcp->cfg.buf_max_bytes);
	if (want <= p->rcv_limit || tcp->room != ROOM_PLENTY)
		return;
	more = want - p->rcv_limit;
	if (more > tcp->rcv_budget) {
		stats(tcp)->tcp_buffers_short++;
		tcp->rcv_short = true;
		return;
	}
	tcp->rcv_budget -= more;
	p->rcv_limit = want;
}

/*
 * Dynamic right-sizing (Fisk, Feng 2001): what the user took within a round trip is what a window
 * brought; twice that lets the sender double it, and where it does so already, twice that again.
 */
void tcp_buffer_taken(struct sl_tcp_conn *c, uint32_t n)
{
	struct path *p = path_of(c);
	uint32_t now = (uint32_t)c->tcp->lc->now_us, passed = now - p->rcv_since_us;
	uint32_t rtt = c->srtt_us ? SL_MAX(c->srtt_us >> 3, RTT_LEAST_US) : RTT_UNKNOWN_US;
	uint32_t brought;

	p->rcv_copied += n;
	if (passed < rtt)
		return;
	/* After a pause it is so much less in one round trip. */
	brought = passed > 2 * rtt ? (uint32_t)((uint64_t)p->rcv_copied * rtt / passed)
				   : p->rcv_copied;
	if (brought > p->rcv_space) {
		grow(c, brought > p->rcv_space + p->rcv_space / 2 ? 4 * brought : 2 * brought);
		p->rcv_space = brought;
	}
	p->rcv_copied = 0;
	p->rcv_since_us = now;
}

void tcp_buffer_release(struct sl_tcp_conn *c)
{
	shrink(c);
}

void tcp_buffer_reclaim(struct sl_tcp *tcp)
{
	uint32_t n = SL_MIN(RECLAIM_ROWS, tcp->conns_fresh);

	if (!tcp->rcv_short)
		return;
	for (uint32_t i = 0; i < n; i++) {
		struct sl_tcp_conn *c;

		if (tcp->reclaim_row >= tcp->conns_fresh) {
			/* Once round: again when there is need again. */
			tcp->reclaim_row = 0;
			tcp->rcv_short = false;
			return;
		}
		c = &tcp->conns[tcp->reclaim_row++];
		if (c->state > ST_CLOSED && path_of(c)->rcv_limit > tcp->cfg.rcv_buf_bytes &&
		    !c->rcv_len && tcp->now_ms - c->t_rx >= RECLAIM_IDLE_MS)
			shrink(c);
	}
}

/* Twice the congestion window: one for what is under way, one for what comes when it grows. */
uint32_t tcp_buffer_snd(const struct sl_tcp_conn *c)
{
	const struct sl_tcp_config *cfg = &c->tcp->cfg;

	if (c->tcp->room == ROOM_LITTLE)
		return SL_MAX(cfg->snd_buf_bytes / 4, 4 * eff_mss(c));
	if (c->tcp->room != ROOM_PLENTY || c->cwnd <= cfg->snd_buf_bytes / 2)
		return cfg->snd_buf_bytes;
	return SL_MIN(SL_MIN(c->cwnd, cfg->buf_max_bytes) * 2, cfg->buf_max_bytes);
}

uint32_t tcp_buffer_rcv(const struct sl_tcp_conn *c)
{
	uint32_t limit = path_of(c)->rcv_limit;

	if (c->tcp->pressure)
		return SL_MIN(limit, 2u * c->adv_mss);
	if (c->tcp->room == ROOM_LITTLE)
		return SL_MIN(limit, SL_MAX(c->tcp->cfg.rcv_buf_bytes / 4, 4u * c->adv_mss));
	return limit;
}
