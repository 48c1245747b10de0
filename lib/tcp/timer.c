/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timers of a connection: retransmission (or persist, or tail loss probe), delayed ACK, keep-alive
 * (or handshake, or FIN-WAIT-2); all three behind one entry of the wheel, which is moved only when
 * something is due earlier. RTO by RFC 6298.
 */
#include "internal.h"

#define RTO_INITIAL_MS  1000u
#define RTO_MAX_MS      60000u
#define BACKOFF_MAX     12
#define KEEP_PROBES     9
#define KEEP_PROBE_MS   75000u
#define PROBE_MIN_MS    2u
#define PERSIST_MAX_MS  5000u  /* who lost the RST of a peer that is gone hears it then */
#define MIN_RTT_AGE_MS  10000u /* a path may have become longer */
#define DELACK_WORST_MS 200u   /* what a peer may delay an ACK (RFC 8985 7.2) */
#define BLACKHOLE_RTOS \
	2 /* timeouts before which segments are not made smaller (RFC 4821, 8899 in small) */

static uint32_t rto_min(const struct sl_tcp_conn *c)
{
	return c->side == SL_TCP_DOWNSTREAM ? 200 : 10;
}

void tcp_rtt_sample(struct sl_tcp_conn *c, uint32_t us)
{
	struct path *p = path_of(c);
	uint32_t err;

	if (us > RTT_SANE_MS * 1000)
		return;
	c->backoff = 0;
	if (!p->min_rtt_us || us <= p->min_rtt_us ||
	    c->tcp->now_ms - p->min_rtt_ms >= MIN_RTT_AGE_MS) {
		p->min_rtt_us = SL_MAX(us, 1u);
		p->min_rtt_ms = c->tcp->now_ms;
	}
	if (!c->srtt_us) { /* RFC 6298 2.2 */
		c->srtt_us = SL_MAX(us, 1u) << 3;
		c->rttvar_us = us << 1;
		return;
	}
	/* RFC 6298 2.3 with alpha 1/8 and beta 1/4. */
	err = us > c->srtt_us >> 3 ? us - (c->srtt_us >> 3) : (c->srtt_us >> 3) - us;
	c->rttvar_us += err - (c->rttvar_us >> 2);
	c->srtt_us += us - (c->srtt_us >> 3);
	c->srtt_us = SL_MAX(c->srtt_us, 1u);
}

uint32_t tcp_rto_ms(const struct sl_tcp_conn *c)
{
	uint64_t ms = RTO_INITIAL_MS;

	if (c->srtt_us)
		ms = ((c->srtt_us >> 3) + SL_MAX(c->rttvar_us, 1000u) + 999) / 1000;
	ms = SL_MAX(ms, rto_min(c)) << c->backoff;
	return (uint32_t)SL_MIN(ms, RTO_MAX_MS);
}

static void set_rexmt(struct sl_tcp_conn *c, uint32_t ms, uint32_t kind)
{
	c->flags = (c->flags & ~(F_PERSIST | F_TLP | F_REORDER)) | F_T_REXMT | kind;
	c->t_rexmt = c->tcp->now_ms + ms;
}

/* RFC 8985 7.2: a probe comes before the timeout, once, where nothing is known to be lost. */
static bool probe_fits(const struct sl_tcp_conn *c)
{
	return c->flags & F_SACK && !(c->flags & (F_RECOVERY | F_LOSS | F_TLP_OUT)) &&
	       c->loss == ROW_NONE && c->backoff == 0 && c->srtt_us && c->state >= ST_ESTABLISHED;
}

void tcp_timer_rexmt(struct sl_tcp_conn *c)
{
	const struct loss *l = tcp_conn_loss(c);
	uint32_t rto = tcp_rto_ms(c), ms;

	if (l && l->due_us / 1000 + 1 < rto) {
		set_rexmt(c, l->due_us / 1000 + 1, F_REORDER);
		return;
	}
	if (!probe_fits(c)) {
		set_rexmt(c, rto, 0);
		return;
	}
	ms = (2 * (c->srtt_us >> 3) + 999) / 1000;
	ms = SL_MAX(ms, PROBE_MIN_MS);
	if (in_flight(c) <= eff_mss(c))
		ms += DELACK_WORST_MS;
	set_rexmt(c, SL_MIN(ms, rto), F_TLP);
}

void tcp_timer_rexmt_stop(struct sl_tcp_conn *c)
{
	c->flags &= ~(F_T_REXMT | F_PERSIST | F_TLP | F_REORDER);
}

void tcp_timer_persist(struct sl_tcp_conn *c)
{
	set_rexmt(c, SL_MIN(tcp_rto_ms(c), PERSIST_MAX_MS), F_PERSIST);
}

void tcp_timer_delack(struct sl_tcp_conn *c, uint32_t ms)
{
	c->flags |= F_T_DELACK;
	c->t_delack = c->tcp->now_ms + ms;
}

void tcp_timer_keep(struct sl_tcp_conn *c, uint32_t ms)
{
	c->flags |= F_T_KEEP;
	c->t_keep = c->tcp->now_ms + ms;
}

void tcp_timer_stop_all(struct sl_tcp_conn *c)
{
	c->flags &= ~(F_T_REXMT | F_T_DELACK | F_T_KEEP | F_PERSIST | F_TLP | F_REORDER);
	if (c->flags & F_T_WHEEL)
		sl_wheel_cancel(c->tcp->wheel, conn_row(c));
	c->flags &= ~F_T_WHEEL;
}

