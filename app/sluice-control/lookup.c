/* SPDX-License-Identifier: BSD-3-Clause */
/* From an address to a service or listener, for explanations and replays. */
#include "lookup.h"

#include <netinet/in.h>

bool lookup_own(const struct sl_conf_box *box, const struct sl_ip *ip)
{
	for (uint16_t p = 0; p < box->n_ports; p++)
		for (uint16_t a = 0; a < box->port[p].n_addrs; a++)
			if (sl_ip_eq(&box->port[p].addr[a].ip, ip))
				return true;
	return false;
}

uint32_t lookup_service(const struct sl_snap *s, const struct sl_conf_box *box,
			const struct sl_ip *ip, uint16_t port)
{
	static const struct sl_ip any6;
	struct sl_ip any = sl_ip_is_v4(ip) ? sl_ip_from_v4(0) : any6;
	uint32_t row = sl_snap_service_find(s, ip, port, IPPROTO_TCP);

	if (row == SL_SNAP_NONE && lookup_own(box, ip))
		row = sl_snap_service_find(s, &any, port, IPPROTO_TCP);
	return row;
}

uint32_t lookup_listener(const struct sl_snap *s, const struct sl_conf_box *box,
			 const struct sl_ip *ip, uint16_t port)
{
	uint32_t row = lookup_service(s, box, ip, port);

	if (row != SL_SNAP_NONE)
		return sl_snap_service(s, row)->listener;
	return lookup_own(box, ip) ? sl_snap_listener_find(s, ip, port) : SL_SNAP_NONE;
}

struct sl_http_path_rules lookup_path_rules(const struct sl_snap *s, const struct sl_conf_box *box,
					    uint32_t listener)
{
	const struct sl_snap_listener *l = sl_snap_listener(s, listener);

	return l->own_path ? (struct sl_http_path_rules){l->path_normalize, l->path_slashes}
			   : sl_conf_path_rules(box);
}
