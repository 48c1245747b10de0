/* SPDX-License-Identifier: BSD-3-Clause */
/* One case of test/protocol: a script of packets, calls and expectations, on a virtual clock. */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stddef.h>

#define SCRIPT_WHY_MAX 512

/**
 * Plays a case file; README.md says what stands in one.
 *
 * @param why Receives file:line and what went wrong.
 * @return Whether everything was as the file says.
 */
int script_play(const char *path, char why[SCRIPT_WHY_MAX]);

#endif
