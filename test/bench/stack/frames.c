/* SPDX-License-Identifier: BSD-3-Clause */
/* Building of frames: the loads, and peers that answer from what a frame says alone. */
#include "frames.h"

#include <netinet/in.h>
#include <string.h>

#include "sl_wire.h"

#define CLIENT  0xc000020au /* 192.0.2.10 */
#define BOX     0xc0000201u /* 192.0.2.1 */
#define SERVICE 0x0a600001u /* 10.96.0.1 */
#define FLOWS   4096u
#define WINDOW  0xffffu

const char *const load_names[LOAD_COUNT] = {
	[LOAD_UDP] = "UDP to a service, 64 bytes, 4096 flows",
	[LOAD_ECHO] = "ICMP echo, 64 bytes",
	[LOAD_CLOSED] = "TCP segments without a connection",
	[LOAD_SYN] = "SYNs to a listener",
};
const uint8_t frame_box_mac[2][6] = {{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}};
const uint8_t frame_peer_mac[2][6] = {{2, 0, 0, 0, 1, 1}, {2, 0, 0, 0, 1, 2}};

static const char request[] = "GET /index.html HTTP/1.1\r\nHost: www.example.com\r\n"
			      "User-Agent: bench/1\r\nAccept: */*\r\n\r\n";
static const char answer[] = "HTTP/1.1 200 OK\r\nServer: bench\r\nContent-Type: text/plain\r\n"
			     "Content-Length: 20\r\n\r\nnothing of any worth";

static void eth(uint8_t *at, int port, uint16_t type)
{
	struct sl_eth_hdr *h = (struct sl_eth_hdr *)at;

	memcpy(h->dst, frame_box_mac[port], 6);
	memcpy(h->src, frame_peer_mac[port], 6);
	h->type_be = htons(type);
}

static uint8_t *ipv4(uint8_t *at, int port, uint8_t proto, uint32_t src, uint32_t dst, uint32_t len)
{
	struct sl_ipv4_hdr *ip = (struct sl_ipv4_hdr *)(at + sizeof(struct sl_eth_hdr));

	eth(at, port, SL_ETH_IPV4);
	*ip = (struct sl_ipv4_hdr){.ver_ihl = 0x45,
				   .len_be = htons((uint16_t)(sizeof(*ip) + len)),
				   .frag_be = htons(SL_IPV4_DF),
				   .ttl = 64,
				   .proto = proto,
				   .src_be = htonl(src),
				   .dst_be = htonl(dst)};
	ip->csum_be = sl_ipv4_csum(ip, sizeof(*ip));
	return (uint8_t *)(ip + 1);
}

static uint16_t l4_csum(const uint8_t *l4, uint32_t src, uint32_t dst, uint8_t proto, uint32_t len)
{
	struct sl_ip s = sl_ip_from_v4(htonl(src)), d = sl_ip_from_v4(htonl(dst));

	return (uint16_t)~sl_csum_fold(sl_csum_add(sl_csum_pseudo(&s, &d, proto, len), l4, len));
}

/** A TCP segment as text of its own: what differs from frame to frame. */
struct segment {
	uint32_t src, dst;
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t flags;
	const char *data;
	uint32_t len;
};

static uint32_t tcp(uint8_t *at, int port, const struct segment *s)
{
	uint32_t len = sizeof(struct sl_tcp_hdr) + s->len;
	uint8_t *l4 = ipv4(at, port, IPPROTO_TCP, s->src, s->dst, len);
	struct sl_tcp_hdr *h = (struct sl_tcp_hdr *)l4;

	*h = (struct sl_tcp_hdr){.sport_be = htons(s->sport),
				 .dport_be = htons(s->dport),
				 .seq_be = htonl(s->seq),
				 .ack_be = htonl(s->ack),
				 .off = 5 << 4,
				 .flags = s->flags,
				 .win_be = htons(WINDOW)};
	if (s->len)
		memcpy(h + 1, s->data, s->len);
	h->csum_be = l4_csum(l4, s->src, s->dst, IPPROTO_TCP, len);
	return (uint32_t)(l4 - at) + len;
}

