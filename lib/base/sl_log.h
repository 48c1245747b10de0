/* SPDX-License-Identifier: BSD-3-Clause */
/* Plain-sentence log of the programs. Never used on the packet path. */
#ifndef SL_LOG_H
#define SL_LOG_H

enum sl_log_level { SL_LOG_ERROR, SL_LOG_WARN, SL_LOG_INFO, SL_LOG_DEBUG };

/**
 * Names the program and chooses what is written.
 *
 * @param program Name put before each line; not copied, must outlive the log.
 * @param level Most detailed level that is still written.
 */
void sl_log_init(const char *program, enum sl_log_level level);

/** Writes one line to standard error. Thread-safe; blocks, so not for workers. */
void sl_log(enum sl_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
