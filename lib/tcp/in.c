/* SPDX-License-Identifier: BSD-3-Clause */
/* Segments come in: parsed, found their connection, and checked in the order of RFC 9293 3.10.7. */
#include "internal.h"

void tcp_seg_drop(struct sl_tcp *tcp, struct seg *s, enum sl_drop why)
{
	if (s->taken)
		return;
	s->taken = true;
	sl_drop(tcp->lc, s->m, why);
}

void tcp_seg_done(struct sl_tcp *tcp, struct seg *s)
{
	if (s->taken)
		return;
	s->taken = true;
	sl_consume(tcp->lc);
	rte_pktmbuf_free(s->m);
}

void tcp_seg_key(const struct seg *s, struct key *k)
{
	k->l = &s->pkt->dst;
	k->f = &s->pkt->src;
	k->lport = s->pkt->dport;
	k->fport = s->pkt->sport;
}

/* Reads the header and moves the data start behind it. */
static bool parse(struct seg *s, struct rte_mbuf *m)
{
	struct sl_pkt *pkt = sl_pkt(m);
	const uint8_t *h = rte_pktmbuf_mtod_offset(m, const uint8_t *, pkt->l4);
	uint32_t hlen = (uint32_t)pkt->payload - pkt->l4;

	s->m = m;
	s->pkt = pkt;
	s->taken = false;
	if (pkt->payload < pkt->l4 + sizeof(struct sl_tcp_hdr) || hlen > pkt->l4_len ||
	    pkt->payload > m->data_len || (uint32_t)pkt->l4 + pkt->l4_len != m->pkt_len)
		return false;
	s->seq = sl_load32(h + 4);
	s->ack = sl_load32(h + 8);
	s->flags = h[13];
	s->wnd = sl_load16(h + 14);
	s->len = pkt->l4_len - hlen;
	tcp_opts_parse(h + sizeof(struct sl_tcp_hdr), hlen - sizeof(struct sl_tcp_hdr), &s->o);
	rte_pktmbuf_adj(m, pkt->payload);
	return true;
}

/* RFC 9293 3.10.7.1, and what a listener does with other than SYN (3.10.7.2). */
static void in_no_conn(struct sl_tcp *tcp, struct seg *s)
{
	struct syn_entry e;

	if (s->flags & SL_TCP_RST) {
		tcp_seg_drop(tcp, s, SL_DROP_TCP_NO_CONN);
		return;
	}
	if ((s->flags & (SL_TCP_SYN | SL_TCP_ACK)) == SL_TCP_SYN) {
		tcp_listen_syn(tcp, s, NULL);
		return;
	}
	if ((s->flags & (SL_TCP_SYN | SL_TCP_ACK)) == SL_TCP_ACK && tcp_cookie_check(tcp, s, &e)) {
		tcp_listen_complete(tcp, &e, s);
		return;
	}
	tcp_seg_send_reset(tcp, s);
	tcp_seg_drop(tcp, s, SL_DROP_TCP_NO_CONN);
}

static void in_seg(struct sl_tcp *tcp, struct seg *s)
{
	struct key k;
	uint32_t row;

	tcp_seg_key(s, &k);
	row = tcp_index_find(tcp, s->hash, &k);
	if (row == SL_FLOW_NONE) {
		in_no_conn(tcp, s);
	} else if (row < tcp->cfg.conns_max) {
		struct sl_tcp_conn *c = &tcp->conns[row];

		tcp_in_conn(c, s);
		if (c->state > ST_CLOSED)
			tcp_conn_touch(c);
	} else if (row - tcp->cfg.conns_max < tcp->cfg.syn_rcvd_max) {
		tcp_listen_syn_rcvd(tcp, row - tcp->cfg.conns_max, s);
	} else {
		tcp_tw_in(tcp, row - tcp->cfg.conns_max - tcp->cfg.syn_rcvd_max, s);
	}
	tcp_seg_done(tcp, s);
}

