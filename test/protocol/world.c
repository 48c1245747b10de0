/* SPDX-License-Identifier: BSD-3-Clause */
/* The stack under test on its virtual clock. */
#include "world.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "../../lib/tcp/internal.h"

uint8_t world_byte(uint64_t offset)
{
	return (uint8_t)(offset * 7 + (offset >> 8));
}

static bool on_accept(void *user, const struct sl_pkt *syn, uint32_t *listener)
{
	const struct world *w = user;

	*listener = 5;
	return w->accept && syn->dport == w->port;
}

static bool on_route(void *user, const struct sl_ip *dst, struct sl_ip *src, uint16_t *mtu)
{
	const struct world *w = user;

	*src = w->ours;
	*mtu = w->mtu;
	return w->reachable;
}

static void on_output(void *user, struct rte_mbuf *m)
{
	struct world *w = user;
	struct sent *s = &w->sent[w->sent_tail];
	uint8_t buf[PKT_MAX];
	struct pkt_tcp t;
	size_t len = pkt_linear(m, buf);

	w->confirms += !!(sl_pkt(m)->flags & SL_PKT_CONFIRMS);
	rte_pktmbuf_free(m);
	w->bad = len ? pkt_parse(buf, len, &t) : "chain lengths";
	if (w->bad || w->sent_tail == SENT_MAX)
		return;
	s->at = world_time(w);
	s->len = (uint16_t)len;
	s->bytes = malloc(len);
	memcpy(s->bytes, buf, len);
	w->sent_tail++;
}

void world_init(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->mtu = 1500;
	w->port = 8080;
	w->accept = w->reachable = true;
	w->irs = 1000000;
	w->cfg = (struct sl_tcp_config){.conns_max = 64,
					.syn_rcvd_max = 16,
					.time_wait_max = 16,
					.rcv_buf_bytes = 131072,
					.snd_buf_bytes = 131072,
					.buf_max_bytes = 131072,
					.secret = {0x0123456789abcdef, 0xfedcba9876543210},
					.accept = on_accept,
					.output = on_output,
					.route = on_route,
					.user = w};
	w->ours = sl_ip_from_v4(htonl(0x0a000001));
	w->peer = sl_ip_from_v4(htonl(0x0a000002));
}

static void flow_event(struct world *w, struct sl_tcp_conn *c, uint32_t events)
{
	struct sl_ip_port l, f;

	sl_tcp_local(c, &l);
	sl_tcp_remote(c, &f);
	for (unsigned i = 0; i < FLOWS; i++) {
		struct flow *fl = &w->flow[i];

		if (fl->c != c && (fl->peer_port != f.port || fl->our_port != l.port || fl->c))
			continue;
		fl->c = c;
		fl->events |= events;
		return;
	}
}

/* Another process has another secret: nothing it derives from that may matter. */
int world_restart(struct world *w)
{
	struct sl_tcp_memo memo;

	sl_tcp_free(w->tcp);
	w->tcp = NULL;
	w->cfg.secret.k0++;
	w->lc.stats.c->tcp_conns = w->lc.stats.c->tcp_kept = 0;
	if (sl_tcp_create(&w->tcp, &w->lc, &w->cfg, NULL) < 0)
		return -1;
	for (unsigned i = 0; i < FLOWS; i++) {
		w->flow[i].c = NULL;
		w->flow[i].events = 0;
	}
	for (uint32_t row = 0; row < w->cfg.kept_rows; row++) {
		struct sl_tcp_conn *c = sl_tcp_restore(w->tcp, row, &memo);

		if (c)
			flow_event(w, c, 0);
	}
	return 0;
}

