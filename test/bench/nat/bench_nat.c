/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * L4 sessions and services in numbers: bytes a session, look-ups a second, cost of opening and of
 * expiry, and what 30,000 services with 100,000 endpoints cost beside one.
 *
 *   bench_nat [SESSIONS_MAX]     default 4194304
 */
#include <stdlib.h>
#include <time.h>

#include "nat_int.h"
#include "nat_world.h"

#define LOOKUPS   4000000u
#define SERVICES  30000u
#define ENDPOINTS 100000u
#define FLOWS     30000u
#define BURST     32u
#define ROUNDS    12
#define BURSTS    2000u

static uint64_t rnd_state = 88172645463325252u;

static uint32_t rnd(uint32_t below)
{
	return (uint32_t)(((uint64_t)sl_balance_rnd(&rnd_state) * below) >> 32);
}

static double now_s(void)
{
	struct timespec t;

	/* Of this process alone: others may be at work. */
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t resident(void)
{
	unsigned long pages = 0, ignored;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f && fscanf(f, "%lu %lu", &ignored, &pages) != 2)
		pages = 0;
	if (f)
		fclose(f);
	return pages * 4096;
}

/* ---- sessions ---- */

static struct sl_nat_session session(uint32_t i)
{
	return (struct sl_nat_session){.client = sl_ip_from_v4(htonl(0x0a000000 + i / 50000)),
				       .vip = sl_ip_from_v4(htonl(0x0a600001)),
				       .own = sl_ip_from_v4(htonl(0x0a0a0001 + i / 16384 % 256)),
				       .endpoint = sl_ip_from_v4(htonl(0x0a0b0001 + i / 4194304)),
				       .cport = (uint16_t)(1024 + i % 50000),
				       .vport = 80,
				       .oport = (uint16_t)(32768 + i % 16384),
				       .eport = 8080,
				       .proto = IPPROTO_UDP,
				       .state = SL_NAT_UDP_STREAM};
}

static void look_up(struct sl_nat *nat, uint32_t sessions)
{
	struct sl_tuple t[BURST];
	uint64_t hash[BURST];
	uint32_t found = 0;
	double start = now_s();

	/* As the nat stage does: a burst is hashed and fetched, then looked at. */
	for (uint32_t n = 0; n < LOOKUPS; n += BURST) {
		for (uint32_t i = 0; i < BURST; i++) {
			struct sl_nat_session s = session(rnd(sessions));

			t[i] = nat_tuple(&s, n & 1 ? NAT_REPLY : NAT_FORWARD);
			hash[i] = nat_hash(nat, &t[i]);
			sl_flow_prefetch(nat->index, hash[i]);
		}
		for (uint32_t i = 0; i < BURST; i++)
			found += nat_find(nat, &t[i], n & 1 ? NAT_REPLY : NAT_FORWARD, hash[i]) !=
				 NAT_NONE;
	}
	printf("%8u sessions: %5.2f million look-ups a second (%.0f %% found)\n", sessions,
	       LOOKUPS / (now_s() - start) / 1e6, 100.0 * found / LOOKUPS);
}

static void sessions(uint32_t max)
{
	struct nw *first = nw_start(64); /* what a process takes anyway */
	uint64_t before = resident(), around;
	struct nw *second = nw_start(64), *w;
	uint32_t n = 0, step = 65536;
	double start, spent = 0;
	uint64_t ended;

	around = resident() - before; /* packet buffers and the like of one world */
	before += around;
	w = nw_start(max);
	while (n < max) {
		start = now_s();
		for (; n < SL_MIN(step, max); n++) {
			struct sl_nat_session s = session(n);

			if (nat_insert(w->nat, &s) == NAT_NONE)
				break;
		}
		spent += now_s() - start;
		if (n < SL_MIN(step, max))
			break;
		look_up(w->nat, n);
		step *= step == 65536 ? 16 : 4;
	}
	printf("%u of %u sessions in the table, %.0f ns to open one\n", n, max, spent / n * 1e9);
	printf("%.1f bytes a session, index, timers and lists included\n",
	       (double)(resident() - before - around) / max);
	/* All of them at once, in the bounded steps that a worker takes. */
	w->fx->lc.now_us += 200000000;
	start = now_s();
	ended = w->fx->lc.stats.c->nat_expired;
	for (int i = 0; sl_nat_count(w->nat) && i < 10000000; i++)
		sl_nat_timers(w->nat);
	ended = w->fx->lc.stats.c->nat_expired - ended;
	printf("%.0f ns to expire one (%llu expired)\n", (now_s() - start) / (double)ended * 1e9,
	       (unsigned long long)ended);
	nw_stop(w);
	nw_stop(second);
	nw_stop(first);
}

/* ---- services ---- */

static struct sl_model *model(uint32_t services, uint32_t endpoints)
{
	struct sl_model *m = sl_model_create();
	char name[32];

