/* SPDX-License-Identifier: BSD-3-Clause */
/* Life of a connection's control block: given out, opened, ended, given back. */
#include "internal.h"

struct sl_tcp_conn *tcp_conn_new(struct sl_tcp *tcp, const struct key *k, enum sl_tcp_side side)
{
	struct sl_tcp_conn *c;
	uint32_t row = tcp->conns_free;

	if (row == ROW_NONE && tcp->conns_fresh == tcp->cfg.conns_max)
		return NULL;
	if (row == ROW_NONE)
		row = tcp->conns_fresh;
	if (!sl_flow_add(tcp->index, tcp_key_hash(tcp, k), row))
		return NULL;
	c = &tcp->conns[row];
	if (row == tcp->conns_fresh)
		tcp->conns_fresh++;
	else
		tcp->conns_free = c->touch_next;
	memset(c, 0, sizeof(*c));
	c->tcp = tcp;
	c->lport = k->lport;
	c->fport = k->fport;
	c->side = (uint8_t)side;
	c->flags = F_INDEXED;
	if (tcp_addr_is_v6(k->l, k->f)) {
		c->flags |= F_V6;
		tcp->conn_addr6[row] = (struct sl_tcp_addr6){*k->l, *k->f};
	} else {
		c->laddr = sl_ip_v4_be(k->l);
		c->faddr = sl_ip_v4_be(k->f);
	}
	c->user = SL_TCP_NO_USER;
	c->service = UINT32_MAX;
	c->loss = ROW_NONE;
	c->t_rx = c->t_progress = tcp->now_ms;
	*path_of(c) = (struct path){.rcv_limit = tcp->cfg.rcv_buf_bytes,
				    .rcv_since_us = (uint32_t)tcp->lc->now_us,
				    .kept_row = ROW_NONE};
	stats(tcp)->tcp_conns++;
	return c;
}

/* A freed block goes back to the free list once no other list links it. */
void tcp_conn_reap(struct sl_tcp_conn *c)
{
	if (c->flags & (F_READY | F_TOUCHED))
		return;
	c->touch_next = c->tcp->conns_free;
	c->tcp->conns_free = conn_row(c);
}

static void conn_free(struct sl_tcp_conn *c)
{
	tcp_queue_free(c->rcvq);
	c->rcvq = c->rcvq_tail = NULL;
	c->rcv_len = 0;
	c->events = 0;
	c->state = ST_FREE;
	tcp_conn_reap(c);
}

void tcp_conn_touch(struct sl_tcp_conn *c)
{
	struct sl_tcp *tcp = c->tcp;

	if (c->flags & F_TOUCHED)
		return;
	c->flags |= F_TOUCHED;
	c->touch_next = ROW_NONE;
	if (tcp->touch_tail == ROW_NONE)
		tcp->touch_head = conn_row(c);
	else
		tcp->conns[tcp->touch_tail].touch_next = conn_row(c);
	tcp->touch_tail = conn_row(c);
}

void tcp_conn_event(struct sl_tcp_conn *c, uint8_t events)
{
	struct sl_tcp *tcp = c->tcp;

	if (c->flags & F_DETACHED)
		return;
	c->events |= events;
	if (c->flags & F_READY)
		return;
	c->flags |= F_READY;
	c->ready_next = ROW_NONE;
	if (tcp->ready_tail == ROW_NONE)
		tcp->ready_head = conn_row(c);
	else
		tcp->conns[tcp->ready_tail].ready_next = conn_row(c);
	tcp->ready_tail = conn_row(c);
}

static void leave_index(struct sl_tcp_conn *c)
{
	if (!(c->flags & F_INDEXED))
		return;
	sl_flow_del(c->tcp->index, tcp_conn_hash(c), conn_row(c));
	c->flags &= ~F_INDEXED;
}

void tcp_conn_end(struct sl_tcp_conn *c, enum sl_tcp_end why)
{
	if (c->state <= ST_CLOSED)
		return;
	leave_index(c);
	tcp_kept_free(c);
	tcp_timer_stop_all(c);
	tcp_queue_free(c->sndq);
	c->sndq = c->sndq_tail = c->snd_cur = NULL;
	c->snd_mbufs = 0;
	tcp_reass_purge(c);
	tcp_conn_loss_put(c);
	tcp_buffer_release(c);
	stats(c->tcp)->tcp_conns--;
	if (why == SL_TCP_END_TIMEOUT)
		stats(c->tcp)->tcp_timeouts++;
	c->state = ST_CLOSED;
	c->end = (uint8_t)why;
	if (c->flags & F_DETACHED)
		conn_free(c);
	else
		tcp_conn_event(c, SL_TCP_CLOSED);
}

