/* SPDX-License-Identifier: BSD-3-Clause */
/* The user's side of a connection: bytes in, bytes out, and what it may ask. */
#include "internal.h"

uint32_t sl_tcp_rx_len(const struct sl_tcp_conn *c)
{
	return c->rcv_len;
}

struct rte_mbuf *sl_tcp_rx_peek(const struct sl_tcp_conn *c)
{
	return c->rcvq;
}

/* Bytes left the queue: the window may open. */
static void rx_taken(struct sl_tcp_conn *c, uint32_t n)
{
	c->rcv_len -= n;
	if (!c->rcvq)
		c->rcvq_tail = NULL;
	tcp_buffer_taken(c, n);
	if (c->state > ST_CLOSED)
		tcp_conn_touch(c);
}

/* First n bytes of the head mbuf, n below its length, as an indirect mbuf. */
static struct rte_mbuf *split_head(struct sl_tcp_conn *c, struct rte_mbuf *m, uint32_t n)
{
	struct rte_mbuf *part = rte_pktmbuf_alloc(c->tcp->lc->clone_pool);

	if (!part)
		return NULL;
	rte_pktmbuf_attach(part, m);
	part->data_len = (uint16_t)n;
	part->pkt_len = n;
	return part;
}

struct rte_mbuf *sl_tcp_rx_take(struct sl_tcp_conn *c, uint32_t n)
{
	struct rte_mbuf *head = c->rcvq, *m = head, *last = NULL, *part;
	uint32_t left = n;
	uint16_t segs = 0;

	if (n == 0 || n > c->rcv_len)
		return NULL;
	while (left && left >= m->data_len) {
		left -= m->data_len;
		last = m;
		m = m->next;
		segs++;
	}
	if (left) {
		part = split_head(c, m, left);
		if (!part)
			return NULL;
		m->data_off += (uint16_t)left;
		m->data_len -= (uint16_t)left;
		m->pkt_len = m->data_len;
		sl_pkt(m)->seq += left;
		if (last)
			last->next = part;
		else
			head = part;
		segs++;
	} else {
		last->next = NULL;
	}
	c->rcvq = m;
	c->rcv_mbufs -= left ? segs - 1 : segs;
	head->pkt_len = n;
	head->nb_segs = segs;
	rx_taken(c, n);
	return head;
}

void sl_tcp_rx_skip(struct sl_tcp_conn *c, uint32_t n)
{
	uint32_t left = n = SL_MIN(n, c->rcv_len);

	while (left && left >= c->rcvq->data_len) {
		struct rte_mbuf *m = c->rcvq;

		left -= m->data_len;
		c->rcvq = m->next;
		c->rcv_mbufs--;
		m->next = NULL;
		rte_pktmbuf_free_seg(m);
	}
	if (left) {
		c->rcvq->data_off += (uint16_t)left;
		c->rcvq->data_len -= (uint16_t)left;
		c->rcvq->pkt_len = c->rcvq->data_len;
		sl_pkt(c->rcvq)->seq += left;
	}
	if (n)
		rx_taken(c, n);
}

bool sl_tcp_rx_eof(const struct sl_tcp_conn *c)
{
	return c->flags & F_FIN_IN;
}

static bool can_send(const struct sl_tcp_conn *c)
{
	return !(c->flags & F_SHUTDOWN) &&
	       (c->state == ST_ESTABLISHED || c->state == ST_CLOSE_WAIT ||
		c->state == ST_SYN_SENT || c->state == ST_SYN_RCVD);
}

uint32_t sl_tcp_tx_pending(const struct sl_tcp_conn *c)
{
	if (c->state <= ST_SYN_RCVD)
		return c->state <= ST_CLOSED ? 0 : c->snd_end - (c->snd_una + 1);
	return seq_lt(c->snd_una, c->snd_end) ? c->snd_end - c->snd_una : 0;
}