	for (uint32_t i = 0; i < services; i++) {
		uint32_t first = (uint32_t)((uint64_t)endpoints * i / services);
		uint32_t last = (uint32_t)((uint64_t)endpoints * (i + 1) / services);
		struct sl_model_cluster *c;
		struct sl_model_service *s;

		snprintf(name, sizeof(name), "c%u", i);
		c = sl_model_cluster_add(m, name);
		for (uint32_t e = first; e < last; e++) {
			struct sl_model_endpoint *ep = sl_model_endpoint_add(c);

			/* All behind one router: neighbours are not what is measured. */
			ep->addr.ip = sl_ip_from_v4(htonl(0xcb007100 + e % 120));
			ep->addr.port = (uint16_t)(1024 + e / 120);
		}
		s = sl_model_service_add(m, name);
		s->ip = sl_ip_from_v4(htonl(0x0a600000 + i));
		s->port = 53;
		s->proto = IPPROTO_UDP;
		sl_model_set(&s->cluster, name);
	}
	return m;
}

struct side {
	struct nw *w;
	uint32_t services;
	double best; /* ns a packet */
	uint8_t frame[FLOWS][64];
};

static void open_flows(struct side *s)
{
	for (uint32_t i = 0; i < FLOWS; i++) {
		struct sl_ip vip = sl_ip_from_v4(htonl(0x0a600000 + i % s->services));
		char dst[SL_IP_TEXT_MAX];
		static struct buf l4, f;
		struct v4 ip = {.src = CLIENT, .dst = dst, .proto = IPPROTO_UDP};

		sl_ip_format(&vip, dst);
		mk_udp(&l4, CLIENT, dst, (uint16_t)(1000 + i), 53, 18);
		f.n = 0;
		put_eth(&f, s->w->fx, 0, SL_ETH_IPV4, 0);
		put_v4(&f, &ip, l4.b, l4.n);
		memcpy(s->frame[i], f.b, f.n);
		nw_frame(s->w, 0, f.b, f.n);
	}
	if (sl_nat_count(s->w->nat) != FLOWS)
		printf("only %u sessions opened\n", sl_nat_count(s->w->nat));
}

/* Packets of random sessions through the whole path, as a worker runs it. */
static void measure(struct side *s)
{
	struct fx *fx = s->w->fx;
	struct rte_mbuf *pkts[BURST];
	double start = now_s(), ns;

	for (uint32_t b = 0; b < BURSTS; b++) {
		uint16_t n = BURST;

		for (uint32_t i = 0; i < BURST; i++)
			pkts[i] = sl_test_mbuf(&fx->lc, s->frame[rnd(FLOWS)], 60);
		fx->lc.stats.c->rx += BURST;
		n = sl_eth_in_burst(fx->nl, &fx->port[0], pkts, n);
		n = sl_ip_in_burst(fx->nl, pkts, n);
		n = sl_ip_reassemble_burst(fx->nl, pkts, n);
		n = sl_nat_in_burst(s->w->nat, pkts, n);
		fx->n_out = 0;
		sl_net_tx_flush(fx->nl);
	}
	ns = (now_s() - start) / (BURSTS * BURST) * 1e9;
	if (s->best == 0 || ns < s->best)
		s->best = ns;
}

/* As many counters as there are services, as in a data plane. */
static void give_counters(struct nw *w, uint32_t services, uint32_t endpoints)
{
	struct sl_stats_worker *st = &w->fx->lc.stats;

	free(st->service);
	free(st->endpoint);
	st->service = calloc(services, sizeof(*st->service));
	st->endpoint = calloc(endpoints, sizeof(*st->endpoint));
	for (int cls = SL_STATS_ENDPOINT; cls <= SL_STATS_SERVICE; cls++) {
		st->slots[cls] = cls == SL_STATS_SERVICE ? services : endpoints;
		free(st->born[cls]);
		st->born[cls] = calloc(st->slots[cls], sizeof(uint64_t));
	}
	nw_epoch(w);
}

static struct side *start_side(uint32_t services, uint32_t endpoints)
{
	struct side *s = calloc(1, sizeof(*s));
	double start = now_s();
	struct sl_err err = {""};

	s->services = services;
	s->w = nw_start_with(65536, model(services, endpoints), &(struct sl_nat_config){0});
	printf("%u services, %u endpoints: compiled in %.2f s, %.1f MiB", services, endpoints,
	       now_s() - start, (double)s->w->snap->size / (1 << 20));
	start = now_s();
	if (sl_snap_check(s->w->snap, s->w->snap->size, &err) < 0)
		printf(", refused: %s", err.text);
	printf(", checked as a data plane does in %.3f s\n", now_s() - start);
	give_counters(s->w, services, endpoints);
	open_flows(s);
	return s;
}

int main(int argc, char **argv)
{
	uint32_t max = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 0) : 1u << 22;
	struct side *one, *many;

	sessions(max);
	one = start_side(1, 3);
	many = start_side(SERVICES, ENDPOINTS);
	for (int i = 0; i < ROUNDS; i++) {
		measure(one);
		measure(many);
	}
	printf("a packet through the whole path: %.1f ns with 1 service, %.1f ns with %u: %.3f "
	       "times\n",
	       one->best, many->best, SERVICES, many->best / one->best);
	nw_stop(one->w);
	nw_stop(many->w);
	free(one);
	free(many);
	return 0;
}
