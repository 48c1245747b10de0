/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets to and from the kernel, by packet sockets in the namespace of its peers. */
#include "kernel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SILENCE_MS 25

struct kernel {
	int fd[2];
	int netlink;
};

static int packet_socket(const char *link)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));

	at.sll_ifindex = (int)if_nametoindex(link);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return -1;
	return fd;
}

struct kernel *kernel_open(const char *peers)
{
	struct kernel *k = calloc(1, sizeof(*k));
	char path[300];
	int here = open("/proc/self/ns/net", O_RDONLY), there;

	snprintf(path, sizeof(path), "/run/netns/%s", peers);
	there = open(path, O_RDONLY);
	k->netlink = socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
	if (here < 0 || there < 0 || k->netlink < 0 || setns(there, CLONE_NEWNET) < 0)
		return NULL;
	k->fd[0] = packet_socket("client");
	k->fd[1] = packet_socket("backend");
	if (k->fd[0] < 0 || k->fd[1] < 0 || setns(here, CLONE_NEWNET) < 0)
		return NULL;
	close(here);
	close(there);
	return k;
}

void kernel_close(struct kernel *k)
{
	close(k->fd[0]);
	close(k->fd[1]);
	close(k->netlink);
	free(k);
}

void kernel_flush(struct kernel *k)
{
	struct {
		struct nlmsghdr h;
		struct nfgenmsg g;
	} m = {.h = {.nlmsg_len = sizeof(m),
		     .nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE,
		     .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
	       .g = {.version = NFNETLINK_V0}};
	char answer[512];

	if (send(k->netlink, &m, sizeof(m), 0) == sizeof(m))
		(void)!recv(k->netlink, answer, sizeof(answer), 0);
}

void kernel_put(struct kernel *k, int port, const struct pk_bytes *b)
{
	uint8_t f[PK_BYTES_MAX + 14] = {2, 0,    0, 0, 0, (uint8_t)(port + 1),
					2, 0xaa, 0, 0, 0, (uint8_t)port};

	f[12] = b->b[0] >> 4 == 4 ? 0x08 : 0x86;
	f[13] = b->b[0] >> 4 == 4 ? 0x00 : 0xdd;
	memcpy(f + 14, b->b, b->n);
	if (send(k->fd[port], f, b->n + 14, 0) < 0)
		perror("packet socket");
}

/* The kernel's own neighbour discovery and multicast reports are nobody's business here. */
static int is_chatter(const uint8_t *f, ssize_t n)
{
	if (n < 14 + 20 || (f[12] == 0x08 && f[13] == 0x06))
		return 1;
	if (f[12] != 0x86)
		return f[12] != 0x08 || f[13] != 0x00;
	return f[14 + 6] == 0 || (f[14 + 6] == PK_ICMP6 && f[14 + 40] >= 130);
}

static unsigned take_one(struct kernel *k, int port, struct pk_bytes *out)
{
	struct sockaddr_ll from;
	socklen_t len = sizeof(from);
	uint8_t f[PK_BYTES_MAX + 14];
	ssize_t n =
		recvfrom(k->fd[port], f, sizeof(f), MSG_DONTWAIT, (struct sockaddr *)&from, &len);

	if (n < 0 || from.sll_pkttype == PACKET_OUTGOING || is_chatter(f, n))
		return 0;
	out->n = (uint32_t)n - 14;
	memcpy(out->b, f + 14, out->n);
	return 1;
}

unsigned kernel_take(struct kernel *k, struct pk_bytes *out, int *port, unsigned max)
{
	struct pollfd p[2] = {{k->fd[0], POLLIN, 0}, {k->fd[1], POLLIN, 0}};
	unsigned n = 0;

	while (n < max && poll(p, 2, SILENCE_MS) > 0)
		for (int i = 0; i < 2; i++)
			if (n < max && (p[i].revents & POLLIN) && take_one(k, i, &out[n]))
				port[n++] = i;
	return n;
}
