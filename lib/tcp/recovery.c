/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fast retransmit and recovery: with SACK RFC 6675 paced by PRR (RFC 6937), without it NewReno
 * (RFC 6582); and what a timeout leaves (RFC 5681 3.1).
 */
#include "internal.h"

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

static void enter(struct sl_tcp_conn *c, uint32_t sacked)
{
	struct loss *l = c->flags & F_SACK ? tcp_conn_loss_get(c) : NULL;

	if (l)
		undo_prepare(c, l);
	tcp_cong_reduce(c);
	c->recover = c->snd_max;
	c->flags |= F_RECOVERY | F_REXMT_ONE;
	c->flags &= ~(F_RTT | F_TLP_OUT);
	stats(c->tcp)->tcp_fast_recoveries++;
	if (l) {
		l->high_rxt = c->snd_una;
		l->una_max = c->snd_max;
		l->rescue_used = 0;
		l->prr_delivered = l->prr_out = 0;
		l->recover_fs = in_flight(c);
		prr_update(c, sacked);
	} else {
		c->cwnd = c->ssthresh + DUP_THRESH * c->mss;
	}
}

/*
 * What was sent after the first hole was filled again has arrived, so that was lost too. RFC 6675
 * would wait for the timeout.
 */
static void lost_again(struct sl_tcp_conn *c)
{
	struct loss *l = tcp_conn_loss(c);
	uint32_t above = l->sacked_bytes - tcp_sack_below(c, l->una_max);

	if (!seq_lt(c->snd_una, l->high_rxt) || above <= (tcp_dup_thresh(c) - 1) * eff_mss(c))
		return;
	c->flags |= F_REXMT_ONE;
	l->una_max = c->snd_max;
}

void tcp_recovery_dupack(struct sl_tcp_conn *c, uint32_t sacked)
{
	if (c->flags & F_RECOVERY) {
		if (c->loss != ROW_NONE) {
			prr_update(c, sacked);
			lost_again(c);
		} else {
			c->cwnd += c->mss;
		}
		return;
	}
	/* RFC 6582 3.2: not again for what a timeout has dealt with. */
	if (c->flags & F_LOSS)
		return;
	if (c->flags & F_TLP) /* what a probe would find out is known now */
		tcp_timer_rexmt(c);
	if (c->dupacks < UINT8_MAX)
		c->dupacks++;
	if (c->dupacks >= tcp_dup_thresh(c) || tcp_sack_is_lost(c, c->snd_una))
		enter(c, sacked);
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
}

/*
 * RFC 3522: the first ACK that gets on echoes a timestamp from before we sent anything again, so
 * nothing was lost, only overtaken. What the recovery changed is put back (RFC 4015), and so much
 * reordering is borne from now on.
 */
void tcp_recovery_eifel(struct sl_tcp_conn *c, const struct seg *s)
{
	struct loss *l = tcp_conn_loss(c);
	uint32_t by, least = tcp_dup_thresh(c) + 1;

	if (!l || !l->undo)
		return;
	l->undo = 0;
	if (!s->o.has_ts || !s->o.tsecr || !seq_lt(s->o.tsecr, l->undo_ts))
		return;
	by = l->n ? (l->right[l->n - 1] - c->snd_una) / eff_mss(c) : 0;
	c->reorder = (uint8_t)SL_MIN(SL_MAX(SL_MAX(by, least), c->reorder), REORDER_MAX);
	c->cwnd = SL_MAX(c->cwnd, l->undo_cwnd);
	c->ssthresh = l->undo_ssthresh;
	c->cubic_wmax = l->undo_wmax;
	c->cubic_epoch = l->undo_epoch;
	c->flags &= ~(F_RECOVERY | F_REXMT_ONE);
}

void tcp_recovery_acked(struct sl_tcp_conn *c, uint32_t acked, uint32_t sacked)
{
	bool done = !seq_lt(c->snd_una, c->recover);
	uint32_t known;

	if (c->flags & F_RECOVERY && done)
		leave(c);
	known = tcp_sack_ack(c);
	if (c->flags & F_RECOVERY) {
		if (c->loss != ROW_NONE) {
			prr_update(c, acked - SL_MIN(known, acked) + sacked);
			tcp_conn_loss(c)->una_max = c->snd_max;
		} else { /* partial ACK: the next hole, and the window deflated */
			c->flags |= F_REXMT_ONE;
			c->cwnd -= SL_MIN(acked, c->cwnd);
			if (acked >= c->mss)
				c->cwnd += c->mss;
			c->cwnd = SL_MAX(c->cwnd, (uint32_t)c->mss);
		}
		return;
	}
	c->dupacks = 0;
	if (c->flags & F_LOSS && done)
		c->flags &= ~F_LOSS;
	tcp_cong_acked(c, acked);
}

void tcp_recovery_timeout(struct sl_tcp_conn *c)
{
	struct loss *l = tcp_conn_loss(c);

	if (!(c->flags & F_LOSS)) /* RFC 5681 3.1: ssthresh is held for repeated timeouts */
		tcp_cong_reduce(c);
	c->cwnd = c->mss;
	c->recover = c->snd_max;
	c->dupacks = 0;
	c->flags |= F_LOSS | F_REXMT_ONE | F_WINDOW_USED;
	c->flags &= ~(F_RECOVERY | F_TLP_OUT);
	c->snd_nxt = c->snd_una;
	c->snd_cur = NULL;
	/* A peer that SACKed its next octet has reneged (RFC 2018 8); a second timeout, likewise.
	 */
	if (l && (c->backoff || !l->n || seq_le(l->left[0], c->snd_una)))
		tcp_conn_loss_put(c);
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
