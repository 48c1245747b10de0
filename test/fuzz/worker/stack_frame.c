/* SPDX-License-Identifier: BSD-3-Clause */
/* The way of a packet into the box: bent, cut into fragments, tagged, chained, repeated. */
#include "stack.h"

#include <netinet/in.h>

#include "sl_wire.h"

/* What happens to a packet, by bits of one byte of the input. */
#define HOW_EDIT     0x01 /* a few bytes become others */
#define HOW_FIX      0x02 /* and the checksums are right again */
#define HOW_FRAGMENT 0x04
#define HOW_CHAIN    0x08 /* in two mbufs */
#define HOW_VLAN     0x10 /* tag in the mbuf instead of the frame, or on the wrong port */
#define HOW_LENGTH   0x20 /* cut off, or padded */
#define HOW_TWICE    0x40
#define HOW_MORE     0x80 /* in one burst with the next */

#define KEPT      8
#define LINK_MTU  1500u
#define FRAGS_MAX 64

struct kept {
	uint8_t b[FRAME_MAX];
	uint32_t len;
};

static struct kept kept[KEPT];
static unsigned n_kept;
static uint8_t how;

void frame_forget(void)
{
	n_kept = 0;
	how = 0;
}

void frame_how(void)
{
	how = byte();
}

void frame_mac(const struct sl_ip *ip, uint8_t mac[6])
{
	static const uint8_t vendor[4] = {2, 0xaa, 0, 0};

	memcpy(mac, vendor, 4);
	memcpy(mac + 4, ip->b + 14, 2);
}

static void enter(const uint8_t *frame, uint32_t len, bool striped)
{
	struct kept *k = &kept[n_kept++ % KEPT];

	if (k->b != frame)
		memcpy(k->b, frame, len);
	k->len = len;
	for (int i = 0; i < (how & HOW_TWICE ? 2 : 1); i++)
		if (!box_rx(frame, len, how & HOW_CHAIN && len > 1, striped))
			box_round();
}

static void neighbour_mac(uint16_t port, uint16_t type, const uint8_t *l3, uint32_t len,
			  uint8_t mac[6])
{
	struct sl_ip ip = {{0}};

	if (type == SL_ETH_IPV4 && len >= 16)
		memcpy(ip.b + 12, l3 + 12, 4);
	else if (type == SL_ETH_IPV6 && len >= 24)
		memcpy(ip.b, l3 + 8, 16);
	frame_mac(&ip, mac);
	mac[3] = (uint8_t)port;
}

static uint32_t put_eth(uint8_t *frame, uint16_t port, uint16_t type, const uint8_t *l3,
			uint32_t len, bool tagged)
{
	uint32_t at = 12;

	memcpy(frame, box_mac(port), 6);
	neighbour_mac(port, type, l3, len, frame + 6);
	if (tagged) {
		sl_store16(frame + at, SL_ETH_VLAN);
		sl_store16(frame + at + 2, VLAN);
		at += 4;
	}
	sl_store16(frame + at, type);
	return at + 2;
}

/* One frame of at most what an mbuf takes. */
static void send_one(uint16_t port, uint16_t type, const uint8_t *l3, uint32_t len)
{
	static uint8_t frame[FRAME_MAX];
	bool striped = port == 1 && how & HOW_VLAN;
	bool tagged = port == 1 ? !striped : how & HOW_VLAN;
	uint32_t at = put_eth(frame, port, type, l3, len, tagged);
	uint32_t all = SL_MIN(at + len, SL_MBUF_DATA);

	memcpy(frame + at, l3, all - at);
	for (unsigned n = how & HOW_EDIT ? 1 + byte() % 4u : 0; n; n--) {
		uint32_t to = word() % all;

		frame[to] = byte();
	}
	if (how & HOW_FIX)
		fuzz_fix(frame + at, all - at);
	if (how & HOW_LENGTH) {
		uint32_t n = byte();

		memset(frame + all, 0, SL_MBUF_DATA - all);
		all = n & 128 ? SL_MIN(all + n - 128, SL_MBUF_DATA) : n % all + 1;
	}
	enter(frame, all, striped);
}

void frame_answer(uint16_t port, uint16_t type, uint8_t *l3, uint32_t len)
{
	uint8_t frame[256];
	uint32_t at = put_eth(frame, port, type, l3, len, port == 1);

	memcpy(frame + at, l3, len);
	(void)box_rx(frame, at + len, false, false);
}

