/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of lib/net share: the box's addresses and routes, neighbours, mbuf helpers. */
#ifndef SL_NET_INT_H
#define SL_NET_INT_H

#include <netinet/in.h>
#include <sys/queue.h>

#include "sl_net.h"
#include "sl_wire.h"

#define NET_ADDRS_MAX  (SL_PORTS_MAX * (SL_PORT_ADDRS_MAX + 1)) /* + 1: IPv6 link-local */
#define NET_ROUTES_MAX (2 * NET_ADDRS_MAX + SL_NET_ROUTES_MAX)
#define NET_NO_PORT    UINT16_MAX

#define NET_ETH_LEN  14u
#define NET_VLAN_LEN 4u
#define NET_V4_LEN   20u
#define NET_V6_LEN   40u
#define NET_ICMP_LEN 8u
#define NET_FRAG_LEN 8u /* IPv6 fragment header */
#define NET_TTL      64u

/* IPv6 next-header values (RFC 8200). */
enum { NET_V6_HOPOPTS = 0, NET_V6_ROUTING = 43, NET_V6_FRAGMENT = 44, NET_V6_DSTOPTS = 60 };

/** What a check says of a packet: a drop reason, or one of these. */
#define NET_PASS  (-1) /* goes on */
#define NET_TAKEN (-2) /* the mbuf has another owner now */
#define NET_ND    (-3) /* neighbour discovery that main must see */

/** Address of the box. */
struct net_addr {
	struct sl_ip ip;
	uint8_t len; /* of its subnet, as in sl_prefix */
	uint16_t port;
};

enum net_route_kind { NET_ROUTE_LOCAL, NET_ROUTE_CONNECTED, NET_ROUTE_VIA };

struct net_route {
	struct sl_prefix to;
	struct sl_ip via; /* NET_ROUTE_VIA only */
	struct sl_ip src; /* own address from which to speak */
	uint16_t port;
	enum net_route_kind kind;
	uint8_t hops; /* next hops of this prefix from here to its last one */
	bool shared;  /* there is more than one of them */
};

/** Where an IP packet goes next. */
struct net_hop {
	struct sl_ip via; /* on the link: next hop or the destination itself */
	struct sl_ip src;
	uint16_t port;
};

/* ---- neighbours ---- */

enum neigh_state {
	NEIGH_FREE,
	NEIGH_INCOMPLETE,
	NEIGH_REACHABLE,
	NEIGH_STALE,
	NEIGH_PROBE,
	NEIGH_FAILED
};

/**
 * What workers read of a neighbour. Written by the main lcore, but for `used` and `confirmed`.
 *
 * `value` is MAC (48 bits), state (3) and generation (13). The key changes only while the state is
 * NEIGH_FREE, and the generation with it, so a reader that sees the same value before and after it
 * read the key has read a key that belongs to the value.
 */
struct neigh_slot {
	uint64_t value;
	uint64_t ip[2];
	uint16_t port;
	uint8_t used;      /* set by workers that send to a STALE neighbour, cleared by main */
	uint8_t confirmed; /* set by workers while STALE or in PROBE, cleared by main */
	uint8_t pad[4];
};
_Static_assert(sizeof(struct neigh_slot) == 32, "two to a cache line");

struct neigh_held {
	TAILQ_ENTRY(neigh_held) of_entry, of_all;
	struct rte_mbuf *m;
	uint32_t entry;
};
TAILQ_HEAD(neigh_held_list, neigh_held);

/** What only the main lcore knows of a neighbour. */
struct neigh_main {
	uint64_t deadline_us; /* when its state ends */
	uint64_t updated_us;  /* last confirmation or use */
	struct neigh_held_list held;
	uint16_t n_held;
	uint16_t worker; /* sends its probes: the last one that needed it */
	uint8_t probes;
};

struct neigh_table {
	struct neigh_slot *slot; /* n, a power of two */
	struct neigh_main *main;
	uint32_t n, count, max;
	uint32_t hand; /* where the search for an entry to evict goes on */
	struct neigh_held *pool;
	struct neigh_held_list held, spare;
	uint64_t next_us; /* nothing is due before */
};