void tcp_conn_time_wait(struct sl_tcp_conn *c)
{
	leave_index(c);
	tcp_tw_add(c->tcp, c);
	tcp_conn_end(c, SL_TCP_END_FIN);
}

void tcp_conn_set_mtu(struct sl_tcp_conn *c, uint16_t mtu)
{
	uint16_t most = mtu - ip_tcp_len(c->flags & F_V6);

	c->mtu = mtu;
	if (!c->mss || c->mss > most)
		c->mss = SL_MAX(most, (uint16_t)MSS_FLOOR);
}

void tcp_conn_set_peer_mss(struct sl_tcp_conn *c, uint16_t peer_mss)
{
	if (!peer_mss) /* RFC 9293 3.7.1 (MUST-15) */
		peer_mss = c->flags & F_V6 ? 1220 : 536;
	c->mss = SL_MIN(c->mss, SL_MAX(peer_mss, (uint16_t)MSS_FLOOR));
}

struct loss *tcp_conn_loss(const struct sl_tcp_conn *c)
{
	return c->loss == ROW_NONE ? NULL : &c->tcp->loss[c->loss];
}

struct loss *tcp_conn_loss_get(struct sl_tcp_conn *c)
{
	struct sl_tcp *tcp = c->tcp;
	struct loss *l;

	if (c->loss != ROW_NONE)
		return &tcp->loss[c->loss];
	if (tcp->loss_free != ROW_NONE) {
		c->loss = tcp->loss_free;
		tcp->loss_free = tcp->loss[c->loss].next;
	} else if (tcp->loss_fresh < tcp->loss_rows) {
		c->loss = tcp->loss_fresh++;
	} else {
		return NULL;
	}
	l = &tcp->loss[c->loss];
	memset(l, 0, sizeof(*l));
	l->hole[0].rxt = c->snd_una;
	l->due_us = UINT32_MAX;
	return l;
}

void tcp_conn_loss_put(struct sl_tcp_conn *c)
{
	if (c->loss == ROW_NONE)
		return;
	c->tcp->loss[c->loss].next = c->tcp->loss_free;
	c->tcp->loss_free = c->loss;
	c->loss = ROW_NONE;
}

/*
 * Source port whose replies belong to this worker and whose tuple is free; 0: none. Where free ones
 * are hard to find, that of a connection in TIME-WAIT which a new one may follow: its row in *old.
 */
static uint16_t choose_port(struct sl_tcp *tcp, struct key *k, uint32_t *old)
{
	uint32_t step = tcp->lc->workers ? tcp->lc->workers : 1;
	uint32_t first =
		SL_TCP_PORT_FIRST + (tcp->lc->index + step - SL_TCP_PORT_FIRST % step) % step;
	uint32_t n = (SL_TCP_PORT_FIRST + SL_TCP_PORTS - 1 - first) / step + 1;
	uint16_t follows = 0;

	/* Not searched again at once for an endpoint that had none free. */
	if (tcp->no_port_for == k->fport && sl_ip_eq(&tcp->no_port_ip, k->f) &&
	    tcp->now_ms - tcp->no_port_ms < NO_PORT_MS)
		return 0;
	/* RFC 6056 3.3.1: from a random place on. */
	uint32_t at = (uint32_t)(tcp_random(tcp) % n);

	*old = ROW_NONE;
	for (uint32_t i = 0; i < n && !(follows && i >= PORT_TRIES); i++) {
		uint32_t row;

		k->lport = (uint16_t)(first + (at + i) % n * step);
		row = tcp_index_find(tcp, tcp_key_hash(tcp, k), k);
		if (row == SL_FLOW_NONE) {
			*old = ROW_NONE;
			return k->lport;
		}
		if (!follows && tcp_tw_may_follow(tcp, row)) {
			follows = k->lport;
			*old = row;
		}
	}
	k->lport = follows;
	if (follows)
		return follows;
	tcp->no_port_for = k->fport;
	tcp->no_port_ip = *k->f;
	tcp->no_port_ms = tcp->now_ms;
	return 0;
}

