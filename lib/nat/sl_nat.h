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

#define SL_NAT_LAYOUT 2u

enum sl_nat_state {
	SL_NAT_FREE,
	SL_NAT_SYN_SENT, /* client's SYN seen */
	SL_NAT_SYN_RECV, /* endpoint's SYN|ACK seen */
	SL_NAT_ESTABLISHED,
	SL_NAT_FIN,       /* one side has closed */
	SL_NAT_TIME_WAIT, /* both have */
	SL_NAT_CLOSE,     /* reset */
	SL_NAT_UDP,       /* nothing came back yet */
	SL_NAT_UDP_STREAM,
	SL_NAT_STATES
};

/**
 * One session, fixed-size, versioned, pointer-free: it lies in the `flows.<worker>` segment and
 * outlives the process. Written by its worker only.
 *
 * `check` covers everything before `state` and is written last, so a row that was torn by the
 * writer's death is recognised. What stands behind changes by single aligned stores.
 */
struct sl_nat_session {
	uint32_t check;                      /* CRC-32C, never 0; 0: the row is free */
	uint32_t generation;                 /* of this row: one more for each session it holds */
	uint64_t created_us;                 /* monotonic */
	struct sl_ip client, vip;            /* as the client sees it */
	struct sl_ip own, endpoint;          /* as the endpoint sees it */
	uint16_t cport, vport, oport, eport; /* ports of these four */
	uint8_t proto;
	uint8_t kept; /* own and oport are the client's: its address is not translated */
	uint8_t pad[2];
	uint8_t state; /* enum sl_nat_state */
	uint8_t fins;  /* bit 0: the client has sent FIN, bit 1: the endpoint has */
	uint8_t pad2[2];
	uint64_t expires_us; /* monotonic */
	/* Statistics slots, and the low bits of their birth: valid while these are the same. */
	uint32_t service_slot, service_born;
	uint32_t endpoint_slot, endpoint_born;
	uint32_t epoch; /* configuration (its low bits) that the session was last checked with */
	uint32_t pad3;
};
_Static_assert(sizeof(struct sl_nat_session) == 128, "layout of the flows segment");

struct sl_nat;

/**
 * Which endpoint each client of services with affinity was last sent to: one table for all workers
 * of the process, for the connections of a client may be any worker's. Each entry is one word, so
 * that a reader sees a whole one. A client that is not (or no longer) in it is sent where its
 * address hashes to.
 */
struct sl_nat_affinity;

/** @param clients How many it remembers. NULL: no memory. */
struct sl_nat_affinity *sl_nat_affinity_create(uint32_t clients);
void sl_nat_affinity_free(struct sl_nat_affinity *a);

struct sl_nat_config {
	void *rows;        /* 8-byte aligned memory of sl_nat_rows_size(rows_max) bytes, zeroed or
			      of a former run; the caller's, untouched by sl_nat_free */
	uint32_t rows_max; /* sessions; a power of two */
	struct sl_hash_key secret;
	struct sl_nat_affinity *affinity; /* NULL: by hash alone */
	/* Timeouts in milliseconds; 0: the kernel conntrack's default. */
	uint32_t tcp_syn_ms, tcp_established_ms, tcp_fin_ms, tcp_time_wait_ms;
	uint32_t udp_ms, udp_stream_ms;
};

size_t sl_nat_rows_size(uint32_t rows_max);

/**
 * Sessions of a former run (same layout, rows_max, worker and number of workers) go on; a torn
 * row is dropped alone; rows of another shape are cleared.
 *
 * @return 0, -EINVAL, -ENOMEM. At start; lc, nl and net must outlive it.
 */
int sl_nat_create(struct sl_nat **out, struct sl_lcore *lc, struct sl_net *net,
		  struct sl_net_lcore *nl, const struct sl_nat_config *cfg, struct sl_err *err);
void sl_nat_free(struct sl_nat *nat);

/** What sl_nat_create found in the rows. */
struct sl_nat_restored {
	uint32_t sessions; /* that go on */
	uint32_t torn;     /* dropped: half-written, expired or contradictory */
	bool cleared;      /* rows were of another shape */
};
struct sl_nat_restored sl_nat_restored(const struct sl_nat *nat);

/**
 * Packets that belong to a service or a session are translated and forwarded, refused or dropped;
 * the others stay in the burst, those for a listener service with sl_pkt.service set.
 *
 * @param n At most SL_BURST.
 * @return How many remain for the local stack.
 */
uint16_t sl_nat_in_burst(struct sl_nat *nat, struct rte_mbuf **pkts, uint16_t n);

/** ICMP error that quotes a packet of a session: translated and forwarded. true: taken. */
bool sl_nat_icmp_error(struct sl_nat *nat, struct rte_mbuf *m, const struct sl_icmp_error *e);

/** Ages sessions; a bounded amount of work a call. */
void sl_nat_timers(struct sl_nat *nat);

/** Earliest time at which sl_nat_timers may have something to do, or UINT64_MAX. */
uint64_t sl_nat_next(const struct sl_nat *nat);

/**
 * The configuration changed (lc->snap is the new one, its statistics slots are claimed): endpoints
 * that are gone lose their sessions at the next packet.
 */
void sl_nat_epoch(struct sl_nat *nat);

/** Sessions now. */
uint32_t sl_nat_count(const struct sl_nat *nat);

/**
 * Walks the sessions: the one in the first used row at or behind *row, which is then moved behind
 * it; NULL at the end. The worker, or anyone who maps the rows read-only and checks each himself.
 */
const struct sl_nat_session *sl_nat_at(const struct sl_nat *nat, uint32_t *row);

/** Name of a state as conntrack writes it, e.g. "ESTABLISHED"; "?" when out of range. */
const char *sl_nat_state_name(uint8_t state);

#endif
