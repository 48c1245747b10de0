/* SPDX-License-Identifier: BSD-3-Clause */
/* What a touched connection sends now: lost data again, new data, FIN, ACK, window update. */
#include "internal.h"

#define DELACK_MS    40u
#define CHALLENGE_MS 500u
#define RETRY_MS     5u

void tcp_out_ack(struct sl_tcp_conn *c)
{
	uint32_t seq = c->snd_max;

	/* Behind an octet sent into a closed window the peer would not accept us. */
	if (c->flags & F_PERSIST)
		seq = c->snd_nxt;
	if (tcp_seg_send(c, seq, 0, 0) < 0)
		c->flags |= F_RETRY | F_ACK_NOW;
}

void tcp_out_challenge(struct sl_tcp_conn *c)
{
	struct sl_tcp *tcp = c->tcp;

	if (c->t_challenge && tcp->now_ms - c->t_challenge < CHALLENGE_MS)
		return;
	c->t_challenge = tcp->now_ms ? tcp->now_ms : 1;
	stats(tcp)->tcp_challenge_acks++;
	tcp_out_ack(c);
}

void tcp_out_syn(struct sl_tcp_conn *c)
{
	struct sl_tcp *tcp = c->tcp;
	bool answer = c->state == ST_SYN_RCVD;
	struct sl_ip l, f;
	uint8_t opts[40];
	struct bare b = {.l = &l,
			 .f = &f,
			 .lport = c->lport,
			 .fport = c->fport,
			 .seq = c->snd_una,
			 .ack = c->rcv_nxt,
			 .wnd = (uint16_t)tcp_pressure_syn_window(tcp, c->adv_mss),
			 .flags = SL_TCP_SYN | (answer ? SL_TCP_ACK : 0),
			 .opts = opts};
	uint32_t offer = answer ? c->flags : F_TS | F_SACK;

	tcp_conn_addrs(c, &l, &f);
	if (!answer) {
		c->rcv_wscale = tcp->rcv_wscale;
		c->rcv_adv =
			b.wnd; /* from the peer's first sequence number on, which comes later */
	}
	b.opts_len = tcp_opts_syn(opts, c->adv_mss,
				  answer && !c->rcv_wscale ? WSCALE_NONE : c->rcv_wscale, offer,
				  ts_now(c), c->ts_recent);
	if (!tcp_seg_send_bare(tcp, &b)) {
		c->flags |= F_RETRY;
		return;
	}
	if (c->snd_max == c->snd_una) {
		c->flags |= F_RTT;
		c->rtt_seq = c->snd_una;
		c->rtt_us = (uint32_t)tcp->lc->now_us;
	} else {
		stats(tcp)->tcp_retransmits++;
	}
	c->snd_nxt = c->snd_max = c->snd_una + 1;
	if (answer)
		c->last_ack_sent = c->rcv_nxt;
	tcp_timer_rexmt(c);
}

/* Accounts for what went out from seq. */
static void sent(struct sl_tcp_conn *c, uint32_t seq, uint32_t n)
{
	struct sl_tcp *tcp = c->tcp;
	struct path *p = path_of(c);
	uint32_t end = seq + n;

	if (end == c->snd_end + 1)
		c->flags |= F_FIN_SENT;
	if (seq_lt(seq, c->snd_max)) {
		stats(tcp)->tcp_retransmits++;
		if (seq_lt(p->rexmt_end, end) || seq_lt(c->snd_max, p->rexmt_end))
			p->rexmt_end = end;
		if (c->flags & F_RTT && seq_le(seq, c->rtt_seq) && seq_lt(c->rtt_seq, end))
			c->flags &= ~F_RTT; /* Karn */
	}
	if (seq_lt(c->snd_max, end)) {
		stats(tcp)->tcp_bytes_out += end - c->snd_max - (end == c->snd_end + 1);
		/* Behind a gap an ACK comes with what fills it. */
		if (!(c->flags & (F_RTT | F_RECOVERY | F_LOSS)) && c->loss == ROW_NONE) {
			c->flags |= F_RTT;
			c->rtt_seq = end - 1;
			c->rtt_us = (uint32_t)tcp->lc->now_us;
		}
		if (c->snd_max == c->snd_una)
			c->t_progress = tcp->now_ms;
		c->snd_max = end;
	}
}

