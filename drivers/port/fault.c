/* SPDX-License-Identifier: BSD-3-Clause */
/* Faults between a port and its wire: each direction of a queue is a lane that packets go through.
 */
#include "sl_fault.h"

#include <errno.h>
#include <stdlib.h>

#define LATE_MASK (SL_FAULT_REORDER_MAX - 1)
#define LINE_MASK (SL_FAULT_HELD_MAX - 1)

_Static_assert((SL_FAULT_REORDER_MAX & LATE_MASK) == 0, "a ring's size is a power of two");
_Static_assert((SL_FAULT_HELD_MAX & LINE_MASK) == 0, "a ring's size is a power of two");

/* Held back until `after` packets have entered the line, or until a time. */
struct late {
	struct rte_mbuf *m;
	uint64_t after, until_us;
};

struct due {
	struct rte_mbuf *m;
	uint64_t at_us;
};

/*
 * One direction of one queue; its lcore only. A packet may first wait among the late ones, and
 * then stands in the line until it is due. Both are rings in order of time: with jitter nobody
 * overtakes, as on a real queue; only `reorder` does that.
 */
struct lane {
	const struct sl_fault_rates *rates;
	struct rte_mempool *pool;
	uint64_t rnd;
	struct sl_fault_count count;
	uint32_t late_head, late_tail;
	uint32_t head, tail;
	uint64_t entered; /* packets that ever entered the line */
	uint64_t last_us; /* when the last in the line is due */
	struct {
		uint64_t rnd, since_us;
		uint32_t from_us, to_us; /* added to delay - jitter, on the way between the two */
	} jitter;
	struct late late[SL_FAULT_REORDER_MAX];
	struct due line[SL_FAULT_HELD_MAX];
};

struct fault {
	struct sl_port port;
	struct sl_port *inner;
	struct sl_fault_config cfg;
	struct lane *lane[2]; /* by direction; one a queue */
};

/* SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). */
static uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static bool hit(struct lane *l, uint16_t rate)
{
	return draw(&l->rnd) % SL_FAULT_RATE_MAX < rate;
}

static uint32_t late_count(const struct lane *l)
{
	return l->late_tail - l->late_head;
}

static uint32_t line_count(const struct lane *l)
{
	return l->tail - l->head;
}

/* Packets that fit for sure, each of them doubled. */
static uint16_t room(const struct lane *l)
{
	uint32_t n = (SL_FAULT_HELD_MAX - line_count(l) - late_count(l)) / 2;

	return (uint16_t)SL_MIN(n, SL_BURST);
}

/*
 * The delay glides from one random value to the next, in four times the jitter: never faster than
 * time itself, so that order is kept without all packets waiting for the slowest.
 */
static uint64_t jitter(struct lane *l, uint64_t now_us)
{
	const uint64_t range_us = 2ull * l->rates->jitter_us, glide_us = 2 * range_us;
	uint64_t since_us = now_us - l->jitter.since_us;
	int64_t way;

	if (range_us == 0)
		return 0;
	if (since_us >= glide_us) {
		l->jitter.from_us = l->jitter.to_us;
		l->jitter.to_us = (uint32_t)(draw(&l->jitter.rnd) % (range_us + 1));
		/* After a silence, from now on. */
		l->jitter.since_us =
			since_us < 2 * glide_us ? now_us - since_us % glide_us : now_us;
		since_us = now_us - l->jitter.since_us;
	}
	way = (int64_t)l->jitter.to_us - l->jitter.from_us;
	return (uint64_t)(l->jitter.from_us + way * (int64_t)since_us / (int64_t)glide_us);
}

static void enter(struct lane *l, struct rte_mbuf *m, uint64_t now_us)
{
	uint64_t at_us = now_us + l->rates->delay_us - l->rates->jitter_us + jitter(l, now_us);

	l->last_us = SL_MAX(l->last_us, at_us);
	l->line[l->tail++ & LINE_MASK] = (struct due){m, l->last_us};
	l->entered++;
}

static void enter_late(struct lane *l, uint64_t now_us)
{
	while (late_count(l)) {
		const struct late *first = &l->late[l->late_head & LATE_MASK];

		if (first->after > l->entered && first->until_us > now_us)
			return;
		l->late_head++;
		enter(l, first->m, now_us);
	}
}

/* Of a packet that others may hold parts of, and that a port may want to change. */
static struct rte_mbuf *copy(struct lane *l, const struct rte_mbuf *m)
{
	struct rte_mbuf *c = rte_pktmbuf_copy(m, l->pool, 0, UINT32_MAX);

