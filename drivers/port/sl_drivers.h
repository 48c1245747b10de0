/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports over DPDK's ethernet devices, one kind for each way packets can enter and leave. */
#ifndef SL_DRIVERS_H
#define SL_DRIVERS_H

#include "sl_port.h"

/**
 * Opens a port: makes its device where the kind needs one, sets up a queue pair a worker, starts.
 *
 * @param cfg Copied. @param index Number among the box's ports.
 * @param queues Workers.
 * @param pool Where received packets go.
 * @param out Receives the port; close with its ops->close.
 * @return 0; -EINVAL, -ENODEV, -ENOTSUP or the driver's error, with a sentence. Main lcore,
 *         after rte_eal_init.
 */
int sl_port_open(struct sl_port **out, const struct sl_port_config *cfg, uint16_t index,
		 uint16_t queues, struct rte_mempool *pool, struct sl_err *err);

/**
 * One more port on the device of another one, told apart by its VLAN: it sends there, and what
 * comes in for it is received with the other one's frames.
 *
 * @param first The device's first port; cfg->vlan differs from those of all ports on it. It must
 *              stay open until this one is closed.
 * @return 0; -ENOMEM. Main lcore.
 */
int sl_port_open_vlan(struct sl_port **out, const struct sl_port_config *cfg, uint16_t index,
		      struct sl_port *first, struct sl_err *err);

/** Whether the kind is a PCI device, which EAL must be told of at start. */
bool sl_port_kind_is_pci(const char *kind);

#endif
