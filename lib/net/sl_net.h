/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ethernet, ARP, IP, fragments, ICMP, neighbours and routes.
 *
 * The main lcore owns the neighbour table and the packets that wait for a neighbour; workers read
 * the table with single 64-bit loads and punt what they cannot resolve. Each worker has its own
 * sl_net_lcore for reassembly, ICMP rate limits and frames on their way out.
 *
 * The ledger, per lcore, true whenever sl_net_tx_flush has returned:
 *
 *   rx + redirected_in + injected + originated
 *     = tx + consumed + punted + redirected_out + sum(drops) + held
 *
 * - rx is counted by whoever calls rx_burst, rx of the port by sl_eth_in_burst; tx, and tx of the
 *   port, by sl_net_tx_flush.
 * - originated: each packet given to sl_ip_send, ICMP answers among them, also where they reuse
 *   the request's mbuf (the request is consumed then). An answer that the rate limit suppresses
 *   is originated and dropped as icmp_rate. A packet cut into n fragments: n - 1 more.
 * - held: mbufs in reassembly, and ICMP errors about packets of our own that wait for sl_net_poll.
 *   Of n fragments that become a datagram n - 1 are consumed and one goes on.
 * - A packet punted for its neighbour leaves the worker's ledger and comes back as injected.
 * - The main lcore keeps the same ledger in its own block: what it is given is redirected_in, what
 *   it makes originated, what it hands to workers redirected_out, what waits for a neighbour held.
 *   So the workers' punted = its redirected_in, and its redirected_out = their injected + what
 *   the rings between dropped.
 *
 * Received mbufs are owned alone (direct, reference count 1): headers are rewritten in place.
 */
#ifndef SL_NET_H
#define SL_NET_H

#include "sl_lcore.h"

#define SL_NET_ROUTES_MAX 64
#define SL_NET_HOPS_MAX   8 /* next hops of one prefix */

struct sl_net_route {
	struct sl_prefix to;
	struct sl_ip via; /* next hop, on a connected subnet */
};

struct sl_net_config {
	struct sl_port **ports; /* opened; must outlive the net */
	uint16_t n_ports;
	/* Copied; no subnet of a port. A prefix that is there more than once has several next
	 * hops: flows are spread over those that answer. */
	const struct sl_net_route *routes;
	uint16_t n_routes;
	uint32_t neighbours_max; /* 0: 4096 */
};

struct sl_net;
struct sl_net_lcore;

/**
 * Ports with an IPv6 address and no link-local one get fe80:: and their interface identifier.
 *
 * @return 0; -EINVAL (a route's next hop on no connected subnet; an MTU above what one mbuf of
 *         SL_MBUF_DATA bytes holds with its Ethernet header, or below 576, 1280 with IPv6; an
 *         address twice or not unicast); -ENOMEM; -EIO (no random bytes). Main lcore.
 */
int sl_net_create(struct sl_net **out, const struct sl_net_config *cfg, struct sl_err *err);
void sl_net_free(struct sl_net *net);

/** Whether ip is an address of the box. Worker-safe. */
bool sl_net_is_local(const struct sl_net *net, const struct sl_ip *ip);

/** Whether ip is the address of a service, and not of the box. Worker-safe. */
bool sl_net_is_virtual(const struct sl_net *net, const struct sl_ip *ip);

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
 * Ages, probes and retries neighbours; announces the box's addresses twice after start. At least
 * every 100 ms.
 *
 * @param inject Hands a complete Ethernet frame to a worker for its egress port (sl_pkt.port).
 *               Frames made in sl_net_main_input go the same way.
 */
void sl_net_main_poll(struct sl_net *net, struct sl_lcore *lc);
void sl_net_main_inject(struct sl_net *net,
			void (*inject)(void *arg, uint16_t worker, struct rte_mbuf *m), void *arg);

/**
 * Addresses of services. Packets to them that no one else took are answered as those to the box
 * are; and ARP and ND answer for those that lie in the subnet of a port, where new ones are
 * announced. They are not local in the sense of sl_net_is_local.
 *
 * @param ips Copied; any addresses and addresses of the box are passed over. In any order.
 * @return 0 or -ENOMEM (as before then). Main lcore, and not again before each worker has begun
 *         another round since.
 */
int sl_net_main_set_virtual(struct sl_net *net, const struct sl_ip *ips, uint32_t n);

/** Last host that was seen to use an address of the box. Main lcore. */
struct sl_net_conflict {
	uint64_t count; /* since start; 0: never */
	uint64_t at_us; /* lc->now_us of the last one */
	struct sl_ip ip;
	uint8_t mac[6];
	uint16_t port;
};
const struct sl_net_conflict *sl_net_conflict(const struct sl_net *net);

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
	uint8_t family, type, code; /* as on the wire: ICMPv4's or ICMPv6's own numbers */
	uint16_t mtu;               /* next-hop MTU of "too big", else 0 */
	struct sl_tuple inner;      /* quoted packet, as it stood there */
	uint32_t inner_seq;         /* TCP sequence number quoted */
	uint16_t inner_l3;          /* offset of the quoted IP header in the mbuf */
};
/**
 * Reads the packet an ICMP error quotes.
 *
 * @param m ICMP packet with sl_pkt filled, data at the Ethernet header.
 * @return false when it is no error message or quotes too little. Worker-safe.
 */
bool sl_icmp_error_parse(struct rte_mbuf *m, struct sl_icmp_error *e);
/**
 * An echo's identifier as ports: it is the source port of a request, the destination port of its
 * answer.
 *
 * @param icmp Eight bytes of its header.
 * @return false: it is neither. Worker-safe.
 */
bool sl_icmp_echo_ports(const uint8_t *icmp, uint8_t family, uint16_t *sport, uint16_t *dport);
/** @return true when the packet was taken (the hook owns it then). */
typedef bool (*sl_icmp_error_fn)(void *arg, struct rte_mbuf *m, const struct sl_icmp_error *e);

/** @return NULL when out of memory. At start; lc must outlive it. */
struct sl_net_lcore *sl_net_lcore_create(struct sl_net *net, struct sl_lcore *lc);
void sl_net_lcore_free(struct sl_net_lcore *nl);
void sl_net_on_icmp_error(struct sl_net_lcore *nl, sl_icmp_error_fn fn, void *arg);

/**
 * Frames from a device to IP packets: the port found by its VLAN and counted there, MAC checked,
 * ARP punted, sl_pkt begun.
 *
 * @param port The device's first.
 */
uint16_t sl_eth_in_burst(struct sl_net_lcore *nl, struct sl_port *port, struct rte_mbuf **pkts,
			 uint16_t n);

/**
 * IP and transport headers checked and parsed into sl_pkt, checksums verified, padding cut;
 * neighbour discovery punted. A checksum is taken on trust where ol_flags say CKSUM_GOOD.
 */
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
 * Where the source is an address of the box (our TCP, or translated by us) the error does not go
 * out but to the hook, by the next sl_net_poll.
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

/** Takes what main injected: frames to send, ICMP errors for the hook; counts it as injected. */
void sl_eth_inject(struct sl_net_lcore *nl, struct rte_mbuf *m);

/** Hands queued frames to the ports; what does not fit is dropped as tx_full. @return sent. */
uint32_t sl_net_tx_flush(struct sl_net_lcore *nl);

/**
 * Gives up fragments that waited too long, and hands ICMP errors about packets of ours to the
 * hook: never from within sl_ip_send or sl_ip_forward. Once a round, before sl_net_tx_flush.
 */
void sl_net_poll(struct sl_net_lcore *nl);

#endif
