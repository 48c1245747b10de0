/* SPDX-License-Identifier: BSD-3-Clause */
/* Passive opens: SYN, the table of half-open connections, SYN-ACKs again, the third segment. */
#include "internal.h"

#define FLOOD_MS       10000u /* since the last SYN cookie: half-open ones get little time */
#define TIMERS_AT_ONCE 256u   /* SYN-ACKs sent again in one round; the next goes on */

static uint32_t row_base(const struct sl_tcp *tcp)
{
	return tcp->cfg.conns_max;
}

void tcp_listen_init(struct sl_tcp *tcp)
{
	tcp->syns_free = ROW_NONE;
	for (unsigned i = 0; i <= SYN_TRIES; i++)
		tcp->syn_head[i] = tcp->syn_tail[i] = ROW_NONE;
}

static uint32_t row_alloc(struct sl_tcp *tcp)
{
	uint32_t row = tcp->syns_free;

	if (row != ROW_NONE)
		tcp->syns_free = tcp->syns[row].next;
	else if (tcp->syns_fresh < tcp->cfg.syn_rcvd_max)
		row = tcp->syns_fresh++;
	return row;
}

static void row_free(struct sl_tcp *tcp, uint32_t row)
{
	tcp->syns[row].next = tcp->syns_free;
	tcp->syns_free = row;
}

/* Each list has one timeout, so it is in order of time. */
static void list_append(struct sl_tcp *tcp, uint32_t row)
{
	struct syn_entry *e = &tcp->syns[row];
	unsigned k = e->tries;

	e->t_due = tcp->now_ms + (1000u << k);
	e->next = ROW_NONE;
	e->prev = tcp->syn_tail[k];
	if (e->prev == ROW_NONE)
		tcp->syn_head[k] = row;
	else
		tcp->syns[e->prev].next = row;
	tcp->syn_tail[k] = row;
}

static void list_remove(struct sl_tcp *tcp, uint32_t row)
{
	struct syn_entry *e = &tcp->syns[row];

	if (e->prev == ROW_NONE)
		tcp->syn_head[e->tries] = e->next;
	else
		tcp->syns[e->prev].next = e->next;
	if (e->next == ROW_NONE)
		tcp->syn_tail[e->tries] = e->prev;
	else
		tcp->syns[e->next].prev = e->prev;
}

static void entry_key(const struct sl_tcp *tcp, uint32_t row, struct sl_ip *l, struct sl_ip *f,
		      struct key *k)
{
	const struct syn_entry *e = &tcp->syns[row];

	if (e->opts & F_V6) {
		*l = tcp->syn_addr6[row].l;
		*f = tcp->syn_addr6[row].f;
	} else {
		*l = sl_ip_from_v4(e->laddr);
		*f = sl_ip_from_v4(e->faddr);
	}
	*k = (struct key){l, f, e->lport, e->fport};
}

static void entry_free(struct sl_tcp *tcp, uint32_t row)
{
	struct sl_ip l, f;
	struct key k;

	entry_key(tcp, row, &l, &f, &k);
	list_remove(tcp, row);
	sl_flow_del(tcp->index, tcp_key_hash(tcp, &k), row_base(tcp) + row);
	stats(tcp)->tcp_syn_rcvd--;
	row_free(tcp, row);
}

void tcp_syn_ack_send(struct sl_tcp *tcp, const struct syn_entry *e, const struct key *k,
		      uint32_t tsval)
{
	uint8_t opts[40];
	uint16_t mss = e->mtu - ip_tcp_len(e->opts & F_V6);
	uint8_t wscale = e->peer_wscale == WSCALE_NONE ? WSCALE_NONE : tcp->rcv_wscale;
	struct bare b = {.l = k->l,
			 .f = k->f,
			 .lport = k->lport,
			 .fport = k->fport,
			 .seq = e->iss,
			 .ack = e->irs + 1,
			 .wnd = (uint16_t)SL_MIN(tcp->cfg.rcv_buf_bytes, 65535u),
			 .flags = SL_TCP_SYN | SL_TCP_ACK,
			 .opts = opts};

	b.opts_len = tcp_opts_syn(opts, mss, wscale, e->opts, tsval, e->ts_recent);
	tcp_seg_send_bare(tcp, &b);
}

static void entry_answer(struct sl_tcp *tcp, uint32_t row)
{
	struct sl_ip l, f;
	struct key k;
	uint32_t ts_offset;

	entry_key(tcp, row, &l, &f, &k);
	(void)tcp_isn(tcp, &k, &ts_offset);
	tcp_syn_ack_send(tcp, &tcp->syns[row], &k, tcp->now_ms + ts_offset);
}

/* What the SYN says, into an entry. */
static void entry_fill(struct sl_tcp *tcp, const struct seg *s, const struct key *k,
		       struct syn_entry *e)
{
	const struct opts *o = &s->o;
	bool v6 = tcp_addr_is_v6(k->l, k->f);

