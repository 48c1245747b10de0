/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cycles that each stage of the packet path takes a packet, in process: a whole data plane as
 * sluiced makes it, one worker of which is driven here instead of by an lcore.
 *
 * `null`: frames come from memory and leave by a null port, so what is measured is the path alone;
 * `pcap`: frames come from a file and leave into one. HTTP runs over the null port, between a
 * client and an endpoint that answer as a frame leaves; their own time counts as port_tx.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include "../../../lib/worker/worker.h"
#include "frames.h"
#include "sl_snap_build.h"
#include "sluiced.h"

#define FRAMES  4096u
#define ROUNDS  50000u /* bursts of SL_BURST of a load */
#define CLIENTS 256u   /* HTTP connections */
#define WAITING 4096u  /* answers on their way; a power of two */

volatile sig_atomic_t sluiced_stop;

struct frame {
	uint32_t len;
	uint8_t bytes[FRAME_MAX];
};

/** Stands before a port: frames of a load come in by it, what goes out can be answered. */
struct feed {
	struct sl_port port;
	struct sl_port *inner;
	const struct frame *frames; /* of a load; NULL: none */
	bool file;                  /* they come from `inner` */
	uint32_t left;              /* bursts still to come */
	uint32_t next;
	bool answering;
	struct rte_mbuf *waiting[WAITING];
	uint32_t head, tail;
	int index;
};

static struct box box;
static struct feed feed[2];

static struct rte_mbuf *frame_mbuf(const struct frame *f)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(box.pool);

	if (m)
		memcpy(rte_pktmbuf_append(m, (uint16_t)f->len), f->bytes, f->len);
	return m;
}

static uint16_t rx_load(struct feed *f, struct rte_mbuf **pkts, uint16_t n)
{
	if (!f->left || rte_pktmbuf_alloc_bulk(box.pool, pkts, n) < 0)
		return 0;
	f->left--;
	for (uint16_t i = 0; i < n; i++, f->next++) {
		const struct frame *from = &f->frames[f->next % FRAMES];

		memcpy(rte_pktmbuf_append(pkts[i], (uint16_t)from->len), from->bytes, from->len);
	}
	return n;
}

static uint16_t rx_burst(struct sl_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct feed *f = port->driver;
	uint16_t k = 0;

	while (k < n && f->head != f->tail)
		pkts[k++] = f->waiting[f->head++ % WAITING];
	if (k)
		return k;
	/* A null port would never be done. */
	if (!f->file)
		return f->frames ? rx_load(f, pkts, n) : 0;
	return f->inner->ops->rx_burst(f->inner, 0, pkts, n);
}

static void wait_for(struct feed *f, const struct frame *frame)
{
	struct rte_mbuf *m = f->tail - f->head < WAITING ? frame_mbuf(frame) : NULL;

	if (m)
		f->waiting[f->tail++ % WAITING] = m;
}

static uint16_t tx_burst(struct sl_port *port, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	struct feed *f = port->driver;
	struct frame answer;

	for (uint16_t i = 0; f->answering && i < n; i++) {
		answer.len = frame_answer(answer.bytes, f->index, pkts[i]);
		if (answer.len)
			wait_for(f, &answer);
	}
	return f->inner->ops->tx_burst(f->inner, 0, pkts, n);
}

static bool link_up(struct sl_port *port)
{
	return true;
}

static void close_port(struct sl_port *port)
{
	struct feed *f = port->driver;

	while (f->head != f->tail)
		rte_pktmbuf_free(f->waiting[f->head++ % WAITING]);
	f->inner->ops->close(f->inner);
}

static const struct sl_port_ops feed_ops = {
	.rx_burst = rx_burst, .tx_burst = tx_burst, .link_up = link_up, .close = close_port};

/* The box's ports become ours in place: everybody holds their addresses already. */
static void feed_open(int i)
{
	static struct sl_port inner[2];

	inner[i] = *box.port[i];
	feed[i].inner = &inner[i];
	feed[i].index = i;
	box.port[i]->ops = &feed_ops;
	box.port[i]->driver = &feed[i];
}

/* One round of the worker, and what the main lcore does for it. @return packets in and out. */
static uint32_t round_once(struct sl_worker *w)
{
	struct rte_mbuf *m;
	uint32_t work = 0;

	w->lc.now_us = sl_clock_us();
	for (uint16_t i = 0; i < w->cfg.n_ports; i++)
		work += sl_path_port(w, w->cfg.ports[i]);
	work += sl_path_rings(w);
	work += sl_path_output(w, work > 0);
	box.lc.now_us = w->lc.now_us;
	while (rte_ring_sc_dequeue(box.punt, (void **)&m) == 0)
		sl_net_main_input(box.net, &box.lc, m);
	return work;
}

static void stages_clear(struct sl_worker *w)
{
	memset(w->lc.stats.stage, 0, SL_STAGE_COUNT * sizeof(*w->lc.stats.stage));
}