uint32_t sl_tcp_tx_room(const struct sl_tcp_conn *c)
{
	uint32_t used, limit = tcp_buffer_snd(c);

	if (!can_send(c))
		return 0;
	/* An mbuf counts for at least TRUESIZE bytes, or tiny writes would pin many buffers. */
	used = SL_MAX(sl_tcp_tx_pending(c), (uint32_t)c->snd_mbufs * TRUESIZE);
	if (c->tcp->pressure)
		limit = SL_MIN(limit / 4, 4 * eff_mss(c));
	return used < limit ? limit - used : 0;
}

/* Far above what tx_room allows, and no counter may wrap: such a user loses the connection. */
static bool countable(struct sl_tcp_conn *c, const struct rte_mbuf *chain)
{
	uint64_t bytes = c->snd_end - c->snd_una, mbufs = c->snd_mbufs;

	for (; chain; chain = chain->next) {
		bytes += chain->data_len;
		mbufs++;
	}
	if (bytes < SND_BYTES_MAX && mbufs <= UINT16_MAX)
		return true;
	tcp_conn_reset_out(c);
	tcp_conn_end(c, SL_TCP_END_ABORT);
	return false;
}

void sl_tcp_tx(struct sl_tcp_conn *c, struct rte_mbuf *chain)
{
	struct rte_mbuf *m, *next;

	if (!can_send(c) || !countable(c, chain)) {
		tcp_queue_free(chain);
		return;
	}
	tcp_kept_busy(c);
	c->flags &= ~F_ASKED;
	for (m = chain; m; m = next) {
		next = m->next;
		m->next = NULL;
		m->nb_segs = 1;
		m->pkt_len = m->data_len;
		if (m->data_len == 0) {
			rte_pktmbuf_free_seg(m);
			continue;
		}
		sl_pkt(m)->seq = c->snd_end;
		sl_pkt(m)->flags = 0;
		c->snd_end += m->data_len;
		c->snd_mbufs++;
		if (c->sndq_tail)
			c->sndq_tail->next = m;
		else
			c->sndq = m;
		c->sndq_tail = m;
	}
	tcp_conn_touch(c);
}

enum sl_tcp_end sl_tcp_end(const struct sl_tcp_conn *c)
{
	return (enum sl_tcp_end)c->end;
}

const char *sl_tcp_state_name(const struct sl_tcp_conn *c)
{
	static const char *const names[] = {
		[ST_FREE] = "CLOSED",
		[ST_CLOSED] = "CLOSED",
		[ST_SYN_SENT] = "SYN-SENT",
		[ST_SYN_RCVD] = "SYN-RECEIVED",
		[ST_ESTABLISHED] = "ESTABLISHED",
		[ST_FIN_WAIT_1] = "FIN-WAIT-1",
		[ST_FIN_WAIT_2] = "FIN-WAIT-2",
		[ST_CLOSE_WAIT] = "CLOSE-WAIT",
		[ST_CLOSING] = "CLOSING",
		[ST_LAST_ACK] = "LAST-ACK",
	};

	return names[c->state];
}

uint16_t sl_tcp_mss(const struct sl_tcp_conn *c)
{
	return (uint16_t)eff_mss(c);
}

void sl_tcp_local(const struct sl_tcp_conn *c, struct sl_ip_port *out)
{
	struct sl_ip f;

	tcp_conn_addrs(c, &out->ip, &f);
	out->port = c->lport;
}

void sl_tcp_remote(const struct sl_tcp_conn *c, struct sl_ip_port *out)
{
	struct sl_ip l;

	tcp_conn_addrs(c, &l, &out->ip);
	out->port = c->fport;
}

uint32_t sl_tcp_listener(const struct sl_tcp_conn *c)
{
	return c->listener;
}

uint32_t sl_tcp_service(const struct sl_tcp_conn *c)
{
	return c->service;
}

enum sl_tcp_side sl_tcp_side(const struct sl_tcp_conn *c)
{
	return (enum sl_tcp_side)c->side;
}

void sl_tcp_set_user(struct sl_tcp_conn *c, uint32_t user)
{
	c->user = user;
}

uint32_t sl_tcp_user(const struct sl_tcp_conn *c)
{
	return c->user;
}
