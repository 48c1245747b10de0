/* SPDX-License-Identifier: BSD-3-Clause */
/* The worker lcore: its loop, its stages, and how it takes up a new configuration. */
#ifndef SL_WORKER_H
#define SL_WORKER_H

#include <rte_ring.h>

#include "sl_lcore.h"
#include "sl_nat.h"
#include "sl_net.h"
#include "sl_proxy.h"
#include "sl_tcp.h"

/** A configuration the main lcore has mapped and checked, on its way to the workers. */
struct sl_epoch {
	const struct sl_snap *snap;
	struct sl_match_scratch *scratch; /* this worker's, grown for snap's databases */
};

struct sl_worker_config {
	uint16_t index, workers;
	struct sl_port **ports;
	uint16_t n_ports;
	struct sl_net *net;
	struct rte_mempool *pool, *clone_pool;
	struct rte_ring *punt;      /* to the main lcore */
	struct rte_ring *inject;    /* from the main lcore */
	struct rte_ring **redirect; /* [workers]: ring into each worker; own one is read */
	struct sl_stats_worker stats;
	struct sl_health_table *health; /* of all workers */
	struct sl_ring *answers;        /* worker -> control */
	uint64_t generation;
	bool busy_poll;
	struct sl_tcp_config tcp; /* accept, output, route are set by the worker */
	struct sl_nat_config nat;
	struct sl_proxy_config proxy;
};

struct sl_worker;

/** Tables of a worker as created: bytes of a row and rows, by SL_STATS_TABLE_*. Any thread. */
void sl_worker_tables(const struct sl_worker *w, struct sl_stats_table out[SL_STATS_TABLES]);

/** Allocates everything the worker will ever use. Main lcore. 0 or -errno with a text. */
int sl_worker_create(struct sl_worker **out, const struct sl_worker_config *cfg,
		     struct sl_err *err);
void sl_worker_free(struct sl_worker *w);

/** The loop; returns after sl_worker_stop. Runs on the worker's lcore. */
int sl_worker_main(void *worker);

/** Asks the loop to end. Any thread; async-signal-safe. */
void sl_worker_stop(struct sl_worker *w);

/** No new connections, finish what is running; or new ones again. Any thread. */
void sl_worker_drain(struct sl_worker *w, bool on);

/**
 * Offers a configuration; the worker swaps at the top of its next round and acknowledges on its
 * answer ring. Main lcore; *e must stay until sl_worker_epoch has reached it.
 */
void sl_worker_offer(struct sl_worker *w, const struct sl_epoch *e);

/** Epoch the worker uses now; 0: none. Any thread. */
uint64_t sl_worker_epoch(const struct sl_worker *w);

/** Client connections open; for draining. Any thread, approximate. */
uint32_t sl_worker_sessions(const struct sl_worker *w);

/** Refreshes the difference between wall and monotonic clock. Main lcore. */
void sl_worker_set_wall_offset(struct sl_worker *w, uint64_t wall_offset_us);

#endif
