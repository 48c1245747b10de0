/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stands in for a data plane in tests of the readers: writes a stats segment of instance NAME with
 * numbers that are known beforehand and, unless they are to stand still, grow until it is stopped.
 *
 * Usage: stats_feeder NAME [still]
 */
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sl_ctl.h"
#include "sl_stats_sum.h"

#define WORKERS 2
#define ROUTES  40
#define TICK_US 20000

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = 1;
}

static void names_set(struct sl_stats *s)
{
	char name[SL_STATS_NAME_MAX];

	sl_stats_directory_begin(s);
	sl_stats_directory_set(s, SL_STATS_LISTENER, 0, 1, 1, SL_STR("10.10.1.4_8080"));
	for (uint32_t i = 0; i < ROUTES; i++) {
		snprintf(name, sizeof(name), "http.8080/simple.example.com:80/route-%u", i);
		sl_stats_directory_set(s, SL_STATS_ROUTE, i, 1, 1, sl_str(name));
	}
	sl_stats_directory_set(s, SL_STATS_CLUSTER, 0, 1, 1,
			       SL_STR("outbound|80||simple.simple.svc.cluster.local"));
	for (uint32_t i = 0; i < 3; i++) {
		snprintf(name, sizeof(name),
			 "outbound|80||simple.simple.svc.cluster.local|10.244.1.%u:8080", i + 1);
		sl_stats_directory_set(s, SL_STATS_ENDPOINT, i, 1, 1, sl_str(name));
	}
	sl_stats_directory_set(s, SL_STATS_SERVICE, 0, 1, 1,
			       SL_STR("kube-system/kube-dns:dns 10.96.0.10:53/UDP"));
	sl_stats_directory_end(s, 1);
}

static void header_set(struct sl_stats *s)
{
	struct sl_stats_hdr *h = sl_stats_hdr(s);

	h->tsc_hz = 1000000000;
	h->mbufs_total = 8192;
	h->mbufs_free = 6144;
	h->n_ports = 2;
	for (int i = 0; i < 2; i++) {
		struct sl_stats_port_info *p = &h->port[i];

		snprintf(p->name, sizeof(p->name), i ? "back" : "front");
		snprintf(p->kind, sizeof(p->kind), "af_packet");
		snprintf(p->device, sizeof(p->device), "veth%d", i);
		memcpy(p->mac, "\x02\0\0\0\0", 5);
		p->mac[5] = (uint8_t)i;
		p->mtu = 1500;
		p->up = 1;
		snprintf(p->addresses[0], sizeof(p->addresses[0]), "10.10.%d.4/24", i + 1);
	}
	snprintf(h->port[0].addresses[1], sizeof(h->port[0].addresses[1]), "2001:db8::4/64");
}

/** One tick of one worker: n requests, of which one in ten fails, and their packets. */
static void work(struct sl_stats_worker *w, uint64_t n)
{
	struct sl_stats_counters *c = w->c;

	c->rx += 10 * n + n / 10;
	c->rx_bytes += 6400 * n;
	c->tx += 8 * n;
	c->tx_bytes += 64000 * n;
	c->consumed += 2 * n;
	w->drops[SL_DROP_L4_BAD_CSUM] += n / 10;
	c->busy_us += TICK_US / 4;
	c->idle_us += TICK_US - TICK_US / 4;
	c->busy_cycles += 5000 * n;
	c->http_downstream_rq_total += n;
	c->http_rq_2xx += n - n / 10;
	c->http_rq_5xx += n / 10;
	c->nat_created += n;
	c->nat_sessions = 17;
	c->tcp_conns = 64;
	c->epoch = 1;
	for (int i = 0; i < SL_STAGE_COUNT; i++) {
		w->stage[i].pkts += 10 * n;
		w->stage[i].cycles += (uint64_t)(i + 1) * 100 * n;
	}
	for (int i = 0; i < 2; i++) {
		w->port[i].rx += 5 * n;
		w->port[i].rx_bytes += 3200 * n;
		w->port[i].tx += 4 * n;
		w->port[i].tx_bytes += 32000 * n;
	}
}

/** The same tick as the objects see it; each route has twice the requests of the next. */
static void objects_work(struct sl_stats_worker *w, uint64_t n)
{
	w->listener[0].rq_total += n;
	w->listener[0].rq_2xx += n - n / 10;
	w->listener[0].rq_5xx += n / 10;
	w->listener[0].cx_active = 32;
	for (int i = 0; i < ROUTES && n >> i; i++) {
		w->route[i].rq_total += n >> i;
		w->route[i].rq_2xx += n >> i;
		for (uint64_t k = 0; k < n >> i; k++)
			sl_hist_add(&w->route[i].latency, 100 + k % 100);
	}
	w->cluster[0].rq_total += n;
	w->cluster[0].rq_active = 3;
	w->cluster[0].rq_5xx += n / 10;
	sl_hist_add(&w->cluster[0].latency, 90);
	for (int i = 0; i < 3; i++) {
		w->endpoint[i].rq_total += n / 3;
		w->endpoint[i].rq_success += n / 3;
		w->endpoint[i].cx_active = 4;
	}
	w->service[0].sessions = 17;
	w->service[0].sessions_total += n;
	w->service[0].in_pkts += n;
	w->service[0].out_pkts += n;
}

static void claim(struct sl_stats_worker *w)
{
	sl_stats_slot_claim(w, SL_STATS_LISTENER, 0, 1);
	sl_stats_slot_claim(w, SL_STATS_CLUSTER, 0, 1);
	sl_stats_slot_claim(w, SL_STATS_SERVICE, 0, 1);
	for (uint32_t i = 0; i < ROUTES; i++)
		sl_stats_slot_claim(w, SL_STATS_ROUTE, i, 1);
	for (uint32_t i = 0; i < 3; i++)
		sl_stats_slot_claim(w, SL_STATS_ENDPOINT, i, 1);
}

int main(int argc, char **argv)
{
	struct sl_stats_config cfg = {.n_workers = WORKERS};
	struct sl_stats_worker w[WORKERS];
	char dir[128], path[160];
	struct sl_stats *s;
	struct sl_err err;

	if (argc < 2 || sl_ctl_dir(argv[1], dir, sizeof(dir), &err) < 0)
		return 2;
	mkdir("/dev/shm/sluice", 0755);
	mkdir(dir, 0700);
	snprintf(path, sizeof(path), "%s/stats", dir);
	cfg.path = path;
	cfg.instance = argv[1];
	if (sl_stats_create(&s, &cfg, &err) < 0) {
		fprintf(stderr, "stats_feeder: %s\n", err.text);
		return 1;
	}
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	header_set(s);
	names_set(s);
	for (uint32_t i = 0; i < WORKERS; i++) {
		sl_stats_worker_view(s, i, &w[i]);
		claim(&w[i]);
		work(&w[i], 100000);
		objects_work(&w[i], 1000);
	}
	puts("ready");
	fflush(stdout);
	while (!stop) {
		sl_stats_hdr(s)->heartbeat_us = sl_clock_us();
		for (uint32_t i = 0; argc < 3 && i < WORKERS; i++) {
			work(&w[i], 20);
			objects_work(&w[i], 20);
		}
		usleep(TICK_US);
	}
	sl_stats_close(s);
	return 0;
}
