/* SPDX-License-Identifier: BSD-3-Clause */
/* A fuzzer's input read byte by byte, with zeros behind its end, for targets that are scripts. */
#ifndef FUZZ_BYTES_H
#define FUZZ_BYTES_H

#include <stddef.h>
#include <stdint.h>

extern const uint8_t *fuzz_in;
extern size_t fuzz_left;

/** Ends the run as a finding. */
__attribute__((noreturn)) void broken(const char *what);

static inline uint8_t byte(void)
{
	if (!fuzz_left)
		return 0;
	fuzz_left--;
	return *fuzz_in++;
}

static inline uint32_t word(void)
{
	uint32_t hi = byte();

	return hi << 8 | byte();
}

#endif
