/* SPDX-License-Identifier: BSD-3-Clause */
/* How each port kind is said to DPDK: the arguments of its virtual device. */
#include "kinds.h"

#include <stdio.h>
#include <string.h>

#include "sl_drivers.h"

static bool fits(int n, size_t cap)
{
	return n >= 0 && (size_t)n < cap;
}

/*
 * Ring of 4 MiB a queue and direction; a frame slot holds the MTU and the kernel's own header. The
 * driver has the kernel reassemble fragments before it spreads packets over queues, so a datagram
 * above the slot arrives cut, and is dropped as ip_truncated.
 */
static bool af_packet_args(const struct sl_port_config *cfg, uint16_t queue, uint16_t queues,
			   char *buf, size_t cap)
{
	unsigned frame = cfg->mtu <= 1500 ? 2048 : 16384;
	unsigned block = frame * 2;

	return fits(snprintf(buf, cap, "iface=%s,qpairs=%u,blocksz=%u,framesz=%u,framecnt=%u",
			     cfg->device, queues, block, frame, 4194304 / frame),
		    cap);
}

static bool af_xdp_args(const struct sl_port_config *cfg, uint16_t queue, uint16_t queues,
			char *buf, size_t cap)
{
	return fits(snprintf(buf, cap, "iface=%s,start_queue=%u,queue_count=1", cfg->device, queue),
		    cap);
}

static bool tap_args(const struct sl_port_config *cfg, uint16_t queue, uint16_t queues, char *buf,
		     size_t cap)
{
	return fits(snprintf(buf, cap, "iface=%s", cfg->device), cap);
}

/* device: "/path/to/socket" (client) or "/path/to/socket,server". */
static bool memif_args(const struct sl_port_config *cfg, uint16_t queue, uint16_t queues, char *buf,
		       size_t cap)
{
	const char *comma = strchr(cfg->device, ',');
	size_t path = comma ? (size_t)(comma - cfg->device) : strlen(cfg->device);
	const char *role = comma ? comma + 1 : "client";

	if (strcmp(role, "client") != 0 && strcmp(role, "server") != 0)
		return false;
	return fits(snprintf(buf, cap, "role=%s,id=0,socket-abstract=no,socket=%.*s", role,
			     (int)path, cfg->device),
		    cap);
}

/* device: "in.pcap,out.pcap". */
static bool pcap_args(const struct sl_port_config *cfg, uint16_t queue, uint16_t queues, char *buf,
		      size_t cap)
{
	const char *comma = strchr(cfg->device, ',');

	if (!comma || comma == cfg->device || comma[1] == '\0')
		return false;
	return fits(snprintf(buf, cap, "rx_pcap=%.*s,tx_pcap=%s", (int)(comma - cfg->device),
			     cfg->device, comma + 1),
		    cap);
}

static bool null_args(const struct sl_port_config *cfg, uint16_t queue, uint16_t queues, char *buf,
		      size_t cap)
{
	buf[0] = '\0';
	return true;
}

static const struct sl_port_kind kinds[] = {
	{.name = "pci", .hint = "is it bound to a user-space driver (dpdk-devbind --status)?"},
	{.name = "af_packet",
	 .driver = "net_af_packet",
	 .args = af_packet_args,
	 .own_sockets = true,
	 .hint = "does the interface exist in this network namespace, and are you root?"},
	{.name = "af_xdp",
	 .driver = "net_af_xdp",
	 .args = af_xdp_args,
	 .device_per_queue = true,
	 .hint = "does the interface exist with a queue a worker, and are you root?"},
	{.name = "tap",
	 .driver = "net_tap",
	 .args = tap_args,
	 .own_mac = true,
	 .hint = "is /dev/net/tun there, is the name free, and are you root?"},
	{.name = "memif",
	 .driver = "net_memif",
	 .args = memif_args,
	 .hint = "device is the socket's path, with \",server\" behind it on one side"},
	{.name = "pcap",
	 .driver = "net_pcap",
	 .args = pcap_args,
	 .device_per_queue = true,
	 .hint = "device is \"in.pcap,out.pcap\"; with several workers use one"},
	{.name = "null", .driver = "net_null", .args = null_args, .hint = "out of memory?"},
};

const struct sl_port_kind *sl_port_kind_find(const char *name)
{
	for (size_t i = 0; i < SL_ARRAY_LEN(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

bool sl_port_kind_is_pci(const char *kind)
{
	const struct sl_port_kind *k = sl_port_kind_find(kind);

	return k && !k->driver;
}
