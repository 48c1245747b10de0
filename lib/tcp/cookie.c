/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SYN cookies (RFC 4987 3.6): when the table of half-open connections is full, the initial
 * sequence number carries what the entry would have: 5 bits of time, 3 of MSS, 24 of a keyed
 * hash. Window scale and SACK go into the low bits of our timestamp, which the peer echoes.
 */
#include "internal.h"

#define PERIOD_MS 64000u /* a cookie is good for one to two periods */
#define HASH_MASK 0xffffffu

static const uint16_t mss_table[8] = {216, 536, 1024, 1220, 1380, 1440, 1460, 8960};

static uint32_t cookie_hash(const struct sl_tcp *tcp, const struct key *k, uint32_t irs,
			    uint32_t period)
{
	uint32_t in[3] = {irs, period, (uint32_t)k->lport << 16 | k->fport};
	uint8_t buf[32 + sizeof(in)];

	memcpy(buf, k->l->b, 16);
	memcpy(buf + 16, k->f->b, 16);
	memcpy(buf + 32, in, sizeof(in));
	return (uint32_t)sl_siphash(&tcp->cookie_key, buf, sizeof(buf)) & HASH_MASK;
}

static uint32_t period_now(const struct sl_tcp *tcp)
{
	return (uint32_t)(tcp->lc->now_us / 1000 / PERIOD_MS);
}

static unsigned mss_index(uint16_t mss)
{
	unsigned i = SL_ARRAY_LEN(mss_table) - 1;

	while (i > 0 && mss_table[i] > mss)
		i--;
	return i;
}

/* Options in the six low bits: window scale, SACK, one bit spare; never ahead of the clock. */
static uint32_t cookie_tsval(const struct sl_tcp *tcp, const struct key *k,
			     const struct syn_entry *e)
{
	uint32_t ts_offset, now, ts;

	(void)tcp_isn(tcp, k, &ts_offset);
	now = tcp->now_ms + ts_offset;
	ts = (now & ~63u) | (e->peer_wscale & 15u) | (e->opts & F_SACK ? 16u : 0);
	return seq_lt(now, ts) ? ts - 64 : ts;
}

void tcp_cookie_send(struct sl_tcp *tcp, const struct seg *s, struct syn_entry *e)
{
	uint32_t period = period_now(tcp), tsval = 0;
	struct key k;

	tcp_seg_key(s, &k);
	if (e->opts & F_TS) {
		tsval = cookie_tsval(tcp, &k, e);
	} else {
		e->peer_wscale = WSCALE_NONE;
		e->opts &= ~F_SACK;
	}
	e->iss = (period & 31) << 27 | mss_index(e->peer_mss ? e->peer_mss : 536) << 24 |
		 cookie_hash(tcp, &k, e->irs, period);
	tcp_syn_ack_send(tcp, e, &k, tsval);
	tcp->cookie_any = true;
	tcp->cookie_last_ms = tcp->now_ms;
	stats(tcp)->tcp_syn_cookies_sent++;
}

bool tcp_cookie_check(struct sl_tcp *tcp, const struct seg *s, struct syn_entry *e)
{
	uint32_t cookie = s->ack - 1, now = period_now(tcp), age;
	struct sl_ip own;
	struct key k;

	/* Long after the last cookie nobody can have one. */
	if (!tcp->cookie_any || tcp->now_ms - tcp->cookie_last_ms > 2 * PERIOD_MS)
		return false;
	tcp_seg_key(s, &k);
	memset(e, 0, sizeof(*e));
	e->irs = s->seq - 1;
	e->iss = cookie;
	age = (now - (cookie >> 27)) & 31;
	if (age > 1 || ((cookie ^ cookie_hash(tcp, &k, e->irs, now - age)) & HASH_MASK) ||
	    !tcp->cfg.route(tcp->cfg.user, k.f, &own, &e->mtu)) {
		stats(tcp)->tcp_syn_cookies_bad++;
		return false;
	}
	e->peer_mss = mss_table[cookie >> 24 & 7];
	e->peer_wscale = WSCALE_NONE;
	e->tries = TRIES_COOKIE;
	if (s->o.has_ts) {
		e->opts = F_TS | (s->o.tsecr & 16 ? F_SACK : 0);
		e->ts_recent = s->o.tsval;
		if ((s->o.tsecr & 15) != 15)
			e->peer_wscale = s->o.tsecr & 15;
	}
	stats(tcp)->tcp_syn_cookies_ok++;
	return true;
}
