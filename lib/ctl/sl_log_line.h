/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Access-log lines: formats as Envoy's operators say them, Istio's among them, and what they make
 * of the records that workers write (sl_ctl.h). Control code; a format is read by any thread.
 */
#ifndef SL_LOG_LINE_H
#define SL_LOG_LINE_H

#include "sl_ctl.h"

/** Always enough for one line of a named format; a longer one of another format is not written. */
#define SL_LOG_LINE_MAX 16384

struct sl_log_format;

/**
 * Reads a format: "istio", "json" or "combined", or a line with Envoy's % operators.
 *
 * @param out malloc'ed; free with sl_log_format_free.
 * @return 0, -EINVAL with a text that quotes the operator in doubt, -ENOMEM.
 */
int sl_log_format_parse(const char *text, struct sl_log_format **out, struct sl_err *err);
void sl_log_format_free(struct sl_log_format *format);

/**
 * Writes one record's line, with its newline and a NUL. In text formats control bytes, quotes,
 * backslashes and bytes above 0x7e of texts stand as \xNN, and so do blanks of what is
 * not alone between quotes; in JSON they are escaped as JSON has it. A text that was cut ends in
 * "...".
 *
 * @param record Message of a log ring; not trusted.
 * @param len Its length.
 * @return Bytes written without the NUL; -EBADMSG when the lengths do not fit the message;
 *         -ENOSPC when cap is too small (then out is empty).
 */
int sl_log_format_write(const struct sl_log_format *format, const struct sl_log_record *record,
			size_t len, char *out, size_t cap);

/** Names of response flags, comma-separated, or "-". Unknown bits are left out. @return buf. */
char *sl_log_flags(uint32_t flags, char *buf, size_t cap);

#endif