int world_start(struct world *w)
{
	size_t kept = sl_tcp_kept_size(w->cfg.kept_rows);

	w->kept = w->cfg.kept = aligned_alloc(SL_CACHE_LINE, kept);
	if (!w->kept)
		return -1;
	memset(w->kept, 0, kept);
	if (sl_test_lcore_init(&w->lc, MBUFS) < 0 ||
	    sl_tcp_create(&w->tcp, &w->lc, &w->cfg, NULL) < 0)
		return -1;
	for (unsigned i = 0; i < FLOWS; i++) {
		w->flow[i].peer_port = (uint16_t)(40000 + i);
		w->flow[i].our_port = w->port;
		w->flow[i].irs = w->irs + i * 1000000;
	}
	if (w->want_iss) { /* the clock decides: 4 us a number */
		struct key k = {&w->ours, &w->peer, w->port, w->flow[0].peer_port};
		uint32_t off;

		w->lc.now_us += 4 * (uint64_t)(w->iss - tcp_isn(w->tcp, &k, &off));
	}
	/* Whole milliseconds, so that timers fall due when the script says; the wheel follows. */
	w->lc.now_us = (w->lc.now_us + 999) / 1000 * 1000;
	sl_tcp_timers(w->tcp);
	w->start = w->lc.now_us;
	return 0;
}

const char *world_end(struct world *w)
{
	const struct sl_stats_counters *c = w->lc.stats.c;
	const char *bad = w->bad;
	uint64_t drops = 0;

	for (unsigned i = 0; i < w->sent_tail; i++)
		free(w->sent[i].bytes);
	for (unsigned i = 0; i < w->n_held; i++)
		rte_pktmbuf_free(w->held[i]);
	for (unsigned i = 0; i < SL_DROP_COUNT; i++)
		drops += w->lc.stats.drops[i];
	if (!bad && w->injected != c->consumed + drops)
		bad = "packets in are not consumed + drops";
	sl_tcp_free(w->tcp);
	free(w->kept);
	if (!bad && sl_test_lcore_in_use(&w->lc))
		bad = "mbufs are left";
	sl_test_lcore_fini(&w->lc);
	return bad;
}

uint64_t world_time(const struct world *w)
{
	return w->lc.now_us - w->start;
}

void world_serve(struct world *w)
{
	struct sl_tcp_conn *c;
	uint32_t events;

	while ((c = sl_tcp_ready(w->tcp, &events)))
		flow_event(w, c, events);
	sl_tcp_flush(w->tcp);
	/* What the flush itself brought about, such as an ACK that ended a connection. */
	while ((c = sl_tcp_ready(w->tcp, &events)))
		flow_event(w, c, events);
}

void world_run(struct world *w, uint64_t until, bool stop_at_packet)
{
	unsigned before = w->sent_tail;

	for (;;) {
		uint64_t next = sl_tcp_next_timer(w->tcp);

		if (next > w->start + until)
			break;
		w->lc.now_us = SL_MAX(next, w->lc.now_us + 1000 - w->lc.now_us % 1000);
		if (w->lc.now_us > w->start + until)
			break;
		sl_tcp_timers(w->tcp);
		world_serve(w);
		if (stop_at_packet && w->sent_tail != before)
			return;
	}
	w->lc.now_us = w->start + until;
	sl_tcp_timers(w->tcp);
	world_serve(w);
}

void world_inject(struct world *w, const struct pkt_tcp *t, bool more)
{
	static uint8_t buf[PKT_MAX];
	size_t len = pkt_emit(buf, t);
	struct rte_mbuf *m = pkt_mbuf(&w->lc, buf, len, t, w->cut);

	if (!m) {
		w->bad = "no mbuf to inject";
		return;
	}
	if (w->service) {
		sl_pkt(m)->service = 9;
		sl_pkt(m)->service_hit = 1;
	}
	w->batch[w->n_batch++] = m;
	if (more && w->n_batch < SL_BURST)
		return;
	w->injected += w->n_batch;
	sl_tcp_in_burst(w->tcp, w->batch, w->n_batch);
	w->n_batch = 0;
	world_serve(w);
}

struct sent *world_next_sent(struct world *w)
{
	return w->sent_head < w->sent_tail ? &w->sent[w->sent_head] : NULL;
}

void world_pop_sent(struct world *w)
{
	w->sent_head++;
}

struct flow *world_flow_of(struct world *w, const struct pkt_tcp *t)
{
	for (unsigned i = 0; i < FLOWS; i++)
		if (w->flow[i].peer_port == t->dport && w->flow[i].our_port == t->sport)
			return &w->flow[i];
	return NULL;
}