#define NET_RA_ROUTERS    4u
#define NET_RA_PREFIXES   8u
#define NET_RA_PREFIX_LEN 64u

/**
 * What a port has learned from router advertisements. Written by the main lcore; workers read each
 * of the first three as one word.
 */
struct net_ra {
	uint64_t router[NET_RA_ROUTERS];  /* last half of a router's fe80:: address; 0: none */
	uint64_t prefix[NET_RA_PREFIXES]; /* first half of what is on the link; 0: none */
	uint16_t mtu;                     /* of IPv6 on this link; 0: the port's */
	bool on;                          /* as configured */
	struct sl_ip src;                 /* own address from which to speak beyond the link */
	/* main lcore */
	uint64_t router_until_us[NET_RA_ROUTERS];
	uint64_t prefix_until_us[NET_RA_PREFIXES];
	uint64_t solicit_us; /* next question for routers */
	uint8_t solicited;
};

struct sl_net {
	struct sl_port *port[SL_PORTS_MAX];
	uint16_t n_ports, n_addrs, n_routes, n_bcasts;
	struct net_addr addr[NET_ADDRS_MAX];
	struct net_route route[NET_ROUTES_MAX]; /* longest prefix first */
	uint32_t bcast_be[2 * NET_ADDRS_MAX];   /* all-ones and all-zeros of IPv4 subnets */
	bool multipath;                         /* any prefix has more than one next hop */
	bool ra_on;                             /* any port listens to router advertisements */
	struct net_ra ra[SL_PORTS_MAX];
	struct sl_hash_key key;
	struct neigh_table neigh;
	struct net_virtual *virtual;      /* read by workers */
	struct net_virtual *virtual_last; /* before it */
	/* main lcore */
	void (*inject)(void *arg, uint16_t worker, struct rte_mbuf *m);
	void *inject_arg;
	uint64_t announce_us; /* next announcement of own addresses */
	uint8_t announced;
	uint32_t virtual_told; /* how many of `virtual` have been looked at for announcement */
	uint64_t defend_us[NET_ADDRS_MAX]; /* not before: announcement against a conflict */
	struct sl_net_conflict conflict;
};

/* route.c */
int net_routes_build(struct sl_net *net, const struct sl_net_config *cfg, struct sl_err *err);
/**
 * @param src Source of the packet, whose port decides for link-local dst; may be NULL.
 * @param flow Chooses among next hops: net_flow of the packet, or 0.
 */
bool net_route_find(const struct sl_net *net, const struct sl_ip *dst, const struct sl_ip *src,
		    uint32_t flow, struct net_hop *hop);
/** Row of an own address, or -1. */
int net_addr_find(const struct sl_net *net, const struct sl_ip *ip);
/** The port's own address in whose subnet ip lies, or -1. */
int net_addr_on_link(const struct sl_net *net, uint16_t port, const struct sl_ip *ip);
/** MTU of a port in bytes for packets of one family. */
uint16_t net_mtu(const struct sl_net *net, uint16_t port, bool v6);
bool net_is_v4_broadcast(const struct sl_net *net, uint32_t ip_be);
bool net_is_link_local(const struct sl_ip *ip);

/* hops.c */
/** Hash of an IP packet's flow, data at its IP header; 0 where there is nothing to choose. */
uint32_t net_flow(const struct sl_net *net, const struct rte_mbuf *m, const struct sl_ip *src,
		  const struct sl_ip *dst);
/** The next hop of a flow: r or one of its prefix behind it. */
const struct net_route *net_hop_choose(const struct sl_net *net, const struct net_route *r,
				       uint32_t flow);
/** Whether a neighbour shares a prefix with others, so that its failure must be noticed soon. */
bool net_is_hop(const struct sl_net *net, const struct sl_ip *ip, uint16_t port);

/* virtual.c */
/** Whether a port answers ARP and ND for ip: its own address, or a virtual one in its subnet. */
bool net_answers_for(const struct sl_net *net, uint16_t port, const struct sl_ip *ip);
void net_virtual_announce(struct sl_net *net, struct sl_lcore *lc);
void net_virtual_free(struct sl_net *net);

