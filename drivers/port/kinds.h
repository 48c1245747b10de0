/* SPDX-License-Identifier: BSD-3-Clause */
/* The port kinds as a table: what each needs of DPDK. Private to drivers/port. */
#ifndef SL_KINDS_H
#define SL_KINDS_H

#include "sl_port.h"

#define SL_DEVARGS_MAX 512

struct sl_port_kind {
	const char *name;      /* as in sluice.conf */
	const char *driver;    /* prefix of the virtual device's name; NULL: physical */
	bool device_per_queue; /* one virtual device a queue instead of one with many queues */
	bool own_sockets;      /* packet sockets whose losses the driver does not tell */
	bool own_mac;          /* the kernel uses the device's address itself: take another */
	const char *hint;      /* what to check when it cannot be opened */
	/* Arguments of the virtual device; returns false when `device` can't be understood. */
	bool (*args)(const struct sl_port_config *cfg, uint16_t queue, uint16_t queues, char *buf,
		     size_t cap);
};

/** NULL when there is no such kind. */
const struct sl_port_kind *sl_port_kind_find(const char *name);

/** Packets that this process's packet sockets on an interface lost since the last call. */
uint64_t sl_socket_missed(const char *interface);

#endif
