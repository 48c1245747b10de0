/* SPDX-License-Identifier: BSD-3-Clause */
/* The worker's own state and the calls between its files. Private to lib/worker. */
#ifndef SL_WORKER_PRIVATE_H
#define SL_WORKER_PRIVATE_H

#include "sl_worker.h"

struct sl_worker {
	struct sl_lcore lc; /* first: everything on the path finds it here */
	struct sl_worker_config cfg;
	struct sl_net_lcore *nl;
	struct sl_tcp *tcp;
	struct sl_nat *nat;
	struct sl_proxy *proxy;
	uint64_t last_work_us;  /* when a round last found something to do */
	uint32_t nap_us;        /* length of the last sleep */
	uint64_t delivering_us; /* when `delivering` was counted */
	uint32_t delivering;    /* sl_tcp_delivering, while draining */

	/* Written by the main lcore, read by the worker. */
	const struct sl_epoch *offered SL_CACHE_ALIGNED;
	uint64_t wall_offset_us;
	int stop, drain;
	uint32_t bell; /* rung with each order: an idle worker sleeps on it (sl_bell.h) */

	/* Written by the worker, read by the main lcore. */
	uint64_t epoch SL_CACHE_ALIGNED;
	uint32_t sessions;
	bool draining;
};

/* path.c: one burst from a port, and the stages that run once a round. */

/** Takes a burst off a port and through the path. @return packets received. */
uint32_t sl_path_port(struct sl_worker *w, struct sl_port *port);
/** Takes what other workers and the main lcore handed over. @return packets taken. */
uint32_t sl_path_rings(struct sl_worker *w);
/**
 * Timers, HTTP, TCP output, transmission.
 *
 * @param busy The round received something: its stages are worth timing.
 * @return packets sent.
 */
uint32_t sl_path_output(struct sl_worker *w, bool busy);

/* steer.c */

/** Hands packets that belong to other workers to them; returns how many of ours remain. */
uint16_t sl_worker_steer(struct sl_worker *w, struct rte_mbuf **pkts, uint16_t n);
/** Same for fragments, which are reassembled by one worker whatever their ports. */
uint16_t sl_worker_steer_fragments(struct sl_worker *w, struct rte_mbuf **pkts, uint16_t n);

/* epoch.c */

/** Takes up the offered configuration, if there is a new one. */
void sl_worker_take_epoch(struct sl_worker *w);

#endif
