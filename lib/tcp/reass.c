/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Received data: the in-order queue, the ranges behind gaps, and the window they leave.
 *
 * Out of order, a range is a list of mbufs without a gap. Its first mbuf keeps the range's end,
 * its last mbuf and the next range, in the part of sl_pkt that held the packet's addresses.
 */
#include "internal.h"

struct range {
	struct rte_mbuf *last, *next;
	uint32_t end;
	uint32_t stamp; /* receive order: the newest range is reported first */
};
_Static_assert(sizeof(struct range) <= 2 * sizeof(struct sl_ip), "range fits the addresses");

/* In-order mbufs from which on small segments are copied together. */
#define COALESCE_FROM  32
#define COALESCE_MAX   1024u
/* Mbufs out of order one connection may hold, at least; more where its buffer has grown. */
#define OOO_MBUFS      512u
#define OOO_MBUF_BYTES 512u

static struct range *range_of(struct rte_mbuf *head)
{
	return (struct range *)(void *)&sl_pkt(head)->src;
}

/* Segment payload on its way into a queue: mbufs linked by next, and their numbers. */
struct run {
	struct rte_mbuf *first, *last;
	uint32_t seq, end;
	uint16_t mbufs;
};

static void run_count(struct run *r, uint32_t seq)
{
	r->mbufs = 0;
	r->seq = seq;
	r->last = NULL;
	for (struct rte_mbuf **link = &r->first, *m; (m = *link); link = &m->next) {
		while (m->data_len == 0 && m->next) { /* e.g. a first fragment of headers only */
			*link = m->next;
			m->next = NULL;
			rte_pktmbuf_free_seg(m);
			m = *link;
		}
		m->nb_segs = 1;
		m->pkt_len = m->data_len;
		sl_pkt(m)->seq = seq;
		sl_pkt(m)->flags = 0;
		seq += m->data_len;
		r->last = m;
		r->mbufs++;
	}
	r->end = seq;
}

/* Cuts to [from, to); what is left is not empty. */
static void run_trim(struct run *r, uint32_t from, uint32_t to)
{
	uint32_t skip = from - r->seq, keep = to - from;
	struct rte_mbuf *m = r->first, **link = &r->first;

	while (skip >= m->data_len) {
		r->first = m->next;
		skip -= m->data_len;
		m->next = NULL;
		rte_pktmbuf_free_seg(m);
		m = r->first;
	}
	m->data_off += (uint16_t)skip;
	m->data_len -= (uint16_t)skip;
	for (; keep && *link; link = &(*link)->next) {
		m = *link;
		m->data_len = (uint16_t)SL_MIN(m->data_len, keep);
		keep -= m->data_len;
	}
	tcp_queue_free(*link);
	*link = NULL;
	run_count(r, from);
}

/* Copies a small payload behind the last one, so that tiny segments don't pin a buffer each. */
static bool coalesce(struct sl_tcp_conn *c, struct rte_mbuf *m)
{
	struct rte_mbuf *t = c->rcvq_tail;

	if (c->rcv_mbufs < COALESCE_FROM || !t || m->data_len > COALESCE_MAX)
		return false;
	if (!RTE_MBUF_DIRECT(t) || rte_mbuf_refcnt_read(t) != 1 ||
	    rte_pktmbuf_tailroom(t) < m->data_len)
		return false;
	memcpy(rte_pktmbuf_mtod_offset(t, char *, t->data_len), rte_pktmbuf_mtod(m, char *),
	       m->data_len);
	t->data_len += m->data_len;
	t->pkt_len = t->data_len;
	rte_pktmbuf_free_seg(m);
	return true;
}

/* @param counted They are in rcv_mbufs already, from out of order. */
static void append(struct sl_tcp_conn *c, struct run *r, bool counted)
{
	struct rte_mbuf *m, *next;
	uint32_t len = r->end - r->seq;

	c->rcv_nxt = r->end;
	c->rcv_len += len;
	stats(c->tcp)->tcp_bytes_in += len;
	for (m = r->first; m; m = next) {
		next = m->next;
		m->next = NULL;
		if (coalesce(c, m)) {
			c->rcv_mbufs -= counted;
			continue;
		}
		if (c->rcvq_tail)
			c->rcvq_tail->next = m;
		else
			c->rcvq = m;
		c->rcvq_tail = m;
		c->rcv_mbufs += !counted;
	}
}