void sl_tcp_in_burst(struct sl_tcp *tcp, struct rte_mbuf **pkts, uint16_t n)
{
	struct seg segs[SL_BURST];
	struct key k;

	tcp_clock(tcp);
	while (n) {
		uint16_t batch = SL_MIN(n, SL_BURST), good = 0;

		for (uint16_t i = 0; i < batch; i++) {
			struct seg *s = &segs[good];

			if (!parse(s, pkts[i])) {
				tcp_seg_drop(tcp, s, SL_DROP_L4_BAD_HEADER);
				continue;
			}
			tcp_seg_key(s, &k);
			s->hash = tcp_key_hash(tcp, &k);
			sl_flow_prefetch(tcp->index, s->hash);
			good++;
		}
		stats(tcp)->tcp_segs_in += good;
		for (uint16_t i = 0; i < good; i++)
			in_seg(tcp, &segs[i]);
		pkts += batch;
		n -= batch;
	}
}

/* RFC 7323 5.3: older than what was seen, unless our memory of it is older than 24 days. */
static bool paws_reject(struct sl_tcp_conn *c, const struct seg *s)
{
	/* A segment without the option is still taken: RFC 7323 3.2 allows it, old stacks do it. */
	if (!(c->flags & F_TS) || !s->o.has_ts || s->flags & SL_TCP_RST)
		return false;
	if (!seq_lt(s->o.tsval, c->ts_recent))
		return false;
	return c->tcp->now_ms - c->t_rx < PAWS_MAX_AGE_MS;
}

/* RFC 9293 3.4 table of acceptable segments; a zero-length one may also stand at the edge. */
static bool acceptable(const struct sl_tcp_conn *c, const struct seg *s)
{
	uint32_t len = s->len + !!(s->flags & SL_TCP_SYN) + !!(s->flags & SL_TCP_FIN);

	if (len == 0)
		return seq_le(c->rcv_nxt, s->seq) && seq_le(s->seq, c->rcv_adv);
	return seq_lt(s->seq, c->rcv_adv) && seq_lt(c->rcv_nxt, s->seq + len);
}

static void reject(struct sl_tcp_conn *c, struct seg *s)
{
	bool old = s->len && seq_le(s->seq + s->len, c->rcv_nxt);

	if (s->flags & SL_TCP_RST) {
		tcp_seg_drop(c->tcp, s, SL_DROP_TCP_BAD_RST);
		return;
	}
	if (old)
		path_of(c)->quick_acks = QUICK_ACKS;
	if (old && c->flags & F_SACK) {
		c->dsack_left = s->seq;
		c->dsack_right = s->seq + s->len;
		c->flags |= F_DSACK;
	}
	/* Data again means that our ACK was lost; the rest could be a loop, and is limited. */
	if ((s->len || s->flags & SL_TCP_FIN) && !(s->flags & SL_TCP_SYN))
		c->flags |= F_ACK_NOW;
	else
		tcp_out_challenge(c);
	tcp_seg_drop(c->tcp, s, old ? SL_DROP_TCP_DUPLICATE : SL_DROP_TCP_OUT_OF_WINDOW);
}

/* RFC 5961 3.2: only the exact next number resets. */
static void in_rst(struct sl_tcp_conn *c, struct seg *s)
{
	if (s->seq != c->rcv_nxt) {
		tcp_out_challenge(c);
		tcp_seg_drop(c->tcp, s, SL_DROP_TCP_BAD_RST);
		return;
	}
	stats(c->tcp)->tcp_rst_in++;
	tcp_conn_end(c, c->state == ST_SYN_RCVD ? SL_TCP_END_REFUSED : SL_TCP_END_RESET);
}

/* First to fourth check of RFC 9293 3.10.7.4; false when that was all. */
static bool check(struct sl_tcp_conn *c, struct seg *s)
{
	if (paws_reject(c, s)) {
		if (s->len)
			c->flags |= F_ACK_NOW;
		else
			tcp_out_challenge(c);
		tcp_seg_drop(c->tcp, s, SL_DROP_TCP_PAWS);
		return false;
	}
	/* Simultaneous open: the peer's SYN-ACK repeats its SYN (RFC 9293 3.5, figure 8). */
	if (c->state == ST_SYN_RCVD && s->flags & SL_TCP_SYN && s->seq + 1 == c->rcv_nxt) {
		s->flags &= ~SL_TCP_SYN;
		s->seq++;
	}
	/* RFC 9293 3.10.7.4: into a closed window, ACK, URG and RST are still taken. */
	if (c->rcv_adv == c->rcv_nxt && s->seq == c->rcv_nxt && !(s->flags & SL_TCP_SYN) &&
	    (s->len || s->flags & SL_TCP_FIN)) {
		s->len = 0;
		s->flags &= ~SL_TCP_FIN;
		c->flags |= F_ACK_NOW;
	}
	if (!acceptable(c, s)) {
		reject(c, s);
		return false;
	}
	if (s->flags & SL_TCP_RST) {
		in_rst(c, s);
		return false;
	}
	if (s->flags & SL_TCP_SYN) { /* RFC 5961 4.2 */
		tcp_out_challenge(c);
		tcp_seg_drop(c->tcp, s, SL_DROP_TCP_OUT_OF_WINDOW);
		return false;
	}
	if (!(s->flags & SL_TCP_ACK)) {
		tcp_seg_drop(c->tcp, s, SL_DROP_TCP_BAD_ACK);
		return false;
	}
	return true;
}

