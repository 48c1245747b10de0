/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reassembly of one worker (RFC 791 3.2, RFC 8200 4.5): bounded in datagrams, fragments and bytes,
 * overall and per source. When a limit is reached the oldest datagram goes, first of the same
 * source, so a flood pushes out itself before others.
 */
#include <stdlib.h>

#include "net_int.h"

#define DATAGRAMS     512u
#define PER_SOURCE    64u  /* datagrams */
#define PIECES        128u /* fragments of one datagram: 64 KiB in pieces of 552 */
#define BUCKETS       256u /* by keyed hash of the source: "a source" is a bucket */
#define BYTES_MAX     (4u << 20)
#define V4_TIMEOUT_US 30000000u
#define V6_TIMEOUT_US 60000000u

struct piece {
	struct rte_mbuf *m;
	uint32_t off, len; /* of the datagram's data */
};

struct datagram {
	TAILQ_ENTRY(datagram) of_source, of_age;
	uint64_t born_us;
	struct sl_ip src, dst;
	uint32_t id;
	uint32_t total; /* bytes of data, 0: the last fragment is not here yet */
	uint32_t have;
	uint32_t bytes; /* of buffer memory */
	uint16_t n;
	uint16_t source;
	uint8_t family, proto;
	bool dead;           /* overlapped: what still comes is dropped too (RFC 5722) */
	struct piece *piece; /* its PIECES places, by offset */
};
TAILQ_HEAD(datagrams, datagram);

struct source {
	struct datagrams list; /* oldest first */
	uint32_t n, bytes;
};

struct frag_table {
	struct sl_hash_key key;
	uint32_t bytes, bytes_max;
	struct datagrams age[2]; /* IPv4, IPv6; oldest first */
	struct datagrams spare;
	struct source source[BUCKETS];
	struct datagram datagram[DATAGRAMS];
	struct piece piece[DATAGRAMS][PIECES];
};

/** One fragment, read off its header. */
struct fragment {
	uint32_t id, off, len, bytes;
	bool more;
	uint8_t proto;
};

struct frag_table *frag_table_create(struct sl_lcore *lc, const struct sl_hash_key *key)
{
	struct frag_table *t = calloc(1, sizeof(*t));
	uint64_t share;

	if (!t)
		return NULL;
	t->key = *key;
	/* Fragments never hold more than an eighth of the buffers. */
	share = (uint64_t)lc->pool->size * rte_pktmbuf_data_room_size(lc->pool) / 8 /
		(lc->workers ? lc->workers : 1);
	t->bytes_max = (uint32_t)SL_MIN(share, BYTES_MAX);
	TAILQ_INIT(&t->age[0]);
	TAILQ_INIT(&t->age[1]);
	TAILQ_INIT(&t->spare);
	for (uint32_t i = 0; i < BUCKETS; i++)
		TAILQ_INIT(&t->source[i].list);
	for (uint32_t i = 0; i < DATAGRAMS; i++) {
		t->datagram[i].piece = t->piece[i];
		TAILQ_INSERT_TAIL(&t->spare, &t->datagram[i], of_age);
	}
	return t;
}

/* Takes the pieces out of the accounts; they are the caller's then. */
static void release(struct frag_table *t, struct sl_lcore *lc, struct datagram *d)
{
	lc->stats.c->held -= d->n;
	t->bytes -= d->bytes;
	t->source[d->source].bytes -= d->bytes;
	d->n = 0;
	d->bytes = 0;
}

static void remove_datagram(struct frag_table *t, struct datagram *d)
{
	struct source *s = &t->source[d->source];

	TAILQ_REMOVE(&s->list, d, of_source);
	TAILQ_REMOVE(&t->age[d->family == 6], d, of_age);
	TAILQ_INSERT_HEAD(&t->spare, d, of_age);
	s->n--;
}

static void drop_pieces(struct frag_table *t, struct sl_lcore *lc, struct datagram *d,
			enum sl_drop reason)
{
	uint16_t n = d->n;

	release(t, lc, d);
	for (uint16_t i = 0; i < n; i++)
		sl_drop(lc, d->piece[i].m, reason);
}

static void give_up(struct frag_table *t, struct sl_lcore *lc, struct datagram *d,
		    enum sl_drop reason)
{
	drop_pieces(t, lc, d, reason);
	remove_datagram(t, d);
}

void frag_table_free(struct frag_table *t, struct sl_lcore *lc)
{
	if (!t)
		return;
	for (int f = 0; f < 2; f++)
		while (!TAILQ_EMPTY(&t->age[f]))
			give_up(t, lc, TAILQ_FIRST(&t->age[f]), SL_DROP_SHUTDOWN);
	free(t);
}

static struct datagram *oldest(struct frag_table *t)
{
	struct datagram *a = TAILQ_FIRST(&t->age[0]), *b = TAILQ_FIRST(&t->age[1]);

	if (!a || !b)
		return a ? a : b;
	return a->born_us <= b->born_us ? a : b;
}