static uint32_t udp(uint8_t *at, uint32_t i)
{
	const uint32_t len = 30; /* 64 bytes with the other headers */
	uint8_t *l4 = ipv4(at, 0, IPPROTO_UDP, CLIENT, SERVICE, len);
	struct sl_udp_hdr *h = (struct sl_udp_hdr *)l4;

	memset(l4, 0, len);
	h->sport_be = htons((uint16_t)(1024 + i % FLOWS));
	h->dport_be = htons(53);
	h->len_be = htons((uint16_t)len);
	h->csum_be = l4_csum(l4, CLIENT, SERVICE, IPPROTO_UDP, len);
	return (uint32_t)(l4 - at) + len;
}

static uint32_t echo(uint8_t *at, uint32_t i)
{
	const uint32_t len = 30;
	uint8_t *l4 = ipv4(at, 0, IPPROTO_ICMP, CLIENT, BOX, len);
	struct sl_icmp_hdr *h = (struct sl_icmp_hdr *)l4;

	memset(l4, 0, len);
	h->type = 8;
	h->seq_be = htons((uint16_t)i);
	h->csum_be = (uint16_t)~sl_csum_fold(sl_csum_add(0, l4, len));
	return (uint32_t)(l4 - at) + len;
}

uint32_t frame_load(uint8_t *at, enum load load, uint32_t i)
{
	struct segment s = {.src = CLIENT,
			    .dst = BOX,
			    .sport = (uint16_t)(1024 + i % FLOWS),
			    .dport = load == LOAD_SYN ? 8080 : 9,
			    .seq = i,
			    .flags = load == LOAD_SYN ? SL_TCP_SYN : SL_TCP_ACK};

	if (load == LOAD_UDP)
		return udp(at, i);
	if (load == LOAD_ECHO)
		return echo(at, i);
	return tcp(at, 0, &s);
}

uint32_t frame_arp(uint8_t *at, int port)
{
	struct sl_arp_hdr *a = (struct sl_arp_hdr *)(at + sizeof(struct sl_eth_hdr));

	eth(at, port, SL_ETH_ARP);
	memset(at, 0xff, 6);
	*a = (struct sl_arp_hdr){.htype_be = htons(1),
				 .ptype_be = htons(SL_ETH_IPV4),
				 .hlen = 6,
				 .plen = 4,
				 .op_be = htons(1),
				 .spa_be = htonl(port ? 0x0a0a010e : CLIENT),
				 .tpa_be = htonl(port ? 0x0a0a0104 : BOX)};
	memcpy(a->sha, frame_peer_mac[port], 6);
	return sizeof(struct sl_eth_hdr) + sizeof(*a);
}

uint32_t frame_syn(uint8_t *at, uint32_t i)
{
	return tcp(at, 0,
		   &(struct segment){.src = CLIENT,
				     .dst = BOX,
				     .sport = (uint16_t)(10000 + i),
				     .dport = 8080,
				     .seq = i,
				     .flags = SL_TCP_SYN});
}

uint32_t frame_answer(uint8_t *at, int port, const struct rte_mbuf *frame)
{
	uint8_t copy[sizeof(struct sl_eth_hdr) + sizeof(struct sl_ipv4_hdr) +
		     sizeof(struct sl_tcp_hdr)];
	const uint8_t *p = rte_pktmbuf_read(frame, 0, sizeof(copy), copy);
	const struct sl_ipv4_hdr *ip;
	const struct sl_tcp_hdr *h;
	struct segment s;
	uint32_t len;

	if (!p || sl_load16(p + 12) != SL_ETH_IPV4)
		return 0;
	ip = (const struct sl_ipv4_hdr *)(p + sizeof(struct sl_eth_hdr));
	h = (const struct sl_tcp_hdr *)(ip + 1);
	len = ntohs(ip->len_be) - (uint32_t)sizeof(*ip) - (h->off >> 4) * 4u;
	if (ip->proto != IPPROTO_TCP || (!len && !(h->flags & SL_TCP_SYN)))
		return 0;
	s = (struct segment){.src = ntohl(ip->dst_be),
			     .dst = ntohl(ip->src_be),
			     .sport = ntohs(h->dport_be),
			     .dport = ntohs(h->sport_be),
			     .seq = ntohl(h->ack_be),
			     .ack = ntohl(h->seq_be) + len + !!(h->flags & SL_TCP_SYN),
			     .flags = SL_TCP_ACK};
	if (port && h->flags & SL_TCP_SYN) {
		s.flags |= SL_TCP_SYN;
	} else {
		s.flags |= SL_TCP_PSH;
		s.data = port ? answer : request;
		s.len = port ? sizeof(answer) - 1 : sizeof(request) - 1;
	}
	return tcp(at, port, &s);
}
