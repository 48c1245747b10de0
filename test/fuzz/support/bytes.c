/* SPDX-License-Identifier: BSD-3-Clause */
/* The input of a fuzz target, and how it ends where something is wrong. */
#include "bytes.h"

#include <stdio.h>
#include <stdlib.h>

const uint8_t *fuzz_in;
size_t fuzz_left;

void broken(const char *what)
{
	fprintf(stderr, "invariant broken: %s\n", what);
	abort();
}
