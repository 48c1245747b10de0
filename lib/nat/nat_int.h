/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of lib/nat share: the instance of one worker, its sessions and their index. */
#ifndef SL_NAT_INT_H
#define SL_NAT_INT_H

#include <netinet/in.h>

#include "sl_balance.h"
#include "sl_flow.h"
#include "sl_nat.h"
#include "sl_shares.h"
#include "sl_steer.h"
#include "sl_wheel.h"
#include "sl_wire.h"

/* Of sl_nat_session.fins. */
#define NAT_FIN_BOTH   3u
#define NAT_FIN_SERVED 4u /* the endpoint is the one in TIME-WAIT, or both are */

#define NAT_NONE UINT32_MAX

/* Direction of a packet within its session. */
enum nat_dir { NAT_FORWARD, NAT_REPLY }; /* client to service; endpoint to us */

/* What the index stores and what it is looked up with. */
struct nat_key {
	const struct sl_tuple *tuple;
	enum nat_dir dir;
};

/* A filter: where the bit of an address and port is not set, no listener serves them. */
#define NAT_HEARD_BITS 4096u

static inline uint32_t nat_heard_bit(const struct sl_ip *ip, uint16_t port)
{
	uint32_t low;

	memcpy(&low, ip->b + 12, 4);
	return ((low ^ port * 0x9e3779b9u) * 0x85ebca6bu) >> 20;
}

/*
 * Neighbours of a row in its list; NAT_NONE ends it. A session that was answered is in none: its
 * client's last sequence number, and whether that is known.
 */
struct nat_link {
	union {
		uint32_t prev, fin_seq;
	};
	union {
		uint32_t next, fin_known;
	};
};

/* View of a cluster for choosing among its endpoints. */
struct nat_lb {
	uint64_t born, epoch; /* whose, and for which configuration it was counted */
	uint32_t generation;  /* of the health table, when it was counted */
	uint32_t even;        /* choice of a level */
	struct sl_shares shares;
};

struct sl_nat {
	struct sl_lcore *lc;
	struct sl_net *net;
	struct sl_net_lcore *nl;
	struct sl_hash_key secret;
	struct sl_flows_hdr *hdr;   /* of the segment */
	struct sl_nat_session *row; /* [rows], in the segment */
	uint32_t rows;
	uint32_t count;
	uint64_t timeout_us[SL_NAT_STATES];
	struct sl_flow_index *index; /* row * 2 + enum nat_dir */
	struct sl_wheel *wheel;      /* one timer a row, set no later than it expires */
	/* A row is in one list at most: free rows (by next only), or sessions nobody has answered
	 * yet, oldest first, which are evicted when the table is full. */
	struct nat_link *link;
	uint32_t free_first;
	uint32_t embryo_first, embryo_last, embryos;
	uint32_t port_next; /* where the search for a source port goes on */
	bool high_services; /* a service or listener has a port of the range that is ours */
	bool direct;        /* endpoints of services that keep the client's address are known */
	struct sl_nat_affinity *affinity;
	uint32_t turn;                       /* of even picks */
	uint64_t heard[NAT_HEARD_BITS / 64]; /* services of listeners: bits of nat_heard_bit */
	struct nat_guard *guard;             /* NULL: none */
	struct nat_rest *rest;               /* source ports that rest */
	struct nat_ports *ports;             /* how many are in use */
	struct sl_ip snat[SL_NAT_SNAT_MAX];
	uint16_t n_snat;
	struct sl_nat_egress *egress;
	uint16_t n_egress;
	/* Sessions being ended by order: which order, whose, and how far. */
	uint64_t killing;
	struct sl_session_filter kill;
	uint32_t kill_row;
	struct nat_lb *lb; /* [clusters], by statistics slot */
	uint32_t clusters;
	uint32_t health; /* generation of the health table, this burst */
	bool uncounted;  /* restored sessions do not stand in the gauges of objects yet */
	struct sl_nat_restored restored;
};

/* ---- table.c: sessions ---- */

uint64_t nat_hash(const struct sl_nat *nat, const struct sl_tuple *t);

/** Row of the session a tuple belongs to in that direction, or NAT_NONE. */
uint32_t nat_find(const struct sl_nat *nat, const struct sl_tuple *t, enum nat_dir dir,
		  uint64_t hash);

/** Tuples as packets of that direction carry them. */
struct sl_tuple nat_tuple(const struct sl_nat_session *s, enum nat_dir dir);

/**
 * Puts a session whose addresses, ports and proto are set into the table.
 *
 * @return Row; NAT_NONE when table and index have no room, also after evicting.
 */
uint32_t nat_insert(struct sl_nat *nat, const struct sl_nat_session *s);