static void earlier(uint32_t now, uint32_t t, uint32_t *wait)
{
	uint32_t ms = seq_lt(now, t) ? t - now : 0;

	*wait = SL_MIN(*wait, ms);
}

void tcp_timer_arm(struct sl_tcp_conn *c)
{
	struct sl_tcp *tcp = c->tcp;
	uint32_t wait = UINT32_MAX;

	if (c->flags & F_T_REXMT)
		earlier(tcp->now_ms, c->t_rexmt, &wait);
	if (c->flags & F_T_DELACK)
		earlier(tcp->now_ms, c->t_delack, &wait);
	if (c->flags & F_T_KEEP)
		earlier(tcp->now_ms, c->t_keep, &wait);
	if (wait == UINT32_MAX)
		return;
	if (c->flags & F_T_WHEEL && !seq_lt(tcp->now_ms + wait, c->t_wheel))
		return;
	c->flags |= F_T_WHEEL;
	c->t_wheel = tcp->now_ms + wait;
	sl_wheel_set(tcp->wheel, conn_row(c), (tcp->lc->now_us / 1000 + wait) * 1000);
}

static void give_up(struct sl_tcp_conn *c)
{
	tcp_conn_reset_out(c);
	tcp_conn_end(c, SL_TCP_END_TIMEOUT);
}

static void run_persist(struct sl_tcp_conn *c)
{
	struct sl_tcp *tcp = c->tcp;

	/* RFC 1122 4.2.2.17: open as long as the peer answers probes. */
	if (c->backoff > 2 && tcp->now_ms - c->t_rx >= tcp->cfg.user_timeout_ms) {
		give_up(c);
		return;
	}
	if (c->backoff < BACKOFF_MAX)
		c->backoff++;
	c->flags |= F_FORCE;
	tcp_timer_persist(c);
	tcp_conn_touch(c);
}

static void run_probe(struct sl_tcp_conn *c)
{
	tcp_out_probe(c);
	tcp_timer_rexmt(c);
}

/* Nothing gets through at this size, maybe because its ICMP errors don't either. */
static void suspect_blackhole(struct sl_tcp_conn *c)
{
	uint16_t least = c->flags & F_V6 ? 1280 : 576;

	if (c->backoff != BLACKHOLE_RTOS || c->mtu <= least || in_flight(c) < least)
		return;
	tcp_conn_set_mtu(c, least);
}

static void run_timeout(struct sl_tcp_conn *c)
{
	struct sl_tcp *tcp = c->tcp;

	c->flags &= ~F_RTT; /* Karn */
	if (c->state <= ST_SYN_RCVD) {
		c->snd_nxt = c->snd_una;
	} else if (tcp->now_ms - c->t_progress >= tcp->cfg.user_timeout_ms) {
		give_up(c);
		return;
	} else {
		stats(tcp)->tcp_rtos++;
		suspect_blackhole(c);
		tcp_recovery_timeout(c);
	}
	if (c->backoff < BACKOFF_MAX)
		c->backoff++;
	tcp_timer_rexmt(c);
	tcp_conn_touch(c);
}

static void run_rexmt(struct sl_tcp_conn *c)
{
	uint32_t kind = c->flags & (F_PERSIST | F_TLP | F_REORDER);

	c->flags &= ~(F_T_REXMT | F_TLP | F_REORDER);
	if (kind & F_PERSIST)
		run_persist(c);
	else if (kind & F_REORDER)
		tcp_recovery_reorder_timer(c);
	else if (kind & F_TLP)
		run_probe(c);
	else
		run_timeout(c);
}

static void run_keepalive(struct sl_tcp_conn *c)
{
	struct sl_tcp *tcp = c->tcp;
	uint32_t idle = tcp->now_ms - c->t_rx;

	if (idle < tcp->cfg.keepalive_ms) {
		c->probes = 0;
		tcp_timer_keep(c, tcp->cfg.keepalive_ms - idle);
		return;
	}
	if (c->probes >= KEEP_PROBES) {
		give_up(c);
		return;
	}
	/* RFC 9293 3.8.4: an old number, so the peer must answer; not while data is tried again. */
	if (c->snd_una == c->snd_max) {
		c->probes++;
		(void)tcp_seg_send(c, c->snd_una - 1, 0, 0);
	}
	tcp_timer_keep(c, SL_MIN(KEEP_PROBE_MS, tcp->cfg.keepalive_ms));
}

static void run_keep(struct sl_tcp_conn *c)
{
	c->flags &= ~F_T_KEEP;
	if (c->state <= ST_SYN_RCVD)
		give_up(c);
	else if (c->state == ST_FIN_WAIT_2 && c->flags & F_DETACHED)
		tcp_conn_end(c, SL_TCP_END_FIN);
	else
		run_keepalive(c);
}

static bool due(const struct sl_tcp_conn *c, uint32_t flag, uint32_t t)
{
	return c->state > ST_CLOSED && c->flags & flag && seq_le(t, c->tcp->now_ms);
}

void tcp_timer_run(struct sl_tcp_conn *c)
{
	if (due(c, F_T_DELACK, c->t_delack)) {
		c->flags &= ~F_T_DELACK;
		if (c->flags & F_DELACK)
			c->flags |= F_ACK_NOW;
		tcp_conn_touch(c);
	}
	if (due(c, F_T_REXMT, c->t_rexmt))
		run_rexmt(c);
	if (due(c, F_T_KEEP, c->t_keep))
		run_keep(c);
	if (c->state > ST_CLOSED)
		tcp_timer_arm(c);
}
