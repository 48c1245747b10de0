/* SPDX-License-Identifier: BSD-3-Clause */
/* Everything around TCP: ARP, neighbour discovery, echo, UDP, ICMP errors. */
#include "stack.h"

#include <netinet/in.h>

#include "sl_wire.h"

#define ECHO_MAX 9000u

static uint8_t ip[ECHO_MAX + 100];

uint32_t other_ip(uint8_t *p, const struct sl_ip *src, const struct sl_ip *dst, uint8_t proto,
		  uint8_t ttl, uint32_t len)
{
	if (sl_ip_is_v4(src)) {
		struct sl_ipv4_hdr h = {.ver_ihl = 0x45, .ttl = ttl, .proto = proto};

		h.len_be = htons((uint16_t)(20 + len));
		h.src_be = sl_ip_v4_be(src);
		h.dst_be = sl_ip_v4_be(dst);
		memcpy(p, &h, 20);
		len += 20;
	} else {
		memset(p, 0, 8);
		p[0] = 0x60;
		sl_store16(p + 4, (uint16_t)len);
		p[6] = proto;
		p[7] = ttl;
		memcpy(p + 8, src->b, 16);
		memcpy(p + 24, dst->b, 16);
		len += 40;
	}
	fuzz_fix(p, len);
	return len;
}

/* An address that may matter to the box: a neighbour, one of its own, a service, another. */
static struct sl_ip some_v4(uint8_t b)
{
	static const uint32_t a[] = {0xc000020a, 0xc00002fe, 0xc0000201, 0xc00002fd,
				     0x0a00000a, 0xc000024d, 0x0a600014, 0};

	return sl_ip_from_v4(htonl(a[b & 7]));
}

static struct sl_ip some_v6(uint8_t b)
{
	static const char *const a[] = {"2001:db8:1::10",
					"2001:db8:1::1",
					"2001:db8:1::fe",
					"2001:db8:2::10",
					"fe80::10",
					"ff02::1",
					"::",
					"fe80::ff:fe00:1"};
	struct sl_ip out;

	CHECK(sl_ip_parse(a[b & 7], &out, NULL) == 0);
	return out;
}

static void put_arp(struct sl_arp_hdr *a, uint16_t op, const struct sl_ip *from,
		    const struct sl_ip *to, uint16_t port)
{
	a->htype_be = htons(1);
	a->ptype_be = htons(SL_ETH_IPV4);
	a->hlen = 6;
	a->plen = 4;
	a->op_be = htons(op);
	frame_mac(from, a->sha);
	a->sha[3] = (uint8_t)port;
	a->spa_be = sl_ip_v4_be(from);
	memcpy(a->tha, box_mac(port), 6);
	a->tpa_be = sl_ip_v4_be(to);
}

void other_arp(void)
{
	uint8_t b = byte(), which = byte();
	struct sl_ip from = some_v4(which), to = some_v4(which >> 4);
	struct sl_arp_hdr a;

	put_arp(&a, b & 1 ? 2 : 1, &from, b & 2 ? &from : &to, b >> 2 & 1);
	if (b & 8)
		a.sha[4] ^= 0x55; /* another host than before */
	if (b & 16)
		a.hlen = byte();
	frame_send(b >> 2 & 1, SL_ETH_ARP, (uint8_t *)&a, sizeof(a));
}

void other_answer_arp(const struct sl_port *port, const uint8_t *arp)
{
	struct sl_arp_hdr q, a;
	struct sl_ip from, to;

	memcpy(&q, arp, sizeof(q));
	if (peer_silent || q.op_be != htons(1) || q.spa_be == q.tpa_be)
		return;
	from = sl_ip_from_v4(q.tpa_be);
	to = sl_ip_from_v4(q.spa_be);
	put_arp(&a, 2, &from, &to, port->index);
	frame_answer(port->index, SL_ETH_ARP, (uint8_t *)&a, sizeof(a));
}

/* Solicitation or advertisement with one option. @return length of the message. */
static uint32_t put_nd(uint8_t *p, uint8_t type, uint32_t flags, const struct sl_ip *target,
		       const struct sl_ip *from, uint16_t port)
{
	memset(p, 0, 32);
	p[0] = type;
	sl_store32(p + 4, flags);
	memcpy(p + 8, target->b, 16);
	p[24] = type == 135 ? 1 : 2;
	p[25] = 1;
	frame_mac(from, p + 26);
	p[29] = (uint8_t)port;
	return 32;
}

