/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ethernet, ARP, IP, fragments, ICMP, neighbours and routes.
 *
 * The main lcore owns the neighbour table and the packets that wait for a neighbour; workers read
 * the table with single 64-bit loads and punt what they cannot resolve. Each worker has its own
 * sl_net_lcore for reassembly, ICMP rate limits and frames on their way out.
 */
#ifndef SL_NET_H
#define SL_NET_H

#include "sl_lcore.h"

#define SL_NET_ROUTES_MAX 64

struct sl_net_route {
	struct sl_prefix to;
	struct sl_ip via; /* next hop, on a connected subnet */
};

struct sl_net_config {
	struct sl_port **ports; /* opened; must outlive the net */
	uint16_t n_ports;
	const struct sl_net_route *routes; /* copied */
	uint16_t n_routes;
	uint32_t neighbours_max; /* 0: 4096 */
};

struct sl_net;
struct sl_net_lcore;

/** @return 0; -EINVAL (a route's next hop on no connected subnet); -ENOMEM. Main lcore. */
int sl_net_create(struct sl_net **out, const struct sl_net_config *cfg, struct sl_err *err);
void sl_net_free(struct sl_net *net);

/** Whether ip is an address of the box. Worker-safe. */
bool sl_net_is_local(const struct sl_net *net, const struct sl_ip *ip);

/**
 * Own address from which to speak to dst.
 *
 * @param mtu Receives the MTU of the outgoing port in bytes; may be NULL.
 * @return false when there is no route. Worker-safe.
 */
bool sl_net_source(const struct sl_net *net, const struct sl_ip *dst, struct sl_ip *src,
		   uint16_t *mtu);

/* ---- main lcore ---- */

/**
 * Takes a punted packet: ARP or ND, or an IP packet whose neighbour is not known yet.
 *
 * @param lc The main lcore's own context (its stats block counts the drops).
 */
void sl_net_main_input(struct sl_net *net, struct sl_lcore *lc, struct rte_mbuf *m);

/**
 * Ages, probes and retries neighbours.
 *
 * @param inject Hands a complete Ethernet frame to a worker for its egress port (sl_pkt.port).
 *               Frames made in sl_net_main_input go the same way.
 */
void sl_net_main_poll(struct sl_net *net, struct sl_lcore *lc);
void sl_net_main_inject(struct sl_net *net,
			void (*inject)(void *arg, uint16_t worker, struct rte_mbuf *m), void *arg);

/** One row of `sluicectl get neighbours`; returns false behind the last. Main lcore. */
struct sl_net_neighbour {
	struct sl_ip ip;
	uint8_t mac[6];
	uint16_t port;
	const char *state; /* REACHABLE, STALE, PROBE, INCOMPLETE, FAILED */
};
bool sl_net_neighbour_at(const struct sl_net *net, uint32_t i, struct sl_net_neighbour *out);

/* ---- workers: stages take a burst and return how many packets remain for the next one ---- */

/** ICMP errors that quote a packet of ours or of a flow we translate. */
struct sl_icmp_error {
	uint8_t family, type, code;
	uint16_t mtu;		/* next-hop MTU of "too big", else 0 */
	struct sl_tuple inner;	/* quoted packet, as it stood there */
	uint32_t inner_seq;	/* TCP sequence number quoted */
	uint16_t inner_l3;	/* offset of the quoted IP header in the mbuf */
};
/** @return true when the packet was taken (the hook owns it then). */
typedef bool (*sl_icmp_error_fn)(void *arg, struct rte_mbuf *m, const struct sl_icmp_error *e);

/** @return NULL when out of memory. At start; lc must outlive it. */
struct sl_net_lcore *sl_net_lcore_create(struct sl_net *net, struct sl_lcore *lc);
void sl_net_lcore_free(struct sl_net_lcore *nl);
void sl_net_on_icmp_error(struct sl_net_lcore *nl, sl_icmp_error_fn fn, void *arg);

/** Frames from a port to IP packets: MAC and VLAN checked, ARP and ND punted, sl_pkt begun. */
uint16_t sl_eth_in_burst(struct sl_net_lcore *nl, struct sl_port *port, struct rte_mbuf **pkts,
			 uint16_t n);

/** IP and transport headers checked and parsed into sl_pkt, checksums verified, padding cut. */
uint16_t sl_ip_in_burst(struct sl_net_lcore *nl, struct rte_mbuf **pkts, uint16_t n);

/**
 * Fragments held until whole; a datagram that became whole takes the place of its last fragment
 * in the burst, parsed anew.
 */
uint16_t sl_ip_reassemble_burst(struct sl_net_lcore *nl, struct rte_mbuf **pkts, uint16_t n);

/**
 * What is addressed to the box and nobody else took: ICMP echo answered, errors handed to the
 * hook, UDP and unknown protocols answered unreachable. Takes all of it.
 */
void sl_icmp_in_burst(struct sl_net_lcore *nl, struct rte_mbuf **pkts, uint16_t n);

/**
 * Answers a packet with an ICMP error of its family, rate-limited, never for errors, fragments
 * but the first, broadcasts or bad sources (RFC 1122 3.2.2, RFC 4443 2.4). Does not free m.
 *
 * @param type,code As ICMPv4 (destination unreachable 3/..., time exceeded 11); mapped for IPv6.
 */
void sl_icmp_error_send(struct sl_net_lcore *nl, struct rte_mbuf *m, uint8_t type, uint8_t code,
			uint16_t mtu);

/**
 * Sends an IP packet made by this worker; the mbuf's data starts at the IP header. Counts it as
 * originated. Takes the mbuf: route, neighbour, Ethernet header, then queued for its port.
 */
void sl_ip_send(struct sl_net_lcore *nl, struct rte_mbuf *m);

/**
 * Forwards a translated packet; the mbuf's data starts at the Ethernet header it came with and
 * sl_pkt is still true. TTL is decremented, MTU checked. Takes the mbuf.
 */
void sl_ip_forward(struct sl_net_lcore *nl, struct rte_mbuf *m);

/** Queues a complete frame from the main lcore; counts it as injected. Takes the mbuf. */
void sl_eth_inject(struct sl_net_lcore *nl, struct rte_mbuf *m);

/** Hands queued frames to the ports; what does not fit is dropped as tx_full. @return sent. */
uint32_t sl_net_tx_flush(struct sl_net_lcore *nl);

/** Gives up fragments that waited too long. */
void sl_net_poll(struct sl_net_lcore *nl);

#endif
