/* SPDX-License-Identifier: BSD-3-Clause */
/* Which service or listener of a snapshot an address leads to, in the order of the worker's
 * steering. */
#ifndef LOOKUP_H
#define LOOKUP_H

#include "sl_conf.h"
#include "sl_snap.h"

/** Whether an address is one of the box's ports'. */
bool lookup_own(const struct sl_conf_box *box, const struct sl_ip *ip);

/** TCP service at a virtual address, or behind a node port; row or SL_SNAP_NONE. */
uint32_t lookup_service(const struct sl_snap *s, const struct sl_conf_box *box,
			const struct sl_ip *ip, uint16_t port);

/** Listener that a connection to ip:port ends at, by service or on its own; row or SL_SNAP_NONE. */
uint32_t lookup_listener(const struct sl_snap *s, const struct sl_conf_box *box,
			 const struct sl_ip *ip, uint16_t port);

/** What a listener does to paths before they are matched. @param listener Row of s. */
struct sl_http_path_rules lookup_path_rules(const struct sl_snap *s, const struct sl_conf_box *box,
					    uint32_t listener);

#endif
