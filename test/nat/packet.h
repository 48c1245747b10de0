/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One packet as the cases and the reference translator speak of it: fields, not bytes. Built and
 * read here with code of its own, so that a mistake of lib/wire or lib/nat is not made twice.
 */
#ifndef NAT_PACKET_H
#define NAT_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "sl_ip.h"

#define PK_BYTES_MAX 9000u
#define PK_PIECES    64u

enum { PK_ICMP = 1, PK_TCP = 6, PK_UDP = 17, PK_ICMP6 = 58 };

/** The packet an ICMP error quotes: its IP header and `len` bytes behind it. */
struct pk_quote {
	struct sl_ip src, dst;
	uint16_t sport, dport; /* of an echo: its identifier, twice */
	uint8_t proto;
	uint32_t seq;
	uint32_t len;
};

struct pk {
	struct sl_ip src, dst;
	uint8_t proto;
	uint8_t ttl;
	bool df;
	uint16_t id;
	uint16_t sport, dport;
	uint8_t flags; /* TCP */
	uint32_t seq, ack;
	bool no_csum;  /* UDP: 0 in its place */
	bool bad_csum; /* transport checksum spoilt */
	uint32_t len;  /* payload: byte i is pk_byte(salt, i) */
	uint8_t salt;
	uint8_t type, code;     /* ICMP */
	uint16_t echo, echo_no; /* identifier and number of an echo or its reply */
	uint16_t mtu;           /* of "too big" */
	bool quoted;
	struct pk_quote quote;
	/* Read: the quotation is what pk_build would have made of its fields, checksum included. */
	bool quote_as_built;
	unsigned pieces; /* read: it came in this many fragments; 1: whole */
};

/** An IP packet or fragment. */
struct pk_bytes {
	uint32_t n;
	uint8_t b[PK_BYTES_MAX];
};

uint8_t pk_byte(uint8_t salt, uint32_t i);
bool pk_is_v4(const struct pk *p);
bool pk_is_icmp(const struct pk *p);
/** ICMP other than echo and its reply. */
bool pk_is_error(const struct pk *p);

/** The whole IP packet. */
void pk_build(struct pk_bytes *out, const struct pk *p);

/** The fragment with bytes off..off + len of what follows the IP header of a whole packet. */
void pk_cut(struct pk_bytes *out, const struct pk_bytes *whole, uint32_t off, uint32_t len,
	    uint32_t id);

/**
 * Joins fragments (in any order; one packet that is none: itself) to the packet they are of.
 *
 * @return NULL, or why they are none.
 */
const char *pk_join(struct pk_bytes *out, const struct pk_bytes *const *piece, unsigned n);

/**
 * Reads a whole packet and verifies every checksum in it and the pattern of its payload.
 *
 * @return NULL, or what is wrong.
 */
const char *pk_read(struct pk *p, const struct pk_bytes *whole);

/** Whether it is a fragment, and of which datagram. */
bool pk_is_piece(const struct pk_bytes *b, uint32_t *id);

#endif
