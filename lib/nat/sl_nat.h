/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * L4 services of one worker: destination translated to an endpoint, source to an address of ours,
 * replies translated back, sessions aged.
 *
 * A service whose target is a listener of ours is not translated packet by packet: its connections
 * are accepted under the address the client used (sl_pkt.service says which service).
 */
#ifndef SL_NAT_H
#define SL_NAT_H

#include "sl_lcore.h"
#include "sl_net.h"

#define SL_NAT_LAYOUT 1u

/**
 * One session, fixed-size, versioned, pointer-free: it lies in the `flows.<worker>` segment and
 * outlives the process.
 */
struct sl_nat_session;

struct sl_nat;

struct sl_nat_config {
	void *rows;	     /* memory of sl_nat_rows_size(rows_max) bytes, zeroed or of a former run */
	uint32_t rows_max;   /* sessions; a power of two */
	struct sl_hash_key secret;
	/* Timeouts in milliseconds; 0: the kernel conntrack's default. */
	uint32_t tcp_syn_ms, tcp_established_ms, tcp_fin_ms, tcp_time_wait_ms;
	uint32_t udp_ms, udp_stream_ms;
};

size_t sl_nat_rows_size(uint32_t rows_max);

/** @return 0, -EINVAL, -ENOMEM. At start; lc, nl and net must outlive it. */
int sl_nat_create(struct sl_nat **out, struct sl_lcore *lc, struct sl_net *net,
		  struct sl_net_lcore *nl, const struct sl_nat_config *cfg, struct sl_err *err);
void sl_nat_free(struct sl_nat *nat);

/**
 * Packets that belong to a service or a session are translated and forwarded, refused or dropped;
 * the others stay in the burst, those for a listener service with sl_pkt.service set.
 *
 * @return How many remain for the local stack.
 */
uint16_t sl_nat_in_burst(struct sl_nat *nat, struct rte_mbuf **pkts, uint16_t n);

/** ICMP error that quotes a packet of a session: translated and forwarded. true: taken. */
bool sl_nat_icmp_error(struct sl_nat *nat, struct rte_mbuf *m, const struct sl_icmp_error *e);

/** Ages sessions; a bounded amount of work a call. */
void sl_nat_timers(struct sl_nat *nat);

/** The configuration changed: endpoints that are gone lose their sessions lazily. */
void sl_nat_epoch(struct sl_nat *nat);

#endif
