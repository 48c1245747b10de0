/* SPDX-License-Identifier: BSD-3-Clause */
/* Hashes: keyed SipHash where an attacker chooses the input, FNV-1a for names. */
#ifndef SL_HASH_H
#define SL_HASH_H

#include <stddef.h>
#include <stdint.h>

struct sl_hash_key {
	uint64_t k0, k1;
};

/**
 * SipHash-2-4 (Aumasson, Bernstein 2012).
 *
 * @return 64-bit keyed hash of data[0..n). Any thread.
 */
uint64_t sl_siphash(const struct sl_hash_key *key, const void *data, size_t n);

/** FNV-1a, 64 bits, seeded; equal on every box, so it seeds consistent hashing. */
uint64_t sl_fnv1a(uint64_t seed, const void *data, size_t n);

/** CRC-32C of data, continuing from crc (0 to begin). */
uint32_t sl_crc32c(uint32_t crc, const void *data, size_t n);

/** The same by table, as on processors without SSE4.2. */
uint32_t sl_crc32c_table(uint32_t crc, const void *data, size_t n);

/**
 * Fills a key from the kernel's random source.
 *
 * @return 0, or -errno when the kernel gave no randomness: the caller must not go on.
 */
int sl_hash_key_random(struct sl_hash_key *key);

#endif
