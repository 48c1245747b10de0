/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the script player share: the state of a case and its reader of words. */
#ifndef SCRIPT_INT_H
#define SCRIPT_INT_H

#include "../../lib/tcp/internal.h"
#include "script.h"
#include "world.h"

#define WORDS 32

struct script {
	struct world w;
	const char *path;
	unsigned line;
	bool started;
	uint64_t now;    /* script time in microseconds */
	uint64_t at_max; /* latest time an expected packet may have */
	char *why;
	char *word[WORDS];
	unsigned n, at; /* words of the line, and the next to look at */
	struct flow *flow;
};

/** Says what is wrong, with file and line. @return -1. */
int script_bad(struct script *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *script_peek(const struct script *s);
const char *script_next(struct script *s);
/** Takes the next word if it is this one. */
bool script_take(struct script *s, const char *word);
uint32_t script_number(struct script *s);

/* Verbs; 0, or -1 with script_bad. */
int script_quiet(struct script *s);
int script_in(struct script *s);
int script_out(struct script *s);
int script_call(struct script *s);
int script_expect(struct script *s);

#endif