/* The peer's FIN is the next in order: RFC 9293 3.10.7.4, eighth. */
static void in_fin(struct sl_tcp_conn *c)
{
	c->rcv_nxt++;
	c->rcv_adv = seq_max(c->rcv_adv, c->rcv_nxt);
	c->flags |= F_FIN_IN | F_ACK_NOW;
	c->flags &= ~F_FIN_OOO;
	tcp_reass_purge(c);
	tcp_conn_event(c, SL_TCP_READABLE);
	switch (c->state) {
	case ST_ESTABLISHED:
		c->state = ST_CLOSE_WAIT;
		break;
	case ST_FIN_WAIT_1: /* had our FIN been acknowledged, it would be FIN-WAIT-2 by now */
		c->state = ST_CLOSING;
		break;
	case ST_FIN_WAIT_2:
		tcp_out_ack(c);
		tcp_conn_time_wait(c);
		break;
	default:
		break;
	}
}

static bool takes_data(const struct sl_tcp_conn *c)
{
	return c->state == ST_ESTABLISHED || c->state == ST_FIN_WAIT_1 || c->state == ST_FIN_WAIT_2;
}

/* RFC 9293 3.10.7.4, seventh and eighth: payload and FIN. Urgent data stays in line (RFC 6093). */
static void in_data(struct sl_tcp_conn *c, struct seg *s)
{
	uint32_t fin = s->seq + s->len;

	if (!takes_data(c))
		return;
	if (s->len || s->flags & SL_TCP_FIN)
		tcp_kept_busy(c);
	if (s->len && c->flags & F_DETACHED && seq_lt(c->rcv_nxt, fin)) {
		tcp_conn_reset_out(c);
		tcp_seg_drop(c->tcp, s, SL_DROP_TCP_AFTER_CLOSE);
		tcp_conn_end(c, SL_TCP_END_ABORT);
		return;
	}
	if (s->len) {
		struct path *p = path_of(c);

		/* Every second segment (RFC 9293 3.8.6.3), each where a sender may be slow from
		 * losses: its window can be one segment. */
		if (c->flags & F_DELACK || p->quick_acks)
			c->flags |= F_ACK_NOW;
		p->quick_acks -= p->quick_acks > 0;
		c->flags |= F_DELACK;
		tcp_reass_data(c, s);
	}
	if (s->flags & SL_TCP_FIN && !(c->flags & F_FIN_OOO)) {
		c->flags |= F_FIN_OOO;
		c->rcv_fin = fin;
		if (c->rcv_nxt != fin && !s->len)
			tcp_out_ack(c);
	}
	if (c->flags & F_FIN_OOO && c->rcv_nxt == c->rcv_fin)
		in_fin(c);
}

void tcp_in_conn(struct sl_tcp_conn *c, struct seg *s)
{
	if (c->state == ST_SYN_SENT) {
		tcp_in_syn_sent(c, s);
		return;
	}
	if (!check(c, s))
		return;
	/* RFC 7323 4.3: only a segment that covers what we acknowledged last is echoed. */
	if (c->flags & F_TS && s->o.has_ts && seq_le(s->seq, c->last_ack_sent) &&
	    !seq_lt(s->o.tsval, c->ts_recent))
		c->ts_recent = s->o.tsval;
	if (c->tcp->now_ms - c->t_rx >= PAWS_MAX_AGE_MS && s->o.has_ts)
		c->ts_recent = s->o.tsval;
	c->t_rx = c->tcp->now_ms;
	if (!tcp_in_ack(c, s) || c->state <= ST_CLOSED)
		return;
	in_data(c, s);
}