/* neigh.c: the table. neigh_lookup, _peek and _known are worker-safe, the rest is main's. */
#define NEIGH_NONE UINT32_MAX
int neigh_table_init(struct neigh_table *t, uint32_t max);
void neigh_table_free(struct neigh_table *t);
/**
 * @param confirms What goes there belongs to a connection that makes progress (RFC 4861 7.3.1).
 * @return NEIGH_FREE when there is none; mac filled from NEIGH_REACHABLE to NEIGH_PROBE.
 */
enum neigh_state neigh_lookup(const struct sl_net *net, const struct sl_ip *ip, uint16_t port,
			      bool confirms, uint8_t mac[6]);
/** State of an entry, NEIGH_FREE when there is none. Worker-safe; not a use of it. */
enum neigh_state neigh_peek(const struct sl_net *net, const struct sl_ip *ip, uint16_t port);
/** Whether there is an entry in any state. Worker-safe; not a use of it. */
bool neigh_known(const struct sl_net *net, const struct sl_ip *ip, uint16_t port);
uint32_t neigh_find(const struct sl_net *net, const struct sl_ip *ip, uint16_t port);
/** A new entry, INCOMPLETE; another may be evicted for it. @return NEIGH_NONE: no room. */
uint32_t neigh_add(struct sl_net *net, struct sl_lcore *lc, const struct sl_ip *ip, uint16_t port);
void neigh_remove(struct sl_net *net, struct sl_lcore *lc, uint32_t i);
void neigh_publish(struct sl_net *net, uint32_t i, enum neigh_state state, const uint8_t mac[6]);
enum neigh_state neigh_state(const struct sl_net *net, uint32_t i);
void neigh_mac(const struct sl_net *net, uint32_t i, uint8_t mac[6]);
struct sl_ip neigh_ip(const struct sl_net *net, uint32_t i);

/* hold.c: packets that wait for a neighbour; main lcore. */
void neigh_hold(struct sl_net *net, struct sl_lcore *lc, uint32_t i, struct rte_mbuf *m);
/** Oldest held packet of an entry, or NULL. */
struct rte_mbuf *neigh_unhold(struct sl_net *net, struct sl_lcore *lc, uint32_t i);

/* resolve.c: the state machine; main lcore. */
/** How the news of a neighbour's address came in (RFC 4861 7.2.3 to 7.2.5, RFC 826). */
enum neigh_news {
	NEIGH_NEWS_REQUEST,    /* it asked for an address of ours: created if need be */
	NEIGH_NEWS_HINT,       /* it announced itself: known entries only */
	NEIGH_NEWS_ANSWER,     /* addressed to us: known entries; confirms if we asked */
	NEIGH_NEWS_NO_OVERRIDE /* as ANSWER, but must not change a known MAC (ND) */
};
/** @param mac NULL: none given (ND without option), confirms the known one. @return false when
 *         it concerns no neighbour of ours. */
bool neigh_learn(struct sl_net *net, struct sl_lcore *lc, const struct sl_ip *ip, uint16_t port,
		 const uint8_t mac[6], enum neigh_news news);
/** Whether a MAC is one of our ports'. */
bool net_mac_is_ours(const struct sl_net *net, const uint8_t mac[6]);
/** Counts another host's use of an address of ours; defends it every 10 s at most. */
void net_conflict(struct sl_net *net, struct sl_lcore *lc, int addr, uint16_t port,
		  const uint8_t mac[6]);
/** Tells a link that an address is ours (gratuitous ARP, unsolicited advertisement). */
void net_announce(struct sl_net *net, struct sl_lcore *lc, const struct net_addr *a);
/** Hands a frame made here to a worker. */
void net_inject(struct sl_net *net, struct sl_lcore *lc, struct rte_mbuf *m, uint16_t port,
		uint16_t worker, enum sl_punt punt);

/* arp.c */
/** Worker: validity and whether main need see it. @return drop reason or NET_PASS. */
int arp_check(const struct sl_net *net, struct rte_mbuf *m);
void arp_input(struct sl_net *net, struct sl_lcore *lc, struct rte_mbuf *m);
/** @param mac Where to ask, NULL: everyone. */
void arp_request(struct sl_net *net, struct sl_lcore *lc, const struct net_addr *from,
		 const struct sl_ip *target, const uint8_t *mac, uint16_t worker);

