/* SPDX-License-Identifier: BSD-3-Clause */
/* Words for the end that a shared segment cut short under a running program brings. */
#ifndef SL_BUS_H
#define SL_BUS_H

/**
 * From now on a SIGBUS is explained on standard error before it ends the process as it always
 * does. For programs that map segments: their files are reserved in full and in a folder of
 * root's, so only root can take memory away from under a program, by truncating one.
 *
 * @param text One line with its newline; must stay valid. At start, one call a process.
 */
void sl_bus_explain(const char *text);

/** What a program that maps the segments of an instance says. */
#define SL_BUS_SEGMENT(program)                                                                \
	program ": A segment in /dev/shm/sluice was truncated while in use, which nothing of " \
		"Sluice does; ending, so that a restart makes it anew.\n"

#endif
