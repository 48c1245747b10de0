/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A wire with faults: hands frames from each of two ports of a sluice.conf to the other, unchanged
 * but for what the ports' `fault` groups say. What lies between two hosts is then the same as
 * between one of them and Sluice.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>

#include <rte_eal.h>
#include <rte_pause.h>

#include "sluiced.h"

#define YIELD_AFTER_US 20
#define SLEEP_AFTER_US 100
#define NAP_NS         50000

static volatile sig_atomic_t stop;
static uint64_t dropped; /* the other port took no more */

static void on_signal(int sig)
{
	stop = 1;
}

static uint16_t forward(struct sl_port *from, struct sl_port *to)
{
	struct rte_mbuf *pkts[SL_BURST];
	uint16_t n = from->ops->rx_burst(from, 0, pkts, SL_BURST);
	uint16_t done = n ? to->ops->tx_burst(to, 0, pkts, n) : 0;

	rte_pktmbuf_free_bulk(pkts + done, n - done);
	dropped += n - done;
	return n;
}

/* Sleeps and yields as a worker of Sluice does. */
static void back_off(uint64_t idle_us)
{
	if (idle_us < YIELD_AFTER_US)
		rte_pause();
	else if (idle_us < SLEEP_AFTER_US)
		sched_yield();
	else
		nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
}

static void run(struct box *b)
{
	uint64_t work_us = sl_clock_us();

	sl_log(SL_LOG_INFO, "Forwarding between %s and %s.", b->port[0]->cfg.name,
	       b->port[1]->cfg.name);
	while (!stop) {
		uint64_t now_us = sl_clock_us();

		if (forward(b->port[0], b->port[1]) + forward(b->port[1], b->port[0]))
			work_us = now_us;
		else
			back_off(now_us - work_us);
	}
	sl_log(SL_LOG_INFO, "Stopped; %lu frames were dropped because a port was full.",
	       (unsigned long)dropped);
}

static int start(struct box *b, struct sl_err *err)
{
	int rc = eal_start(b->conf, true, err);

	if (rc < 0)
		return rc;
	b->pool = rte_pktmbuf_pool_create("data", 65535, 256, sizeof(struct sl_pkt),
					  RTE_PKTMBUF_HEADROOM + SL_MBUF_DATA, SOCKET_ID_ANY);
	if (!b->pool)
		return sl_err(err, ENOMEM, "Out of memory: raise memory.size.");
	rc = ports_open(b, err);
	if (rc == 0)
		run(b);
	ports_close(b);
	rte_eal_cleanup();
	return rc;
}

int main(int argc, char **argv)
{
	struct box b = {.n_workers = 1};
	struct sl_err err = {.text = ""};
	struct sl_conf *conf;
	int rc;

	if (argc != 3 || strcmp(argv[1], "-c") != 0) {
		fputs("Usage: bench_faults -c FILE   (a sluice.conf with two ports)\n", stderr);
		return 2;
	}
	sl_log_init("bench_faults", SL_LOG_INFO);
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	rc = sl_conf_read(&conf, argv[2], &err);
	if (rc == 0) {
		b.conf = sl_conf_box(conf);
		rc = b.conf->n_ports == 2 ? start(&b, &err)
					  : sl_err(&err, EINVAL, "%s has not two ports.", argv[2]);
		sl_conf_free(conf);
	}
	if (rc < 0)
		sl_log(SL_LOG_ERROR, "%s", err.text);
	return rc < 0;
}