/* nd.c */
/** As arp_check, for a parsed ICMPv6 packet of types 133 to 137. @return reason or NET_ND. */
int nd_check(const struct sl_net *net, struct rte_mbuf *m);
void nd_input(struct sl_net *net, struct sl_lcore *lc, struct rte_mbuf *m);
void nd_solicit(struct sl_net *net, struct sl_lcore *lc, const struct net_addr *from,
		const struct sl_ip *target, const uint8_t *mac, uint16_t worker);
void nd_announce(struct sl_net *net, struct sl_lcore *lc, const struct net_addr *from);
/** Asks a link for its routers (RFC 4861 6.3.7). */
void nd_solicit_routers(struct sl_net *net, struct sl_lcore *lc, const struct net_addr *from);

/* ra.c: routers, prefixes and MTU that a port learns. */
#define ND_RA 134
/** Worker: as nd_check, for a router advertisement. */
int ra_check(const struct sl_net *net, struct rte_mbuf *m);
/** Main lcore. @return drop reason or NET_PASS; does not take m. */
int ra_input(struct sl_net *net, struct sl_lcore *lc, struct rte_mbuf *m);
/** What is due by the clock: questions for routers, lifetimes. Main lcore. */
void ra_poll(struct sl_net *net, struct sl_lcore *lc);
/** A neighbour says that it is no router any more (RFC 4861 7.2.5). Main lcore. */
void ra_no_router(struct sl_net *net, struct sl_lcore *lc, const struct sl_ip *ip, uint16_t port);
/** Whether dst lies in a prefix that was said to be on the port's link. Worker-safe. */
bool ra_on_link(const struct sl_net *net, uint16_t port, const struct sl_ip *dst);
/** The hop to a destination on a learned prefix; to a learned router. Worker-safe. */
bool ra_hop_on_link(const struct sl_net *net, const struct sl_ip *dst, struct net_hop *hop);
bool ra_hop_router(const struct sl_net *net, struct net_hop *hop);

/* chain.c: mbuf chains */
/** Folded sum of bytes [off, off + len), as if they began at an even offset. */
uint16_t net_csum_chain(const struct rte_mbuf *m, uint32_t off, uint32_t len);
/** Cuts the chain to its first len bytes. */
void net_trim(struct rte_mbuf *m, uint32_t len);
/** Makes the first n bytes contiguous. @return false when there are not so many or no room. */
bool net_pullup(struct rte_mbuf *m, uint32_t n);
/** Room for n bytes in front of the packet, in a new head if need be. @return NULL: no mbuf. */
struct rte_mbuf *net_prepend(struct sl_lcore *lc, struct rte_mbuf *m, uint16_t n);
/** One mbuf with the bytes of a chain, which is freed; NULL: no mbuf or too long, chain kept. */
struct rte_mbuf *net_linearise(struct sl_lcore *lc, struct rte_mbuf *m);

/* eth.c */
/** Puts the Ethernet header of an egress port in front. @return NULL: no mbuf, m kept. */
struct rte_mbuf *eth_push(struct sl_lcore *lc, const struct sl_port *port, struct rte_mbuf *m,
			  const uint8_t dst[6], uint16_t type);
void eth_tx(struct sl_net_lcore *nl, uint16_t port, struct rte_mbuf *m);
/** To the main lcore, or dropped as PUNT_FULL. */
void net_punt(struct sl_lcore *lc, struct rte_mbuf *m, enum sl_punt punt);

/* ip_in.c, ipv4_in.c, ipv6_in.c, l4_in.c */
/** Checks and parses one packet at sl_pkt.l3. @return drop reason, NET_PASS or NET_ND. */
int ip_parse(const struct sl_net *net, struct rte_mbuf *m);
int ipv4_parse(const struct sl_net *net, struct rte_mbuf *m);
int ipv6_parse(const struct sl_net *net, struct rte_mbuf *m);
/** Transport header of a whole packet, checksum verified. */
int l4_parse(struct rte_mbuf *m);
/** Ports of a first fragment, where they are. */
void l4_parse_fragment(struct rte_mbuf *m);

