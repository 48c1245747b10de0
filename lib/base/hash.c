/* SPDX-License-Identifier: BSD-3-Clause */
/* SipHash-2-4 and FNV-1a, byte order independent, and keys from the kernel. */
#include "sl_hash.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

static inline uint64_t rotl(uint64_t x, unsigned n)
{
	return x << n | x >> (64 - n);
}

static inline void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

static inline void sip_word(uint64_t v[4], uint64_t m)
{
	v[3] ^= m;
	sip_round(v);
	sip_round(v);
	v[0] ^= m;
}

uint64_t sl_siphash(const struct sl_hash_key *key, const void *data, size_t n)
{
	uint64_t v[4] = {
		key->k0 ^ UINT64_C(0x736f6d6570736575), key->k1 ^ UINT64_C(0x646f72616e646f6d),
		key->k0 ^ UINT64_C(0x6c7967656e657261), key->k1 ^ UINT64_C(0x7465646279746573)};
	const uint8_t *p = data;
	uint64_t m, last = (uint64_t)n << 56;
	size_t rest = n;

	for (; rest >= 8; rest -= 8, p += 8) {
		memcpy(&m, p, 8);
		sip_word(v, le64toh(m));
	}
	for (size_t i = 0; i < rest; i++)
		last |= (uint64_t)p[i] << (8 * i);
	sip_word(v, last);
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t sl_fnv1a(uint64_t seed, const void *data, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325) ^ seed;
	const uint8_t *p = data;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	return h;
}

int sl_hash_key_random(struct sl_hash_key *key)
{
	ssize_t got;

	do
		got = getrandom(key, sizeof(*key), 0);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	return got == (ssize_t)sizeof(*key) ? 0 : -EIO;
}
