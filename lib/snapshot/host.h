/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hosts of a host index: hashed and compared as if in lower case, eight bytes at a time. Nothing is
 * written: a copy in lower case that is read again at once would wait for its stores.
 */
#ifndef SL_SNAP_HOST_H
#define SL_SNAP_HOST_H

#include "sl_match.h"

/* Eight bytes from i on. */
static inline uint64_t snap_host_word(struct sl_str host, uint32_t i)
{
	uint64_t w;

	memcpy(&w, host.p + i, sizeof(w));
	return sl_match_lower_word(w);
}

/* The last eight bytes, or all of a shorter host. */
static inline uint64_t snap_host_end(struct sl_str host)
{
	uint64_t w = 0;

	if (host.n >= sizeof(w))
		return snap_host_word(host, host.n - (uint32_t)sizeof(w));
	for (uint32_t i = 0; i < host.n; i++)
		w |= (uint64_t)(uint8_t)sl_lower(host.p[i]) << 8 * i;
	return w;
}

/** Bucket hash; the same in any case. Worker-safe. */
static inline uint32_t snap_host_hash(struct sl_str host)
{
	uint64_t h = host.n;

	for (uint32_t i = 0; i + 8 < host.n; i += 8) {
		h = (h ^ snap_host_word(host, i)) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 32;
	}
	h = (h ^ snap_host_end(host)) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)(h >> 32);
}

/** Whether two hosts are the same in any case. Worker-safe. */
static inline bool snap_host_eq(struct sl_str a, struct sl_str b)
{
	uint64_t diff = 0;

	if (a.n != b.n)
		return false;
	for (uint32_t i = 0; i + 8 < a.n; i += 8)
		diff |= snap_host_word(a, i) ^ snap_host_word(b, i);
	return (diff | (snap_host_end(a) ^ snap_host_end(b))) == 0;
}

#endif