static void unlink_first(struct sl_tcp_conn *c)
{
	c->ooo = range_of(c->ooo)->next;
	c->ooo_ranges--;
}

static uint16_t list_count(const struct rte_mbuf *m)
{
	uint16_t n = 0;

	for (; m; m = m->next)
		n++;
	return n;
}

/* Moves ranges that are in order now to the queue. */
static void drain(struct sl_tcp_conn *c)
{
	while (c->ooo && seq_le(sl_pkt(c->ooo)->seq, c->rcv_nxt)) {
		struct rte_mbuf *head = c->ooo;
		struct range g = *range_of(head);
		struct run r = {head, g.last, sl_pkt(head)->seq, g.end, 0};

		unlink_first(c);
		if (seq_le(g.end, c->rcv_nxt)) {
			c->rcv_mbufs -= list_count(head);
			tcp_queue_free(head);
			continue;
		}
		if (r.seq != c->rcv_nxt) {
			c->rcv_mbufs -= list_count(head);
			run_trim(&r, c->rcv_nxt, r.end);
			append(c, &r, false);
		} else {
			append(c, &r, true);
		}
	}
}

/* Joins range `a` with its successor where they touch. */
static void join_next(struct sl_tcp_conn *c, struct rte_mbuf *a)
{
	struct range *g = range_of(a), *n;

	if (!g->next || sl_pkt(g->next)->seq != g->end)
		return;
	n = range_of(g->next);
	g->last->next = g->next;
	g->last = n->last;
	g->end = n->end;
	g->next = n->next;
	c->ooo_ranges--;
}

static void report_duplicate(struct sl_tcp_conn *c, uint32_t left, uint32_t right)
{
	if (!(c->flags & F_SACK) || left == right)
		return;
	c->dsack_left = left;
	c->dsack_right = right;
	c->flags |= F_DSACK;
}

/*
 * Files a run behind a gap. It is cut to the first stretch that is not there yet; if more of it
 * is new behind an older range, that part is left to the peer to send again.
 *
 * @return false when it was not taken: a duplicate or too many ranges.
 */
static enum sl_drop insert(struct sl_tcp_conn *c, struct run *r)
{
	struct rte_mbuf *prev = NULL, *next = c->ooo;
	uint32_t from = r->seq, to = r->end;

	while (next && seq_le(sl_pkt(next)->seq, from)) {
		prev = next;
		next = range_of(next)->next;
	}
	if (prev && seq_lt(from, range_of(prev)->end))
		from = range_of(prev)->end;
	if (seq_le(to, from)) {
		report_duplicate(c, r->seq, r->end);
		range_of(prev)->stamp = ++path_of(c)->ooo_stamp;
		return SL_DROP_TCP_DUPLICATE;
	}
	if (from != r->seq)
		report_duplicate(c, r->seq, from);
	if (next && seq_lt(sl_pkt(next)->seq, to))
		to = sl_pkt(next)->seq;
	if (c->rcv_mbufs + r->mbufs > SL_MAX(OOO_MBUFS, path_of(c)->rcv_limit / OOO_MBUF_BYTES))
		return SL_DROP_TCP_OOO_LIMIT;
	if (prev && range_of(prev)->end == from) {
		run_trim(r, from, to);
		range_of(prev)->last->next = r->first;
		range_of(prev)->last = r->last;
		range_of(prev)->end = r->end;
		range_of(prev)->stamp = ++path_of(c)->ooo_stamp;
		c->rcv_mbufs += r->mbufs;
		join_next(c, prev);
		return SL_DROP_COUNT;
	}
	if (c->ooo_ranges >= OOO_RANGES)
		return SL_DROP_TCP_OOO_LIMIT;
	run_trim(r, from, to);
	*range_of(r->first) = (struct range){r->last, next, r->end, ++path_of(c)->ooo_stamp};
	if (prev)
		range_of(prev)->next = r->first;
	else
		c->ooo = r->first;
	c->ooo_ranges++;
	c->rcv_mbufs += r->mbufs;
	join_next(c, r->first);
	return SL_DROP_COUNT;
}