	e->laddr = v6 ? 0 : sl_ip_v4_be(k->l);
	e->faddr = v6 ? 0 : sl_ip_v4_be(k->f);
	e->lport = k->lport;
	e->fport = k->fport;
	e->irs = s->seq;
	e->peer_mss = o->mss;
	e->peer_wscale = o->wscale;
	e->opts = (v6 ? F_V6 : 0) | (o->has_ts ? F_TS : 0) | (o->sack_ok ? F_SACK : 0);
	e->ts_recent = o->has_ts ? o->tsval : 0;
	e->t_sent = tcp->now_ms;
}

/* RFC 9293 3.10.7.2, third. Data or a cookie of TCP Fast Open with it is left to be sent again. */
void tcp_listen_syn(struct sl_tcp *tcp, struct seg *s, const uint32_t *iss_least)
{
	struct syn_entry e = {0};
	struct sl_ip own;
	struct key k;
	uint32_t listener, row, ts_offset;

	tcp_seg_key(s, &k);
	if (s->flags & SL_TCP_FIN) {
		tcp_seg_drop(tcp, s, SL_DROP_TCP_NO_CONN);
		return;
	}
	if (!tcp->cfg.accept(tcp->cfg.user, s->pkt, &listener)) {
		tcp_seg_send_reset(tcp, s);
		tcp_seg_drop(tcp, s, SL_DROP_TCP_NO_CONN);
		return;
	}
	if (!tcp->cfg.route(tcp->cfg.user, k.f, &own, &e.mtu)) {
		tcp_seg_drop(tcp, s, SL_DROP_IP_NO_ROUTE);
		return;
	}
	entry_fill(tcp, s, &k, &e);
	e.iss = tcp_isn(tcp, &k, &ts_offset);
	if (iss_least && seq_lt(e.iss, *iss_least))
		e.iss = *iss_least;
	row = tcp->pressure == PRESSURE_HIGH ? ROW_NONE : row_alloc(tcp);
	if (row != ROW_NONE && !sl_flow_add(tcp->index, s->hash, row_base(tcp) + row)) {
		row_free(tcp, row);
		row = ROW_NONE;
	}
	if (row == ROW_NONE) {
		tcp_cookie_send(tcp, s, &e);
		return;
	}
	tcp->syns[row] = e;
	if (e.opts & F_V6)
		tcp->syn_addr6[row] = (struct sl_tcp_addr6){*k.l, *k.f};
	list_append(tcp, row);
	stats(tcp)->tcp_syn_rcvd++;
	tcp_syn_ack_send(tcp, &e, &k, tcp->now_ms + ts_offset);
}

/* ACK with the numbers we expect, for what doesn't fit a half-open connection. */
static void entry_ack(struct sl_tcp *tcp, uint32_t row)
{
	const struct syn_entry *e = &tcp->syns[row];
	struct sl_ip l, f;
	struct key k;
	uint32_t ts_offset;
	uint8_t opts[40];
	struct bare b = {.l = &l,
			 .f = &f,
			 .lport = e->lport,
			 .fport = e->fport,
			 .seq = e->iss + 1,
			 .ack = e->irs + 1,
			 .wnd = (uint16_t)(SL_MIN(tcp->cfg.rcv_buf_bytes, 65535u) >>
					   (e->peer_wscale == WSCALE_NONE ? 0 : tcp->rcv_wscale)),
			 .flags = SL_TCP_ACK,
			 .opts = opts};

	entry_key(tcp, row, &l, &f, &k);
	(void)tcp_isn(tcp, &k, &ts_offset);
	if (e->opts & F_TS)
		b.opts_len = tcp_opts_ts(opts, tcp->now_ms + ts_offset, e->ts_recent);
	tcp_seg_send_bare(tcp, &b);
	stats(tcp)->tcp_challenge_acks++;
}

static bool has_room(const struct sl_tcp *tcp)
{
	return tcp->conns_free != ROW_NONE || tcp->conns_fresh < tcp->cfg.conns_max;
}

/* RFC 9293 3.10.7.4 in SYN-RECEIVED, with RFC 5961. */
void tcp_listen_syn_rcvd(struct sl_tcp *tcp, uint32_t row, struct seg *s)
{
	struct syn_entry e = tcp->syns[row];
	uint32_t off = s->seq - (e.irs + 1);

	if (s->flags & SL_TCP_RST) {
		if (off != 0) {
			tcp_seg_drop(tcp, s, SL_DROP_TCP_BAD_RST);
			return;
		}
		stats(tcp)->tcp_rst_in++;
		entry_free(tcp, row);
	} else if (s->flags & SL_TCP_SYN) {
		if (s->seq == e.irs && !(s->flags & SL_TCP_ACK))
			entry_answer(tcp, row);
		else
			entry_ack(tcp, row);
	} else if (!(s->flags & SL_TCP_ACK)) {
		tcp_seg_drop(tcp, s, SL_DROP_TCP_BAD_ACK);
	} else if (s->ack != e.iss + 1) {
		tcp_seg_send_reset(tcp, s);
		tcp_seg_drop(tcp, s, SL_DROP_TCP_BAD_ACK);
	} else if (off > SL_MIN(tcp->cfg.rcv_buf_bytes, 65535u)) {
		entry_ack(tcp, row);
		tcp_seg_drop(tcp, s, SL_DROP_TCP_OUT_OF_WINDOW);
	} else if (e.opts & F_TS && s->o.has_ts && seq_lt(s->o.tsval, e.ts_recent)) {
		entry_ack(tcp, row);
		tcp_seg_drop(tcp, s, SL_DROP_TCP_PAWS);
	} else if (!has_room(tcp)) {
		/* Kept half-open: when a connection ends in time, the next segment completes it. */
		tcp_seg_drop(tcp, s, SL_DROP_TCP_NO_MEMORY);
	} else {
		entry_free(tcp, row);
		tcp_listen_complete(tcp, &e, s);
	}
}

