/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The `flows.<worker>` segments: one worker's L4 sessions, in memory that outlives the process. The
 * worker writes them; anyone may read them while it works. Only its kill request is written from
 * outside, under a lock on the file.
 */
#ifndef SL_FLOWS_H
#define SL_FLOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sl_base.h"

#define SL_FLOWS_MAGIC  UINT64_C(0x5354414e45434c53) /* "SLCENATS" */
#define SL_FLOWS_LAYOUT 6u

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
	SL_NAT_ICMP, /* echo and its answers */
	SL_NAT_STATES
};

/** Name of a state as conntrack writes it, e.g. "ESTABLISHED"; "?" when out of range. */
const char *sl_nat_state_name(uint8_t state);

/**
 * One session, fixed-size, versioned, pointer-free. Written by its worker only.
 *
 * `check` covers everything before `state` and is written last, so a row that was torn by the
 * writer's death, or that is read while it is written, is recognised. What stands behind changes
 * by single aligned stores.
 */
struct sl_nat_session {
	uint32_t check;                      /* CRC-32C, never 0; 0: the row is free */
	uint32_t generation;                 /* of this row: one more for each session it holds */
	uint64_t created_us;                 /* monotonic */
	struct sl_ip client, vip;            /* as the client sees it */
	struct sl_ip own, endpoint;          /* as the endpoint sees it */
	uint16_t cport, vport, oport, eport; /* ports of these four */
	uint8_t proto;
	uint8_t kept;   /* own and oport are the client's: its address is not translated */
	uint8_t egress; /* no service's: from the cluster side to the outside, vip is the endpoint
			 */
	uint8_t pad;
	uint8_t state; /* enum sl_nat_state */
	uint8_t fins;  /* bit 0: the client has sent FIN, 1: the endpoint has, 2: it ends in
			* TIME-WAIT, as its FIN was no answer to the client's */
	uint8_t pad2[2];
	uint64_t expires_us; /* monotonic */
	/* Statistics slots, and the low bits of their birth: valid while these are the same. */
	uint32_t service_slot, service_born;
	uint32_t endpoint_slot, endpoint_born;
	uint32_t epoch;  /* configuration (its low bits) that the session was last checked with */
	uint32_t health; /* generation of the health table when it was last checked */
};
_Static_assert(sizeof(struct sl_nat_session) == 128, "layout of the flows segment");

/** What a session's check field must be. */
uint32_t sl_nat_check(const struct sl_nat_session *s);

/* Parts of a filter that count. */
#define SL_FILTER_CLIENT   0x1u
#define SL_FILTER_SERVICE  0x2u
#define SL_FILTER_ENDPOINT 0x4u

/** Which sessions; every part that is given must fit. */
struct sl_session_filter {
	struct sl_ip client; /* prefix */
	struct sl_ip vip, endpoint;
	uint16_t vport, eport; /* 0: any */
	uint16_t states;       /* bits 1 << enum sl_nat_state; 0: any */
	uint8_t client_len;    /* leading bits of client, as struct sl_prefix */
	uint8_t proto;         /* 0: any */
	uint8_t parts;         /* SL_FILTER_* */
	uint8_t pad[3];
};
_Static_assert(sizeof(struct sl_session_filter) == 60, "layout of the flows segment");

bool sl_session_matches(const struct sl_session_filter *f, const struct sl_nat_session *s);

/**
 * What a worker knows of a client that limits count: behind the sessions, not restored. IPv6
 * clients are counted by their /64.
 */
struct sl_flow_client {
	struct sl_ip ip;
	uint32_t used; /* 0: the row is free */
	uint32_t sessions;
	uint64_t tokens_us;  /* new sessions: of the time this bucket holds */
	uint64_t since_us;   /* monotonic: when that was so */
	uint64_t denied_us;  /* monotonic: takes nothing until then; 0: never was */
	uint64_t refused;    /* packets */
	uint32_t violations; /* refused since it last kept to its rate */
	uint32_t pkts_at;    /* when its packets would have come at its rate: 1/16 us, low bits */
};
_Static_assert(sizeof(struct sl_flow_client) == 64, "layout of the flows segment");

/** In front of the rows. */
struct sl_flows_hdr {
	uint64_t magic;
	uint32_t layout, row_size, rows_max;
	uint16_t index, workers;
	/* Sessions to end: written by who asks, the filter first, then one more in `asked`. */
	uint64_t kill_asked;
	/* The worker: which request it has carried out, and how many sessions that ended. */
	uint64_t kill_done, killed;
	struct sl_session_filter kill;
	uint32_t clients_max;
	uint32_t pad[36];
};
_Static_assert(sizeof(struct sl_flows_hdr) == 256, "layout of the flows segment");

/** Bytes of a segment of so many sessions and clients. */
size_t sl_flows_size(uint32_t rows_max, uint32_t clients_max);

struct sl_flows; /* a mapped segment, of a reader */

/** Path of flows.<worker> in an instance's folder. @return buf. */
char *sl_flows_path(const char *dir, uint32_t worker, char *buf, size_t cap);

/**
 * Maps the sessions of one worker.
 *
 * @return 0; -ENOENT: there is no such worker; -EPROTO (another version's) or another reason, with
 *         a text.
 */
int sl_flows_open(struct sl_flows **out, const char *dir, uint32_t worker, struct sl_err *err);
void sl_flows_close(struct sl_flows *f);

/**
 * Copies the first session at or behind *row out, and moves *row behind it. A row that is being
 * written is read again, and then passed over.
 *
 * @return false behind the last one.
 */
bool sl_flows_next(const struct sl_flows *f, uint32_t *row, struct sl_nat_session *s);

/** The same for clients; what is read of one that is being changed may be a mixture. */
bool sl_flows_next_client(const struct sl_flows *f, uint32_t *row, struct sl_flow_client *c);

/**
 * Asks the worker to end the sessions that match, and waits until it has.
 *
 * @param ended Receives how many it ended.
 * @return 0; -ETIMEDOUT: the worker did not get to it within that time; -errno with a text.
 */
int sl_flows_kill(struct sl_flows *f, const struct sl_session_filter *filter, uint32_t timeout_ms,
		  uint64_t *ended, struct sl_err *err);

#endif
