/* SPDX-License-Identifier: BSD-3-Clause */
/* Bad input as data: a text, and the one message that must come of it. Ended by a NULL input. */
#ifndef TEST_CONF_BAD_H
#define TEST_CONF_BAD_H

struct bad_case {
	const char *input, *message;
};

extern const struct bad_case bad_conf[], bad_yaml[], bad_routes[];

#endif
