/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of the compiler of databases share. Control process only. */
#ifndef SL_MATCH_COMPILE_H
#define SL_MATCH_COMPILE_H

#include <hs/hs.h>

#include "index.h"

/** Patterns of one Hyperscan database, as its compiler wants them. */
struct compile_set {
	char **text;
	size_t *len;
	unsigned *flags, *ids;
	size_t *index; /* of the pattern in the caller's list */
	unsigned n;
};

int compile_set_alloc(struct compile_set *s, size_t n);
void compile_set_free(struct compile_set *s);
/** Takes over text. */
void compile_set_add(struct compile_set *s, char *text, size_t len, unsigned flags, unsigned id,
		     size_t index);

/** One Hyperscan database, compiled and then serialised. */
struct compile_part {
	hs_database_t *db;
	char *bytes;
	size_t len;
};

void compile_part_free(struct compile_part *p);

/**
 * Compiles patterns `from` up to `to` of a set.
 *
 * @param bad Receives the caller's index of the refused pattern.
 * @param len Receives the bytes the database takes where it will lie.
 * @return 0, -EINVAL or -ENOMEM with a text.
 */
int compile_part(struct compile_part *p, const struct compile_set *s, unsigned from, unsigned to,
		 bool literal, uint64_t *len, int *bad, struct sl_err *err);

/** Puts a part where it will be used. 0 or -EINVAL. */
int compile_place(const struct compile_part *p, void *at);

/** Literals on their way into a table. */
struct literal {
	char *text; /* owned by the list */
	uint32_t id;
	uint16_t len;
	uint8_t kind, lines; /* as in struct sl_index_entry */
};

struct literals {
	struct literal *row;
	size_t n, cap;
	uint32_t *text; /* of each row: its offset among the texts, once they are laid out */
};

/** Adds a copy of text, which is at most SL_MATCH_SUBJECT_MAX long. 0 or -ENOMEM. */
int literals_add(struct literals *l, struct sl_str text, bool fold, enum sl_index_kind kind,
		 uint32_t id);
void literals_free(struct literals *l);

/** Reserves the table's place at *end. 0, or -ENOMEM. */
int literals_reserve(struct literals *l, uint64_t *end, struct sl_match_index *ix);
/** Writes the table to its place in zeroed bytes, and to the groups where their gates are. */
void literals_place(const struct literals *l, void *db, const struct sl_match_index *ix);

/**
 * Regexes by what they begin with. Those that have no beginning worth a gate are one group, which
 * stands first and is scanned always; the others are in a group each beginning. Of each group those
 * that are rows of steps become programs, the others an engine, one for all groups whose regexes
 * are equal.
 */
struct regexes {
	struct compile_set set; /* in the order of their groups, once these are made */
	struct sl_str *begin;   /* of each of the set; owned */
	struct regex_group {
		unsigned from, to; /* of the set; those in `steps` are not in it any more */
		unsigned *ids;     /* of these */
		struct sl_str gate;
		uint32_t min_id, skip;
		char *steps; /* programs, n_steps bytes */
		uint32_t n_steps;
		uint32_t at;        /* where it lies, in units of SL_MATCH_ALIGN */
		unsigned engine;    /* the group that has its engine, maybe itself */
		uint64_t hash;      /* of the engine's regexes */
		uint64_t len;       /* of the engine here, 0: another's or none */
		uint32_t engine_at; /* where that lies, in the same units */
		struct compile_part part;
	} * group;
	unsigned n_groups;
	bool always; /* the first group has no gate */
};

int regexes_alloc(struct regexes *r, size_t n);
void regexes_free(struct regexes *r);
/** 0; -EINVAL with Hyperscan's reason; -ENOMEM. */
int regexes_add(struct regexes *r, const struct sl_match_pattern *p, size_t index,
		struct sl_err *err);
/** Makes the groups and compiles them; errors as compile_part. */
int regexes_compile(struct regexes *r, int *bad, struct sl_err *err);
/** Adds the groups' gates to the literals, as yet by the groups' numbers. 0 or -ENOMEM. */
int regexes_gates(const struct regexes *r, struct literals *l);
/** Reserves the groups' places at *end and makes the gates lead there. 0 or -ENOMEM. */
int regexes_reserve(struct regexes *r, struct literals *l, uint64_t *end);
/** Writes the groups to their places in zeroed bytes. 0 or -EINVAL. */
int regexes_place(const struct regexes *r, void *db);

#endif
