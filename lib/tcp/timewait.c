/* SPDX-License-Identifier: BSD-3-Clause */
/* TIME-WAIT: closed connections that still answer late segments, in 32-byte entries. */
#include "internal.h"

static uint32_t row_base(const struct sl_tcp *tcp)
{
	return tcp->cfg.conns_max + tcp->cfg.syn_rcvd_max;
}

void tcp_tw_init(struct sl_tcp *tcp)
{
	tcp->tws_free = tcp->tw_head = tcp->tw_tail = TW_ROW;
}

static uint32_t next_of(const struct tw_entry *e)
{
	return e->next_opts & TW_ROW;
}

static void set_next(struct tw_entry *e, uint32_t row)
{
	e->next_opts = (e->next_opts & ~TW_ROW) | row;
}

static void list_append(struct sl_tcp *tcp, uint32_t row)
{
	set_next(&tcp->tws[row], TW_ROW);
	if (tcp->tw_tail == TW_ROW)
		tcp->tw_head = row;
	else
		set_next(&tcp->tws[tcp->tw_tail], row);
	tcp->tw_tail = row;
}

static uint32_t list_pop(struct sl_tcp *tcp)
{
	uint32_t row = tcp->tw_head;

	tcp->tw_head = next_of(&tcp->tws[row]);
	if (tcp->tw_head == TW_ROW)
		tcp->tw_tail = TW_ROW;
	return row;
}

static void entry_key(const struct sl_tcp *tcp, uint32_t row, struct sl_ip *l, struct sl_ip *f,
		      struct key *k)
{
	const struct tw_entry *e = &tcp->tws[row];

	if (e->next_opts & TW_V6) {
		*l = tcp->tw_addr6[row].l;
		*f = tcp->tw_addr6[row].f;
	} else {
		*l = sl_ip_from_v4(e->laddr);
		*f = sl_ip_from_v4(e->faddr);
	}
	*k = (struct key){l, f, e->lport, e->fport};
}

/* Leaves the index at once; the row is free when its turn on the list comes. */
static void entry_kill(struct sl_tcp *tcp, uint32_t row)
{
	struct sl_ip l, f;
	struct key k;

	if (tcp->tws[row].lport == 0)
		return;
	entry_key(tcp, row, &l, &f, &k);
	sl_flow_del(tcp->index, tcp_key_hash(tcp, &k), row_base(tcp) + row);
	tcp->tws[row].lport = 0;
	stats(tcp)->tcp_time_wait--;
}

static uint32_t row_alloc(struct sl_tcp *tcp)
{
	uint32_t row = tcp->tws_free;

	if (row != TW_ROW) {
		tcp->tws_free = next_of(&tcp->tws[row]);
		return row;
	}
	if (tcp->tws_fresh < tcp->cfg.time_wait_max)
		return tcp->tws_fresh++;
	/* Full: the oldest has waited longest and makes room. */
	row = list_pop(tcp);
	entry_kill(tcp, row);
	return row;
}

void tcp_tw_add(struct sl_tcp *tcp, const struct sl_tcp_conn *c)
{
	uint32_t row = row_alloc(tcp);
	struct tw_entry *e = &tcp->tws[row];

	if (!sl_flow_add(tcp->index, tcp_conn_hash(c), row_base(tcp) + row)) {
		e->lport = 0;
		e->next_opts = tcp->tws_free;
		tcp->tws_free = row;
		return;
	}
	*e = (struct tw_entry){.laddr = c->laddr,
			       .faddr = c->faddr,
			       .lport = c->lport,
			       .fport = c->fport,
			       .snd_nxt = c->snd_max,
			       .rcv_nxt = c->rcv_nxt,
			       .ts_recent = c->ts_recent,
			       .t_due = tcp->now_ms + tcp->cfg.time_wait_ms};
	if (c->flags & F_TS)
		e->next_opts |= TW_TS;
	if (c->flags & F_V6) {
		e->next_opts |= TW_V6;
		tcp->tw_addr6[row] = tcp->conn_addr6[conn_row(c)];
	}
	list_append(tcp, row);
	stats(tcp)->tcp_time_wait++;
}