/** Where the extension headers of an IPv6 packet lead (bounded: RFC 8200 4, RFC 7112). */
struct ipv6_walk {
	uint32_t l4;            /* offset of the upper layer from the IPv6 header */
	uint32_t next_off;      /* offset of the next-header byte that names it */
	uint32_t frag;          /* offset of the fragment header, 0: none */
	uint32_t frag_next_off; /* offset of the next-header byte that names the fragment header */
	uint8_t proto;
};
/**
 * @param avail Contiguous bytes there; stops at the data of a fragment that is not the first.
 * @return false: truncated, too many, or a routing header.
 */
bool ipv6_walk(const uint8_t *ip, uint32_t avail, struct ipv6_walk *w);

/* icmp_error.c */
/** Generic cell rate limiter: one number a flow. */
struct net_rate {
	uint64_t due_us;
};
bool net_rate_ok(struct net_rate *r, uint64_t now_us, uint32_t interval_us, uint32_t burst);
/** Whether an error may answer m at all (RFC 1122 3.2.2, RFC 4443 2.4 e). */
bool icmp_error_apt(const struct sl_net *net, struct rte_mbuf *m);
/**
 * The error as an IP packet, sl_pkt filled, data at its IP header; m is quoted.
 *
 * @param rest Next-hop MTU (3/4) or the pointer of an IPv6 parameter problem.
 */
struct rte_mbuf *icmp_error_make(struct sl_lcore *lc, struct rte_mbuf *m, const struct sl_ip *src,
				 uint8_t type, uint8_t code, uint32_t rest);
/** An error about a packet of ours, data at its IP header; to the hook or ICMP_IGNORED. */
void icmp_error_in(struct sl_net_lcore *nl, struct rte_mbuf *m);

/** Reads the addresses of the IP packet at an offset. @return its version, 0: neither. */
int ip_addrs(const struct rte_mbuf *m, uint32_t l3, struct sl_ip *src, struct sl_ip *dst);

/* frag_out.c */
#define FRAG_OUT_MAX 128 /* 64 KiB through the smallest MTU */
/**
 * Cuts an IP packet (data at its header) into fragments; m is kept.
 *
 * @param id Identification that the fragments of IPv6, and of IPv4 without one, get.
 * @return How many, 0: no mbuf or not possible.
 */
uint32_t ip_fragment(struct sl_lcore *lc, struct rte_mbuf *m, uint16_t mtu, uint32_t id,
		     struct rte_mbuf *out[FRAG_OUT_MAX]);

/* frag_in.c */
struct frag_table;
struct frag_table *frag_table_create(struct sl_lcore *lc, const struct sl_hash_key *key);
void frag_table_free(struct frag_table *t, struct sl_lcore *lc);
void frag_expire(struct sl_net_lcore *nl);

/* ---- a worker's part ---- */

#define NET_TX_VEC      256
#define NET_SELF_MAX    32
#define NET_ICMP_SLOTS  1024
#define NET_FRAME_BYTES SL_MBUF_DATA

struct net_tx {
	struct rte_mbuf *pkts[NET_TX_VEC];
	uint16_t n;
};

struct sl_net_lcore {
	struct sl_net *net;
	struct sl_lcore *lc;
	sl_icmp_error_fn on_error;
	void *on_error_arg;
	struct frag_table *frags;
	uint32_t ip_id; /* counts in steps of the number of workers, so that no two share one */
	uint16_t n_self;
	struct rte_mbuf *self[NET_SELF_MAX]; /* ICMP errors about packets of ours */
	struct net_rate icmp_all;
	struct net_rate icmp_to[NET_ICMP_SLOTS];
	struct net_tx tx[SL_PORTS_MAX];
	uint32_t sent; /* since the last flush, by vectors that were full */
};

/** Next IP identification of this worker. */
static inline uint32_t net_ip_id(struct sl_net_lcore *nl)
{
	nl->ip_id += nl->lc->workers ? nl->lc->workers : 1;
	return nl->ip_id;
}

#endif