/* Bytes of the network's room: congestion window less what is out there. */
static uint32_t cong_room(const struct sl_tcp_conn *c)
{
	uint32_t out = c->snd_nxt - c->snd_una, sacked = tcp_sack_below(c, c->snd_nxt),
		 wnd = c->cwnd;

	/* RFC 3042: each of the first duplicate ACKs lets a new segment out; a SACK does anyway. */
	if (!(c->flags & (F_RECOVERY | F_LOSS | F_SACK)))
		wnd += SL_MIN(c->dupacks, 2u) * c->mss;
	out -= sacked;
	return out < wnd ? wnd - out : 0;
}

/* Everything queued was sent, FIN too if there is one. */
static bool all_sent(const struct sl_tcp_conn *c)
{
	return c->snd_nxt == c->snd_end + !!(c->flags & F_SHUTDOWN);
}

/* Sender's silly window avoidance (RFC 9293 3.8.6.2.1); there is no Nagle delay. */
static bool worth_sending(const struct sl_tcp_conn *c, uint32_t len, uint32_t want)
{
	if (len == want)
		return true;
	if (len == 0)
		return false;
	return c->flags & F_FORCE || len >= c->max_snd_wnd / 2;
}

/*
 * One segment from snd_nxt.
 *
 * @param room Bytes the congestion window leaves.
 * @return Bytes sent; 0 when there is nothing to send or nothing allowed; -1 without mbufs.
 */
static int64_t send_next(struct sl_tcp_conn *c, uint32_t room)
{
	uint32_t right = c->snd_una + c->snd_wnd, want, len, wnd;
	uint8_t flags = 0;
	int64_t n;

	if (all_sent(c) || seq_lt(c->snd_end, c->snd_nxt))
		return 0;
	want = SL_MIN(c->snd_end - c->snd_nxt, eff_mss(c));
	wnd = seq_lt(c->snd_nxt, right) ? right - c->snd_nxt : 0;
	len = SL_MIN(want, SL_MIN(wnd, room));
	if (c->flags & F_FORCE && len == 0 && want)
		len = 1;
	if (len < want && room < want)
		tcp_cong_limited(c);
	if (!worth_sending(c, len, want))
		return 0;
	if (c->snd_nxt + len == c->snd_end) {
		/* FIN takes one number of the window too. */
		if (c->flags & F_SHUTDOWN && (len < wnd || c->flags & F_FORCE))
			flags |= SL_TCP_FIN;
		else if (!len)
			return 0;
	}
	n = tcp_seg_send(c, c->snd_nxt, len, flags);
	if (n <= 0)
		return -1;
	sent(c, c->snd_nxt, (uint32_t)n);
	if (!(c->flags & F_FORCE) || wnd)
		c->snd_nxt += (uint32_t)n;
	return n;
}

/* First unacknowledged segment again. */
static int64_t resend_first(struct sl_tcp_conn *c)
{
	uint32_t len = SL_MIN(c->snd_end - c->snd_una, eff_mss(c));
	struct loss *loss = tcp_conn_loss(c);
	uint8_t flags = 0;
	int64_t n;

	c->flags &= ~F_REXMT_ONE;
	if (c->snd_una == c->snd_max)
		return 0;
	len = SL_MIN(len, (loss && loss->n ? loss->left[0] : c->snd_max) - c->snd_una);
	if (c->snd_una + len == c->snd_end && c->flags & F_FIN_SENT)
		flags = SL_TCP_FIN;
	n = tcp_seg_send(c, c->snd_una, len, flags);
	if (n <= 0)
		return n;
	sent(c, c->snd_una, (uint32_t)n);
	if (c->flags & F_LOSS && c->snd_nxt == c->snd_una)
		c->snd_nxt += (uint32_t)n;
	if (loss) {
		tcp_sack_resent(c, c->snd_una, c->snd_una + (uint32_t)n);
		loss->prr_out += (uint32_t)n;
	}
	return n;
}

