/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the kernel lost because a packet socket's ring was full. The af_packet driver opens the
 * sockets and asks for none of it, so they are found among the process's descriptors.
 */
#include <dirent.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "kinds.h"

/* Reading the numbers sets them to zero (packet(7), PACKET_STATISTICS). */
static uint64_t lost_by(int fd, unsigned index)
{
	struct sockaddr_ll at = {0};
	socklen_t len = sizeof(at);
	struct tpacket_stats st;

	if (getsockname(fd, (struct sockaddr *)&at, &len) < 0 || at.sll_family != AF_PACKET ||
	    at.sll_ifindex != (int)index)
		return 0;
	len = sizeof(st);
	if (getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &st, &len) < 0)
		return 0;
	return st.tp_drops;
}

uint64_t sl_socket_missed(const char *interface)
{
	unsigned index = if_nametoindex(interface);
	const struct dirent *e;
	uint64_t n = 0;
	DIR *fds;

	fds = index ? opendir("/proc/self/fd") : NULL;
	if (!fds)
		return 0;
	while ((e = readdir(fds)))
		if (e->d_name[0] != '.')
			n += lost_by((int)strtol(e->d_name, NULL, 10), index);
	closedir(fds);
	return n;
}
