/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * PROXY protocol, versions 1 and 2: how a proxy in front says, before any other byte of a
 * connection, whose connection it is (https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt).
 * Pure bytes, no state.
 */
#ifndef SL_PP_H
#define SL_PP_H

#include "sl_base.h"
#include "sl_ip.h"

#define SL_PP_MAX      536u /* longest header that is read: addresses and extensions */
#define SL_PP_EMIT_MAX 108u /* longest one that is written, without a NUL */

#define SL_PP_MORE 0
#define SL_PP_BAD  -1

struct sl_pp {
	bool known; /* src and dst say something; else the connection speaks for itself */
	struct sl_ip_port src, dst;
};

/**
 * Reads a header at the start of buf, of either version. Strict: one way to write it, no second
 * guess; extensions of version 2 are skipped.
 *
 * @return Bytes of the header; SL_PP_MORE; SL_PP_BAD: no header, not one of TCP, or above
 * SL_PP_MAX. Worker-safe.
 */
int sl_pp_parse(const char *buf, size_t len, struct sl_pp *out);

/**
 * Writes a header.
 *
 * @param version 1 or 2.
 * @param src,dst The connection it is about. Of two families: version 1 says UNKNOWN, version 2
 *                writes both as IPv6.
 * @return Bytes written. Worker-safe.
 */
size_t sl_pp_emit(int version, const struct sl_ip_port *src, const struct sl_ip_port *dst,
		  char out[SL_PP_EMIT_MAX]);

#endif