void tcp_out_probe(struct sl_tcp_conn *c)
{
	uint32_t before = c->snd_max, len;
	int64_t n = 0;

	/* RFC 8985 7.3: new data if the peer's window has room, else the last segment again. */
	if (c->snd_nxt == c->snd_max && !all_sent(c))
		n = send_next(c, eff_mss(c));
	if (n == 0) {
		uint8_t fin = before == c->snd_end + 1 ? SL_TCP_FIN : 0;

		len = SL_MIN(before - c->snd_una, eff_mss(c));
		if (len - !!fin == 0 && !fin)
			return;
		n = tcp_seg_send(c, before - len, len - !!fin, fin);
		if (n > 0)
			sent(c, before - len, (uint32_t)n);
	}
	if (n <= 0)
		return;
	stats(c->tcp)->tcp_tlps++;
	c->flags = (c->flags & ~F_TLP_REXMT) | F_TLP_OUT;
	if (c->snd_max == before)
		c->flags |= F_TLP_REXMT;
	c->recover = c->snd_max;
}

/* RFC 6675 5, step C: while the pipe has room, what is lost goes into it, then what is new. */
static bool send_recovery(struct sl_tcp_conn *c)
{
	uint32_t pipe = tcp_sack_pipe(c), seq, len;
	struct loss *loss = tcp_conn_loss(c);
	int64_t n;

	while (pipe + eff_mss(c) <= c->cwnd) {
		bool lost = tcp_sack_next(c, &seq, &len), again = lost;

		n = 0;
		if (!again) {
			n = send_next(c, c->cwnd - pipe);
			again = n == 0 && tcp_sack_rescue(c, &seq, &len);
		}
		if (again) {
			uint8_t flags = seq + len == c->snd_end + 1 ? SL_TCP_FIN : 0;

			n = tcp_seg_send(c, seq, len - !!flags, flags);
			if (n > 0)
				sent(c, seq, (uint32_t)n);
			if (n > 0 && lost)
				tcp_sack_resent(c, seq, seq + (uint32_t)n);
		}
		if (n < 0)
			return false;
		if (n == 0)
			return true;
		loss->prr_out += (uint32_t)n;
		pipe += (uint32_t)n;
	}
	tcp_cong_limited(c);
	return true;
}

static bool send_data(struct sl_tcp_conn *c)
{
	int64_t n;

	if (c->flags & F_REXMT_ONE && resend_first(c) < 0)
		return false;
	if (c->flags & (F_RECOVERY | F_LOSS) && c->loss != ROW_NONE)
		return send_recovery(c);
	if (c->snd_una == c->snd_max && c->snd_nxt != c->snd_end)
		tcp_cong_idle(c);
	do {
		n = send_next(c, cong_room(c));
	} while (n > 0 && !(c->flags & F_FORCE));
	c->flags &= ~F_FORCE;
	return n >= 0;
}

/* RFC 9293 3.8.6.2.2: told when two segments or a quarter of the buffer came free. */
static bool window_update_due(const struct sl_tcp_conn *c)
{
	uint32_t more = tcp_reass_window(c) - c->rcv_adv, quarter = path_of(c)->rcv_limit / 4;

	if (c->flags & F_FIN_IN)
		return false;
	return more >= 2u * c->adv_mss ? c->rcv_adv - c->rcv_nxt < quarter
				       : more && more >= quarter;
}

static void arm_timers(struct sl_tcp_conn *c)
{
	if (c->flags & F_RETRY) {
		c->flags &= ~F_RETRY;
		tcp_timer_delack(c, RETRY_MS);
	} else if (c->flags & F_DELACK && !(c->flags & F_T_DELACK)) {
		tcp_timer_delack(c, DELACK_MS);
	}
	if (c->snd_nxt == c->snd_una && !all_sent(c) && !(c->flags & F_T_REXMT) &&
	    c->snd_una == c->snd_max)
		tcp_timer_persist(c);
}

void tcp_out_conn(struct sl_tcp_conn *c)
{
	uint32_t max_before = c->snd_max;

	if (c->state <= ST_SYN_RCVD) {
		if (c->state > ST_CLOSED && c->snd_nxt == c->snd_una)
			tcp_out_syn(c);
		arm_timers(c);
		return;
	}
	if (!send_data(c))
		c->flags |= F_RETRY;
	if (c->flags & F_PERSIST) {
		if (c->snd_nxt != c->snd_una)
			tcp_timer_rexmt(c);
	} else if (c->snd_max != c->snd_una) {
		/* RFC 6298 5.1; new data puts a probe off (RFC 8985 7.2). */
		if (!(c->flags & F_T_REXMT) || (c->flags & F_TLP && c->snd_max != max_before))
			tcp_timer_rexmt(c);
	}
	if (c->flags & F_ACK_NOW || window_update_due(c))
		tcp_out_ack(c);
	arm_timers(c);
}
