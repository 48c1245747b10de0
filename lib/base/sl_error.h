/* SPDX-License-Identifier: BSD-3-Clause */
/* One error text, carried up from where it was noticed to the program that prints it once. */
#ifndef SL_ERROR_H
#define SL_ERROR_H

#define SL_ERR_TEXT_MAX 1024

/** Error text of control code. Owned by the caller; empty text means no error. */
struct sl_err {
	char text[SL_ERR_TEXT_MAX];
};

/**
 * Sets the error text (truncated to fit) and hands the code on, so that a function can end with
 * `return sl_err(err, EINVAL, "%s:%d: ...", file, line);`.
 *
 * @param err Where the text goes; may be NULL.
 * @param code Positive errno value.
 * @param fmt Complete sentence without a newline: what is wrong and what to write instead.
 * @return -code. Any thread.
 */
int sl_err(struct sl_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** Puts a prefix in front of the text already there, e.g. the file that was being read. */
void sl_err_prefix(struct sl_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
