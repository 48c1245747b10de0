/* SPDX-License-Identifier: BSD-3-Clause */
/* The data plane's process state and the calls between its files. */
#ifndef SLUICED_H
#define SLUICED_H

#include <signal.h>

#include "sl_conf.h"
#include "sl_ctl.h"
#include "sl_worker.h"

#define SLUICED_WORKERS_MAX 32

/** A mapped configuration and what each worker needs to use it. */
struct mapped_epoch {
	const struct sl_snap *snap;
	uint64_t number;
	bool lent; /* the workers' scratch memory is also the next epoch's, which frees it */
	struct sl_epoch worker[SLUICED_WORKERS_MAX];
};

/** Everything of one data plane; main lcore only unless said otherwise. */
struct box {
	const struct sl_conf_box *conf;
	char dir[128]; /* instance folder under /dev/shm */
	int lock_fd;   /* held while this instance runs */
	uint16_t n_workers;
	uint64_t generation;

	struct rte_mempool *pool, *clone_pool;
	struct sl_port *port[SL_PORTS_MAX];
	uint16_t n_ports;
	struct sl_net *net;
	struct sl_stats *stats;
	struct sl_health_table *health; /* of endpoints; workers write and read it */
	struct sl_ctl *ctl;
	struct sl_lcore lc; /* the main lcore's own */
	struct rte_ring *punt;
	struct rte_ring *inject[SLUICED_WORKERS_MAX];
	struct rte_ring *redirect[SLUICED_WORKERS_MAX];
	void *flows[SLUICED_WORKERS_MAX];
	size_t flows_size;
	void *conns[SLUICED_WORKERS_MAX];
	size_t conns_size;
	struct sl_nat_affinity *affinity; /* of all workers */
	struct sl_worker *worker[SLUICED_WORKERS_MAX];

	uint64_t conflicts, conflict_said_us; /* address conflicts reported so far, and when last */

	struct mapped_epoch *now;  /* offered to the workers; NULL before the first */
	struct mapped_epoch *last; /* before `now`, until every worker has left it */
};

/** Set by SIGTERM and SIGINT: how often the user asked to stop. */
extern volatile sig_atomic_t sluiced_stop;

/* eal.c */

/** Starts EAL from the configuration alone; its messages go to the log file. */
int eal_start(const struct sl_conf_box *conf, bool no_huge, struct sl_err *err);

/**
 * Between the two, what drivers' libraries print on standard error goes to the log file.
 *
 * @return What driver_noise_end needs; after eal_start only.
 */
int driver_noise_begin(void);
void driver_noise_end(int saved);

/* ports.c */
int ports_open(struct box *b, struct sl_err *err);
void ports_close(struct box *b);
/** Writes names, addresses and link states into the stats segment. */
void ports_publish(struct box *b);

/* fault.c */

/** Puts faults around a port: *port is another one then. On error it is as before. */
int fault_open(struct sl_port **port, const struct sl_conf_fault *conf, struct rte_mempool *pool,
	       struct sl_err *err);
/** Says what was done to packets; the workers have stopped. */
void fault_report(const struct sl_port *port);

/* flows.c */

/** Maps the session memory of a worker, which outlives this process; keeps what is in it. */
int flows_map(struct box *b, uint16_t worker, size_t size, struct sl_err *err);
/** The same for the client connections of a worker. */
int conns_map(struct box *b, uint16_t worker, size_t size, struct sl_err *err);
/** Removes those of workers that are not there any more: they would come back as lies. */
void conns_forget(struct box *b);
/** Unmaps both. */
void flows_unmap(struct box *b);

/* box.c */
int box_create(struct box *b, struct sl_err *err);
void box_free(struct box *b);

/* epoch.c */

/**
 * Maps and checks snap.<number> and offers it to the workers. On any error the one in use stays.
 *
 * @return 0; -EBUSY while workers are still on their way to the one before; or the reason.
 */
int epoch_take(struct box *b, uint64_t number, struct sl_err *err);
/** Unmaps the configuration before this one as soon as no worker uses it. */
void epoch_retire(struct box *b);
void epoch_free_all(struct box *b);

/* main_lcore.c */

/** Runs until stopped: neighbours, commands, heartbeat. */
void main_lcore_run(struct box *b);

#endif
