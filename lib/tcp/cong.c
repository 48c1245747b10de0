/* SPDX-License-Identifier: BSD-3-Clause */
/* Congestion window: CUBIC (RFC 9438) towards clients, NewReno (RFC 5681) towards endpoints. */
#include "internal.h"

#define CWND_MAX   (1u << 30)
#define BURST_SEGS 32u /* growth by one ACK (RFC 3465, with the stretch ACKs of today) */
#define LOSS_SEGS  8u  /* behind a timeout */

static bool is_cubic(const struct sl_tcp_conn *c)
{
	return c->side == SL_TCP_DOWNSTREAM;
}

static uint32_t initial_window(const struct sl_tcp_conn *c)
{
	/* RFC 6928. */
	return SL_MIN(10u * c->mss, SL_MAX(2u * c->mss, 14600u));
}

void tcp_cong_init(struct sl_tcp_conn *c, bool syn_lost)
{
	/* RFC 5681 3.1: one segment if SYN or SYN-ACK was lost. */
	c->cwnd = syn_lost ? c->mss : initial_window(c);
	c->ssthresh = CWND_MAX;
}

/* RFC 5681 4.1: after an idle time above RTO the window says nothing any more. */
void tcp_cong_idle(struct sl_tcp_conn *c)
{
	uint32_t iw = initial_window(c);

	if (c->cwnd > iw && c->tcp->now_ms - c->t_progress > tcp_rto_ms(c)) {
		c->ssthresh = SL_MAX(c->ssthresh, c->cwnd - c->cwnd / 4);
		c->cwnd = iw;
		c->cubic_epoch = 0;
	}
}

static uint32_t cube_root(uint64_t x)
{
	uint64_t r = 0;

	/* Bit by bit from above; x is below 2^60. */
	for (int b = 20; b >= 0; b--) {
		uint64_t t = r | UINT64_C(1) << b;

		if (t * t * t <= x)
			r = t;
	}
	return (uint32_t)r;
}

static void cubic_begin(struct sl_tcp_conn *c)
{
	c->cubic_epoch = c->tcp->now_ms ? c->tcp->now_ms : 1;
	c->cubic_est = c->cwnd;
	c->cubic_k = 0;
	if (c->cubic_wmax > c->cwnd) /* K in ms = cbrt((Wmax - cwnd) / C) with C = 0.4/s^3 */
		c->cubic_k = cube_root((uint64_t)(c->cubic_wmax - c->cwnd) * 2500000000u / c->mss);
	else
		c->cubic_wmax = c->cwnd;
}

/* RFC 9438 4.2: W(t) = C (t - K)^3 + Wmax, in bytes. */
static uint32_t cubic_target(const struct sl_tcp_conn *c)
{
	uint32_t t = c->tcp->now_ms - c->cubic_epoch + (c->srtt_us >> 3) / 1000;
	int64_t d = (int64_t)SL_MIN(t, 200000u) - c->cubic_k, w;

	w = c->cubic_wmax + d * d * d / 10000 * 4 * c->mss / 1000000;
	w = SL_MAX(w, (int64_t)c->cwnd);
	return (uint32_t)SL_MIN(w, (int64_t)c->cwnd + c->cwnd / 2);
}

static void cubic_acked(struct sl_tcp_conn *c, uint32_t bytes)
{
	uint32_t target, step;

	if (!c->cubic_epoch)
		cubic_begin(c);
	target = cubic_target(c);
	/* RFC 9438 4.3: at least what Reno would have, alpha = 3 (1 - 0.7) / (1 + 0.7). */
	step = (uint32_t)((uint64_t)c->mss * bytes / c->cwnd);
	c->cubic_est += c->cubic_est < c->cubic_wmax ? step * 9 / 17 : step;
	if (c->cubic_est > c->cwnd && c->cubic_est > target)
		c->cwnd = c->cubic_est;
	else
		c->cwnd += (uint32_t)((uint64_t)(target - c->cwnd) * bytes / c->cwnd);
}

void tcp_cong_limited(struct sl_tcp_conn *c)
{
	path_of(c)->limited_seq = c->snd_max;
}

/*
 * Growth must have been earned (RFC 7661): what is acknowledged was sent when the window was the
 * limit.
 */
static bool earned(const struct sl_tcp_conn *c, uint32_t bytes)
{
	uint32_t seq = path_of(c)->limited_seq;

	return seq_lt(c->snd_una - bytes, seq) && seq_le(seq, c->snd_max);
}

void tcp_cong_acked(struct sl_tcp_conn *c, uint32_t bytes)
{
	if (!earned(c, bytes))
		return;
	bytes = SL_MIN(bytes, (c->flags & F_LOSS ? LOSS_SEGS : BURST_SEGS) * c->mss);
	if (c->cwnd < c->ssthresh)
		c->cwnd += bytes;
	else if (is_cubic(c))
		cubic_acked(c, bytes);
	else
		c->cwnd += SL_MAX((uint32_t)((uint64_t)c->mss * bytes / c->cwnd), 1u);
	c->cwnd = SL_MIN(c->cwnd, CWND_MAX);
}

void tcp_cong_reduce(struct sl_tcp_conn *c)
{
	uint32_t w = in_flight(c);

	if (is_cubic(c)) { /* RFC 9438 4.6, fast convergence 4.7 */
		w = SL_MIN(c->cwnd, SL_MAX(w, c->cwnd / 2));
		c->cubic_wmax = w < c->cubic_wmax ? (uint32_t)((uint64_t)w * 17 / 20) : w;
		c->cubic_epoch = 0;
		c->ssthresh = (uint32_t)((uint64_t)w * 7 / 10);
	} else {
		c->ssthresh = w / 2;
	}
	c->ssthresh = SL_MAX(c->ssthresh, 2u * c->mss);
}
