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

#include "sl_flows.h"
#include "sl_lcore.h"
#include "sl_net.h"

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

/** One rule of the access list; the first that fits decides, and where none does, all may in. */
struct sl_nat_rule {
	struct sl_prefix from, to;
	uint16_t port_first, port_last; /* destination */
	uint8_t proto;                  /* 0: any */
	bool allow;
};

#define SL_NAT_RULES_MAX 256
#define SL_NAT_SNAT_MAX  16

/** Who may open what. Limits are of the whole box: each worker holds its share of them. */
struct sl_nat_guard {
	const struct sl_nat_rule *rule; /* copied */
	uint16_t n_rules;
	uint32_t client_sessions;   /* 0: no limit */
	uint32_t client_new_per_s;  /* 0: no limit; a second's worth at once */
	uint32_t client_pkts_per_s; /* to services and the outside; 0: no limit, likewise */
	uint32_t service_sessions;  /* 0: no limit */
	/* A client that was refused so often without a pause is denied for that time; 0: never. */
	uint32_t deny_after, deny_ms;
	uint32_t clients_max; /* that are counted; a power of two, 0 without such limits */
};

#define SL_NAT_EGRESS_MAX 32

/** Hosts that reach others from addresses of ours; the first rule that fits decides. */
struct sl_nat_egress {
	struct sl_prefix from, to; /* who speaks to whom; hosts of `from` among each other don't */
	/* Addresses of the box, all of one family: a host has one of them, another when its ports
	 * are used up. None: the one towards the destination. */
	struct sl_ip snat[SL_NAT_SNAT_MAX];
	uint16_t n_snat;
};

struct sl_nat_config {
	void *rows; /* 8-byte aligned, sl_flows_size(rows_max, guard.clients_max) bytes, zeroed or
		       of a former run; the caller's, untouched by sl_nat_free */
	uint32_t rows_max; /* sessions; a power of two */
	struct sl_hash_key secret;
	struct sl_nat_affinity *affinity; /* NULL: by hash alone */
	struct sl_nat_guard guard;
	/* Addresses of the box that sessions may come from as well, when the ports of the first
	 * towards an endpoint are used up. */
	struct sl_ip snat[SL_NAT_SNAT_MAX];
	uint16_t n_snat;
	const struct sl_nat_egress *egress; /* copied */
	uint16_t n_egress;
	uint32_t timeout_ms[SL_NAT_STATES]; /* 0: the kernel conntrack's default */
};

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

/**
 * Ends sessions that somebody asked to end (sl_flows_kill); a bounded amount of work a call.
 *
 * @return Whether there is more to do.
 */
bool sl_nat_orders(struct sl_nat *nat);

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

#endif