	if (!c)
		l->count.no_mbuf++;
	return c;
}

static void flip_bit(struct rte_mbuf *m, uint64_t random)
{
	uint32_t bit = (uint32_t)(random % (m->pkt_len * 8ull)), byte = bit / 8;
	struct rte_mbuf *seg = m;

	for (; byte >= seg->data_len; seg = seg->next)
		byte -= seg->data_len;
	*rte_pktmbuf_mtod_offset(seg, uint8_t *, byte) ^= (uint8_t)(1u << bit % 8);
	/* What the device found before the damage says nothing any more. */
	m->ol_flags &= ~(RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK);
}

static struct rte_mbuf *damage(struct lane *l, struct rte_mbuf *m, uint64_t random)
{
	struct rte_mbuf *c = m->pkt_len ? copy(l, m) : NULL;

	if (!c)
		return m;
	rte_pktmbuf_free(m);
	flip_bit(c, random);
	l->count.corrupted++;
	return c;
}

static void hold_back(struct lane *l, struct rte_mbuf *m, uint64_t now_us)
{
	l->late[l->late_tail++ & LATE_MASK] = (struct late){m, l->entered + l->rates->reorder_by,
							    now_us + l->rates->reorder_time_us};
	l->count.reordered++;
}

/* Numbers are drawn for every packet alike: one rate doesn't change what the others do. */
static void put(struct lane *l, struct rte_mbuf *m, uint64_t now_us)
{
	const struct sl_fault_rates *r = l->rates;
	bool loss = hit(l, r->loss), duplicate = hit(l, r->duplicate);
	bool corrupt = hit(l, r->corrupt), reorder = hit(l, r->reorder);
	uint64_t where = draw(&l->rnd);
	struct rte_mbuf *second;

	l->count.seen++;
	if (loss) {
		l->count.lost++;
		rte_pktmbuf_free(m);
		return;
	}
	second = duplicate ? copy(l, m) : NULL;
	if (corrupt)
		m = damage(l, m, where);
	if (reorder && late_count(l) < SL_FAULT_REORDER_MAX)
		hold_back(l, m, now_us);
	else
		enter(l, m, now_us);
	if (second) {
		l->count.duplicated++;
		enter(l, second, now_us);
	}
	enter_late(l, now_us);
}

/* Shows up to n packets that are due, without taking them. */
static uint16_t due(struct lane *l, uint64_t now_us, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t k = 0;

	enter_late(l, now_us);
	for (; k < n && k < line_count(l); k++) {
		const struct due *d = &l->line[(l->head + k) & LINE_MASK];

		if (d->at_us > now_us)
			break;
		pkts[k] = d->m;
	}
	return k;
}

static void to_wire(struct fault *f, uint16_t queue, uint64_t now_us)
{
	struct lane *l = &f->lane[SL_FAULT_TX][queue];
	struct rte_mbuf *pkts[SL_BURST];
	uint16_t n, done;

	do {
		n = due(l, now_us, pkts, SL_BURST);
		done = n ? f->inner->ops->tx_burst(f->inner, queue, pkts, n) : 0;
		l->head += done;
	} while (done == SL_BURST);
}

static uint16_t rx_burst(struct sl_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct fault *f = port->driver;
	struct lane *l = &f->lane[SL_FAULT_RX][queue];
	uint64_t now_us = f->cfg.clock_us();
	struct rte_mbuf *in[SL_BURST];
	uint16_t got = 0;

	to_wire(f, queue, now_us);
	if (room(l))
		got = f->inner->ops->rx_burst(f->inner, queue, in, room(l));
	for (uint16_t i = 0; i < got; i++)
		put(l, in[i], now_us);
	n = due(l, now_us, pkts, n);
	l->head += n;
	return n;
}

static uint16_t tx_burst(struct sl_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct fault *f = port->driver;
	struct lane *l = &f->lane[SL_FAULT_TX][queue];
	uint64_t now_us = f->cfg.clock_us();

	n = SL_MIN(n, room(l));
	for (uint16_t i = 0; i < n; i++)
		put(l, pkts[i], now_us);
	to_wire(f, queue, now_us);
	return n;
}

static bool link_up(struct sl_port *port)
{
	const struct fault *f = port->driver;

	return f->inner->ops->link_up(f->inner);
}

static uint64_t missed(struct sl_port *port)
{
	const struct fault *f = port->driver;

	return f->inner->ops->missed ? f->inner->ops->missed(f->inner) : 0;
}

