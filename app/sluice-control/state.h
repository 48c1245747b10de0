/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Applied objects on disk: one file each under STATE/objects, changed all or nothing.
 *
 * A change is staged as `*.yaml.new` files, made certain by one rename of STATE/commit (a list of
 * what to put and delete) once these are on the disk, then carried out. Killed before that rename,
 * nothing has happened; killed after it, the next start carries the list out again, which does no
 * harm.
 */
#ifndef STATE_H
#define STATE_H

#include "sl_conf.h"

/* Settings. */
#define STATE_PIN     "pin"     /* epoch whose manifests are used in place of the files */
#define STATE_CONFIRM "confirm" /* "WALL_US EPOCH": back to that epoch then, unless confirmed */

struct state_change; /* staged, not yet certain */

/** Finishes or forgets what was interrupted, making the folders when missing. 0 or -errno. */
int state_recover(const char *dir, struct sl_err *err);

/** Reads the applied objects; an empty set when there are none. Changes nothing. 0 or -errno. */
int state_read(struct sl_objects **out, const char *dir, struct sl_err *err);

/**
 * Writes what differs between two sets beside the files in use.
 *
 * @return 0 or -errno with a text. Ends with state_commit or state_abort.
 */
int state_stage(struct state_change **out, const char *dir, const struct sl_objects *old,
		const struct sl_objects *new, struct sl_err *err);

/**
 * Adds a setting to the change: a small file of that name beside the objects.
 *
 * @param name One of the names that state_setting reads.
 * @param value One line without its end; empty: the setting goes.
 */
int state_stage_setting(struct state_change *change, const char *name, const char *value,
			struct sl_err *err);

/** Value of a setting, empty when there is none. @return buf. */
char *state_setting(const char *dir, const char *name, char *buf, size_t cap);

/** Removes a setting at once. 0 or -errno with a text. */
int state_setting_remove(const char *dir, const char *name, struct sl_err *err);

/** Makes the change certain and carries it out; frees it. 0 or -errno with a text. */
int state_commit(struct state_change *change, struct sl_err *err);

/** Removes what was staged; frees it. NULL is allowed. */
void state_abort(struct state_change *change);

#endif
