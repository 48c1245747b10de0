/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libconfig's grammar as a check of our own, token by token: libconfig 1.5 leaks a string for each
 * syntax error, and only says "syntax error". What passes here, libconfig parses.
 */
#ifndef SL_CONF_SYNTAX_H
#define SL_CONF_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SL_CONF_DEPTH_MAX 24  /* brackets inside brackets */
#define SL_CONF_KEYS_MAX  256 /* settings of one group */

enum sl_token {
	SL_TOKEN_NAME,
	SL_TOKEN_BOOL,
	SL_TOKEN_INT,
	SL_TOKEN_FLOAT,
	SL_TOKEN_STRING,
	SL_TOKEN_ASSIGN, /* = or : */
	SL_TOKEN_SEMICOLON,
	SL_TOKEN_COMMA,
	SL_TOKEN_OPEN,
	SL_TOKEN_CLOSE,
	SL_TOKEN_END,
};

/* An open bracket; the file itself is the outermost group. */
struct sl_syntax_level {
	char close;      /* the bracket that ends it; 0: the end of the file */
	uint8_t want;    /* enum in syntax.c */
	uint8_t type;    /* of an array's elements, enum sl_token */
	int line;        /* where it was opened; written by the caller */
	uint32_t n_keys; /* settings so far; libconfig compares each with all before it */
};

struct sl_syntax {
	struct sl_syntax_level level[SL_CONF_DEPTH_MAX + 1];
	unsigned depth;
};

void sl_syntax_init(struct sl_syntax *s);

/**
 * Takes the next token.
 *
 * @param c The bracket of OPEN and CLOSE.
 * @return NULL, or what should have stood here, as the end of a sentence.
 */
const char *sl_syntax_take(struct sl_syntax *s, enum sl_token token, char c);

#endif
