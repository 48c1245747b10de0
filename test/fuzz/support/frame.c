/* SPDX-License-Identifier: BSD-3-Clause */
/* Checksums of packets that a fuzzer made or the box sent, and the ledger of a lcore. */
#include "frame.h"

#include <string.h>

#include <netinet/in.h>

#include "bytes.h"
#include "sl_wire.h"

/** Transport part of a packet that is no fragment. */
struct l4 {
	uint32_t at, len; /* from the IP header */
	uint8_t proto;
	struct sl_ip src, dst;
};

static bool find_v4(const uint8_t *ip, uint32_t len, struct l4 *out)
{
	struct sl_ipv4_hdr h;
	uint32_t hlen, total;

	memcpy(&h, ip, 20);
	hlen = (h.ver_ihl & 15) * 4u;
	total = ntohs(h.len_be);
	out->src = sl_ip_from_v4(h.src_be);
	out->dst = sl_ip_from_v4(h.dst_be);
	if (hlen < 20 || total < hlen || total > len || h.frag_be & htons(0x3fff))
		return false;
	out->at = hlen;
	out->len = total - hlen;
	out->proto = h.proto;
	return true;
}

static bool find_v6(const uint8_t *ip, uint32_t len, struct l4 *out)
{
	memcpy(out->src.b, ip + 8, 16);
	memcpy(out->dst.b, ip + 24, 16);
	out->at = 40;
	out->len = sl_load16(ip + 4);
	out->proto = ip[6];
	return out->len + 40 <= len;
}

/** Whether the packet has a transport checksum where it can be found; *at is its place. */
static bool find(const uint8_t *ip, uint32_t len, struct l4 *l4, uint32_t *at)
{
	bool found = len >= 40 && ip[0] >> 4 == 6   ? find_v6(ip, len, l4)
		     : len >= 20 && ip[0] >> 4 == 4 ? find_v4(ip, len, l4)
						    : false;

	if (!found)
		return false;
	*at = l4->at;
	switch (l4->proto) {
	case IPPROTO_TCP:
		*at += 16;
		break;
	case IPPROTO_UDP:
		*at += 6;
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		*at += 2;
		break;
	default:
		return false;
	}
	return *at + 2 <= l4->at + l4->len;
}

/* One's complement sum of all that the transport checksum covers. */
static uint16_t sum(const uint8_t *ip, const struct l4 *l4)
{
	uint32_t len = l4->len;
	uint64_t pseudo = 0;

	/* A datagram may end before its packet does (RFC 768): what is behind it doesn't count. */
	if (l4->proto == IPPROTO_UDP && len >= 8) {
		uint16_t own = sl_load16(ip + l4->at + 4);

		len = own >= 8 && own < len ? own : len;
	}
	if (l4->proto != IPPROTO_ICMP)
		pseudo = sl_csum_pseudo(&l4->src, &l4->dst, l4->proto, len);
	return sl_csum_fold(sl_csum_add(pseudo, ip + l4->at, len));
}

void fuzz_fix(uint8_t *ip, uint32_t len)
{
	uint32_t at, hlen;
	struct l4 l4;
	uint16_t c;

	if (find(ip, len, &l4, &at)) {
		memset(ip + at, 0, 2);
		c = (uint16_t)~sum(ip, &l4);
		memcpy(ip + at, &c, 2);
	}
	if (len < 20 || ip[0] >> 4 != 4)
		return;
	hlen = (ip[0] & 15) * 4u;
	if (hlen < 20 || hlen > len)
		return;
	c = sl_ipv4_csum((const struct sl_ipv4_hdr *)ip, hlen);
	memcpy(ip + 10, &c, 2);
}

static const char *check_header(const uint8_t *ip, uint32_t len)
{
	uint32_t hlen = (ip[0] & 15) * 4u;
	uint16_t c;

	if (ip[0] >> 4 == 6)
		return len < 40 || sl_load16(ip + 4) + 40u != len ? "IPv6 length" : NULL;
	if (ip[0] >> 4 != 4)
		return "IP version";
	if (hlen < 20 || hlen > len || sl_load16(ip + 2) != len)
		return "IPv4 length";
	c = sl_ipv4_csum((const struct sl_ipv4_hdr *)ip, hlen);
	return memcmp(ip + 10, &c, 2) != 0 ? "IPv4 checksum" : NULL;
}

const char *fuzz_check(const uint8_t *ip, uint32_t len)
{
	const char *bad = len < 20 ? "too short for IP" : check_header(ip, len);
	uint32_t at;
	struct l4 l4;

	if (bad || !find(ip, len, &l4, &at))
		return bad;
	if (l4.proto == IPPROTO_UDP && ip[0] >> 4 == 4 && !ip[at] && !ip[at + 1])
		return NULL; /* the sender gave none */
	if (sum(ip, &l4) != 0xffff)
		return "transport checksum";
	return NULL;
}

void fuzz_ledger(const struct sl_lcore *lc)
{
	const struct sl_stats_counters *c = lc->stats.c;
	uint64_t drops = 0;

	for (int i = 0; i < SL_DROP_COUNT; i++)
		drops += lc->stats.drops[i];
	if (c->rx + c->redirected_in + c->injected + c->originated !=
	    c->tx + c->consumed + c->punted + c->redirected_out + drops + c->held)
		broken("packet ledger");
}

void fuzz_ledger_clear(struct sl_lcore *lc)
{
	memset(lc->stats.c, 0, sizeof(*lc->stats.c));
	memset(lc->stats.drops, 0, SL_DROP_COUNT * sizeof(uint64_t));
}