static void entry_ack(struct sl_tcp *tcp, uint32_t row)
{
	const struct tw_entry *e = &tcp->tws[row];
	struct sl_ip l, f;
	struct key k;
	uint32_t ts_offset;
	uint8_t opts[12];
	struct bare b = {.l = &l,
			 .f = &f,
			 .lport = e->lport,
			 .fport = e->fport,
			 .seq = e->snd_nxt,
			 .ack = e->rcv_nxt,
			 .wnd = TW_WINDOW,
			 .flags = SL_TCP_ACK,
			 .opts = opts};

	entry_key(tcp, row, &l, &f, &k);
	(void)tcp_isn(tcp, &k, &ts_offset);
	if (e->next_opts & TW_TS)
		b.opts_len = tcp_opts_ts(opts, tcp->now_ms + ts_offset, e->ts_recent);
	tcp_seg_send_bare(tcp, &b);
}

/* RFC 6191 2: newer by timestamp, or by sequence number where timestamps don't tell. */
static bool syn_is_newer(const struct tw_entry *e, const struct seg *s)
{
	if (e->next_opts & TW_TS && s->o.has_ts && s->o.tsval != e->ts_recent)
		return seq_lt(e->ts_recent, s->o.tsval);
	return seq_lt(e->rcv_nxt, s->seq);
}

/* Beyond whatever of the old connection may still be on its way. */
static uint32_t follower_iss(const struct tw_entry *e)
{
	return e->snd_nxt + 65535 + 2;
}

bool tcp_tw_may_follow(const struct sl_tcp *tcp, uint32_t row)
{
	const struct tw_entry *e;

	if (row < row_base(tcp))
		return false;
	e = &tcp->tws[row - row_base(tcp)];
	return e->next_opts & TW_TS &&
	       seq_le(e->t_due - tcp->cfg.time_wait_ms + FOLLOW_MS, tcp->now_ms);
}

uint32_t tcp_tw_follow(struct sl_tcp *tcp, uint32_t row)
{
	uint32_t least = follower_iss(&tcp->tws[row - row_base(tcp)]);

	entry_kill(tcp, row - row_base(tcp));
	return least;
}

void tcp_tw_in(struct sl_tcp *tcp, uint32_t row, struct seg *s)
{
	struct tw_entry *e = &tcp->tws[row];
	uint32_t iss_least = follower_iss(e);

	if (s->flags & SL_TCP_RST) { /* RFC 1337: no assassination */
		tcp_seg_drop(tcp, s, SL_DROP_TCP_BAD_RST);
		return;
	}
	if ((s->flags & (SL_TCP_SYN | SL_TCP_ACK)) == SL_TCP_SYN && syn_is_newer(e, s)) {
		entry_kill(tcp, row);
		tcp_listen_syn(tcp, s, &iss_least);
		return;
	}
	if (!s->len && !(s->flags & (SL_TCP_SYN | SL_TCP_FIN)))
		return;
	/* The FIN again: our ACK was lost, the wait begins anew (RFC 9293 3.10.7.4). */
	if (s->flags & SL_TCP_FIN && s->seq + s->len + 1 == e->rcv_nxt)
		e->t_due = tcp->now_ms + tcp->cfg.time_wait_ms;
	entry_ack(tcp, row);
}

void tcp_tw_timers(struct sl_tcp *tcp)
{
	while (tcp->tw_head != TW_ROW) {
		struct tw_entry *e = &tcp->tws[tcp->tw_head];
		uint32_t row;

		if (e->lport && seq_lt(tcp->now_ms, e->t_due) && next_of(e) == TW_ROW)
			return;
		if (e->lport && seq_lt(tcp->now_ms, e->t_due)) {
			/* Begun anew while others wait behind it: to the end, if those are due. */
			if (seq_lt(tcp->now_ms, tcp->tws[next_of(e)].t_due))
				return;
			list_append(tcp, list_pop(tcp));
			continue;
		}
		row = list_pop(tcp);
		entry_kill(tcp, row);
		tcp->tws[row].next_opts = tcp->tws_free;
		tcp->tws_free = row;
	}
}

uint64_t tcp_tw_next_us(const struct sl_tcp *tcp)
{
	if (tcp->tw_head == TW_ROW)
		return UINT64_MAX;
	return tcp_ms_to_us(tcp, tcp->tws[tcp->tw_head].t_due);
}
