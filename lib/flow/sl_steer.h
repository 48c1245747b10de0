/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which worker owns a packet: one function of the tuple, the same for both directions of a
 * translated flow and for both connections of a proxied request.
 *
 * A client's address and port say whose it is, so that answers to it that come from an endpoint
 * which sees the client's own address belong to the same worker: for those, the caller puts the
 * destination in the source's place.
 *
 * The source ports we use towards endpoints say who owns the reply: port % workers. They are
 * disjoint by user, so that an L4 session and a connection of ours never share a tuple.
 *
 * All others are hashed as a NIC does that spreads packets over queues by their source alone (RSS,
 * the Toeplitz hash), so that it can be told to deliver them to their owners. Some NICs leave what
 * they don't hash out of the hash's input, some put zeros in its place, and documents do not say
 * which. The key repeats after 16 bits: then a word counts the same wherever it stands, zeros count
 * nothing, and all of them agree.
 */
#ifndef SL_STEER_H
#define SL_STEER_H

#include <stdbool.h>

#include "sl_lcore.h"

#define SL_NAT_PORT_FIRST 32768u /* 32768..49151: translated source ports of L4 sessions */
#define SL_NAT_PORTS      16384u
#define SL_TCP_PORT_FIRST 49152u /* 49152..65535: source ports of our own connections */
#define SL_TCP_PORTS      16384u

/*
 * 16 bits of the key. Among those with an odd number of ones (others lose a bit of the sum of all
 * words), every 7 neighbouring bits of an address or port reach all slots evenly with this one, and
 * with no other do so many runs of 3, 4 and 5 bits reach all of 2, 4 and 8 workers.
 */
#define SL_STEER_KEY       0xa4bbu
#define SL_STEER_SLOT_BITS 7
#define SL_STEER_SLOTS     (1u << SL_STEER_SLOT_BITS) /* slot s belongs to worker s % workers */

/** Whether a destination port says by itself who owns the packet. */
static inline bool sl_port_is_ours(uint16_t port)
{
	return port >= SL_NAT_PORT_FIRST;
}

/**
 * Slot of a client: the lowest bits of the Toeplitz hash of its address and port.
 *
 * @return 0..SL_STEER_SLOTS - 1. Pure; any thread.
 */
uint16_t sl_steer_slot(const struct sl_ip *client, uint16_t port);

/**
 * Owner of a packet from its tuple.
 *
 * @param dst_local dst is an address of the box (not a virtual IP of a service).
 * @return Worker number. Pure; any thread.
 */
uint16_t sl_steer_owner(const struct sl_tuple *t, bool dst_local, uint16_t workers);

#endif