static struct fragment read_fragment(struct rte_mbuf *m)
{
	const struct sl_pkt *p = sl_pkt(m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l3);
	struct fragment f = {.len = m->pkt_len - p->payload, .proto = p->proto};
	uint16_t frag;

	for (const struct rte_mbuf *s = m; s; s = s->next)
		f.bytes += s->buf_len;
	if (p->family == 4) {
		frag = sl_load16(ip + 6);
		f.id = sl_load16(ip + 4);
		f.off = (frag & SL_IPV4_OFF_MASK) * 8u;
		f.more = frag & SL_IPV4_MF;
	} else {
		ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->payload - NET_FRAG_LEN);
		frag = sl_load16(ip + 2);
		f.id = sl_load32(ip + 4);
		f.off = frag & 0xfff8;
		f.more = frag & 1;
		f.proto = 0; /* RFC 8200: not part of what tells datagrams apart */
	}
	return f;
}

static struct datagram *find(struct source *s, const struct sl_pkt *p, const struct fragment *f)
{
	struct datagram *d;

	TAILQ_FOREACH(d, &s->list, of_source)
	if (d->id == f->id && d->proto == f->proto && d->family == p->family &&
	    sl_ip_eq(&d->src, &p->src) && sl_ip_eq(&d->dst, &p->dst))
		return d;
	return NULL;
}

static struct datagram *add(struct frag_table *t, struct sl_lcore *lc, struct source *s,
			    const struct sl_pkt *p, const struct fragment *f)
{
	struct datagram *d;

	if (s->n >= PER_SOURCE)
		give_up(t, lc, TAILQ_FIRST(&s->list), SL_DROP_FRAG_LIMIT);
	else if (TAILQ_EMPTY(&t->spare))
		give_up(t, lc, oldest(t), SL_DROP_FRAG_LIMIT);
	d = TAILQ_FIRST(&t->spare);
	TAILQ_REMOVE(&t->spare, d, of_age);
	memset(d, 0, offsetof(struct datagram, piece));
	d->born_us = lc->now_us;
	d->src = p->src;
	d->dst = p->dst;
	d->id = f->id;
	d->proto = f->proto;
	d->family = p->family;
	d->source = (uint16_t)(s - t->source);
	TAILQ_INSERT_TAIL(&s->list, d, of_source);
	TAILQ_INSERT_TAIL(&t->age[p->family == 6], d, of_age);
	s->n++;
	return d;
}

/* Room for the buffers of one more fragment of d. */
static bool make_room(struct frag_table *t, struct sl_lcore *lc, struct datagram *d, uint32_t bytes)
{
	struct source *s = &t->source[d->source];
	struct datagram *victim;

	while (s->bytes + bytes > t->bytes_max / 2) {
		victim = TAILQ_FIRST(&s->list);
		if (victim == d)
			return false;
		give_up(t, lc, victim, SL_DROP_FRAG_LIMIT);
	}
	while (t->bytes + bytes > t->bytes_max) {
		victim = oldest(t);
		if (victim == d)
			return false;
		give_up(t, lc, victim, SL_DROP_FRAG_LIMIT);
	}
	return true;
}

/* Where the fragment belongs: its index; or a reason, negated and less one. */
static int place(const struct datagram *d, const struct fragment *f)
{
	uint32_t end = f->off + f->len;
	int i = d->n;

	if (d->total && (end > d->total || (f->more ? end == d->total : end != d->total)))
		return -1 - SL_DROP_FRAG_BAD;
	while (i > 0 && d->piece[i - 1].off >= f->off)
		i--;
	if (i < d->n && d->piece[i].off < end)
		return -1 - SL_DROP_FRAG_OVERLAP;
	if (i > 0 && d->piece[i - 1].off + d->piece[i - 1].len > f->off)
		return -1 - SL_DROP_FRAG_OVERLAP;
	if (!f->more && i < d->n)
		return -1 - SL_DROP_FRAG_BAD;
	return d->n < PIECES ? i : -1 - SL_DROP_FRAG_LIMIT;
}

static bool duplicate(const struct datagram *d, const struct fragment *f)
{
	for (uint16_t i = 0; i < d->n; i++)
		if (d->piece[i].off == f->off)
			return d->piece[i].len == f->len &&
			       (f->more || f->off + f->len == d->total);
	return false;
}

static void insert(struct frag_table *t, struct sl_lcore *lc, struct datagram *d, int i,
		   const struct fragment *f, struct rte_mbuf *m)
{
	memmove(&d->piece[i + 1], &d->piece[i], (d->n - (uint32_t)i) * sizeof(d->piece[0]));
	d->piece[i] = (struct piece){m, f->off, f->len};
	d->n++;
	d->have += f->len;
	d->bytes += f->bytes;
	t->bytes += f->bytes;
	t->source[d->source].bytes += f->bytes;
	lc->stats.c->held++;
	if (!f->more)
		d->total = f->off + f->len;
}

/* All pieces behind the first one's header. */
static struct rte_mbuf *chain(const struct piece *piece, uint16_t n)
{
	struct rte_mbuf *head = piece[0].m, *tail = rte_pktmbuf_lastseg(head);