/** Takes up a row as it lies in the segment: index, timer, lists. false: no room in the index. */
bool nat_adopt(struct sl_nat *nat, uint32_t row);

/** Ends a session; its row is free. */
void nat_end(struct sl_nat *nat, uint32_t row);

/** Ends the oldest session that nobody has answered; there is one. */
void nat_evict(struct sl_nat *nat);

/** Puts a row that holds no session among the free ones. */
void nat_free_row(struct sl_nat *nat, uint32_t row);

/** Moves a session to a state and gives it that state's time from now on. */
void nat_set_state(struct sl_nat *nat, uint32_t row, enum sl_nat_state state);

/** Gives a session the time of its state from now on. */
void nat_touch(struct sl_nat *nat, uint32_t row);

bool nat_is_embryonic(uint8_t state);

/** Port of an endpoint for one port of a service's range. */
static inline uint16_t nat_endpoint_port(const struct sl_snap_service *v,
					 const struct sl_snap_endpoint *e, uint16_t port)
{
	return (uint16_t)(e->port + (port - v->port));
}

/* ---- count.c: statistics of services and endpoints ---- */

/** Counters of a slot; a place nobody reads when the slot was given to another object. */
struct sl_stats_service *nat_service_stats(struct sl_nat *nat, uint32_t slot, uint32_t born);
struct sl_stats_endpoint *nat_endpoint_stats(struct sl_nat *nat, uint32_t slot, uint32_t born);

/** Counters of a session's service. */
struct sl_stats_service *nat_session_stats(struct sl_nat *nat, const struct sl_nat_session *s);

/** Starts fetching the counters of a session's service. */
void nat_count_prefetch(const struct sl_nat *nat, const struct sl_nat_session *s);

/** Gauges of a session's service and endpoint. */
void nat_count_in(struct sl_nat *nat, const struct sl_nat_session *s);
void nat_count_out(struct sl_nat *nat, const struct sl_nat_session *s);

/* ---- affinity.c ---- */

/**
 * Statistics slot of the endpoint a client of a service was last sent to.
 *
 * @return UINT32_MAX when it is not known, or was longer ago than the service remembers.
 */
uint32_t nat_affinity_find(const struct sl_nat *nat, const struct sl_snap_service *v,
			   const struct sl_ip *client);
void nat_affinity_note(struct sl_nat *nat, const struct sl_snap_service *v,
		       const struct sl_ip *client, uint32_t slot);

/* ---- guard.c: access list and limits ---- */

struct nat_guard;

int nat_guard_create(struct sl_nat *nat, const struct sl_nat_guard *cfg, struct sl_err *err);
void nat_guard_free(struct nat_guard *g);

/**
 * Whether a packet may open a session or a connection.
 *
 * @param session It is an L4 session that is asked for: the service's limit counts as well.
 * @return SL_DROP_COUNT: it may; else why not.
 */
enum sl_drop nat_guard_asks(struct sl_nat *nat, const struct sl_tuple *t,
			    const struct sl_snap_service *v, bool session);

/** Whether a client's packet is within its rate. @return As nat_guard_asks. */
enum sl_drop nat_guard_packet(struct sl_nat *nat, const struct sl_ip *client);

/** A session of a client began or ended. */
void nat_guard_count(struct sl_nat *nat, const struct sl_ip *client, int by);

/* ---- ports.c: source ports ---- */

/* Ports tried for one session: with nine in ten taken, all are taken once in 700,000 sessions. */
#define NAT_PORT_TRIES 128u
#define NAT_TAKE_TRIES 8u      /* once one is known that can be taken over */
#define NAT_QUIET_US   100000u /* silent for so long, one that has ended has */

struct nat_ports;

struct nat_ports *nat_ports_create(const struct sl_nat *nat);
void nat_ports_free(struct nat_ports *p);

/** A session has its port from now on (1), or no longer (-1). */
void nat_ports_count(struct sl_nat *nat, const struct sl_nat_session *s, int by);

/**
 * Chooses the session's source port, from its own address or else from another of a list.
 *
 * @return false: none is free.
 */
bool nat_choose_port(struct sl_nat *nat, struct sl_nat_session *s, const struct sl_ip *more,
		     uint16_t n);

/* ---- rest.c: source ports that an endpoint may still know ---- */

struct nat_rest;

struct nat_rest *nat_rest_create(void);
void nat_rest_free(struct nat_rest *r);

/** The session ends before its endpoint has forgotten the connection. */
void nat_rest_note(struct sl_nat *nat, uint32_t row);
/**
 * Whether a port must not be used towards that endpoint yet.
 *
 * @param fin Then what is known of the client's FIN.
 */
bool nat_rest_has(const struct sl_nat *nat, const struct sl_tuple *back, uint64_t hash,
		  struct nat_link *fin);

/* ---- health.c ---- */

