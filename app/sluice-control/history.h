/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Earlier configurations, so that there is a way back: STATE/history/EPOCH lists the objects of an
 * epoch by content hash, STATE/history/objects/HASH.yaml holds each once. The oldest go. Losing
 * one costs a way back, never what runs: nothing here waits for the disk.
 */
#ifndef HISTORY_H
#define HISTORY_H

#include "sl_conf.h"

struct history;

struct history_entry {
	uint64_t epoch, wall_us;
	char cause[32];
	size_t manifests, applied; /* objects */
};

/**
 * Reads what an earlier run left in dir/history; what is damaged is left out with a warning.
 *
 * @param keep Epochs kept, at least 2.
 * @return 0 or -errno with a text. Close with history_close (NULL is allowed).
 */
int history_open(struct history **out, const char *dir, unsigned keep, struct sl_err *err);
void history_close(struct history *h);

/** Another number of epochs is kept from the next history_add on. */
void history_keep(struct history *h, unsigned keep);

/** This epoch stays however old it grows; 0: none. */
void history_hold(struct history *h, uint64_t epoch);

/** Notes what an epoch consists of, replacing an entry of the same number. Failures are logged. */
void history_add(struct history *h, uint64_t epoch, const char *cause,
		 const struct sl_objects *manifests, const struct sl_objects *applied);

/**
 * The epoch that the objects of another are noted under: that one, or an earlier one when nothing
 * but the addresses behind names has changed since. Without any: epoch itself.
 */
uint64_t history_epoch(const struct history *h, uint64_t epoch);

/** Entries, oldest first. */
size_t history_count(const struct history *h);
const struct history_entry *history_at(const struct history *h, size_t i);

/**
 * Reads the objects of an epoch back; both sets are the caller's.
 *
 * @return 0; -ENOENT with a text that says which epochs there are; -EBADMSG (damaged) or -errno.
 */
int history_read(const struct history *h, uint64_t epoch, struct sl_objects **manifests,
		 struct sl_objects **applied, struct sl_err *err);

#endif