static void lane_free(struct lane *l)
{
	for (; late_count(l); l->late_head++)
		rte_pktmbuf_free(l->late[l->late_head & LATE_MASK].m);
	for (; line_count(l); l->head++)
		rte_pktmbuf_free(l->line[l->head & LINE_MASK].m);
}

static void close_port(struct sl_port *port)
{
	struct fault *f = port->driver;

	for (int dir = 0; dir < 2; dir++) {
		for (uint16_t q = 0; q < port->queues; q++)
			lane_free(&f->lane[dir][q]);
		free(f->lane[dir]);
	}
	f->inner->ops->close(f->inner);
	free(f);
}

static const struct sl_port_ops ops = {
	.rx_burst = rx_burst,
	.tx_burst = tx_burst,
	.link_up = link_up,
	.missed = missed,
	.close = close_port,
};

static int check(const struct sl_port *inner, const char *dir, const struct sl_fault_rates *r,
		 struct sl_err *err)
{
	if (SL_MAX(SL_MAX(r->loss, r->duplicate), SL_MAX(r->corrupt, r->reorder)) >
	    SL_FAULT_RATE_MAX)
		return sl_err(err, EINVAL, "Port %s: a rate of %s faults is above 100%%.",
			      inner->cfg.name, dir);
	if (r->reorder && (r->reorder_by == 0 || r->reorder_by > SL_FAULT_REORDER_MAX))
		return sl_err(err, EINVAL,
			      "Port %s: a reordered packet is overtaken by 1 to %u others.",
			      inner->cfg.name, SL_FAULT_REORDER_MAX);
	if (r->jitter_us > r->delay_us)
		return sl_err(err, EINVAL, "Port %s: the jitter of %s faults is above the delay.",
			      inner->cfg.name, dir);
	return 0;
}

/* Queues, and the directions of one, have numbers of their own. */
static struct lane *lanes_create(const struct fault *f, enum sl_fault_dir dir,
				 struct rte_mempool *pool)
{
	struct lane *l = calloc(f->port.queues, sizeof(*l));

	for (uint16_t q = 0; l && q < f->port.queues; q++) {
		uint64_t lane = f->cfg.seed ^ ((uint64_t)dir << 63) ^ ((uint64_t)q << 40);

		l[q].rates = dir == SL_FAULT_RX ? &f->cfg.rx : &f->cfg.tx;
		l[q].pool = pool;
		l[q].rnd = draw(&lane);
		l[q].jitter.rnd = draw(&lane);
	}
	return l;
}

int sl_fault_open(struct sl_port **out, struct sl_port *inner, const struct sl_fault_config *cfg,
		  struct rte_mempool *pool, struct sl_err *err)
{
	int rc = check(inner, "rx", &cfg->rx, err);
	struct fault *f;

	if (rc == 0)
		rc = check(inner, "tx", &cfg->tx, err);
	if (rc < 0)
		return rc;
	f = calloc(1, sizeof(*f));
	if (!f)
		return sl_err(err, ENOMEM, "Out of memory.");
	f->port = *inner;
	f->port.ops = &ops;
	f->port.driver = f;
	f->inner = inner;
	f->cfg = *cfg;
	f->lane[SL_FAULT_RX] = lanes_create(f, SL_FAULT_RX, pool);
	f->lane[SL_FAULT_TX] = lanes_create(f, SL_FAULT_TX, pool);
	if (!f->lane[SL_FAULT_RX] || !f->lane[SL_FAULT_TX]) {
		free(f->lane[SL_FAULT_RX]);
		free(f->lane[SL_FAULT_TX]);
		free(f);
		return sl_err(err, ENOMEM, "Out of memory.");
	}
	*out = &f->port;
	return 0;
}

struct sl_fault_count sl_fault_count(const struct sl_port *port, enum sl_fault_dir dir)
{
	const struct fault *f = port->driver;
	struct sl_fault_count sum = {0};

	for (uint16_t q = 0; q < port->queues; q++) {
		const struct sl_fault_count *c = &f->lane[dir][q].count;

		sum.seen += c->seen;
		sum.lost += c->lost;
		sum.duplicated += c->duplicated;
		sum.corrupted += c->corrupted;
		sum.reordered += c->reordered;
		sum.no_mbuf += c->no_mbuf;
	}
	return sum;
}

uint32_t sl_fault_held(const struct sl_port *port)
{
	const struct fault *f = port->driver;
	uint32_t n = 0;

	for (uint16_t q = 0; q < port->queues; q++)
		for (int dir = 0; dir < 2; dir++)
			n += late_count(&f->lane[dir][q]) + line_count(&f->lane[dir][q]);
	return n;
}