void other_nd(void)
{
	uint8_t b = byte(), which = byte(), kind = byte();
	struct sl_ip from = some_v6(which), to = some_v6(which >> 3), target = some_v6(kind >> 4);
	uint32_t len = put_nd(ip + 40, (uint8_t)(133 + (kind & 7) % 5), (uint32_t)b << 24, &target,
			      &from, b >> 2 & 1);

	if (b & 1) /* more options, perhaps broken ones */
		for (unsigned n = byte() % 32; n; n--)
			ip[40 + len++] = byte();
	if (b & 2)
		len -= 8;
	frame_ip(b >> 2 & 1, ip, other_ip(ip, &from, &to, IPPROTO_ICMPV6, b & 8 ? 64 : 255, len));
}

void other_answer_nd(const struct sl_port *port, const uint8_t *q, uint32_t len)
{
	uint8_t a[128];
	struct sl_ip to, target;
	uint32_t n;

	memcpy(to.b, q + 8, 16);
	if (peer_silent || len < 64 || q[40] != 135 || sl_ip_is_any(&to))
		return;
	memcpy(target.b, q + 48, 16);
	n = put_nd(a + 40, 136, 0x60000000, &target, &target, port->index);
	n = other_ip(a, &target, &to, IPPROTO_ICMPV6, 255, n);
	frame_answer(port->index, SL_ETH_IPV6, a, n);
}

void other_echo(void)
{
	uint8_t b = byte();
	struct sl_ip from, to;
	uint32_t n = 8 + word() % ECHO_MAX, at = b & 1 ? 40 : 20;

	from = b & 1 ? some_v6(b >> 1) : some_v4(b >> 1);
	to = b & 1 ? some_v6(b >> 4) : some_v4(b >> 4);
	n = SL_MIN(n, ECHO_MAX);
	memset(ip + at, 0, n);
	ip[at] = b & 1 ? 128 : 8;
	frame_ip(0, ip,
		 other_ip(ip, &from, &to, b & 1 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, b & 128 ? 1 : 64,
			  n));
}

void other_udp(void)
{
	uint8_t b = byte();
	struct sl_ip from = some_v4(0), to;
	uint16_t sport = (uint16_t)(2000 + (b & 3)), dport = b & 4 ? 53 : 9;
	uint32_t n = 8 + word() % 3000, at;

	CHECK(sl_ip_parse(b & 8 ? VIP_L4_6 : VIP_L4, &to, NULL) == 0);
	if (b & 8)
		from = some_v6(0);
	if (b & 16 && peer_udp.any) { /* the endpoint answers */
		from = peer_udp.dst;
		to = peer_udp.src;
		sport = peer_udp.dport;
		dport = peer_udp.sport;
	}
	at = sl_ip_is_v4(&from) ? 20 : 40;
	memset(ip + at, 0, n);
	sl_store16(ip + at, sport);
	sl_store16(ip + at + 2, dport);
	sl_store16(ip + at + 4, (uint16_t)(b & 32 ? n - 1 : n));
	frame_ip(b & 16 ? 1 : 0, ip, other_ip(ip, &from, &to, IPPROTO_UDP, 64, n));
}

void other_icmp_error(const struct flow *f)
{
	static const uint8_t v4[][2] = {{3, 0},  {3, 1},  {3, 3}, {3, 4},
					{11, 0}, {12, 0}, {4, 0}, {5, 1}},
			     v6[][2] = {{1, 0}, {1, 1}, {1, 4}, {2, 0},
					{3, 0}, {4, 0}, {4, 1}, {137, 0}};
	uint8_t b = byte(), cut = byte();
	bool is4 = sl_ip_is_v4(&f->peer);
	struct sl_ip from = b & 8 ? f->peer : is4 ? some_v4(1) : some_v6(2);
	uint32_t at = is4 ? 20 : 40, n = SL_MIN((uint32_t)f->last_len, cut ? cut : 128u);

	memset(ip + at, 0, 8);
	memcpy(ip + at, is4 ? v4[b & 7] : v6[b & 7], 2);
	sl_store16(ip + at + 6, (uint16_t)word());
	memcpy(ip + at + 8, f->last, n);
	if (b & 16 && n > at + 8)
		ip[at + 8 + at + 5] = byte(); /* another sequence number quoted */
	frame_ip(f->port, ip,
		 other_ip(ip, &from, &f->ours, is4 ? IPPROTO_ICMP : IPPROTO_ICMPV6, 64, 8 + n));
}
