/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fast retransmit and recovery: with SACK losses are found as RACK does (RFC 8985) and repaired at
 * the pace of PRR (RFC 6937), without it by NewReno (RFC 6582); and what a timeout leaves (RFC 5681
 * 3.1).
 */
#include "internal.h"

#define REORDER_MAX     32u /* quarters of a round trip; a whole one is the limit anyway */
#define REORDER_PERSIST 16u /* recoveries */

/* RFC 6937 3: how much may be sent on this ACK. */
static void prr_update(struct sl_tcp_conn *c, uint32_t delivered)
{
	struct loss *l = tcp_conn_loss(c);
	uint32_t pipe = tcp_sack_pipe(c), send;

	l->prr_delivered += delivered;
	if (pipe > c->ssthresh) {
		uint64_t due = ((uint64_t)l->prr_delivered * c->ssthresh + l->recover_fs - 1) /
			       l->recover_fs;

		send = due > l->prr_out ? (uint32_t)due - l->prr_out : 0;
	} else { /* slow start reduction bound */
		uint32_t limit = l->prr_delivered > l->prr_out ? l->prr_delivered - l->prr_out : 0;

		limit = SL_MAX(limit, delivered) + eff_mss(c);
		send = SL_MIN(c->ssthresh - pipe, limit);
	}
	c->cwnd = SL_MAX(pipe + send, eff_mss(c));
}

static void undo_prepare(const struct sl_tcp_conn *c, struct loss *l)
{
	l->undo = c->flags & F_TS ? 1 : 0;
	l->undo_ts = ts_now(c);
	l->undo_cwnd = c->cwnd;
	l->undo_ssthresh = c->ssthresh;
	l->undo_wmax = c->cubic_wmax;
	l->undo_epoch = c->cubic_epoch;
}

static void enter(struct sl_tcp_conn *c, uint32_t delivered)
{
	struct loss *l = tcp_conn_loss(c);

	if (l)
		undo_prepare(c, l);
	tcp_cong_reduce(c);
	c->recover = c->snd_max;
	c->flags |= F_RECOVERY | F_REXMT_ONE;
	c->flags &= ~(F_RTT | F_TLP_OUT);
	stats(c->tcp)->tcp_fast_recoveries++;
	if (l) {
		l->rescue_used = 0;
		l->prr_delivered = l->prr_out = 0;
		l->recover_fs = in_flight(c);
		prr_update(c, delivered);
	} else {
		c->cwnd = c->ssthresh + DUP_THRESH * c->mss;
	}
}

/*
 * RFC 8985 6.2, step 4: how long a hole may stay one. Nothing where no reordering was seen and
 * enough has arrived above it, else part of a round trip, more the more often that was too little.
 */
static uint32_t reorder_window_us(const struct sl_tcp_conn *c, const struct loss *l)
{
	uint64_t us;

	if (!c->reorder && (c->flags & (F_RECOVERY | F_LOSS) || c->dupacks >= DUP_THRESH ||
			    l->n >= DUP_THRESH || l->sacked_bytes > (DUP_THRESH - 1) * eff_mss(c)))
		return 0;
	us = (uint64_t)path_of(c)->min_rtt_us / 4 * SL_MAX(c->reorder, 1u);
	/* Timers tick in milliseconds. */
	return (uint32_t)SL_MAX(SL_MIN(us, c->srtt_us >> 3), 1000u);
}

/* With SACK: finds what is lost by now, and begins a recovery where there is none. */
static void detect(struct sl_tcp_conn *c, uint32_t delivered)
{
	struct loss *l = tcp_conn_loss(c);
	bool lost = tcp_sack_detect(c, reorder_window_us(c, l), c->srtt_us >> 3);

	if (lost && !(c->flags & (F_RECOVERY | F_LOSS)))
		enter(c, delivered);
	else if (c->flags & F_RECOVERY)
		prr_update(c, delivered);
}

void tcp_recovery_reorder_timer(struct sl_tcp_conn *c)
{
	if (c->loss != ROW_NONE)
		detect(c, 0);
	tcp_timer_rexmt(c);
	tcp_conn_touch(c);
}

void tcp_recovery_dupack(struct sl_tcp_conn *c, uint32_t sacked)
{
	if (c->dupacks < UINT8_MAX)
		c->dupacks++;
	if (c->loss != ROW_NONE) {
		detect(c, sacked);
		/* What a tail loss probe would find out is known now. */
		if (c->flags & F_TLP || tcp_conn_loss(c)->due_us != UINT32_MAX)
			tcp_timer_rexmt(c);
		return;
	}
	if (c->flags & F_RECOVERY) {
		c->cwnd += c->mss;
		return;
	}
	/* RFC 6582 3.2: not again for what a timeout has dealt with. */
	if (!(c->flags & F_LOSS) && c->dupacks >= DUP_THRESH)
		enter(c, 0);
}

static void leave(struct sl_tcp_conn *c)
{
	uint32_t flight = in_flight(c);

	if (c->loss != ROW_NONE)
		c->cwnd = c->ssthresh;
	else /* RFC 6582 3.2 step 3, first option: no burst */
		c->cwnd = SL_MIN(c->ssthresh, SL_MAX(flight, (uint32_t)c->mss) + c->mss);
	c->flags &= ~(F_RECOVERY | F_REXMT_ONE);
	c->dupacks = 0;
	/* RFC 8985 6.2, step 4: what it took to bear reordering is forgotten after a while. */
	if (c->reorder > 1 && ++path_of(c)->reorder_age >= REORDER_PERSIST) {
		c->reorder = 1;
		path_of(c)->reorder_age = 0;
	}
}

