/* SPDX-License-Identifier: BSD-3-Clause */
/* A box of two ports and one worker on a virtual clock: frames in, frames out, ledger checked. */
#ifndef SL_NET_FIXTURE_H
#define SL_NET_FIXTURE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "sl_net.h"
#include "sl_test_lcore.h"
#include "sl_wire.h"

/*
 * port 0: 192.0.2.1/24, 2001:db8:1::1/64, MTU 1500; default route via 192.0.2.254
 * port 1: 10.10.0.1/16, 2001:db8:2::1/64, MTU 1400; 203.0.113.0/24 via 10.10.0.254,
 *         203.0.113.128/25 via 192.0.2.253 (port 0)
 *         (or what fx_setup.routes says)
 * The peer on port p has the MAC 02:aa:00:00:00:0p.
 */
#define FX_OUT_MAX 300
#define FX_FRAME   2100

struct fx_frame {
	uint16_t port;
	uint32_t len;
	uint8_t b[FX_FRAME];
};

struct fx {
	struct sl_lcore lc, main;
	struct sl_port port[2];
	struct sl_net *net;
	struct sl_net_lcore *nl;
	struct rte_mbuf *injected[FX_OUT_MAX];
	unsigned n_injected;
	struct fx_frame out[FX_OUT_MAX];
	unsigned n_out;
	unsigned tx_room; /* frames that the port takes from now on */
	bool saw_chain;   /* a chain was handed to the port */
	bool keep_up;     /* what passes reassembly goes to `up` instead of icmp_in */
	struct rte_mbuf *up[64];
	unsigned n_up;
	uint64_t drops_seen[SL_DROP_COUNT];
	uint64_t main_drops_seen[SL_DROP_COUNT];
};

/** Configuration the next fx_start uses; fx_defaults fills it. */
struct fx_setup {
	uint16_t vlan[2];
	bool multi_seg;
	unsigned mbufs;
	unsigned punt_ring;
	uint32_t neighbours_max;
	bool learn;      /* port 0 listens to router advertisements */
	bool one_device; /* port 1 is a VLAN on the device of port 0 */
	const struct sl_net_route *routes;
	uint16_t n_routes;
	bool announce; /* leave the announcements at start in the way */
};

struct fx *fx_start(const struct fx_setup *setup);
void fx_stop(struct fx *fx); /* checks ledger and leaks */
int fx_setup(void **state);  /* with defaults */
int fx_teardown(void **state);

struct sl_ip fx_ip(const char *text);
void fx_peer_mac(int port, uint8_t mac[6]);

/** One received frame through all stages, then all rings until nothing moves, then flush. */
void fx_rx(struct fx *fx, int port, const void *frame, uint32_t len);
void fx_rx_mbuf(struct fx *fx, int port, struct rte_mbuf *m);
/** Rings, polls and flush. */
void fx_pump(struct fx *fx);
void fx_pass_us(struct fx *fx, uint64_t us);

/** The ledger equation of worker and main. */
void fx_check(struct fx *fx);
/** Exactly one drop since the last look, for this reason (worker). */
void fx_expect_drop(struct fx *fx, enum sl_drop reason);
void fx_expect_main_drop(struct fx *fx, enum sl_drop reason);
void fx_expect_no_drop(struct fx *fx);
/** Forgets what came out and what was dropped so far. */
void fx_clear(struct fx *fx);

/** Makes the peer ip on a port known with its MAC. */
void fx_know(struct fx *fx, int port, const char *ip);

/** State of a neighbour, or "NONE". */
const char *fx_neighbour(struct fx *fx, const char *ip);

/* ---- frames ---- */

struct buf {
	uint32_t n;
	uint8_t b[66000];
};

void put(struct buf *f, const void *p, uint32_t n);
/** Ethernet header from the peer to the port; vlan 0: none. */
void put_eth(struct buf *f, const struct fx *fx, int port, uint16_t type, uint16_t vlan);

struct v4 {
	const char *src, *dst;
	uint8_t proto, ttl; /* 0: 64 */
	uint16_t id, frag;
	const uint8_t *opt;
	uint32_t opt_len;
};
void put_v4(struct buf *f, const struct v4 *ip, const void *payload, uint32_t len);
void put_v6(struct buf *f, const char *src, const char *dst, uint8_t next, uint8_t hops,
	    const void *payload, uint32_t len);

void mk_udp(struct buf *f, const char *src, const char *dst, uint16_t sport, uint16_t dport,
	    uint32_t len);
void mk_tcp(struct buf *f, const char *src, const char *dst, uint16_t sport, uint16_t dport,
	    uint32_t len);
/** Echo request of `len` data bytes (pattern); family by src. */
void mk_echo(struct buf *f, const char *src, const char *dst, uint32_t len);
void mk_arp(struct buf *f, const struct fx *fx, int port, uint16_t op, const uint8_t sha[6],
	    const char *spa, const char *tpa, bool broadcast);

/** A whole Ethernet frame with a UDP datagram. */
void frame_udp(struct buf *f, const struct fx *fx, int port, const char *src, const char *dst,
	       uint16_t dport, uint32_t len);

/** IPv4 packet of ours with `len` bytes of UDP payload, as sl_ip_send takes it. */
struct rte_mbuf *fx_packet(struct fx *fx, const char *src, const char *dst, uint32_t len, bool df);

/** Checksum of the ICMPv6 message. */
void fx_csum_icmp6(struct buf *icmp, const char *src, const char *dst);
/** A whole frame with an IPv6 packet, to the port's MAC or the group's. */
void frame_v6(struct buf *f, const struct fx *fx, int port, const char *src, const char *dst,
	      uint8_t next, uint8_t hops, const struct buf *payload);

/* ---- looking at what came out ---- */

const struct sl_ipv4_hdr *out_v4(const struct fx *fx, unsigned i);
const struct sl_ipv6_hdr *out_v6(const struct fx *fx, unsigned i);
uint16_t out_type(const struct fx *fx, unsigned i);
/** Checks headers and checksums of an IPv4 packet that came out. */
void check_v4(const struct fx *fx, unsigned i, const char *src, const char *dst, uint8_t proto);
/** ICMP header of an output frame, its checksum verified. */
const struct sl_icmp_hdr *out_icmp(const struct fx *fx, unsigned i);

#endif
