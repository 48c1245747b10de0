/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keyword tables: what may stand in a group of sluice.conf. One table drives reading, checking,
 * defaults, suggestions and the reference manual.
 */
#ifndef SL_CONF_KEYS_H
#define SL_CONF_KEYS_H

#include <libconfig.h>

#include "text.h"

enum sl_key_type {
	SL_KEY_END,
	SL_KEY_TEXT,  /* char[size], cut never: too long is an error */
	SL_KEY_STR,   /* const char *, into libconfig's memory */
	SL_KEY_INT,   /* unsigned integer of `size` bytes (1, 2, 4) or int where min is negative */
	SL_KEY_BOOL,  /* bool */
	SL_KEY_TIME,  /* uint32_t milliseconds; min and max in milliseconds */
	SL_KEY_SIZE,  /* uint32_t mebibytes; min and max in mebibytes */
	SL_KEY_BYTES, /* uint64_t bytes; min and max in bytes */
	SL_KEY_RATE,  /* uint16_t in 1/10000, written as a percentage */
	SL_KEY_WORD,  /* int: index into words */
	SL_KEY_GROUP, /* { }, read by `keys` into the same struct */
	SL_KEY_EACH,  /* list or array: `read` is called for each element; without one the setting
		       * itself is stored, const config_setting_t *, for later */
	SL_KEY_READ,  /* anything: `read` takes the setting itself */
};

struct sl_reader;
struct sl_native_names;

struct sl_key {
	const char *name;
	enum sl_key_type type;
	size_t off, size; /* of the field in the struct that is filled */
	int64_t min, max;
	const char *def; /* as one would write it; "": empty, NULL: what it is when absent */
	const char *const *words;
	const struct sl_key *keys; /* of the group, or of each group in the list */
	int (*read)(struct sl_reader *r, const config_setting_t *s, void *dst);
	bool required;
	const char *help; /* one sentence */
};

#define SL_KEY_NAME_MAX        253  /* bytes of a name, as in the DNS */
#define SL_KEY_STR_MAX         8192 /* bytes of any other text; longer paths are never matched */
#define SL_KEY_DAY_MS          86400000 /* longest time that any key takes */
#define SL_KEY_AT(type, field) .off = offsetof(type, field), .size = sizeof(((type *)0)->field)

/** State of one reading. */
struct sl_reader {
	const struct sl_text *text;
	struct sl_err *err;
	void *ctx;                           /* of the caller */
	const struct sl_native_names *names; /* NULL: nothing is known of any (native.h) */
};

/** -EINVAL with the file and line of a setting. */
int sl_reader_bad(struct sl_reader *r, const config_setting_t *s, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** File and line of a setting. */
const char *sl_reader_where(const struct sl_reader *r, const config_setting_t *s, int *line);

/**
 * Reads a group by its table: defaults first, then what is written.
 *
 * @param what What the group is called in messages, e.g. "listener".
 * @param dst Struct that the offsets are of.
 * @return 0, or -EINVAL with file:line.
 */
int sl_keys_read(struct sl_reader *r, const struct sl_key *keys, const config_setting_t *group,
		 const char *what, void *dst);

/** The text of a string setting, checked to be UTF-8. 0 or -EINVAL. */
int sl_reader_str(struct sl_reader *r, const config_setting_t *s, const char **out);

#endif
