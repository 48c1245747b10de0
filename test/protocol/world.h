/* SPDX-License-Identifier: BSD-3-Clause */
/* The stack under test, its peer's side of each flow, and the packets it has sent. */
#ifndef WORLD_H
#define WORLD_H

#include "pkt.h"
#include "sl_tcp.h"

#define FLOWS     16
#define SENT_MAX  4096
#define MBUFS     4095
#define TOLERANCE 2000 /* microseconds an answer may be early or late: two ticks of the wheel */

/** A packet the stack sent. */
struct sent {
	uint64_t at;
	uint16_t len;
	uint8_t *bytes;
};

/** One tuple, seen from the script. */
struct flow {
	struct sl_tcp_conn *c;
	uint16_t peer_port, our_port;
	uint32_t irs, iss; /* what script numbers are relative to */
	uint32_t ts_base;  /* our first timestamp */
	bool iss_known, ts_known;
	uint32_t events;        /* since the last look */
	uint64_t written, read; /* stream offsets */
};

struct world {
	struct sl_lcore lc;
	struct sl_tcp *tcp;
	struct sl_tcp_config cfg;
	void *kept; /* what outlives a stack */
	struct sl_ip ours, peer;
	uint16_t mtu, cut, port;
	bool accept, reachable, service, want_iss;
	uint32_t iss, irs;
	uint64_t start; /* clock at script time 0 */
	struct flow flow[FLOWS];
	struct sent sent[SENT_MAX];
	unsigned sent_head, sent_tail;
	struct rte_mbuf *batch[SL_BURST];
	uint16_t n_batch;
	struct rte_mbuf *held[MBUFS];
	unsigned n_held;
	uint64_t injected;
	uint64_t confirms; /* packets sent that confirm their neighbour */
	const char *bad;   /* the stack sent something that is no packet */
};

void world_init(struct world *w);
/** Creates the stack with the configuration so far. */
int world_start(struct world *w);
/** The process dies as it is, and another one takes up what it kept. */
int world_restart(struct world *w);
/** @return NULL, or what is left that should not be. */
const char *world_end(struct world *w);
/** Runs timers and sends, up to this script time in microseconds or the first packet sent. */
void world_run(struct world *w, uint64_t until, bool stop_at_packet);
/** Takes events, lets the stack send. */
void world_serve(struct world *w);
void world_inject(struct world *w, const struct pkt_tcp *t, bool more);
struct sent *world_next_sent(struct world *w);
void world_pop_sent(struct world *w);
uint64_t world_time(const struct world *w);
/** Byte at an offset of every stream of a test. */
uint8_t world_byte(uint64_t offset);
struct flow *world_flow_of(struct world *w, const struct pkt_tcp *t);

#endif
