/* SPDX-License-Identifier: BSD-3-Clause */
/* Which worker owns a packet; asked by the steer stage right behind reassembly. */
#include "sl_steer.h"

/* Finalizer of splitmix64 (Steele, Lea, Flood 2014): every input bit reaches every output bit. */
static uint64_t mix(uint64_t x)
{
	x ^= x >> 30;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 27;
	x *= UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static uint64_t mix_ip(uint64_t h, const struct sl_ip *ip)
{
	uint64_t w[2];

	memcpy(w, ip->b, sizeof(w));
	return mix(mix(h ^ w[0]) ^ w[1]);
}

uint16_t sl_steer_owner(const struct sl_tuple *t, bool dst_local, uint16_t workers)
{
	uint64_t h;

	if (workers <= 1)
		return 0;
	if (dst_local && sl_port_is_ours(t->dport))
		return t->dport % workers;
	h = mix_ip(mix((uint64_t)t->sport << 32 | t->proto), &t->src);
	return (uint16_t)(((h >> 32) * workers) >> 32);
}