static void stages_print(const struct sl_worker *w, const char *what, uint64_t units,
			 const char *unit)
{
	static const char *const names[] = {
#define NAME(name) #name,
		SL_STAGE_LIST(NAME)
#undef NAME
	};
	uint64_t sum = 0;

	printf("\n%s\n  %-12s %12s %14s\n", what, "stage", "packets", "cycles/packet");
	for (int i = 0; i < SL_STAGE_COUNT; i++) {
		const struct sl_stats_stage *st = &w->lc.stats.stage[i];

		sum += st->cycles;
		if (st->pkts)
			printf("  %-12s %12lu %14.1f\n", names[i], (unsigned long)st->pkts,
			       (double)st->cycles / (double)st->pkts);
		else if (st->cycles)
			printf("  %-12s %12s %14.1f  (a %s)\n", names[i], "-",
			       (double)st->cycles / (double)SL_MAX(units, 1ul), unit);
	}
	printf("  %-12s %12lu %14.1f  (a %s)\n", "all", (unsigned long)units,
	       (double)sum / (double)SL_MAX(units, 1ul), unit);
}

static void run_load(struct sl_worker *w, const char *medium, enum load load)
{
	static struct frame frames[FRAMES];
	char what[128];
	uint64_t rx;

	for (uint32_t i = 0; i < FRAMES; i++)
		frames[i].len = frame_load(frames[i].bytes, load, i);
	feed[0].frames = frames;
	feed[0].left = ROUNDS / 10; /* caches and tables */
	while (round_once(w))
		;
	feed[0].left = ROUNDS;
	stages_clear(w);
	rx = w->lc.stats.c->rx;
	while (round_once(w))
		;
	feed[0].frames = NULL;
	snprintf(what, sizeof(what), "%s: %s", medium, load_names[load]);
	stages_print(w, what, w->lc.stats.c->rx - rx, "packet in");
}

static void run_http(struct sl_worker *w)
{
	struct frame syn;
	uint64_t requests;

	feed[0].answering = feed[1].answering = true;
	for (uint32_t i = 0; i < CLIENTS; i++) {
		syn.len = frame_syn(syn.bytes, i);
		wait_for(&feed[0], &syn);
	}
	for (uint32_t i = 0; i < 2000; i++)
		round_once(w);
	stages_clear(w);
	requests = w->lc.stats.c->http_downstream_rq_total;
	for (uint32_t i = 0; i < ROUNDS / 4; i++)
		round_once(w);
	stages_print(w, "null: HTTP/1.1 GET, kept alive, 256 clients, one endpoint",
		     w->lc.stats.c->http_downstream_rq_total - requests, "request");
	printf("  answers: %lu 2xx, %lu 4xx, %lu 5xx\n", (unsigned long)w->lc.stats.c->http_rq_2xx,
	       (unsigned long)w->lc.stats.c->http_rq_4xx,
	       (unsigned long)w->lc.stats.c->http_rq_5xx);
	feed[0].answering = feed[1].answering = false;
}

static void run_pcap(struct sl_worker *w)
{
	stages_clear(w);
	while (round_once(w))
		;
	stages_print(w, "pcap: UDP to a service, 64 bytes, 4096 flows", w->lc.stats.c->rx,
		     "packet in");
}

static void greet(struct sl_worker *w)
{
	struct frame arp;

	for (int i = 0; i < 2; i++) {
		arp.len = frame_arp(arp.bytes, i);
		wait_for(&feed[i], &arp);
	}
	for (int i = 0; i < 10; i++)
		round_once(w);
}

/* ---- what there is to read and configure ---- */

static int write_pcap(const char *path, uint32_t frames)
{
	const uint32_t head[6] = {0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1};
	FILE *f = fopen(path, "w");
	struct frame frame;

	if (!f || fwrite(head, sizeof(head), 1, f) != 1)
		return -errno;
	for (uint32_t i = 0; i < frames; i++) {
		uint32_t rec[4] = {0, i, 0, 0};

		frame.len = rec[2] = rec[3] = frame_load(frame.bytes, LOAD_UDP, i);
		if (fwrite(rec, sizeof(rec), 1, f) != 1 ||
		    fwrite(frame.bytes, frame.len, 1, f) != 1)
			return -errno;
	}
	return fclose(f) ? -errno : 0;
}