struct sl_tcp_conn *sl_tcp_connect(struct sl_tcp *tcp, const struct sl_ip *dst, uint16_t port,
				   uint32_t timeout_ms, int *code)
{
	struct sl_tcp_conn *c;
	struct sl_ip src;
	struct key k = {&src, dst, 0, port};
	uint32_t old, iss, iss_least;
	uint16_t mtu;

	tcp_clock(tcp);
	*code = -EHOSTUNREACH;
	if (!tcp->cfg.route(tcp->cfg.user, dst, &src, &mtu))
		return NULL;
	*code = -EADDRNOTAVAIL;
	if (!choose_port(tcp, &k, &old)) {
		stats(tcp)->tcp_ports_exhausted++;
		return NULL;
	}
	*code = -ENOBUFS;
	iss_least = old == ROW_NONE ? 0 : tcp_tw_follow(tcp, old);
	c = tcp_conn_new(tcp, &k, SL_TCP_UPSTREAM);
	if (!c)
		return NULL;
	tcp_conn_set_mtu(c, mtu);
	c->adv_mss = c->mss;
	iss = tcp_isn(tcp, &k, &c->ts_offset);
	if (old != ROW_NONE && seq_lt(iss, iss_least))
		iss = iss_least;
	c->snd_una = c->snd_nxt = c->snd_max = iss;
	c->snd_end = c->snd_una + 1;
	c->recover = c->snd_una;
	c->state = ST_SYN_SENT;
	c->listener = UINT32_MAX;
	tcp_timer_keep(c, timeout_ms);
	tcp_conn_touch(c);
	stats(tcp)->tcp_active_opens++;
	*code = 0;
	return c;
}

void tcp_conn_reset_out(struct sl_tcp_conn *c)
{
	struct sl_ip l, f;
	struct bare b = {.l = &l,
			 .f = &f,
			 .lport = c->lport,
			 .fport = c->fport,
			 .seq = c->snd_max,
			 .ack = c->rcv_nxt,
			 .flags = SL_TCP_RST | SL_TCP_ACK};

	if (c->state <= ST_SYN_SENT)
		return;
	tcp_conn_addrs(c, &l, &f);
	tcp_seg_send_bare(c->tcp, &b);
	stats(c->tcp)->tcp_rst_out++;
}

void sl_tcp_shutdown(struct sl_tcp_conn *c)
{
	if (c->flags & F_SHUTDOWN)
		return;
	switch (c->state) {
	case ST_SYN_SENT: /* RFC 9293 3.10.4: queued until established */
		c->flags |= F_SHUTDOWN;
		return;
	case ST_SYN_RCVD:
	case ST_ESTABLISHED:
		c->state = ST_FIN_WAIT_1;
		break;
	case ST_CLOSE_WAIT:
		c->state = ST_LAST_ACK;
		break;
	default:
		return;
	}
	tcp_kept_busy(c);
	c->flags |= F_SHUTDOWN;
	tcp_conn_touch(c);
}

static void detach(struct sl_tcp_conn *c)
{
	tcp_kept_free(c);
	c->flags |= F_DETACHED;
	c->events = 0;
	c->user = SL_TCP_NO_USER;
}

void sl_tcp_close(struct sl_tcp_conn *c)
{
	if (c->state == ST_FREE || c->flags & F_DETACHED)
		return;
	tcp_clock(c->tcp);
	detach(c);
	if (c->state == ST_CLOSED) {
		conn_free(c);
		return;
	}
	if (c->state == ST_SYN_SENT) {
		tcp_conn_end(c, SL_TCP_END_ABORT);
		return;
	}
	if (c->rcv_len) {
		tcp_conn_reset_out(c);
		tcp_conn_end(c, SL_TCP_END_ABORT);
		return;
	}
	sl_tcp_shutdown(c);
	/* Shut down earlier and waiting for the peer's FIN: not for ever. */
	if (c->state == ST_FIN_WAIT_2) {
		tcp_timer_keep(c, FIN_WAIT_2_MS);
		tcp_timer_arm(c);
	}
}

void sl_tcp_abort(struct sl_tcp_conn *c)
{
	if (c->state == ST_FREE || c->flags & F_DETACHED)
		return;
	tcp_clock(c->tcp);
	detach(c);
	if (c->state == ST_CLOSED) {
		conn_free(c);
		return;
	}
	tcp_conn_reset_out(c);
	tcp_conn_end(c, SL_TCP_END_ABORT);
}

void sl_tcp_release(struct sl_tcp_conn *c)
{
	sl_tcp_abort(c);
}
