/* SPDX-License-Identifier: BSD-3-Clause */
/* IP packets as plain bytes, and their way into and out of mbufs, for tests of TCP alone. */
#ifndef PKT_H
#define PKT_H

#include "sl_test_lcore.h"
#include "sl_wire.h"

#define PKT_MAX 9100

/** One TCP segment, taken apart. */
struct pkt_tcp {
	struct sl_ip src, dst;
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint16_t win;
	uint8_t flags;
	const uint8_t *opts;
	uint16_t opts_len;
	const uint8_t *payload;
	uint16_t len;
};

/** Writes an IP packet with this segment and right checksums. @return bytes. */
size_t pkt_emit(uint8_t *buf, const struct pkt_tcp *t);

/** @return NULL, or what is wrong with the packet: lengths, checksums, addresses. */
const char *pkt_parse(const uint8_t *ip, size_t len, struct pkt_tcp *t);

/** Copies a chain; 0 when it is longer than PKT_MAX or its lengths disagree. */
size_t pkt_linear(const struct rte_mbuf *m, uint8_t buf[PKT_MAX]);

/**
 * Packet as sl_ip_in_burst leaves it: behind an Ethernet header, sl_pkt filled.
 *
 * @param cut Payload bytes an mbuf holds at most; 0: as many as fit.
 * @return NULL when mbufs ran out.
 */
struct rte_mbuf *pkt_mbuf(struct sl_lcore *lc, const uint8_t *ip, size_t len,
			  const struct pkt_tcp *t, uint16_t cut);

#endif
