/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every stage of the packet path needs to know of the lcore it runs on, and the metadata that
 * travels with a packet. A plain struct: tests make their own, with their own clock.
 */
#ifndef SL_LCORE_H
#define SL_LCORE_H

#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_ring.h>

#include "sl_health.h"
#include "sl_port.h"
#include "sl_snap.h"
#include "sl_stats.h"

/** Where a packet goes next, set by the stage that decided. */
enum sl_next { SL_NEXT_LOCAL, SL_NEXT_FORWARD };

/**
 * Metadata in the private area of each mbuf (priv_size of every pool is sizeof(struct sl_pkt)).
 * Filled by eth_in and ip_in; offsets count from the mbuf's data start, which stays at the
 * Ethernet header until a stage moves it (then l3 = 0).
 */
struct sl_pkt {
	uint16_t port;       /* ingress port index */
	uint16_t vlan;       /* 0: untagged */
	uint8_t family;      /* 4 or 6 */
	uint8_t proto;       /* transport protocol behind any extension headers */
	uint8_t flags;       /* SL_PKT_* */
	uint8_t service_hit; /* service row in `service` is valid */
	uint16_t l3;         /* offset of the IP header */
	uint16_t l4;      /* offset of the transport header; in the first segment, header whole */
	uint16_t payload; /* offset of the transport payload (TCP, UDP), of a fragment's data; or l4
			   */
	uint16_t l4_len;  /* transport header and payload in bytes; padding is trimmed by then */
	uint16_t sport, dport;   /* host byte order; of TCP, UDP and ICMP echo, else 0 */
	uint32_t service;        /* row of snap services */
	uint32_t seq;            /* TCP: first sequence number, for queues of the stack */
	uint16_t sum;            /* folded one's-complement sum of the payload, if SL_PKT_SUM */
	uint16_t tcp_private[5]; /* TCP's own */
	struct sl_ip src, dst;
	uint16_t worker; /* punted or injected: the worker it belongs to */
	uint8_t punt;   /* enum sl_punt: what main, or a worker it is injected into, does with it */
	uint8_t pad[5]; /* RTE_MBUF_PRIV_ALIGN */
};
_Static_assert(sizeof(struct sl_pkt) == 80, "sl_pkt grew");

/** Why a packet travels between a worker and the main lcore; `port` is its egress port then. */
enum sl_punt {
	SL_PUNT_FRAME, /* injected: complete Ethernet frame to send */
	SL_PUNT_ARP,   /* punted: frame as received on `port` */
	SL_PUNT_ND,    /* punted: frame as received on `port`, parsed */
	SL_PUNT_NEIGH, /* punted: IP packet, data at its IP header, whose neighbour is unknown */
	SL_PUNT_SELF,  /* injected: ICMP error about a packet of this worker, data at its IP header
			*/
};

#define SL_PKT_FRAGMENT   0x01 /* part of a fragmented datagram, not yet whole */
#define SL_PKT_L4_CSUM_OK 0x02 /* transport checksum verified, by port or software */
#define SL_PKT_BROADCAST  0x04 /* destination MAC was broadcast or multicast */
#define SL_PKT_SUM        0x08
#define SL_PKT_WHOLE      0x20 /* came in fragments: its sender had it cut, we may do so again */
#define SL_PKT_CONFIRMS   0x40 /* to send: its connection makes progress, the neighbour lives */
#define SL_PKT_REDIRECTED 0x10 /* came over a ring from the worker that received it */

static inline struct sl_pkt *sl_pkt(struct rte_mbuf *m)
{
	return (struct sl_pkt *)rte_mbuf_to_priv(m);
}

/** Per-lcore context; written by its lcore only, but for `snap_next` (main lcore). */
struct sl_lcore {
	uint16_t index;                 /* worker number */
	uint16_t workers;               /* number of workers */
	uint64_t now_us;                /* monotonic; read once a round and passed on in here */
	uint64_t rnd;                   /* xorshift state, never 0 */
	struct rte_mempool *pool;       /* data mbufs: SL_MBUF_DATA bytes of room behind headroom */
	struct rte_mempool *clone_pool; /* small mbufs: headers and indirect references */
	struct sl_stats_worker stats;
	struct sl_health_table *health; /* what all workers know of endpoints; NULL: nothing */
	const struct sl_snap *snap;     /* configuration in use; NULL before the first */
	struct sl_match_scratch *scratch;
	struct rte_ring *punt; /* to the main lcore; single consumer there */
};

#define SL_MBUF_DATA  2048u /* data room behind RTE_PKTMBUF_HEADROOM */
#define SL_CLONE_DATA 192u

/** Drops one packet: counted by reason, freed once. */
static inline void sl_drop(struct sl_lcore *lc, struct rte_mbuf *m, enum sl_drop reason)
{
	lc->stats.drops[reason]++;
	rte_pktmbuf_free(m);
}

/** Counts a packet as ended here; the caller keeps or frees the mbuf. */
static inline void sl_consume(struct sl_lcore *lc)
{
	lc->stats.c->consumed++;
}

#endif
