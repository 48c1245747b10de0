/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where objects come from besides the command line. A source is one struct of functions; the list
 * of them is in source.c, and whoever adds one adds a line there. Control's one thread calls all.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include <poll.h>

#include "sl_conf.h"

struct source_ops {
	const char *name; /* for the log */

	/** @return 0, or -errno with a text: control does not start. */
	int (*open)(void **state, struct sl_err *err);

	/**
	 * Reads everything the source has. Whatever changes from now on must be seen by `changed`.
	 *
	 * @param into Objects are put there; one that is there already is replaced.
	 * @return 0, or -errno with file:line; then `into` is thrown away.
	 */
	int (*read)(void *state, const struct sl_conf *conf, struct sl_objects *into,
		    struct sl_err *err);

	/** Descriptor that turns readable when something may have changed; -1: none. */
	int (*fd)(const void *state);

	/**
	 * Whether what the source has should be read again. A source that is being written to
	 * waits until that is over.
	 *
	 * @param due_us Lowered to the moment at which it wants to be asked again.
	 */
	bool (*changed)(void *state, uint64_t now_us, uint64_t *due_us);

	void (*close)(void *state);
};

/** Files and folders of YAML that sluice.conf names, watched by inotify. */
extern const struct source_ops source_files;

struct sources;

/** @return 0 or -errno with a text. Close with sources_close (NULL is allowed). */
int sources_open(struct sources **out, struct sl_err *err);
void sources_close(struct sources *all);

/** All objects of all sources; *out is owned by the caller. 0 or -errno with file:line. */
int sources_read(struct sources *all, const struct sl_conf *conf, struct sl_objects **out,
		 struct sl_err *err);

#define SOURCES_MAX 4u

/** Fills the descriptors to wait for. @return How many, at most SOURCES_MAX. */
unsigned sources_poll_fds(const struct sources *all, struct pollfd pfd[SOURCES_MAX]);

/** Whether any source wants to be read again; due_us as for source_ops.changed. */
bool sources_changed(struct sources *all, uint64_t now_us, uint64_t *due_us);

#endif