/* It was sent again for nothing: more reordering is to be borne. Once a round trip. */
static void bear_more(struct sl_tcp_conn *c)
{
	struct path *p = path_of(c);

	if (seq_lt(c->snd_una, p->reorder_seq) && seq_le(p->reorder_seq, c->snd_max))
		return;
	p->reorder_seq = c->snd_max;
	p->reorder_age = 0;
	c->reorder = (uint8_t)SL_MIN(c->reorder + 1u, REORDER_MAX);
}

void tcp_recovery_dsack(struct sl_tcp_conn *c, uint32_t left, uint32_t right)
{
	uint32_t end = path_of(c)->rexmt_end;

	/* The network doubles packets too. */
	if (seq_lt(left, end) && seq_le(right, end) && end - left <= c->max_snd_wnd)
		bear_more(c);
}

/*
 * RFC 3522: the first ACK that gets on echoes a timestamp from before we sent anything again, so
 * nothing was lost, only overtaken, or late. What the recovery changed is put back (RFC 4015).
 */
void tcp_recovery_eifel(struct sl_tcp_conn *c, const struct seg *s)
{
	struct loss *l = tcp_conn_loss(c);

	if (!l || !l->undo)
		return;
	l->undo = 0;
	if (!s->o.has_ts || !s->o.tsecr || !seq_lt(s->o.tsecr, l->undo_ts))
		return;
	if (c->flags & F_RECOVERY)
		bear_more(c);
	c->cwnd = SL_MAX(c->cwnd, l->undo_cwnd);
	c->ssthresh = l->undo_ssthresh;
	c->cubic_wmax = l->undo_wmax;
	c->cubic_epoch = l->undo_epoch;
	c->flags &= ~(F_RECOVERY | F_LOSS | F_REXMT_ONE);
	tcp_sack_lose_none(c);
	stats(c->tcp)->tcp_spurious++;
}

static void acked_sack(struct sl_tcp_conn *c, uint32_t from, uint32_t sacked, bool growing)
{
	uint32_t acked = c->snd_una - from, known = tcp_sack_ack(c, from);

	if (c->loss != ROW_NONE)
		detect(c, acked - SL_MIN(known, acked) + sacked);
	if (growing && !(c->flags & F_RECOVERY))
		tcp_cong_acked(c, acked);
}

void tcp_recovery_acked(struct sl_tcp_conn *c, uint32_t from, uint32_t sacked)
{
	uint32_t acked = c->snd_una - from;
	/* What a recovery delivered has had its say: growth begins behind it. */
	bool growing = !(c->flags & F_RECOVERY);

	if (!seq_lt(c->snd_una, c->recover)) {
		if (c->flags & F_RECOVERY)
			leave(c);
		c->flags &= ~F_LOSS;
	}
	if (!(c->flags & F_RECOVERY))
		c->dupacks = 0;
	if (c->loss != ROW_NONE) {
		acked_sack(c, from, sacked, growing);
	} else if (c->flags & F_RECOVERY) { /* partial ACK: the next hole, the window deflated */
		c->flags |= F_REXMT_ONE;
		c->cwnd -= SL_MIN(acked, c->cwnd);
		if (acked >= c->mss)
			c->cwnd += c->mss;
		c->cwnd = SL_MAX(c->cwnd, (uint32_t)c->mss);
	} else if (growing) {
		tcp_cong_acked(c, acked);
	}
}

void tcp_recovery_resend(struct sl_tcp_conn *c)
{
	struct loss *l;

	c->recover = c->snd_max;
	c->dupacks = 0;
	c->flags |= F_LOSS;
	c->flags &= ~(F_RECOVERY | F_RTT | F_TLP_OUT);
	l = c->flags & F_SACK ? tcp_conn_loss_get(c) : NULL;
	if (l) {
		tcp_sack_lose_all(c);
	} else {
		c->snd_nxt = c->snd_una;
		c->snd_cur = NULL;
	}
}

void tcp_recovery_timeout(struct sl_tcp_conn *c)
{
	struct loss *l = tcp_conn_loss(c);
	bool first = !(c->flags & F_LOSS), undo = first && !(c->flags & F_RECOVERY);

	/* A peer that SACKed its next octet has reneged (RFC 2018 8); a second timeout, likewise.
	 */
	if (l && (c->backoff || (l->n && seq_le(l->left[0], c->snd_una)))) {
		tcp_conn_loss_put(c);
		undo = false;
	}
	if (undo && c->flags & F_SACK && (l = tcp_conn_loss_get(c)))
		undo_prepare(c, l);
	if (first) /* RFC 5681 3.1: ssthresh is held for repeated timeouts */
		tcp_cong_reduce(c);
	tcp_recovery_resend(c);
	c->cwnd = c->mss;
	c->flags |= F_REXMT_ONE;
	tcp_cong_limited(c);
}

/* RFC 8985 7.4.2: a probe that repaired a loss must not hide it from congestion control. */
void tcp_recovery_probe_ack(struct sl_tcp_conn *c, const struct seg *s)
{
	bool dsack = s->o.n_sack && seq_le(s->o.sack[0][1], s->ack);
	bool again = s->ack == c->snd_una && !s->o.n_sack && !s->len;

	if (seq_lt(s->ack, c->recover))
		return;
	if (!(c->flags & F_TLP_REXMT) || dsack || (s->ack == c->recover && again)) {
		c->flags &= ~F_TLP_OUT;
	} else if (seq_lt(c->recover, s->ack)) {
		c->flags &= ~F_TLP_OUT;
		tcp_cong_reduce(c);
		c->cwnd = c->ssthresh;
	}
}