	for (uint16_t i = 1; i < n; i++) {
		struct rte_mbuf *m = piece[i].m;

		rte_pktmbuf_adj(m, sl_pkt(m)->payload);
		tail->next = m;
		tail = rte_pktmbuf_lastseg(m);
		head->nb_segs += m->nb_segs;
		head->pkt_len += m->pkt_len;
		m->nb_segs = 1;
	}
	return head;
}

/* The header as if the datagram had come whole. */
static bool heal_header(struct rte_mbuf *m, uint32_t total)
{
	struct sl_pkt *p = sl_pkt(m);
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, p->l3);
	uint32_t before = p->payload - p->l3; /* headers in front of the data */
	struct ipv6_walk w;

	if (p->family == 4) {
		struct sl_ipv4_hdr *v4 = (struct sl_ipv4_hdr *)ip;

		if (before + total > 65535)
			return false;
		v4->len_be = htons((uint16_t)(before + total));
		v4->frag_be = 0;
		v4->csum_be = sl_ipv4_csum(v4, before);
		return true;
	}
	before -= NET_FRAG_LEN;
	if (before - NET_V6_LEN + total > 65535 || !ipv6_walk(ip, m->data_len - p->l3, &w) ||
	    w.frag != before)
		return false;
	ip[w.frag_next_off] = ip[w.frag];
	sl_store16(ip + 4, (uint16_t)(before - NET_V6_LEN + total));
	memmove(ip - p->l3 + NET_FRAG_LEN, ip - p->l3, p->l3 + before);
	rte_pktmbuf_adj(m, NET_FRAG_LEN);
	return true;
}

static struct rte_mbuf *assemble(struct sl_net_lcore *nl, struct datagram *d)
{
	struct sl_lcore *lc = nl->lc;
	uint32_t total = d->total;
	struct rte_mbuf *m;
	int verdict = SL_DROP_FRAG_BAD;

	/* n - 1 of n end here; the whole datagram goes on as one. */
	lc->stats.c->consumed += d->n - 1u;
	m = chain(d->piece, d->n);
	release(nl->frags, lc, d);
	remove_datagram(nl->frags, d);
	sl_pkt(m)->flags &= ~(SL_PKT_FRAGMENT | SL_PKT_L4_CSUM_OK | SL_PKT_SUM);
	sl_pkt(m)->flags |= SL_PKT_WHOLE;
	m->ol_flags &= ~(RTE_MBUF_F_RX_L4_CKSUM_MASK | RTE_MBUF_F_RX_IP_CKSUM_MASK);
	if (heal_header(m, total))
		verdict = ip_parse(nl->net, m);
	if (verdict == NET_PASS)
		return m;
	/* RFC 6980: no neighbour discovery in fragments. */
	sl_drop(lc, m, verdict == NET_ND ? SL_DROP_ND_BAD : (enum sl_drop)verdict);
	return NULL;
}

/* Takes a fragment; the whole datagram if this one completed it. */
static struct rte_mbuf *take(struct sl_net_lcore *nl, struct rte_mbuf *m)
{
	struct frag_table *t = nl->frags;
	const struct sl_pkt *p = sl_pkt(m);
	struct fragment f = read_fragment(m);
	struct source *s = &t->source[sl_siphash(&t->key, &p->src, 16) % BUCKETS];
	struct datagram *d = find(s, p, &f);
	enum sl_drop reason;
	int at;

	if (!d)
		d = add(t, nl->lc, s, p, &f);
	if (d->dead || duplicate(d, &f)) {
		sl_drop(nl->lc, m, SL_DROP_FRAG_OVERLAP);
		return NULL;
	}
	at = place(d, &f);
	if (at >= 0 && !make_room(t, nl->lc, d, f.bytes))
		at = -1 - SL_DROP_FRAG_LIMIT;
	if (at >= 0) {
		insert(t, nl->lc, d, at, &f, m);
		return d->total && d->have == d->total ? assemble(nl, d) : NULL;
	}
	reason = (enum sl_drop)(-1 - at);
	sl_drop(nl->lc, m, reason);
	drop_pieces(t, nl->lc, d, reason);
	d->dead = true;
	return NULL;
}

uint16_t sl_ip_reassemble_burst(struct sl_net_lcore *nl, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];

		if (sl_pkt(m)->flags & SL_PKT_FRAGMENT)
			m = take(nl, m);
		if (m)
			pkts[kept++] = m;
	}
	return kept;
}

void frag_expire(struct sl_net_lcore *nl)
{
	static const uint64_t life_us[2] = {V4_TIMEOUT_US, V6_TIMEOUT_US};
	struct datagram *d;

	for (int f = 0; f < 2; f++)
		while ((d = TAILQ_FIRST(&nl->frags->age[f])) &&
		       nl->lc->now_us - d->born_us >= life_us[f]) {
			/* Time exceeded in reassembly, if the sender can be told of what. */
			if (d->n && d->piece[0].off == 0)
				sl_icmp_error_send(nl, d->piece[0].m, 11, 1, 0);
			give_up(nl->frags, nl->lc, d, SL_DROP_FRAG_TIMEOUT);
		}
}