/** What of a cluster is usable now. */
struct nat_lb *nat_lb(struct sl_nat *nat, const struct sl_snap_cluster *c);

/** Whether an endpoint takes something new. */
bool nat_usable(const struct sl_nat *nat, const struct sl_snap_endpoint *e);

/**
 * Whether a session's endpoint failed its checks: nobody is there. Not while so many do that all
 * are used regardless.
 */
bool nat_is_dead(struct sl_nat *nat, const struct sl_snap_service *v,
		 const struct sl_nat_session *s);

/* ---- choose.c ---- */

/** Endpoint for a packet's new session; NULL when there is none of its family. */
const struct sl_snap_endpoint *nat_choose(struct sl_nat *nat, const struct sl_snap_service *v,
					  const struct sl_tuple *t);

/* ---- open.c: new sessions ---- */

/**
 * Opens the session of a packet for a cluster service.
 *
 * @param why Receives the reason when there is none.
 * @return Row or NAT_NONE.
 */
uint32_t nat_open(struct sl_nat *nat, const struct sl_tuple *t, uint32_t service,
		  enum sl_drop *why);

/** Whether the answer of a session that keeps the client's address comes to this worker. */
bool nat_is_mine(const struct sl_nat *nat, const struct sl_tuple *back);

/** Whether the configuration in use still has the session's service and endpoint. */
bool nat_still_served(struct sl_nat *nat, uint32_t row, uint32_t service);

/* ---- egress.c ---- */

/** The rule by which a packet goes outside; NULL: none. */
const struct sl_nat_egress *nat_egress_find(const struct sl_nat *nat, const struct sl_tuple *t);

/** Opens its session. @return Row; NAT_NONE and the reason. */
uint32_t nat_egress_open(struct sl_nat *nat, const struct sl_nat_egress *rule,
			 const struct sl_tuple *t, enum sl_drop *why);

/* ---- track.c: TCP and UDP states ---- */

void nat_track(struct sl_nat *nat, uint32_t row, struct rte_mbuf *m, enum nat_dir dir);

/* ---- rewrite.c: addresses, ports and checksums in a packet ---- */

/** Writes the tuple into the packet's headers and its sl_pkt; checksums by RFC 1624. */
void nat_rewrite(struct rte_mbuf *m, const struct sl_tuple *to);

/** The same for the packet an ICMP error quotes, and for the error's own checksum. */
bool nat_rewrite_quoted(struct rte_mbuf *m, const struct sl_icmp_error *e,
			const struct sl_tuple *inner, const struct sl_ip *src,
			const struct sl_ip *dst);

/**
 * Ports and checksum of a transport packet whose addresses change as well, of whatever family.
 *
 * @param n Bytes there are: at least 8; a checksum that isn't among them is left alone.
 */
void nat_rewrite_l4(uint8_t *l4, uint32_t n, const struct sl_tuple *from,
		    const struct sl_tuple *to);

/** Offset of the transport header that an error quotes; UINT32_MAX when cut off before it. */
uint32_t nat_quoted_l4(const struct rte_mbuf *m, const struct sl_icmp_error *e);

/* ---- nat64.c ---- */

/** Translates a packet into the other family and forwards it. */
void nat64_pass_on(struct sl_nat *nat, struct rte_mbuf *m, const struct sl_tuple *to);

/** The same with an ICMP error. @param inner What it is to quote. */
void nat64_error(struct sl_nat *nat, struct rte_mbuf *m, const struct sl_icmp_error *e,
		 const struct sl_tuple *inner, const struct sl_ip *src, const struct sl_ip *dst);

/* ---- refuse.c ---- */

/**
 * Ends what an endpoint may still hold in TIME-WAIT of a session: its port is about to be used
 * again, and a new client's timestamps may look older than the former one's (RFC 6191, RFC 1337).
 *
 * @param seq Behind the client's FIN.
 */
void nat_reset_endpoint(struct sl_nat *nat, const struct sl_nat_session *s, uint32_t seq);

/** Answers with RST or port unreachable and drops the packet. */
void nat_refuse(struct sl_nat *nat, struct rte_mbuf *m, enum sl_drop why);

static inline struct sl_tuple nat_pkt_tuple(const struct sl_pkt *p)
{
	return (struct sl_tuple){p->src, p->dst, p->sport, p->dport, p->proto};
}

/** Hops left in the packet's header. */
static inline uint8_t nat_hops(struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, sl_pkt(m)->l3);

	return sl_pkt(m)->family == 4 ? ip[8] : ip[7];
}

static inline bool nat_is_icmp(uint8_t proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

static inline const struct sl_tcp_hdr *nat_tcp(struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, const struct sl_tcp_hdr *, sl_pkt(m)->l4);
}

#endif
