/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a segment looks: IP and TCP header in a small mbuf, payload as indirect references to the
 * send queue, checksums complete. The last stop before sl_ip_send.
 */
#include "internal.h"

#define PIECES_MAX 16 /* mbufs of payload in one segment; the segment ends there */
#define TTL        64

void tcp_queue_free(struct rte_mbuf *m)
{
	struct rte_mbuf *next;

	for (; m; m = next) {
		next = m->next;
		m->next = NULL;
		rte_pktmbuf_free_seg(m);
	}
}

static void ip_emit(uint8_t *p, const struct sl_ip *l, const struct sl_ip *f, uint32_t tcp_len)
{
	if (!tcp_addr_is_v6(l, f)) {
		struct sl_ipv4_hdr *ip = (struct sl_ipv4_hdr *)p;

		/* RFC 6864 4.1: an atomic datagram needs no identification. */
		*ip = (struct sl_ipv4_hdr){.ver_ihl = 0x45,
					   .len_be = htons((uint16_t)(sizeof(*ip) + tcp_len)),
					   .frag_be = htons(SL_IPV4_DF),
					   .ttl = TTL,
					   .proto = IPPROTO_TCP,
					   .src_be = sl_ip_v4_be(l),
					   .dst_be = sl_ip_v4_be(f)};
		ip->csum_be = sl_ipv4_csum(ip, sizeof(*ip));
	} else {
		struct sl_ipv6_hdr *ip = (struct sl_ipv6_hdr *)p;

		*ip = (struct sl_ipv6_hdr){.ver_class_flow_be = htonl(0x60000000),
					   .len_be = htons((uint16_t)tcp_len),
					   .next = IPPROTO_TCP,
					   .hops = TTL};
		memcpy(ip->src, l->b, 16);
		memcpy(ip->dst, f->b, 16);
	}
}

/* Header mbuf of a segment with payload_len bytes behind it, whose folded sum is known. */
static struct rte_mbuf *header_build(struct sl_tcp *tcp, const struct bare *b, uint32_t payload_len,
				     uint64_t payload_sum)
{
	uint32_t ip_len = tcp_addr_is_v6(b->l, b->f) ? 40 : 20;
	uint32_t tcp_len = sizeof(struct sl_tcp_hdr) + b->opts_len;
	struct rte_mbuf *m = rte_pktmbuf_alloc(tcp->lc->clone_pool);
	struct sl_tcp_hdr *h;
	uint64_t sum;
	uint8_t *p;

	if (!m)
		return NULL;
	memset(sl_pkt(m), 0, sizeof(struct sl_pkt));
	p = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(ip_len + tcp_len));
	ip_emit(p, b->l, b->f, tcp_len + payload_len);
	h = (struct sl_tcp_hdr *)(p + ip_len);
	*h = (struct sl_tcp_hdr){.sport_be = htons(b->lport),
				 .dport_be = htons(b->fport),
				 .seq_be = htonl(b->seq),
				 .ack_be = htonl(b->ack),
				 .off = (uint8_t)(tcp_len / 4 << 4),
				 .flags = b->flags,
				 .win_be = htons(b->wnd)};
	memcpy(h + 1, b->opts, b->opts_len);
	sum = sl_csum_pseudo(b->l, b->f, IPPROTO_TCP, tcp_len + payload_len) + payload_sum;
	h->csum_be = (uint16_t)~sl_csum_fold(sl_csum_add(sum, h, tcp_len));
	return m;
}

static void output(struct sl_tcp *tcp, struct rte_mbuf *m)
{
	stats(tcp)->tcp_segs_out++;
	tcp->cfg.output(tcp->cfg.user, m);
}

bool tcp_seg_send_bare(struct sl_tcp *tcp, const struct bare *b)
{
	static const uint8_t none[1];
	struct bare copy = *b;
	struct rte_mbuf *m;

	if (!copy.opts)
		copy.opts = none;
	m = header_build(tcp, &copy, 0, 0);
	if (!m)
		return false;
	output(tcp, m);
	return true;
}

void tcp_seg_send_reset(struct sl_tcp *tcp, const struct seg *s)
{
	struct key k;
	struct bare b = {0};

	if (s->flags & SL_TCP_RST)
		return;
	tcp_seg_key(s, &k);
	b = (struct bare){.l = k.l, .f = k.f, .lport = k.lport, .fport = k.fport};
	b.flags = SL_TCP_RST;
	if (s->flags & SL_TCP_ACK) {
		b.seq = s->ack;
	} else {
		b.flags |= SL_TCP_ACK;
		b.ack = s->seq + s->len + !!(s->flags & SL_TCP_SYN) + !!(s->flags & SL_TCP_FIN);
	}
	if (tcp_seg_send_bare(tcp, &b))
		stats(tcp)->tcp_rst_out++;
}

/* Folded sum of part of a queued mbuf; that of a whole one is kept with it. */
static uint16_t piece_sum(struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	struct sl_pkt *pkt = sl_pkt(m);
	uint16_t sum;

	if (len == m->data_len && pkt->flags & SL_PKT_SUM)
		return pkt->sum;
	sum = sl_csum_fold(sl_csum_add(0, rte_pktmbuf_mtod_offset(m, char *, off), len));
	if (len == m->data_len) {
		pkt->sum = sum;
		pkt->flags |= SL_PKT_SUM;
	}
	return sum;
}

/* Payload of a segment under construction. */
struct payload {
	struct rte_mbuf *first, *last;
	uint32_t len, pieces;
	uint64_t sum;
};

