/* SPDX-License-Identifier: BSD-3-Clause */
/* IP addresses of both families in one 16-byte form (IPv4 as ::ffff:a.b.c.d, RFC 4291 2.5.5.2). */
#ifndef SL_IP_H
#define SL_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "sl_error.h"

struct sl_ip {
	uint8_t b[16];
};
_Static_assert(sizeof(struct sl_ip) == 16, "sl_ip is part of shared layouts");

/** Address range: the leading `len` bits of ip (0..128; an IPv4 /n is stored as 96 + n). */
struct sl_prefix {
	struct sl_ip ip;
	uint8_t len;
};

/** Transport endpoint. */
struct sl_ip_port {
	struct sl_ip ip;
	uint16_t port; /* host byte order */
};

/** Transport 5-tuple as it stands in one packet. */
struct sl_tuple {
	struct sl_ip src, dst;
	uint16_t sport, dport; /* host byte order */
	uint8_t proto;         /* IPPROTO_TCP, IPPROTO_UDP, ... */
};

#define SL_IP_TEXT_MAX      48 /* "[v6]" with its NUL */
#define SL_IP_PORT_TEXT_MAX 56

static inline bool sl_ip_is_v4(const struct sl_ip *ip)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

	return memcmp(ip->b, mapped, sizeof(mapped)) == 0;
}

/** @param v4_be IPv4 address in network byte order. */
static inline struct sl_ip sl_ip_from_v4(uint32_t v4_be)
{
	struct sl_ip ip = {.b = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}};

	memcpy(ip.b + 12, &v4_be, 4);
	return ip;
}

/** IPv4 address in network byte order; only for addresses of that family. */
static inline uint32_t sl_ip_v4_be(const struct sl_ip *ip)
{
	uint32_t v4_be;

	memcpy(&v4_be, ip->b + 12, 4);
	return v4_be;
}

static inline bool sl_ip_eq(const struct sl_ip *a, const struct sl_ip *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

/** The unspecified address of either family: 0.0.0.0 or ::. */
bool sl_ip_is_any(const struct sl_ip *ip);

bool sl_prefix_contains(const struct sl_prefix *prefix, const struct sl_ip *ip);

/**
 * Reads "10.0.0.1" or "2001:db8::1".
 *
 * @return 0, or -EINVAL with a text that quotes the input.
 */
int sl_ip_parse(const char *text, struct sl_ip *ip, struct sl_err *err);

/** Reads "10.0.0.0/8" or "2001:db8::/32"; a bare address is a host prefix. -EINVAL as above. */
int sl_prefix_parse(const char *text, struct sl_prefix *prefix, struct sl_err *err);

/** Reads "10.0.0.1:80" or "[2001:db8::1]:80". -EINVAL as above. */
int sl_ip_port_parse(const char *text, struct sl_ip_port *out, struct sl_err *err);

/** Writes the canonical text (RFC 5952). @return buf. */
char *sl_ip_format(const struct sl_ip *ip, char buf[SL_IP_TEXT_MAX]);

/** Writes "10.0.0.1:80" or "[2001:db8::1]:80". @return buf. */
char *sl_ip_port_format(const struct sl_ip *ip, uint16_t port, char buf[SL_IP_PORT_TEXT_MAX]);

#endif
