/* SPDX-License-Identifier: BSD-3-Clause */
/* Which worker owns a packet; asked by the steer stage right behind reassembly. */
#include "sl_steer.h"

#include <rte_byteorder.h>

#define MASK (SL_STEER_SLOTS - 1)

/* What bit b of a word (0: the least) adds to the hash: the key, turned to where the bit stands. */
#define TURNED(b) ((SL_STEER_KEY << (15 - (b)) | SL_STEER_KEY >> ((b) + 1)) & MASK)

/* What four bits from b on add when they are x, and that for all x: 64 bytes beat 7 parities. */
#define BIT(x, i, b) ((x) >> (i)&1 ? TURNED((b) + (i)) : 0)
#define OF(x, b)     (BIT(x, 0, b) ^ BIT(x, 1, b) ^ BIT(x, 2, b) ^ BIT(x, 3, b))
#define OF4(x, b)    OF(x, b), OF((x) + 1, b), OF((x) + 2, b), OF((x) + 3, b)
#define OF16(b)      OF4(0, b), OF4(4, b), OF4(8, b), OF4(12, b)

static const uint8_t adds[4][16] = {{OF16(0)}, {OF16(4)}, {OF16(8)}, {OF16(12)}};

/*
 * The 16-bit words of a client's address and its port, added without carry: with a key that begins
 * anew after 16 bits, Toeplitz tells no more of them.
 */
static uint16_t fold(const struct sl_ip *ip, uint16_t port)
{
	uint64_t w[2];

	memcpy(w, ip->b, sizeof(w));
	w[0] ^= w[1];
	w[0] ^= w[0] >> 32;
	w[0] ^= w[0] >> 16;
	/* The ffff in front of an IPv4 address is not on the wire. */
	return rte_be_to_cpu_16((uint16_t)w[0]) ^ port ^ (sl_ip_is_v4(ip) ? 0xffff : 0);
}

uint16_t sl_steer_slot(const struct sl_ip *client, uint16_t port)
{
	uint16_t x = fold(client, port);

	return adds[0][x & 15] ^ adds[1][x >> 4 & 15] ^ adds[2][x >> 8 & 15] ^ adds[3][x >> 12];
}

uint16_t sl_steer_owner(const struct sl_tuple *t, bool dst_local, uint16_t workers)
{
	if (workers <= 1)
		return 0;
	if (dst_local && sl_port_is_ours(t->dport))
		return t->dport % workers;
	return sl_steer_slot(&t->src, t->sport) % workers;
}