static bool piece_add(struct sl_tcp *tcp, struct payload *pl, struct rte_mbuf *m, uint32_t off,
		      uint32_t len)
{
	struct rte_mbuf *ref = rte_pktmbuf_alloc(tcp->lc->clone_pool);
	uint16_t sum;

	if (!ref)
		return false;
	rte_pktmbuf_attach(ref, m);
	ref->data_off += (uint16_t)off;
	ref->data_len = (uint16_t)len;
	if (pl->last)
		pl->last->next = ref;
	else
		pl->first = ref;
	pl->last = ref;
	sum = piece_sum(m, off, len);
	pl->sum += pl->len & 1 ? sl_csum_swap(sum) : sum;
	pl->len += len;
	pl->pieces++;
	return true;
}

/* Mbuf of the send queue in which seq lies. */
static struct rte_mbuf *queue_at(struct sl_tcp_conn *c, uint32_t seq)
{
	struct rte_mbuf *m = c->sndq;

	if (c->snd_cur && seq_le(sl_pkt(c->snd_cur)->seq, seq))
		m = c->snd_cur;
	while (m && seq - sl_pkt(m)->seq >= m->data_len)
		m = m->next;
	if (m && seq == c->snd_nxt)
		c->snd_cur = m;
	return m;
}

/* References to up to len bytes from seq; fewer when they lie in too many pieces. */
static bool gather(struct sl_tcp_conn *c, uint32_t seq, uint32_t len, struct payload *pl)
{
	struct rte_mbuf *m = queue_at(c, seq);
	uint32_t off = m ? seq - sl_pkt(m)->seq : 0;

	for (; m && pl->len < len && pl->pieces < PIECES_MAX; m = m->next, off = 0) {
		uint32_t n = SL_MIN(m->data_len - off, len - pl->len);

		if (!piece_add(c->tcp, pl, m, off, n)) {
			rte_pktmbuf_free(pl->first);
			return false;
		}
	}
	return true;
}

/* What every segment says besides data: ACK and window; what was owed is paid by it. */
static uint16_t ack_state(struct sl_tcp_conn *c)
{
	uint32_t edge = tcp_reass_window(c), field;

	/* Rounded down where the window opens, up where it must not shrink. */
	field = edge - c->rcv_nxt;
	if (edge == c->rcv_adv)
		field += (1u << c->rcv_wscale) - 1;
	field = SL_MIN(field >> c->rcv_wscale, 65535u);
	c->rcv_adv = seq_max(c->rcv_adv, c->rcv_nxt + (field << c->rcv_wscale));
	c->last_ack_sent = c->rcv_nxt;
	c->flags &= ~(F_ACK_NOW | F_DELACK | F_T_DELACK);
	return (uint16_t)field;
}

/* RFC 4861 7.3.1: what we sent arrived, so the neighbour it went through is alive. */
static void confirm(struct sl_tcp_conn *c, struct rte_mbuf *m)
{
	if (!(c->flags & F_CONFIRM))
		return;
	c->flags &= ~F_CONFIRM;
	if (c->tcp->now_ms - c->t_progress < CONFIRM_MS)
		sl_pkt(m)->flags |= SL_PKT_CONFIRMS;
}

int64_t tcp_seg_send(struct sl_tcp_conn *c, uint32_t seq, uint32_t len, uint8_t flags)
{
	struct sl_tcp *tcp = c->tcp;
	struct payload pl = {0};
	struct rte_mbuf *m;
	struct sl_ip l, f;
	uint8_t opts[40];
	struct bare b = {.l = &l, .f = &f, .lport = c->lport, .fport = c->fport, .opts = opts};

	tcp_conn_addrs(c, &l, &f);
	b.opts_len = tcp_opts_ack(opts, c);
	/* SACK blocks take their room from the payload. */
	if (len + b.opts_len > c->mss) {
		len = c->mss - b.opts_len;
		flags &= ~SL_TCP_FIN;
	}
	if (len && !gather(c, seq, len, &pl))
		return -1;
	if (pl.len < len)
		flags &= ~SL_TCP_FIN;
	if (pl.len && seq + pl.len == c->snd_end)
		flags |= SL_TCP_PSH;
	b.seq = seq;
	b.ack = c->rcv_nxt;
	b.flags = flags | SL_TCP_ACK;
	b.wnd = ack_state(c);
	m = header_build(tcp, &b, pl.len, pl.sum);
	if (!m) {
		rte_pktmbuf_free(pl.first);
		c->flags |= F_ACK_NOW;
		return -1;
	}
	m->next = pl.first;
	m->nb_segs = (uint16_t)(1 + pl.pieces);
	m->pkt_len += pl.len;
	confirm(c, m);
	output(tcp, m);
	return pl.len + !!(flags & SL_TCP_FIN);
}

void tcp_sndq_acked(struct sl_tcp_conn *c, uint32_t ack)
{
	struct rte_mbuf *m;

	while ((m = c->sndq) && seq_le(sl_pkt(m)->seq + m->data_len, ack)) {
		if (c->snd_cur == m)
			c->snd_cur = NULL;
		c->sndq = m->next;
		c->snd_mbufs--;
		m->next = NULL;
		rte_pktmbuf_free_seg(m);
	}
	if (!m) {
		c->sndq_tail = NULL;
		return;
	}
	if (seq_lt(sl_pkt(m)->seq, ack)) {
		uint16_t n = (uint16_t)(ack - sl_pkt(m)->seq);

		m->data_off += n;
		m->data_len -= n;
		m->pkt_len = m->data_len;
		sl_pkt(m)->seq = ack;
		sl_pkt(m)->flags = 0;
	}
}