/** Header of a fragment, written behind the fixed header of IPv6 or into that of IPv4. */
struct fragment {
	uint32_t hlen; /* with the fragment header */
	uint32_t from, len;
	bool last;
};

static void send_fragment(uint16_t port, const uint8_t *ip, const struct fragment *f, uint16_t id)
{
	static uint8_t buf[SL_MBUF_DATA];
	bool v6 = ip[0] >> 4 == 6;
	uint32_t unfragmented = v6 ? 40 : f->hlen;

	memcpy(buf, ip, unfragmented);
	memcpy(buf + f->hlen, ip + unfragmented + f->from, f->len);
	if (v6) {
		buf[40] = buf[6];
		buf[41] = 0;
		buf[6] = 44;
		sl_store16(buf + 4, (uint16_t)(8 + f->len));
		sl_store16(buf + 42, (uint16_t)(f->from | !f->last));
		sl_store32(buf + 44, id);
	} else {
		sl_store16(buf + 2, (uint16_t)(f->hlen + f->len));
		sl_store16(buf + 4, id);
		sl_store16(buf + 6, (uint16_t)(f->from / 8 | (f->last ? 0 : SL_IPV4_MF)));
		fuzz_fix(buf, f->hlen + f->len);
	}
	send_one(port, v6 ? SL_ETH_IPV6 : SL_ETH_IPV4, buf, f->hlen + f->len);
}

/* The order, and what is left out, comes twice or overlaps, is the input's choice. */
static void send_fragments(uint16_t port, const uint8_t *ip, uint32_t len, bool chosen)
{
	bool v6 = ip[0] >> 4 == 6;
	uint32_t head = v6 ? 40 : (ip[0] & 15) * 4u, n = 0, from[FRAGS_MAX];
	uint8_t b = chosen ? byte() : 0, size8 = chosen ? byte() : 0;
	uint32_t size = size8 ? size8 * 8u : 1200;
	uint16_t id = (uint16_t)(chosen && b & 0x40 ? 7 : box_now_us() + len);
	struct fragment f = {.hlen = v6 ? 48 : head};

	if (head > len)
		return;
	size = SL_MIN(SL_MAX(size, (len - head) / FRAGS_MAX / 8 * 8 + 8), 1400u);
	for (uint32_t at = 0; at < len - head && n < FRAGS_MAX; at += size)
		from[n++] = at;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t k = b & 1 ? n - 1 - i : i;

		if (b & 2 && k == (uint32_t)(b >> 4 & 3))
			continue; /* never comes */
		f.from = from[k];
		f.len = SL_MIN(size, len - head - f.from);
		f.last = f.from + f.len == len - head;
		if (b & 4 && !f.last && f.len + 8 <= len - head - f.from)
			f.len += 8; /* overlaps the next */
		send_fragment(port, ip, &f, id);
		if (b & 8 && k == 0)
			send_fragment(port, ip, &f, id);
	}
}

void frame_send(uint16_t port, uint16_t type, uint8_t *l3, uint32_t len)
{
	bool ip = type == SL_ETH_IPV4 || type == SL_ETH_IPV6;

	if (ip && (how & HOW_FRAGMENT || len > LINK_MTU))
		send_fragments(port, l3, len, how & HOW_FRAGMENT);
	else
		send_one(port, type, l3, len);
	if (!(how & HOW_MORE))
		box_round();
	how = 0;
}

void frame_ip(uint16_t port, uint8_t *ip, uint32_t len)
{
	frame_send(port, ip[0] >> 4 == 6 ? SL_ETH_IPV6 : SL_ETH_IPV4, ip, len);
}

void frame_raw(void)
{
	static uint8_t l3[256];
	static const uint16_t types[] = {SL_ETH_IPV4, SL_ETH_IPV6, SL_ETH_ARP, 0x88cc};
	uint8_t b = byte();
	uint32_t n = byte();

	for (uint32_t i = 0; i < n; i++)
		l3[i] = byte();
	if (b & 8)
		fuzz_fix(l3, n);
	frame_send(b >> 2 & 1, types[b & 3], l3, n);
}

void frame_again(uint8_t which)
{
	const struct kept *k = &kept[which % KEPT];

	if (which % KEPT >= n_kept)
		return;
	(void)box_rx(k->b, k->len, false, false);
	box_round();
}
