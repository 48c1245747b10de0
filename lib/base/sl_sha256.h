/* SPDX-License-Identifier: BSD-3-Clause */
/* SHA-256 (FIPS 180-4), for names that others compute alike. */
#ifndef SL_SHA256_H
#define SL_SHA256_H

#include <stddef.h>
#include <stdint.h>

/** Digest of data[0..n). Any thread. */
void sl_sha256(const void *data, size_t n, uint8_t out[32]);

#endif
