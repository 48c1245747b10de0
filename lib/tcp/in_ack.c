/* SPDX-License-Identifier: BSD-3-Clause */
/* The ACK field: what it acknowledges, opens and completes; and the answer to our SYN. */
#include "internal.h"

#define SYN_AGAIN_MS 10u

/* RFC 9293 3.10.7.4, fifth; bounds of RFC 5961 5.2. */
static bool ack_acceptable(struct sl_tcp_conn *c, struct seg *s)
{
	if (seq_lt(c->snd_max, s->ack) || seq_lt(s->ack, c->snd_una - c->max_snd_wnd)) {
		tcp_out_challenge(c);
		tcp_seg_drop(c->tcp, s, SL_DROP_TCP_BAD_ACK);
		return false;
	}
	return true;
}

static void update_window(struct sl_tcp_conn *c, const struct seg *s)
{
	if (!seq_lt(c->snd_wl1, s->seq) && !(c->snd_wl1 == s->seq && seq_le(c->snd_wl2, s->ack)))
		return;
	c->snd_wnd = s->wnd << c->snd_wscale;
	c->max_snd_wnd = SL_MAX(c->max_snd_wnd, c->snd_wnd);
	c->snd_wl1 = s->seq;
	c->snd_wl2 = s->ack;
	if (c->flags & F_PERSIST && c->snd_wnd)
		tcp_timer_rexmt_stop(c);
}

static void measure_rtt(struct sl_tcp_conn *c, const struct seg *s)
{
	struct sl_tcp *tcp = c->tcp;

	if (c->flags & F_RTT && seq_lt(c->rtt_seq, s->ack)) {
		c->flags &= ~F_RTT;
		tcp_rtt_sample(c, (uint32_t)tcp->lc->now_us - c->rtt_us);
	} else if (c->flags & F_TS && s->o.has_ts && s->o.tsecr && c->backoff) {
		/* Karn: after a retransmission only the echoed timestamp tells (RFC 7323 4). */
		uint32_t ms = ts_now(c) - s->o.tsecr;

		if (ms < RTT_SANE_MS)
			tcp_rtt_sample(c, (ms ? ms : 1) * 1000);
	}
}

static void acked_new(struct sl_tcp_conn *c, struct seg *s, uint32_t sacked)
{
	uint32_t from = c->snd_una;

	measure_rtt(c, s);
	if (c->flags & (F_RECOVERY | F_LOSS))
		tcp_recovery_eifel(c, s);
	tcp_sndq_acked(c, s->ack);
	c->snd_una = s->ack;
	if (seq_lt(c->snd_nxt, s->ack)) {
		c->snd_nxt = s->ack;
		c->snd_cur = NULL;
	}
	c->t_progress = c->tcp->now_ms;
	c->flags &= ~F_FORCE;
	c->flags |= F_CONFIRM;
	tcp_recovery_acked(c, from, sacked);
	/* RFC 6298 5.2, 5.3: stopped when all is acknowledged, else begun anew. */
	if (c->snd_una == c->snd_max)
		tcp_timer_rexmt_stop(c);
	else
		tcp_timer_rexmt(c);
	tcp_conn_event(c, SL_TCP_WRITABLE);
}

/* Our FIN was acknowledged. */
static void fin_acked(struct sl_tcp_conn *c)
{
	switch (c->state) {
	case ST_FIN_WAIT_1:
		c->state = ST_FIN_WAIT_2;
		if (c->flags & F_DETACHED)
			tcp_timer_keep(c, FIN_WAIT_2_MS);
		break;
	case ST_CLOSING:
		tcp_conn_time_wait(c);
		break;
	case ST_LAST_ACK:
		tcp_conn_end(c, SL_TCP_END_FIN);
		break;
	default:
		break;
	}
}

/* RFC 5681 2: a duplicate ACK; with SACK, one that reports something new (RFC 6675 2). */
static bool is_dupack(const struct sl_tcp_conn *c, const struct seg *s, uint32_t sacked)
{
	/* Answers to window probes are none. */
	if (s->ack != c->snd_una || c->snd_una == c->snd_max || c->flags & F_PERSIST)
		return false;
	if (c->flags & F_SACK)
		return sacked > 0;
	return s->len == 0 && !(s->flags & SL_TCP_FIN) && s->wnd << c->snd_wscale == c->snd_wnd;
}

static bool in_ack_syn_rcvd(struct sl_tcp_conn *c, struct seg *s)
{
	if (!seq_lt(c->snd_una, s->ack) || seq_lt(c->snd_max, s->ack)) {
		tcp_seg_send_reset(c->tcp, s);
		tcp_seg_drop(c->tcp, s, SL_DROP_TCP_BAD_ACK);
		return false;
	}
	c->snd_wl1 = s->seq - 1;
	c->snd_wl2 = s->ack;
	tcp_opened(c, c->backoff > 0);
	return true;
}

/* RFC 2883 4: the first block is below the ACK, or within the second one. */
static bool is_dsack(const struct seg *s)
{
	const uint32_t(*b)[2] = s->o.sack;

	if (!s->o.n_sack || !seq_lt(b[0][0], b[0][1]))
		return false;
	if (seq_le(b[0][1], s->ack))
		return true;
	return s->o.n_sack > 1 && seq_le(b[1][0], b[0][0]) && seq_le(b[0][1], b[1][1]);
}