static void in_order(struct sl_tcp_conn *c, struct seg *s, struct run *r, uint32_t to)
{
	if (r->seq != c->rcv_nxt)
		report_duplicate(c, r->seq, c->rcv_nxt);
	if (r->seq != c->rcv_nxt || to != r->end)
		run_trim(r, c->rcv_nxt, to);
	sl_consume(c->tcp->lc);
	s->taken = true;
	c->flags |= F_ASKED;
	append(c, r, false);
	if (c->ooo) { /* RFC 5681 4.2: an ACK at once when a gap is filled */
		drain(c);
		c->flags |= F_ACK_NOW;
	}
	tcp_conn_event(c, SL_TCP_READABLE);
}

void tcp_reass_data(struct sl_tcp_conn *c, struct seg *s)
{
	struct run r = {.first = s->m};
	uint32_t to;

	if (c->tcp->pressure == PRESSURE_FULL) { /* the peer sends it again */
		c->flags |= F_ASKED;
		tcp_seg_drop(c->tcp, s, SL_DROP_TCP_NO_BUFFERS);
		return;
	}
	run_count(&r, s->seq);
	s->m = r.first;
	to = seq_min(r.end, c->rcv_adv);
	if (seq_le(r.end, c->rcv_nxt) || seq_le(to, c->rcv_nxt)) {
		c->flags |= F_ACK_NOW;
		tcp_seg_drop(c->tcp, s, SL_DROP_TCP_DUPLICATE);
		return;
	}
	if (seq_le(r.seq, c->rcv_nxt)) {
		in_order(c, s, &r, to);
		return;
	}
	/* RFC 5681 4.2: each segment out of order is answered at once, so the peer can count. */
	if (to != r.end)
		run_trim(&r, r.seq, to);
	s->m = r.first;
	enum sl_drop why = insert(c, &r);

	if (why == SL_DROP_COUNT) {
		sl_consume(c->tcp->lc);
		stats(c->tcp)->tcp_out_of_order++;
		s->taken = true;
	} else {
		tcp_seg_drop(c->tcp, s, why);
	}
	path_of(c)->quick_acks = QUICK_ACKS;
	tcp_out_ack(c);
}

void tcp_reass_purge(struct sl_tcp_conn *c)
{
	while (c->ooo) {
		struct rte_mbuf *head = c->ooo;

		unlink_first(c);
		c->rcv_mbufs -= list_count(head);
		tcp_queue_free(head);
	}
}

uint32_t tcp_reass_blocks(const struct sl_tcp_conn *c, uint32_t blocks[][2], uint32_t max)
{
	uint32_t below = UINT32_MAX, n;

	/* RFC 2018 4: the range of the newest segment first, then by age. */
	for (n = 0; n < max; n++) {
		struct rte_mbuf *best = NULL;

		for (struct rte_mbuf *m = c->ooo; m; m = range_of(m)->next)
			if (range_of(m)->stamp < below &&
			    (!best || range_of(m)->stamp > range_of(best)->stamp))
				best = m;
		if (!best)
			break;
		blocks[n][0] = sl_pkt(best)->seq;
		blocks[n][1] = range_of(best)->end;
		below = range_of(best)->stamp;
	}
	return n;
}

uint32_t tcp_reass_window(const struct sl_tcp_conn *c)
{
	uint32_t limit = tcp_buffer_rcv(c), edge, ahead;

	edge = c->rcv_nxt + (c->rcv_len < limit ? limit - c->rcv_len : 0);
	if (seq_le(edge, c->rcv_adv))
		return c->rcv_adv;
	/* RFC 9293 3.8.6.2.2: no small steps, or the sender gets silly. */
	ahead = edge - c->rcv_adv;
	if (ahead < c->adv_mss && ahead < limit / 2 && c->rcv_len)
		return c->rcv_adv;
	return edge;
}
