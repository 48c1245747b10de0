/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Access-log writer: a thread that empties the workers' record rings into a file, so that neither
 * a long compilation nor a slow disk makes the workers wait or the control socket late.
 */
#ifndef ACCESS_LOG_H
#define ACCESS_LOG_H

#include "recent.h"
#include "sl_ctl.h"
#include "tally.h"

struct access_log;

/**
 * Starts the thread.
 *
 * @param recent,tally Receive every record; they outlive the thread.
 * @param path File to append to, "-" for standard output, empty: records are read and dropped.
 * @param format As sl_log_format_parse reads it.
 * @return 0 or -errno with a text.
 */
int access_log_start(struct access_log **out, struct sl_ctl *ctl, struct recent *recent,
		     struct tally *tally, const char *path, const char *format, struct sl_err *err);

/**
 * Empties the rings once more and ends the thread.
 *
 * @return false when it is stuck in a write: it is left behind and the segment must stay mapped.
 */
bool access_log_stop(struct access_log *log);

/**
 * The file is opened anew (after a rotation), under another name if path is not NULL, and written
 * in another format if that is not NULL.
 */
void access_log_reopen(struct access_log *log, const char *path, const char *format);

/** Records written and records lost because the file could not be written. Any thread. */
void access_log_counts(const struct access_log *log, uint64_t *written, uint64_t *lost);

#endif