bool tcp_in_ack(struct sl_tcp_conn *c, struct seg *s)
{
	bool probe = c->flags & F_TLP_OUT;
	uint32_t sacked = 0;

	if (c->state == ST_SYN_RCVD && !in_ack_syn_rcvd(c, s))
		return false;
	if (!ack_acceptable(c, s))
		return false;
	if (seq_lt(s->ack, c->snd_una))
		return true;
	c->probes = 0;
	if (c->flags & F_TLP_OUT)
		tcp_recovery_probe_ack(c, s);
	if (c->flags & F_SACK && s->o.n_sack) {
		if (is_dsack(s) && !probe)
			tcp_recovery_dsack(c, s->o.sack[0][0], s->o.sack[0][1]);
		sacked = tcp_sack_update(c, s);
	}
	if (is_dupack(c, s, sacked))
		tcp_recovery_dupack(c, sacked);
	update_window(c, s);
	if (seq_lt(c->snd_una, s->ack))
		acked_new(c, s, sacked);
	if (c->flags & F_FIN_SENT && s->ack == c->snd_end + 1)
		fin_acked(c);
	return c->state > ST_CLOSED;
}

/* The handshake is done on our side, SYN acknowledged by what is handled next. */
void tcp_opened(struct sl_tcp_conn *c, bool syn_lost)
{
	c->state = c->flags & F_SHUTDOWN ? ST_FIN_WAIT_1 : ST_ESTABLISHED;
	c->snd_una++;
	c->snd_nxt = seq_max(c->snd_nxt, c->snd_una);
	c->flags &= ~F_T_KEEP;
	c->backoff = 0;
	tcp_timer_rexmt_stop(c);
	tcp_cong_init(c, syn_lost);
	tcp_timer_keep(c, c->tcp->cfg.keepalive_ms);
	tcp_conn_event(c, SL_TCP_OPENED | SL_TCP_WRITABLE);
}

static void take_syn_options(struct sl_tcp_conn *c, const struct seg *s)
{
	const struct opts *o = &s->o;

	tcp_conn_set_peer_mss(c, o->mss);
	if (o->wscale != WSCALE_NONE)
		c->snd_wscale = o->wscale;
	else
		c->rcv_wscale = 0;
	if (o->sack_ok)
		c->flags |= F_SACK;
	if (o->has_ts) {
		c->flags |= F_TS;
		c->ts_recent = o->tsval;
	}
	c->rcv_nxt = s->seq + 1;
	c->rcv_adv += c->rcv_nxt;             /* the SYN's window so far */
	c->snd_wnd = c->max_snd_wnd = s->wnd; /* never scaled in a SYN */
	c->snd_wl1 = s->seq;
	c->snd_wl2 = s->ack;
}

/*
 * The peer still had a connection of that tuple, of a former run of ours maybe, and the RST has
 * just ended it (RFC 9293 3.5.1, figure 9): the SYN need not wait for its timeout, the first time.
 */
static void syn_again_soon(struct sl_tcp_conn *c, const struct seg *s)
{
	if (!(s->flags & SL_TCP_SYN) && c->flags & F_T_REXMT && c->backoff == 0)
		c->t_rexmt = c->tcp->now_ms + SYN_AGAIN_MS;
}

/* RFC 9293 3.10.7.3. */
void tcp_in_syn_sent(struct sl_tcp_conn *c, struct seg *s)
{
	bool ack = s->flags & SL_TCP_ACK, syn_lost;

	if (ack && s->ack != c->snd_una + 1) {
		if (!(s->flags & SL_TCP_RST)) {
			tcp_seg_send_reset(c->tcp, s);
			syn_again_soon(c, s);
		}
		tcp_seg_drop(c->tcp, s, SL_DROP_TCP_BAD_ACK);
		return;
	}
	if (s->flags & SL_TCP_RST) {
		if (!ack) {
			tcp_seg_drop(c->tcp, s, SL_DROP_TCP_BAD_RST);
			return;
		}
		stats(c->tcp)->tcp_rst_in++;
		tcp_conn_end(c, SL_TCP_END_REFUSED);
		return;
	}
	if (!(s->flags & SL_TCP_SYN)) {
		tcp_seg_drop(c->tcp, s, SL_DROP_TCP_BAD_ACK);
		return;
	}
	take_syn_options(c, s);
	c->t_rx = c->tcp->now_ms;
	if (!ack) { /* simultaneous open: SYN-ACK from the next flush on */
		c->state = ST_SYN_RCVD;
		c->snd_nxt = c->snd_una;
		return;
	}
	syn_lost = c->backoff > 0;
	if (c->flags & F_RTT)
		tcp_rtt_sample(c, (uint32_t)c->tcp->lc->now_us - c->rtt_us);
	c->flags &= ~F_RTT;
	tcp_opened(c, syn_lost);
	c->flags |= F_ACK_NOW;
	/* Data with a SYN-ACK is rare; the peer sends it again (RFC 9293 3.10.7.3 allows queueing).
	 */
}
