/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames that the benchmark of the packet path feeds it, and the peers that answer it. */
#ifndef FRAMES_H
#define FRAMES_H

#include <stdint.h>

#include <rte_mbuf.h>

#define FRAME_MAX 1514u

/** Traffic that needs no answer to what we send. */
enum load { LOAD_UDP, LOAD_ECHO, LOAD_CLOSED, LOAD_SYN, LOAD_COUNT };
extern const char *const load_names[LOAD_COUNT];

/** Box's MAC on a port, and its peer's there. */
extern const uint8_t frame_box_mac[2][6], frame_peer_mac[2][6];

/** The i-th frame of a load, as it comes in on the client port. @return bytes. */
uint32_t frame_load(uint8_t *at, enum load load, uint32_t i);
/** ARP request of the peer of a port for the box's address. */
uint32_t frame_arp(uint8_t *at, int port);
/** SYN of the i-th HTTP client. */
uint32_t frame_syn(uint8_t *at, uint32_t i);
/**
 * What the peer of a port answers a frame: a client its next request, an endpoint its answer.
 * Without a memory: all it needs stands in the frame.
 *
 * @return bytes, 0: nothing.
 */
uint32_t frame_answer(uint8_t *at, int port, const struct rte_mbuf *frame);

#endif
