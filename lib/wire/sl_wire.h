/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wire formats: headers as they stand in a packet (network byte order), and Internet checksums.
 * Pure bytes; no DPDK. Structs are packed because a header may stand at any offset.
 */
#ifndef SL_WIRE_H
#define SL_WIRE_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sl_base.h"

#define SL_ETH_ARP  0x0806
#define SL_ETH_IPV4 0x0800
#define SL_ETH_IPV6 0x86dd
#define SL_ETH_VLAN 0x8100

struct sl_eth_hdr {
	uint8_t dst[6], src[6];
	uint16_t type_be;
} __attribute__((packed));

struct sl_vlan_hdr {
	uint16_t tci_be, type_be; /* type of what follows */
} __attribute__((packed));

/** ARP for IPv4 over Ethernet (RFC 826). */
struct sl_arp_hdr {
	uint16_t htype_be, ptype_be;
	uint8_t hlen, plen;
	uint16_t op_be;
	uint8_t sha[6];
	uint32_t spa_be;
	uint8_t tha[6];
	uint32_t tpa_be;
} __attribute__((packed));
_Static_assert(sizeof(struct sl_arp_hdr) == 28, "RFC 826");

struct sl_ipv4_hdr {
	uint8_t ver_ihl, tos;
	uint16_t len_be, id_be, frag_be;
	uint8_t ttl, proto;
	uint16_t csum_be;
	uint32_t src_be, dst_be;
} __attribute__((packed));
_Static_assert(sizeof(struct sl_ipv4_hdr) == 20, "RFC 791");

#define SL_IPV4_DF       0x4000
#define SL_IPV4_MF       0x2000
#define SL_IPV4_OFF_MASK 0x1fff

struct sl_ipv6_hdr {
	uint32_t ver_class_flow_be;
	uint16_t len_be; /* payload */
	uint8_t next, hops;
	uint8_t src[16], dst[16];
} __attribute__((packed));
_Static_assert(sizeof(struct sl_ipv6_hdr) == 40, "RFC 8200");

struct sl_tcp_hdr {
	uint16_t sport_be, dport_be;
	uint32_t seq_be, ack_be;
	uint8_t off; /* data offset in the upper four bits, in 32-bit words */
	uint8_t flags;
	uint16_t win_be, csum_be, urg_be;
} __attribute__((packed));
_Static_assert(sizeof(struct sl_tcp_hdr) == 20, "RFC 9293");

enum {
	SL_TCP_FIN = 0x01,
	SL_TCP_SYN = 0x02,
	SL_TCP_RST = 0x04,
	SL_TCP_PSH = 0x08,
	SL_TCP_ACK = 0x10,
	SL_TCP_URG = 0x20,
	SL_TCP_ECE = 0x40,
	SL_TCP_CWR = 0x80
};

struct sl_udp_hdr {
	uint16_t sport_be, dport_be, len_be, csum_be;
} __attribute__((packed));

/** ICMPv4 and ICMPv6 begin alike. */
struct sl_icmp_hdr {
	uint8_t type, code;
	uint16_t csum_be;
	union {
		struct {
			uint16_t id_be, seq_be;
		};
		struct {
			uint16_t unused_be, mtu_be; /* ICMPv4 "fragmentation needed", RFC 1191 */
		};
		uint32_t rest_be;
	};
} __attribute__((packed));

/**
 * One's-complement sum of bytes (RFC 1071), not folded, as if they began at an even offset.
 *
 * @param sum Sum so far (0 to begin). To add a part that begins at an odd offset, see
 *            sl_csum_swap.
 */
uint64_t sl_csum_add(uint64_t sum, const void *data, size_t len);

/** Folds to 16 bits; the value as it stands in memory, not complemented. */
static inline uint16_t sl_csum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/** Sum of a part that begins at an odd offset, folded and byte-swapped. */
static inline uint16_t sl_csum_swap(uint16_t folded)
{
	return (uint16_t)(folded << 8 | folded >> 8);
}

/** Pseudo-header sum of either family (RFC 9293 3.1, RFC 8200 8.1). @param len Transport bytes. */
uint64_t sl_csum_pseudo(const struct sl_ip *src, const struct sl_ip *dst, uint8_t proto,
			uint32_t len);

/** Checksum field after replacing 16-bit aligned bytes (RFC 1624 eqn. 3); all as in memory. */
uint16_t sl_csum_update(uint16_t csum, const void *old_bytes, const void *new_bytes, size_t len);

/** IPv4 header checksum as in memory, with the field itself taken as zero. */
uint16_t sl_ipv4_csum(const struct sl_ipv4_hdr *ip, size_t header_len);

/** 16-bit load from any address, host byte order. */
static inline uint16_t sl_load16(const void *p)
{
	uint16_t v;

	memcpy(&v, p, 2);
	return ntohs(v);
}

static inline uint32_t sl_load32(const void *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return ntohl(v);
}

static inline void sl_store16(void *p, uint16_t v)
{
	v = htons(v);
	memcpy(p, &v, 2);
}

static inline void sl_store32(void *p, uint32_t v)
{
	v = htonl(v);
	memcpy(p, &v, 4);
}

#endif
