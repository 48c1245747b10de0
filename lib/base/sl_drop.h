/* SPDX-License-Identifier: BSD-3-Clause */
/* Every reason for which a packet can be dropped; the one list that stats, console and doc share.
 */
#ifndef SL_DROP_H
#define SL_DROP_H

/* SL_DROP(NAME, "name in views", "what it means to an operator") */
#define SL_DROP_LIST(SL_DROP)                                                                      \
	SL_DROP(ETH_SHORT, "eth_short", "frame shorter than an Ethernet header")                   \
	SL_DROP(ETH_NOT_OURS, "eth_not_ours", "destination MAC is not ours")                       \
	SL_DROP(ETH_BAD_SOURCE, "eth_bad_source", "source MAC is a group address or our own")      \
	SL_DROP(ETH_VLAN, "eth_vlan", "VLAN that no port is configured for")                       \
	SL_DROP(ETH_TYPE, "eth_type", "EtherType that is not served")                              \
	SL_DROP(ARP_BAD, "arp_bad", "malformed ARP packet")                                        \
	SL_DROP(ARP_IGNORED, "arp_ignored", "ARP that concerns neither us nor a known neighbour")  \
	SL_DROP(ADDR_CONFLICT, "addr_conflict", "another host uses an address of ours")            \
	SL_DROP(ND_BAD, "nd_bad", "malformed neighbour discovery")                                 \
	SL_DROP(ND_IGNORED, "nd_ignored",                                                          \
		"neighbour discovery that concerns neither us nor a "                              \
		"known neighbour; routers where none are looked for")                              \
	SL_DROP(IP_TRUNCATED, "ip_truncated", "frame shorter than the IP length says")             \
	SL_DROP(IP_BAD_HEADER, "ip_bad_header", "IP version, header length or options wrong")      \
	SL_DROP(IP_BAD_CSUM, "ip_bad_csum", "IPv4 header checksum wrong")                          \
	SL_DROP(IP_BAD_SOURCE, "ip_bad_source", "martian, multicast or broadcast source")          \
	SL_DROP(IP_NOT_OURS, "ip_not_ours",                                                        \
		"destination is neither an address of ours nor a "                                 \
		"service")                                                                         \
	SL_DROP(IP_MULTICAST, "ip_multicast", "multicast or broadcast destination")                \
	SL_DROP(IP_TTL, "ip_ttl", "TTL or hop limit used up")                                      \
	SL_DROP(IP_PROTO, "ip_proto", "transport protocol that is not served")                     \
	SL_DROP(IP_TOO_BIG, "ip_too_big", "larger than the outgoing MTU and not to be fragmented") \
	SL_DROP(IP_NO_ROUTE, "ip_no_route", "no route to the destination")                         \
	SL_DROP(FRAG_BAD, "frag_bad", "fragment with impossible offset or length")                 \
	SL_DROP(FRAG_OVERLAP, "frag_overlap", "overlapping fragments (RFC 5722)")                  \
	SL_DROP(FRAG_LIMIT, "frag_limit", "reassembly limit reached")                              \
	SL_DROP(FRAG_TIMEOUT, "frag_timeout", "fragments whose rest never came")                   \
	SL_DROP(NEIGH_QUEUE, "neigh_queue", "too many packets wait for a neighbour's address")     \
	SL_DROP(NEIGH_FAILED, "neigh_failed", "neighbour does not answer")                         \
	SL_DROP(ICMP_BAD, "icmp_bad", "malformed ICMP or wrong checksum")                          \
	SL_DROP(ICMP_IGNORED, "icmp_ignored", "ICMP that needs no answer and fits no flow")        \
	SL_DROP(ICMP_RATE, "icmp_rate", "ICMP answer suppressed by the rate limit")                \
	SL_DROP(L4_BAD_HEADER, "l4_bad_header", "TCP or UDP header malformed")                     \
	SL_DROP(L4_BAD_CSUM, "l4_bad_csum", "TCP or UDP checksum wrong")                           \
	SL_DROP(UDP_NO_PORT, "udp_no_port", "UDP port that nobody listens on")                     \
	SL_DROP(TCP_NO_CONN, "tcp_no_conn", "TCP segment without a connection, answered by RST")   \
	SL_DROP(TCP_OUT_OF_WINDOW, "tcp_out_of_window", "TCP segment outside the window")          \
	SL_DROP(TCP_DUPLICATE, "tcp_duplicate", "TCP data that was received already")              \
	SL_DROP(TCP_BAD_ACK, "tcp_bad_ack", "TCP acknowledgement of what was never sent")          \
	SL_DROP(TCP_BAD_RST, "tcp_bad_rst", "TCP reset that RFC 5961 does not accept")             \
	SL_DROP(TCP_PAWS, "tcp_paws", "old TCP timestamp (RFC 7323 PAWS)")                         \
	SL_DROP(TCP_OOO_LIMIT, "tcp_ooo_limit", "too much TCP data out of order")                  \
	SL_DROP(TCP_NO_MEMORY, "tcp_no_memory", "TCP connection table full")                       \
	SL_DROP(TCP_NO_BUFFERS, "tcp_no_buffers", "TCP data, packet buffers almost used up")       \
	SL_DROP(TCP_AFTER_CLOSE, "tcp_after_close", "TCP data for a connection already closed")    \
	SL_DROP(NAT_NO_ENDPOINT, "nat_no_endpoint", "service without a healthy endpoint")          \
	SL_DROP(NAT_NO_SESSION, "nat_no_session", "reply that belongs to no session")              \
	SL_DROP(NAT_NO_PORT, "nat_no_port", "no free translated source port")                      \
	SL_DROP(NAT_TABLE_FULL, "nat_table_full", "session table full")                            \
	SL_DROP(NAT_CLIENT_LIMIT, "nat_client_limit",                                              \
		"client with too many sessions, or too many "                                      \
		"new ones a second")                                                               \
	SL_DROP(NAT_CLIENT_RATE, "nat_client_rate", "client with too many packets a second")       \
	SL_DROP(NAT_SERVICE_LIMIT, "nat_service_limit", "service with too many sessions")          \
	SL_DROP(NAT_DENIED, "nat_denied", "client denied for a while")                             \
	SL_DROP(NAT_SOURCE_RANGE, "nat_source_range",                                              \
		"client outside of the service's source ranges")                                   \
	SL_DROP(NAT_NOT_OPENING, "nat_not_opening",                                                \
		"TCP segment without a session that does not "                                     \
		"open one")                                                                        \
	SL_DROP(REDIRECT_FULL, "redirect_full", "ring to the owning worker full")                  \
	SL_DROP(PUNT_FULL, "punt_full", "ring to the main lcore full")                             \
	SL_DROP(TX_FULL, "tx_full", "port's transmit queue full")                                  \
	SL_DROP(RX_MISSED, "rx_missed", "device or kernel had no room: fetched too late")          \
	SL_DROP(NO_MBUF, "no_mbuf", "packet buffers exhausted")                                    \
	SL_DROP(ACL, "acl", "refused by an access list")                                           \
	SL_DROP(SHUTDOWN, "shutdown", "held packets given up when the worker stopped")

enum sl_drop {
#define SL_DROP_ENUM(name, view, help) SL_DROP_##name,
	SL_DROP_LIST(SL_DROP_ENUM)
#undef SL_DROP_ENUM
		SL_DROP_COUNT
};

/** Name in views, e.g. "tx_full"; "?" when out of range. */
const char *sl_drop_name(enum sl_drop reason);

/** One phrase of explanation. */
const char *sl_drop_help(enum sl_drop reason);

#endif
