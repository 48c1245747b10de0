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
 */
#ifndef SL_STEER_H
#define SL_STEER_H

#include <stdbool.h>

#include "sl_lcore.h"

#define SL_NAT_PORT_FIRST 32768u /* 32768..49151: translated source ports of L4 sessions */
#define SL_NAT_PORTS      16384u
#define SL_TCP_PORT_FIRST 49152u /* 49152..65535: source ports of our own connections */
#define SL_TCP_PORTS      16384u

/** Whether a destination port says by itself who owns the packet. */
static inline bool sl_port_is_ours(uint16_t port)
{
	return port >= SL_NAT_PORT_FIRST;
}

/**
 * Owner of a packet from its tuple.
 *
 * @param dst_local dst is an address of the box (not a virtual IP of a service).
 * @return Worker number. Pure; any thread.
 */
uint16_t sl_steer_owner(const struct sl_tuple *t, bool dst_local, uint16_t workers);

#endif