static void conn_fill(struct sl_tcp_conn *c, const struct syn_entry *e, const struct key *k)
{
	struct sl_tcp *tcp = c->tcp;

	(void)tcp_isn(tcp, k, &c->ts_offset);
	tcp_conn_set_mtu(c, e->mtu);
	c->adv_mss = c->mss;
	tcp_conn_set_peer_mss(c, e->peer_mss);
	c->flags |= e->opts & (F_TS | F_SACK);
	if (e->peer_wscale != WSCALE_NONE) {
		c->snd_wscale = e->peer_wscale;
		c->rcv_wscale = tcp->rcv_wscale;
	}
	c->ts_recent = e->ts_recent;
	c->rcv_nxt = c->last_ack_sent = e->irs + 1;
	c->rcv_adv = c->rcv_nxt + SL_MIN(tcp->cfg.rcv_buf_bytes, 65535u);
	c->snd_una = e->iss;
	c->snd_nxt = c->snd_max = c->snd_end = c->recover = e->iss + 1;
}

void tcp_listen_complete(struct sl_tcp *tcp, const struct syn_entry *e, struct seg *s)
{
	struct sl_tcp_conn *c;
	uint32_t listener;
	struct key k;

	tcp_seg_key(s, &k);
	/* Asked again: the configuration may have changed since the SYN, or there is a cookie only.
	 */
	if (!tcp->cfg.accept(tcp->cfg.user, s->pkt, &listener)) {
		tcp_seg_send_reset(tcp, s);
		tcp_seg_drop(tcp, s, SL_DROP_TCP_NO_CONN);
		return;
	}
	c = tcp_conn_new(tcp, &k, SL_TCP_DOWNSTREAM);
	if (!c) {
		tcp_seg_drop(tcp, s, SL_DROP_TCP_NO_MEMORY);
		return;
	}
	conn_fill(c, e, &k);
	c->listener = listener;
	c->service = s->pkt->service_hit ? s->pkt->service : UINT32_MAX;
	c->snd_wl1 = s->seq - 1;
	c->snd_wl2 = s->ack;
	tcp_opened(c, e->tries && e->tries != TRIES_COOKIE);
	if (e->tries == 0)
		tcp_rtt_sample(c, SL_MAX(tcp->now_ms - e->t_sent, 1u) * 1000);
	stats(tcp)->tcp_passive_opens++;
	tcp_in_conn(c, s);
	if (c->state > ST_CLOSED)
		tcp_conn_touch(c);
}

/*
 * Where SYN cookies are being sent the table was full: who doesn't answer the second SYN-ACK makes
 * room, so that it is empty again within seconds after a flood.
 */
static unsigned tries_max(const struct sl_tcp *tcp)
{
	bool flood = tcp->cookie_any && tcp->now_ms - tcp->cookie_last_ms < FLOOD_MS;

	return flood ? 1 : SYN_TRIES;
}

void tcp_listen_timers(struct sl_tcp *tcp)
{
	unsigned last = tries_max(tcp), budget = TIMERS_AT_ONCE;

	for (unsigned k = 0; k <= SYN_TRIES; k++) {
		while (tcp->syn_head[k] != ROW_NONE && budget) {
			uint32_t row = tcp->syn_head[k];
			struct syn_entry *e = &tcp->syns[row];

			if (seq_lt(tcp->now_ms, e->t_due))
				break;
			budget--;
			if (k >= last || tcp->now_ms - e->t_sent >= tcp->cfg.syn_timeout_ms) {
				entry_free(tcp, row);
				stats(tcp)->tcp_timeouts++;
				continue;
			}
			list_remove(tcp, row);
			e->tries++;
			list_append(tcp, row);
			entry_answer(tcp, row);
			stats(tcp)->tcp_retransmits++;
		}
	}
}

uint64_t tcp_listen_next_us(const struct sl_tcp *tcp)
{
	uint64_t best = UINT64_MAX;

	for (unsigned k = 0; k <= SYN_TRIES; k++)
		if (tcp->syn_head[k] != ROW_NONE)
			best = SL_MIN(best, tcp_ms_to_us(tcp, tcp->syns[tcp->syn_head[k]].t_due));
	return best;
}