static int write_conf(const char *path, const char *dir, const char *medium)
{
	bool pcap = strcmp(medium, "pcap") == 0;
	char device[2][128] = {"", ""};
	FILE *f = fopen(path, "w");

	if (!f)
		return -errno;
	if (pcap) {
		snprintf(device[0], sizeof(device[0]), "device = \"%s/in.pcap,/dev/null\";", dir);
		snprintf(device[1], sizeof(device[1]), "device = \"%s/no.pcap,/dev/null\";", dir);
	}
	fprintf(f,
		"instance = \"bench-stack-%d\";\nworkers: { count = 1; };\n"
		"memory: { size = \"256M\"; hugepages = \"no\"; };\nlog: { file = \"%s/log\"; };\n"
		"ports = (\n"
		"  { name = \"client\"; kind = \"%s\"; %s mac = \"02:00:00:00:00:01\";\n"
		"    addresses = [ \"192.0.2.1/24\" ]; },\n"
		"  { name = \"backend\"; kind = \"%s\"; %s mac = \"02:00:00:00:00:02\";\n"
		"    addresses = [ \"10.10.1.4/24\" ]; } );\n"
		"listeners = ( { name = \"web\"; address = \"0.0.0.0\"; port = 8080; hosts = (\n"
		"  { name = \"h\"; domains = [ \"*\" ];\n"
		"    routes = ( { match = { prefix = \"/\"; }; cluster = \"c\"; } ); } ); } );\n"
		"clusters = ( { name = \"c\"; endpoints = [ \"10.10.1.14:80\" ]; } );\n"
		"services = ( { name = \"s\"; address = \"10.96.0.1\"; port = 53;\n"
		"  protocol = \"udp\"; cluster = \"c\"; } );\n",
		(int)getpid(), dir, medium, device[0], medium, device[1]);
	return fclose(f) ? -errno : 0;
}

static int publish(const struct sl_conf *conf, struct sl_err *err)
{
	struct sl_model *model = sl_model_create();
	struct sl_snap_cache *cache = sl_snap_cache_create(NULL);
	struct sl_snap *snap = NULL;
	size_t size = 0;
	char path[256];
	FILE *f;
	int rc;

	rc = model && cache ? sl_conf_model(conf, model, err) : -ENOMEM;
	if (rc == 0)
		rc = sl_snap_build(model, 1, NULL, cache, &snap, &size, err);
	if (rc == 0) {
		f = fopen(sl_ctl_snap_path(box.dir, 1, path, sizeof(path)), "w");
		if (!f || fwrite(snap, size, 1, f) != 1 || fclose(f) != 0)
			rc = sl_err(err, EIO, "%s can't be written.", path);
	}
	if (rc == 0)
		rc = epoch_take(&box, 1, err);
	free(snap);
	sl_snap_cache_free(cache);
	sl_model_free(model);
	return rc;
}

static void say_machine(const char *medium)
{
	char line[256];
	FILE *f = fopen("/proc/cpuinfo", "r");

	printf("$ bench_stack %s\n", medium);
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "model name", 10) == 0) {
			printf("%s", strchr(line, ':') + 2);
			break;
		}
	if (f)
		fclose(f);
	printf("%.2f GHz time-stamp counter, one worker, bursts of up to %u, checksums in "
	       "software\n",
	       (double)rte_get_tsc_hz() / 1e9, SL_BURST);
}

static int measure(const char *medium, const struct sl_conf *conf, struct sl_err *err)
{
	struct sl_worker *w;
	int rc;

	box.conf = sl_conf_box(conf);
	box.lock_fd = -1;
	rc = eal_start(box.conf, true, err);
	if (rc < 0)
		return rc;
	rc = box_create(&box, err);
	if (rc == 0)
		rc = publish(conf, err);
	if (rc < 0)
		return rc;
	say_machine(medium);
	for (int i = 0; i < 2; i++)
		feed_open(i);
	w = box.worker[0];
	sl_worker_take_epoch(w);
	greet(w);
	if (strcmp(medium, "pcap") == 0) {
		feed[0].file = true;
		run_pcap(w);
	} else {
		run_http(w);
		for (int load = 0; load < LOAD_COUNT; load++)
			run_load(w, medium, load);
	}
	box_free(&box);
	rte_eal_cleanup();
	return 0;
}

int main(int argc, char **argv)
{
	const char *medium = argc == 2 ? argv[1] : "";
	char dir[] = "/tmp/bench-stack.XXXXXX", path[64], cmd[256];
	struct sl_err err = {.text = ""};
	struct sl_conf *conf = NULL;
	int rc;

	if (strcmp(medium, "null") != 0 && strcmp(medium, "pcap") != 0) {
		fputs("Usage: bench_stack null|pcap\n", stderr);
		return 2;
	}
	sl_log_init("bench_stack", SL_LOG_WARN);
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/in.pcap", dir);
	rc = write_pcap(path, strcmp(medium, "pcap") == 0 ? 50 * FRAMES : 0);
	snprintf(path, sizeof(path), "%s/no.pcap", dir);
	if (rc == 0)
		rc = write_pcap(path, 0);
	snprintf(path, sizeof(path), "%s/conf", dir);
	if (rc == 0)
		rc = write_conf(path, dir, medium);
	if (rc == 0)
		rc = sl_conf_read(&conf, path, &err);
	if (rc == 0)
		rc = measure(medium, conf, &err);
	if (rc < 0)
		fprintf(stderr, "bench_stack: %s\n", *err.text ? err.text : strerror(-rc));
	snprintf(cmd, sizeof(cmd), "rm -rf '%s' '%s'", dir, *box.dir ? box.dir : dir);
	if (system(cmd) != 0)
		rc = -EIO;
	sl_conf_free(conf);
	return rc < 0;
}
